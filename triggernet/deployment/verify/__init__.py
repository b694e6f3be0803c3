"""Verification: every executor of a project on the same vectors, compared to the last bit."""

from triggernet.deployment.verify.agreement import Agreement, ExecutorResult, Mismatch
from triggernet.deployment.verify.cosim import CoSimulation, cosim
from triggernet.deployment.verify.floats import FloatAgreement, verify_float
from triggernet.deployment.verify.stimuli import Stimuli, make_stimuli
from triggernet.deployment.verify.verify import verify

__all__ = [
    "Agreement",
    "CoSimulation",
    "ExecutorResult",
    "FloatAgreement",
    "Mismatch",
    "Stimuli",
    "cosim",
    "make_stimuli",
    "verify",
    "verify_float",
]
