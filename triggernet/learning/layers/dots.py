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
        distance = np.arange(1 << angle_width) * step  # (2**width,), |difference|
        position = (np.arange(1 << angle_width) - self.middle) * step  # (2**width,), signed
        self.register_buffer("cosh", table_codes(np.cosh(distance) - 1, table), persistent=False)
        self.register_buffer("cos", table_codes(1 - np.cos(distance), table), persistent=False)
        self.register_buffer("decay", table_codes(np.exp(-position), exp), persistent=False)
        self.cosh: Tensor
        self.cos: Tensor
        self.decay: Tensor

    def angles(self, eta: Tensor, phi: Tensor) -> tuple[Tensor, Tensor]:
        """``cosh eta - 1`` and ``1 - cos phi`` of integer differences, in the dtype of `eta`."""
        cosh = self.cosh[eta.abs().long()].to(eta.dtype) * self.table.lsb  # as eta
        cos = self.cos[phi.abs().long()].to(eta.dtype) * self.table.lsb  # as phi
        return cosh, cos

    def exponential(self, eta: Tensor) -> Tensor:
        """``exp -eta`` of integer positions, the most positive code standing for one more."""
        index = eta.long().clamp(max=self.middle - 1) + self.middle  # as eta
        return self.decay[index].to(eta.dtype) * self.exp.lsb

    def attributes(self, beams: bool) -> Attributes:
        """Codes and types; `exp_table` only where beams need it."""
        attributes: Attributes = {
            "eta_table": tuple(self.cosh.tolist()),
            "phi_table": tuple(self.cos.tolist()),
            **type_attributes("table_", self.table),
        }
        if beams:
            attributes |= {
                "exp_table": tuple(self.decay.tolist()),
                **type_attributes("exp_", self.exp),
            }
        return attributes


class PairAngle(OperatorLayer):
    """The squared distance in the plane of eta and phi of all pairs, (B, P).

    Parameters
    ----------
    angle_width : int
        Bits of the signed angles.
    step : float
        Their codes' step, in units of the result's square root.
    table : FixedPoint
        Unsigned type of the words of both tables.
    out : ActivationQuantiser
    """

    op = "PairAngle"

    def __init__(
        self, angle_width: int, step: float, table: FixedPoint, out: ActivationQuantiser
    ) -> None:
        super().__init__(out)
        self.table = table
        codes = np.arange(1 << angle_width, dtype=np.float64)
        squares = (codes * step) ** 2  # (2**width,)
        self.register_buffer("squares", table_codes(squares, table), persistent=False)
        self.squares: Tensor

    def _compute(self, *tensors: Tensor) -> Tensor:
        eta, phi = tensors  # (B, M) each
        i, j = pair_tensors(eta.shape[1], eta.device)  # (P,) each
        along = ((x[:, i] - x[:, j]).abs().long() for x in (eta, phi))  # (B, P) each
        first, second = (self.squares[x].to(eta.dtype) * self.table.lsb for x in along)
        return first + second

    def _attributes(self) -> Attributes:
        words = tuple(self.squares.tolist())
        return {"eta_table": words, "phi_table": words, **type_attributes("table_", self.table)}


class PairAngularFactor(OperatorLayer):
    """``cosh(eta_i - eta_j) - cos(phi_i - phi_j)`` of all pairs, (B, P): d_ij without momenta."""

    op = "PairAngle"

    def __init__(self, tables: PolarTables, out: ActivationQuantiser) -> None:
        super().__init__(out)
        self.tables = tables

    def _compute(self, *tensors: Tensor) -> Tensor:
        eta, phi = tensors  # (B, M) each
        i, j = pair_tensors(eta.shape[1], eta.device)  # (P,) each
        # (B, P) each
        cosh, cos = self.tables.angles(eta[:, i] - eta[:, j], phi[:, i] - phi[:, j])
        return cosh + cos

    def _attributes(self) -> Attributes:
        return self.tables.attributes(beams=False)


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
        jet_pt, excess = jet  # (B, 1) each
        cosh, cos = self.tables.angles(eta, phi)  # (B, N) each
        inner: Tensor = self.inner(jet_pt * (cosh + cos) + excess * (cosh + 1))  # (B, N)
        return pt * inner

    def _compute(self, *tensors: Tensor) -> Tensor:
        pt, eta, phi, jet_pt, excess = tensors  # (B, N) three times, (B, 1) twice
        parts = [self.constituents(pt, eta, phi, (jet_pt, excess))]  # p_i . J, (B, N)
        parts += [excess * (2 * jet_pt + excess)] if self.jet else []  # J . J, (B, 1)
        parts += [jet_pt + excess] * 2 if self.beams else []  # b . J of both beams, (B, 1) each
        return torch.cat(parts, dim=1)[:, :, None]  # (B, M, 1)

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
        pt, eta, phi, *jet = tensors  # (B, N) three times; of the jet (B, 1) each
        i, j = pair_tensors(pt.shape[1], pt.device)  # the pairs of constituents, (N (N - 1) / 2,)
        # (B, N (N - 1) / 2)
        cosh, cos = self.tables.angles(eta[:, i] - eta[:, j], phi[:, i] - phi[:, j])
        parts = [self.product(pt[:, i] * pt[:, j]) * (cosh + cos)]  # (B, N (N - 1) / 2)
        energy = [jet[0] + jet[1]] if self.to_jet.jet else []  # b . J, (B, 1)
        parts += [self.to_jet.constituents(pt, eta, phi, jet)] if self.to_jet.jet else []  # (B, N)
        if self.to_jet.beams:
            for sign in (1, -1):
                parts += [pt * self.tables.exponential(sign * eta), *energy]  # p_i . b, (B, N)
            parts.append(torch.full_like(pt[:, :1], 2.0))  # b . b' of the two beams, (B, 1)
        return torch.cat(parts, dim=1)  # (B, P)

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
        jet_pt, excess = tensors  # (B, 1) each
        return excess * (2 * jet_pt + excess)


class PairDotCartesian(OperatorLayer):
    """The products p_i . p_j of all pairs of constituents and spurions, (B, P)."""

    op = "PairDotCartesian"

    def __init__(self, spurions: tuple[bool, bool], out: ActivationQuantiser) -> None:
        super().__init__(out)
        self.jet, self.beams = spurions

    def _compute(self, *tensors: Tensor) -> Tensor:
        p = torch.stack(tensors[:4])  # (4, B, N)
        if self.jet:
            p = torch.cat([p, torch.stack(tensors[4:])], dim=2)  # (4, B, N + 1)
        i, j = pair_tensors(p.shape[2], p.device)  # the pairs without beams
        parts = [minkowski(p[:, :, i], p[:, :, j])]  # (B, pairs without beams)
        if self.beams:
            # p . b of both beams, (B, N or N + 1) each, and b . b', (B, 1)
            parts += [p[0] - p[3], p[0] + p[3], torch.full_like(p[0, :, :1], 2.0)]
        return torch.cat(parts, dim=1)  # (B, P)

    def _attributes(self) -> Attributes:
        return {"jet": int(self.jet), "beams": int(self.beams)}


class JetDotCartesian(PairDotCartesian):
    """The products p_i . J for constituents and spurions, (B, M, 1)."""

    op = "JetDotCartesian"

    def _compute(self, *tensors: Tensor) -> Tensor:
        p, jet = torch.stack(tensors[:4]), torch.stack(tensors[4:])  # (4, B, N), (4, B, 1)
        parts = [minkowski(p, jet)]  # (B, N)
        parts += [minkowski(jet, jet)] if self.jet else []  # (B, 1)
        parts += [jet[0] - jet[3], jet[0] + jet[3]] if self.beams else []  # (B, 1) each
        return torch.cat(parts, dim=1)[:, :, None]  # (B, M, 1)


class JetMassCartesian(OperatorLayer):
    """The squared mass J . J, (B, 1)."""

    op = "JetMassCartesian"

    def _compute(self, *tensors: Tensor) -> Tensor:
        jet = torch.stack(tensors)  # (4, B, 1)
        return minkowski(jet, jet)


def minkowski(p: Tensor, q: Tensor) -> Tensor:
    """Product p . q of components along the first axis, metric (+,-,-,-)."""
    return p[0] * q[0] - p[1] * q[1] - p[2] * q[2] - p[3] * q[3]
