"""Events for the test benches that lie in a project."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from triggernet.data import EncodingConfig, encode, load_jets, sample_path
from triggernet.errors import UsageError
from triggernet.fixedpoint import Codes
from triggernet.program import Program, evaluate

REAL_EVENTS = 192  # reference jets in a project's test bench
RANDOM_EVENTS = 64  # events with every code of every input


@dataclass(frozen=True)
class Vectors:
    """Events for a project's test bench.

    Attributes
    ----------
    inputs : mapping of str to int64 codes (n, *shape)
        For every input of the program.
    outputs : mapping of str to int64 codes (n, *shape)
        What every output of the program must be.
    """

    inputs: Mapping[str, Codes]
    outputs: Mapping[str, Codes]

    @classmethod
    def of(cls, program: Program, inputs: Mapping[str, Codes]) -> Vectors:
        """Those inputs with the outputs that exact integers give."""
        return cls(inputs, evaluate(program, inputs))

    def texts(self, program: Program) -> tuple[str, str]:
        """Inputs and expected outputs as text: one line an event, tensor after tensor.

        Raises
        ------
        UsageError
            If an input or output of the program is missing.
        """
        return (
            _table(program, program.inputs, self.inputs),
            _table(program, program.outputs, self.outputs),
        )


def bench_vectors(program: Program, encoding: EncodingConfig | None) -> Vectors:
    """Reference jets, then random events of the full range; always the same.

    Without an encoding, of programs that do not read jets, all of them are random.
    """
    real, n_random = {}, REAL_EVENTS + RANDOM_EVENTS
    if encoding is not None:
        jets = load_jets(sample_path("toptag_reference"), REAL_EVENTS)
        real, n_random = dict(encode(jets, encoding).inputs), RANDOM_EVENTS
    rng = np.random.default_rng(0)
    inputs = {}
    for name in program.inputs:
        tensor = program.tensors[name]
        limits = tensor.type.min_int, tensor.type.max_int + 1
        random = rng.integers(*limits, (n_random, *tensor.shape))
        inputs[name] = np.concatenate([real[name], random]) if name in real else random
    return Vectors.of(program, inputs)


def joined(program: Program, inputs: Mapping[str, NDArray[np.int64]]) -> NDArray[np.int64]:
    """All inputs side by side, int64 (n, values); UsageError if they do not fit the program."""
    unknown = sorted(set(inputs) ^ set(program.inputs))
    if unknown:
        raise UsageError(
            f"inputs {sorted(inputs)} are not those of program '{program.name}': "
            f"{sorted(program.inputs)}"
        )
    columns = []
    for name in program.inputs:
        tensor, codes = program.tensors[name], np.asarray(inputs[name])
        if codes.shape[1:] != tensor.shape or not np.issubdtype(codes.dtype, np.integer):
            raise UsageError(
                f"input '{name}' is {codes.dtype} {codes.shape}; expected integers of shape "
                f"(n, {', '.join(map(str, tensor.shape))})"
            )
        if codes.size and not tensor.type.contains(int(codes.min()), int(codes.max())):
            raise UsageError(
                f"input '{name}' holds codes from {codes.min()} to {codes.max()}; {tensor.type} "
                f"holds {tensor.type.min_int} to {tensor.type.max_int}"
            )
        columns.append(codes.reshape(len(codes), tensor.size))
    if len({len(c) for c in columns}) != 1:
        raise UsageError(f"the inputs have {[len(c) for c in columns]} events; expected equal ones")
    return np.concatenate(columns, axis=1).astype("<i8")


def _table(program: Program, names: tuple[str, ...], codes: Mapping[str, Codes]) -> str:
    missing = [name for name in names if name not in codes]
    if missing:
        raise UsageError(f"the test vectors lack the tensors {missing} of '{program.name}'")
    columns = [np.asarray(codes[name]).reshape(len(codes[name]), -1) for name in names]
    lines = (" ".join(map(str, row)) for row in np.concatenate(columns, axis=1).tolist())
    return "".join(f"{line}\n" for line in lines)
