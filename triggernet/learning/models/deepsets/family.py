"""The family `deepsets`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from triggernet.data import EncodingConfig
from triggernet.learning.models.deepsets.config import DeepSetsConfig, DeepSetsQuantisation
from triggernet.learning.models.family import ModelFamily

if TYPE_CHECKING:
    from torch import nn


def _make_float(config: DeepSetsConfig, encoding: EncodingConfig, n_outputs: int) -> nn.Module:
    from triggernet.learning.layers.constituents import constituent_inputs
    from triggernet.learning.models.deepsets.network import DeepSets

    return DeepSets(config, constituent_inputs(encoding), n_outputs=n_outputs)


def _make_quantised(
    config: DeepSetsConfig,
    quantisation: DeepSetsQuantisation,
    encoding: EncodingConfig,
    n_outputs: int,
) -> nn.Module:
    from triggernet.learning.models.deepsets.quantised import QuantisedDeepSets

    return QuantisedDeepSets(config, quantisation, encoding, n_outputs)


FAMILY = ModelFamily(
    name="deepsets",
    summary="one network for every constituent, their sum, one for the jet",
    config=DeepSetsConfig,
    quantisation=DeepSetsQuantisation,
    make_float=_make_float,
    make_quantised=_make_quantised,
    any_columns=True,
)
