"""The vectors that a verification runs: real jets, random ones, and the corners.

Which share of the vectors is of which kind is stated in `SHARES`; the few vectors of `corners` come
on top of it, out of the share of random ones. Equal seeds give equal vectors.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from triggernet.deployment.verify.ties import search_ties
from triggernet.errors import UsageError
from triggernet.fixedpoint import Codes
from triggernet.program import Program
from triggernet.program.operators.node import Tensor

Inputs = dict[str, Codes]

# Of all vectors. What real jets do not fill (there are fewer of them) goes to "real, varied".
SHARES: Mapping[str, float] = MappingProxyType(
    {
        "real": 0.30,
        "real, varied": 0.15,
        "random, full range": 0.15,
        "random, all sizes": 0.15,
        "collimated": 0.10,
        "extremes": 0.05,
        "round numbers": 0.05,
        "ties": 0.05,
    }
)
MOST_COMBINATIONS = 4096  # of inputs at either end of their range


@dataclass(frozen=True)
class Stimuli:
    """Input codes of a program.

    Attributes
    ----------
    inputs : mapping of str to codes (n, *shape)
    kinds : list of str
        The sort of each vector.
    """

    inputs: Mapping[str, Codes]
    kinds: list[str]

    def __len__(self) -> int:
        return len(self.kinds)

    def counts(self) -> dict[str, int]:
        """How many vectors there are of each kind."""
        return {kind: self.kinds.count(kind) for kind in dict.fromkeys(self.kinds)}

    def select(self, index: NDArray[np.int64] | slice) -> Inputs:
        """The input codes of some vectors."""
        return {name: codes[index] for name, codes in self.inputs.items()}


def make_stimuli(program: Program, n_vectors: int, seed: int, real: Inputs | None) -> Stimuli:
    """Vectors for a program.

    Parameters
    ----------
    program : Program
    n_vectors : int
        How many, at least 1.
    seed : int
    real : mapping of str to codes (n, *shape), optional
        Encoded real jets.

    Raises
    ------
    UsageError
        If `n_vectors` is below 1.
    """
    if not isinstance(n_vectors, int):
        raise UsageError(f"the number of vectors is an int; got {n_vectors!r}")
    if n_vectors < 1:
        raise UsageError(f"{n_vectors} vectors prove nothing; ask for at least 1")
    make = _Maker(program, np.random.default_rng(seed), real)
    sizes = _sizes(n_vectors, make.n_real)
    blocks: list[tuple[str, Inputs]] = []
    corners = corner_cases(program)
    room = min(len(next(iter(corners.values()))), n_vectors - sum(sizes.values()))
    blocks.append(("corners", {name: codes[:room] for name, codes in corners.items()}))
    makers: dict[str, Callable[[int], Inputs]] = {
        "real": make.real,
        "real, varied": make.varied,
        "random, full range": make.full_range,
        "random, all sizes": make.all_sizes,
        "collimated": make.collimated,
        "extremes": make.extremes,
        "round numbers": make.round_numbers,
        "ties": lambda n: search_ties(program, make.candidates, n),
    }
    blocks += [(kind, makers[kind](size)) for kind, size in sizes.items() if size]
    missing = n_vectors - sum(len(next(iter(block.values()))) for _, block in blocks)
    blocks.append(("random, full range", make.full_range(missing)))
    kinds = [kind for kind, block in blocks for _ in next(iter(block.values()))]
    joined = {name: np.concatenate([block[name] for _, block in blocks]) for name in program.inputs}
    return Stimuli(joined, kinds)


def _sizes(n_vectors: int, n_real: int) -> dict[str, int]:
    """Vectors of each kind; those left over are for the corners."""
    sizes = {kind: int(share * n_vectors) for kind, share in SHARES.items()}
    if sizes["real"] > n_real:
        sizes["real, varied"] += sizes["real"] - n_real if n_real else 0
        sizes["real"] = n_real
    if not n_real:
        sizes["real, varied"] = 0
    corners = 1 + n_vectors // 20
    sizes["random, full range"] = max(0, sizes["random, full range"] - corners)
    return sizes


def corner_cases(program: Program) -> Inputs:
    """All zero; one constituent, in every place; all inputs at the ends of their ranges.

    Every combination of ends is there, for all constituents alike, with all, two and one of them
    present.
    """
    tensors = [program.tensors[name] for name in program.inputs]
    rows: list[list[Codes]] = [[np.zeros(t.shape, dtype=np.int64) for t in tensors]]
    size = tensors[0].size
    ends = [(t.type.min_int, t.type.max_int) for t in tensors]
    combinations = itertools.islice(itertools.product(*ends), MOST_COMBINATIONS)
    for combination in combinations:
        rows += [_kept(tensors, combination, range(n)) for n in dict.fromkeys((size, 2, 1))]
    for place in range(size):
        rows += [_kept(tensors, [value] * len(tensors), [place]) for value in (1, -1, 37)]
        rows.append(_kept(tensors, [t.type.max_int for t in tensors], [place]))
    return {t.name: _limited(t, np.stack([row[k] for row in rows])) for k, t in enumerate(tensors)}


def _kept(tensors: list[Tensor], values: object, places: range | list[int]) -> list[Codes]:
    """One vector: each input at its value in the places given, zero elsewhere."""
    row = []
    for tensor, value in zip(tensors, list(values), strict=True):  # type: ignore[call-overload]
        codes = np.zeros(tensor.shape, dtype=object)
        index = [p for p in places if p < tensor.size] if tensor.size > 1 else [0]
        codes.reshape(-1)[index] = value
        row.append(codes)
    return row


def _limited(tensor: Tensor, codes: Codes) -> Codes:
    """Codes within the tensor's type, int64."""
    return np.clip(codes, tensor.type.min_int, tensor.type.max_int).astype(np.int64)


class _Maker:
    """Makes vectors of each kind."""

    def __init__(self, program: Program, rng: np.random.Generator, real: Inputs | None) -> None:
        self.program, self.rng, self._real = program, rng, real or {}
        self.n_real = len(next(iter(real.values()))) if real else 0

    def _each(self, make: Callable[[Tensor], Codes]) -> Inputs:
        tensors = (self.program.tensors[name] for name in self.program.inputs)
        return {tensor.name: _limited(tensor, make(tensor)) for tensor in tensors}

    def _uniform(self, tensor: Tensor, n: int) -> Codes:
        kind = tensor.type
        return self.rng.integers(kind.min_int, kind.max_int, (n, *tensor.shape), endpoint=True)

    def _padded(self, inputs: Inputs) -> Inputs:
        """Keep a random number of leading constituents of each vector, and sometimes not those."""
        n, size = next(iter(inputs.values())).shape[:2]
        keep = np.arange(size) < self.rng.integers(0, size + 1, (n, 1))
        holes = (self.rng.random((n, 1)) < 0.2) & (self.rng.random((n, size)) < 0.3)
        mask = keep & ~holes
        return {
            name: np.where(mask, codes, 0) if codes.shape[1:] == (size,) else codes
            for name, codes in inputs.items()
        }

    def real(self, n: int) -> Inputs:
        """The first real jets."""
        return {name: codes[:n] for name, codes in self._real.items()}

    def varied(self, n: int) -> Inputs:
        """Real jets with codes moved by up to 3 steps, and shortened."""
        index = self.rng.integers(0, max(self.n_real, 1), n)

        def moved(tensor: Tensor) -> Codes:
            codes = self._real[tensor.name][index]
            return np.where(codes != 0, codes + self.rng.integers(-3, 4, codes.shape), 0)

        return self._padded(self._each(moved))

    def full_range(self, n: int) -> Inputs:
        """Every code of every input, all equally likely; half of the vectors padded."""
        inputs = self._each(lambda tensor: self._uniform(tensor, n))
        padded = self._padded(inputs)
        first = np.arange(n) % 2 == 0
        return {
            name: np.concatenate([inputs[name][first], padded[name][~first]]) for name in inputs
        }

    def all_sizes(self, n: int) -> Inputs:
        """Codes of every number of bits equally often; padded."""

        def shifted(tensor: Tensor) -> Codes:
            bits = self.rng.integers(0, tensor.type.width, (n, *[1] * len(tensor.shape)))
            return self._uniform(tensor, n) >> bits

        return self._padded(self._each(shifted))

    def round_numbers(self, n: int) -> Inputs:
        """Codes with zeros at the end: products of them come to lie on halves and ends."""

        def rounded(tensor: Tensor) -> Codes:
            bits = self.rng.integers(0, tensor.type.width, (n, *[1] * len(tensor.shape)))
            codes = self._uniform(tensor, n) >> self.rng.integers(0, 3, (n, *tensor.shape))
            return (codes >> bits) << bits

        return self._padded(self._each(rounded))

    def extremes(self, n: int) -> Inputs:
        """Each value at an end of its range, next to it, or next to zero."""

        def ends(tensor: Tensor) -> Codes:
            kind = tensor.type
            corners = [kind.min_int, kind.max_int]
            near = [*corners, *corners, kind.min_int + 1, kind.max_int - 1, -1, 0, 1]
            return self.rng.choice(np.array(near), (n, *tensor.shape))

        return self._padded(self._each(ends))

    def collimated(self, n: int) -> Inputs:
        """All constituents at nearly the same place, anywhere, with momenta of all sizes.

        In Cartesian form: all along one direction, massless; angles otherwise.
        """
        names = self.program.inputs
        cartesian = [name for name in names if name.rsplit("_", 1)[-1] in ("px", "py", "pz")]
        direction = self.rng.normal(size=(n, 3))
        direction /= np.linalg.norm(direction, axis=1, keepdims=True)
        share = 2.0 ** -self.rng.uniform(0, 12, (n, self.program.tensors[names[0]].size))

        def narrow(tensor: Tensor) -> Codes:
            columns = share if tensor.shape == share.shape[1:] else np.ones((n, *tensor.shape))
            top = (self._within_momentum(tensor) if cartesian else tensor.type.max_int) * columns
            axis = {"px": 0, "py": 1, "pz": 2}.get(tensor.name.rsplit("_", 1)[-1])
            if axis is not None:
                top = top * direction[:, axis, None]
            elif tensor.type.signed and not cartesian:
                centre = self._uniform(tensor, n)[:, :1]
                return centre + self.rng.integers(-2, 3, (n, *tensor.shape))
            return np.rint(top).astype(np.int64) + self.rng.integers(-1, 2, top.shape)

        return self._padded(self._each(narrow))

    def _within_momentum(self, tensor: Tensor) -> float:
        """The largest code of one component whose value all components of its momentum reach."""
        of_same = tensor.name.rpartition("_")[0]
        kinds = (
            self.program.tensors[name].type
            for name in self.program.inputs
            if name.rpartition("_")[0] == of_same
        )
        return min(kind.max_int * kind.lsb for kind in kinds) / tensor.type.lsb

    def candidates(self, n: int) -> Inputs:
        """Vectors among which ties are looked for."""
        parts = [self.round_numbers(n // 2), self.all_sizes(n // 4), self.full_range(n // 4)]
        return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
