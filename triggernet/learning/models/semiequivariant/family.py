"""The family `semiequivariant`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from triggernet.data import EncodingConfig
from triggernet.learning.layers.edge_widths import EdgeQuantisation
from triggernet.learning.models.family import ModelFamily
from triggernet.learning.models.semiequivariant.config import (
    SemiEquivariantConfig,
    check,
    unsupported,
)
from triggernet.learning.models.semiequivariant.reading import READING

if TYPE_CHECKING:
    from torch import nn


def _make_float(
    config: SemiEquivariantConfig, _encoding: EncodingConfig, n_outputs: int
) -> nn.Module:
    from triggernet.learning.models.semiequivariant.network import SemiEquivariantNet

    return SemiEquivariantNet(config, n_outputs=n_outputs)


def _make_quantised(
    config: SemiEquivariantConfig,
    quantisation: EdgeQuantisation,
    encoding: EncodingConfig,
    n_outputs: int,
) -> nn.Module:
    from triggernet.learning.models.semiequivariant.quantised import QuantisedSemiEquivariantNet

    return QuantisedSemiEquivariantNet(config, quantisation, encoding, n_outputs)


FAMILY = ModelFamily(
    name="semiequivariant",
    summary="message passing of scalars, four-vectors and hidden features",
    config=SemiEquivariantConfig,
    quantisation=EdgeQuantisation,
    make_float=_make_float,
    make_quantised=_make_quantised,
    check=check,
    unsupported=unsupported,
    reading=READING,
)
