"""Models: trained, loaded, evaluated."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from triggernet.config import nested
from triggernet.data import load_jets
from triggernet.errors import UsageError
from triggernet.files import check_plot, sha256_of
from triggernet.front.paths import AnyPath, maybe, path
from triggernet.learning import training
from triggernet.learning.training.run_folder import check_folder, digests_of, finished_config
from triggernet.progress import waiting

if TYPE_CHECKING:
    from triggernet.learning.evaluation import Evaluation, Symmetry
    from triggernet.learning.training import Run, RunConfig


def train(
    model: str | None = None,
    *,
    data: AnyPath,
    out: AnyPath,
    config: AnyPath | None = None,
    settings: Mapping[str, Any] | None = None,
    preset: str = "default",
    resume: bool = False,
    from_study: AnyPath | None = None,
    trial: str | int | None = None,
) -> Run:
    """Train a model in floating point, then quantisation-aware if it has a hardware form.

    Parameters
    ----------
    model : str, optional
        A name of the registry (``triggernet train -h`` lists them); left out, that of `config` or
        of the study.
    data : path
        Jets to train on, in any known format.
    out : path
        The run folder to write.
    config : path, optional
        A YAML file with the settings of the run.
    settings : mapping of str to Any, optional
        Single settings by their dotted keys; they win over `config`.
    preset : str
        Where settings that are not given come from.
    resume : bool
        Go on with a training that was interrupted.
    from_study : path, optional
        A study, in place of `config`: one of its trials is trained in full.
    trial : "best" or int, optional
        Which one; the best by the study's first objective if not given.

    Raises
    ------
    ConfigError, UsageError
        For settings that are unknown or not allowed; if `out` holds another run, or the study has
        no such trial.
    DataError
        If the jets are damaged, or do not fit the configuration.
    """
    given = run_config(model, config, settings, preset, from_study=from_study, trial=trial)
    source = path(data)
    digests = {source.name: sha256_of(source), **digests_of(given.training.start)}
    if not resume:  # what is resumed is compared when the classes of the jets are known
        check_folder(path(out), given, digests, resume)
    jets = load_jets(source, given.training.max_jets)
    return training.train(given, jets, path(out), digests, resume)


def run_config(
    model: str | None = None,
    config: AnyPath | None = None,
    settings: Mapping[str, Any] | None = None,
    preset: str = "default",
    *,
    from_study: AnyPath | None = None,
    trial: str | int | None = None,
) -> RunConfig:
    """What `train` is told, as the configuration of a run; parameters and errors as there."""
    if from_study is None:
        if trial is not None:
            raise UsageError(f"trial {trial} has no effect without a study; give --from-study")
        return training.load_run_config(maybe(config), dict(settings or {}), model, preset)
    if config is not None or preset != "default":
        raise UsageError(
            "a study has the whole configuration; leave --config and --preset out beside "
            "--from-study (--set changes single values)"
        )
    from triggernet.studies.sweep.chosen import BEST, chosen_settings

    chosen = nested(chosen_settings(path(from_study), BEST if trial is None else trial))
    return training.load_run_config(chosen, dict(settings or {}), model)


def load_run(folder: AnyPath) -> Run:
    """Read what `train` wrote: configuration, float and quantised model, metrics.

    Raises
    ------
    ModelError, ConfigError
        If it is no run folder, is unfinished or damaged.
    """
    finished_config(path(folder))
    with waiting("loading PyTorch"):
        return training.load_run(path(folder))


def evaluate(run: AnyPath, *, data: AnyPath, plot: AnyPath | None = None) -> Evaluation:
    """Judge a trained model on jets, in floating point and quantised.

    Parameters
    ----------
    run : path
        A run folder, or a folder of the zoo.
    data : path
        Jets that it was not trained on.
    plot : path, optional
        ROC curves to write: PNG, PDF or SVG.

    Raises
    ------
    ModelError, ConfigError
        As `load_run`.
    DataError
        If the jets are damaged or unfit: other classes than the model's, one of them missing.
    """
    finished_config(path(run))
    where = maybe(plot)
    if where is not None:
        check_plot(where)
    jets = load_jets(path(data))
    from triggernet.learning.evaluation import evaluate as judge

    loaded = load_run(run)
    evaluation = judge(loaded, jets)
    if where is not None:
        _plot(evaluation, loaded.config.task.classes, where)
    return evaluation


def _plot(evaluation: Evaluation, classes: Sequence[str], where: Path) -> None:
    """The ROC page of two classes, of several, or of flavours."""
    if evaluation.judged is not None:
        from triggernet.learning.evaluation.flavour_plots import plot_flavours

        plot_flavours(evaluation.judged, where, evaluation.parts)
        return
    if not evaluation.classes:
        from triggernet.learning.evaluation.roc import plot_roc

        plot_roc(evaluation, where)
        return
    from triggernet.learning.evaluation.class_roc import plot_class_roc

    logits = (
        evaluation.float_logits
        if evaluation.hardware_logits is None
        else evaluation.hardware_logits
    )
    model = "float" if evaluation.hardware_logits is None else "quantised"
    plot_class_roc(logits, evaluation.label, classes, where, f"{model} model, {len(logits)} jets")


def symmetry(run: AnyPath, *, data: AnyPath) -> Symmetry:
    """How a model's output changes under permutations, rotations and boosts of the jets.

    Raises
    ------
    ModelError, ConfigError, DataError
        As `evaluate`.
    """
    finished_config(path(run))
    jets = load_jets(path(data))
    from triggernet.learning.evaluation import symmetry as judge

    return judge(load_run(run), jets)
