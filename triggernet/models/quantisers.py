"""Brevitas quantisers of one fixed-point type: for activations and for constants.

Brevitas supplies the fake quantisation and its straight-through gradient (and its export to
QONNX); the type is a `FixedPoint`, set from outside, so that it is known exactly at any time.
"""

from __future__ import annotations

import math
from typing import Any, cast

import brevitas.nn as qnn
import numpy as np
import torch
from brevitas.core.zero_point import ZeroZeroPoint
from brevitas.inject.enum import (
    BitWidthImplType,
    FloatToIntImplType,
    QuantType,
    RestrictValueType,
    ScalingImplType,
)
from brevitas.quant.solver import ActQuantSolver
from torch import Tensor, nn

from triggernet.fixedpoint import Codes, FixedPoint, Quantiser, Rounding


class _FixedPointActivation(ActQuantSolver):  # type: ignore[misc]
    """Brevitas' recipe for a constant power-of-two scale."""

    quant_type = QuantType.INT
    bit_width_impl_type = BitWidthImplType.CONST
    scaling_impl_type = ScalingImplType.CONST
    restrict_scaling_type = RestrictValueType.POWER_OF_TWO
    scaling_per_output_channel = False
    scaling_stats_op = None
    zero_point_impl = ZeroZeroPoint
    narrow_range = False


def brevitas_quantiser(kind: FixedPoint, rounding: Rounding) -> nn.Module:
    """A Brevitas `QuantIdentity` that quantises to `kind`, saturating."""
    return cast(
        "nn.Module",
        qnn.QuantIdentity(
            act_quant=_FixedPointActivation,
            return_quant_tensor=False,
            signed=kind.signed,
            bit_width=kind.width,
            scaling_init=2.0 ** (kind.integer - int(kind.signed)),
            float_to_int_impl_type=(
                FloatToIntImplType.FLOOR if rounding == "FLOOR" else FloatToIntImplType.ROUND
            ),
        ),
    )


class ActivationQuantiser(nn.Module):
    """Fake quantisation of a tensor to a fixed-point type that may still be chosen.

    Parameters
    ----------
    signed : bool
    width : int
    integer : int or None
        Integer bits, the sign included; None leaves them to calibration (`set_integer`).
    rounding : {"FLOOR", "ROUND"}
    """

    def __init__(self, signed: bool, width: int, integer: int | None, rounding: Rounding) -> None:
        super().__init__()
        self.fixed = integer is not None
        self.rounding = rounding
        self.largest: float | None = None  # while observing: the largest |x| so far
        self.set_type(FixedPoint(signed, width, width if integer is None else integer))

    def set_type(self, kind: FixedPoint) -> None:
        """Quantise to `kind` from now on."""
        self.kind = kind
        self.quant = brevitas_quantiser(kind, self.rounding)
        self.quant.train(self.training)

    def set_integer(self, integer: int) -> None:
        """Move the binary point, keeping width and sign."""
        self.set_type(FixedPoint(self.kind.signed, self.kind.width, integer))

    @property
    def quantiser(self) -> Quantiser:
        """The exact quantiser that this module imitates."""
        return Quantiser(self.kind, self.rounding)

    def forward(self, x: Tensor) -> Tensor:
        """Quantised values, same shape; while observing, the values themselves."""
        if self.largest is not None:
            self.largest = max(self.largest, float(x.detach().abs().max()))
            return x
        return cast("Tensor", self.quant(x))

    def get_extra_state(self) -> Tensor:
        """The type, for the checkpoint: sign, width and integer bits."""
        kind = self.kind
        return torch.tensor([int(kind.signed), kind.width, kind.integer])

    def set_extra_state(self, state: Tensor) -> None:
        """Restore the type from a checkpoint."""
        signed, width, integer = state.tolist()
        self.set_type(FixedPoint(bool(signed), width, integer))


class ConstantQuantiser(nn.Module):
    """A trainable constant, fake-quantised to a signed fixed-point type.

    The parameter is kept in units of the power of two next to its largest value, so that one
    learning rate suits constants of every size. Until `frozen`, the binary point follows the
    values; afterwards it stays.

    Parameters
    ----------
    shape : tuple of int
    width : int
    digits : int or None
        At most so many signed digits (powers of two added or subtracted) in a constant: each one
        is an addition in hardware, while the width costs nothing by itself.
    """

    def __init__(self, shape: tuple[int, ...], width: int, digits: int | None = None) -> None:
        super().__init__()
        self.digits = digits
        self.value = nn.Parameter(torch.zeros(shape))
        self.width = width
        self.exponent = 0
        self.frozen = False
        self._set_type(FixedPoint(True, width, 1))

    def set_values(self, values: np.ndarray[Any, np.dtype[np.float64]]) -> None:
        """Start from these real values, of the constant's shape."""
        self.exponent = _exponent(float(np.abs(values).max()))
        with torch.no_grad():
            self.value.copy_(torch.as_tensor(values / 2.0**self.exponent))
        self._refit()

    def forward(self) -> Tensor:
        """Quantised real values of the constant's shape."""
        if self.training and not self.frozen:
            self._refit()
        rounded = cast("Tensor", self.quant(self.real()))
        if self.digits is None:
            return rounded
        codes = (rounded.detach() / self.kind.lsb).round().long()
        near = self._nearest[codes - self.kind.min_int].to(rounded.dtype) * self.kind.lsb
        return rounded + (near - rounded).detach()

    def real(self) -> Tensor:
        """Unquantised real values."""
        return self.value * 2.0**self.exponent

    def codes(self) -> Codes:
        """The integer codes that stand in the firmware, int64 of the constant's shape."""
        values = self.real().detach().double().cpu().numpy()
        codes = Quantiser(self.kind, "ROUND").from_real(values)
        if self.digits is None:
            return codes
        return cast("Codes", self._nearest.numpy()[codes - self.kind.min_int])

    def _refit(self) -> None:
        """Put the binary point where the largest value needs it."""
        largest = float(self.real().detach().abs().max())
        integer = _exponent(largest) + 1
        if largest > FixedPoint(True, self.width, integer).max:
            integer += 1  # rounding up would saturate
        if integer != self.kind.integer:
            self._set_type(FixedPoint(True, self.width, integer))

    def _set_type(self, kind: FixedPoint) -> None:
        self.kind = kind
        self.quant = brevitas_quantiser(kind, "ROUND")
        if self.digits is not None:
            self._nearest = torch.from_numpy(nearest_sparse(kind, self.digits))

    def get_extra_state(self) -> Tensor:
        """Exponent, binary point and whether it is frozen, for the checkpoint."""
        return torch.tensor([self.exponent, self.kind.integer, int(self.frozen)])

    def set_extra_state(self, state: Tensor) -> None:
        """Restore what `get_extra_state` gave."""
        self.exponent, integer, frozen = state.tolist()
        self.frozen = bool(frozen)
        self._set_type(FixedPoint(True, self.width, integer))


def nearest_sparse(kind: FixedPoint, digits: int) -> Codes:
    """For each code of `kind`, from the lowest up, the nearest one with few signed digits.

    The fewest signed digits that make n are the ones in the binary form of ``n ^ 3n`` (Reitwiesner
    1960).

    Returns
    -------
    int64 array (2**width,)
        Codes of `kind` with at most `digits` signed digits; of two equally near, the lower.
    """
    codes = np.arange(kind.min_int, kind.max_int + 1)
    sparse = codes[[(abs(n) ^ (3 * abs(n))).bit_count() <= digits for n in codes.tolist()]]
    above = np.searchsorted(sparse, codes).clip(1, len(sparse) - 1)
    lower, upper = sparse[above - 1], sparse[above]
    nearest: Codes = np.where(codes - lower <= upper - codes, lower, upper)
    return nearest


def _exponent(largest: float) -> int:
    """The smallest e with ``largest <= 2**e`` (0 for 0)."""
    return math.ceil(math.log2(largest)) if largest > 0 else 0
