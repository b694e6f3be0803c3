"""The operators of ONNX that meanings are made of, on arrays of exact numbers and terms.

A number is an int (of an integer tensor), a bool, a Fraction (of a float tensor) or a `Real`. Every
function takes the arrays of a node and its attributes, and gives the array that it makes.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from triggernet.deployment.prove.integers import Integer, Integers
from triggernet.deployment.prove.reals import Real, aligned, fixed, is_symbolic, nearest_even, real
from triggernet.deployment.prove.reals import total as real_total
from triggernet.errors import UnsupportedError

Array = np.ndarray[Any, np.dtype[np.object_]]
Attributes = Mapping[str, Any]
Primitive = Callable[[Integers, Sequence[Array], Attributes], Array]
INT64, BOOL = (7, 6), 9  # and int32


def array(values: Any) -> Array:
    """An array, also of the one number that numpy may give instead of one."""
    return values if isinstance(values, np.ndarray) else filled([values], ())


def numbers(tensor: np.ndarray[Any, Any]) -> Array:
    """The exact numbers of a concrete tensor."""
    flat = [Fraction(x) if isinstance(x, float) else x for x in tensor.ravel().tolist()]
    return filled(flat, tensor.shape)


def filled(flat: Sequence[object], shape: tuple[int, ...]) -> Array:
    """An array of objects of some shape."""
    result = np.empty(len(flat), dtype=object)
    for k, value in enumerate(flat):
        result[k] = value
    return result.reshape(shape)


def whole(a: Array) -> list[int]:
    """The integers of a tensor that says shapes, axes or indices."""
    return [int(x) for x in a.ravel()]


def each(function: Callable[..., object], *arrays: Array) -> Array:
    """`function` of the numbers at each place, shapes broadcast."""
    spread = np.broadcast_arrays(*arrays)
    columns = zip(*(x.ravel() for x in spread), strict=True)
    return filled([fixed(function(*values)) for values in columns], spread[0].shape)


def pointwise(function: Callable[..., object]) -> Primitive:
    """A primitive that takes its arrays place by place; more than two from the left."""

    def primitive(bank: Integers, inputs: Sequence[Array], attributes: Attributes) -> Array:
        if len(inputs) == 1:
            return each(lambda x: function(bank, x), inputs[0])
        result = inputs[0]
        for other in inputs[1:]:
            result = each(lambda x, y: function(bank, x, y), result, other)
        return result

    return primitive


def _divide(bank: Integers, a: Any, b: Any) -> object:
    if is_symbolic(b):
        return a * _reciprocal(bank, b)
    if b == 0:
        raise UnsupportedError("the model divides by zero")
    if isinstance(a, int) and isinstance(b, int):
        return int(Fraction(a, b))
    return a * (1 / Fraction(b)) if isinstance(a, Real) else Fraction(a) / b


def _reciprocal(bank: Integers, a: Real) -> Real:
    """One over an entry of a table that holds powers of two."""
    (atom, factor), *others = a.integer.terms
    if others or a.integer.const or factor != 1 or atom.op != "entry":
        raise UnsupportedError("the model divides by a variable, which is not proved")
    (index,) = atom.args
    assert isinstance(atom.value, tuple)
    values = [real(bank, 1 / (Fraction(v) / Fraction(2) ** a.fraction)) for v in atom.value]
    integers, fraction = aligned(bank, values)
    return Real(bank, bank.entry([i.const for i in integers], index), fraction)


def _power(bank: Integers, a: Any, b: Any) -> object:
    exponent = Fraction(b)
    if is_symbolic(a):
        if exponent != 2:
            raise UnsupportedError(f"the model raises a variable to the power {exponent}")
        return a * a
    return a**exponent


def _extreme(bank: Integers, a: Any, b: Any, sign: int) -> object:
    if not (isinstance(a, Real) or isinstance(b, Real)):
        return max(a, b) if sign > 0 else min(a, b)
    (first, second), fraction = aligned(bank, [a, b])
    chosen = bank.largest(first, second) if sign > 0 else bank.smallest(first, second)
    return Real(bank, chosen, fraction)


def _compared(bank: Integers, a: Any, b: Any, how: str) -> object:
    if not (isinstance(a, Real) or isinstance(b, Real)):
        return a == b if how == "equal" else a < b
    (first, second), _ = aligned(bank, [a, b])
    return Real(bank, getattr(bank, how)(first, second), 0)


def _not(bank: Integers, a: Any) -> object:
    return 1 - a if isinstance(a, Real) else not a


def _both(bank: Integers, a: Any, b: Any) -> object:
    return real(bank, a) * real(bank, b) if Real in (type(a), type(b)) else a and b


def _sign(bank: Integers, a: Any) -> object:
    if not isinstance(a, Real):
        return (a > 0) - (a < 0)
    zero = bank.const(0)
    above, below = bank.less(zero, a.integer), bank.less(a.integer, zero)
    return Real(bank, bank.subtract(above, below), 0)


def _floor(bank: Integers, a: Any) -> object:
    return a.floor() if isinstance(a, Real) else Fraction(math.floor(a))


def _round(bank: Integers, a: Any) -> object:
    return a.even() if isinstance(a, Real) else nearest_even(Fraction(a))


def _cast(bank: Integers, inputs: Sequence[Array], attributes: Attributes) -> Array:
    to = attributes["to"]

    def one(x: Any) -> object:
        if isinstance(x, Real):
            if to in INT64:
                return Real(bank, x.on_grid(0), 0)
            if to == BOOL and (x.fraction, x.integer.lo, x.integer.hi) != (0, 0, 1):
                return 1 - Real(bank, bank.equal(x.integer, bank.const(0)), 0)
            return x
        if to in INT64:
            return int(x)
        return bool(x) if to == BOOL else Fraction(x)

    return each(one, inputs[0])


def _gather(bank: Integers, inputs: Sequence[Array], attributes: Attributes) -> Array:
    data, index = inputs
    axis = attributes.get("axis", 0)
    if not any(is_symbolic(x) for x in index.ravel()):
        places = np.array(whole(index), dtype=int).reshape(index.shape)
        return array(np.take(data, places, axis=axis))
    if axis != 0:
        raise UnsupportedError("the model chooses by a variable along another axis than the first")
    columns = data.reshape(len(data), -1).T  # (the rest, entries)
    chosen = [_entry(bank, list(column), i) for i in index.ravel() for column in columns]
    return filled(chosen, (*index.shape, *data.shape[1:]))


def _entry(bank: Integers, table: list[object], index: Any) -> object:
    if not isinstance(index, Real):
        return table[int(index)]
    place = index.on_grid(0)
    if place.lo < 0 or place.hi >= len(table):
        raise UnsupportedError(
            f"an index of the model from {place.lo} to {place.hi} may lie outside its table of "
            f"{len(table)} entries"
        )
    values, fraction = aligned(bank, table)
    if all(v.constant for v in values):
        return Real(bank, bank.entry([v.const for v in values], place), fraction)
    return Real(bank, _chosen(bank, values, place), fraction)


def _chosen(bank: Integers, values: Sequence[Integer], place: Integer) -> Integer:
    """One of several terms, by an index."""
    result = values[place.hi]
    for k in range(place.hi - 1, place.lo - 1, -1):
        result = bank.choose(bank.equal(place, bank.const(k)), values[k], result)
    return result


def _reduce_sum(bank: Integers, inputs: Sequence[Array], attributes: Attributes) -> Array:
    axes = tuple(whole(inputs[1])) if len(inputs) > 1 else tuple(range(inputs[0].ndim))
    return _reduced(inputs[0], axes, attributes, lambda xs: _sum(bank, xs))


def _reduce_max(bank: Integers, inputs: Sequence[Array], attributes: Attributes) -> Array:
    axes = tuple(whole(inputs[1])) if len(inputs) > 1 else tuple(range(inputs[0].ndim))

    def largest(xs: Sequence[Any]) -> object:
        result = xs[0]
        for x in xs[1:]:
            result = _extreme(bank, result, x, 1)
        return result

    return _reduced(inputs[0], axes, attributes, largest)


def _reduced(
    a: Array,
    axes: tuple[int, ...],
    attributes: Attributes,
    function: Callable[[Sequence[Any]], object],
) -> Array:
    axes = tuple(axis % a.ndim for axis in axes)
    kept = [axis for axis in range(a.ndim) if axis not in axes]
    shape = tuple(a.shape[axis] for axis in kept)
    rows = a.transpose(*kept, *axes).reshape(math.prod(shape), -1)
    result = filled([fixed(function(list(row))) for row in rows], shape)
    return np.expand_dims(result, axes) if attributes.get("keepdims", 1) else result


def _sum(bank: Integers, values: Sequence[Any]) -> object:
    if any(isinstance(v, Real) for v in values):
        return real_total(bank, values)
    return sum(values)


def _matmul(bank: Integers, inputs: Sequence[Array], attributes: Attributes) -> Array:
    a, b = inputs  # (..., M, K), (..., K, N); a vector has no M, or no N
    if b.ndim == 1:
        return _matmul(bank, [a, b[:, None]], attributes)[..., 0]
    if a.ndim == 1:
        return _matmul(bank, [a[None, :], b], attributes)[..., 0, :]
    batch = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
    rows = np.broadcast_to(a, (*batch, *a.shape[-2:])).reshape(-1, *a.shape[-2:])
    columns = np.broadcast_to(b, (*batch, *b.shape[-2:])).reshape(-1, *b.shape[-2:])
    products = [
        _product(bank, row, column)
        for matrix, other in zip(rows, columns, strict=True)
        for row in matrix
        for column in other.T
    ]
    return filled(products, (*batch, a.shape[-2], b.shape[-1]))


def _product(bank: Integers, row: Array, column: Array) -> object:
    """The scalar product of a row and a column."""
    terms = [x * y for x, y in zip(row, column, strict=True) if not (_zero(x) or _zero(y))]
    return fixed(_sum(bank, terms)) if terms else Fraction(0)


def _zero(value: object) -> bool:
    return not isinstance(value, Real) and value == 0


# Shapes


def _slice(bank: Integers, inputs: Sequence[Array], attributes: Attributes) -> Array:
    data, starts, ends = inputs[0], whole(inputs[1]), whole(inputs[2])
    axes = whole(inputs[3]) if len(inputs) > 3 else list(range(len(starts)))
    steps = whole(inputs[4]) if len(inputs) > 4 else [1] * len(starts)
    index = [slice(None)] * data.ndim
    for axis, start, end, step in zip(axes, starts, ends, steps, strict=True):
        index[axis] = slice(start, end, step)
    return data[tuple(index)]


def _pad(bank: Integers, inputs: Sequence[Array], attributes: Attributes) -> Array:
    data, pads = inputs[0], whole(inputs[1])
    value = inputs[2].ravel()[0] if len(inputs) > 2 else Fraction(0)
    before, after = pads[: data.ndim], pads[data.ndim :]
    shape = tuple(n + x + y for n, x, y in zip(data.shape, before, after, strict=True))
    result = np.empty(shape, dtype=object)
    result[...] = value
    inside = tuple(slice(x, x + n) for n, x in zip(data.shape, before, strict=True))
    result[inside] = data
    return result


def _range(bank: Integers, inputs: Sequence[Array], attributes: Attributes) -> Array:
    start, end, step = (whole(x)[0] for x in inputs)
    return filled(list(range(start, end, step)), (len(range(start, end, step)),))


def _reshape(bank: Integers, inputs: Sequence[Array], attributes: Attributes) -> Array:
    shape = [inputs[0].shape[k] if n == 0 else n for k, n in enumerate(whole(inputs[1]))]
    return inputs[0].reshape(shape)


def _axes(inputs: Sequence[Array], attributes: Attributes) -> tuple[int, ...]:
    return tuple(whole(inputs[1])) if len(inputs) > 1 else tuple(attributes.get("axes", ()))


def _unsqueeze(bank: Integers, inputs: Sequence[Array], attributes: Attributes) -> Array:
    return np.expand_dims(inputs[0], _axes(inputs, attributes))


def _squeeze(bank: Integers, inputs: Sequence[Array], attributes: Attributes) -> Array:
    return np.squeeze(inputs[0], _axes(inputs, attributes) or None)


def _compress(bank: Integers, inputs: Sequence[Array], attributes: Attributes) -> Array:
    return np.compress([bool(x) for x in inputs[1]], inputs[0], axis=attributes.get("axis"))


def _expand(bank: Integers, inputs: Sequence[Array], attributes: Attributes) -> Array:
    shape = np.broadcast_shapes(inputs[0].shape, tuple(whole(inputs[1])))
    return np.broadcast_to(inputs[0], shape)


def _transpose(bank: Integers, inputs: Sequence[Array], attributes: Attributes) -> Array:
    return inputs[0].transpose(attributes.get("perm"))


def _where(bank: Integers, inputs: Sequence[Array], attributes: Attributes) -> Array:
    def one(condition: Any, a: Any, b: Any) -> object:
        if not isinstance(condition, Real):
            return a if condition else b
        (x, y), fraction = aligned(bank, [a, b])
        return Real(bank, bank.choose(condition.integer, x, y), fraction)

    return each(one, *inputs)


PRIMITIVES: Mapping[str, Primitive] = {
    "Abs": pointwise(lambda bank, x: _extreme(bank, x, -x, 1)),
    "Add": pointwise(lambda _, x, y: x + y),
    "And": pointwise(_both),
    "Cast": _cast,
    "Compress": _compress,
    "Concat": lambda _, inputs, attributes: np.concatenate(inputs, axis=attributes["axis"]),
    "Div": pointwise(_divide),
    "Equal": pointwise(lambda bank, x, y: _compared(bank, x, y, "equal")),
    "Expand": _expand,
    "Floor": pointwise(_floor),
    "Gather": _gather,
    "GreaterOrEqual": pointwise(lambda bank, x, y: _not(bank, _compared(bank, x, y, "less"))),
    "Greater": pointwise(lambda bank, x, y: _compared(bank, y, x, "less")),
    "Identity": lambda _, inputs, __: inputs[0],
    "Less": pointwise(lambda bank, x, y: _compared(bank, x, y, "less")),
    "LessOrEqual": pointwise(lambda bank, x, y: _not(bank, _compared(bank, y, x, "less"))),
    "MatMul": _matmul,
    "Max": pointwise(lambda bank, x, y: _extreme(bank, x, y, 1)),
    "Min": pointwise(lambda bank, x, y: _extreme(bank, x, y, -1)),
    "Mul": pointwise(lambda _, x, y: x * y),
    "Neg": pointwise(lambda _, x: -x),
    "Not": pointwise(_not),
    "Or": pointwise(lambda bank, x, y: _not(bank, _both(bank, _not(bank, x), _not(bank, y)))),
    "Pad": _pad,
    "Pow": pointwise(_power),
    "Range": _range,
    "ReduceMax": _reduce_max,
    "ReduceSum": _reduce_sum,
    "Relu": pointwise(lambda bank, x: _extreme(bank, x, Fraction(0), 1)),
    "Reshape": _reshape,
    "Round": pointwise(_round),
    "Shape": lambda _, inputs, __: filled(list(inputs[0].shape), (inputs[0].ndim,)),
    "Sign": pointwise(_sign),
    "Slice": _slice,
    "Squeeze": _squeeze,
    "Sub": pointwise(lambda _, x, y: x - y),
    "Transpose": _transpose,
    "Unsqueeze": _unsqueeze,
    "Where": _where,
}
