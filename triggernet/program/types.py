"""The fixed-point program: typed tensors, nodes in execution order, and their JSON form."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from triggernet.documents import parse_json
from triggernet.errors import ProgramError
from triggernet.operators.node import Node, Tensor
from triggernet.schema import VERSION, Within, as_type, refuse_newer

FORMAT_VERSION = 1  # of the JSON text
MOST_NODES = 1 << 14  # the largest program of the zoo has some 100


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
                VERSION: FORMAT_VERSION,
                "name": self.name,
                "inputs": self.inputs,
                "outputs": self.outputs,
                "tensors": [dataclasses.asdict(t) for t in self.tensors.values()],
                "nodes": [dataclasses.asdict(n) for n in self.nodes],
            },
            indent=1,
        )

    @classmethod
    def from_json(cls, text: str, where: str = "this text") -> Program:
        """Read the text written by `to_json`; `where` is how messages name it.

        Whether the types of the tensors follow from the nodes, `check_program` says.

        Raises
        ------
        ProgramError
            In one line, if the text is not a program, or one of a newer version.
        """
        content = parse_json(text, where, ProgramError)
        refuse_newer(content, FORMAT_VERSION, where, ProgramError)
        named = f"{where}: not a triggernet program in JSON"
        return as_type(_Text, content, named, error=ProgramError).program


@dataclass(frozen=True)
class _Text:
    """The schema of a program's JSON text."""

    name: Annotated[str, Within(0, 200)]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    tensors: Annotated[tuple[Tensor, ...], Within(1, 2 * MOST_NODES)]
    nodes: Annotated[tuple[Node, ...], Within(1, MOST_NODES)]
    format_version: int = FORMAT_VERSION

    def __post_init__(self) -> None:
        written = {tensor.name for tensor in self.tensors}
        if len(written) != len(self.tensors):
            raise ProgramError("tensors: two of them have the same name")
        unknown = [name for name in self.inputs if name not in written]
        if unknown:
            raise ProgramError(f"inputs: there is no tensor {unknown[0]!r}")

    @property
    def program(self) -> Program:
        """The program that the text holds."""
        tensors = {tensor.name: tensor for tensor in self.tensors}
        return Program(self.name, tensors, self.inputs, self.outputs, self.nodes)
