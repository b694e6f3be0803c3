"""The family `linearsum`: its configuration, and what triggernet needs to know of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from triggernet.data import EncodingConfig
from triggernet.errors import ConfigError
from triggernet.learning.layers import NetworkQuantisation
from triggernet.learning.models import ModelFamily

if TYPE_CHECKING:
    from torch import nn


@dataclass(frozen=True)
class LinearSumConfig:
    """What a linear sum is made of.

    Attributes
    ----------
    name : str
    features : int
        Outputs of the layer that every constituent goes through.
    """

    name: Literal["linearsum"] = "linearsum"
    features: int = 8

    def __post_init__(self) -> None:
        if self.features < 1:
            raise ConfigError(f"features: found {self.features}; at least 1 is needed")


def _make_float(config: LinearSumConfig, encoding: EncodingConfig, n_outputs: int) -> nn.Module:
    from own_family.network import LinearSum
    from triggernet.learning.layers import constituent_inputs

    return LinearSum(config.features, constituent_inputs(encoding), n_outputs)


def _make_quantised(
    config: LinearSumConfig,
    quantisation: NetworkQuantisation,
    encoding: EncodingConfig,
    n_outputs: int,
) -> nn.Module:
    from own_family.quantised import QuantisedLinearSum

    return QuantisedLinearSum(config.features, quantisation, encoding, n_outputs)


FAMILY = ModelFamily(
    name="linearsum",
    summary="one dense layer for every constituent, and the sum of all",
    config=LinearSumConfig,
    quantisation=NetworkQuantisation,
    make_float=_make_float,
    make_quantised=_make_quantised,
)
