"""Exact type inference: from the types of the inputs and the constants to those of every tensor."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from triggernet.errors import ProgramError, UnsupportedError
from triggernet.fixedpoint import FixedPoint
from triggernet.program.names import check_distinct, check_name
from triggernet.program.operators import OPERATORS
from triggernet.program.operators.base import Exact, Operator
from triggernet.program.operators.node import Node, Tensor
from triggernet.program.types import Program, check_nodes


def operator_of(node: Node) -> Operator:
    """The table entry of a node; UnsupportedError if the table has none."""
    if node.op not in OPERATORS:
        raise UnsupportedError(
            f"node '{node.name}': operator {node.op} cannot be lowered exactly; "
            f"supported are {', '.join(sorted(OPERATORS))}"
        )
    return OPERATORS[node.op]


def exact_of(node: Node, inputs: tuple[Tensor, ...]) -> Exact:
    """Shape, grid and bounds of a node's result before its quantiser."""
    operator = operator_of(node)
    if len(inputs) != len(operator.arguments(node)):
        raise ProgramError(
            f"node '{node.name}' ({node.op}) has {len(inputs)} inputs; "
            f"expected {', '.join(operator.arguments(node))}"
        )
    exact = operator.infer(node, inputs)
    if 0 in exact.shape:
        raise ProgramError(
            f"node '{node.name}' ({node.op}) gives no values: its result has shape {exact.shape}; "
            "leave it out"
        )
    return exact


def build_program(
    name: str, inputs: Iterable[Tensor], nodes: Sequence[Node], outputs: Sequence[str]
) -> Program:
    """A program from its inputs and nodes (in execution order), with every type inferred.

    Raises
    ------
    ProgramError
        If a name is not legal or not unique, a node reads a tensor that nothing has written, or
        its inputs do not fit.
    UnsupportedError
        If a node's operator is not in the table.
    """
    given = list(inputs)
    _check_names(name, given, nodes, outputs)
    tensors = {tensor.name: tensor for tensor in given}
    input_names = tuple(tensors)
    for node in nodes:
        missing = [n for n in node.inputs if n not in tensors]
        if missing or node.output in tensors:
            raise ProgramError(
                f"node '{node.name}' ({node.op}) reads {missing or 'only known tensors'} "
                f"and writes '{node.output}'; each tensor must be written once, before it is read"
            )
        exact = exact_of(node, tuple(tensors[n] for n in node.inputs))
        quantiser = node.quantiser
        lo, hi = quantiser.range_of(exact.range.lo, exact.range.hi, exact.fraction)
        tensors[node.output] = Tensor(node.output, exact.shape, quantiser.type, lo, hi)
    unknown = [n for n in outputs if n not in tensors]
    if unknown:
        raise ProgramError(f"program '{name}': nothing writes the outputs {unknown}")
    return Program(name, tensors, input_names, tuple(outputs), tuple(nodes))


def _check_names(
    program: str, inputs: Sequence[Tensor], nodes: Sequence[Node], outputs: Sequence[str]
) -> None:
    """Before anything is inferred, so that every further message can name things as they are."""
    check_name("program", program)
    for tensor in inputs:
        check_name("input", tensor.name)
        if len(tensor.shape) not in (1, 2) or min(tensor.shape) < 1:
            raise ProgramError(
                f"input '{tensor.name}' of program '{program}' has shape {tensor.shape}; allowed "
                "are (values,) and (particles, features)"
            )
    check_nodes(nodes)
    for output in outputs:
        check_name("output", output)
    check_distinct("input", [tensor.name for tensor in inputs])
    check_distinct("output", outputs)
    both = [tensor.name for tensor in inputs if tensor.name in outputs]
    if both or not inputs or not outputs:
        raise ProgramError(
            f"program '{program}' has {len(inputs)} inputs and {len(outputs)} outputs, of which "
            f"{both or 'none'} are both; a program needs inputs, and outputs that nodes write"
        )


def check_program(program: Program) -> None:
    """Refuse a program whose types are not those that its inputs, nodes and constants give.

    Raises
    ------
    ProgramError
        Naming the first tensor that differs.
    """
    inputs = [program.tensors[name] for name in program.inputs]
    inferred = build_program(program.name, inputs, program.nodes, program.outputs)
    for name, tensor in inferred.tensors.items():
        stated = program.tensors.get(name)
        if stated != tensor:
            raise ProgramError(
                f"program '{program.name}': tensor '{name}' is given as {stated}; its node makes "
                f"it {tensor}; read the program from its QONNX file again"
            )
    unknown = sorted(set(program.tensors) - set(inferred.tensors))
    if unknown:
        raise ProgramError(f"program '{program.name}': no node writes the tensors {unknown}")


def input_tensor(name: str, shape: tuple[int, ...], kind: FixedPoint) -> Tensor:
    """An input of the given type that can take every code of it."""
    return Tensor(name, shape, kind, kind.min_int, kind.max_int)
