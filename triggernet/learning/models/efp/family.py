"""The family `efp`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from triggernet.data import EncodingConfig
from triggernet.learning.models.efp.config import EfpConfig, unsupported
from triggernet.learning.models.family import ModelFamily

if TYPE_CHECKING:
    from torch import nn


def _make_float(config: EfpConfig, encoding: EncodingConfig, n_outputs: int) -> nn.Module:
    del encoding
    from triggernet.learning.models.efp.network import EnergyFlow

    return EnergyFlow(config, n_outputs)


FAMILY = ModelFamily(
    name="efp",
    summary="energy-flow polynomials and a linear classifier",
    config=EfpConfig,
    make_float=_make_float,
    unsupported=unsupported,
)
