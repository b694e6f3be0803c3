"""The family `lorentznet`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from triggernet.data import EncodingConfig
from triggernet.learning.layers.edge_widths import EdgeQuantisation
from triggernet.learning.models.family import ModelFamily
from triggernet.learning.models.lorentznet.config import LorentzNetConfig, unsupported

if TYPE_CHECKING:
    from torch import nn


def _make_float(config: LorentzNetConfig, _encoding: EncodingConfig, n_outputs: int) -> nn.Module:
    from triggernet.learning.models.lorentznet.network import LorentzNet

    return LorentzNet(config, n_outputs=n_outputs)


def _make_quantised(
    config: LorentzNetConfig,
    quantisation: EdgeQuantisation,
    encoding: EncodingConfig,
    n_outputs: int,
) -> nn.Module:
    from triggernet.learning.models.lorentznet.quantised import QuantisedLorentzNet

    return QuantisedLorentzNet(config, quantisation, encoding, n_outputs)


FAMILY = ModelFamily(
    name="lorentznet",
    summary="message passing by Minkowski products, with a vector for each particle",
    config=LorentzNetConfig,
    quantisation=EdgeQuantisation,
    make_float=_make_float,
    make_quantised=_make_quantised,
    unsupported=unsupported,
)
