"""The family `jedilinear`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from triggernet.data import EncodingConfig
from triggernet.learning.models.family import ModelFamily
from triggernet.learning.models.jedilinear.config import JediLinearConfig, JediLinearQuantisation

if TYPE_CHECKING:
    from torch import nn


def _make_float(config: JediLinearConfig, encoding: EncodingConfig, n_outputs: int) -> nn.Module:
    from triggernet.learning.layers.constituents import constituent_inputs
    from triggernet.learning.models.jedilinear.network import JediLinear

    return JediLinear(
        config, constituent_inputs(encoding), encoding.n_constituents, n_outputs=n_outputs
    )


def _make_quantised(
    config: JediLinearConfig,
    quantisation: JediLinearQuantisation,
    encoding: EncodingConfig,
    n_outputs: int,
) -> nn.Module:
    from triggernet.learning.models.jedilinear.quantised import QuantisedJediLinear

    return QuantisedJediLinear(config, quantisation, encoding, n_outputs)


FAMILY = ModelFamily(
    name="jedilinear",
    summary="linear maps of each constituent and of the sum of all",
    config=JediLinearConfig,
    quantisation=JediLinearQuantisation,
    make_float=_make_float,
    make_quantised=_make_quantised,
    any_columns=True,
)
