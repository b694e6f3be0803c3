"""The family `pairnet`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from triggernet.data import EncodingConfig
from triggernet.learning.models.family import ModelFamily
from triggernet.learning.models.pairnet.config import (
    PairNetConfig,
    PairNetQuantisation,
    check,
    unsupported,
)

if TYPE_CHECKING:
    from torch import nn


def _make_float(config: PairNetConfig, encoding: EncodingConfig, n_outputs: int) -> nn.Module:
    del encoding
    from triggernet.learning.models.pairnet.network import PairNet

    return PairNet(config, n_outputs)


def _make_quantised(
    config: PairNetConfig,
    quantisation: PairNetQuantisation,
    encoding: EncodingConfig,
    n_outputs: int,
) -> nn.Module:
    from triggernet.learning.models.pairnet.quantised import QuantisedPairNet

    return QuantisedPairNet(config, quantisation, encoding, n_outputs)


FAMILY = ModelFamily(
    name="pairnet",
    summary="a symmetric pair network: sums of learned functions of each pair's mass",
    config=PairNetConfig,
    quantisation=PairNetQuantisation,
    make_float=_make_float,
    make_quantised=_make_quantised,
    check=check,
    unsupported=unsupported,
)
