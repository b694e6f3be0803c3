"""The arbiter: evaluation of a program in exact integers."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from triggernet.errors import ProgramError
from triggernet.fixedpoint import Codes, narrow
from triggernet.program.infer import exact_of, operator_of
from triggernet.program.probe import Probe, ProbedNode
from triggernet.program.types import Program

CHUNK = 2048  # jets at a time: bounds the memory of the pair tensors


def evaluate(program: Program, inputs: Mapping[str, Codes]) -> dict[str, Codes]:
    """The program's outputs, exactly.

    Parameters
    ----------
    program : Program
    inputs : mapping of str to integer codes (n, *shape)
        One array for each input of the program.

    Returns
    -------
    dict of str to int64 codes (n, *shape) (Python integers beyond 62 bits)

    Raises
    ------
    ProgramError
        If an input is missing, has another shape, or holds codes outside its type.
    """
    return _run(program, inputs, program.outputs)


def trace(program: Program, inputs: Mapping[str, Codes]) -> dict[str, Codes]:
    """Like `evaluate`, but with every tensor of the program."""
    return _run(program, inputs, tuple(program.tensors))


def observe(program: Program, inputs: Mapping[str, Codes], probe: Probe) -> dict[str, Codes]:
    """Like `trace`, and show `probe` every use of every quantiser; all jets at once."""
    _check(program, inputs)
    return _chunk(program, {name: narrow(inputs[name]) for name in program.inputs}, probe)


def _run(
    program: Program, inputs: Mapping[str, Codes], wanted: tuple[str, ...]
) -> dict[str, Codes]:
    n_jets = _check(program, inputs)
    parts: dict[str, list[Codes]] = {name: [] for name in wanted}
    for start in range(0, max(n_jets, 1), CHUNK):
        chunk = {n: narrow(inputs[n][start : start + CHUNK]) for n in program.inputs}
        values = _chunk(program, chunk)
        for name in wanted:
            parts[name].append(values[name])
    return {name: np.concatenate(codes) for name, codes in parts.items()}


def _chunk(
    program: Program, values: dict[str, Codes], probe: Probe | None = None
) -> dict[str, Codes]:
    for plain in program.nodes:
        node = plain if probe is None else ProbedNode.of(plain, probe)
        tensors = program.inputs_of(node)
        arguments = tuple(values[name] for name in node.inputs)
        exact = operator_of(node).evaluate(node, tensors, arguments)
        fraction = exact_of(node, tensors).fraction
        values[node.output] = node.quantiser(exact, fraction)
    return values


def _check(program: Program, inputs: Mapping[str, Codes]) -> int:
    lengths = set()
    for name in program.inputs:
        tensor = program.tensors[name]
        codes = inputs.get(name)
        if codes is None or codes.shape[1:] != tensor.shape:
            wrong = "missing" if codes is None else f"of shape {codes.shape}"
            raise ProgramError(f"input '{name}' is {wrong}; expected (n, *{tensor.shape})")
        if codes.dtype != object and not np.issubdtype(codes.dtype, np.integer):
            raise ProgramError(f"input '{name}' holds {codes.dtype}; expected integer codes")
        if codes.size and not tensor.type.contains(int(codes.min()), int(codes.max())):
            raise ProgramError(
                f"input '{name}' holds codes {codes.min()} to {codes.max()}; "
                f"its type {tensor.type} holds {tensor.type.min_int} to {tensor.type.max_int}"
            )
        lengths.add(len(codes))
    if len(lengths) != 1:
        raise ProgramError(f"inputs of different lengths: {sorted(lengths)}")
    return lengths.pop()
