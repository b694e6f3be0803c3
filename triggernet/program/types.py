"""The fixed-point program: typed tensors, nodes in execution order, and their JSON form."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated

from triggernet.documents import parse_json
from triggernet.errors import ProgramError
from triggernet.program.names import check_distinct, check_name
from triggernet.program.operators.node import Node, Tensor
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

    Raises
    ------
    ProgramError
        If a name is not one that every emitter can write (`triggernet.program.names`).
    """

    name: str
    tensors: Mapping[str, Tensor]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    nodes: tuple[Node, ...]

    def __post_init__(self) -> None:
        _check_tensors(self.name, (*self.tensors, *self.inputs, *self.outputs))
        check_distinct("tensor", self.tensors)
        check_nodes(self.nodes)

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
        return as_type(_ProgramText, content, named, error=ProgramError).program


def _check_tensors(program: str, tensors: Iterable[str]) -> None:
    check_name("program", program)
    for tensor in tensors:
        check_name("tensor", tensor)


def check_nodes(nodes: Sequence[Node]) -> None:
    """Refuse nodes whose names, operators, tensors or attributes are not legal names.

    Raises
    ------
    ProgramError
    """
    for node in nodes:
        check_name("node", node.name)
        check_name(f"operator of node '{node.name}'", node.op)
        for tensor in (*node.inputs, node.output):
            check_name(f"tensor of node '{node.name}'", tensor)
        for key in node.attributes:
            check_name(f"attribute of node '{node.name}'", key)
    check_distinct("node", [node.name for node in nodes])


@dataclass(frozen=True)
class _ProgramText:
    """The schema of a program's JSON text."""

    name: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    tensors: Annotated[tuple[Tensor, ...], Within(1, 2 * MOST_NODES)]
    nodes: Annotated[tuple[Node, ...], Within(1, MOST_NODES)]
    format_version: int = FORMAT_VERSION

    def __post_init__(self) -> None:
        _check_tensors(self.name, (*(t.name for t in self.tensors), *self.inputs, *self.outputs))
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
