"""Proof: the Verilog of a project is the meaning of its model file, for every input."""

from typing import TYPE_CHECKING

from triggernet.deployment.prove.proof import NodeProof, Proof
from triggernet.lazy import lazily

if TYPE_CHECKING:
    from triggernet.deployment.prove.run import prove

__all__ = ["NodeProof", "Proof", "prove"]

__getattr__ = lazily(__name__, {"prove": "run"})
