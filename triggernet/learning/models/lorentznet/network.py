"""LorentzNet: Lorentz group equivariant message passing, in floating point.

Gong et al., "An efficient Lorentz equivariant graph neural network for jet tagging" (JHEP 07 (2022)
030), with psi(z) = sgn(z) log(|z| + 1):

    h_i   = Linear(s_i), s_i = (psi(m_i), 0) for a constituent, (0, 1) for a beam (1, 0, 0, +-1)
    m_ij  = phi_e([h_i, h_j, psi(|x_i - x_j|^2), psi(<x_i, x_j>)]),  times sigmoid(Linear m_ij)
    x_i'  = x_i + c mean_j clamp((x_i - x_j) phi_x(m_ij), +-100)
    h_i'  = h_i + phi_h([h_i, sum_j m_ij, s_i])
    logit = difference of the two outputs of Linear-ReLU-Dropout-Linear(mean_i h_i)

Layers, BatchNorm, gate and clamp are those of the authors' public code. The clamp breaks the
symmetry where it acts. The mean is over the nodes present; s_i of a beam is a flag.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from triggernet.learning.layers import minkowski
from triggernet.learning.layers.message_passing import (
    EdgeNetwork,
    Graph,
    LayerStyle,
    Network,
    full_graph,
    masked_mean,
)
from triggernet.learning.layers.order import canonical
from triggernet.learning.models.lorentznet.config import LorentzNetConfig

_STYLE = LayerStyle("relu", "batch")
_CLAMP_GEV = 100.0
_BEAMS = ((1.0, 0.0, 0.0, 1.0), (1.0, 0.0, 0.0, -1.0))


class LorentzBlock(nn.Module):
    """Messages, then vectors, then node features.

    Parameters
    ----------
    width : int
        H.
    step : float
        c.
    last : bool
        Leave the vectors as they are: nothing reads them any more.
    """

    def __init__(self, width: int, step: float, last: bool) -> None:
        super().__init__()
        self.step = step
        self.phi_e = EdgeNetwork(width, 2, (width,), _STYLE, bias=False)
        self.phi_e_end = nn.Linear(width, width)
        self.phi_m = nn.Linear(width, 1)
        self.phi_h = Network((2 * width + 2, width, width), _STYLE, linear_end=True)
        self.phi_x = None if last else _vector_weight(width)

    def forward(
        self, h: Tensor, x: Tensor, s: Tensor, graph: Graph, present: Tensor
    ) -> tuple[Tensor, Tensor]:
        """New h (B, M, H) and x (B, M, 4)."""
        near, far = x[:, :, None], graph.ends(x)  # (B, M, 1, 4), (B, 1, M, 4)
        gap = near - far  # (B, M, M, 4)
        # (B, M, M, 2)
        products = torch.stack([minkowski.product(gap, gap), minkowski.product(near, far)], 3)
        pair = minkowski.signed_log(products).to(h.dtype)  # (B, M, M, 2)
        m = torch.relu(self.phi_e_end(self.phi_e(h, pair, graph)))  # (B, M, M, H)
        m = m * torch.sigmoid(self.phi_m(m))  # (B, M, M, H), gate (B, M, M, 1)
        if self.phi_x is not None:
            moves = (gap * self.phi_x(m).to(x.dtype)).clamp(-_CLAMP_GEV, _CLAMP_GEV)  # (B, M, M, 4)
            x = x + self.step * graph.mean(moves)  # (B, M, 4)
        total = torch.where(graph.mask[..., None], m, 0.0).sum(2)  # (B, M, H)
        # phi_h reads (B, M, 2 H + 2)
        return h + self.phi_h(torch.cat([h, total, s], 2), present), x


def _vector_weight(width: int) -> nn.Sequential:
    """phi_x; starts near zero, as the authors start it."""
    end = nn.Linear(width, 1, bias=False)
    nn.init.xavier_uniform_(end.weight, gain=0.001)
    return nn.Sequential(nn.Linear(width, width), nn.ReLU(), end)


class LorentzNet(nn.Module):
    """The float model.

    Its input is a mapping with ``momenta`` (B, N, 4), (E, px, py, pz) in GeV, zero where there is
    no constituent. Its output are the logits: (B,), signal if above 0, or
    (B, C).

    Parameters
    ----------
    config : LorentzNetConfig
    n_outputs : int
        C.
    """

    permutation_invariant = True
    head_parameters = ("head.",)

    def __init__(self, config: LorentzNetConfig, n_outputs: int = 1) -> None:
        super().__init__()
        self.config, self.n_outputs = config, n_outputs
        H = config.width
        self.embedding = nn.Linear(2, H)
        last = config.n_blocks - 1
        self.blocks = nn.ModuleList(
            LorentzBlock(H, config.step, k == last) for k in range(config.n_blocks)
        )
        self.head = Network(
            (H, H, max(n_outputs, 2)), LayerStyle("relu", dropout=config.dropout), linear_end=True
        )

    def forward(self, inputs: Mapping[str, Tensor]) -> Tensor:
        """The logits (B,) or (B, C)."""
        return self.head_logits(self.trunk_outputs(inputs))

    def trunk_outputs(self, inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """What the head reads, jet by jet: see `pooled`."""
        momenta = canonical(inputs["momenta"])
        beams = momenta.new_tensor(_BEAMS)[: 2 * int(self.config.beams)]  # (0 or 2, 4)
        return self.pooled(momenta, beams.expand(momenta.shape[0], -1, 4))

    def pooled(self, momenta: Tensor, beams: Tensor) -> dict[str, Tensor]:
        """The constituents (B, N, 4) and beams (B, 0 or 2, 4) of each jet taken together.

        ``pooled`` (B, H), the mean of their features, and ``any`` (B,), bool: whether there are
        some.
        """
        x = torch.cat([momenta, beams], 1)  # (B, M, 4)
        present = x[..., 0] > 0  # (B, M)
        dtype = self.embedding.weight.dtype
        mass = minkowski.square(momenta).clamp(min=0).sqrt()  # (B, N)
        zeros = mass.new_zeros(beams.shape[:2])  # (B, 0 or 2)
        first = torch.cat([minkowski.signed_log(mass), zeros], 1)  # (B, M)
        s = torch.stack([first, torch.cat([0 * mass, zeros + 1], 1)], 2).to(dtype)  # (B, M, 2)
        graph, h = full_graph(present), self.embedding(s)  # h (B, M, H)
        for block in self.blocks:
            h, x = block(h, x, s, graph, present)
        return {"pooled": masked_mean(h, present), "any": present.any(1)}  # (B, H), (B,)

    def head_logits(self, outputs: Mapping[str, Tensor]) -> Tensor:
        """The logits of `trunk_outputs`."""
        scores: Tensor = self.head(outputs["pooled"], outputs["any"])  # (B, 2 or C)
        # The authors have an output for background as well; what counts is the difference.
        return scores[:, 1] - scores[:, 0] if self.n_outputs == 1 else scores
