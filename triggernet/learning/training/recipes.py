"""Settings of the recipes by which models are trained."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from triggernet.errors import ConfigError


@dataclass(frozen=True)
class MultistartConfig:
    """How many starts, how long.

    Attributes
    ----------
    starts : int
        Random starting points.
    pool : int
        Random channels from which each start is put together.
    screen_jets : int
        Size of the subset on which they are screened.
    screen_iterations : int
        Steps of the minimiser for each start on the subset.
    finalists : int
        How many of them are continued on all jets for 50 iterations.
    iterations : int
        At most so many for the best finalist.
    threads : int
        Changes the time only.
    """

    starts: int = 16
    pool: int = 128
    screen_jets: int = 3000
    screen_iterations: int = 60
    finalists: int = 3
    iterations: int = 300
    threads: int = 1

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if value < 1:
                raise ConfigError(f"{name}: found {value}; at least 1 is needed")
        if self.finalists > self.starts:
            raise ConfigError(
                f"finalists: found {self.finalists}, more than the {self.starts} starts; "
                "lower one or raise the other"
            )


@dataclass(frozen=True)
class LightningConfig:
    """On what Lightning trains; the defaults give the same weights on every machine.

    Attributes
    ----------
    accelerator : str
        "cpu", "gpu", or another one that Lightning knows; "auto" takes the fastest there is.
    devices : int
        One; batches are not shared out among several.
    strategy : str
        One of Lightning's for a single device; "auto" chooses.
    precision : {"32-true", "64-true", "16-mixed", "bf16-mixed"}
        What models in double precision compute in it stays so.
    """

    accelerator: str = "cpu"
    devices: int = 1
    strategy: str = "auto"
    precision: Literal["32-true", "64-true", "16-mixed", "bf16-mixed"] = "32-true"

    def __post_init__(self) -> None:
        if self.devices != 1:
            raise ConfigError(
                f"devices: found {self.devices}; allowed is 1, since batches are not shared out; "
                "several trainings at once are `triggernet sweep --workers`"
            )


@dataclass(frozen=True)
class CycleConfig:
    """The ends of a one-cycle schedule; the defaults are those of GN2.

    Attributes
    ----------
    initial, final : float
        Learning rates of the first and of the last step.
    rise : float
        Share of all steps in which the rate rises.
    """

    initial: float = 1e-7
    final: float = 1e-5
    rise: float = 0.01

    def __post_init__(self) -> None:
        _positive(self, "initial", "final")
        if not 0 <= self.rise < 1:
            raise ConfigError(f"rise: found {self.rise}; allowed is 0 to below 1")


@dataclass(frozen=True)
class AdamWConfig:
    """AdamW with linear warm-up, cosine annealing with warm restarts, and exponential decay.

    The defaults are those of Bogatskiy, Hoffman, Offermann 2023 (section 4), which does not state
    the learning rate nor where the cosines end.

    Attributes
    ----------
    epochs : int
        How many epochs the training has: first those of the warm-up, then those of the annealing,
        at the end those of the decay.
    batch_size : int
        Jets of one step.
    learning_rate : float
        The highest one, where the warm-up ends.
    weight_decay : float
        By which share of itself times the learning rate each weight shrinks in a step.
    warmup_epochs : int
        Epochs in which the rate rises in a line from almost nothing.
    decay_epochs : int
        Epochs at the end in which it falls by the factor `decay` each.
    restart_epochs, restart_factor : int
        Length of the first annealing, and by how much each is longer than the one before.
    floor : float
        Share of the learning rate at which each cosine ends.
    decay : float
        Factor an epoch at the end.
    milestones : tuple of int
        Epochs before which the rate falls to a tenth; with some of them the rate is constant
        between, without warm-up, annealing and decay.
    schedule : {"annealing", "one-cycle", "constant"}
        The one that is described above; one rise to the learning rate and one fall, in which
        Adam's beta 1 goes from 0.95 to 0.85 and back; or the same rate throughout.
    cycle : CycleConfig
        Where a one-cycle schedule begins and ends.
    keep : {"last", "best"}
        Which weights are kept: those after the last epoch, or those of the epoch with the lowest
        validation loss.
    lightning : LightningConfig
    """

    epochs: int = 140
    batch_size: int = 512
    learning_rate: float = 2.5e-3
    weight_decay: float = 0.0
    warmup_epochs: int = 4
    decay_epochs: int = 12
    restart_epochs: int = 4
    restart_factor: int = 2
    floor: float = 0.01
    decay: float = 0.5
    milestones: tuple[int, ...] = ()
    schedule: Literal["annealing", "one-cycle", "constant"] = "annealing"
    cycle: CycleConfig = field(default_factory=CycleConfig)
    keep: Literal["last", "best"] = "last"
    lightning: LightningConfig = field(default_factory=LightningConfig)

    def __post_init__(self) -> None:
        _positive(self, "batch_size", "learning_rate", "restart_epochs", "restart_factor", "epochs")
        if self.milestones:
            self._check_milestones()
            if self.schedule != "annealing":
                raise ConfigError(
                    f"milestones contradict schedule {self.schedule}; leave one of them out"
                )
        elif self.schedule != "annealing":
            return
        elif self.warmup_epochs + self.decay_epochs > self.epochs:
            raise ConfigError(
                f"warmup_epochs {self.warmup_epochs} and decay_epochs {self.decay_epochs} together "
                f"exceed epochs {self.epochs}; set them too"
            )

    def _check_milestones(self) -> None:
        if list(self.milestones) != sorted(set(self.milestones)) or self.milestones[0] < 1:
            raise ConfigError(
                f"milestones: found {list(self.milestones)}; expected rising numbers of epochs, "
                "the first 1 or more"
            )


@dataclass(frozen=True)
class FineTuneConfig:
    """Quantisation-aware training from the float optimum: Adam, cosine to zero.

    Attributes
    ----------
    epochs : int
        0 leaves the calibrated model as it is.
    batch_size : int
        Jets of one step.
    learning_rate : float
        The first one, from which a cosine falls to zero.
    freeze_at : float
        After this share of the epochs scales stay as they are; the best checkpoint is chosen among
        those that follow.
    calibration_jets : int
        How many training jets set the open ranges.
    """

    epochs: int = 16
    batch_size: int = 512
    learning_rate: float = 2e-3
    freeze_at: float = 0.5
    calibration_jets: int = 2000

    def __post_init__(self) -> None:
        _positive(self, "batch_size", "learning_rate", "calibration_jets")
        if self.epochs < 0 or not 0 <= self.freeze_at < 1:
            raise ConfigError(
                f"epochs {self.epochs}, freeze_at {self.freeze_at}: allowed are 0 and more, and 0 "
                "to below 1"
            )


def _positive(config: object, *names: str) -> None:
    for name in names:
        if getattr(config, name) <= 0:
            raise ConfigError(f"{name}: found {getattr(config, name)}; it must be above 0")
