"""Reading a foreign graph node by node."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np
import onnx
from onnx import TensorProto, numpy_helper

from triggernet.errors import ProgramError, UnsupportedError, in_one_line
from triggernet.fixedpoint import FixedPoint
from triggernet.program import Program
from triggernet.program.names import legal_name
from triggernet.program.readers.foreign.context import Context, Handler
from triggernet.program.readers.foreign.layouts import LAYOUTS, MOVED, run
from triggernet.program.readers.foreign.linear import LINEAR
from triggernet.program.readers.foreign.network import Network
from triggernet.program.readers.foreign.outputs import Port, finished
from triggernet.program.readers.foreign.pointwise import POINTWISE
from triggernet.program.readers.foreign.pools import POOLS
from triggernet.program.readers.foreign.quantisers import (
    QUANTISERS,
    InputStatedError,
    Pending,
    narrowed,
)
from triggernet.program.readers.foreign.refusals import refusal
from triggernet.program.readers.foreign.steps import Levels
from triggernet.program.readers.foreign.values import (
    Constant,
    Rationals,
    Value,
    atoms,
    distinct,
    exponent,
    filled,
    is_power_of_two,
)

HANDLERS: Mapping[str, Handler] = {**LAYOUTS, **LINEAR, **POOLS, **POINTWISE, **QUANTISERS}
DROPPED = ("Softmax", "LogSoftmax", "Sigmoid")  # as the last node: they keep the order of scores
RESTARTS = 64
_BROKEN = (
    ArithmeticError, AssertionError, AttributeError, LookupError, MemoryError, NotImplementedError,
    RecursionError, RuntimeError, TypeError, ValueError,
)  # fmt: skip


@dataclass(frozen=True)
class Imported:
    """A foreign model as a program.

    Attributes
    ----------
    program : Program
    inputs, outputs : tuple of Port
        What the integers of the program's inputs and outputs stand for.
    notes : tuple of str
        What a user must know: an operator that was left out.
    """

    program: Program
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    notes: tuple[str, ...] = ()


@dataclass
class _Input:
    """What is known about an input of the graph."""

    name: str  # in the program
    shape: tuple[int, ...]
    levels: Levels | None = None
    unit: Rationals = field(default_factory=lambda: filled(0, Fraction(0)))
    stated: bool = False  # by the user

    @property
    def kind(self) -> tuple[FixedPoint, Rationals]:
        """Its type, and what its values are multiplied with."""
        assert self.levels is not None
        known = [u for u in self.unit if u is not None]
        unit = np.array([*(known[0] if u is None else u for u in self.unit), None], dtype=object)[
            :-1
        ]
        units = distinct(unit)[1]
        single = len(units) == 1 and is_power_of_two(units[0])
        fraction = -exponent(units[0]) if single else 0
        kind = FixedPoint.covering(*self.levels.codes, fraction)
        return kind, filled(len(unit), Fraction(1)) if single else unit


def import_model(
    model: onnx.ModelProto,
    *,
    name: str = "",
    input_types: Mapping[str, FixedPoint] | None = None,
    output_types: Mapping[str, FixedPoint] | None = None,
    port_name: Callable[[str], str] = legal_name,
) -> Imported:
    """Read a QONNX model, whoever wrote it, as a program that computes exactly what it says.

    Parameters
    ----------
    model : onnx.ModelProto
    name : str
        Of the program; that of the graph if empty.
    input_types, output_types : mapping of str to FixedPoint, optional
        Of inputs that no quantiser follows, and of outputs that none precedes.
    port_name : callable (str) -> str
        Makes a name for a port from any text.

    Raises
    ------
    UnsupportedError
        Naming the node that has no exact form, with the way out.
    ProgramError
        If the graph is not consistent.
    """
    reading = _Reading(model, dict(input_types or {}), dict(output_types or {}), port_name)
    return reading.run(legal_name(name or model.graph.name or "model"))


class _Reading:
    """One graph being read."""

    def __init__(
        self,
        model: onnx.ModelProto,
        input_types: dict[str, FixedPoint],
        output_types: dict[str, FixedPoint],
        port_name: Callable[[str], str],
    ) -> None:
        self.graph, self.output_types = model.graph, output_types
        self.opset = {o.domain: o.version for o in model.opset_import}
        self.constants = {i.name: i for i in model.graph.initializer}
        self.notes: list[str] = []
        known = {i.name for i in model.graph.input if i.name not in self.constants}
        unknown = sorted(set(input_types) - known)
        unknown += sorted(set(output_types) - {o.name for o in model.graph.output})
        if unknown:
            outputs = ", ".join(o.name for o in model.graph.output)
            raise ProgramError(
                f"there is no input or output {unknown[0]!r}; inputs are "
                f"{', '.join(sorted(known))}; outputs are {outputs}"
            )
        self.inputs = self._inputs(input_types, port_name)
        taken = {i.name.lower() for i in self.inputs.values()}
        self.outputs = self._outputs(port_name, taken)
        if not self.outputs:
            raise ProgramError("the graph has no outputs")

    def _inputs(
        self, types: Mapping[str, FixedPoint], port_name: Callable[[str], str]
    ) -> dict[str, _Input]:
        named: dict[str, _Input] = {}
        for info in self.graph.input:
            if info.name in self.constants:
                continue
            shape = _shape(info)
            name = _free(port_name(info.name), {i.name.lower() for i in named.values()})
            one = _Input(name, shape)
            if info.name in types:
                kind = types[info.name]
                size = int(np.prod(shape))
                one.levels = Levels(kind.min_int, kind.max_int)
                one.unit = filled(size, Fraction(2) ** -kind.fraction)
                one.stated = True
            named[info.name] = one
        return named

    def _outputs(
        self, port_name: Callable[[str], str], taken: set[str]
    ) -> dict[str, tuple[str, str]]:
        """By output of the graph: the name of its port, and the tensor that is exported for it."""
        writers = {o: node for node in self.graph.node for o in node.output}
        named: dict[str, tuple[str, str]] = {}
        for info in self.graph.output:
            tensor = info.name
            node = writers.get(tensor)
            while node is not None and node.op_type in (*DROPPED, "Identity"):
                if node.op_type in DROPPED:
                    self.notes.append(
                        f"the final {node.op_type} '{node.name}' is left out: the firmware gives "
                        f"its input '{node.input[0]}', in the same order"
                    )
                tensor = node.input[0]
                node = writers.get(tensor)
            name = _free(port_name(info.name), taken)
            taken.add(name.lower())
            named[info.name] = (name, tensor)
        return named

    def run(self, name: str) -> Imported:
        """Read it, and once more for each input whose type comes to light on the way."""
        for _ in range(RESTARTS):
            try:
                return self._read(name)
            except InputStatedError as stated:
                self._state(stated)
        raise UnsupportedError(
            "the inputs are quantised in too many different ways; state their types with "
            "--input-type"
        )

    def _state(self, stated: InputStatedError) -> None:
        one = next(i for i in self.inputs.values() if i.name == stated.name)
        if one.levels is None:
            one.levels = stated.levels
            one.unit = np.array([None] * int(np.prod(one.shape)), dtype=object)
        one.unit[stated.elements] = stated.unit

    def _read(self, name: str) -> Imported:
        net = Network()
        needed = self._needed()
        values: dict[str, Value] = {
            n: Constant(_array(i)) for n, i in self.constants.items() if n in needed
        }
        for graph_name, one in self.inputs.items():
            if graph_name not in needed:
                raise UnsupportedError(
                    f"nothing reads the input '{graph_name}'; remove it from the model"
                )
            values[graph_name] = self._input(net, one)
        for proto in self.graph.node:
            if any(o in needed for o in proto.output):
                self._node(net, proto, values)
        outputs = [
            (graph_name, port, tensor, values.get(tensor), self.output_types.get(graph_name))
            for graph_name, (port, tensor) in self.outputs.items()
        ]
        program, ports = finished(net, name, outputs)
        inputs = tuple(
            Port(graph_name, one.name, graph_name, one.shape, tuple(one.kind[1]))
            for graph_name, one in self.inputs.items()
        )
        return Imported(program, inputs, ports, tuple(dict.fromkeys(self.notes)))

    def _needed(self) -> set[str]:
        """Tensors that the outputs are made of."""
        needed = {tensor for _, tensor in self.outputs.values()}
        for node in reversed(self.graph.node):
            if needed.intersection(node.output):
                needed.update(n for n in node.input if n)
        return needed

    def _input(self, net: Network, one: _Input) -> Value:
        """An input's values: on a grid if the user states one, otherwise to be quantised first."""
        size = int(np.prod(one.shape))
        if one.levels is None:  # any type does: nothing is computed from it
            kind, scale = FixedPoint(True, 8, 8), filled(size, Fraction(1))
        else:
            kind, scale = one.kind
        flat = one.shape if len(one.shape) <= 2 else (size,)
        tensor = net.input(one.name, flat, kind)
        value = atoms(net.first_atom(tensor), one.shape, scale)
        if one.stated:
            return value
        # What the graph reads is not on a grid yet: it has atoms of its own.
        owner = net.ghost(one.name, size)
        if one.levels is not None:
            net.stated[owner] = one.levels, one.unit, value
        return atoms(net.first_atom(owner), one.shape, filled(size, Fraction(1)))

    def _node(
        self,
        net: Network,
        proto: onnx.NodeProto,
        values: dict[str, Value],
    ) -> None:
        net.where = proto.name or proto.output[0]
        inputs = [values.get(n) if n else None for n in proto.input]
        lost = [n for n, v in zip(proto.input, inputs, strict=True) if n and v is None]
        if lost:
            raise ProgramError(f"{_title(proto)} reads '{lost[0]}', which nothing writes")
        try:
            results = self._results(net, proto, inputs)
        except UnsupportedError as error:
            raise UnsupportedError(f"{_title(proto)}: {error}") from error
        except _BROKEN as error:
            text = in_one_line(error) or type(error).__name__
            raise UnsupportedError(
                f"{_title(proto)} cannot be read ({type(error).__name__}: {text}); check the file "
                "with onnx.checker, or write this node in another way"
            ) from error
        values.update(zip(proto.output, results, strict=False))

    def _results(
        self,
        net: Network,
        proto: onnx.NodeProto,
        inputs: list[Value | None],
    ) -> list[Value]:
        opset = self.opset.get(proto.domain, self.opset.get("", 0)) or 1
        ctx = Context(net, proto, inputs, self.opset.get("", opset))
        given = [v for v in inputs if v is not None]
        constant = all(isinstance(v, Constant) for v in given)
        if constant and proto.op_type not in (*QUANTISERS, *MOVED):
            arrays = [v.array if isinstance(v, Constant) else None for v in inputs]
            return [Constant(a) for a in run(proto, opset, arrays)]
        handler = HANDLERS.get(proto.op_type)
        if handler is None:
            raise UnsupportedError(refusal(proto.op_type, HANDLERS))
        self._refuse_codes(ctx)
        if proto.op_type == "Clip" and isinstance(inputs[0], Pending):
            limits = [
                float(ctx.constant(k, "limit").array) if ctx.given(k) else None for k in (1, 2)
            ]
            return [narrowed(inputs[0], *limits)]
        named = handler(ctx)
        return named if isinstance(named, list) else [named]

    @staticmethod
    def _refuse_codes(ctx: Context) -> None:
        if any(isinstance(v, Pending) for v in ctx.values) and ctx.proto.op_type not in (
            "Clip", "DequantizeLinear", "Identity"
        ):  # fmt: skip
            raise UnsupportedError(
                "it reads integer codes of a QuantizeLinear; dequantise them first"
            )


def _title(proto: onnx.NodeProto) -> str:
    return f"node '{in_one_line(proto.name or proto.output[0])}' ({in_one_line(proto.op_type)})"


def _free(name: str, taken: set[str]) -> str:
    number, unique = 1, name
    while unique.lower() in taken:
        number += 1
        unique = f"{name}_{number}"
    return unique


def _shape(info: onnx.ValueInfoProto) -> tuple[int, ...]:
    """The shape of one event, without the batch axis."""
    kind = info.type.tensor_type
    if kind.elem_type not in (TensorProto.FLOAT, TensorProto.DOUBLE):
        named = TensorProto.DataType.Name(kind.elem_type)
        raise UnsupportedError(f"input '{info.name}' holds {named}; floating point is allowed")
    lengths = [d.dim_value if d.HasField("dim_value") else 0 for d in kind.shape.dim]
    if len(lengths) < 2 or min(lengths[1:]) < 1 or len(lengths) > 5:
        shown = [d.dim_value or d.dim_param or "?" for d in kind.shape.dim]
        raise UnsupportedError(
            f"input '{info.name}' has shape {shown}; a batch axis and then 1 to 4 fixed lengths "
            "are allowed: export the model with an example of one event, such as (1, 16)"
        )
    if lengths[0] > 1:
        raise UnsupportedError(
            f"input '{info.name}' has a fixed batch of {lengths[0]} events; export the model with "
            "a batch of 1, or with a free batch axis"
        )
    return tuple(lengths[1:])


def _array(tensor: onnx.TensorProto) -> np.ndarray[tuple[int, ...], np.dtype[np.generic]]:
    try:
        return np.asarray(numpy_helper.to_array(tensor))
    except (ValueError, TypeError) as error:
        raise ProgramError(f"constant '{tensor.name}' is damaged: {in_one_line(error)}") from error
