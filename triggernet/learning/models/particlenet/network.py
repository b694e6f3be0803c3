"""ParticleNet (H. Qu, L. Gouskos, Phys. Rev. D 101 (2020) 056019).

Edge convolutions between each constituent and its nearest neighbours, first in angles, then in what
was learned. Written from the paper; outputs of the authors' layers are equal. Where a jet has fewer
than k other constituents, zero vectors stand for the missing ones and count in the mean, as there;
batch norms see no padding, which theirs do in training.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import cast

import torch
from torch import Tensor, nn

from triggernet.learning.layers.graphs import ObjectHead, Rows, Shortcut, itself, rows_of
from triggernet.learning.layers.minkowski import asinh, transverse_momentum
from triggernet.learning.models.particlenet.config import ParticleNetConfig

N_FEATURES = 7
MISSING = -1
SMALLEST = 1e-8  # of what a logarithm is taken


class NeighbourConv(nn.Module):
    """One edge convolution: a perceptron of [x_i, x_j - x_i], its mean over j, and a shortcut."""

    def __init__(self, n_in: int, n_out: int, layers: int) -> None:
        super().__init__()
        widths = (2 * n_in, *(n_out for _ in range(layers)))
        self.linears = nn.ModuleList(nn.Linear(a, b, bias=False) for a, b in pairwise(widths))
        self.norms = nn.ModuleList(nn.BatchNorm1d(n_out) for _ in range(layers))
        self.shortcut = Shortcut(n_in, n_out)

    def forward(self, x: Tensor, neighbours: Tensor) -> Tensor:
        """Features (M, F) and the rows of neighbours (M, k), M for a missing one, to (M, G)."""
        M, k = neighbours.shape
        first = cast("nn.Linear", self.linears[0])
        own, other = first.weight.chunk(2, 1)  # (G, F) each
        # Linear in x_i and x_j: multiplied before the pairs are formed, not k times.
        pairs = (x @ (own - other).T)[:, None]  # (M, 1, G)
        there = nn.functional.pad(x @ other.T, (0, 0, 0, 1))  # (M + 1, G)
        edges = pairs + there.index_select(0, neighbours.flatten()).view(M, k, -1)  # (M, k, G)
        edges = torch.relu(self.norms[0](edges.flatten(0, 1)))  # (M k, G)
        for linear, norm in zip(self.linears[1:], self.norms[1:], strict=True):
            edges = torch.relu(norm(linear(edges)))  # (M k, G)
        updated: Tensor = torch.relu(edges.view(M, k, -1).mean(1) + self.shortcut(x))
        return updated


class ParticleNet(nn.Module):
    """From the constituents of a jet to logits.

    Parameters
    ----------
    config : ParticleNetConfig
    n_outputs : int
        C; with one of them the logits are (B,), otherwise (B, C).
    n_features : int
        Of a constituent.
    """

    head_parameters = ("head.",)

    def __init__(
        self, config: ParticleNetConfig, n_outputs: int = 1, n_features: int = N_FEATURES
    ) -> None:
        super().__init__()
        self.k, self.joined = config.k, config.fusion is not None
        self.norm = nn.BatchNorm1d(n_features)
        self.convs = nn.ModuleList(
            NeighbourConv(a, b, config.layers) for a, b in pairwise((n_features, *config.convs))
        )
        n_in = sum(config.convs) if self.joined else config.convs[-1]
        self.head = ObjectHead((n_in, config.hidden), n_outputs, config.fusion, config.dropout)

    def forward(self, inputs: Mapping[str, Tensor]) -> Tensor:
        """The logits (B,) or (B, C).

        Parameters
        ----------
        inputs : mapping of str to tensor
            ``constituents`` (B, N, 4) and ``jet`` (B, 4): (E, px, py, pz) in GeV, zero where there
            is no constituent.
        """
        points, features, present = self._prepared(inputs)
        rows = rows_of(present)
        logits: Tensor = self.head(self.nodes(points, features, present, rows), rows)
        return logits

    def trunk_outputs(self, inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """What the head reads, jet by jet, for trainings that leave the trunk as it is."""
        points, features, present = self._prepared(inputs)
        rows = rows_of(present)
        nodes = self.nodes(points, features, present, rows)
        return {"features": rows.pad(nodes), "present": present}

    def head_logits(self, outputs: Mapping[str, Tensor]) -> Tensor:
        """The logits of `trunk_outputs`."""
        rows = rows_of(outputs["present"])
        logits: Tensor = self.head(rows.take(outputs["features"]), rows)
        return logits

    def _prepared(self, inputs: Mapping[str, Tensor]) -> tuple[Tensor, Tensor, Tensor]:
        p, jet = (inputs[name].to(self.norm.weight.dtype) for name in ("constituents", "jet"))
        points, features = particle_features(p, jet)  # (B, N, 2), (B, N, 7)
        return points, features, p[..., 0] > 0

    def nodes(self, points: Tensor, features: Tensor, present: Tensor, rows: Rows) -> Tensor:
        """What the head reads of each constituent, (M, G).

        Parameters
        ----------
        points : tensor (B, N, P)
            Where the constituents lie, for the first neighbours.
        features : tensor (B, N, F)
        present : bool tensor (B, N)
        rows : Rows
            Those of `present`.
        """
        nodes = [x for _, x in self._steps(points, features, present, rows)]
        return torch.cat(nodes, 1) if self.joined else nodes[-1]

    def neighbours(self, inputs: Mapping[str, Tensor]) -> list[Tensor]:
        """For each convolution the places (B, N, k) of the neighbours, as `nearest` gives them."""
        points, features, present = self._prepared(inputs)
        steps = self._steps(points, features, present, rows_of(present))
        return [places for places, _ in steps]

    def _steps(
        self, points: Tensor, features: Tensor, present: Tensor, rows: Rows
    ) -> Iterator[tuple[Tensor, Tensor]]:
        """Places of the neighbours, and the features (M, G) behind each convolution."""
        x = self.norm(rows.take(features))  # (M, F)
        for conv in self.convs:
            places = nearest(points, present, self.k)  # (B, N, k)
            x = conv(x, neighbour_rows(places, rows))  # (M, G)
            points = rows.pad(x)  # (B, N, G)
            yield places, x


def particle_features(p: Tensor, jet: Tensor) -> tuple[Tensor, Tensor]:
    """Points (B, N, 2) and features (B, N, 7) of constituents (B, N, 4) of jets (B, 4).

    The points are the differences of pseudorapidity and azimuth to the jet; the features those,
    ln pT, ln E, ln of both as shares of the jet's, and the distance to the jet (table 1 of the
    paper).
    """
    pt, eta, phi = _cylindrical(p)  # (B, N)
    jet_pt, jet_eta, jet_phi = (x[:, None] for x in _cylindrical(jet))  # (B, 1)
    sign = torch.where(jet_eta < 0, -1.0, 1.0).to(p.dtype)  # (B, 1)
    d_eta = (eta - jet_eta) * sign  # (B, N)
    turn = phi - jet_phi
    d_phi = torch.atan2(torch.sin(turn), torch.cos(turn))  # (B, N)
    ln_pt, ln_e = (x.clamp(min=SMALLEST).log() for x in (pt, p[..., 0]))
    ln_jet_pt, ln_jet_e = (x.clamp(min=SMALLEST).log() for x in (jet_pt, jet[:, None, 0]))
    distance = (d_eta.square() + d_phi.square()).clamp(min=SMALLEST**2).sqrt()
    shares = ln_pt - ln_jet_pt, ln_e - ln_jet_e  # (B, N)
    points = torch.stack([d_eta, d_phi], 2)  # (B, N, 2)
    return points, torch.stack([d_eta, d_phi, ln_pt, ln_e, *shares, distance], 2)


def _cylindrical(p: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Transverse momentum, pseudorapidity and azimuth of four-momenta (..., 4)."""
    pt = transverse_momentum(p)
    return pt, asinh(p[..., 3] / pt.clamp(min=SMALLEST)), torch.atan2(p[..., 2], p[..., 1])


def nearest(points: Tensor, present: Tensor, k: int) -> Tensor:
    """Places (B, N, k) of the nearest others of each constituent; -1 where there is none.

    By squared distance, |a|^2 + |b|^2 - 2 a b, so that no difference of every pair is stored; in
    double precision, or the rounding of these terms would choose among near neighbours.
    """
    points = points.double()
    N = present.shape[1]
    square = points.square().sum(2)  # (B, N)
    distance2 = (
        square[:, :, None] + square[:, None] - 2 * points @ points.transpose(1, 2)
    )  # (B, N, N)
    missing = itself(N, points.device) | ~present[:, None]  # (B, N, N)
    distance2, place = distance2.masked_fill(missing, torch.inf).topk(k, 2, largest=False)
    return torch.where(distance2.isinf(), MISSING, place)


def neighbour_rows(places: Tensor, rows: Rows) -> Tensor:
    """Rows (M, k) of neighbours at `places` (B, N, k); M where one is missing."""
    number = rows.number.gather(1, places.clamp(min=0).flatten(1)).view(places.shape)  # (B, N, k)
    return rows.take(torch.where(places == MISSING, rows.flat.shape[0], number))
