"""What a model may learn beside its classes: properties of whole objects, and tasks of their parts.

A network that also has to tell a jet's true momentum, or how many constituents it had before the
trigger cut it off, may find features that serve its classes too. The losses are added, each with a
weight; what goes to hardware is a model of classes alone.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from triggernet.data.kinematics import transverse_momentum
from triggernet.data.tracks import ORIGINS
from triggernet.errors import ConfigError
from triggernet.learning.tasks.parts import PARTS

if TYPE_CHECKING:
    from torch import Tensor

    from triggernet.data import Jets

Floats = NDArray[np.float64]


def response(jets: Jets) -> Floats:
    """The log of the true pT of what the jet holds over its own, (n,); NaN where none is known."""
    truth, jet = transverse_momentum(jets.truth), transverse_momentum(jets.jet)
    known = (truth > 0) & (jet > 0)
    return np.log(np.where(known, truth, np.nan) / np.where(known, jet, 1.0))


def multiplicity(jets: Jets) -> Floats:
    """The log of the number of constituents of the whole jet, (n,); NaN for a jet without any."""
    return np.log(np.where(jets.multiplicity > 0, jets.multiplicity, np.nan))


TARGETS: Mapping[str, Callable[[Jets], Floats]] = {
    "response": response,
    "multiplicity": multiplicity,
}


@dataclass(frozen=True)
class Auxiliary:
    """What is learned beside the classes: an entry of ``auxiliary`` in a run's configuration.

    Attributes
    ----------
    weight : float
        Of its loss, beside that of the classes; above 0.
    class_weights : tuple of float
        Of the origins of tracks, how much each counts; left out, all count the same in the training
        jets together.
    fakes_with_heavy : bool
        Of pairs of tracks: see `triggernet.learning.tasks.parts.vertex_loss`.
    """

    weight: float = 1.0
    class_weights: tuple[float, ...] = ()
    fakes_with_heavy: bool = False

    def __post_init__(self) -> None:
        if not 0 < self.weight < math.inf:
            raise ConfigError(f"weight: found {self.weight}; allowed are numbers above 0")
        if any(not 0 <= weight < math.inf for weight in self.class_weights):
            raise ConfigError(
                f"class_weights: found {list(self.class_weights)}; allowed are numbers of 0 and "
                "more"
            )
        if len(self.class_weights) not in (0, len(ORIGINS)):
            raise ConfigError(
                f"class_weights: found {len(self.class_weights)}; give one for each of the "
                f"{len(ORIGINS)} origins: {', '.join(ORIGINS)}"
            )


def properties_of(auxiliary: Mapping[str, Auxiliary]) -> tuple[str, ...]:
    """Those that are properties of whole objects."""
    return tuple(name for name in auxiliary if name in TARGETS)


def parts_of(auxiliary: Mapping[str, Auxiliary]) -> tuple[str, ...]:
    """Those that are of constituents and pairs."""
    return tuple(name for name in auxiliary if name in PARTS)


def check_auxiliary(auxiliary: Mapping[str, Auxiliary], parts: Sequence[str], model: str) -> None:
    """Refuse what nobody knows, and what a model cannot learn; `parts` are those that it can.

    Raises
    ------
    ConfigError
    """
    known = (*TARGETS, *PARTS)
    unknown = sorted(set(auxiliary) - set(known))
    if unknown:
        raise ConfigError(f"auxiliary: no property {unknown[0]!r}; there are {', '.join(known)}")
    for name in parts_of(auxiliary):
        if name not in parts:
            raise ConfigError(
                f"auxiliary: model {model!r} says nothing of single constituents, and cannot learn "
                f"{name!r}; leave it out"
            )
    for name, task in auxiliary.items():
        if task.class_weights and name != "origin":
            raise ConfigError(f"auxiliary.{name}.class_weights: only origin has classes")
        if task.fakes_with_heavy and name != "vertex":
            raise ConfigError(f"auxiliary.{name}.fakes_with_heavy: only vertex has pairs")


def regression_loss(outputs: Tensor, target: Tensor, weight: Tensor | None = None) -> Tensor:
    """Mean smooth L1 loss over the objects whose target is known; 0 if none is.

    Parameters
    ----------
    outputs, target : tensors (B,)
        NaN in `target` where nothing is known.
    weight : tensor (B,), optional
        Of every object; the mean is divided by their sum.
    """
    import torch
    from torch.nn.functional import smooth_l1_loss

    known = ~torch.isnan(target)
    wanted = torch.where(known, target.to(outputs), outputs.detach())
    counted = known.to(outputs) if weight is None else known.to(outputs) * weight.to(outputs)
    losses = smooth_l1_loss(outputs, wanted, reduction="none")
    return (losses * counted).sum() / counted.sum().clamp_min(torch.finfo(outputs.dtype).tiny)


@dataclass(frozen=True)
class Residuals:
    """How well a property is known: prediction minus truth.

    Attributes
    ----------
    n_known : int
        Objects whose property is known.
    median : float or None
        The bias; None where nothing is known.
    resolution : float or None
        Half the width of the central 68 %.
    """

    n_known: int
    median: float | None
    resolution: float | None

    @classmethod
    def of(cls, outputs: Floats, target: Floats) -> Residuals:
        """Of predictions and true values (n,), NaN where nothing is known."""
        rest = (outputs - target)[~np.isnan(target)]
        if not len(rest):
            return cls(0, None, None)
        low, middle, high = np.quantile(rest, [0.16, 0.5, 0.84])
        return cls(len(rest), float(middle), float(high - low) / 2)

    def as_dict(self) -> dict[str, Any]:
        """The attributes by name, ready for JSON."""
        return asdict(self)

    def as_text(self) -> str:
        """One line for people."""
        if self.median is None or self.resolution is None:
            return "not known of any jet"
        return (
            f"median {self.median:+.4f}, half of the central 68 % {self.resolution:.4f} "
            f"({self.n_known} jets)"
        )
