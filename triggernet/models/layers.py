"""Quantisation-aware layers: each is one operator of the table, trainable through its quantisers.

A layer's `compute` is its differentiable meaning with fake quantisation; `attributes` states the
constants and types it would have in the firmware. During an export a layer records one node.
All tensors hold real values (codes times the LSB) and have a leading batch axis B.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn

from triggernet.fixedpoint import FixedPoint, Quantiser
from triggernet.models.functional import operator
from triggernet.models.quantisers import ActivationQuantiser, ConstantQuantiser
from triggernet.operators.base import pair_indices
from triggernet.operators.node import Attribute, quantiser_attributes

Attributes = dict[str, Attribute]


def type_attributes(prefix: str, kind: FixedPoint) -> Attributes:
    """Width and integer bits under a prefix."""
    return {f"{prefix}width": kind.width, f"{prefix}integer": kind.integer}


class OperatorLayer(nn.Module):
    """A layer that is one operator; `out` is the quantiser that ends it."""

    op: str

    def __init__(self, out: ActivationQuantiser) -> None:
        super().__init__()
        self.out = out

    def compute(self, *tensors: Tensor) -> Tensor:
        """The operator's result before its quantiser."""
        raise NotImplementedError

    def attributes(self) -> Attributes:
        """The operator's own attributes, without those of the quantiser."""
        return {}

    def forward(self, *tensors: Tensor) -> Tensor:
        """Apply the operator and its quantiser."""
        return operator(
            self.op, lambda *t: self.out(self.compute(*t)), tensors, self._all_attributes
        )

    def _all_attributes(self) -> Attributes:
        return {**self.attributes(), **quantiser_attributes(self.out.kind, self.out.rounding)}


def table_codes(values: np.ndarray[tuple[int], np.dtype[np.float64]], kind: FixedPoint) -> Tensor:
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
        self.table, self.exp, self.half = table, exp, 1 << (angle_width - 1)
        distance = np.arange(1 << angle_width) * step
        position = (np.arange(1 << angle_width) - self.half) * step
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
        index = eta.long().clamp(max=self.half - 1) + self.half
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
    """p_i . J for constituents and spurions, (B, M, 1)."""

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
        """p_i . J of the constituents, (B, N), before the output's quantiser."""
        jet_pt, excess = jet
        cosh, cos = self.tables.angles(eta, phi)
        return pt * self.inner(jet_pt * (cosh + cos) + excess * (cosh + 1))

    def compute(self, *tensors: Tensor) -> Tensor:
        pt, eta, phi, jet_pt, excess = tensors
        parts = [self.constituents(pt, eta, phi, (jet_pt, excess))]
        parts += [excess * (2 * jet_pt + excess)] if self.jet else []
        parts += [jet_pt + excess] * 2 if self.beams else []
        return torch.cat(parts, dim=1)[:, :, None]

    def attributes(self) -> Attributes:
        return {
            "jet": int(self.jet),
            "beams": int(self.beams),
            **self.tables.attributes(beams=False),
            **type_attributes("inner_", self.inner.kind),
        }


class PairDotPolar(OperatorLayer):
    """p_i . p_j of all pairs of constituents and spurions, (B, P)."""

    op = "PairDotPolar"

    def __init__(
        self, tables: PolarTables, product: ActivationQuantiser, to_jet: JetDotPolar,
        out: ActivationQuantiser,
    ) -> None:  # fmt: skip
        super().__init__(out)
        self.tables, self.product, self.to_jet = tables, product, to_jet

    def compute(self, *tensors: Tensor) -> Tensor:
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

    def attributes(self) -> Attributes:
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
    """J . J, (B, 1)."""

    op = "JetMassPolar"

    def compute(self, *tensors: Tensor) -> Tensor:
        jet_pt, excess = tensors
        return excess * (2 * jet_pt + excess)


class PairDotCartesian(OperatorLayer):
    """p_i . p_j of all pairs of constituents and spurions, (B, P)."""

    op = "PairDotCartesian"

    def __init__(self, spurions: tuple[bool, bool], out: ActivationQuantiser) -> None:
        super().__init__(out)
        self.jet, self.beams = spurions

    def compute(self, *tensors: Tensor) -> Tensor:
        p = torch.stack(tensors[:4])
        if self.jet:
            p = torch.cat([p, torch.stack(tensors[4:])], dim=2)
        i, j = pair_tensors(p.shape[2], p.device)
        parts = [minkowski(p[:, :, i], p[:, :, j])]
        if self.beams:
            parts += [p[0] - p[3], p[0] + p[3], torch.full_like(p[0, :, :1], 2.0)]
        return torch.cat(parts, dim=1)

    def attributes(self) -> Attributes:
        return {"jet": int(self.jet), "beams": int(self.beams)}


class JetDotCartesian(PairDotCartesian):
    """p_i . J for constituents and spurions, (B, M, 1)."""

    op = "JetDotCartesian"

    def compute(self, *tensors: Tensor) -> Tensor:
        p, jet = torch.stack(tensors[:4]), torch.stack(tensors[4:])
        parts = [minkowski(p, jet)]
        parts += [minkowski(jet, jet)] if self.jet else []
        parts += [jet[0] - jet[3], jet[0] + jet[3]] if self.beams else []
        return torch.cat(parts, dim=1)[:, :, None]


class JetMassCartesian(OperatorLayer):
    """J . J, (B, 1)."""

    op = "JetMassCartesian"

    def compute(self, *tensors: Tensor) -> Tensor:
        jet = torch.stack(tensors)
        return minkowski(jet, jet)


class PairRowSum(OperatorLayer):
    """r_i = sum over j != i of d_ij, (B, M, 1)."""

    op = "PairRowSum"

    def __init__(self, n_particles: int, out: ActivationQuantiser) -> None:
        super().__init__(out)
        self.n_particles = n_particles

    def compute(self, *tensors: Tensor) -> Tensor:
        (d,) = tensors
        rows = d.new_zeros(len(d), self.n_particles)
        for index in pair_tensors(self.n_particles, d.device):
            rows = rows.index_add(1, index, d)
        return rows[:, :, None]

    def attributes(self) -> Attributes:
        return {"n_particles": self.n_particles}


class ParticleSum(OperatorLayer):
    """Sum over the particles of (B, M, F), those present if `present` (B, N) is given."""

    op = "Sum"

    def compute(self, *tensors: Tensor) -> Tensor:
        x = tensors[0]
        if len(tensors) > 1:
            x = x * presence(tensors[1], x.shape[1])[:, :, None]
        return x.sum(dim=1)


class Count(OperatorLayer):
    """Number of constituents present, (B, 1)."""

    op = "Count"

    def compute(self, *tensors: Tensor) -> Tensor:
        return (tensors[0] != 0).to(tensors[0].dtype).sum(dim=1, keepdim=True)


class Stack(OperatorLayer):
    """Columns (B, N) side by side, (B, N, F)."""

    op = "Stack"

    def compute(self, *tensors: Tensor) -> Tensor:
        return torch.stack(tensors, dim=2)


class Dense(OperatorLayer):
    """Linear map of (B, M, F) or (B, F) with an optional shared context (B, H), ReLU on request.

    Parameters
    ----------
    features : (int, int, int)
        F, H and the number of outputs G; H = 0 without context.
    widths : (int, int)
        Bits of the weights and of the bias.
    n_select : int
        Number of sets of constants; above 1 the last argument chooses.
    """

    op = "Dense"

    def __init__(
        self, features: tuple[int, int, int], widths: tuple[int, int], out: ActivationQuantiser,
        *, relu: bool = False, n_select: int = 1,
    ) -> None:  # fmt: skip
        super().__init__(out)
        self.features, self.relu, self.n_select = features, relu, n_select
        f, h, g = features
        self.rank = 2
        self.weight = ConstantQuantiser((n_select, f, g), widths[0])
        self.context = ConstantQuantiser((n_select, h, g), widths[0]) if h else None
        self.bias = ConstantQuantiser((n_select, g), widths[1])

    def compute(self, *tensors: Tensor) -> Tensor:
        x = tensors[0]
        self.rank = x.dim() - 1
        chosen = torch.zeros(len(x), dtype=torch.long, device=x.device)
        if self.n_select > 1:
            chosen = tensors[-1][:, 0].long().clamp(max=self.n_select - 1)
        particles = x if self.rank > 1 else x[:, None]
        total = particles @ self.weight()[chosen] + self.bias()[chosen][:, None]
        if self.context is not None:
            total = total + tensors[1][:, None] @ self.context()[chosen]
        total = torch.relu(total) if self.relu else total
        return total if self.rank > 1 else total[:, 0]

    def forward(self, *tensors: Tensor) -> Tensor:
        self.rank = tensors[0].dim() - 1
        return super().forward(*tensors)

    def attributes(self) -> Attributes:
        f, h, g = self.features
        found: Attributes = {
            "in_features": f,
            "context_features": h,
            "out_features": g,
            "n_select": self.n_select,
            "relu": int(self.relu),
            "in_rank": self.rank,
            **_constant_attributes("weight", self.weight),
            **_constant_attributes("bias", self.bias),
        }
        if self.context is not None:
            found |= _constant_attributes("context_weight", self.context)
        return found


class PairRelu(OperatorLayer):
    """Sum over the pairs present of ReLU(s_c d_ij + a_ic + a_jc), (B, C); see the operator table."""

    op = "PairRelu"

    def __init__(
        self, signs: Sequence[int], tied: bool, z: ActivationQuantiser, out: ActivationQuantiser
    ) -> None:
        super().__init__(out)
        self.signs, self.tied, self.z = tuple(signs), tied, z

    def compute(self, *tensors: Tensor) -> Tensor:
        d, a, present = tensors
        channels = len(self.signs)
        i, j = pair_tensors(a.shape[1], a.device)
        row, column = (a, a) if self.tied else (a[..., :channels], a[..., channels:])
        signed = d[:, :, None] * d.new_tensor(self.signs)
        total = self.z(torch.relu(signed + row[:, i] + column[:, j]))
        if not self.tied:
            total = total + self.z(torch.relu(signed + row[:, j] + column[:, i]))
        there = presence(present, a.shape[1])
        return (total * (there[:, i] * there[:, j])[:, :, None]).sum(dim=1)

    def attributes(self) -> Attributes:
        return {
            "n_channels": len(self.signs),
            "signs": self.signs,
            "tied": int(self.tied),
            **type_attributes("z_", self.z.kind),
        }


def _constant_attributes(name: str, constant: ConstantQuantiser) -> Attributes:
    codes = tuple(int(c) for c in constant.codes().ravel())
    return {name: codes, **type_attributes(f"{name}_", constant.kind)}


def pair_tensors(n_particles: int, device: torch.device) -> tuple[Tensor, Tensor]:
    """Particles i < j of every pair as int64 tensors (P,), in the order of the operator table."""
    i, j = pair_indices(n_particles)
    return torch.as_tensor(i, device=device), torch.as_tensor(j, device=device)


def presence(present: Tensor, n_particles: int) -> Tensor:
    """1 for the particles present and for spurions, else 0; (B, M) in the dtype of `present`."""
    there = (present != 0).to(present.dtype)
    return nn.functional.pad(there, (0, n_particles - present.shape[1]), value=1.0)


def minkowski(p: Tensor, q: Tensor) -> Tensor:
    """p . q of components along the first axis, metric (+,-,-,-)."""
    return p[0] * q[0] - p[1] * q[1] - p[2] * q[2] - p[3] * q[3]
