"""The fixed-point program: typed tensors, nodes in execution order, and their JSON form."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from triggernet.errors import ProgramError, UsageError
from triggernet.fixedpoint import FixedPoint
from triggernet.program.operators.node import Node, Tensor


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
        except (ValueError, KeyError, TypeError, AttributeError, UsageError) as error:
            raise ProgramError(f"not a triggernet program in JSON: {error!r}") from error


def _tensor(data: dict[str, Any]) -> Tensor:
    return Tensor(
        data["name"], tuple(data["shape"]), FixedPoint(**data["type"]), data["lo"], data["hi"]
    )


def _node(data: dict[str, Any]) -> Node:
    attributes = {k: tuple(v) if isinstance(v, list) else v for k, v in data["attributes"].items()}
    return Node(data["name"], data["op"], tuple(data["inputs"]), data["output"], attributes)
