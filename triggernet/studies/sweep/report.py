"""What a study has found: its best trials, its front, and which settings matter."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from triggernet.config import as_plain
from triggernet.reports.fold.unbeaten import unbeaten
from triggernet.studies.sweep.config import StudyConfig
from triggernet.studies.sweep.folder import open_study
from triggernet.studies.sweep.importance import Influence, influence
from triggernet.studies.sweep.measures import MEASURES
from triggernet.studies.sweep.space import Dimension
from triggernet.studies.sweep.trials import Trial, trials_of

ALWAYS = ("auc", "ant")  # measures that the poster's study is about
MOST_BEST = 10


@dataclass(frozen=True)
class StudyReport:
    """A study as far as it has come.

    Attributes
    ----------
    name : str
        Of its folder.
    config : StudyConfig
    about : mapping
        Versions and the digest of the jets.
    trials : tuple of Trial
    influences : tuple of Influence
        For each objective, AUC and ant; without those for which there are too few trials.
    """

    name: str
    config: StudyConfig
    about: Mapping[str, Any]
    trials: tuple[Trial, ...]
    influences: tuple[Influence, ...]

    @property
    def complete(self) -> tuple[Trial, ...]:
        """Trials that came to their end."""
        return tuple(trial for trial in self.trials if trial.state == "complete")

    @property
    def counts(self) -> Mapping[str, int]:
        """How many trials there are of each state."""
        return dict(sorted(Counter(trial.state for trial in self.trials).items()))

    @property
    def failures(self) -> Mapping[str, int]:
        """How often each reason of a failure occurs, falling."""
        reasons = Counter(trial.reason for trial in self.trials if trial.state == "failed")
        return dict(reasons.most_common())

    @property
    def traded(self) -> tuple[str, str]:
        """The two measures whose front is drawn: with one objective also the parameters."""
        first, *others = self.config.objectives
        return first, next(iter(others), "parameters")

    @property
    def front(self) -> tuple[Trial, ...]:
        """Trials that no other one beats in all objectives, by the second measure of `traded`."""
        names = (*self.config.objectives, *self.traded)
        known = [t for t in self.complete if all(t.measured.get(n) is not None for n in names)]
        names = tuple(dict.fromkeys(names))
        kept = [known[k] for k in unbeaten([_costs(t, names) for t in known])]
        return tuple(sorted(kept, key=lambda t: (t.value(self.traded[1]), t.number)))

    def best(self, measure: str) -> tuple[Trial, ...]:
        """The best trials of a measure, the best one first."""
        known = [t for t in self.complete if t.measured.get(measure) is not None]
        return tuple(sorted(known, key=lambda t: (*_costs(t, (measure,)), t.number))[:MOST_BEST])

    def as_dict(self) -> dict[str, Any]:
        """Everything ready for JSON, the trials as one table."""
        return {
            "name": self.name,
            "config": as_plain(self.config),
            "about": dict(self.about),
            "counts": dict(self.counts),
            "failures": dict(self.failures),
            "best": {m: [t.number for t in self.best(m)] for m in self.config.objectives},
            "front": {"measures": list(self.traded), "trials": [t.number for t in self.front]},
            "influences": [asdict(each) for each in self.influences],
            "trials": self.table(),
        }

    def table(self) -> dict[str, list[Any]]:
        """The trials as columns: state, epochs, settings by their keys, measures by theirs."""
        settings = list(dict.fromkeys(key for t in self.trials for key in t.settings))
        measures = list(dict.fromkeys(key for t in self.trials for key in t.measured))
        columns: dict[str, list[Any]] = {
            "number": [t.number for t in self.trials],
            "state": [t.state for t in self.trials],
            "epochs": [t.epochs for t in self.trials],
            "watched": [_short(t.watched) for t in self.trials],
            "seconds": [_short(t.seconds) for t in self.trials],
        }
        columns |= {key: [_short(t.settings.get(key)) for t in self.trials] for key in settings}
        columns |= {key: [_short(t.measured.get(key)) for t in self.trials] for key in measures}
        return columns


def _short(value: Any) -> Any:
    """Six digits of a number are enough for a table."""
    return float(f"{value:.6g}") if isinstance(value, float) else value


def _costs(trial: Trial, names: Sequence[str]) -> tuple[float, ...]:
    """Measures of a trial as what is to be small."""
    signs = [-1.0 if MEASURES[name].direction == "maximize" else 1.0 for name in names]
    return tuple(s * trial.value(n) for s, n in zip(signs, names, strict=True))


def report_study(folder: Path) -> StudyReport:
    """What a study has found so far.

    Raises
    ------
    UsageError
        If `folder` is no study.
    MissingPackageError
        If Optuna or scikit-learn is not installed.
    """
    study = open_study(folder)
    trials = trials_of(study)
    dimensions = dimensions_of(study.config)
    measures = dict.fromkeys((*study.config.objectives, *ALWAYS))
    influences = (influence(trials, dimensions, measure) for measure in measures)
    kept = tuple(each for each in influences if each is not None)
    return StudyReport(folder.resolve().name, study.config, study.about, trials, kept)


def dimensions_of(config: StudyConfig) -> dict[str, Dimension]:
    """The first dimension of each key of a space."""
    by_key: dict[str, Dimension] = {}
    for axis in config.points.axes:
        by_key.setdefault(axis.key, axis.dimension)
    return by_key
