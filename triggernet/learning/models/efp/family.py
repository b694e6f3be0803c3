"""The family `efp`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from triggernet.data import EncodingConfig
from triggernet.learning.models.efp.config import EfpConfig, EfpQuantisation, unsupported
from triggernet.learning.models.family import ModelFamily

if TYPE_CHECKING:
    from torch import nn


def _make_float(config: EfpConfig, encoding: EncodingConfig, n_outputs: int) -> nn.Module:
    del encoding
    from triggernet.learning.models.efp.network import EnergyFlow

    return EnergyFlow(config, n_outputs)


def _make_quantised(
    config: EfpConfig, quantisation: EfpQuantisation, encoding: EncodingConfig, n_outputs: int
) -> nn.Module:
    from triggernet.learning.models.efp.quantised import QuantisedEnergyFlow

    return QuantisedEnergyFlow(config, quantisation, encoding, n_outputs)


FAMILY = ModelFamily(
    name="efp",
    summary="energy-flow polynomials and a linear classifier",
    config=EfpConfig,
    quantisation=EfpQuantisation,
    make_float=_make_float,
    make_quantised=_make_quantised,
    unsupported=unsupported,
)
