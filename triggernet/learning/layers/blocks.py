"""Quantisation-aware layers: each is one operator of the table, trainable through its quantisers.

A layer's `_compute` is its differentiable meaning with fake quantisation; `_attributes` states the
constants and types it would have in the firmware. During an export a layer records one node.
All tensors hold real values (codes times the LSB) and have a leading batch axis B.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from triggernet.fixedpoint import FixedPoint
from triggernet.learning.layers.functional import operator
from triggernet.learning.layers.quantisers import ActivationQuantiser, ConstantQuantiser
from triggernet.program.operators.base import pair_indices
from triggernet.program.operators.node import Attribute, quantiser_attributes

Attributes = dict[str, Attribute]
Values = NDArray[np.float64]


def type_attributes(prefix: str, kind: FixedPoint) -> Attributes:
    """Width and integer bits under a prefix."""
    return {f"{prefix}width": kind.width, f"{prefix}integer": kind.integer}


class OperatorLayer(nn.Module):
    """A layer that is one operator; `out` is the quantiser that ends it."""

    op: str

    def __init__(self, out: ActivationQuantiser) -> None:
        super().__init__()
        self.out = out

    def _compute(self, *tensors: Tensor) -> Tensor:
        """The operator's result before its quantiser."""
        raise NotImplementedError

    def _attributes(self) -> Attributes:
        """The operator's own attributes, without those of the quantiser."""
        return {}

    def forward(self, *tensors: Tensor) -> Tensor:
        """Apply the operator and its quantiser."""
        return operator(
            self.op, lambda *t: self.out(self._compute(*t)), tensors, self._all_attributes
        )

    def _all_attributes(self) -> Attributes:
        return {**self._attributes(), **quantiser_attributes(self.out.kind, self.out.rounding)}


class PairRowSum(OperatorLayer):
    """The row sums r_i = sum over j != i of d_ij, (B, M, 1)."""

    op = "PairRowSum"

    def __init__(self, n_particles: int, out: ActivationQuantiser) -> None:
        super().__init__(out)
        self.n_particles = n_particles

    def _compute(self, *tensors: Tensor) -> Tensor:
        (d,) = tensors  # (B, P)
        rows = d.new_zeros(len(d), self.n_particles)  # (B, M)
        for index in pair_tensors(self.n_particles, d.device):
            rows = rows.index_add(1, index, d)  # (B, M)
        return rows[:, :, None]  # (B, M, 1)

    def _attributes(self) -> Attributes:
        return {"n_particles": self.n_particles}


class ParticleSum(OperatorLayer):
    """Sum over the particles of (B, M, F), those present if `present` (B, N) is given."""

    op = "Sum"

    def _compute(self, *tensors: Tensor) -> Tensor:
        x = tensors[0]  # (B, M, F)
        if len(tensors) > 1:
            x = x * presence(tensors[1], x.shape[1])[:, :, None]  # (B, M, F), 0 where absent
        return x.sum(dim=1)  # (B, F)


class Count(OperatorLayer):
    """Number of constituents present, (B, 1)."""

    op = "Count"

    def _compute(self, *tensors: Tensor) -> Tensor:
        return (tensors[0] != 0).to(tensors[0].dtype).sum(dim=1, keepdim=True)  # (B, N) to (B, 1)


class SpurionFlag(OperatorLayer):
    """1 for spurions, 0 for the constituents (B, N) given: (B, M, 1).

    Parameters
    ----------
    n_particles : int
    out : ActivationQuantiser
    """

    op = "SpurionFlag"

    def __init__(self, n_particles: int, out: ActivationQuantiser) -> None:
        super().__init__(out)
        self.n_particles = n_particles

    def _compute(self, *tensors: Tensor) -> Tensor:
        present = tensors[0]  # (B, N)
        flags = torch.arange(self.n_particles, device=present.device) >= present.shape[1]  # (M,)
        return flags.to(present.dtype)[None, :, None].expand(len(present), -1, 1)  # (B, M, 1)

    def _attributes(self) -> Attributes:
        return {"n_particles": self.n_particles}


class Stack(OperatorLayer):
    """Columns (B, N) side by side, (B, N, F)."""

    op = "Stack"

    def _compute(self, *tensors: Tensor) -> Tensor:
        return torch.stack(tensors, dim=2)  # (B, N, F)


class Add(OperatorLayer):
    """The sum or difference of two tensors of one shape, or of (B, M, F) and (B, F).

    Parameters
    ----------
    out : ActivationQuantiser
    subtract : bool
    broadcast : bool
        Whether the second one has no axis of particles.
    """

    op = "Add"

    def __init__(
        self, out: ActivationQuantiser, *, subtract: bool = False, broadcast: bool = False
    ) -> None:
        super().__init__(out)
        self.subtract, self.broadcast = subtract, broadcast

    def _compute(self, *tensors: Tensor) -> Tensor:
        x, y = tensors
        y = y[:, None] if self.broadcast else y  # (B, 1, F) for all particles
        return x - y if self.subtract else x + y

    def _attributes(self) -> Attributes:
        return {"subtract": int(self.subtract), "broadcast": int(self.broadcast)}


class Concat(OperatorLayer):
    """Tensors (B, M, F_k) or (B, F_k) joined along their last axis."""

    op = "Concat"

    def _compute(self, *tensors: Tensor) -> Tensor:
        return torch.cat(tensors, dim=-1)  # (B, M, sum F_k) or (B, sum F_k)


class Dense(OperatorLayer):
    """Linear map of (B, M, F) or (B, F) with an optional shared context (B, H), ReLU on request.

    Parameters
    ----------
    features : (int, int, int)
        F, H and the number of outputs G; H = 0 without context.
    widths : (int, int)
        Bits of the weights and of the bias.
    digits : int or None
        At most so many signed digits in a weight of `x`; that of the context is made once a jet.
    n_select : int
        Number of sets of constants; above 1 the last argument chooses.
    """

    op = "Dense"

    def __init__(
        self, features: tuple[int, int, int], widths: tuple[int, int], out: ActivationQuantiser,
        *, relu: bool = False, n_select: int = 1, digits: int | None = None,
    ) -> None:  # fmt: skip
        super().__init__(out)
        self.features, self.relu, self.n_select = features, relu, n_select
        f, h, g = features
        self.rank = 2
        self.weight = ConstantQuantiser((n_select, f, g), widths[0], digits)
        self.context = ConstantQuantiser((n_select, h, g), widths[0]) if h else None
        self.bias = ConstantQuantiser((n_select, g), widths[1])

    def set_constants(self, weight: Values, bias: Values, context: Values | None = None) -> None:
        """Start from real constants of shapes (K, F, G), (K, G) and (K, H, G)."""
        self.weight.set_values(weight)
        self.bias.set_values(bias)
        if self.context is not None and context is not None:
            self.context.set_values(context)

    def _compute(self, *tensors: Tensor) -> Tensor:
        x = tensors[0]  # (B, M, F) or (B, F)
        self.rank = x.dim() - 1
        # (B,), the set of constants
        chosen = torch.zeros(len(x), dtype=torch.long, device=x.device)
        if self.n_select > 1:
            chosen = tensors[-1][:, 0].long().clamp(max=self.n_select - 1)  # (B,)
        particles = x if self.rank > 1 else x[:, None]  # (B, M, F), M = 1 for a vector
        total = particles @ self.weight()[chosen] + self.bias()[chosen][:, None]  # (B, M, G)
        if self.context is not None:
            total = (
                total + tensors[1][:, None] @ self.context()[chosen]
            )  # plus (B, 1, G), for all M
        total = torch.relu(total) if self.relu else total  # (B, M, G)
        return total if self.rank > 1 else total[:, 0]  # (B, M, G) or (B, G)

    def _attributes(self) -> Attributes:
        f, h, g = self.features
        attributes: Attributes = {
            "in_features": f,
            "context_features": h,
            "out_features": g,
            "n_select": self.n_select,
            "relu": int(self.relu),
            "in_rank": self.rank,
            **constant_attributes("weight", self.weight),
            **constant_attributes("bias", self.bias),
        }
        if self.context is not None:
            attributes |= constant_attributes("context_weight", self.context)
        return attributes


class PairRelu(OperatorLayer):
    """Sum over the pairs present of ReLU(s_c d_ij + a_ic + a_jc), (B, C)."""

    op = "PairRelu"

    def __init__(
        self, signs: Sequence[int], tied: bool, z: ActivationQuantiser, out: ActivationQuantiser
    ) -> None:
        super().__init__(out)
        self.signs, self.tied, self.z = tuple(signs), tied, z

    def _compute(self, *tensors: Tensor) -> Tensor:
        d, a, present = tensors  # (B, P), (B, M, C or 2 C), (B, N)
        channels = len(self.signs)
        i, j = pair_tensors(a.shape[1], a.device)  # (P,) each
        row, column = (a, a) if self.tied else (a[..., :channels], a[..., channels:])  # (B, M, C)
        signed = d[:, :, None] * d.new_tensor(self.signs)  # (B, P, C)
        total = self.z(torch.relu(signed + row[:, i] + column[:, j]))  # (B, P, C), entries (i, j)
        if not self.tied:
            total = total + self.z(torch.relu(signed + row[:, j] + column[:, i]))  # and (j, i)
        there = presence(present, a.shape[1])  # (B, M)
        kept: Tensor = total * (there[:, i] * there[:, j])[:, :, None]  # (B, P, C)
        return kept.sum(dim=1)  # (B, C)

    def _attributes(self) -> Attributes:
        return {
            "n_channels": len(self.signs),
            "signs": self.signs,
            "tied": int(self.tied),
            **type_attributes("z_", self.z.kind),
        }


def constant_attributes(name: str, constant: ConstantQuantiser) -> Attributes:
    """Codes and type of a constant."""
    codes = tuple(int(c) for c in constant.codes().ravel())
    return {name: codes, **type_attributes(f"{name}_", constant.kind)}


def pair_tensors(n_particles: int, device: torch.device) -> tuple[Tensor, Tensor]:
    """Particles i < j of every pair as int64 tensors (P,), in the order of the operator table."""
    i, j = pair_indices(n_particles)
    return torch.as_tensor(i, device=device), torch.as_tensor(j, device=device)


def presence(present: Tensor, n_particles: int) -> Tensor:
    """1 for the particles present and for spurions, else 0; (B, M) in the dtype of `present`."""
    there = (present != 0).to(present.dtype)  # (B, N)
    return nn.functional.pad(there, (0, n_particles - present.shape[1]), value=1.0)
