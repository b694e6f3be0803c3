"""Message passing in hardware arithmetic: layers of edges, hidden features of constituents.

What the models with edges share; each of them has the dataflow in its own module.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import cast

import numpy as np
from torch import Tensor, nn

from triggernet.data.encoding import ANGLE_STEP_RAD
from triggernet.fixedpoint import FixedPoint
from triggernet.learning.layers import blocks as layers
from triggernet.learning.layers import dots as dot_layers
from triggernet.learning.layers import edges as edge_layers
from triggernet.learning.layers.basis import Basis, Map
from triggernet.learning.layers.blocks import Values
from triggernet.learning.layers.edge_widths import EdgeQuantisation
from triggernet.learning.layers.network import QuantisedModel
from triggernet.learning.layers.quantisers import ActivationQuantiser
from triggernet.learning.layers.widths import Width

LN2 = math.log(2)
_LARGEST_EXPONENT = 60  # before calibration a type may hold more
_COSH_UNIT = 64.0  # log cosh of an angle is small; in these units it lies on the grid of the others


class EdgeModel(QuantisedModel):
    """A model of edges between the N constituents of polar inputs.

    Parameters
    ----------
    input_types : mapping of str to (int, FixedPoint)
        ``pt``, ``eta``, ``phi``, and for the whole jet ``jet_pt``, ``jet_excess``.
    quantisation : EdgeQuantisation
    beams : bool
        Whether the two beams are particles like the constituents.
    """

    def __init__(
        self,
        input_types: Mapping[str, tuple[int, FixedPoint]],
        quantisation: EdgeQuantisation,
        beams: bool = False,
    ) -> None:
        super().__init__(input_types, quantisation.rounding)
        self.quantisation, q = quantisation, quantisation
        self.n_constituents, eta = input_types["eta"]
        self.n_particles = self.n_constituents + 2 * int(beams)
        assert q.table.integer is not None
        word = FixedPoint(False, q.table.width, q.table.integer)
        tables = dot_layers.PolarTables(eta.width, ANGLE_STEP_RAD, word, FixedPoint(False, 10, 2))
        no_jet = dot_layers.JetDotPolar(tables, (False, beams), self.out(q.d), self.out(q.d))
        self.d = dot_layers.PairDotPolar(tables, self.out(q.product), no_jet, self.out(q.d))

    def dense(
        self, features: tuple[int, int, int], out: ActivationQuantiser, relu: bool = False
    ) -> layers.Dense:
        """A dense layer of nodes: F features, H of context and G outputs."""
        q = self.quantisation
        return layers.Dense(features, (q.node_weight, q.bias), out, relu=relu)

    def edge_dense(self, features: tuple[int, int]) -> layers.Dense:
        """A dense layer of edges with ReLU."""
        q = self.quantisation
        return layers.Dense(
            (features[0], 0, features[1]),
            (q.weight, q.bias),
            self.out(q.edge),
            relu=True,
            digits=q.digits,
        )


class PairFeatures(nn.Module):
    """What edges see of the products d of their particles: each (B, P), together (B, P, Q).

    Parameters
    ----------
    model : EdgeModel
    sources : sequence of ActivationQuantiser
        What made each d, one for each vector.
    logarithmic : bool
        Whether invariants z enter as sgn(z) log(1 + |z|), z in GeV^2, or as they are.
    products : bool
        Whether there is d itself beside -2 d, the squared distance; for one d of light-like
        vectors.
    """

    def __init__(
        self,
        model: EdgeModel,
        sources: Sequence[ActivationQuantiser],
        logarithmic: bool,
        products: bool,
    ) -> None:
        super().__init__()
        q, signed = model.quantisation, any(source.kind.signed for source in sources)
        distances = [-2.0] * len(sources)
        self.logs = nn.ModuleList()
        if logarithmic:
            distances = [-LN2] * len(sources)
            kinds = [(1, source) for source in sources] + [(0, sources[0])] * int(products)
            for shift, source in kinds:
                log = edge_layers.MitchellLog(shift, source, model.out(q.log, source.kind.signed))
                self.logs.append(log)
        self.stack = layers.Stack(model.out(q.log if logarithmic else q.d, signed))
        if logarithmic:
            matrix = np.diag([*distances, *([LN2] * int(products))])  # (Q, Q), an own log each
        else:
            # (Q, V)
            matrix = np.vstack([np.diag(distances), np.eye(1, len(sources))[: int(products)]])
        n = len(matrix)
        self.basis = Basis(matrix, np.zeros((n, 0)), np.zeros(n))

    def forward(self, *d: Tensor) -> Tensor:
        """The columns side by side."""
        of_logs = [*d, *d[:1]][: len(self.logs)]
        columns = [log(x) for log, x in zip(self.logs, of_logs, strict=True)] or d  # (B, P) each
        stacked: Tensor = self.stack(*columns)
        return stacked


class EdgeLayers(nn.Module):
    """Dense layers on [x_i, x_j, pair_ij], and the sum of what each particle receives.

    Parameters
    ----------
    model : EdgeModel
    nodes, pairs : Basis
        What is known of particles and of pairs; without features of particles both edges of a
        pair are the same.
    sizes : sequence of int
        Outputs of the layers.
    """

    def __init__(
        self, model: EdgeModel, nodes: Basis, pairs: Basis | None, sizes: Sequence[int]
    ) -> None:
        super().__init__()
        q, G = model.quantisation, sizes[0]
        self.nodes, self.pairs = nodes, pairs
        self.directed = nodes.n_hardware > 0
        n_pairs = pairs.n_hardware if pairs is not None else 0
        if self.directed:
            ends = (nodes.n_hardware, nodes.n_context, G)
            self.near = model.dense(ends, model.out(q.near, signed=True))
            self.far = model.dense(ends, model.out(q.near, signed=True))
            self.join = edge_layers.EdgeJoin(
                (n_pairs, G), q.weight, model.out(q.edge), digits=q.digits
            )
        else:
            self.first = model.edge_dense((n_pairs, G))
        self.rest = nn.ModuleList(model.edge_dense(ends) for ends in pairwise(sizes))

    def forward(self, x: Tensor | None, context: tuple[Tensor, ...], pair: Tensor | None) -> Tensor:
        """Edges (B, 2 P, G), or (B, P, G) where both directions are the same."""
        pairs = () if pair is None else (pair,)
        if x is not None and self.directed:
            shared = context if self.nodes.n_context else ()
            # (B, 2 P, G)
            edges: Tensor = self.join(self.near(x, *shared), self.far(x, *shared), *pairs)
        else:
            edges = self.first(*pairs)  # (B, P, G)
        for dense in self.rest:
            edges = dense(edges)
        return edges

    def set_maps(self, maps: Sequence[Map]) -> None:
        """Start from the float layers, of which the first one reads [x_i, x_j, pair_ij]."""
        (weight, bias), n = maps[0], self.nodes.n_float  # (G, 2 n + Q), (G,)
        near, far, pair = (
            weight[:, :n],
            weight[:, n : 2 * n],
            weight[:, 2 * n :],
        )  # (G, n) twice, (G, Q)
        if self.directed:
            self.nodes.set_dense(self.near, near, bias)
            self.nodes.set_dense(self.far, far, np.zeros(len(bias)))
            if self.pairs is not None:
                self.pairs.set_join(self.join, pair)
        else:
            assert self.pairs is not None
            constant = bias + (near + far) @ self.nodes.offset  # (G,)
            self.pairs.set_dense(self.first, pair, constant)
        set_layers(self.rest, maps[1:])


def set_layers(dense: nn.ModuleList, maps: Sequence[Map], first: Basis | None = None) -> None:
    """Start dense layers from float ones; `first` says what the first one reads."""
    for k, (layer, (weight, bias)) in enumerate(zip(dense, maps, strict=True)):
        basis = first if k == 0 and first is not None else Basis.scaled(weight.shape[1])
        assert isinstance(layer, layers.Dense)
        basis.set_dense(layer, weight, bias)


class HiddenColumns(nn.Module):
    """The hidden features of constituents, of which the float model's seven are combinations.

    (eta, phi, log2 pt, log cosh eta, dR) of each constituent, in steps of the grid where they are
    angles, and (log2 pt, log2 E) of the jet as context. In the frame in which the jet has no
    rapidity log E = log pt + log cosh eta.
    """

    def __init__(self, model: EdgeModel) -> None:
        super().__init__()
        q, kinds = model.quantisation, {n: kind for n, (_, kind) in model.input_types.items()}
        pt, eta, jet_pt = (
            cast("ActivationQuantiser", model.inputs[n]) for n in ("pt", "eta", "jet_pt")
        )
        width = kinds["eta"].width
        self.log_pt = edge_layers.MitchellLog(kinds["pt"].fraction, pt, model.out(q.log))
        self.cosh = edge_layers.Table(
            lambda x: _COSH_UNIT * np.log(np.cosh(x * ANGLE_STEP_RAD)),
            lambda x: _COSH_UNIT * ANGLE_STEP_RAD * np.tanh(x * ANGLE_STEP_RAD),
            eta,
            model.out(q.log),
        )
        self.square_eta, self.square_phi = (
            edge_layers.Multiply(model.out(Width(2 * width, 2 * width))) for _ in range(2)
        )
        self.square = layers.Add(model.out(Width(2 * width, 2 * width)))
        self.log_square = edge_layers.MitchellLog(0, self.square.out, model.out(q.log))
        self.distance = edge_layers.Table(
            _root_of_inverse, _slope_of_root, self.log_square.out, model.out(q.log)
        )
        self.columns = layers.Stack(model.out(q.columns, signed=True))
        shift = max(kinds["jet_pt"].fraction, kinds["jet_excess"].fraction)
        whole = max(kinds["jet_pt"].integer, kinds["jet_excess"].integer) + 1
        self.energy = layers.Add(model.out(Width(whole + shift, whole)))
        self.log_jet_pt = edge_layers.MitchellLog(
            kinds["jet_pt"].fraction, jet_pt, model.out(q.log)
        )
        self.log_energy = edge_layers.MitchellLog(shift, self.energy.out, model.out(q.log))
        self.context = layers.Concat(model.out(q.log))
        self.units = (kinds["pt"].fraction, kinds["jet_pt"].fraction, shift)

    def forward(self, values: Mapping[str, Tensor]) -> tuple[Tensor, Tensor]:
        """The columns (B, N, 5) and the context (B, 2)."""
        eta, phi = values["eta"], values["phi"]  # (B, N) each
        square = self.square(self.square_eta(eta, eta), self.square_phi(phi, phi))  # dR^2, (B, N)
        columns = self.columns(
            eta, phi, self.log_pt(values["pt"]), self.cosh(eta),
            self.distance(self.log_square(square)),
        )  # fmt: skip
        energy = self.energy(values["jet_pt"], values["jet_excess"])  # (B, 1)
        context = self.context(self.log_jet_pt(values["jet_pt"]), self.log_energy(energy))
        return columns, context

    def basis(self, centre: Values, size: Values) -> Basis:
        """The float model's features, of mean `centre` and size `size`, in these columns."""
        step, cosh = ANGLE_STEP_RAD, 1 / _COSH_UNIT
        pt, jet_pt, jet_e = (-LN2 * unit for unit in self.units)  # log of the unit of each
        matrix = np.array(
            [
                [step, 0, 0, 0, 0],  # d_eta
                [0, step, 0, 0, 0],  # d_phi
                [0, 0, LN2, 0, 0],  # log pt
                [0, 0, LN2, cosh, 0],  # log E
                [0, 0, LN2, 0, 0],  # log pt/pt_jet
                [0, 0, LN2, cosh, 0],  # log E/E_jet
                [0, 0, 0, 0, step],  # dR
            ]
        )
        context = np.zeros((7, 2))  # of log2 pt_jet and log2 E_jet
        context[4, 0] = context[5, 1] = -LN2
        offset = np.array([0, 0, pt, pt, pt - jet_pt, pt - jet_e, 0]) - centre  # (7,)
        # (7, 5), (7, 2), (7,)
        return Basis(matrix / size[:, None], context / size[:, None], offset / size)


def power_at_least(n: int) -> int:
    """The power of two by which sums of n are divided (`message_passing.masked_mean`)."""
    return 1 << (max(n, 1) - 1).bit_length()


def inverse_log(logarithm: Values) -> Values:
    """The x whose L(1 + x) is given."""
    exponent = np.floor(logarithm).clip(max=_LARGEST_EXPONENT)
    inverse: Values = (1 + logarithm - exponent) * 2.0**exponent - 1
    return inverse


def _root_of_inverse(logarithm: Values) -> Values:
    root: Values = np.sqrt(inverse_log(logarithm))
    return root


def _slope_of_root(logarithm: Values) -> Values:
    exponent = np.floor(logarithm).clip(max=_LARGEST_EXPONENT)
    slope: Values = 2.0**exponent / (2 * np.sqrt(inverse_log(logarithm)).clip(min=0.5))
    return slope
