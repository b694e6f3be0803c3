"""The family `dips`."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from triggernet.data import EncodingConfig
from triggernet.learning.models.dips.config import DipsConfig
from triggernet.learning.models.family import ModelFamily
from triggernet.learning.models.track_inputs import track_inputs

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import nn

    from triggernet.data import Jets


def _make_float(config: DipsConfig, encoding: EncodingConfig, n_outputs: int) -> nn.Module:
    del encoding
    from triggernet.learning.layers.mup import parametrised
    from triggernet.learning.models.dips.network import Dips

    base = _at_width(config, config.base_width)
    return parametrised(lambda each: Dips(each, n_outputs), config, base)


def _inputs(config: DipsConfig, encoding: EncodingConfig, jets: Jets) -> dict[str, NDArray[Any]]:
    del config
    return track_inputs(jets, encoding.n_constituents)


def _at_width(config: DipsConfig, width: int) -> DipsConfig:
    return replace(config, width=width)


FAMILY = ModelFamily(
    name="dips",
    summary="DeepSets on the tracks of a jet for its flavour, for the High-Level Trigger",
    config=DipsConfig,
    make_float=_make_float,
    tier="hlt",
    inputs=_inputs,
    n_constituents=40,
    at_width=_at_width,
)
