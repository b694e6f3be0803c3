"""Quantised models with random weights, and inputs that look like jets, for several test files."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from triggernet.data.encoding import EncodingConfig
from triggernet.learning.layers.calibration import cover_ranges
from triggernet.learning.models.nanopelican.config import NanoPelicanQuantisation
from triggernet.learning.models.nanopelican.equivariant import EquivariantWeights
from triggernet.learning.models.nanopelican.quantised import QuantisedNanoPELICAN, Shape, Width


@dataclass(frozen=True)
class Case:
    """One kind of nanoPELICAN."""

    n: int = 8
    channels: int = 2
    kind: str = "polar"
    rounding: str = "FLOOR"
    aggregates: str = "constituents"
    jet: bool = False
    beams: bool = False
    tied: bool = True
    by_count: bool = False

    def __str__(self) -> str:
        flags = [f for f in ("jet", "beams", "tied", "by_count") if getattr(self, f)]
        return "-".join(
            [f"n{self.n}", f"c{self.channels}", self.kind, self.rounding, self.aggregates, *flags]
        )

    @property
    def encoding(self) -> EncodingConfig:
        """Narrow enough that every tensor fits the 24 bits of a float32."""
        jet = self.jet or self.aggregates == "jet"
        return EncodingConfig(
            kind=self.kind,  # type: ignore[arg-type]
            n_constituents=self.n,
            jet=jet,
            pt_width=12,
            jet_pt_width=12,
            jet_excess_width=12,
            momentum_width=14,
            momentum_lsb_gev=0.25,
        )


def random_weights(case: Case, rng: np.random.Generator) -> EquivariantWeights:
    """Weights of the sizes that training finds."""
    shape = (case.n + 1 if case.by_count else 1, case.channels)

    def draw(size: float) -> Any:
        return rng.normal(size=shape) * size

    rows = [draw(0.02), draw(1e-3), draw(30.0)]
    columns = rows if case.tied else [draw(0.02), draw(1e-3), draw(30.0)]
    diagonal = [draw(0.02), draw(1e-3), draw(30.0)]
    signs = rng.choice([-1, 1, 1, 0], case.channels)
    bias = rng.normal(size=shape[0])
    return EquivariantWeights(signs, *rows, *columns, *diagonal, draw(1e-4), draw(1e-3), bias)


def random_inputs(case: Case, n_jets: int, rng: np.random.Generator) -> dict[str, Any]:
    """Codes that look like jets: falling pt, from one constituent to all."""
    sizes = {"pt": 100.0, "eta": 60.0, "phi": 60.0, "jet_pt": 600.0, "jet_excess": 20.0}
    count = rng.integers(1, case.n + 1, n_jets)
    inputs = {}
    for name, kind in case.encoding.types.items():
        length = 1 if name.startswith("jet_") else case.n
        values = rng.normal(size=(n_jets, length)) * sizes.get(name, 300.0)
        codes = np.rint(np.abs(values) if not kind.signed else values) / kind.lsb
        if name in ("pt", "e"):
            codes = -np.sort(-codes, axis=1)
        codes = np.clip(np.rint(codes), kind.min_int, kind.max_int).astype(np.int64)
        if length == case.n:
            codes[np.arange(case.n) >= count[:, None]] = 0
        inputs[name] = codes
    return inputs


def random_model(
    case: Case, seed: int = 0, **quantisation: Width
) -> tuple[QuantisedNanoPELICAN, dict[str, Any]]:
    """A model in float64 whose ranges are covered, and 400 jets' input codes."""
    rng = np.random.default_rng(seed)
    lengths = {
        name: (1 if name.startswith("jet_") else case.n, kind)
        for name, kind in case.encoding.types.items()
    }
    shape = Shape(
        lengths,
        case.kind,  # type: ignore[arg-type]
        case.aggregates,  # type: ignore[arg-type]
        case.jet,
        case.beams,
        case.channels,
        case.tied,
        case.n + 1 if case.by_count else 1,
    )
    config = NanoPelicanQuantisation(rounding=case.rounding, **quantisation)  # type: ignore[arg-type]
    model = QuantisedNanoPELICAN(shape, config).double().eval()
    model.set_weights(random_weights(case, rng))
    inputs = random_inputs(case, 400, rng)
    cover_ranges(model, values_of(model, inputs, slice(0, 100)))
    return model, inputs


def values_of(
    model: QuantisedNanoPELICAN, inputs: dict[str, Any], part: slice = slice(None)
) -> dict[str, torch.Tensor]:
    """Real values of input codes, float64."""
    return {
        name: torch.as_tensor(kind.decode(inputs[name][part]))
        for name, (_, kind) in model.input_types.items()
    }
