"""Quantisation-aware layers on edges, and those that act value by value.

Each is one operator of the table, as in `triggernet.learning.layers.blocks`; `Dense` there serves
edges as it does particles.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn

from triggernet.fixedpoint import Quantiser
from triggernet.learning.layers.blocks import (
    Attributes,
    OperatorLayer,
    Values,
    constant_attributes,
    pair_tensors,
    presence,
    type_attributes,
)
from triggernet.learning.layers.quantisers import ActivationQuantiser, ConstantQuantiser

RealFunction = Callable[[Values], Values]


class MitchellLog(OperatorLayer):
    """``sgn(x) L(1 + |x| 2**shift)`` of any tensor; L is log2, linear between powers of two.

    Parameters
    ----------
    shift : int
    source : ActivationQuantiser
        What made x: its type says which exponents there are.
    out : ActivationQuantiser
    """

    op = "MitchellLog"

    def __init__(self, shift: int, source: ActivationQuantiser, out: ActivationQuantiser) -> None:
        super().__init__(out)
        self.shift, self.source = shift, [source]  # in a list: it is not this layer's own

    def _compute(self, *tensors: Tensor) -> Tensor:
        (x,) = tensors
        argument = 1 + x.abs() * 2.0**self.shift
        exponent = torch.frexp(argument.detach()).exponent.to(x.dtype) - 1
        return x.sign() * (exponent + argument * torch.exp2(-exponent) - 1)

    def _attributes(self) -> Attributes:
        kind = self.source[0].kind
        largest = 1 + max(kind.max, -kind.min) * 2.0**self.shift
        return {"shift": self.shift, "max_exponent": math.frexp(largest)[1] - 1}


class Table(OperatorLayer):
    """A function of one value, tabulated over the type of x; its gradient is the function's.

    Parameters
    ----------
    function : callable of float64 arrays
    slope : callable of float64 arrays
        Its derivative.
    source : ActivationQuantiser
        What made x.
    out : ActivationQuantiser
    """

    op = "Table"

    def __init__(
        self,
        function: RealFunction,
        slope: RealFunction,
        source: ActivationQuantiser,
        out: ActivationQuantiser,
    ) -> None:
        super().__init__(out)
        self.function, self.slope, self.source = function, slope, [source]

    def codes(self) -> Values:
        """The words: the function at every code of x, quantised; int64 (2**width,)."""
        quantiser = Quantiser(self.out.kind, "ROUND")
        return quantiser.from_real(self.function(self._grid()))

    def _grid(self) -> Values:
        kind = self.source[0].kind
        grid: Values = np.arange(kind.min_int, kind.max_int + 1, dtype=np.float64) * kind.lsb
        return grid

    def _compute(self, *tensors: Tensor) -> Tensor:
        (x,) = tensors
        if any(q.largest is not None for q in (self.out, self.source[0])):  # ranges are open yet
            return x.new_tensor(self.function(x.detach().double().cpu().numpy()))
        grid, words = self._grid(), self.codes() * self.out.kind.lsb  # (2**width,) each
        index = (x.detach() / self.source[0].kind.lsb).round().long()  # as x
        index = index - self.source[0].kind.min_int
        value = x.new_tensor(words)[index]
        return value + x.new_tensor(self.slope(grid))[index] * (x - x.detach())

    def _attributes(self) -> Attributes:
        kind, word = self.source[0].kind, self.out.kind
        return {
            "table": tuple(int(c) for c in self.codes()),
            "table_signed": int(word.signed),
            **type_attributes("table_", word),
            "in_signed": int(kind.signed),
            **type_attributes("in_", kind),
        }


class Embedding(OperatorLayer):
    """Several functions of one value (B, P), tabulated over the type of x: (B, P, C).

    The table is what is trained: the functions are evaluated at every code of x, so that their
    gradient is that of the words which x has chosen. Where x comes from gets none.

    Parameters
    ----------
    functions : nn.Module
        From values of x, float64 (n, 1), to results (n, C).
    source : ActivationQuantiser
        What made x.
    out : ActivationQuantiser
    """

    op = "Embedding"

    def __init__(
        self, functions: nn.Module, source: ActivationQuantiser, out: ActivationQuantiser
    ) -> None:
        super().__init__(out)
        self.functions, self.source = functions, [source]

    def words(self) -> Tensor:
        """The results at every code of x on the grid of the result, float64 (2**width, C)."""
        kind, word = self.source[0].kind, self.out.kind
        codes = torch.arange(kind.min_int, kind.max_int + 1, dtype=torch.float64)
        values: Tensor = self.functions(codes[:, None] * kind.lsb)  # (2**width, C)
        rounded = (values.detach() / word.lsb).round().clamp(word.min_int, word.max_int) * word.lsb
        return values + (rounded - values.detach())

    def _compute(self, *tensors: Tensor) -> Tensor:
        (x,) = tensors
        if any(q.largest is not None for q in (self.out, self.source[0])):  # ranges are open yet
            open_values: Tensor = self.functions(x.double()[..., None]).to(x.dtype)
            return open_values
        index = (x.detach() / self.source[0].kind.lsb).round().long()  # (B, P)
        index = index - self.source[0].kind.min_int
        return nn.functional.embedding(index, self.words().to(x.dtype))  # (B, P, C)

    def _attributes(self) -> Attributes:
        kind, word = self.source[0].kind, self.out.kind
        codes = (self.words().detach() / word.lsb).round().long()  # (2**width, C)
        return {
            "table": tuple(codes.flatten().tolist()),
            "n_channels": codes.shape[1],
            "table_signed": int(word.signed),
            **type_attributes("table_", word),
            "in_signed": int(kind.signed),
            **type_attributes("in_", kind),
        }


class Multiply(OperatorLayer):
    """The product of two tensors; the second one may have one value for a row of the first."""

    op = "Multiply"

    def _compute(self, *tensors: Tensor) -> Tensor:
        return tensors[0] * tensors[1]


class PairWeightedSum(OperatorLayer):
    """``sum over j != i of d_ij x_j``, (B, M, F), of symmetric weights (B, P) and (B, M, F)."""

    op = "PairWeightedSum"

    def _compute(self, *tensors: Tensor) -> Tensor:
        d, x = tensors  # (B, P), (B, M, F)
        i, j = pair_tensors(x.shape[1], x.device)  # (P,) each
        weights = d.new_zeros(len(d), x.shape[1], x.shape[1])  # (B, M, M), 0 on the diagonal
        weights[:, i, j] = weights[:, j, i] = d  # (B, P)
        return weights @ x  # (B, M, F)


class PairJoin(OperatorLayer):
    """``x_i + x_j + pair_ij`` of every pair, (B, P, G), or (B, P) of (B, M) and (B, P).

    Parameters
    ----------
    out : ActivationQuantiser
    relu : bool
    """

    op = "PairJoin"

    def __init__(self, out: ActivationQuantiser, *, relu: bool) -> None:
        super().__init__(out)
        self.relu = relu

    def _compute(self, *tensors: Tensor) -> Tensor:
        x, pair = tensors  # (B, M, ...), (B, P, ...)
        i, j = pair_tensors(x.shape[1], x.device)  # (P,) each
        joined = x.index_select(1, i) + x.index_select(1, j) + pair  # (B, P, ...)
        return torch.relu(joined) if self.relu else joined

    def _attributes(self) -> Attributes:
        return {"relu": int(self.relu)}


class EdgeJoin(OperatorLayer):
    """``near_i + far_j + C pair_ij`` for both directions of every pair, (B, 2 P, G).

    Parameters
    ----------
    features : (int, int)
        Q of the pairs, which may be 0, and G.
    width : int
        Bits of C.
    out : ActivationQuantiser
    relu : bool
    digits : int or None
        At most so many signed digits in an entry of C.
    """

    op = "EdgeJoin"

    def __init__(
        self,
        features: tuple[int, int],
        width: int,
        out: ActivationQuantiser,
        *,
        relu: bool = True,
        digits: int | None = None,
    ) -> None:
        super().__init__(out)
        self.features, self.relu = features, relu
        self.weight = ConstantQuantiser(features, width, digits) if features[0] else None

    def _compute(self, *tensors: Tensor) -> Tensor:
        near, far, *pair = tensors  # (B, M, G) twice; (B, P, Q)
        i, j = pair_tensors(near.shape[1], near.device)  # (P,) each
        edges = torch.stack([near[:, i] + far[:, j], near[:, j] + far[:, i]], dim=2)  # (B, P, 2, G)
        if self.weight is not None:
            edges = edges + (pair[0] @ self.weight())[:, :, None]  # (B, P, 1, G) for both ways
        edges = edges.flatten(1, 2)  # (B, 2 P, G): what i receives, what j does, pair by pair
        return torch.relu(edges) if self.relu else edges

    def _attributes(self) -> Attributes:
        q, g = self.features
        weights = constant_attributes("pair_weight", self.weight) if self.weight else {}
        return {"pair_features": q, "n_features": g, "relu": int(self.relu), **weights}


class VectorUpdate(OperatorLayer):
    """Products of vectors moved along their differences: (B, P), weights (B, P or 2 P, 1), (B, N).

    Parameters
    ----------
    shape : (int, int)
        Number of particles M; the sums are divided by two to the power of the second number.
    inner : ActivationQuantiser
        Of the products between moved and unmoved vectors.
    out : ActivationQuantiser
    directed : bool
        Whether there are two weights for each pair.
    """

    op = "VectorUpdate"

    def __init__(
        self,
        shape: tuple[int, int],
        inner: ActivationQuantiser,
        out: ActivationQuantiser,
        directed: bool,
    ) -> None:
        super().__init__(out)
        self.shape, self.inner, self.directed = shape, inner, directed

    def _compute(self, *tensors: Tensor) -> Tensor:
        d, w, present = tensors  # (B, P), (B, P or 2 P, 1), (B, N)
        (m, shift), ways = self.shape, 1 + self.directed
        i, j = pair_tensors(m, d.device)  # (P,) each
        there = presence(present, m)  # (B, M)
        kept = w[:, :, 0] * (there[:, i] * there[:, j]).repeat_interleave(ways, dim=1)  # as w
        weights = d.new_zeros(len(d), m, m)  # w_ij 2**-shift, (B, M, M), 0 on the diagonal
        weights[:, i, j] = kept[:, ::ways] * 2.0**-shift  # (B, P): how i moves
        weights[:, j, i] = kept[:, ways - 1 :: ways] * 2.0**-shift  # (B, P): how j moves
        matrix = torch.diag_embed(1 + weights.sum(dim=2)) - weights  # M, (B, M, M)
        products = d.new_zeros(len(d), m, m)  # (B, M, M), symmetric
        products[:, i, j] = products[:, j, i] = d  # (B, P)
        g = self.inner(matrix @ products) @ matrix.mT  # G, (B, M, M)
        result: Tensor = (g[:, i, j] + g[:, j, i] - g[:, i, i] - g[:, j, j]) / 2  # (B, P)
        return result

    def _attributes(self) -> Attributes:
        return {
            "n_particles": self.shape[0],
            "shift": self.shape[1],
            "directed": int(self.directed),
            **type_attributes("inner_", self.inner.kind),
        }


class EdgeSum(OperatorLayer):
    """What each particle receives from all others present: (B, P or 2 P, G) to (B, M, G).

    Parameters
    ----------
    n_particles : int
    out : ActivationQuantiser
    directed : bool
        Whether there are two edges for each pair.
    """

    op = "EdgeSum"

    def __init__(self, n_particles: int, out: ActivationQuantiser, directed: bool) -> None:
        super().__init__(out)
        self.n_particles, self.directed = n_particles, directed

    def _compute(self, *tensors: Tensor) -> Tensor:
        x, present = tensors  # (B, P or 2 P, G), (B, N)
        ways = 1 + self.directed
        i, j = pair_tensors(self.n_particles, x.device)  # (P,) each
        there = presence(present, self.n_particles)  # (B, M)
        both = (there[:, i] * there[:, j])[:, :, None]  # (B, P, 1)
        rows = x.new_zeros(len(x), self.n_particles, x.shape[2])  # (B, M, G)
        rows = rows.index_add(1, i, x[:, ::ways] * both)  # (B, P, G) to the first particles
        return rows.index_add(1, j, x[:, ways - 1 :: ways] * both)  # and to the second ones

    def _attributes(self) -> Attributes:
        return {"n_particles": self.n_particles, "directed": int(self.directed)}
