"""DeepSets with fake quantisation, in Brevitas' stock linear layers."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

import torch
from torch import Tensor, nn

from triggernet.learning.layers import blocks as layers
from triggernet.learning.layers.constituents import constituent_types
from triggernet.learning.layers.network import QuantisedModel
from triggernet.learning.models.deepsets.config import DeepSetsConfig, DeepSetsQuantisation
from triggernet.learning.models.deepsets.network import INPUT_UNIT, SUM_UNIT, DeepSets, layer_sizes

if TYPE_CHECKING:
    from triggernet.data import EncodingConfig


class QuantisedDeepSets(QuantisedModel):
    """The same in hardware arithmetic, exportable layer by layer.

    Parameters
    ----------
    config : DeepSetsConfig
    quantisation : DeepSetsQuantisation
    encoding : EncodingConfig
    n_outputs : int
        C.
    """

    def __init__(
        self,
        config: DeepSetsConfig,
        quantisation: DeepSetsQuantisation,
        encoding: EncodingConfig,
        n_outputs: int = 1,
    ) -> None:
        super().__init__(constituent_types(encoding), quantisation.rounding)
        q = quantisation
        self.columns = layers.Stack(self.out(q.columns, signed=True))
        self.quantisation, self.frozen = q, False
        phi = layer_sizes((len(self.inputs), *config.phi))
        rho = layer_sizes((config.phi[-1], *config.rho, n_outputs))
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
        return {"phi_0.weight": 1 / INPUT_UNIT, "rho_0.weight": 1 / SUM_UNIT}

    def outputs(self, inputs: Mapping[str, Tensor]) -> Tensor:
        """Scores (B, C)."""
        if self.training and not self.frozen:
            self.refit()
        columns = list(self.values(inputs).values())  # (B, N) each
        x = self.columns(*columns)  # (B, N, F)
        for name, out in zip(self.phi, self.phi_out, strict=True):
            x = out(torch.relu(self.get_submodule(name)(x)))  # (B, N, G)
        x = self.pooled(x, columns[0])  # (B, G)
        for name, out in zip(self.rho[:-1], self.rho_out, strict=True):
            x = out(torch.relu(self.get_submodule(name)(x)))  # (B, G)
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


def _integer(values: Tensor) -> int:
    """Integer bits, the sign included, that hold `values`."""
    largest = float(values.detach().abs().max())
    return (math.floor(math.log2(largest)) + 1 if largest > 0 else 0) + 1
