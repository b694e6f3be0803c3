"""SemiEquivariantNet: message passing on invariant scalars, four-vectors and free features.

Murnane, Thais, Wong, "A Comprehensive Comparison of GNN Architectures for Jet Tagging": an
interaction network whose scalars s stay Lorentz-invariant and whose vectors v stay covariant, while
hidden features h transform as nothing. The poster gives no formulas for the three channels; these
ones are ours:

    I_ij  = |v_i - v_j|^2, optionally <v_i, v_j>
    es_ij = phi_s([s_i, s_j, I_ij])            eh_ij = phi_h([h_i, h_j, s_i, s_j, I_ij])
    w_ij  = softsign(psi(es_ij))               one for each vector
    v_i'  = v_i + mean_j w_ij (v_i - v_j)
    s_i'  = theta_s([s_i, mean_j es_ij])       h_i' = theta_h([h_i, mean_j eh_ij])
    logit = MLP(mean_i [s_i, h_i])

Neither phi_s nor psi sees h. Vectors are kept in the precision of the momenta given (products of
nearly collinear ones cancel), the networks have that of their weights.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import torch
from torch import Tensor, nn

from triggernet.errors import ModelError
from triggernet.learning.layers import minkowski
from triggernet.learning.layers.message_passing import (
    EdgeNetwork,
    Graph,
    LayerStyle,
    Network,
    full_graph,
    masked_mean,
    nearest_graph,
)
from triggernet.learning.layers.order import canonical
from triggernet.learning.models.semiequivariant.config import SemiEquivariantConfig
from triggernet.learning.tasks.losses import one_or_all

# GeV^2 in which invariants are counted, so that what the networks see is of order one.
_UNIT_GEV2 = {"log": 1.0, "linear": 100.0}
# Mean and size of the hidden features d_eta, d_phi, log pt, log E, log pt/pt_jet, log E/E_jet, dR
# of constituents, rounded; what the networks see is of order one.
FEATURE_CENTRE = (0.0, 0.0, 3.0, 3.0, -3.5, -3.5, 0.2)
FEATURE_SIZE = (0.2, 0.2, 1.0, 1.0, 1.0, 1.0, 0.2)


class Nodes(NamedTuple):
    """What every constituent carries: s (B, N, S), v (B, N, V, 4) in GeV, h (B, N, H)."""

    s: Tensor
    v: Tensor
    h: Tensor


class Iteration(nn.Module):
    """One round of messages.

    Parameters
    ----------
    config : SemiEquivariantConfig
    widths : tuple of int
        Of s, v and h as they come in.
    last : bool
        Leave the vectors as they are: nothing reads them any more.
    """

    def __init__(
        self, config: SemiEquivariantConfig, widths: tuple[int, int, int], last: bool
    ) -> None:
        super().__init__()
        self.config = config
        n_s, n_v, n_h = widths
        S, H = config.n_scalars, config.n_hidden
        style = LayerStyle(config.activation, config.norm, config.dropout)
        pair = n_v * (1 + config.products) if S else 0
        edge = config.edge_layers
        self.phi_s = EdgeNetwork(n_s, pair, (S,) * edge, style) if S else None
        self.phi_h = EdgeNetwork(n_h + n_s, pair, (H,) * edge, style) if H else None
        self.theta_s = _theta(n_s, S, config.node_layers, style)
        self.theta_h = _theta(n_h, H, config.node_layers, style)
        self.psi = nn.Linear(S, config.n_vectors) if config.n_vectors and not last else None

    def forward(self, nodes: Nodes, graph: Graph, present: Tensor) -> Nodes:
        """The nodes after the messages, of new widths S' and H'."""
        pair = self.invariants(nodes.v, graph, nodes.h.dtype) if self.phi_s is not None else None
        s, v, h = nodes
        if self.phi_s is not None:
            edges = self.phi_s(nodes.s, pair, graph)  # (B, N, K, S)
            s = self._updated(nodes.s, edges, graph, self.theta_s, present)  # (B, N, S')
            v = self._moved(nodes.v, edges, graph)  # (B, N, V, 4)
        if self.phi_h is not None:
            edges = self.phi_h(torch.cat([nodes.h, nodes.s], 2), pair, graph)  # (B, N, K, H)
            h = self._updated(nodes.h, edges, graph, self.theta_h, present)  # (B, N, H')
        return Nodes(s, v, h)

    def invariants(self, v: Tensor, graph: Graph, dtype: torch.dtype) -> Tensor:
        """I_ij (B, N, K, V or 2 V) as the networks see it."""
        near, far = v[:, :, None], graph.ends(v)  # (B, N, 1, V, 4), (B, N or 1, K, V, 4)
        gap = near - far  # (B, N, K, V, 4)
        products = [minkowski.product(gap, gap)]  # (B, N, K, V)
        if self.config.products:
            products.append(minkowski.product(near, far))  # (B, N, K, V)
        return scaled(torch.cat(products, 3), self.config).to(dtype)  # (B, N, K, V or 2 V)

    def _moved(self, v: Tensor, edges: Tensor, graph: Graph) -> Tensor:
        """v_i + mean_j w_ij (v_i - v_j), from one vector or as many as there are weights."""
        if self.psi is None:
            return v
        w = nn.functional.softsign(self.psi(edges)).to(v.dtype)[..., None]  # (B, N, K, V, 1)
        steps = w * (v[:, :, None] - graph.ends(v))  # (B, N, K, V, 4)
        moved = graph.mean(steps.flatten(3), self.config.mean == "constant")  # (B, N, 4 V)
        return v + moved.reshape(*moved.shape[:2], -1, 4)  # (B, N, V, 4)

    def _updated(
        self, old: Tensor, edges: Tensor, graph: Graph, theta: Network | None, present: Tensor
    ) -> Tensor:
        new = graph.mean(edges, self.config.mean == "constant")  # (B, N, F)
        if theta is not None:
            new = theta(torch.cat([old, new], 2), present)  # (B, N, F)
        if self.config.shortcut == "concat":
            return torch.cat([old, new], 2)  # (B, N, old and new F)
        adds = self.config.shortcut == "skip" and old.shape == new.shape
        return old + new if adds else new


def _theta(old: int, width: int, n_layers: int, style: LayerStyle) -> Network | None:
    if width == 0 or n_layers == 0:
        return None
    return Network((old + width, *(width,) * n_layers), style, linear_end=True)


def scaled(invariants: Tensor, config: SemiEquivariantConfig) -> Tensor:
    """Invariants in GeV^2 as numbers of order one; a function of invariants alone."""
    z = invariants / _UNIT_GEV2[config.invariants]
    return minkowski.signed_log(z) if config.invariants == "log" else z


class SemiEquivariantNet(nn.Module):
    """The float model.

    Its input is a mapping with ``momenta`` (B, N, 4), (E, px, py, pz) in GeV, zero where there is
    no constituent, and ``jet`` (B, 4) in the same frame, which only the hidden features and the
    angular graph read. Its output are the logits: (B,), signal if above 0, or (B, C). N may differ
    from batch to batch.

    Parameters
    ----------
    config : SemiEquivariantConfig
    n_outputs : int
        C.
    """

    permutation_invariant = True
    head_parameters = ("head.",)

    def __init__(self, config: SemiEquivariantConfig, n_outputs: int = 1) -> None:
        super().__init__()
        self.config = config
        widths = (int(config.n_scalars > 0), 1, len(FEATURE_SIZE) if config.n_hidden else 0)
        self.register_buffer("centre", torch.tensor(FEATURE_CENTRE), persistent=False)
        self.register_buffer("size", torch.tensor(FEATURE_SIZE), persistent=False)
        self.iterations = nn.ModuleList()
        for k in range(config.iterations):
            last = k == config.iterations - 1
            self.iterations.append(Iteration(config, widths, last))
            kept = widths if config.shortcut == "concat" else (0, 0, 0)
            widths = (
                kept[0] + config.n_scalars,
                config.n_vectors or 1,
                kept[2] + config.n_hidden,
            )
        style = LayerStyle(config.activation, dropout=config.dropout)
        self.head = Network(
            (widths[0] + widths[2], *config.head, n_outputs), style, linear_end=True
        )

    centre: Tensor
    size: Tensor

    def forward(self, inputs: Mapping[str, Tensor]) -> Tensor:
        """The logits (B,) or (B, C).

        Raises
        ------
        ModelError
            If ``jet`` is missing where it is read.
        """
        return self.head_logits(self.trunk_outputs(inputs))

    def trunk_outputs(self, inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """What the head reads, jet by jet.

        ``pooled`` (B, S + H), the mean over nodes after the last iteration, and ``any`` (B,), bool:
        whether there are some.
        """
        momenta = canonical(inputs["momenta"])
        nodes, present = self.nodes(momenta, inputs.get("jet")), momenta[..., 0] > 0
        constant = present.shape[1] if self.config.mean == "constant" else None
        pooled = masked_mean(torch.cat([nodes.s, nodes.h], 2), present, constant)  # (B, S + H)
        return {"pooled": pooled, "any": present.any(1)}

    def head_logits(self, outputs: Mapping[str, Tensor]) -> Tensor:
        """The logits of `trunk_outputs`."""
        return one_or_all(self.head(outputs["pooled"], outputs["any"]))

    def nodes(self, momenta: Tensor, jet: Tensor | None) -> Nodes:
        """Scalars, vectors and hidden features of constituents after the last iteration.

        In the order of `momenta` (B, N, 4); those of absent constituents mean nothing.
        """
        present = momenta[..., 0] > 0
        nodes = self._start(momenta, jet)
        graph = self._graph(momenta, jet, nodes.h)
        for k, iteration in enumerate(self.iterations):
            if k > 0 and self.config.graph == "knn_dynamic":
                graph = self._graph(momenta, jet, torch.cat([nodes.s, nodes.h], 2))
            nodes = iteration(nodes, graph, present)
        return nodes

    def _start(self, momenta: Tensor, jet: Tensor | None) -> Nodes:
        dtype = next(self.parameters()).dtype
        v = momenta[:, :, None]  # (B, N, 1, 4)
        s = scaled(minkowski.square(v), self.config).to(dtype)  # (B, N, 1)
        if self.config.n_scalars == 0:
            s = s[..., :0]  # (B, N, 0)
        if self.config.n_hidden == 0:
            return Nodes(s, v, s[..., :0])
        h = hidden_features(momenta, self._needed(jet)).to(dtype)  # (B, N, 7)
        h = torch.where(momenta[..., :1] > 0, (h - self.centre) / self.size, 0.0)
        return Nodes(s, v, h)

    def _needed(self, jet: Tensor | None) -> Tensor:
        if jet is None:
            raise ModelError("semiequivariant: this model reads the whole jet; pass 'jet' (B, 4)")
        return jet

    def _graph(self, momenta: Tensor, jet: Tensor | None, features: Tensor) -> Graph:
        """The graph; a dynamic one needs the features (B, N, F) in which nodes are near."""
        present, kind, k = momenta[..., 0] > 0, self.config.graph, self.config.k
        if k is None:
            return full_graph(present)
        if kind == "knn_angular":
            place = torch.stack(minkowski.angles(momenta, self._needed(jet)), 2)  # (B, N, 2)
            return nearest_graph(_euclidean(place), present, k)
        gap = momenta[:, :, None] - momenta[:, None]  # (B, N, N, 4)
        interval = minkowski.product(gap, gap).abs()  # (B, N, N)
        if kind == "knn_minkowski" or features.shape[2] == 0:
            return nearest_graph(interval, present, k)
        # Nodes that no message reached have equal features; an order of theirs would not be
        # invariant.
        return nearest_graph(_euclidean(features.detach()), present, k, interval)


def _euclidean(x: Tensor) -> Tensor:
    """Squared distances (B, N, N) of points (B, N, F)."""
    return (x[:, :, None] - x[:, None]).square().sum(3)  # (B, N, N, F) to (B, N, N)


def hidden_features(momenta: Tensor, jet: Tensor) -> Tensor:
    """(d_eta, d_phi, log pt, log E, log pt/pt_jet, log E/E_jet, dR): (B, N, 7), GeV and rad.

    Of constituents (B, N, 4) and their jets (B, 4) in one frame; log E is that of this frame.
    """
    d_eta, d_phi = minkowski.angles(momenta, jet)  # (B, N) each
    log_pt = _log(minkowski.transverse_momentum(momenta))  # (B, N)
    log_e = _log(momenta[..., 0])  # (B, N)
    jet_pt = _log(minkowski.transverse_momentum(jet))[:, None]  # (B, 1)
    jet_e = _log(jet[..., 0])[:, None]  # (B, 1)
    d_r = minkowski.hypot(d_eta, d_phi)  # (B, N)
    return torch.stack([d_eta, d_phi, log_pt, log_e, log_pt - jet_pt, log_e - jet_e, d_r], 2)


def _log(x: Tensor) -> Tensor:
    return x.clamp(min=1e-6).log()
