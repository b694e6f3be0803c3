"""Trials of a study as plain values, for whatever reads them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal

from triggernet.studies.sweep.worker import EPOCHS, MEASURED, REASON, SETTINGS

if TYPE_CHECKING:
    from triggernet.studies.sweep.folder import StudyFolder

State = Literal["complete", "pruned", "failed", "running", "waiting"]
STATES: Mapping[str, State] = {
    "COMPLETE": "complete",
    "PRUNED": "pruned",
    "FAIL": "failed",
    "RUNNING": "running",
    "WAITING": "waiting",
}


@dataclass(frozen=True)
class Trial:
    """One trial.

    Attributes
    ----------
    number : int
    state : str
        "complete", "pruned", "failed", "running" or "waiting".
    settings : mapping
        Of its point, by the keys of a run's configuration.
    measured : mapping of str to float or None
        See `measures.MEASURES`; of a completed trial.
    epochs : int
        Of its training, or the one of its training at which it was ended.
    watched : float or None
        What the pruner saw last.
    reason : str
        Why it failed.
    seconds : float or None
        From its beginning to its end.
    """

    number: int
    state: State
    settings: Mapping[str, Any]
    measured: Mapping[str, float | None]
    epochs: int
    watched: float | None
    reason: str
    seconds: float | None

    def value(self, measure: str) -> float:
        """One of its measures, which must be known."""
        measured = self.measured[measure]
        assert measured is not None, f"trial {self.number} has no {measure}"
        return measured

    def as_dict(self) -> dict[str, Any]:
        """Ready for JSON."""
        return asdict(self)


def trials_of(study: StudyFolder) -> tuple[Trial, ...]:
    """All trials of a study, in their order."""
    trials = []
    for frozen in study.storage().get_trials(deepcopy=False):
        attrs = frozen.user_attrs
        last = frozen.last_step
        trials.append(
            Trial(
                frozen.number,
                STATES[frozen.state.name],
                attrs.get(SETTINGS, {}),
                attrs.get(MEASURED, {}),
                attrs.get(EPOCHS, 0),
                None if last is None else frozen.intermediate_values[last],
                attrs.get(REASON, ""),
                None if frozen.duration is None else frozen.duration.total_seconds(),
            )
        )
    return tuple(trials)
