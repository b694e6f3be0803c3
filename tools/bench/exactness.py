"""Exactness over the whole matrix of cases: integers, Brevitas, onnxruntime and HLS C++.

    .venv/bin/python tools/bench/exactness.py            # all 240 cases, most of an hour
    .venv/bin/python tools/bench/exactness.py --every 6  # every sixth

nanoPELICAN with random weights for every number of constituents, number of channels, encoding,
rounding, and without extras, with spurions (jet and beams), or with jet aggregates; folded (reuse
factor 4) in every second case. The vectors are those of `triggernet verify`: real jets, random
ones, corners and ties. One line a case: how many outputs differ, and how many different outputs
there were.
"""

from __future__ import annotations

import argparse
import itertools
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import onnxruntime
import torch

sys.path.insert(0, str(Path(__file__).parents[2] / "tests"))

from random_models import Case, random_model, values_of

from triggernet.deployment.export import export_model
from triggernet.deployment.hls import HlsConfig, simulate, write_project
from triggernet.deployment.verify import make_stimuli
from triggernet.deployment.verify.exactness import FLOAT32_BITS, inexact_tensor
from triggernet.deployment.verify.jets import encoded_jets
from triggernet.program import evaluate
from triggernet.program.readers.qonnx import read_program

EXTRAS = (
    {},
    {"jet": True, "beams": True, "tied": False},
    {"aggregates": "jet"},
)


def cases() -> list[Case]:
    """The matrix of cases."""
    axes = itertools.product(
        (4, 8, 16, 20, 32), (1, 2, 3, 10), ("polar", "cartesian"), ("FLOOR", "ROUND"), EXTRAS
    )
    return [Case(n, c, kind, rounding, **extra) for n, c, kind, rounding, extra in axes]


def mismatches(
    case: Case, reuse_factor: int, n_vectors: int, folder: Path
) -> tuple[dict[str, int], int]:
    """Outputs that differ from the exact integers, by executor; number of different outputs."""
    seed = case.n + case.channels
    model, _ = random_model(case, seed=seed)
    file = export_model(model, "nanopelican", {})
    program = read_program(file)
    assert inexact_tensor(program, FLOAT32_BITS) is None
    inputs = make_stimuli(program, n_vectors, seed, encoded_jets(program, None)[0]).inputs
    (output,) = program.outputs
    exact = evaluate(program, inputs)[output]
    step = program.tensors[output].type.lsb
    values = values_of(model, inputs)
    with torch.no_grad():
        brevitas = model.outputs(values).numpy() / step
    session = onnxruntime.InferenceSession(file.SerializeToString())
    (floats,) = session.run(None, {k: v.numpy().astype(np.float32) for k, v in values.items()})
    path = folder / "model.onnx"
    path.write_bytes(file.SerializeToString())
    write_project(program, path, folder / "project", HlsConfig(reuse_factor=reuse_factor))
    found = {
        "brevitas": brevitas,
        "onnxruntime": floats.astype(np.float64) / step,
        "hls": simulate(folder / "project", inputs)[output],
    }
    return {k: int((v != exact).sum()) for k, v in found.items()}, len(np.unique(exact))


def main() -> int:
    """Run the cases; 1 if anything differs."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--every", type=int, default=1, help="only every so many-th case")
    parser.add_argument("--vectors", type=int, default=2000, help="of each case")
    args = parser.parse_args()
    total = 0
    chosen = cases()[:: args.every]
    for number, case in enumerate(chosen):
        started = time.monotonic()
        with tempfile.TemporaryDirectory() as temporary:
            found, different = mismatches(case, 1 + 3 * (number % 2), args.vectors, Path(temporary))
        total += sum(found.values())
        seconds = time.monotonic() - started
        print(case, found, f"{different} different outputs, {seconds:.1f} s", flush=True)
    print(f"{len(chosen)} cases of {args.vectors} vectors, {total} mismatches")
    return int(total > 0)


if __name__ == "__main__":
    sys.exit(main())
