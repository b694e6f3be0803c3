"""The family `particlenet`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from triggernet.data import EncodingConfig
from triggernet.data.encoding import leading
from triggernet.learning.models.family import ModelFamily
from triggernet.learning.models.particlenet.config import ParticleNetConfig, check_neighbours

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import nn

    from triggernet.data import Jets


def _make_float(config: ParticleNetConfig, encoding: EncodingConfig, n_outputs: int) -> nn.Module:
    del encoding
    from triggernet.learning.models.particlenet.network import ParticleNet

    return ParticleNet(config, n_outputs)


def _inputs(
    config: ParticleNetConfig, encoding: EncodingConfig, jets: Jets
) -> dict[str, NDArray[Any]]:
    del config
    p = leading(jets, encoding.n_constituents)
    return {"constituents": p.astype(np.float32), "jet": jets.jet.astype(np.float32)}


FAMILY = ModelFamily(
    name="particlenet",
    summary="edge convolutions between nearest neighbours, for the High-Level Trigger",
    config=ParticleNetConfig,
    make_float=_make_float,
    tier="hlt",
    inputs=_inputs,
    check=check_neighbours,
    n_constituents=128,
)
