"""Verification: every executor of a project on the same vectors, compared to the last bit."""

from triggernet.deployment.verify.agreement import Agreement, ExecutorResult, Mismatch
from triggernet.deployment.verify.cosim import COSIM, CoSimulation, cosim
from triggernet.deployment.verify.stimuli import Stimuli, make_stimuli
from triggernet.deployment.verify.verify import AGREEMENT, verify

__all__ = [
    "AGREEMENT",
    "COSIM",
    "Agreement",
    "CoSimulation",
    "ExecutorResult",
    "Mismatch",
    "Stimuli",
    "cosim",
    "make_stimuli",
    "verify",
]
