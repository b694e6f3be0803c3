"""Maximal update parametrisation: settings found with a narrow network hold for a wide one.

G. Yang et al., "Tensor Programs V" (arXiv:2203.03466), table 8, in the form of its package mup: a
network is compared with the same one at a base width. Dimensions that differ grow with the width,
each by a ratio r. For Adam and AdamW follow from that

* matrices between two of them: the learning rate over r, the weight decay times r, so that their
  product stays; the usual initial values, whose variance is 1 over the inputs;
* biases, gains and layers that read something fixed: as they are; but the initial bias of a layer
  of r times more inputs keeps its size;
* readouts, to something fixed (`Readout`): their input over r, initial values that keep their size;
* logits of attention: 1 over the width of a head, equal to 1 over its root at the base width.

A network at its base width is the same in both parametrisations.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple, TypeVar

import torch
from torch import Tensor, nn

from triggernet.errors import ModelError

Shapes = Mapping[str, tuple[int, ...]]
Network = TypeVar("Network", bound=nn.Module)


class Readout(nn.Linear):
    """A linear layer from a width to a fixed number of outputs.

    Attributes
    ----------
    ratio : float
        Of the width to the base width, by which the input is divided; 1 until `parametrise`.
    """

    def __init__(self, n_in: int, n_out: int) -> None:
        super().__init__(n_in, n_out)
        self.ratio = 1.0

    def forward(self, x: Tensor) -> Tensor:
        """(..., n_in) to (..., n_out)."""
        return super().forward(x / self.ratio)


class Scaling(NamedTuple):
    """What the learning rate and the weight decay of a parameter are multiplied with."""

    rate: float = 1.0
    decay: float = 1.0


def attention_scale(head_width: int, base_head_width: int | None) -> float:
    """By which logits of attention are multiplied; without a base width as usual."""
    if base_head_width is None:
        return 1 / math.sqrt(head_width)
    return math.sqrt(base_head_width) / head_width


def shapes_of(module: nn.Module) -> Shapes:
    """The shapes of all parameters by name."""
    return {name: tuple(p.shape) for name, p in module.named_parameters()}


def ratios(shape: tuple[int, ...], base: tuple[int, ...]) -> tuple[float, ...]:
    """By how much each dimension is wider than at the base width.

    Raises
    ------
    ModelError
        If the two are not of one kind.
    """
    if len(shape) != len(base):
        raise ModelError(f"a parameter is {shape} here and {base} at the base width")
    return tuple(a / b for a, b in zip(shape, base, strict=True))


def scalings(module: nn.Module, base: Shapes) -> dict[str, Scaling]:
    """For each parameter by name, how AdamW treats it.

    Parameters
    ----------
    module
    base
        `shapes_of` the same network at its base width.

    Raises
    ------
    ModelError
        If the networks differ in more than widths.
    """
    result = {}
    for name, shape in shapes_of(module).items():
        if name not in base:
            raise ModelError(f"parameter {name!r} is missing at the base width")
        growth = ratios(shape, base[name])
        hidden = len(growth) == 2 and min(growth) != 1 and max(growth) != 1
        result[name] = Scaling(1 / growth[1], growth[1]) if hidden else Scaling()
    return result


def parametrised(make: Callable[[Any], Network], config: Any, base: Any) -> Network:
    """A network of a configuration with a field `parametrisation`: "standard" or "mup".

    Parameters
    ----------
    make : callable
        Makes a network of a configuration.
    config
    base
        The same at the base width.
    """
    network = make(config)
    if config.parametrisation == "mup":
        with torch.device("meta"):  # shapes alone
            shapes = shapes_of(make(base))
        parametrise(network, shapes)
    return network


def parametrise(module: nn.Module, base: Shapes) -> None:
    """Turn the initial weights of a network, as torch draws them, into those of muP, in place.

    Call it once, on a network that has just been made. How it is trained stands in its attribute
    ``scalings`` from then on: see the function of that name.

    Raises
    ------
    ModelError
        As `scalings`; and for a linear layer from a width to something fixed that is no `Readout`,
        which would shrink or blow up.
    """
    module.scalings = scalings(module, base)  # type: ignore[assignment]
    with torch.no_grad():
        for name, layer in _linears(module):
            weight = f"{name}.weight"
            grown_out, grown_in = ratios(tuple(layer.weight.shape), base[weight])
            to_fixed = grown_in != 1 and grown_out == 1
            if to_fixed and not isinstance(layer, Readout):
                raise ModelError(f"layer {name!r} reads a width and has fixed outputs: no Readout")
            if to_fixed and isinstance(layer, Readout):
                layer.ratio = grown_in
                layer.weight.mul_(math.sqrt(grown_in))
            if layer.bias is not None:
                layer.bias.mul_(math.sqrt(grown_in))


def _linears(module: nn.Module) -> Iterator[tuple[str, nn.Linear]]:
    for name, layer in module.named_modules():
        if isinstance(layer, nn.Linear):
            yield name, layer
