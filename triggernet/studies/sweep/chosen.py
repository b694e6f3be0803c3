"""The trial of a study that is to be trained in full."""

from __future__ import annotations

from pathlib import Path

from triggernet.config import as_plain
from triggernet.errors import UsageError
from triggernet.learning.training.config import flat
from triggernet.studies.sweep.folder import open_study
from triggernet.studies.sweep.space import Settings
from triggernet.studies.sweep.sweep import best_of
from triggernet.studies.sweep.trials import trials_of

BEST = "best"


def chosen_settings(folder: Path, trial: str | int = BEST) -> Settings:
    """The whole configuration of a trial, by dotted keys, as it is to be trained in full.

    What all trials have in common, under the settings of the trial, under the study's `full`.

    Parameters
    ----------
    folder : Path
        Of a study.
    trial : str or int
        ``"best"``, by the first objective, or the number of a trial.

    Raises
    ------
    UsageError
        If `folder` is no study, it has no such trial, or none is complete yet.
    """
    study = open_study(folder)
    trials = trials_of(study)
    if str(trial) == BEST:
        chosen = best_of(trials, study.config.objectives[0])
        if chosen is None:
            raise UsageError(f"no trial of {folder} is complete yet; go on with the study")
    else:
        numbers = {str(each.number): each for each in trials if each.settings}
        if str(trial) not in numbers:
            raise UsageError(
                f"{folder} has no trial {trial}; allowed are {BEST} and 0 to {len(trials) - 1}"
            )
        chosen = numbers[str(trial)]
    settings = dict(chosen.settings) | flat(study.config.full)
    return flat(as_plain(study.config.run_config(settings)))
