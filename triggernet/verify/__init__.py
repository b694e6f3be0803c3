"""Verification: every executor of a project on the same vectors, compared to the last bit."""

from triggernet.verify.agreement import Agreement, ExecutorResult, Mismatch
from triggernet.verify.cosim import CoSimulation, cosim
from triggernet.verify.stimuli import Stimuli, make_stimuli
from triggernet.verify.verify import verify

__all__ = [
    "Agreement",
    "CoSimulation",
    "ExecutorResult",
    "Mismatch",
    "Stimuli",
    "cosim",
    "make_stimuli",
    "verify",
]
