"""SemiEquivariantNet in hardware arithmetic: every tensor quantised, sums instead of means.

The dataflow, one operator a line (`docs/reference/operators.md`)::

    d    = p_i . p_j                              pairs i < j
    q    = L(1 + 2 d) [, L(1 + d)], or d          pairs: |v_i - v_j|^2 of light-like vectors is -2 d
    h    = Stack(eta, phi, L(pt), ...)            constituents
    es   = ReLU(Dense(near_i + far_j + C q))      directed edges; in the first iteration s is 0
    eh   = the same from [h, s]
    m    = EdgeSum(es), EdgeSum(eh)               constituents
    s, h = Dense([s, m]), Dense([h, m])
    d    = VectorUpdate(d, softsign(Dense(es)))   where the next iteration sees moved vectors
    score = Dense(ReLU(Dense(Sum([s, h]))))

phi_s and psi see d alone, and s: after quantisation, too, s depends on the four-momenta through the
encoded invariants only. The powers of two by which the float model divides its sums, its
normalisations and its units lie in the weights behind them (`basis.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import numpy as np
import torch
from torch import Tensor, nn

from triggernet.learning.layers import blocks as layers
from triggernet.learning.layers import edges as edge_layers
from triggernet.learning.layers.basis import Basis, as_array, edge_maps, network_maps
from triggernet.learning.layers.edge_network import (
    EdgeLayers,
    EdgeModel,
    HiddenColumns,
    PairFeatures,
    power_at_least,
    set_layers,
)
from triggernet.learning.layers.edge_widths import EdgeQuantisation
from triggernet.learning.models.semiequivariant.quantised_vectors import MovedVectors

if TYPE_CHECKING:
    from collections.abc import Mapping

    from triggernet.data import EncodingConfig
    from triggernet.learning.models.semiequivariant.config import SemiEquivariantConfig
    from triggernet.learning.models.semiequivariant.network import Iteration, SemiEquivariantNet

_N_HIDDEN = 7  # hidden features of the float model
LINEAR_UNIT_GEV2 = 100.0  # of invariants that enter as they are, in the float model


def input_types(config: SemiEquivariantConfig, encoding: EncodingConfig) -> dict[str, Any]:
    """Length and type of each input: the whole jet only where hidden features read it."""
    N = encoding.n_constituents
    return {
        name: (1 if name.startswith("jet_") else N, kind)
        for name, kind in encoding.types.items()
        if config.n_hidden or not name.startswith("jet_")
    }


class QuantisedNodes(NamedTuple):
    """What constituents carry in hardware: s and h (B, N, F), None without features."""

    s: Tensor | None
    h: Tensor | None


class Bases(NamedTuple):
    """How the float model's s and h follow from them."""

    s: Basis
    h: Basis


class QuantisedIteration(nn.Module):
    """One round of messages.

    Parameters
    ----------
    model : EdgeModel
    config : SemiEquivariantConfig
    before : Bases
        Of the nodes as they come in.
    pairs : Basis
        Of the features of pairs.
    moves : bool
        Whether something reads the vectors afterwards.
    """

    def __init__(
        self,
        model: EdgeModel,
        config: SemiEquivariantConfig,
        before: Bases,
        pairs: Basis,
        moves: bool,
    ) -> None:
        super().__init__()
        S, H, n = config.n_scalars, config.n_hidden, config.edge_layers
        q = model.quantisation
        self.phi_s = EdgeLayers(model, before.s, pairs, (S,) * n) if S else None
        both = before.h.joined(before.s)
        self.both = layers.Concat(model.out(q.node, signed=True)) if _two(before) else None
        self.phi_h = EdgeLayers(model, both, pairs if S else None, (H,) * n) if H else None
        self.update_s = _Update(model, config, before.s, S, self.phi_s)
        self.update_h = _Update(model, config, before.h, H, self.phi_h)
        self.after = Bases(self.update_s.basis, self.update_h.basis)
        self.vectors = None
        if moves and self.phi_s is not None:
            self.vectors = MovedVectors(model, config, self.phi_s.directed)

    def forward(
        self,
        nodes: QuantisedNodes,
        context: tuple[Tensor, ...],
        d: Sequence[Tensor],
        pair: Tensor | None,
        present: Tensor,
    ) -> tuple[QuantisedNodes, Sequence[Tensor]]:
        """New nodes, of widths S' and H', and the products of the vectors behind."""
        s, h = nodes.s, nodes.h
        if self.phi_s is not None:
            edges = self.phi_s(nodes.s, (), pair)  # (B, P or 2 P, S)
            s = self.update_s(nodes.s, (), edges, present)  # (B, N, S')
            d = d if self.vectors is None else self.vectors(d, edges, present)  # (B, P) each
        if self.phi_h is not None:
            both = nodes.h if self.both is None else self.both(nodes.h, nodes.s)  # (B, N, H + S)
            # (B, P or 2 P, H)
            edges = self.phi_h(both, context, pair if self.phi_s is not None else None)
            h = self.update_h(nodes.h, context, edges, present)  # (B, N, H')
        return QuantisedNodes(s, h), d

    def set_weights(self, iteration: Iteration) -> None:
        """Start from the float iteration."""
        channels = (
            (self.phi_s, self.update_s, iteration.phi_s, iteration.theta_s),
            (self.phi_h, self.update_h, iteration.phi_h, iteration.theta_h),
        )
        for phi, update, float_phi, theta in channels:
            if phi is not None and float_phi is not None:
                phi.set_maps(edge_maps(float_phi))
                update.set_maps(network_maps(theta) if theta is not None else [])
        if self.vectors is not None and iteration.psi is not None:
            self.vectors.set_maps(as_array(iteration.psi.weight), as_array(iteration.psi.bias))


def _keeps_features(config: SemiEquivariantConfig) -> bool:
    """Whether a shortcut leads the first hidden features past the first iteration."""
    adds = config.shortcut == "skip" and config.n_hidden == _N_HIDDEN
    return adds or config.shortcut == "concat"


def _two(bases: Bases) -> bool:
    return bases.s.n_hardware > 0 and bases.h.n_hardware > 0


class _Update(nn.Module):
    """Sums of messages, theta and the shortcut: one channel's new features of constituents."""

    def __init__(
        self,
        model: EdgeModel,
        config: SemiEquivariantConfig,
        before: Basis,
        width: int,
        phi: EdgeLayers | None,
    ) -> None:
        super().__init__()
        q = model.quantisation
        self.sum = edge_layers.EdgeSum(
            model.n_particles, model.out(q.message), phi is None or phi.directed
        )
        mean = Basis.scaled(width, 1 / power_at_least(model.n_constituents - 1))
        self.reads = before.joined(mean)
        self.theta = nn.ModuleList()
        self.joined = None
        if width and config.node_layers:
            if before.n_hardware:
                self.joined = layers.Concat(model.out(q.columns, signed=True))
            for k in range(config.node_layers):
                n, c = (self.reads.n_hardware, self.reads.n_context) if k == 0 else (width, 0)
                last = k == config.node_layers - 1
                out = model.out(q.node, signed=last)
                self.theta.append(model.dense((n, c, width), out, relu=not last))
            mean = Basis.scaled(width)
        self.skip = None
        if config.shortcut == "skip" and before.n_float == width:
            self.skip = layers.Add(model.out(q.node, signed=True))
        self.concat = None
        if config.shortcut == "concat" and width:
            if before.n_hardware:
                self.concat = layers.Concat(model.out(q.node, signed=True))
            mean = before.joined(mean)
        self.basis = mean if width else before

    def forward(
        self, old: Tensor | None, context: tuple[Tensor, ...], edges: Tensor, present: Tensor
    ) -> Tensor:
        """New features (B, N, F)."""
        new = self.sum(edges, present)  # (B, N, G)
        if len(self.theta):
            x = new if self.joined is None else self.joined(old, new)  # (B, N, F + G)
            shared = context if self.reads.n_context else ()
            for k, dense in enumerate(self.theta):
                x = dense(x, *shared) if k == 0 else dense(x)  # (B, N, G)
            new = x
        if self.skip is not None and old is not None:
            new = self.skip(old, new)  # (B, N, G)
        if self.concat is not None:
            new = self.concat(old, new)  # (B, N, F + G)
        return cast("Tensor", new)

    def set_maps(self, maps: Sequence[Any]) -> None:
        """Start theta from its float layers."""
        if maps:
            set_layers(self.theta, maps, self.reads)


class QuantisedSemiEquivariantNet(EdgeModel):
    """SemiEquivariantNet with fake quantisation, exportable operator by operator.

    Parameters
    ----------
    config : SemiEquivariantConfig
        For which `unsupported` is None.
    quantisation : EdgeQuantisation
    encoding : EncodingConfig
    n_outputs : int
        C.
    """

    def __init__(
        self,
        config: SemiEquivariantConfig,
        quantisation: EdgeQuantisation,
        encoding: EncodingConfig,
        n_outputs: int = 1,
    ) -> None:
        super().__init__(input_types(config, encoding), quantisation)
        q = quantisation
        self.columns = HiddenColumns(self) if config.n_hidden else None
        self.embedding = None
        start = Bases(Basis.zero(int(config.n_scalars > 0)), self._hidden_basis())
        self.first = start.h
        if self.columns is not None and _keeps_features(config):
            # What is kept must be the float model's features, without the jet's context.
            self.embedding = self.dense((5, 2, _N_HIDDEN), self.out(q.node, signed=True))
            start = Bases(start.s, Basis.scaled(_N_HIDDEN))
        self.pairs, self.iterations = nn.ModuleList(), nn.ModuleList()
        bases, sources, pairs = start, [self.d.out], Basis.scaled(0)
        for k in range(config.iterations):
            if config.n_scalars and (k == 0 or config.n_vectors):
                logarithmic = config.invariants == "log"
                features = PairFeatures(self, sources, logarithmic, config.products)
                self.pairs.append(features)
                pairs = features.basis.times(1 if logarithmic else 1 / LINEAR_UNIT_GEV2)
            moves = config.n_vectors > 0 and k < config.iterations - 1
            iteration = QuantisedIteration(self, config, bases, pairs, moves)
            self.iterations.append(iteration)
            bases = iteration.after
            sources = sources if iteration.vectors is None else iteration.vectors.sources
        self.joined = layers.Concat(self.out(q.node, signed=True)) if _two(bases) else None
        self.pooled = layers.ParticleSum(self.out(q.pooled, signed=True))
        mean = 1 / power_at_least(self.n_constituents)
        self.reads = bases.s.joined(bases.h).times(mean)
        sizes = (self.reads.n_hardware, *config.head)
        self.hidden = nn.ModuleList(
            self.dense((a, 0, b), self.out(q.hidden), relu=True) for a, b in pairwise(sizes)
        )
        self.score = self.dense((sizes[-1], 0, n_outputs), self.out(q.score, signed=True))

    def _hidden_basis(self) -> Basis:
        from triggernet.learning.models.semiequivariant.network import FEATURE_CENTRE, FEATURE_SIZE

        if self.columns is None:
            return Basis.scaled(0)
        return self.columns.basis(np.array(FEATURE_CENTRE), np.array(FEATURE_SIZE))

    def outputs(self, inputs: Mapping[str, Tensor]) -> Tensor:
        """The operators in order, from the inputs to the scores (B, C)."""
        return self.head(self.invariants(inputs))

    def invariants(self, inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """The part without trainable constants."""
        values = self.values(inputs)
        parts = {"present": values["pt"]}
        if len(self.pairs):
            parts["d"] = self.d(values["pt"], values["eta"], values["phi"])  # (B, P)
            parts["pair"] = self.pairs[0](parts["d"])  # (B, P, Q)
        if self.columns is not None:
            parts["h"], parts["context"] = self.columns(values)  # (B, N, 5), (B, 2)
        return parts

    def head(self, invariants: Mapping[str, Tensor]) -> Tensor:
        """The trainable part, from `invariants` to the scores (B, C)."""
        present, pair = invariants["present"], invariants.get("pair")
        nodes = QuantisedNodes(None, invariants.get("h"))
        context = (invariants["context"],) if self.columns is not None else ()
        if self.embedding is not None:
            nodes = QuantisedNodes(None, self.embedding(nodes.h, *context))  # h (B, N, 7)
            context = ()
        d: Sequence[Tensor] = [invariants["d"]] if len(self.pairs) else []  # (B, P) each
        for k, iteration in enumerate(self.iterations):
            if 0 < k < len(self.pairs):
                pair = self.pairs[k](*d)  # (B, P, Q)
            nodes, d = iteration(nodes, context, d, pair, present)
        both = [x for x in nodes if x is not None]  # (B, N, S), (B, N, H)
        x = self.joined(*both) if self.joined is not None else both[0]  # (B, N, S + H)
        x = self.pooled(x, present)  # (B, S + H)
        for dense in self.hidden:
            x = dense(x)
        score: Tensor = self.score(x)
        return score

    @torch.no_grad()
    def set_weights(self, model: SemiEquivariantNet) -> None:
        """Start from the weights of a float model of the same configuration."""
        if self.embedding is not None:
            self.first.set_dense(self.embedding, np.eye(_N_HIDDEN), np.zeros(_N_HIDDEN))
        for mine, theirs in zip(self.iterations, model.iterations, strict=True):
            cast("QuantisedIteration", mine).set_weights(cast("Any", theirs))
        maps = network_maps(model.head)
        set_layers(nn.ModuleList([*self.hidden, self.score]), maps, self.reads)
