"""LorentzNet of one block in hardware arithmetic: every tensor quantised.

Constituents are taken to be light-like, so that h_i is one of two constants, for constituents and
for beams, and |x_i - x_j|^2 = -2 <x_i, x_j>. The dataflow, one operator a line::

    d     = p_i . p_j                                  pairs, the beams among them
    q     = L(1 + 2 d), L(1 + d)                       pairs
    f     = SpurionFlag                                particles: what h_i depends on
    m     = ReLU(Dense(ReLU(near_i + far_j + C q)))    directed edges (pairs without beams)
    m     = m sigmoid(Dense(m))
    t     = EdgeSum(m)                                 particles
    u     = Sum(Dense(ReLU(Dense([f, t]))))            the part of h_i' behind h_i
    score = Dense(ReLU(Dense(u)))                      with the weights for that number of particles
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from triggernet.learning.layers import blocks as layers
from triggernet.learning.layers import edges as edge_layers
from triggernet.learning.layers.basis import Basis, Map, as_array, edge_maps, network_maps
from triggernet.learning.layers.blocks import Values
from triggernet.learning.layers.constituents import constituent_types
from triggernet.learning.layers.edge_network import (
    EdgeLayers,
    EdgeModel,
    PairFeatures,
)
from triggernet.learning.layers.edge_widths import EdgeQuantisation
from triggernet.learning.layers.widths import Width

if TYPE_CHECKING:
    from collections.abc import Mapping

    from triggernet.data import EncodingConfig
    from triggernet.learning.models.lorentznet.config import LorentzNetConfig
    from triggernet.learning.models.lorentznet.network import LorentzNet


class QuantisedLorentzNet(EdgeModel):
    """LorentzNet of one block with fake quantisation, exportable operator by operator.

    Parameters
    ----------
    config : LorentzNetConfig
        For which `unsupported` is None.
    quantisation : EdgeQuantisation
    encoding : EncodingConfig
    n_outputs : int
        C.
    """

    def __init__(
        self,
        config: LorentzNetConfig,
        quantisation: EdgeQuantisation,
        encoding: EncodingConfig,
        n_outputs: int = 1,
    ) -> None:
        super().__init__(constituent_types(encoding), quantisation, config.beams)
        q, H = quantisation, config.width
        self.beams = config.beams
        self.pairs = PairFeatures(self, [self.d.out], logarithmic=True, products=True)
        # s_i = (psi(m_i), flag), of which the first is 0
        kind = Basis.zero(1).joined(Basis.scaled(1) if config.beams else Basis.zero(1))
        self.flag = layers.SpurionFlag(self.n_particles, self.out(Width(1, 1)))
        self.phi_e = EdgeLayers(self, kind, self.pairs.basis, (H, H))
        self.phi_m = self.dense((H, 0, 1), self.out(q.attention, signed=True))
        self.gate = edge_layers.Table(
            sigmoid, sigmoid_slope, self.phi_m.out, self.out(Width(q.attention.width, 0))
        )
        self.gated = edge_layers.Multiply(self.out(q.edge))
        self.total = edge_layers.EdgeSum(
            self.n_particles, self.out(q.message), directed=self.phi_e.directed
        )
        self.reads = kind.joined(Basis.scaled(H))
        self.joined = layers.Concat(self.out(q.message)) if config.beams else None
        self.phi_h = self.dense((self.reads.n_hardware, 0, H), self.out(q.node), relu=True)
        self.phi_h_end = self.dense((H, 0, H), self.out(q.node, signed=True))
        self.pooled = layers.ParticleSum(self.out(q.pooled, signed=True))
        N = self.n_constituents
        self.count = layers.Count(self.out(Width(N.bit_length(), N.bit_length())))
        self.hidden = layers.Dense(
            (H, 0, H), (q.node_weight, q.bias), self.out(q.hidden), relu=True, n_select=N + 1
        )
        self.score = self.dense((H, 0, n_outputs), self.out(q.score, signed=True))

    def outputs(self, inputs: Mapping[str, Tensor]) -> Tensor:
        """The operators in order, from the inputs to the scores (B, C)."""
        return self.head(self.invariants(inputs))

    def invariants(self, inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """The part without trainable constants."""
        values = self.values(inputs)
        present = values["pt"]  # (B, N)
        pair = self.pairs(self.d(present, values["eta"], values["phi"]))  # (B, P, 2)
        parts = {"present": present, "pair": pair, "count": self.count(present)}
        return parts | ({"flag": self.flag(present)} if self.beams else {})

    def head(self, invariants: Mapping[str, Tensor]) -> Tensor:
        """The trainable part, from `invariants` to the scores (B, C)."""
        present, pair, count = (invariants[name] for name in ("present", "pair", "count"))
        flag = invariants.get("flag")  # (B, M, 1)
        edges = self.phi_e(flag, (), pair)  # (B, P or 2 P, H)
        edges = self.gated(edges, self.gate(self.phi_m(edges)))  # (B, P or 2 P, H)
        total = self.total(edges, present)  # (B, M, H)
        x = total if self.joined is None else self.joined(flag, total)  # (B, M, H or 1 + H)
        x = self.pooled(self.phi_h_end(self.phi_h(x)), present)  # (B, H)
        score: Tensor = self.score(self.hidden(x, count))
        return score

    @torch.no_grad()
    def set_weights(self, model: LorentzNet) -> None:
        """Start from the weights of a float model of the same configuration."""
        block: Any = model.blocks[0]
        # (H, 2), (H,)
        embedding, constant = as_array(model.embedding.weight), as_array(model.embedding.bias)
        end = Basis.scaled(len(constant))

        def of_kind(weight: Values) -> Map:
            """A map of h as one of s."""
            return weight @ embedding, weight @ constant  # (H, 2), (H,)

        (weight, bias), *_ = edge_maps(block.phi_e)  # (H, 2 H + 2), (H,)
        H = len(constant)
        near, far = of_kind(weight[:, :H]), of_kind(weight[:, H : 2 * H])  # (H, 2), (H,) each
        # (H, 6), (H,)
        first = np.hstack([near[0], far[0], weight[:, 2 * H :]]), bias + near[1] + far[1]
        self.phi_e.set_maps([first, _map(block.phi_e_end)])
        end.set_dense(self.phi_m, *_map(block.phi_m))
        (weight, bias), last = network_maps(block.phi_h)  # (H, 2 H + 2), (H,)
        own = of_kind(weight[:, :H])  # (H, 2), (H,)
        both = np.hstack([own[0] + weight[:, 2 * H :], weight[:, H : 2 * H]])  # (H, 2 + H)
        self.reads.set_dense(self.phi_h, both, bias + own[1])
        end.set_dense(self.phi_h_end, *last)
        self._set_head(network_maps(model.head), embedding, constant)

    def _set_head(self, maps: list[Map], embedding: Values, constant: Values) -> None:
        """The mean over particles: for each number of them the weights divided by it."""
        (weight, bias), (end, end_bias) = maps  # (H, H), (H,), (2 or C, H), (2 or C,)
        beams = 2 * int(self.beams)
        n = np.maximum(np.arange(self.n_constituents + 1) + beams, 1)[:, None]  # (K, 1)
        mean_h = constant + embedding[:, 1] * beams / n  # (K, H) of h_i, before the block
        # (K, H, H), (K, H)
        self.hidden.set_constants((weight.T / n[:, :, None]), mean_h @ weight.T + bias)
        if self.score.features[2] == 1:  # the logit is a difference of two outputs
            end, end_bias = end[1:] - end[:1], end_bias[1:] - end_bias[:1]
        Basis.scaled(len(constant)).set_dense(self.score, end, end_bias)


def _map(linear: Any) -> Map:
    return as_array(linear.weight), as_array(linear.bias)


def sigmoid(x: Values) -> Values:
    """The logistic function."""
    value: Values = 1 / (1 + np.exp(-x.clip(-500, 500)))
    return value


def sigmoid_slope(x: Values) -> Values:
    """Its derivative."""
    value = sigmoid(x)
    slope: Values = value * (1 - value)
    return slope
