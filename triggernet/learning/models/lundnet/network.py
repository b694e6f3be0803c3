"""LundNet (F. Dreyer, H. Qu, JHEP 03 (2021) 052): edge convolutions on the Lund tree of a jet.

The nodes are the splittings of the jet; edges lead from every node to the splittings of its two
branches, and back. Written from the paper's equations; outputs of the authors' layers are equal.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

import torch
from torch import Tensor, nn

from triggernet.data.lund.trees import PADDING
from triggernet.learning.layers.graphs import ObjectHead, Rows, Shortcut, mean_by, rows_of
from triggernet.learning.models.lundnet.config import LundNetConfig


class TreeConv(nn.Module):
    """One edge convolution: a message along each edge, their mean at each node, and a shortcut.

    The message from node s to node d is a perceptron of ``theta (x_d - x_s) + phi x_s``. Both maps
    are linear, so that they are applied to nodes, of which there are half as many as edges.
    """

    def __init__(self, n_in: int, n_out: int) -> None:
        super().__init__()
        self.theta = nn.Linear(n_in, n_out, bias=False)
        self.phi = nn.Linear(n_in, n_out, bias=False)
        self.norm1 = nn.BatchNorm1d(n_out)
        self.linear2 = nn.Linear(n_out, n_out, bias=False)
        self.norm2 = nn.BatchNorm1d(n_out)
        self.shortcut = Shortcut(n_in, n_out)

    def forward(self, x: Tensor, source: Tensor, target: Tensor) -> Tensor:
        """Features (M, F) of the nodes and the ends (E,) of the edges to features (M, G)."""
        at_target = self.theta(x)  # (M, G)
        at_source = self.phi(x) - at_target  # (M, G)
        edges = at_target.index_select(0, target) + at_source.index_select(0, source)  # (E, G)
        edges = torch.relu(self.norm1(edges))
        edges = torch.relu(self.norm2(self.linear2(edges)))
        updated: Tensor = torch.relu(mean_by(edges, target, x.shape[0]) + self.shortcut(x))
        return updated


class LundNet(nn.Module):
    """From Lund trees to logits.

    Parameters
    ----------
    config : LundNetConfig
    n_outputs : int
        C; with one of them the logits are (B,), otherwise (B, C).
    """

    head_parameters = ("head.",)

    def __init__(self, config: LundNetConfig, n_outputs: int = 1) -> None:
        super().__init__()
        widths = (len(config.coordinates), *config.convs)
        self.norm = nn.BatchNorm1d(widths[0])
        self.convs = nn.ModuleList(TreeConv(a, b) for a, b in pairwise(widths))
        sizes = sum(config.convs), config.hidden
        self.head = ObjectHead(sizes, n_outputs, config.fusion, config.dropout)

    def forward(self, inputs: Mapping[str, Tensor]) -> Tensor:
        """The logits (B,) or (B, C).

        Parameters
        ----------
        inputs : mapping of str to tensor
            ``nodes`` (B, N, F) and ``parent`` (B, N) of Lund trees, padded as `LundTrees.padded`
            does.
        """
        rows = rows_of(inputs["parent"] > PADDING)
        logits: Tensor = self.head(self._nodes(inputs, rows), rows)
        return logits

    def trunk_outputs(self, inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """What the head reads, jet by jet, for trainings that leave the trunk as it is."""
        rows = rows_of(inputs["parent"] > PADDING)
        return {"features": rows.pad(self._nodes(inputs, rows)), "parent": inputs["parent"]}

    def head_logits(self, outputs: Mapping[str, Tensor]) -> Tensor:
        """The logits of `trunk_outputs`."""
        rows = rows_of(outputs["parent"] > PADDING)
        logits: Tensor = self.head(rows.take(outputs["features"]), rows)
        return logits

    def _nodes(self, inputs: Mapping[str, Tensor], rows: Rows) -> Tensor:
        """Features (M, G) of all nodes, those of every convolution side by side."""
        source, target = edges_of(inputs["parent"], rows)
        x = self.norm(rows.take(inputs["nodes"]).to(self.norm.weight.dtype))  # (M, F)
        nodes = []
        for conv in self.convs:
            x = conv(x, source, target)  # (M, G_k)
            nodes.append(x)
        return torch.cat(nodes, 1)


def edges_of(parent: Tensor, rows: Rows) -> tuple[Tensor, Tensor]:
    """Rows (E,) at which the edges begin and end: child to parent, then parent to child.

    `parent` (B, N) counts within each tree.
    """
    above = rows.take(parent).long()  # (M,)
    child = (above >= 0).nonzero()[:, 0]  # (E / 2,)
    first = rows.number[:, 0].index_select(0, rows.owner)  # (M,): a tree's first node has its row
    upper = (first + above).index_select(0, child)
    return torch.cat([child, upper]), torch.cat([upper, child])
