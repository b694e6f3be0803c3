"""Verification: every executor of a project on the same vectors, compared to the last bit."""

from typing import TYPE_CHECKING

from triggernet.deployment.verify.agreement import Agreement, ExecutorResult, Mismatch
from triggernet.deployment.verify.cosim import CoSimulation, NetlistCoSimulation, cosim
from triggernet.deployment.verify.float_agreement import FloatAgreement
from triggernet.deployment.verify.stimuli import Stimuli, make_stimuli
from triggernet.deployment.verify.verify import verify
from triggernet.lazy import lazily

if TYPE_CHECKING:
    from triggernet.deployment.verify.floats import verify_float

__all__ = [
    "Agreement",
    "CoSimulation",
    "ExecutorResult",
    "FloatAgreement",
    "Mismatch",
    "NetlistCoSimulation",
    "Stimuli",
    "cosim",
    "make_stimuli",
    "verify",
    "verify_float",
]

__getattr__ = lazily(__name__, {"verify_float": "floats"})
