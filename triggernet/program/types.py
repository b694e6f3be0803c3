"""The fixed-point program: typed tensors, nodes in execution order, and their JSON form."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from triggernet.errors import ProgramError
from triggernet.fixedpoint import FixedPoint, Overflow, Quantiser, Rounding

Attribute = int | str | tuple[int, ...]


@dataclass(frozen=True)
class Tensor:
    """A tensor of one jet: its shape (no batch axis), its exact type and the codes it can take.

    Attributes
    ----------
    name : str
    shape : tuple of int
    type : FixedPoint
    lo, hi : int
        Bounds of its codes, inferred from the quantisers and the constants; never wider than `type`.
    """

    name: str
    shape: tuple[int, ...]
    type: FixedPoint
    lo: int
    hi: int

    @property
    def size(self) -> int:
        """Number of values."""
        size = 1
        for length in self.shape:
            size *= length
        return size


@dataclass(frozen=True)
class Node:
    """One operation: `op` is the ONNX operator type, `output` the one tensor it writes.

    Its attributes are those of the operator table (`triggernet/operators/README.md`): integers,
    strings and flat tuples of integers.
    """

    name: str
    op: str
    inputs: tuple[str, ...]
    output: str
    attributes: Mapping[str, Attribute]

    def int(self, key: str) -> int:
        """Attribute `key` as an integer; ProgramError if it is absent or of another kind."""
        return cast("int", self._attribute(key, int))

    def ints(self, key: str) -> tuple[int, ...]:
        """Attribute `key` as a tuple of integers; ProgramError likewise."""
        return cast("tuple[int, ...]", self._attribute(key, tuple))

    def str(self, key: str) -> str:
        """Attribute `key` as a string; ProgramError likewise."""
        return cast("str", self._attribute(key, str))

    def type(self, prefix: str = "", signed: bool | None = None) -> FixedPoint:
        """The type given by `{prefix}width` and `{prefix}integer`.

        `signed` as given, or the attribute `{prefix}signed` if it is None.
        """
        sign = bool(self.int(f"{prefix}signed")) if signed is None else signed
        return FixedPoint(sign, self.int(f"{prefix}width"), self.int(f"{prefix}integer"))

    @property
    def quantiser(self) -> Quantiser:
        """The quantiser that ends the node."""
        return Quantiser(
            self.type(),
            cast("Rounding", self.str("rounding")),
            cast("Overflow", self.str("overflow")),
        )

    def inner(self, prefix: str) -> Quantiser:
        """An inner quantiser: unsigned, saturating, rounding as the node does."""
        return Quantiser(
            self.type(prefix, signed=False), cast("Rounding", self.str("rounding")), "SAT"
        )

    def _attribute(self, key: str, kind: type[Any]) -> Attribute:
        value = self.attributes.get(key)
        if not isinstance(value, kind):
            raise ProgramError(
                f"node '{self.name}' ({self.op}): attribute '{key}' is {value!r}; "
                f"expected {kind.__name__}"
            )
        return cast("Attribute", value)


@dataclass(frozen=True)
class Program:
    """A fixed-point program.

    Attributes
    ----------
    name : str
    tensors : mapping of str to Tensor
        Every tensor by its name.
    inputs : tuple of str
        Names of the tensors read, already on their grids (hardware integers).
    outputs : tuple of str
    nodes : tuple of Node
        In execution order.
    """

    name: str
    tensors: Mapping[str, Tensor]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    nodes: tuple[Node, ...]

    def node(self, output: str) -> Node:
        """The node that writes tensor `output`."""
        for node in self.nodes:
            if node.output == output:
                return node
        raise ProgramError(f"no node of program '{self.name}' writes tensor '{output}'")

    def inputs_of(self, node: Node) -> tuple[Tensor, ...]:
        """The tensors that `node` reads."""
        return tuple(self.tensors[name] for name in node.inputs)

    def to_json(self) -> str:
        """The program as JSON text; `from_json` reads it back to an equal program."""
        return json.dumps(
            {
                "name": self.name,
                "inputs": self.inputs,
                "outputs": self.outputs,
                "tensors": [dataclasses.asdict(t) for t in self.tensors.values()],
                "nodes": [dataclasses.asdict(n) for n in self.nodes],
            },
            indent=1,
        )

    @classmethod
    def from_json(cls, text: str) -> Program:
        """Read the text written by `to_json`.

        Raises
        ------
        ProgramError
            If the text is not a program.
        """
        try:
            data = json.loads(text)
            tensors = [_tensor(t) for t in data["tensors"]]
            return cls(
                data["name"],
                {t.name: t for t in tensors},
                tuple(data["inputs"]),
                tuple(data["outputs"]),
                tuple(_node(n) for n in data["nodes"]),
            )
        except (ValueError, KeyError, TypeError) as error:
            raise ProgramError(f"not a triggernet program in JSON: {error!r}") from error


def _tensor(data: dict[str, Any]) -> Tensor:
    return Tensor(
        data["name"], tuple(data["shape"]), FixedPoint(**data["type"]), data["lo"], data["hi"]
    )


def _node(data: dict[str, Any]) -> Node:
    attributes = {k: tuple(v) if isinstance(v, list) else v for k, v in data["attributes"].items()}
    return Node(data["name"], data["op"], tuple(data["inputs"]), data["output"], attributes)
