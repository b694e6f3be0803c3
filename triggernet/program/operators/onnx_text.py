"""Pieces of ONNX function bodies in ONNX's own text form, shared by the operators.

Inside a body everything is float64, so that results of up to 53 bits are exact.
"""

from __future__ import annotations

from triggernet.fixedpoint import Overflow, Rounding

DOUBLE, FLOAT, INT64, BOOL = 11, 1, 7, 9


def attribute(name: str, key: str) -> str:
    """Integer attribute `key` as a float64 scalar `name`."""
    return f"""
    {name}_int = Constant <value_int: int = @{key}> ()
    {name} = Cast <to = {DOUBLE}> ({name}_int)"""


def codes(name: str, key: str, prefix: str, shape: str = "") -> str:
    """Attribute `key`, codes of the type `{prefix}width`, `{prefix}integer`, as float64 values."""
    reshape = f"Reshape ({name}_flat, {name}_shape)" if shape else f"Identity ({name}_flat)"
    shape_text = f"{name}_shape = Constant <value_ints: ints = [{shape}]> ()" if shape else ""
    return f"""
    {name}_ints = Constant <value_ints: ints = @{key}> ()
    {name}_codes = Cast <to = {DOUBLE}> ({name}_ints)
    {step(f"{name}_step", prefix)}
    {name}_flat = Div ({name}_codes, {name}_step)
    {shape_text}
    {name} = {reshape}"""


def step(name: str, prefix: str) -> str:
    """`name` = 2 ** fraction of the type with that attribute prefix (steps per unit)."""
    return f"""
    {attribute(f"{name}_w", f"{prefix}width")}
    {attribute(f"{name}_i", f"{prefix}integer")}
    {name}_f = Sub ({name}_w, {name}_i)
    {name}_two = Constant <value = double {{2.0}}> ()
    {name} = Pow ({name}_two, {name}_f)"""


def quantise(
    source: str, result: str, prefix: str, rounding: Rounding, overflow: Overflow = "SAT"
) -> str:
    """`result` = `source` quantised; the inner quantisers (with a prefix) are unsigned."""
    q = f"{result}_q"
    sign = (
        f"{q}s = Constant <value = double {{0.0}}> ()" if prefix else attribute(f"{q}s", "signed")
    )
    rounded = "Floor" if rounding == "FLOOR" else "Round"
    if overflow == "SAT":
        limit = f"""
    {q}capped = Min ({q}whole, {q}max)
    {q}code = Max ({q}capped, {q}min)"""
    else:
        limit = f"""
    {q}span = Pow ({q}step_two, {q}step_w)
    {q}above = Sub ({q}whole, {q}min)
    {q}ratio = Div ({q}above, {q}span)
    {q}turns = Floor ({q}ratio)
    {q}excess = Mul ({q}turns, {q}span)
    {q}code = Sub ({q}whole, {q}excess)"""
    return f"""
    {step(f"{q}step", prefix)}
    {sign}
    {q}one = Constant <value = double {{1.0}}> ()
    {q}bits = Sub ({q}step_w, {q}s)
    {q}top = Pow ({q}step_two, {q}bits)
    {q}max = Sub ({q}top, {q}one)
    {q}down = Mul ({q}top, {q}s)
    {q}min = Neg ({q}down)
    {q}scaled = Mul ({source}, {q}step)
    {q}whole = {rounded} ({q}scaled)
    {limit}
    {result} = Div ({q}code, {q}step)"""


def pairs(count: str) -> str:
    """`pair_i`, `pair_j` (int64): the particles of each pair, from `count` (int64 scalar)."""
    return f"""
    pairs_zero = Constant <value = int64 {{0}}> ()
    pairs_one = Constant <value = int64 {{1}}> ()
    pairs_axis0 = Constant <value_ints: ints = [0]> ()
    pairs_axis1 = Constant <value_ints: ints = [1]> ()
    pairs_flat = Constant <value_ints: ints = [-1]> ()
    pairs_n = Range (pairs_zero, {count}, pairs_one)
    pairs_row = Unsqueeze (pairs_n, pairs_axis0)
    pairs_column = Unsqueeze (pairs_n, pairs_axis1)
    pairs_grid = Mul (pairs_column, pairs_row)
    pairs_nothing = Sub (pairs_grid, pairs_grid)
    pairs_i_grid = Add (pairs_nothing, pairs_row)
    pairs_j_grid = Add (pairs_nothing, pairs_column)
    pairs_upper = Less (pairs_i_grid, pairs_j_grid)
    pairs_keep = Reshape (pairs_upper, pairs_flat)
    pairs_i_flat = Reshape (pairs_i_grid, pairs_flat)
    pairs_j_flat = Reshape (pairs_j_grid, pairs_flat)
    pair_i = Compress <axis = 0> (pairs_i_flat, pairs_keep)
    pair_j = Compress <axis = 0> (pairs_j_flat, pairs_keep)"""


def length(name: str, tensor: str, axis: int) -> str:
    """`name` (int64 scalar) = length of `tensor` along `axis`."""
    return f"""
    {name}_shape = Shape ({tensor})
    {name}_axis = Constant <value = int64 {{{axis}}}> ()
    {name} = Gather <axis = 0> ({name}_shape, {name}_axis)"""
