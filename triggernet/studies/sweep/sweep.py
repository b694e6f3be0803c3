"""A study from its file to its last trial."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from triggernet.cluster import check_cluster, each
from triggernet.errors import ConfigError, ToolError
from triggernet.extras import require
from triggernet.files import sha256_of
from triggernet.learning.training.run_folder import FLOAT
from triggernet.locks import in_turn
from triggernet.progress import Progress, say
from triggernet.studies.sweep.folder import ABOUT, StudyFolder, begin_study
from triggernet.studies.sweep.measures import MEASURES
from triggernet.studies.sweep.storage import PURPOSE, optuna_module
from triggernet.studies.sweep.trials import Trial, trials_of
from triggernet.studies.sweep.worker import next_trial
from triggernet.words import counted
from triggernet.writing import writing

if TYPE_CHECKING:
    from triggernet.studies.sweep.config import StudyConfig

PROBES = 30  # points that are checked before anything begins


@dataclass(frozen=True)
class Sweep:
    """A study as it stands after a command.

    Attributes
    ----------
    folder : Path
    objectives : tuple of str
    trials : tuple of Trial
    """

    folder: Path
    objectives: tuple[str, ...]
    trials: tuple[Trial, ...]

    @property
    def best(self) -> Trial | None:
        """The best trial of the first objective; None if none is complete."""
        return best_of(self.trials, self.objectives[0])

    def as_dict(self) -> dict[str, Any]:
        """For machines; what ``--json`` prints."""
        best = self.best
        return {
            "folder": str(self.folder),
            "objectives": list(self.objectives),
            "trials": dict(Counter(trial.state for trial in self.trials)),
            "best": None if best is None else best.as_dict(),
        }

    def as_text(self) -> str:
        """For people."""
        states = Counter(trial.state for trial in self.trials)
        counts = ", ".join(f"{number} {state}" for state, number in sorted(states.items()))
        lines = [f"{self.folder}: {counted(len(self.trials), 'trial')} ({counts})"]
        best = self.best
        if best is not None:
            values = ", ".join(f"{name} {best.measured[name]:.5g}" for name in self.objectives)
            lines.append(f"best trial {best.number}: {values}")
            lines += [f"  {key}: {value}" for key, value in best.settings.items()]
        return "\n".join(lines)


def best_of(trials: tuple[Trial, ...], measure: str) -> Trial | None:
    """The completed trial with the best value of a measure, the first one of equals."""
    known = [t for t in trials if t.state == "complete" and t.measured.get(measure) is not None]
    sign = -1.0 if MEASURES[measure].direction == "maximize" else 1.0
    return min(known, key=lambda t: sign * t.value(measure), default=None)


def sweep(
    config: StudyConfig,
    data: Path,
    out: Path,
    *,
    trials: int | None = None,
    workers: int = 1,
    cluster: str | None = None,
) -> Sweep:
    """Run a study, or go on with one, until it has so many completed or pruned trials.

    Any number of processes may do so in one folder at the same time. A trial whose process was
    killed is done again; nothing that is finished is lost.

    Parameters
    ----------
    config : StudyConfig
    data : Path
        Jets to train on and to validate.
    out : Path
        The folder of the study, new or of this very study.
    trials : int, optional
        In place of those of `config`.
    workers : int
        Processes on this machine.
    cluster : str, optional
        The address of a Dask scheduler; its workers must see `data` and `out` by the same paths.

    Raises
    ------
    UsageError
        If `out` holds something else, or many trials fail one after another.
    ConfigError
        If no point of the space is allowed.
    MissingPackageError
        If Optuna, or Dask where it is needed, is not installed.
    ToolError
        If the cluster does not answer, or is lost.
    DataError, FileError
    """
    goal = config.trials if trials is None else trials
    check_cluster(workers, cluster)
    study = prepare(config, data, out)
    try:
        with Progress("trials", goal, "trials") as progress:
            progress.advance(_ended(study))
            for state in _states(study, data, goal, workers=workers, address=cluster):
                progress.advance(int(state != "failed"))
    except (KeyboardInterrupt, ToolError):
        say(f"finished trials are kept in {out}; the same command goes on from there")
        raise
    return Sweep(out, config.objectives, trials_of(study))


def _states(
    study: StudyFolder, data: Path, goal: int, *, workers: int, address: str | None
) -> Iterator[str]:
    """How trials ended, one after another, until there are enough or none is left."""
    begun = (study.path / ABOUT).stat().st_mtime_ns
    unit = (str(study.path.resolve()), str(data.resolve()), begun, goal)
    enough = False

    def units() -> Iterator[tuple[str, str, int, int]]:
        while not enough:
            yield unit

    for _, state in each(next_trial, units(), workers=workers, address=address):
        if state is None:
            enough = True  # those under way are waited for
        else:
            yield state


def _ended(study: StudyFolder) -> int:
    return sum(trial.state in ("complete", "pruned") for trial in trials_of(study))


def prepare(config: StudyConfig, data: Path, out: Path) -> StudyFolder:
    """Check everything that can be checked at once, and make the folder; errors as `sweep`."""
    require("optuna", purpose=PURPOSE)
    probe(config)
    digests = {data.name: sha256_of(data)}
    if config.float_run is not None:
        digests[f"{config.float_run}/{FLOAT}"] = sha256_of(Path(config.float_run) / FLOAT)
    with writing(out):
        out.parent.mkdir(parents=True, exist_ok=True)
    with in_turn(out.parent / f".{out.name}.begin.lock"):
        study = begin_study(out, config, digests)
        stored = study.storage()
        if config.sampler.name == "grid" and not stored.get_trials(deepcopy=False):
            for cell in config.points.cells():
                stored.enqueue_trial(cell)
    return study


def probe(config: StudyConfig) -> None:
    """Draw some points of a space at random, and refuse one of which none is allowed.

    Raises
    ------
    ConfigError
        With the reason of the last one.
    """
    module = optuna_module()
    study = module.create_study(sampler=module.samplers.RandomSampler(seed=0))
    for _ in range(PROBES):
        try:
            config.run_config(config.points.suggest(study.ask()))
        except ConfigError as error:
            last = error
        else:
            return
    raise ConfigError(f"none of {PROBES} points of the space is allowed; the last one: {last}")
