"""The family `mlp`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from triggernet.data import EncodingConfig
from triggernet.learning.layers.widths import NetworkQuantisation
from triggernet.learning.models.family import ModelFamily
from triggernet.learning.models.mlp.config import MlpConfig, unsupported

if TYPE_CHECKING:
    from torch import nn


def _make_float(config: MlpConfig, encoding: EncodingConfig, n_outputs: int) -> nn.Module:
    from triggernet.learning.layers.constituents import constituent_inputs
    from triggernet.learning.models.mlp.network import MLP

    return MLP(config, constituent_inputs(encoding), encoding.n_constituents, n_outputs=n_outputs)


def _make_quantised(
    config: MlpConfig, quantisation: NetworkQuantisation, encoding: EncodingConfig, n_outputs: int
) -> nn.Module:
    from triggernet.learning.models.mlp.quantised import QuantisedMLP

    return QuantisedMLP(config, quantisation, encoding, n_outputs)


FAMILY = ModelFamily(
    name="mlp",
    summary="dense layers on the leading constituents",
    config=MlpConfig,
    quantisation=NetworkQuantisation,
    make_float=_make_float,
    make_quantised=_make_quantised,
    any_columns=True,
    unsupported=unsupported,
)
