"""Linear layers, and products of two activations."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from types import MappingProxyType

import numpy as np

from triggernet.errors import UnsupportedError
from triggernet.program.readers.foreign.context import (
    Context,
    Handler,
    check_terms,
    positions,
    spread,
)
from triggernet.program.readers.foreign.lines import lined, same_base
from triggernet.program.readers.foreign.network import Network
from triggernet.program.readers.foreign.sums import settled, whole_units
from triggernet.program.readers.foreign.values import (
    NOTHING,
    Affine,
    Constant,
    Ints,
    Rationals,
    Value,
    common_unit,
    distinct,
    filled,
    times,
)
from triggernet.program.readers.foreign.windows import windows

WIDEST_WEIGHT = 16  # bits of a weight that no quantiser has made
MOST_SUMMANDS = 3  # terms of a sum of activations that stay one sum


def contracted(x: Affine, constant: Constant, x_at: Ints, c_at: Ints, shape: tuple[int, ...]
               ) -> Affine:  # fmt: skip
    """``sum_t x[x_at[k, t]] constant[c_at[k, t]]`` for each element k; `NOTHING` of x is 0.

    Raises
    ------
    UnsupportedError
        If the constant is not quantised, or there are too many terms.
    """
    check_terms(x_at, x.terms)
    codes, units = constant.exact()
    _refuse_unquantised(constant, codes)
    x = x.with_zero() if (x_at == NOTHING).any() else x
    at = np.where(x_at == NOTHING, x.size - 1, x_at)
    index = x.index[at]  # (K, T, terms)
    factors, scale = _factors(x, units, at, c_at, codes)
    weight = times(x.weight[at], times(codes[c_at], factors)[:, :, None])
    size = len(at)
    offset = filled(size, Fraction(0))
    if x.has_offset:
        real = constant.rationals()
        offset = (x.offset[at] * real[c_at]).sum(axis=1)
    flat = Affine(shape, index.reshape(size, -1), weight.reshape(size, -1), scale, offset)
    return _packed(flat, codes)


def _refuse_unquantised(constant: Constant, codes: np.ndarray[tuple[int, ...], np.dtype[np.int64]]
                        ) -> None:  # fmt: skip
    widest = int(max((abs(int(c)) for c in codes), default=0)).bit_length()
    if constant.codes is None and widest > WIDEST_WEIGHT:
        raise UnsupportedError(
            f"its weights are not quantised: they take {widest} bits; put a Quant node between the "
            "weights and this node (in Brevitas: give the layer a weight_quant)"
        )


def _factors(x: Affine, units: Rationals, at: Ints, c_at: Ints, codes: Ints
             ) -> tuple[Ints, Rationals]:  # fmt: skip
    """Integer factors (K, T) and scales (K,) whose products are scale of x times unit."""
    x_label, x_scales = distinct(x.scale)
    c_label, c_units = distinct(units)
    pairs = x_label[at] * len(c_units) + c_label[c_at]  # (K, T)
    counted = (x.index[at] != NOTHING).any(axis=2) & (codes[c_at] != 0)  # the others are 0 anyway
    any_pair = np.where(counted, pairs, -1).max(axis=1)  # (K,)
    any_pair = np.where(any_pair < 0, pairs[:, 0], any_pair)
    pairs = np.where(counted, pairs, any_pair[:, None])
    used = np.unique(pairs)
    products = {
        int(p): x_scales[int(p) // len(c_units)] * c_units[int(p) % len(c_units)] for p in used
    }
    if (pairs == any_pair[:, None]).all():
        scale = np.array([*(products[int(p)] for p in any_pair), None], dtype=object)[:-1]
        return np.ones_like(pairs), scale
    unit = common_unit(products.values())
    lookup = np.zeros(int(used.max()) + 1, dtype=object)
    for p, product in products.items():
        lookup[p] = int(product / unit)
    ratios = lookup[pairs]
    small = all(abs(int(v)) < 1 << 62 for v in lookup)
    return (ratios.astype(np.int64) if small else ratios), filled(len(at), unit)


def _packed(value: Affine, codes: Ints) -> Affine:
    """Without the terms that are 0, where the constant is a pattern of equal numbers and zeros."""
    nonzero = codes[codes != 0]
    if len(nonzero) == len(codes) or not len(nonzero) or (nonzero != nonzero[0]).any():
        return value
    kept = value.weight != 0
    width = max(int(kept.sum(axis=1).max()), 1)
    order = np.argsort(~kept, axis=1, kind="stable")[:, :width]
    index = np.take_along_axis(np.where(kept, value.index, NOTHING), order, axis=1)
    weight = np.take_along_axis(value.weight, order, axis=1)
    return Affine(value.shape, index, weight, value.scale, value.offset)


def matmul_places(a: tuple[int, ...], b: tuple[int, ...]) -> tuple[tuple[int, ...], Ints, Ints]:
    """Shape of a matrix product; places of its factors (batch, M, K) and (batch, N, K)."""
    pa, pb = positions(a), positions(b)
    pa = pa[None, :] if len(a) == 1 else pa
    pb = pb[:, None] if len(b) == 1 else pb
    batch = np.broadcast_shapes(pa.shape[:-2], pb.shape[:-2])
    pa = np.broadcast_to(pa, (*batch, *pa.shape[-2:]))
    pb = np.broadcast_to(pb, (*batch, *pb.shape[-2:])).swapaxes(-1, -2)
    shape = (*batch, *((pa.shape[-2],) if len(a) > 1 else ()),
             *((pb.shape[-2],) if len(b) > 1 else ()))  # fmt: skip
    m, n, k = pa.shape[-2], pb.shape[-2], pa.shape[-1]
    return shape, pa.reshape(-1, m, k), pb.reshape(-1, n, k)


def multiplied(ctx: Context, a: Value, b: Value, places: tuple[Ints, Ints], shape: tuple[int, ...]
               ) -> Value:  # fmt: skip
    """``sum_k a[m, k] b[n, k]`` with places of a (batch, M, K) and of b (batch, N, K)."""
    pa, pb = places
    if isinstance(a, Affine) and isinstance(b, Affine):
        return _products(ctx.net, a, b, (pa, pb), shape)
    if isinstance(b, Affine):
        full = np.broadcast_to(pa[:, :, None], (len(pa), pa.shape[1], pb.shape[1], pa.shape[2]))
        other = np.broadcast_to(pb[:, None], full.shape)
        x, c, x_at, c_at = b, a, other, full
    else:
        c_at = np.broadcast_to(pb[:, None], (len(pa), pa.shape[1], pb.shape[1], pa.shape[2]))
        x_at = np.broadcast_to(pa[:, :, None], c_at.shape)
        assert isinstance(a, Affine)
        x, c = a, b
    assert isinstance(c, Constant)
    x = settled(ctx.net, x) if x.functions else x
    terms = x_at.shape[-1]
    return contracted(x, c, x_at.reshape(-1, terms), c_at.reshape(-1, terms), shape)


def _products(net: Network, a: Affine, b: Affine, places: tuple[Ints, Ints], shape: tuple[int, ...]
              ) -> Affine:  # fmt: skip
    """A `Product` for each matrix of the batch."""
    factors = [_factor(net, value) for value in (a, b)]
    atoms, scales = [], []
    pa, pb = places
    for k in range(len(pa)):
        rows = [f.index[p[k], 0] for f, p in zip(factors, (pa, pb), strict=True)]
        names = tuple(net.gather(r, r.shape) for r in rows)
        result = net.exact("Product", names, {}, "product")
        size = net.tensors[result].size
        atoms.append(net.first_atom(result) + np.arange(size))
        scales.append(filled(size, factors[0].scale[0] * factors[1].scale[0]))
    return _atoms(shape, np.concatenate(atoms), np.concatenate(scales))


def _factor(net: Network, value: Affine) -> Affine:
    """Atoms with one scale and no offset, as products of activations need them."""
    result = settled(net, whole_units(value))
    result = settled(net, whole_units(result))
    if result.has_offset or len(distinct(result.scale)[1]) > 1:
        raise UnsupportedError(
            "it multiplies two activations, one of them with an offset that is not quantised; put "
            "a quantiser behind that"
        )
    return result


def _atoms(shape: tuple[int, ...], atoms: Ints, scale: Rationals) -> Affine:
    size = len(atoms)
    ones = np.ones((size, 1), dtype=np.int64)
    return Affine(shape, atoms[:, None], ones, scale, filled(size, Fraction(0)))


def matmul(ctx: Context) -> Value:
    """MatMul."""
    a, b = ctx.value(0), ctx.value(1)
    shape, pa, pb = matmul_places(a.shape, b.shape)
    return multiplied(ctx, a, b, (pa, pb), shape)


def gemm(ctx: Context) -> Value:
    """Alpha A B + beta C, each of A and B perhaps transposed."""
    places = [positions(ctx.value(k).shape) for k in (0, 1)]
    if ctx.get("transA", 0):
        places[0] = places[0].T
    if not ctx.get("transB", 0):
        places[1] = places[1].T
    shape = places[0].shape[0], places[1].shape[0]
    pa, pb = (p[None] for p in places)
    product = multiplied(ctx, ctx.value(0), ctx.value(1), (pa, pb), shape)
    assert isinstance(product, Affine)
    alpha, beta = (Fraction(float(ctx.get(k, 1.0))) for k in ("alpha", "beta"))
    product = product if alpha == 1 else product.scaled(filled(product.size, alpha))
    if not ctx.given(2):
        return product
    bias = ctx.value(2)
    if beta != 1:
        raise UnsupportedError(f"beta is {float(beta):g}; only 1 is possible")
    return added(ctx, product, bias, 1)


def einsum(ctx: Context) -> Value:
    """Products of two tensors, summed over the letters that the result lacks."""
    text = str(ctx.get("equation", "")).replace(" ", "")
    left, arrow, result = text.partition("->")
    terms = left.split(",")
    letters = [t for t in terms if t.isalpha() and len(set(t)) == len(t)]
    if len(terms) != 2 or len(letters) != 2 or not arrow or not set(result) <= set(left):
        raise UnsupportedError(
            f"the equation {text!r} is not a product of two tensors with letters of their own; "
            "write it as a MatMul"
        )
    a, b = terms
    batch = [c for c in result if c in a and c in b]
    free = [[c for c in result if c in t and c not in o] for t, o in ((a, b), (b, a))]
    summed = [c for c in a if c in b and c not in result]
    if len(batch) + len(free[0]) + len(free[1]) != len(result) or any(
        set(t) - set(batch) - set(f) - set(summed) for t, f in ((a, free[0]), (b, free[1]))
    ):
        raise UnsupportedError(f"the equation {text!r} sums one tensor alone; do that before it")
    lengths = {
        c: n for t, k in ((a, 0), (b, 1)) for c, n in zip(t, ctx.value(k).shape, strict=True)
    }
    places = []
    for k, term in ((0, a), (1, b)):
        order = [term.index(c) for c in (*batch, *free[k], *summed)]
        sizes = [int(np.prod([lengths[c] for c in part], dtype=np.int64))
                 for part in (batch, free[k], summed)]  # fmt: skip
        places.append(positions(ctx.value(k).shape).transpose(order).reshape(sizes))
    made = (*batch, *free[0], *free[1])
    shape = tuple(lengths[c] for c in made)
    product = multiplied(ctx, ctx.value(0), ctx.value(1), (places[0], places[1]), shape)
    back = positions(shape).transpose([made.index(c) for c in result])
    return product.take(back.reshape(-1), back.shape)


def added(ctx: Context, a: Value, b: Value, sign: int) -> Value:
    """A + sign b, each of them broadcast."""
    shape, (pa, pb) = spread(a.shape, b.shape)
    if isinstance(b, Constant) and isinstance(a, Affine):
        return lined(a.take(pa, shape), None, b.rationals()[pb] * sign)
    if isinstance(a, Constant) and isinstance(b, Affine):
        turned = b.take(pb, shape)
        turned = turned if sign > 0 else lined(turned, filled(len(pb), Fraction(-1)), None)
        return lined(turned, None, a.rationals()[pa])
    assert isinstance(a, Affine)
    assert isinstance(b, Affine)
    join = np.add if sign > 0 else np.subtract
    together = same_base(
        f"'{ctx.proto.name}' ({ctx.proto.op_type})", a.take(pa, shape), b.take(pb, shape), join
    )
    if together is not None:
        return together
    parts = [_summand(ctx.net, v).take(p, shape) for v, p in ((a, pa), (b, pb))]
    if sign < 0:
        parts[1] = parts[1].scaled(filled(len(pb), Fraction(-1)))
    return _sum(parts[0], parts[1])


def _summand(net: Network, value: Affine) -> Affine:
    value = settled(net, value) if value.functions else value
    return value if value.terms <= MOST_SUMMANDS else settled(net, value)


def _sum(a: Affine, b: Affine) -> Affine:
    """Element by element, with a common scale for each."""
    la, sa = distinct(a.scale)
    lb, sb = distinct(b.scale)
    pairs, inverse = np.unique(la * len(sb) + lb, return_inverse=True)
    units, ra, rb = [], [], []
    for p in pairs:
        x, y = sa[int(p) // len(sb)], sb[int(p) % len(sb)]
        unit = common_unit((x, y))
        units.append(unit)
        ra.append(int(x / unit))
        rb.append(int(y / unit))
    weights = [times(v.weight, _small(r)[inverse][:, None]) for v, r in ((a, ra), (b, rb))]
    return Affine(
        a.shape,
        np.concatenate([a.index, b.index], axis=1),
        np.concatenate(weights, axis=1),
        np.array([*units, None], dtype=object)[inverse],
        a.offset + b.offset,
    )


def _small(values: list[int]) -> Ints:
    fits = all(abs(v) < 1 << 62 for v in values)
    return np.array(values, dtype=np.int64 if fits else object)


def add(ctx: Context) -> Value:
    """Add, Sum."""
    value = ctx.value(0)
    for k in range(1, len(ctx.values)):
        value = added(ctx, value, ctx.value(k), 1)
    return value


def subtract(ctx: Context) -> Value:
    """Sub."""
    return added(ctx, ctx.value(0), ctx.value(1), -1)


def batch_norm(ctx: Context) -> Value:
    """Gamma (x - mean) / sqrt(variance + epsilon) + beta, the root in float64."""
    x = ctx.activation(0)
    gamma, beta, mean, variance = (ctx.constant(k, "parameter") for k in range(1, 5))
    root = np.sqrt(variance.array.astype(np.float64) + float(ctx.get("epsilon", 1e-5)))
    factors = [Fraction(v) for v in (gamma.array.astype(np.float64) / root).tolist()]
    offsets = [b - m * f for b, m, f in
               zip(beta.rationals(), mean.rationals(), factors, strict=True)]  # fmt: skip
    channels = np.broadcast_to(
        np.arange(x.shape[1]).reshape(-1, *[1] * (len(x.shape) - 2)), x.shape[1:]
    ).reshape(-1)
    factor, offset = (np.array([*v, None], dtype=object)[channels] for v in (factors, offsets))
    return lined(x, factor, offset)


def convolution(ctx: Context) -> Value:
    """Conv of any number of axes, with groups."""
    x, weight = ctx.linear(0), ctx.constant(1, "weight")
    groups = int(ctx.get("group", 1))
    window = windows(ctx, x.shape[2:], weight.shape[2:])  # (positions, kernel), NOTHING outside
    outputs, per_group = weight.shape[0], weight.shape[1]
    n_positions, kernel = window.places.shape
    plane = int(np.prod(x.shape[2:]))
    size = outputs * n_positions
    check_terms(np.empty(size), per_group * kernel)
    channel = (np.arange(outputs) // (outputs // groups))[:, None] * per_group + np.arange(
        per_group
    )
    at = channel[:, None, :, None] * plane + window.places[None, :, None, :]  # (O, P, C, k)
    at = np.where(window.places[None, :, None, :] == NOTHING, NOTHING, at)
    c_at = np.broadcast_to(
        np.arange(outputs * per_group * kernel).reshape(outputs, 1, per_group, kernel), at.shape
    )
    terms = per_group * kernel
    shape = (1, outputs, *window.shape)
    result = contracted(x, weight, at.reshape(size, terms), c_at.reshape(size, terms), shape)
    if not ctx.given(2):
        return result
    bias = ctx.constant(2, "bias")
    places = np.arange(outputs)
    tall = bias.take(places, (1, outputs, *[1] * len(window.shape)))
    return added(ctx, result, tall, 1)


LINEAR: Mapping[str, Handler] = MappingProxyType(
    {
        "MatMul": matmul,
        "Gemm": gemm,
        "Einsum": einsum,
        "Add": add,
        "Sum": add,
        "Sub": subtract,
        "BatchNormalization": batch_norm,
        "Conv": convolution,
    }
)
