"""Functions of one value, products value by value, multiples and offsets."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from fractions import Fraction
from types import MappingProxyType

import numpy as np

from triggernet.errors import UnsupportedError
from triggernet.program.readers.foreign.context import Context, Handler, spread
from triggernet.program.readers.foreign.functions import Clip, Floats, Leaky, Real
from triggernet.program.readers.foreign.lines import lined, same_base, single
from triggernet.program.readers.foreign.pools import extreme
from triggernet.program.readers.foreign.sums import settled, whole_units
from triggernet.program.readers.foreign.values import (
    Affine,
    Constant,
    Value,
    distinct,
    filled,
)


def _scalar(ctx: Context, k: int, name: str) -> Fraction | None:
    """A limit from an input or an attribute; None if it is absent or infinite."""
    result = (
        float(ctx.constant(k, name).array.reshape(-1)[0]) if ctx.given(k) else ctx.get(name, None)
    )
    return None if result is None or not math.isfinite(result) else Fraction(float(result))


def _behind(x: Affine, function: Clip | Leaky | Real) -> Affine:
    return replace(x, functions=(*x.functions, function))


def relu(ctx: Context) -> Value:
    """Relu."""
    return _behind(ctx.activation(0), Clip(_name(ctx), Fraction(0), None))


def clip(ctx: Context) -> Value:
    """Clip."""
    limits = _scalar(ctx, 1, "min"), _scalar(ctx, 2, "max")
    return _behind(ctx.activation(0), Clip(_name(ctx), *limits))


def leaky(ctx: Context) -> Value:
    """LeakyRelu."""
    x = ctx.activation(0)
    slope = Fraction(float(ctx.get("alpha", 0.01)))
    return _behind(x, Leaky(_name(ctx), filled(x.size, slope)))


def prelu(ctx: Context) -> Value:
    """PRelu."""
    x, slope = ctx.activation(0), ctx.constant(1, "slope")
    shape, (_, places) = spread(x.shape, slope.shape)
    if shape != x.shape:
        raise UnsupportedError(f"slopes of shape {slope.shape} for an input of shape {x.shape}")
    return _behind(x, Leaky(_name(ctx), slope.rationals()[places]))


def hard_sigmoid(ctx: Context) -> Value:
    """HardSigmoid: alpha x + beta between 0 and 1."""
    x = ctx.activation(0)
    alpha, beta = (Fraction(float(ctx.get(k, d))) for k, d in (("alpha", 0.2), ("beta", 0.5)))
    line = lined(x, filled(x.size, alpha), filled(x.size, beta))
    return _behind(line, Clip(_name(ctx), Fraction(0), Fraction(1)))


def negate(ctx: Context) -> Value:
    """Neg."""
    x = ctx.activation(0)
    return lined(x, filled(x.size, Fraction(-1)), None)


def _name(ctx: Context) -> str:
    return f"'{ctx.proto.name}' ({ctx.proto.op_type})"


# Functions in float64


def _sigmoid(x: Floats) -> Floats:
    with np.errstate(over="ignore"):
        return np.asarray(1.0 / (1.0 + np.exp(-x)))


def _softplus(x: Floats) -> Floats:
    return np.logaddexp(0.0, x)


def _erf(x: Floats) -> Floats:
    return np.asarray(np.vectorize(math.erf, otypes=[np.float64])(x))


def _gelu(x: Floats) -> Floats:
    return np.asarray(0.5 * x * (1.0 + _erf(x / math.sqrt(2.0))))


def _gelu_tanh(x: Floats) -> Floats:
    inner = math.sqrt(2.0 / math.pi) * (x + 0.044715 * x**3)
    return np.asarray(0.5 * x * (1.0 + np.tanh(inner)))


def _elu(alpha: float, gamma: float = 1.0) -> Callable[[Floats], Floats]:
    return lambda x: gamma * np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0)))


def _celu(alpha: float) -> Callable[[Floats], Floats]:
    return lambda x: np.maximum(x, 0) + np.minimum(0, alpha * np.expm1(np.minimum(x, 0) / alpha))


def _hard_swish(x: Floats) -> Floats:
    return np.asarray(x * np.clip(x / 6.0 + 0.5, 0.0, 1.0))


def _mish(x: Floats) -> Floats:
    return np.asarray(x * np.tanh(_softplus(x)))


Maker = Callable[[Context], Callable[[Floats], Floats]]
# By operator the function, and whether it rises everywhere.
REAL: Mapping[str, tuple[Maker, bool]] = MappingProxyType(
    {
        "Sigmoid": (lambda _: _sigmoid, True),
        "Tanh": (lambda _: np.tanh, True),
        "Exp": (lambda _: np.exp, True),
        "Log": (lambda _: np.log, False),
        "Sqrt": (lambda _: np.sqrt, False),
        "Abs": (lambda _: np.abs, False),
        "Erf": (lambda _: _erf, True),
        "Softplus": (lambda _: _softplus, True),
        "Softsign": (lambda _: lambda x: x / (1.0 + np.abs(x)), True),
        "Elu": (lambda c: _elu(float(c.get("alpha", 1.0))), True),
        "Selu": (
            lambda c: _elu(float(c.get("alpha", 1.67326319217681884765625)),
                           float(c.get("gamma", 1.05070102214813232421875))),
            True,
        ),
        "Celu": (lambda c: _celu(float(c.get("alpha", 1.0))), True),
        "Gelu": (lambda c: _gelu_tanh if c.get("approximate", "none") == "tanh" else _gelu, False),
        "HardSwish": (lambda _: _hard_swish, False),
        "Mish": (lambda _: _mish, False),
        "Sin": (lambda _: np.sin, False),
        "Cos": (lambda _: np.cos, False),
        "Reciprocal": (lambda _: lambda x: 1.0 / x, False),
        "Floor": (lambda _: np.floor, True),
        "Ceil": (lambda _: np.ceil, True),
        "Round": (lambda _: np.rint, True),
        "Sign": (lambda _: np.sign, True),
        "Atan": (lambda _: np.arctan, True),
        "Sinh": (lambda _: np.sinh, True),
        "Asinh": (lambda _: np.arcsinh, True),
    }
)  # fmt: skip


def real(ctx: Context) -> Value:
    """A function in float64, on one atom each where it can be."""
    maker, rises = REAL[ctx.proto.op_type]
    return _behind(single(ctx.activation(0)), Real(_name(ctx), maker(ctx), rises))


def power(ctx: Context) -> Value:
    """A constant power."""
    exponents = set(ctx.constant(1, "exponent").array.reshape(-1).tolist())
    if len(exponents) != 1:
        raise UnsupportedError(f"{len(exponents)} different exponents; one is possible")
    exponent = float(exponents.pop())
    return _behind(
        single(ctx.activation(0)), Real(_name(ctx), lambda x: np.power(x, exponent), False)
    )


def multiply(ctx: Context) -> Value:
    """Mul: by a constant, of a value with a function of itself, or of two activations."""
    a, b = ctx.value(0), ctx.value(1)
    if isinstance(a, Constant):
        a, b = b, a
    shape, (pa, pb) = spread(a.shape, b.shape)
    assert isinstance(a, Affine)
    if isinstance(b, Constant):
        return lined(a.take(pa, shape), b.rationals()[pb], None)
    x, y = a.take(pa, shape), b.take(pb, shape)
    together = same_base(_name(ctx), x, y, np.multiply)
    return _product(ctx, x, y) if together is None else together


def divide(ctx: Context) -> Value:
    """Div: by a constant, or of a function of a value by another function of it."""
    a, b = ctx.value(0), ctx.value(1)
    shape, (pa, pb) = spread(a.shape, b.shape)
    if isinstance(b, Constant):
        values = b.rationals()
        if not all(values):
            raise UnsupportedError("it divides by 0")
        x = ctx.activation(0).take(pa, shape)
        labels, result = distinct(values)
        inverse = np.array([*(1 / v for v in result), None], dtype=object)[labels]
        return lined(x, inverse[pb], None)
    if isinstance(a, Constant) and a.array.size == 1:
        top = float(a.array.reshape(-1)[0])
        return _behind(single(b.take(pb, shape)), Real(_name(ctx), lambda x: top / x, False))
    x, y = ctx.activation(0).take(pa, shape), b.take(pb, shape)
    together = same_base(_name(ctx), x, y, np.divide)
    if together is None:
        raise UnsupportedError(
            "it divides one activation by another one, which has no exact form; multiply with a "
            "quantised reciprocal"
        )
    return together


def _product(ctx: Context, x: Affine, y: Affine) -> Affine:
    """A `Multiply` of two activations, value by value."""
    factors = []
    for value in (x, y):
        factor = settled(ctx.net, whole_units(settled(ctx.net, value)))
        if factor.has_offset:
            raise UnsupportedError(
                "it multiplies two activations, one of them with an offset that is not quantised; "
                "put a quantiser behind that"
            )
        factors.append(factor)
    shape = (x.size,) if x.size else (1,)
    names = tuple(ctx.net.gather(f.index[:, 0], shape) for f in factors)
    result = ctx.net.exact("Multiply", names, {}, "product")
    first = ctx.net.first_atom(result)
    atoms = first + np.arange(x.size)
    return Affine(
        x.shape,
        atoms[:, None],
        np.ones((x.size, 1), dtype=np.int64),
        factors[0].scale * factors[1].scale,
        filled(x.size, Fraction(0)),
    )


POINTWISE: Mapping[str, Handler] = MappingProxyType(
    {
        "Relu": relu,
        "Clip": clip,
        "LeakyRelu": leaky,
        "PRelu": prelu,
        "HardSigmoid": hard_sigmoid,
        "Neg": negate,
        "Mul": multiply,
        "Div": divide,
        "Pow": power,
        "Max": lambda ctx: extreme(ctx, 1),
        "Min": lambda ctx: extreme(ctx, -1),
        **dict.fromkeys(REAL, real),
    }
)
