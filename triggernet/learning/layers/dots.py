"""Quantisation-aware layers of the Minkowski products, from polar and from Cartesian inputs.

Each is one operator of the table, as in `triggernet.learning.layers.blocks`.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn

from triggernet.fixedpoint import FixedPoint, Quantiser
from triggernet.learning.layers.blocks import (
    Attributes,
    OperatorLayer,
    Values,
    pair_tensors,
    type_attributes,
)
from triggernet.learning.layers.quantisers import ActivationQuantiser


def table_codes(values: Values, kind: FixedPoint) -> Tensor:
    """A look-up table's codes, rounded to nearest and saturated, as an int64 tensor."""
    return torch.as_tensor(Quantiser(kind, "ROUND").from_real(values).astype(np.int64))


class PolarTables(nn.Module):
    """Tables of ``cosh x - 1``, ``1 - cos x`` and ``exp -x`` over the grid of the angles.

    Parameters
    ----------
    angle_width : int
        Bits of the signed angles.
    step : float
        Radians (units of pseudorapidity) a code.
    table, exp : FixedPoint
        Unsigned types of the words.
    """

    def __init__(self, angle_width: int, step: float, table: FixedPoint, exp: FixedPoint) -> None:
        super().__init__()
        self.table, self.exp, self.middle = table, exp, 1 << (angle_width - 1)
        distance = np.arange(1 << angle_width) * step
        position = (np.arange(1 << angle_width) - self.middle) * step
        self.register_buffer("cosh", table_codes(np.cosh(distance) - 1, table), persistent=False)
        self.register_buffer("cos", table_codes(1 - np.cos(distance), table), persistent=False)
        self.register_buffer("decay", table_codes(np.exp(-position), exp), persistent=False)
        self.cosh: Tensor
        self.cos: Tensor
        self.decay: Tensor

    def angles(self, eta: Tensor, phi: Tensor) -> tuple[Tensor, Tensor]:
        """``cosh eta - 1`` and ``1 - cos phi`` of integer differences, in the dtype of `eta`."""
        cosh = self.cosh[eta.abs().long()].to(eta.dtype) * self.table.lsb
        cos = self.cos[phi.abs().long()].to(eta.dtype) * self.table.lsb
        return cosh, cos

    def exponential(self, eta: Tensor) -> Tensor:
        """``exp -eta`` of integer positions, the most positive code standing for one more."""
        index = eta.long().clamp(max=self.middle - 1) + self.middle
        return self.decay[index].to(eta.dtype) * self.exp.lsb

    def attributes(self, beams: bool) -> Attributes:
        """Codes and types; `exp_table` only where beams need it."""
        found: Attributes = {
            "eta_table": tuple(self.cosh.tolist()),
            "phi_table": tuple(self.cos.tolist()),
            **type_attributes("table_", self.table),
        }
        if beams:
            found |= {"exp_table": tuple(self.decay.tolist()), **type_attributes("exp_", self.exp)}
        return found


class JetDotPolar(OperatorLayer):
    """The products p_i . J for constituents and spurions, (B, M, 1)."""

    op = "JetDotPolar"

    def __init__(
        self,
        tables: PolarTables,
        spurions: tuple[bool, bool],
        inner: ActivationQuantiser,
        out: ActivationQuantiser,
    ) -> None:
        super().__init__(out)
        self.tables, self.inner = tables, inner
        self.jet, self.beams = spurions

    def constituents(self, pt: Tensor, eta: Tensor, phi: Tensor, jet: Sequence[Tensor]) -> Tensor:
        """The products p_i . J of the constituents, (B, N), before the output's quantiser."""
        jet_pt, excess = jet
        cosh, cos = self.tables.angles(eta, phi)
        inner: Tensor = self.inner(jet_pt * (cosh + cos) + excess * (cosh + 1))
        return pt * inner

    def _compute(self, *tensors: Tensor) -> Tensor:
        pt, eta, phi, jet_pt, excess = tensors
        parts = [self.constituents(pt, eta, phi, (jet_pt, excess))]
        parts += [excess * (2 * jet_pt + excess)] if self.jet else []
        parts += [jet_pt + excess] * 2 if self.beams else []
        return torch.cat(parts, dim=1)[:, :, None]

    def _attributes(self) -> Attributes:
        return {
            "jet": int(self.jet),
            "beams": int(self.beams),
            **self.tables.attributes(beams=False),
            **type_attributes("inner_", self.inner.kind),
        }


class PairDotPolar(OperatorLayer):
    """The products p_i . p_j of all pairs of constituents and spurions, (B, P)."""

    op = "PairDotPolar"

    def __init__(
        self, tables: PolarTables, product: ActivationQuantiser, to_jet: JetDotPolar,
        out: ActivationQuantiser,
    ) -> None:  # fmt: skip
        super().__init__(out)
        self.tables, self.product, self.to_jet = tables, product, to_jet

    def _compute(self, *tensors: Tensor) -> Tensor:
        pt, eta, phi, *jet = tensors
        i, j = pair_tensors(pt.shape[1], pt.device)
        cosh, cos = self.tables.angles(eta[:, i] - eta[:, j], phi[:, i] - phi[:, j])
        parts = [self.product(pt[:, i] * pt[:, j]) * (cosh + cos)]
        energy = [jet[0] + jet[1]] if self.to_jet.jet else []
        parts += [self.to_jet.constituents(pt, eta, phi, jet)] if self.to_jet.jet else []
        if self.to_jet.beams:
            for sign in (1, -1):
                parts += [pt * self.tables.exponential(sign * eta), *energy]
            parts.append(torch.full_like(pt[:, :1], 2.0))
        return torch.cat(parts, dim=1)

    def _attributes(self) -> Attributes:
        jet, beams = self.to_jet.jet, self.to_jet.beams
        inner = type_attributes("inner_", self.to_jet.inner.kind) if jet else {}
        return {
            "jet": int(jet),
            "beams": int(beams),
            **self.tables.attributes(beams),
            **type_attributes("product_", self.product.kind),
            **inner,
        }


class JetMassPolar(OperatorLayer):
    """The squared mass J . J, (B, 1)."""

    op = "JetMassPolar"

    def _compute(self, *tensors: Tensor) -> Tensor:
        jet_pt, excess = tensors
        return excess * (2 * jet_pt + excess)


class PairDotCartesian(OperatorLayer):
    """The products p_i . p_j of all pairs of constituents and spurions, (B, P)."""

    op = "PairDotCartesian"

    def __init__(self, spurions: tuple[bool, bool], out: ActivationQuantiser) -> None:
        super().__init__(out)
        self.jet, self.beams = spurions

    def _compute(self, *tensors: Tensor) -> Tensor:
        p = torch.stack(tensors[:4])
        if self.jet:
            p = torch.cat([p, torch.stack(tensors[4:])], dim=2)
        i, j = pair_tensors(p.shape[2], p.device)
        parts = [minkowski(p[:, :, i], p[:, :, j])]
        if self.beams:
            parts += [p[0] - p[3], p[0] + p[3], torch.full_like(p[0, :, :1], 2.0)]
        return torch.cat(parts, dim=1)

    def _attributes(self) -> Attributes:
        return {"jet": int(self.jet), "beams": int(self.beams)}


class JetDotCartesian(PairDotCartesian):
    """The products p_i . J for constituents and spurions, (B, M, 1)."""

    op = "JetDotCartesian"

    def _compute(self, *tensors: Tensor) -> Tensor:
        p, jet = torch.stack(tensors[:4]), torch.stack(tensors[4:])
        parts = [minkowski(p, jet)]
        parts += [minkowski(jet, jet)] if self.jet else []
        parts += [jet[0] - jet[3], jet[0] + jet[3]] if self.beams else []
        return torch.cat(parts, dim=1)[:, :, None]


class JetMassCartesian(OperatorLayer):
    """The squared mass J . J, (B, 1)."""

    op = "JetMassCartesian"

    def _compute(self, *tensors: Tensor) -> Tensor:
        jet = torch.stack(tensors)
        return minkowski(jet, jet)


def minkowski(p: Tensor, q: Tensor) -> Tensor:
    """Product p . q of components along the first axis, metric (+,-,-,-)."""
    return p[0] * q[0] - p[1] * q[1] - p[2] * q[2] - p[3] * q[3]
