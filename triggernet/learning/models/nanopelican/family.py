"""The family `nanopelican`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from triggernet.data import EncodingConfig
from triggernet.learning.models.family import ModelFamily, set_and_calibrate
from triggernet.learning.models.nanopelican.config import (
    NanoPelicanConfig,
    NanoPelicanQuantisation,
    check,
)
from triggernet.learning.models.nanopelican.reading import READING

if TYPE_CHECKING:
    from torch import nn


def _make_float(config: NanoPelicanConfig, encoding: EncodingConfig, n_outputs: int) -> nn.Module:
    from triggernet.learning.models.nanopelican.network import NanoPELICAN

    return NanoPELICAN(config, encoding.n_constituents, n_outputs=n_outputs)


def _make_quantised(
    config: NanoPelicanConfig,
    quantisation: NanoPelicanQuantisation,
    encoding: EncodingConfig,
    n_outputs: int,
) -> nn.Module:
    from triggernet.learning.models.nanopelican.quantised import QuantisedNanoPELICAN, Shape

    return QuantisedNanoPELICAN(Shape.of(config, encoding, n_outputs), quantisation)


def _transfer(model: Any, *others: Any) -> None:
    """Batch norm and a factor of each channel are absorbed first."""
    set_and_calibrate(model.absorbed(), *others)


FAMILY = ModelFamily(
    name="nanopelican",
    summary="the smallest permutation-equivariant network of Lorentz invariants",
    config=NanoPelicanConfig,
    quantisation=NanoPelicanQuantisation,
    make_float=_make_float,
    make_quantised=_make_quantised,
    recipes=("multistart", "adamw"),
    check=check,
    transfer=_transfer,
    reading=READING,
)
