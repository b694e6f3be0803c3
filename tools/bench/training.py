"""Training speed: the compiled kernel next to a straightforward six-basis implementation.

    python tools/bench/training.py [--jets 2000]

Loss and gradient of a C=2 nanoPELICAN for every jet, on one core and the same mock jets in one
run; each implementation in a process of its own, so that its peak memory can be told. The
straightforward one builds the six N x N bases in PyTorch (float32), as published code does, in
batches of 512.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

N_CHANNELS = 2
BATCH = 512
N_BAR = 49
WARM_UP = 8  # jets

Data = tuple[np.ndarray, np.ndarray, np.ndarray]


def sample(n_constituents: int, n_jets: int) -> Data:
    """Momenta (n, N, 4) with 20 to 80 constituents present (mean 45), jets and labels."""
    from triggernet.data import mock_jets

    jets = mock_jets(n_jets, 1)
    momenta = np.concatenate([jets.constituents, jets.constituents * 0.1], axis=1)[:, :80]
    count = np.clip(np.random.default_rng(0).normal(45, 14, n_jets), 20, 80)
    order = np.argsort(-momenta[..., 0], axis=1)
    momenta = np.take_along_axis(momenta, order[..., None], axis=1)
    momenta[np.arange(80) >= count[:, None]] = 0
    momenta = momenta[:, :n_constituents]
    return momenta, momenta.sum(1), jets.label.astype(np.float64)


def kernel(data: Data) -> Callable[[], float]:
    """triggernet's own: packed products and the compiled gradient, all jets at once."""
    import torch

    from triggernet.models.nanopelican import NanoPELICAN
    from triggernet.models.nanopelican_config import NanoPelicanConfig
    from triggernet.training.objective import Objective
    from triggernet.training.pair_sample import pack_pairs

    torch.set_num_threads(1)
    torch.manual_seed(0)
    momenta, jet, label = data
    config = NanoPelicanConfig(n_channels=N_CHANNELS)
    packed = pack_pairs(momenta, jet, config)
    objective = Objective(NanoPELICAN(config, momenta.shape[1]), packed)
    x = np.random.default_rng(0).normal(size=objective.size)
    return lambda: objective(x, packed, label)[0]


def six_bases(data: Data) -> Callable[[], float]:
    """The six bases of equation 3 of the paper, stacked and contracted with the weights."""
    import torch

    torch.set_num_threads(1)
    torch.manual_seed(0)
    momenta, _, label = data
    n_jets, n_constituents = momenta.shape[:2]
    p, y = torch.from_numpy(momenta).float(), torch.from_numpy(label).float()
    present = p[..., 0] > 0
    w22 = torch.randn(N_CHANNELS, 6, requires_grad=True)
    bias, diagonal = (torch.randn(N_CHANNELS, requires_grad=True) for _ in range(2))
    w20 = torch.randn(N_CHANNELS, 2, requires_grad=True)
    eye = torch.eye(n_constituents)
    metric = torch.tensor([1.0, -1, -1, -1])

    def batch(index: slice) -> float:
        q, mask = p[index], present[index]
        d = torch.einsum("bia,a,bja->bij", q, metric, q) * (1 - eye) / 10
        r, t = d.sum(2) / N_BAR, d.sum((1, 2)) / N_BAR**2
        ones = torch.ones_like(d)
        bases = [d, eye * r[:, :, None], r[:, :, None] * ones, r[:, None] * ones,
                 t[:, None, None] * ones, t[:, None, None] * eye]  # fmt: skip
        z = torch.einsum("kbij,ck->bijc", torch.stack(bases), w22)
        h = torch.relu(z + bias + eye[..., None] * diagonal)
        h = h * (mask[:, :, None] & mask[:, None])[..., None]
        total, trace = h.sum((1, 2)) / N_BAR**2, torch.einsum("biic->bc", h) / N_BAR
        logits = total @ w20[:, 0] + trace @ w20[:, 1]
        loss = torch.nn.functional.binary_cross_entropy_with_logits(logits, y[index])
        loss.backward()
        return float(loss.detach())

    def run() -> float:
        return sum(batch(slice(k, k + BATCH)) for k in range(0, n_jets, BATCH))

    return run


def measure(name: str, n_constituents: int, n_jets: int) -> dict[str, float]:
    """Jets per second of the best of five passes, and the memory that making and running it adds.

    The jets themselves are not counted: both need them.
    """
    make = {"kernel": kernel, "six bases": six_bases}[name]
    make(sample(n_constituents, WARM_UP))()  # compiles and imports
    data = sample(n_constituents, n_jets)
    gc.collect()
    # Linux: the peak is counted anew from here (proc(5), clear_refs).
    Path("/proc/self/clear_refs").write_text("5")
    before = status_mib("VmRSS")
    run = make(data)
    times = []
    for _ in range(5):
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return {"jets_per_s": n_jets / min(times), "mib": status_mib("VmHWM") - before}


def status_mib(key: str) -> float:
    """A line of /proc/self/status, in MiB."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith(key)).split()[1]) / 1024


def main(words: list[str] | None = None) -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--jets", type=int, default=2000)
    parser.add_argument("--one", nargs=2, help=argparse.SUPPRESS)
    args = parser.parse_args(words)
    if args.one:
        print(json.dumps(measure(args.one[0], int(args.one[1]), args.jets)))
        return
    print(f"{'N':>4} {'implementation':<15} {'jets/s':>10} {'us/jet':>8} {'memory MiB':>11}")
    for n in (20, 80):
        found = {}
        for name in ("kernel", "six bases"):
            command = [sys.executable, __file__, "--jets", str(args.jets), "--one", name, str(n)]
            # freed arrays go back at once, or the peak would not show what is new
            environment = os.environ | {"OMP_NUM_THREADS": "1", "MALLOC_MMAP_THRESHOLD_": "65536"}
            out = subprocess.run(command, check=True, capture_output=True, env=environment).stdout
            found[name] = one = json.loads(out)
            rate = one["jets_per_s"]
            print(f"{n:>4} {name:<15} {rate:>10.0f} {1e6 / rate:>8.2f} {one['mib']:>11.1f}")
        speed = found["kernel"]["jets_per_s"] / found["six bases"]["jets_per_s"]
        memory = found["kernel"]["mib"] / found["six bases"]["mib"]
        print(f"     {speed:.0f} times faster, {memory:.3f} of the memory")


if __name__ == "__main__":
    main()
