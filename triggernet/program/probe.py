"""Looking at every quantiser while a program is evaluated: what came in, what went out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from triggernet.fixedpoint import Codes, Quantiser, round_shift
from triggernet.program.operators.node import Node


@dataclass(frozen=True)
class ProbedQuantisation:
    """One use of a quantiser on a batch of jets.

    Attributes
    ----------
    node : Node
    prefix : str
        Which quantiser of the node: "" the one that ends it, otherwise as in its attributes.
    quantiser : Quantiser
    exact : codes (n, ...)
        What came in, with `fraction` fractional bits.
    fraction : int
    rounded : codes (n, ...)
        After rounding, before saturation or wrapping.
    """

    node: Node
    prefix: str
    quantiser: Quantiser
    exact: Codes
    fraction: int
    rounded: Codes


Probe = Callable[[ProbedQuantisation], None]


@dataclass(frozen=True)
class ProbedNode(Node):
    """A node whose quantisers, inner ones too, show `probe` what they do."""

    probe: Probe

    @classmethod
    def of(cls, node: Node, probe: Probe) -> ProbedNode:
        """The same node, probed."""
        return cls(node.name, node.op, node.inputs, node.output, node.attributes, probe)

    @property
    def quantiser(self) -> Quantiser:
        """The quantiser that ends the node."""
        return self._probed("", super().quantiser)

    def inner(self, prefix: str) -> Quantiser:
        """An inner quantiser."""
        return self._probed(prefix, super().inner(prefix))

    def _probed(self, prefix: str, plain: Quantiser) -> Quantiser:
        return _ProbedQuantiser(plain.type, plain.rounding, plain.overflow, self, prefix)


@dataclass(frozen=True)
class _ProbedQuantiser(Quantiser):
    node: ProbedNode | None = None
    prefix: str = ""

    def __call__(self, codes: Codes, fraction: int) -> Codes:
        assert self.node is not None
        rounded = round_shift(codes, fraction - self.type.fraction, self.rounding)
        self.node.probe(ProbedQuantisation(self.node, self.prefix, self, codes, fraction, rounded))
        return self._limit(rounded)
