"""The outputs of a foreign model as ports, and the finished program."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

from triggernet.errors import UnsupportedError
from triggernet.fixedpoint import FixedPoint
from triggernet.program import Program, build_program
from triggernet.program.operators.node import MOST_AXES, Attribute, Node, quantiser_attributes
from triggernet.program.readers.foreign.lowering import Target, quantised
from triggernet.program.readers.foreign.network import Network
from triggernet.program.readers.foreign.steps import Levels
from triggernet.program.readers.foreign.sums import on_one_grid, settled
from triggernet.program.readers.foreign.values import (
    Affine,
    Value,
    filled,
)

WIDEST_OUTPUT = 32  # bits of an output that no quantiser has made


@dataclass(frozen=True)
class Port:
    """An input or output of a foreign model.

    Attributes
    ----------
    graph_name : str
        In the file.
    name : str
        In the program.
    tensor : str
        The tensor of the file that the port carries: an output's own, or that in front of a final
        softmax that was left out.
    shape : tuple of int
        Of one event.
    scale : tuple of Fraction
        What the program's values are multiplied with to give those of the file, one for each.
    """

    graph_name: str
    name: str
    tensor: str
    shape: tuple[int, ...]
    scale: tuple[Fraction, ...]

    @property
    def one_scale(self) -> Fraction | None:
        """The scale, if it is the same for all values."""
        return self.scale[0] if len(set(self.scale)) == 1 else None


Output = tuple[str, str, str, Value | None, FixedPoint | None]


def finished(
    net: Network, name: str, outputs: Iterable[Output]
) -> tuple[Program, tuple[Port, ...]]:
    """The program of all nodes that the outputs need, and what its outputs stand for.

    Raises
    ------
    UnsupportedError
        If an output is not quantised.
    """
    ports, renamed = [], {}
    for graph_name, port, tensor, given, kind in outputs:
        if not isinstance(given, Affine):
            raise UnsupportedError(
                f"output '{graph_name}' does not depend on the inputs; remove it from the model"
            )
        net.where = graph_name
        try:
            value = _on_grid(net, given, kind)
            shape = value.shape[1:] or (1,)
            if len(shape) > MOST_AXES:
                raise UnsupportedError(f"it has {len(shape)} axes; {MOST_AXES} at most")
            written = net.gather(value.index.reshape(shape), shape)
        except UnsupportedError as error:
            raise UnsupportedError(f"output '{graph_name}': {error}") from error
        if written in renamed:
            written = _copy(net, written)
        renamed[written] = port
        ports.append(Port(graph_name, port, tensor, shape, tuple(value.scale)))
    return _program(net, name, renamed), tuple(ports)


def _on_grid(net: Network, value: Affine, kind: FixedPoint | None) -> Affine:
    """An output as atoms without offsets."""
    if kind is not None:
        unit = filled(value.size, Fraction(2) ** -kind.fraction)
        return quantised(net, value, Target(Levels(kind.min_int, kind.max_int), unit))
    if value.functions:
        names = ", ".join(f.name for f in value.functions)
        raise UnsupportedError(f"it is the result of {names}, which is not quantised; {_ADVICE}")
    value = settled(net, value)
    if value.plain and (not value.has_offset):
        return value
    try:
        return on_one_grid(net, value, WIDEST_OUTPUT)
    except UnsupportedError as error:
        raise UnsupportedError(f"it is not quantised, and {error}; {_ADVICE}") from error


_ADVICE = (
    "end the model with a quantiser (in Brevitas: give the last layer an output_quant), or state a "
    "type with --output-type NAME=fixed<W,I>"
)


def _copy(net: Network, tensor: str) -> str:
    """The same tensor once more, for a second port."""
    original = net.tensors[tensor]
    name = net.fresh(f"{tensor}_copy")
    attributes: dict[str, Attribute] = {
        "index": tuple(range(original.size)),
        "shape": original.shape,
    }
    ends = quantiser_attributes(original.type, "FLOOR")
    return net.add(Node(name, "Wire", (tensor,), name, {**attributes, **ends}))


def _program(net: Network, name: str, renamed: dict[str, str]) -> Program:
    needed, kept = set(renamed), []
    for node in reversed(net.nodes):
        if node.output in needed:
            needed.update(node.inputs)
            kept.append(node)
    names = dict(renamed)
    taken = {i.name.lower() for i in net.inputs} | {n.lower() for n in renamed.values()}
    for node in net.nodes:  # what lies inside must not be called like a port
        if node.output not in names and node.output.lower() in taken:
            names[node.output] = net.fresh(f"{node.output}_inner")
    nodes = [
        dataclasses.replace(
            node,
            inputs=tuple(names.get(n, n) for n in node.inputs),
            output=names.get(node.output, node.output),
        )
        for node in reversed(kept)
    ]
    return build_program(name, net.inputs, nodes, list(renamed.values()))
