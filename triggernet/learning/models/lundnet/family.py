"""The family `lundnet`."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from triggernet.data import EncodingConfig
from triggernet.data.encoding import leading
from triggernet.learning.models.family import ModelFamily
from triggernet.learning.models.lundnet.config import LundNetConfig

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import nn

    from triggernet.data import Jets


def _make_float(config: LundNetConfig, encoding: EncodingConfig, n_outputs: int) -> nn.Module:
    del encoding
    from triggernet.learning.models.lundnet.network import LundNet

    return LundNet(config, n_outputs)


def _inputs(config: LundNetConfig, encoding: EncodingConfig, jets: Jets) -> dict[str, NDArray[Any]]:
    from triggernet.data.lund.trees import cached_lund_trees

    trees = cached_lund_trees(
        replace(jets, constituents=leading(jets, encoding.n_constituents)), config.tree
    )
    nodes, parent = trees.padded(max(1, encoding.n_constituents - 1))
    return {"nodes": nodes[..., config.columns], "parent": parent}


FAMILY = ModelFamily(
    name="lundnet",
    summary="a graph network on the Lund tree of a jet, for the High-Level Trigger",
    config=LundNetConfig,
    make_float=_make_float,
    tier="hlt",
    inputs=_inputs,
    n_constituents=128,
)
