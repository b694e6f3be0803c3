"""nanoPELICAN in floating point: two permutation-equivariant layers and one ReLU between them.

Bogatskiy, Hoffman, Offermann, "19 Parameters Is All You Need" (NeurIPS 2023 workshop), equation 3.
The six N x N basis arrays of the first layer are never built: a pair needs ``d_ij``, the row sums
of its two particles and the total, and ``d`` is symmetric, so the pairs i < j are enough.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from triggernet.errors import ModelError
from triggernet.learning.layers.order import canonical
from triggernet.learning.models.nanopelican.config import NanoPelicanConfig
from triggernet.learning.models.nanopelican.equivariant import (
    TABLES,
    EquivariantWeights,
    pair_indices,
)
from triggernet.learning.models.nanopelican.pair_norm import PairEntries, PairNorm, drop

if TYPE_CHECKING:
    from collections.abc import Mapping

N_BAR = 49  # mean multiplicity by which the paper divides every sum over an index


@dataclass(frozen=True)
class PairTensors:
    """The torch form of `equivariant.PairInputs`: d (B, P), r (B, M), t (B,), present, count."""

    d: Tensor
    r: Tensor
    t: Tensor
    present: Tensor
    count: Tensor


class NanoPELICAN(nn.Module):
    """The float model.

    Its input is a mapping with ``momenta`` (B, N, 4), (E, px, py, pz) in GeV, zero where there is
    no constituent, and ``jet`` (B, 4), that of the whole jet in the same frame (read only with
    jet aggregates or the jet spurion). Its output is the logit (B,): signal if above 0.

    Parameters
    ----------
    config : NanoPelicanConfig
    n_constituents : int
        N, at most this many; fewer are fine.
    unit_gev2 : float
        ``d`` is counted in this unit inside, so that weights are of order one.
    """

    # Which parameter column each of the six aggregators takes: identity, row sums on the diagonal,
    # along rows, along columns, total everywhere, total on the diagonal.
    columns: Tensor

    permutation_invariant = True
    head_parameters = ("weight20", "bias20")

    def __init__(
        self,
        config: NanoPelicanConfig,
        n_constituents: int,
        unit_gev2: float = 10.0,
        n_outputs: int = 1,
    ) -> None:
        super().__init__()
        C = config.n_channels
        self.config = config
        self.n_constituents = n_constituents
        self.unit_gev2, self.n_outputs = unit_gev2, n_outputs
        columns = [0, 1, 2, 2, 3, 4] if config.tied else [0, 1, 2, 3, 4, 5]
        self.register_buffer("columns", torch.tensor(columns), persistent=False)
        self.weight22 = _parameter(torch.randn(C, columns[-1] + 1))
        self.bias22 = _parameter(torch.randn(C))
        self.diagonal_bias = _parameter(torch.zeros(C))
        several = () if n_outputs == 1 else (n_outputs,)
        self.weight20 = _parameter(torch.randn(*several, C, 2))
        self.bias20 = _parameter(torch.zeros(several))
        if config.n_scaled:
            self.exponents22 = _parameter(torch.zeros(columns[-1]))
            self.exponents20 = _parameter(torch.zeros(1, 2))
        if config.batch_norm:
            self.norm22 = PairNorm(1)
            self.norm20 = PairNorm(C)

    @property
    def n_parameters(self) -> int:
        """Nominal parameters as the paper counts them: 10 C + 1, without BatchNorm."""
        norms = sum(p.numel() for name, p in self.named_parameters() if name.startswith("norm"))
        return sum(p.numel() for p in self.parameters()) - norms

    def forward(self, inputs: Mapping[str, Tensor]) -> Tensor:
        """The logits (B,) or (B, O)."""
        return self.logit(self.pair_tensors(inputs))

    def pair_tensors(self, inputs: Mapping[str, Tensor]) -> PairTensors:
        """Products, row sums and total of a batch, in the order that makes them permutation-free.

        Raises
        ------
        ModelError
            For more constituents than the model has, or a missing ``jet``.
        """
        momenta = inputs["momenta"]
        if momenta.shape[1] > self.n_constituents:
            raise ModelError(
                f"nanopelican: {momenta.shape[1]} constituents a jet, but the model was made for "
                f"at most {self.n_constituents}; pass the leading {self.n_constituents}"
            )
        if "jet" not in inputs and (self.config.aggregates == "jet" or self.config.spurion_jet):
            raise ModelError("nanopelican: this model reads the whole jet; pass 'jet' (B, 4)")
        return self._pairs(canonical(momenta), inputs.get("jet"))

    def _pairs(self, momenta: Tensor, jet: Tensor | None) -> PairTensors:
        present = momenta[..., 0] > 0  # (B, N)
        count = present.sum(1)  # (B,)
        particles = [momenta]  # (B, N, 4)
        if self.config.spurion_jet and jet is not None:
            particles.append(jet[:, None])  # (B, 1, 4)
        if self.config.spurion_beams:
            beams = momenta.new_tensor([[1.0, 0, 0, 1], [1, 0, 0, -1]])  # (2, 4)
            particles.append(beams.expand(momenta.shape[0], 2, 4))  # (B, 2, 4)
        p = torch.cat(particles, 1)  # (B, M, 4)
        # (B, M)
        present = nn.functional.pad(present, (0, p.shape[1] - momenta.shape[1]), value=True)
        i, j = (torch.from_numpy(index) for index in pair_indices(p.shape[1]))  # (P,) each
        d = _minkowski(p[:, i], p[:, j])  # (B, P); absent particles are zero momenta
        if self.config.aggregates == "jet" and jet is not None:
            # r (B, M), t (B,)
            return PairTensors(d, _minkowski(p, jet[:, None]), _minkowski(jet, jet), present, count)
        r = _row_sums(d, p.shape[1])  # (B, M)
        return PairTensors(d, r, r.sum(1), present, count)  # t (B,)

    def logit(self, pairs: PairTensors) -> Tensor:
        """The logits (B,) or (B, O) from products, row sums and totals, layer by layer."""
        dtype = self.weight22.dtype
        count = pairs.count.clamp(min=1).to(dtype) / N_BAR  # (B,)
        # (B, P), (B, M), (B,)
        d, r, t = (x.to(dtype) / self.unit_gev2 for x in (pairs.d, pairs.r, pairs.t))
        # (B, P, 1), on the diagonal (B, M, 1)
        entries = PairEntries.of(d[..., None], torch.zeros_like(r)[..., None], pairs.present)
        rows, total = r, t
        if self.config.batch_norm or (self.training and self.config.dropout > 0):
            entries = self._before("norm22", entries)
            rows, total = self._aggregates(entries, r, t, pairs.present)
        hidden = self._hidden(entries, rows, total, count)  # entries with C channels
        hidden = self._before("norm20", hidden)
        scale = self._scale("exponents20", count)  # (B or 1, C or 1, 2)
        sums = hidden.total() / N_BAR**2 * scale[..., 0]  # (B, C)
        traces = hidden.trace() / N_BAR * scale[..., 1]  # (B, C)
        if self.n_outputs > 1:
            sums, traces = sums[:, None], traces[:, None]  # (B, 1, C), for weights (n_outputs, C)
        terms = sums * self.weight20[..., 0] + traces * self.weight20[..., 1]  # (B, C) or (B, O, C)
        return torch.as_tensor(terms.sum(-1) + self.bias20)  # (B,) or (B, O)

    def _before(self, norm: str, entries: PairEntries) -> PairEntries:
        """BatchNorm and dropout, as the paper puts them before each layer."""
        if self.config.batch_norm:
            entries = getattr(self, norm)(entries)
        # The entries of the first layer are symmetric and stay so.
        symmetric = norm == "norm22"
        return drop(entries, self.config.dropout, symmetric) if self.training else entries

    def _aggregates(
        self, entries: PairEntries, r: Tensor, t: Tensor, present: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Row sums (B, M) and total (B,) of normalised entries.

        With jet aggregates the normalisation acts on ``p_i . J`` and ``J . J`` as it does on sums
        over the particles present.
        """
        if self.config.aggregates == "constituents":
            d, diagonal = entries.upper[..., 0], entries.diagonal[..., 0]  # (B, P), (B, M)
            rows = _row_sums(d, present.shape[1]) + diagonal  # (B, M)
            return rows, rows.sum(1)  # (B, M), (B,)
        scale, shift = (  # (1,) each
            self.norm22.affine() if self.config.batch_norm else (t.new_ones(1), 0 * t[:1])
        )
        n = present.sum(1).to(r.dtype)  # (B,)
        return scale * r + shift * n[:, None] * present, scale * t + shift * n**2  # (B, M), (B,)

    def _hidden(
        self, entries: PairEntries, rows: Tensor, total: Tensor, count: Tensor
    ) -> PairEntries:
        """ReLU of the first layer: entries with C channels."""
        scale = self._scale("exponents22", count)  # (B or 1, 1, 5)
        w = self.weight22[:, self.columns]  # (C, 6)
        w = torch.cat(
            [w[:, :1].expand(scale.shape[0], -1, 1), w[:, 1:] * scale], 2
        )  # (B or 1, C, 6)
        # (B, M, C) each
        diagonal, row, column = ((rows / N_BAR)[..., None] * w[:, None, :, k] for k in (1, 2, 3))
        everywhere = (total / N_BAR**2)[:, None] * w[..., 4] + self.bias22  # (B, C)
        on_diagonal = (total / N_BAR**2)[:, None] * w[..., 5] + self.diagonal_bias  # (B, C)
        i, j = (torch.from_numpy(index) for index in pair_indices(rows.shape[1]))  # (P,) each
        upper = entries.upper * w[:, None, :, 0] + everywhere[:, None]  # (B, P, C)
        return PairEntries.of(
            torch.relu(upper + row[:, i] + column[:, j]),  # (B, P, C), entries (i, j)
            torch.relu(  # (B, M, C)
                entries.diagonal * w[:, None, :, 0]
                + (diagonal + row + column)
                + (everywhere + on_diagonal)[:, None]
            ),
            entries.present,
            torch.relu(upper + row[:, j] + column[:, i]),  # (B, P, C), entries (j, i)
        )

    def _scale(self, name: str, count: Tensor) -> Tensor:
        """``(n / Nbar)**alpha`` (B, C or 1, aggregators); ones for the plain form."""
        if not self.config.n_scaled:
            return count.new_ones(1, 1, 5 if name == "exponents22" else 2)
        exponents: Tensor = getattr(self, name)
        if name == "exponents22":
            exponents = exponents[None, self.columns[1:] - 1]
        return count[:, None, None] ** exponents

    def coefficients(self) -> dict[str, Tensor]:
        """The absorbed form before its last step: `equivariant.TABLES`, ``k`` and ``bias``.

        ``k`` (C,) is the coefficient of ``d_ij`` in 1/GeV^2, not yet divided out of the others.
        Differentiable with respect to the parameters.
        """
        n_spurions = self.config.n_spurions
        dependent = self.config.n_scaled or self.config.batch_norm
        rows = range(self.n_constituents + 1) if dependent else [N_BAR]
        n = torch.tensor(list(rows), dtype=self.weight22.dtype, device=self.weight22.device)  # (K,)
        M = (n + n_spurions)[:, None]  # (K, 1)
        one, zero = n.new_ones(1), n.new_zeros(1)  # (1,) each, as scale, shift and unit
        scale, shift = self.norm22.affine() if self.config.batch_norm else (one, zero)
        unit = scale / self.unit_gev2
        f = self._scale("exponents22", n.clamp(min=1) / N_BAR)  # (K or 1, 1, 5)
        w = self.weight22[:, self.columns]  # (C, 6)
        powers = n.new_tensor([N_BAR, N_BAR, N_BAR, N_BAR**2, N_BAR**2])  # (5,)
        # (K or 1, C)
        diagonal, row, column, total, on_diagonal = (w[:, 1:] * f / powers).unbind(-1)
        # (K, C)
        common = (self.bias22 + w[:, 0] * shift) + (row + column) * M * shift + total * M**2 * shift
        extra = self.diagonal_bias + (diagonal * M + on_diagonal * M**2) * shift  # (K, C)
        # (K or 1, C) each, as those below
        tables = {"a_r": row * unit, "b_r": column * unit, "g_r": (diagonal + row + column) * unit}
        tables |= {"a_t": total * unit / 2, "b_t": total * unit / 2, "a_b": common / 2}
        tables |= {"b_b": common / 2, "g_t": (total + on_diagonal) * unit, "g_b": common + extra}
        K = n.shape[0]
        tables = {name: table.expand(K, -1) for name, table in tables.items()}
        return {"k": w[:, 0] * unit} | tables | self._output_coefficients(n, M)

    def _output_coefficients(self, n: Tensor, M: Tensor) -> dict[str, Tensor]:
        C = self.config.n_channels
        one, zero = n.new_ones(C), n.new_zeros(C)  # (C,) each, as scale and shift
        scale, shift = self.norm20.affine() if self.config.batch_norm else (one, zero)
        f = self._scale("exponents20", n.clamp(min=1) / N_BAR)  # (K or 1, C or 1, 2)
        if self.n_outputs > 1:
            f, M = f[:, None], M[:, None]  # (K or 1, 1, C or 1, 2), (K, 1, 1)
        # (K or 1, C) or (K or 1, O, C)
        total, trace = (self.weight20 * f / n.new_tensor([N_BAR**2, N_BAR])).unbind(-1)
        bias = self.bias20 + ((total * M**2 + trace * M) * shift).sum(-1)  # (K,) or (K, O)
        tables = {"c_sum": total * scale, "c_trace": (total + trace) * scale}
        if self.n_outputs > 1:
            tables = {name: table.mT for name, table in tables.items()}  # (K or 1, C, O)
        # (K, C) or (K, C, O)
        expanded = {name: t.expand(n.shape[0], *t.shape[1:]) for name, t in tables.items()}
        return expanded | {"bias": bias.expand(n.shape[0], *bias.shape[1:])}

    @torch.no_grad()
    def absorbed(self) -> EquivariantWeights:
        """The model with everything redundant absorbed, float64.

        Raises
        ------
        ModelError
            If a parameter is not finite.
        """
        tables = {key: value.double() for key, value in self.coefficients().items()}
        k = tables.pop("k")  # (C,)
        size = torch.where(k == 0, 1.0, k.abs())  # (C,)
        for name in TABLES:
            outer = size[:, None] if self.n_outputs > 1 else size  # (C, 1) or (C,)
            tables[name] = tables[name] * outer if name[0] == "c" else tables[name] / size
        signs = torch.sign(k).long().cpu().numpy()
        return EquivariantWeights(signs, **{name: t.cpu().numpy() for name, t in tables.items()})


def _parameter(values: Tensor) -> nn.Parameter:
    return nn.Parameter(values.double())


def _minkowski(p: Tensor, q: Tensor) -> Tensor:
    """``p . q`` of four-momenta (..., 4) that broadcast, metric (+, -, -, -)."""
    product = p * q  # (..., 4)
    return product[..., 0] - product[..., 1] - product[..., 2] - product[..., 3]


def _row_sums(d: Tensor, n_particles: int) -> Tensor:
    """``sum over j != i of d_ij`` (B, M) from the pairs i < j (B, P)."""
    i, j = (
        torch.from_numpy(index).to(d.device) for index in pair_indices(n_particles)
    )  # (P,) each
    sums = d.new_zeros(d.shape[0], n_particles)  # (B, M)
    return sums.scatter_add(1, i.expand_as(d), d).scatter_add(1, j.expand_as(d), d)
