"""Models: trained, loaded, evaluated."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from triggernet.data import load_jets
from triggernet.files import check_plot, sha256_of
from triggernet.front.paths import AnyPath, maybe, path
from triggernet.learning import training
from triggernet.learning.training.run_folder import check_folder, digests_of, finished_config
from triggernet.progress import waiting

if TYPE_CHECKING:
    from triggernet.learning.evaluation import Evaluation, Symmetry
    from triggernet.learning.training import Run


def train(
    model: str | None,
    *,
    data: AnyPath,
    out: AnyPath,
    config: AnyPath | None = None,
    settings: Mapping[str, Any] | None = None,
    preset: str = "default",
    resume: bool = False,
) -> Run:
    """Train a model in floating point, then quantisation-aware if it has a hardware form.

    Parameters
    ----------
    model : str or None
        A name of the registry (``triggernet train -h`` lists them); None takes that of `config`.
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

    Raises
    ------
    ConfigError, UsageError
        For settings that are unknown or not allowed; if `out` holds another run.
    DataError
        If the jets are damaged, or do not fit the configuration.
    """
    given = training.load_run_config(maybe(config), dict(settings or {}), model, preset)
    source = path(data)
    digests = {source.name: sha256_of(source), **digests_of(given.training.start)}
    if not resume:  # what is resumed is compared when the classes of the jets are known
        check_folder(path(out), given, digests, resume)
    jets = load_jets(source, given.training.max_jets)
    return training.train(given, jets, path(out), digests, resume)


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
    found = judge(loaded, jets)
    if where is not None:
        _plot(found, loaded.config.task.classes, where)
    return found


def _plot(found: Evaluation, classes: Sequence[str], where: Path) -> None:
    """The ROC page of two classes, or of several."""
    if not found.classes:
        from triggernet.learning.evaluation.roc import plot_roc

        plot_roc(found, where)
        return
    from triggernet.learning.evaluation.class_roc import plot_class_roc

    logits = found.float_logits if found.hardware_logits is None else found.hardware_logits
    model = "float" if found.hardware_logits is None else "quantised"
    plot_class_roc(logits, found.label, classes, where, f"{model} model, {len(logits)} jets")


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
