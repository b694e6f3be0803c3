"""One trial after another: chosen, measured and recorded; by any number of processes at once."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from triggernet.errors import TriggernetError, UsageError, in_one_line
from triggernet.learning.training.config import load_run_config
from triggernet.progress import hushed
from triggernet.studies.sweep.bench import Bench, Measured
from triggernet.studies.sweep.folder import StudyFolder, open_study
from triggernet.studies.sweep.measures import MEASURES
from triggernet.studies.sweep.space import MODEL
from triggernet.studies.sweep.storage import optuna_module

if TYPE_CHECKING:
    import optuna

    from triggernet.studies.sweep.config import StudyConfig

WORKER, SETTINGS, MEASURED, REASON, EPOCHS, ATTEMPT = (
    *("worker", "settings", "measured", "reason", "epochs", "attempt"),
)
MOST_ATTEMPTS = 2
MOST_FAILURES = 25  # in a row: then something is wrong with the study, not with a point of it
ENDED = "its process was ended while it ran"
STOPPED = "stopped with the command"
MEMORY = ("out of memory", "allocate memory", "bad_alloc")


class Worker:
    """Runs trials of one study in this process.

    Parameters
    ----------
    folder : Path
        Of a study that was begun.
    data : Path
        Jets.
    """

    def __init__(self, folder: Path, data: Path) -> None:
        self.folder: StudyFolder = open_study(folder)
        self.config: StudyConfig = self.folder.config
        self.study = self.folder.storage()
        self._bench = Bench(self.config, data)

    def run_one(self, goal: int) -> str | None:
        """Run one trial and say how it ended: "complete", "pruned" or "failed".

        None where the study has, or will have by those under way, `goal` trials completed or
        pruned, or nothing is left of its grid.

        Raises
        ------
        UsageError
            If many trials failed one after another, with the last reason.
        """
        with self.folder.worker() as token:
            with self.folder.alone():
                trial = self._ask(goal, token)
            return None if trial is None else self._measure(trial)

    def _ask(self, goal: int, token: str) -> optuna.Trial | None:
        """A new trial, or one whose process was ended; its settings are recorded with it."""
        requeue_lost(self.folder, self.study)
        trials = self.study.get_trials(deepcopy=False)
        refuse_hopeless(trials)
        states = [trial.state.name for trial in trials]
        going = sum(state in ("COMPLETE", "PRUNED", "RUNNING") for state in states)
        waiting = "WAITING" in states
        if going >= goal or (self.config.sampler.name == "grid" and not waiting):
            return None
        self.study.sampler = make_sampler(self.config, len(trials))
        trial = self.study.ask()
        trial.set_user_attr(WORKER, token)
        trial.set_user_attr(SETTINGS, self.config.points.suggest(trial))
        return trial

    def _measure(self, trial: optuna.Trial) -> str:
        module = optuna_module()
        states = module.trial.TrialState
        self.study.pruner = make_pruner(self.config)
        try:
            with hushed():
                measured = self._bench.measure(
                    trial.user_attrs[SETTINGS], lambda line: self._watch(trial, line)
                )
            trial.set_user_attr(MEASURED, measured)
            values = [_known(measured, name) for name in self.config.objectives]
        except module.TrialPruned:
            self.study.tell(trial, state=states.PRUNED)
            return "pruned"
        except Exception as error:  # noqa: BLE001 - any failure of a point is a result of it
            trial.set_user_attr(REASON, reason_of(error))
            self.study.tell(trial, state=states.FAIL)
            return "failed"
        except BaseException:
            give_back(self.study, trial.number, STOPPED, counts=False)
            raise
        self.study.tell(trial, values)
        return "complete"

    def _watch(self, trial: optuna.Trial, line: Mapping[str, Any]) -> None:
        """Record an epoch; end the trial where the pruner says so."""
        trial.set_user_attr(EPOCHS, line["epoch"] + 1)
        if len(self.config.objectives) > 1 or not _is_compared(self.config, line):
            return
        trial.report(_watched(self.config, line), line["epoch"])
        if self.config.pruner.name != "none" and trial.should_prune():
            raise optuna_module().TrialPruned


def _is_compared(config: StudyConfig, line: Mapping[str, Any]) -> bool:
    """Only epochs of the training that every trial has."""
    return bool(line["stage"] == ("fine-tune" if config.float_run else "adamw"))


def _watched(config: StudyConfig, line: Mapping[str, Any]) -> float:
    """What the pruner compares, in the direction of the objective."""
    value = float(line[f"validation_{config.pruner.watch}"])
    upwards = config.pruner.watch == "auc"
    wanted = MEASURES[config.objectives[0]].direction == "maximize"
    return value if upwards == wanted else -value


def _known(measured: Measured, name: str) -> float:
    value = measured[name]
    if value is None:
        raise UsageError(
            f"{name} is not known, since no background passes; give more jets to validate, or "
            "another objective"
        )
    return value


def reason_of(error: Exception) -> str:
    """Why a trial failed, in one line."""
    text = in_one_line(error)
    if isinstance(error, MemoryError) or any(word in text for word in MEMORY):
        return f"out of memory: {text}"
    if isinstance(error, TriggernetError):
        return text
    return f"{type(error).__name__}: {text}"


def requeue_lost(folder: StudyFolder, study: optuna.Study) -> None:
    """Record trials whose processes are gone, and have each of them done once more.

    To be called while no other process begins a trial.
    """
    for trial in study.get_trials(deepcopy=False):
        if trial.state.name == "RUNNING":
            token = trial.user_attrs.get(WORKER)
            if token is None or not folder.is_alive(token):
                give_back(study, trial.number, ENDED, counts=True)


def give_back(study: optuna.Study, number: int, reason: str, *, counts: bool) -> None:
    """Record a trial as failed, and put its point in front of the queue.

    A point whose process was ended `MOST_ATTEMPTS` times is not tried again: it may be what ends
    them.
    """
    module = optuna_module()
    trial = study.get_trials(deepcopy=False)[number]
    attempt = int(trial.user_attrs.get(ATTEMPT, 1)) + counts
    again = attempt <= MOST_ATTEMPTS and bool(trial.params)
    if not again:
        reason = f"{reason}, {attempt - 1} times; perhaps for lack of memory"
    study._storage.set_trial_user_attr(trial._trial_id, REASON, reason)  # noqa: SLF001
    study.tell(number, state=module.trial.TrialState.FAIL)
    if again:
        study.enqueue_trial(trial.params, user_attrs={ATTEMPT: attempt})


def refuse_hopeless(trials: Sequence[optuna.trial.FrozenTrial]) -> None:
    """Raise UsageError if the last trials failed, all of them."""
    ended = [trial for trial in trials if trial.state.is_finished()]
    last = sorted(ended, key=lambda trial: str(trial.datetime_complete))[-MOST_FAILURES:]
    reasons = [trial.user_attrs.get(REASON, "") for trial in last if trial.state.name == "FAIL"]
    reasons = [reason for reason in reasons if reason != STOPPED]
    if len(reasons) == MOST_FAILURES:
        raise UsageError(
            f"{MOST_FAILURES} trials failed one after another, the last one: {reasons[-1]}; mend "
            "the study's file; finished trials are kept"
        )


def make_sampler(config: StudyConfig, number: int) -> optuna.samplers.BaseSampler:
    """The sampler of a study for its next trial; a stopped study goes on as it would have."""
    module = optuna_module()
    settings = config.sampler
    seed = int(np.random.SeedSequence([settings.seed, number]).generate_state(1)[0])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # multivariate and group are called experimental
        if settings.name == "tpe":
            sampler = module.samplers.TPESampler(
                seed=seed,
                n_startup_trials=settings.startup_trials,
                multivariate=True,
                group=True,
                constant_liar=True,
            )
        elif settings.name == "nsga2":
            sampler = module.samplers.NSGAIISampler(seed=seed, population_size=settings.population)
        else:
            sampler = module.samplers.RandomSampler(seed=seed)
    return sampler  # type: ignore[no-any-return]


def make_pruner(config: StudyConfig) -> optuna.pruners.BasePruner:
    """The pruner of a study; Hyperband knows the longest training from the trials."""
    module = optuna_module()
    if config.pruner.name == "none":
        return module.pruners.NopPruner()  # type: ignore[no-any-return]
    return module.pruners.HyperbandPruner(  # type: ignore[no-any-return]
        min_resource=config.pruner.min_epochs,
        max_resource=longest(config),
        reduction_factor=config.pruner.factor,
    )


def longest(config: StudyConfig) -> int:
    """The most epochs that a trial of a study can have."""
    key = "training.fine_tune.epochs" if config.float_run else "training.adamw.epochs"
    varied = [axis.dimension for axis in config.points.axes if axis.key == key]
    if varied:
        return max(int(value) for each in varied for value in each.choices or [each.high or 1])
    section, name = key.rsplit(".", 1)
    defaults = load_run_config(None, {MODEL: config.families[0]}).training
    default = getattr(getattr(defaults, section.rsplit(".", 1)[1]), name)
    return int(config.common.get(key, default))


@cache
def worker_of(folder: str, data: str, begun: int) -> Worker:
    """The worker of this process for a study that was begun then, with what it has read."""
    del begun
    return Worker(Path(folder), Path(data))


def next_trial(folder: str, data: str, begun: int, goal: int) -> str | None:
    """Run one trial of a study in this process; see `Worker.run_one`.

    Parameters
    ----------
    folder, data : str
        Absolute paths.
    begun : int
        When the study was begun: one that was removed and begun anew is another one.
    goal : int
    """
    return worker_of(folder, data, begun).run_one(goal)
