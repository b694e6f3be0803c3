"""Studies: searches for settings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from triggernet.front.export import PART
from triggernet.front.paths import AnyPath, Named, maybe, path, several

if TYPE_CHECKING:
    from triggernet.studies.interpret import Interpretation
    from triggernet.studies.sweep import StudyReport, Sweep
    from triggernet.studies.widths import FittedWidths


def sweep(
    study: AnyPath,
    *,
    data: AnyPath,
    out: AnyPath,
    trials: int | None = None,
    workers: int = 1,
    cluster: str | None = None,
) -> Sweep:
    """Search a space of settings; a search that was stopped goes on.

    Parameters
    ----------
    study : path
        A YAML file: what varies, what all trials have in common, what they are judged by.
    data : path
        Jets to train on and to validate, in any known format.
    out : path
        The folder of the study, new or of this very study.
    trials : int, optional
        Completed or pruned ones in all; in place of those of `study`.
    workers : int
        Processes on this machine.
    cluster : str, optional
        The address of a Dask scheduler, in place of `workers`.

    Raises
    ------
    ConfigError, UsageError
        For settings that are unknown or contradict one another; if `out` holds something else.
    MissingPackageError
        If Optuna, or Dask where it is needed, is not installed.
    ToolError
        If the cluster does not answer, or is lost.
    DataError
        If the jets are damaged.
    """
    from triggernet.studies.sweep import load_study_config
    from triggernet.studies.sweep import sweep as search

    given = load_study_config(path(study))
    places = (path(data), path(out))
    return search(given, *places, trials=trials, workers=workers, cluster=cluster)


def sweep_report(study: AnyPath, *, out: AnyPath | None = None) -> StudyReport:
    """Say what a study has found so far: best trials, front, and which settings matter.

    Parameters
    ----------
    study : path
        A folder that `sweep` wrote.
    out : path, optional
        A page to write: .html, .md or .json.

    Raises
    ------
    UsageError
        If `study` is no study; for unknown file types.
    MissingPackageError
        If Optuna or scikit-learn is not installed.
    """
    from triggernet.progress import waiting
    from triggernet.reports.pages import check_format
    from triggernet.studies.sweep import report_study, save_study_report

    target = maybe(out)
    if target is not None:
        check_format(target)
    with waiting(f"judging {study}"):
        reported = report_study(path(study))
    if target is not None:
        save_study_report(reported, target)
    return reported


def fit_widths(
    run: AnyPath,
    *,
    data: AnyPath,
    out: AnyPath,
    budget: Named = "l1",
    loss: float = 0.001,
    part: str = PART,
    epochs: int = 3,
) -> FittedWidths:
    """Narrow the widths of a trained model as far as its AUC allows.

    Parameters
    ----------
    run : path
        A run folder, or a folder of the zoo.
    data : path
        Jets; a third of them judges the result and nothing else.
    out : path
        The new run folder.
    budget : str or path
        At whose rate the hardware is counted.
    loss : float
        The upper 95 % bound of the paired loss of AUC against the float model must lie below.
    part : str
        The FPGA whose LUTs and DSPs are weighed against each other.
    epochs : int
        Of the short fine-tunings during the search; the result is fine-tuned as the run was.

    Raises
    ------
    ModelError
        If the run has no hardware form, more than two classes, or nothing narrower is allowed.
    UsageError
        For unknown names; if `out` exists.
    DataError
        If the jets are damaged or unfit.
    """
    from triggernet.learning.training.run_folder import hardware_config
    from triggernet.parts import load_part
    from triggernet.reports.budgets.tables import load_budget
    from triggernet.studies.sweep.config import HardwareConfig
    from triggernet.studies.widths import fit_widths as fit

    hardware_config(path(run))
    load_budget(budget)
    load_part(part)
    hardware = HardwareConfig(budget=str(budget), part=part)
    places = (path(run), path(data), path(out))
    return fit(*places, hardware=hardware, allowed=loss, epochs=epochs)


def interpret(
    runs: Sequence[AnyPath], *, data: AnyPath | None = None, out: AnyPath | None = None
) -> Interpretation:
    """Say what trained models have learned of pairs of particles, in physical units.

    Parameters
    ----------
    runs : sequence of paths
        Run folders, or folders of the zoo; several are compared with one another.
    data : path, optional
        Jets of two classes that none of them was trained on; left out, the packaged test jets.
    out : path, optional
        A page to write: .html, .md or .json.

    Raises
    ------
    ModelError, DataError, UsageError
        If something is no run, or of a family that states no function of pairs; if the jets are
        unfit; for unknown file types.
    """
    from triggernet.data import sample_path
    from triggernet.reports.pages import check_format
    from triggernet.studies.interpret import interpret as read
    from triggernet.studies.interpret import save_interpretation

    target, given = maybe(out), maybe(data)
    if target is not None:
        check_format(target)
    interpretation = read(several(runs), sample_path("toptag_test") if given is None else given)
    if target is not None:
        save_interpretation(interpretation, target)
    return interpretation
