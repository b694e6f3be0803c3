"""A DeepSets classifier: one small network for every constituent, a sum, one for the jet.

Zaheer et al., "Deep Sets" (NeurIPS 2017); for jets Komiske, Metodiev, Thaler (JHEP 01 (2019) 121).
The quantised form uses Brevitas' stock linear layers with power-of-two scales for a whole tensor.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from itertools import pairwise
from typing import TYPE_CHECKING, Any, cast

import torch
from torch import Tensor, nn

from triggernet.models import layers
from triggernet.models.constituents import constituent_types
from triggernet.models.deepsets_config import DeepSetsConfig, DeepSetsQuantisation
from triggernet.models.order import canonical
from triggernet.models.quantised import QuantisedModel

if TYPE_CHECKING:
    from triggernet.data import EncodingConfig

# Powers of two by which the float model divides its inputs (GeV, and angles in steps of pi/720) and
# its sum, to train fast; the quantised one has them in its weights.
_INPUT_UNIT = 16.0
_SUM_UNIT = 16.0


class DeepSets(nn.Module):
    """The float model: the polar or Cartesian inputs of constituents to logits (B,).

    Parameters
    ----------
    config : DeepSetsConfig
    names : tuple of str
        The inputs of a constituent; the first one is zero where it is absent.
    """

    permutation_invariant = True

    def __init__(self, config: DeepSetsConfig, names: tuple[str, ...]) -> None:
        super().__init__()
        self.names = names
        self.phi = _linears((len(names), *config.phi))
        self.rho = _linears((config.phi[-1], *config.rho, 1))

    def forward(self, inputs: Mapping[str, Tensor]) -> Tensor:
        """The logits (B,)."""
        columns = canonical(torch.stack([inputs[name] for name in self.names], 2))  # (B, N, F)
        x = columns / _INPUT_UNIT
        for linear in self.phi:
            x = torch.relu(linear(x))
        x = (x * (columns[..., :1] != 0)).sum(1) / _SUM_UNIT
        for linear in self.rho[:-1]:
            x = torch.relu(linear(x))
        logits: Tensor = self.rho[-1](x)[:, 0]
        return logits


class QuantisedDeepSets(QuantisedModel):
    """The same in hardware arithmetic, exportable layer by layer.

    Parameters
    ----------
    config : DeepSetsConfig
    quantisation : DeepSetsQuantisation
    encoding : EncodingConfig
    """

    def __init__(
        self, config: DeepSetsConfig, quantisation: DeepSetsQuantisation, encoding: EncodingConfig
    ) -> None:
        super().__init__(constituent_types(encoding), quantisation.rounding)
        q = quantisation
        self.columns = layers.Stack(self.out(q.columns, signed=True))
        self.quantisation, self.frozen = q, False
        phi = _steps((len(self.inputs), *config.phi))
        rho = _steps((config.phi[-1], *config.rho, 1))
        self.phi = [f"phi_{k}" for k in range(len(phi))]
        self.rho = [f"rho_{k}" for k in range(len(rho))]
        self.points: dict[str, tuple[int, int]] = {}
        for name, sizes in zip(self.phi + self.rho, phi + rho, strict=True):
            setattr(self, name, _quant_linear(sizes, q, (1, 1)))
            self.points[name] = (1, 1)
        self.phi_out = nn.ModuleList(self.out(q.hidden) for _ in self.phi)
        self.rho_out = nn.ModuleList(self.out(q.hidden) for _ in self.rho[:-1])
        self.pooled = layers.ParticleSum(self.out(q.pooled))
        self.score = self.out(q.score, signed=True)

    @property
    def learning_rate_scales(self) -> dict[str, float]:
        """For fine-tuning: parameters whose natural size is not one."""
        return {"phi_0.weight": 1 / _INPUT_UNIT, "rho_0.weight": 1 / _SUM_UNIT}

    def outputs(self, inputs: Mapping[str, Tensor]) -> Tensor:
        """Scores (B, 1)."""
        if self.training and not self.frozen:
            self.refit()
        columns = list(self.values(inputs).values())
        x = self.columns(*columns)
        for name, out in zip(self.phi, self.phi_out, strict=True):
            x = out(torch.relu(self.get_submodule(name)(x)))
        x = self.pooled(x, columns[0])
        for name, out in zip(self.rho[:-1], self.rho_out, strict=True):
            x = out(torch.relu(self.get_submodule(name)(x)))
        score: Tensor = self.score(self.get_submodule(self.rho[-1])(x))
        return score

    def refit(self) -> None:
        """Put the binary points of all constants where their largest values need them."""
        for name in self.points:
            layer = self.get_submodule(name)
            weight, bias = (cast("Tensor", getattr(layer, p)) for p in ("weight", "bias"))
            self._place(name, (_integer(weight), _integer(bias)))

    def _place(self, name: str, points: tuple[int, int]) -> None:
        """Give a layer new binary points; its parameters stay the same objects."""
        if self.points[name] == points:
            return
        old: Any = self.get_submodule(name)
        new: Any = _quant_linear((old.in_features, old.out_features), self.quantisation, points)
        new.weight, new.bias = old.weight, old.bias
        setattr(self, name, new.train(self.training))
        self.points[name] = points

    def get_extra_state(self) -> Tensor:
        """Binary points and whether they are frozen, for the checkpoint."""
        return torch.tensor([int(self.frozen), *(p for pair in self.points.values() for p in pair)])

    def set_extra_state(self, state: Tensor) -> None:
        """Restore what `get_extra_state` gave."""
        frozen, *points = (int(value) for value in state)
        self.frozen = bool(frozen)
        for name, pair in zip(
            self.points, zip(points[::2], points[1::2], strict=True), strict=True
        ):
            self._place(name, pair)

    @torch.no_grad()
    def set_weights(self, model: DeepSets) -> None:
        """Start from the weights of a float model of the same widths."""
        for mine, theirs in ((self.phi, model.phi), (self.rho, model.rho)):
            for name, linear in zip(mine, theirs, strict=True):
                quantised = self.get_submodule(name)
                cast("Tensor", quantised.weight).copy_(cast("Tensor", linear.weight))
                cast("Tensor", quantised.bias).copy_(cast("Tensor", linear.bias))
        for name, scale in self.learning_rate_scales.items():
            self.get_parameter(name).mul_(scale)
        self.refit()

    def freeze_scales(self) -> None:
        """Leave every scale as it is from now on."""
        self.frozen = True


def _steps(sizes: tuple[int, ...]) -> list[tuple[int, int]]:
    return list(pairwise(sizes))


def _linears(sizes: tuple[int, ...]) -> nn.ModuleList:
    return nn.ModuleList(nn.Linear(a, b, dtype=torch.float64) for a, b in _steps(sizes))


def _integer(values: Tensor) -> int:
    """Integer bits, the sign included, that hold `values`."""
    largest = float(values.detach().abs().max())
    return (math.floor(math.log2(largest)) + 1 if largest > 0 else 0) + 1


def _quant_linear(
    sizes: tuple[int, int], q: DeepSetsQuantisation, points: tuple[int, int]
) -> nn.Module:
    """A stock linear layer whose weight and bias have the integer bits `points`."""
    import brevitas.nn as qnn
    from brevitas.inject.enum import ScalingImplType
    from brevitas.quant import (
        Int8BiasPerTensorFixedPointInternalScaling,
        Int8WeightPerTensorFixedPoint,
    )

    layer: Any = qnn.QuantLinear(
        *sizes,
        bias=True,
        weight_quant=Int8WeightPerTensorFixedPoint,
        weight_bit_width=q.weight,
        weight_scaling_impl_type=ScalingImplType.CONST,
        weight_scaling_init=2.0 ** (points[0] - 1),
        bias_quant=Int8BiasPerTensorFixedPointInternalScaling,
        bias_bit_width=q.bias,
        bias_scaling_impl_type=ScalingImplType.CONST,
        bias_scaling_init=2.0 ** (points[1] - 1),
    )
    return cast("nn.Module", layer)
