"""The symmetric pair network in hardware arithmetic, every tensor quantised.

The dataflow, one operator a line (`docs/reference/operators.md`)::

    angle   = cosh d_eta - cos d_phi                pairs i < j: PairAngle
    share   = log2 pt                               constituents: MitchellLog, Table
    log d   = share_i + share_j + L(angle)          pairs: MitchellLog, PairJoin
    x       = [L(p . J) - L(J . J), L(pt), |eta|, |phi|]    constituents
    T       = table of log d                        pairs: Embedding, C channels in one word
    z       = ReLU(T + A x_i + A x_j)               pairs: Dense, PairJoin
    R       = sum over j of z_ij                    constituents: EdgeSum
    h       = ReLU(W [x, R])                        constituents: Concat, Dense
    score   = MLP([sum of h, L(J . J), L(jet_pt)])  Sum, Concat, Dense

and for a second block z' = ReLU(B z + A' [x, R]_i + A' [x, R]_j) and its sums. A product of a pair
needs no multiplier, since only its logarithm is read. The batch norms, and the units in which the
float model counts, lie in the weights behind them and in the table (`basis.py`).
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import torch
from torch import Tensor, nn

from triggernet.learning.layers import blocks as layers
from triggernet.learning.layers import edges as edge_layers
from triggernet.learning.layers.basis import Basis, absorbed, as_array, network_maps
from triggernet.learning.layers.network import QuantisedModel
from triggernet.learning.models.pairnet.network import OCTAVES, SUM_UNIT
from triggernet.learning.models.pairnet.pair_inputs import (
    LOWEST_OCTAVE,
    QuantisedPairInputs,
    half_step,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from triggernet.data import EncodingConfig
    from triggernet.learning.layers.quantisers import ActivationQuantiser
    from triggernet.learning.models.pairnet.config import PairNetConfig, PairNetQuantisation
    from triggernet.learning.models.pairnet.network import Block, PairNet


class Functions(nn.Module):
    """C functions of log2 d_ij, as the float model makes them: tanh between two linear maps.

    Computed in double precision, so that the words of the table do not depend on the machine.

    Parameters
    ----------
    n_knots, n_channels : int
        Hidden units, and C.
    """

    def __init__(self, n_knots: int, n_channels: int) -> None:
        super().__init__()
        self.slope, self.place = (nn.Parameter(torch.zeros(n_knots)) for _ in range(2))
        self.weight = nn.Parameter(torch.zeros(n_knots, n_channels))
        self.bias = nn.Parameter(torch.zeros(n_channels))

    def forward(self, octaves: Tensor) -> Tensor:
        """Results (n, C) at values (n, 1) of the address, in octaves above the lowest."""
        log_d = (octaves + LOWEST_OCTAVE) / OCTAVES - 1  # what the float model reads, (n, 1)
        hidden = torch.tanh(log_d * self.slope.double() + self.place.double())  # (n, knots)
        return hidden @ self.weight.double() + self.bias.double()  # (n, C)

    def set_weights(self, block: Block, constant: float) -> None:
        """Start from the float model's functions, its norm absorbed, plus a constant."""
        first, _, last = cast("tuple[nn.Linear, nn.Tanh, nn.Linear]", block.of_pair)
        slope, place = as_array(first.weight)[:, 0], as_array(first.bias)  # (knots,) each
        weight, bias = absorbed(as_array(last.weight), as_array(last.bias), block.behind)  # (C, k)
        for mine, theirs in (
            (self.slope, slope),
            (self.place, place),
            (self.weight, weight.T),
            (self.bias, bias + constant),
        ):
            mine.copy_(torch.as_tensor(theirs))


class QuantisedBlock(nn.Module):
    """ReLUs of all pairs, and their sums for each particle.

    Parameters
    ----------
    model : QuantisedPairNet
    of_pair : nn.Module
        From what is known of a pair to C channels.
    reads : Basis
        How the float model's features of a particle follow from those in hardware.
    """

    def __init__(self, model: QuantisedPairNet, of_pair: nn.Module, reads: Basis) -> None:
        super().__init__()
        q, C = model.quantisation, model.config.n_channels
        self.reads, self.of_pair = reads, of_pair
        self.share = model.dense((reads.n_hardware, C), model.out(q.a, signed=True))
        self.join = edge_layers.PairJoin(model.out(q.z), relu=True)
        self.rows = edge_layers.EdgeSum(model.n_constituents, model.out(q.message), directed=False)

    def forward(self, pair: Tensor, x: Tensor, present: Tensor) -> tuple[Tensor, Tensor]:
        """The ReLUs z (B, P, C) and their sums (B, N, C)."""
        z = self.join(self.share(x), self.of_pair(pair))  # (B, P, C)
        return z, self.rows(z, present)  # (B, N, C)

    def set_weights(self, block: Block) -> None:
        """Start from the float block; its norm's constant goes to the pair."""
        weight, bias = as_array(block.share.weight), as_array(block.share.bias)
        weight, both = absorbed(weight, bias, block.behind)  # (C, F), (C,)
        _, constant = absorbed(weight, np.zeros_like(bias), block.behind)
        self.reads.set_dense(self.share, weight, both - constant + half_step(self.share.out))
        middle = half_step(self.join.out)  # rounding down loses it
        if isinstance(self.of_pair, edge_layers.Embedding):
            cast("Functions", self.of_pair.functions).set_weights(block, middle)
            return
        dense = cast("layers.Dense", self.of_pair)
        mixed = as_array(cast("nn.Linear", block.of_pair).weight)  # (C, C)
        weight, bias = absorbed(mixed, np.zeros(len(mixed)), block.behind)
        Basis.scaled(len(mixed)).set_dense(dense, weight, bias + middle + half_step(dense.out))


class QuantisedPairNet(QuantisedModel):
    """The symmetric pair network with fake quantisation, exportable operator by operator.

    Parameters
    ----------
    config : PairNetConfig
    quantisation : PairNetQuantisation
    encoding : EncodingConfig
    n_outputs : int
        O.
    """

    def __init__(
        self,
        config: PairNetConfig,
        quantisation: PairNetQuantisation,
        encoding: EncodingConfig,
        n_outputs: int = 1,
    ) -> None:
        N = encoding.n_constituents
        types = {n: (1 if n.startswith("jet_") else N, t) for n, t in encoding.types.items()}
        super().__init__(types, quantisation.rounding)
        self.config, self.quantisation, self.n_constituents = config, quantisation, N
        q, C = quantisation, config.n_channels
        self.given = QuantisedPairInputs(self, config, q)
        functions = Functions(config.n_knots, C)
        word = self.out(q.word, signed=True)
        table = edge_layers.Embedding(functions, self.given.pair_log.out, word)
        self.blocks, self.joins, reads = nn.ModuleList(), nn.ModuleList(), self.given.basis
        for k in range(config.blocks):
            mixed = table if k == 0 else self.dense((C, C), self.out(q.mixed, signed=True))
            block = QuantisedBlock(self, mixed, reads)
            self.blocks.append(block)
            self.joins.append(layers.Concat(self.out(q.reads, signed=True)))
            reads = reads.joined(_sums(C, block.rows.out))
        self.reads, H = reads, config.n_hidden
        self.node = self.dense((reads.n_hardware, H), self.out(q.node), relu=True)
        self.pooled = layers.ParticleSum(self.out(q.pooled))
        self.jet = layers.Concat(self.out(q.jet))
        self.of_jet = Basis.scaled(H, 1 / SUM_UNIT).joined(self.given.jet_basis)
        sizes = (self.of_jet.n_hardware, *config.head)
        self.hidden = nn.ModuleList(
            self.dense(ends, self.out(q.hidden), relu=True) for ends in pairwise(sizes)
        )
        self.score = self.dense((sizes[-1], n_outputs), self.out(q.score, signed=True))

    def dense(self, features: tuple[int, int], out: Any, *, relu: bool = False) -> layers.Dense:
        """A dense layer of so many inputs and outputs."""
        q, (f, g) = self.quantisation, features
        return layers.Dense((f, 0, g), (q.weight, q.bias), out, relu=relu, digits=q.digits)

    def outputs(self, inputs: Mapping[str, Tensor]) -> Tensor:
        """The operators in order, from the inputs to the scores (B, O)."""
        return self.head(self.invariants(inputs))

    def invariants(self, inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """The part without trainable constants: log d, features, and who is present."""
        return cast("dict[str, Tensor]", self.given(self.values(inputs)))

    def head(self, invariants: Mapping[str, Tensor]) -> Tensor:
        """The trainable part, from `invariants` to the scores (B, O)."""
        pair, x, jet, present = (invariants[n] for n in ("pair", "x", "jet", "present"))
        for block, join in zip(self.blocks, self.joins, strict=True):
            pair, sums = block(pair, x, present)  # (B, P, C), (B, N, C)
            x = join(x, sums)  # (B, N, F + C), then (B, N, F + 2 C)
        h = self.pooled(self.node(x), present)  # (B, H)
        x = self.jet(h, jet)  # (B, H + G)
        for dense in self.hidden:
            x = dense(x)
        score: Tensor = self.score(x)
        return score

    @torch.no_grad()
    def set_weights(self, model: PairNet) -> None:
        """Start from the weights of a float model of the same configuration."""
        for mine, theirs in zip(self.blocks, model.blocks, strict=True):
            cast("QuantisedBlock", mine).set_weights(cast("Block", theirs))
        ((weight, bias),) = network_maps(model.node)
        self.reads.set_dense(self.node, weight, bias + half_step(self.node.out))
        first, *rest = network_maps(model.head)
        dense = [*self.hidden, self.score]
        self.of_jet.set_dense(cast("layers.Dense", dense[0]), *first)
        for layer, (weight, bias) in zip(dense[1:], rest, strict=True):
            Basis.scaled(weight.shape[1]).set_dense(cast("layers.Dense", layer), weight, bias)


def _sums(n_channels: int, out: ActivationQuantiser) -> Basis:
    """Sums of the float model from those in hardware."""
    lost = np.full(n_channels, half_step(out) / SUM_UNIT)
    return Basis(np.eye(n_channels) / SUM_UNIT, np.zeros((n_channels, 0)), lost)
