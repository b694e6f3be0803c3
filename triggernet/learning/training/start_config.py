"""Where a training begins: the section ``training.start``."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from triggernet.errors import ConfigError


@dataclass(frozen=True)
class Trunk:
    """How fast all but the head learns.

    Attributes
    ----------
    rate : float
        Share of the learning rate, above 0.
    """

    rate: float = 1.0

    def __post_init__(self) -> None:
        if not self.rate > 0:
            raise ConfigError(f"rate: found {self.rate}; it must be above 0, or trunk: frozen")


@dataclass(frozen=True)
class StartConfig:
    """From which run a training begins, and which run teaches it.

    Attributes
    ----------
    from_ : str or None
        A run folder (in files ``from``): its float weights are where the float training begins. The
        model must be of the same architecture, the head aside if that is fresh.
    head : {"kept", "fresh"}
        Whether the last layers are taken as well, or begin at random.
    trunk : Trunk or "frozen"
        How fast all but the head learns in the float training; frozen, it stays as it is, with its
        batch norms.
    teacher : str or None
        A run folder of any model, which may see other inputs of the same jets: its float logits are
        learned beside the labels.
    teacher_weight : float
        a in the loss ``(1 - a) L + a T^2 KL(teacher || student)``, 0 to 1.
    temperature : float
        T, by which the logits of both are divided in the second term.
    """

    from_: str | None = None
    head: Literal["kept", "fresh"] = "kept"
    trunk: Trunk | Literal["frozen"] = field(default_factory=Trunk)
    teacher: str | None = None
    teacher_weight: float = 0.5
    temperature: float = 2.0

    def __post_init__(self) -> None:
        given = {"head": self.head != "kept", "trunk": self.trunk != Trunk()}
        idle = [key for key, is_given in given.items() if is_given]
        if self.from_ is None and idle:
            raise ConfigError(
                f"{' and '.join(idle)}: of no effect without 'from', a run to begin with"
            )
        if not 0 <= self.teacher_weight <= 1 or not self.temperature > 0:
            raise ConfigError(
                f"teacher_weight {self.teacher_weight}, temperature {self.temperature}: allowed "
                "are 0 to 1, and above 0"
            )
