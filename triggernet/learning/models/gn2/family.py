"""The family `gn2`."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from triggernet.data import EncodingConfig
from triggernet.learning.models.family import ModelFamily
from triggernet.learning.models.gn2.config import GN2Config
from triggernet.learning.models.track_inputs import track_inputs

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import nn

    from triggernet.data import Jets


def _make_float(config: GN2Config, encoding: EncodingConfig, n_outputs: int) -> nn.Module:
    del encoding
    from triggernet.learning.layers.mup import parametrised
    from triggernet.learning.models.gn2.network import GN2

    base = _at_width(config, config.base_width)
    return parametrised(lambda each: GN2(each, n_outputs), config, base)


def _inputs(config: GN2Config, encoding: EncodingConfig, jets: Jets) -> dict[str, NDArray[Any]]:
    del config
    return track_inputs(jets, encoding.n_constituents)


def _at_width(config: GN2Config, width: int) -> GN2Config:
    return replace(config, width=width)


FAMILY = ModelFamily(
    name="gn2",
    summary="a transformer on the tracks of a jet for its flavour, for the High-Level Trigger",
    config=GN2Config,
    make_float=_make_float,
    tier="hlt",
    inputs=_inputs,
    n_constituents=40,
    parts=("origin", "vertex"),
    at_width=_at_width,
)
