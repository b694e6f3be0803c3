"""Exported projects: verified, simulated, synthesised, reported; runs compared."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from triggernet.data import load_jets
from triggernet.deployment.project import load_project
from triggernet.deployment.project.layout import is_float_project
from triggernet.files import check_plot
from triggernet.front.paths import AnyPath, Named, maybe, path, several
from triggernet.learning.training.run_folder import refuse_float_only
from triggernet.progress import say, waiting

if TYPE_CHECKING:
    from triggernet.data import Jets
    from triggernet.deployment.onnxruntime.latency import Latency
    from triggernet.deployment.prove import Proof
    from triggernet.deployment.rtl.synthesis import Synthesis
    from triggernet.deployment.verify import Agreement, CoSimulation, FloatAgreement
    from triggernet.reports.report import HltReport, Report
    from triggernet.studies.compare import Comparison

N_VECTORS = 100_000


def _jets(data: AnyPath | None) -> Jets | None:
    return None if data is None else load_jets(path(data))


def _data(project: Path, data: AnyPath | None) -> dict[str, Any]:
    """Jets, or events of a model that triggernet did not train."""
    from triggernet.deployment.verify.events import is_events, load_events

    if data is None or not is_events(path(data)):
        return {"jets": _jets(data)}
    return {"jets": None, "events": load_events(path(data), load_project(project))}


def verify(
    project: AnyPath,
    *,
    data: AnyPath | None = None,
    vectors: int = N_VECTORS,
    seed: int = 1,
    onnx: bool = False,
) -> Agreement | FloatAgreement:
    """Compare every executor of a project with its exact integers, to the last bit.

    Of a project with a float model alone, or with `onnx`, that model in PyTorch and in ONNX
    Runtime, within a tolerance.

    The result is left in the project, where `report` finds it.

    Parameters
    ----------
    project : path
        A folder that `export` wrote.
    data : path, optional
        Jets among the vectors; the packaged reference jets if not given. Of a model of anybody, a
        NumPy file (``.npz``) with an array of real values for each input.
    vectors : int
        How many inputs are compared; of a float model at most so many jets.
    seed : int
        Of the vectors.
    onnx : bool
        Compare the float model.

    Raises
    ------
    ProjectError, ProgramError
        If `project` is no project, or damaged.
    UsageError, DataError
        For fewer than 1 vectors; if the jets do not fit.
    ToolError
        If the project's sources do not compile.
    """
    from triggernet.deployment.verify import verify as compare_executors

    folder = path(project)
    if onnx or is_float_project(folder):
        from triggernet.deployment.verify import verify_float

        float_agreement = verify_float(folder, _jets(data), vectors)
        float_agreement.save(folder)
        return float_agreement
    refuse_float_only(folder)
    agreement = compare_executors(folder, n_vectors=vectors, seed=seed, **_data(folder, data))
    agreement.save(folder)
    return agreement


def latency(
    project: AnyPath,
    *,
    data: AnyPath | None = None,
    objects: Sequence[int] = (1, 5, 20),
    threads: Sequence[int] = (1, 2),
    events: int = 300,
) -> Latency:
    """Measure how long onnxruntime takes for an event with a project's float model.

    The result is left in the project, where `report` finds it.

    Parameters
    ----------
    project : path
        A folder that `export` wrote with ``float.onnx``.
    data : path, optional
        Jets that events are made of; the packaged reference jets if not given.
    objects : sequence of int
        Jets of an event.
    threads : sequence of int
        That one call may use.
    events : int
        How many are measured of each kind.

    Raises
    ------
    ProjectError, ModelError, ProgramError
        If there is no float model in the project, or it is damaged.
    UsageError, DataError
        For numbers below 1; if the jets do not fit.
    """
    from triggernet.deployment.onnxruntime.latency import measure_latency

    folder = path(project)
    latencies = measure_latency(
        folder, _jets(data), objects=objects, threads=threads, events=events
    )
    latencies.save(folder)
    return latencies


def cosim(
    project: AnyPath,
    *,
    data: AnyPath | None = None,
    vectors: int = N_VECTORS,
    seed: int = 1,
    wave: bool = False,
    edited: bool = False,
    netlist: bool = False,
) -> CoSimulation:
    """Simulate a project's Verilog clock by clock: every bit, latency and interval.

    The result is left in the project, where `report` finds it.

    Parameters
    ----------
    project : path
        A folder that `export` wrote with Verilog.
    data : path, optional
        Jets among the vectors; the packaged reference jets if not given. Of a model of anybody, a
        NumPy file (``.npz``) with an array of real values for each input.
    vectors : int
        How many inputs are simulated.
    seed : int
        Of the vectors, gaps and resets.
    wave : bool
        Draw the first event that goes wrong, or the first of all, as ``cosim.fst``.
    edited : bool
        Accept files that are not as generated.
    netlist : bool
        Simulate the primitives that `synth` counts, of Yosys' netlist for the 7-series, instead
        of the Verilog.

    Raises
    ------
    ProjectError, ProgramError
        If `project` has no Verilog, was edited, or is damaged.
    UsageError, DataError
        For fewer than 1 vectors, or the netlist of an edited project; if the jets do not fit.
    ToolError
        If Verilator, g++ or make is missing, or the sources do not compile.
    """
    from triggernet.deployment.verify import cosim as simulate

    folder = path(project)
    refuse_float_only(folder)
    read = _data(folder, data)
    simulated = simulate(
        folder, vectors, seed=seed, wave=wave, edited=edited, netlist=netlist, **read
    )
    simulated.save(folder)
    return simulated


def prove(project: AnyPath, *, limit_s: float = 60.0, edited: bool = False) -> Proof:
    """Prove that a project's Verilog is the meaning of its model file, for every input.

    The result is left in the project, where `report` finds it, with its lemmas as SMT-LIB and, of a
    refuted design, the event that it answers wrongly.

    Parameters
    ----------
    project : path
        A folder that `export` wrote with Verilog.
    limit_s : float
        For each question to the solver.
    edited : bool
        Accept files that are not as generated.

    Raises
    ------
    ProjectError, ProgramError
        If `project` has no Verilog, was edited, or is damaged.
    UsageError
        For a time that is not above 0.
    UnsupportedError
        If the model file holds what is not interpreted.
    ToolError
        If the solver or Yosys is missing, or Yosys refuses the Verilog.
    """
    from triggernet.deployment.prove import prove as decide
    from triggernet.errors import UsageError

    folder = path(project)
    refuse_float_only(folder)
    if not limit_s > 0:
        raise UsageError(f"limit_s is {limit_s}; it must be above 0 seconds")
    proof = decide(folder, limit_s=limit_s, edited=edited)
    proof.save(folder)
    return proof


def synth(
    project: AnyPath, *, family: str = "xc7", flatten: bool = False, place: str | None = None
) -> Synthesis:
    """Synthesise a project's Verilog with Yosys, and count what it takes.

    The result is left in the project, where `report` finds it; the same sources are not
    synthesised twice.

    Parameters
    ----------
    project : path
        A folder that `export` wrote with Verilog.
    family : {"xc7", "xcup"}
        Primitives of the 7-series, or of UltraScale+.
    flatten : bool
        Synthesise the whole as one module: minutes instead of seconds.
    place : {"ecp5"}, optional
        Also place and route for an open FPGA; the result's `place` says what came out.

    Raises
    ------
    ProjectError, UsageError
        If `project` has no Verilog, or was edited; for an unknown family.
    ToolError
        If a tool is missing, refuses the Verilog or takes too long.
    """
    from dataclasses import replace

    from triggernet.deployment.rtl import place as placing
    from triggernet.deployment.rtl.synth import synthesise
    from triggernet.errors import UsageError
    from triggernet.extras import require

    folder = path(project)
    refuse_float_only(folder)
    if place not in (None, "ecp5"):
        raise UsageError(f"place {place!r} is unknown; allowed is 'ecp5'")
    if place is not None:  # said before the synthesis, not after
        require(placing.PACKAGE, purpose=placing.PURPOSE)
    synthesis = synthesise(folder, family=family, flatten=flatten)
    return (
        synthesis if place is None else replace(synthesis, place=placing.place(folder, synthesis))
    )


def report(
    project: AnyPath,
    *,
    budget: Named = "l1",
    part: Named | None = None,
    data: AnyPath | None = None,
    out: AnyPath | None = None,
) -> Report | HltReport:
    """Say what a project takes, and whether a trigger's budget allows it.

    A budget of the High-Level Trigger judges the float model of a project, by the time that
    `latency` measured.

    Parameters
    ----------
    project : path
        A folder that `export` wrote with firmware.
    budget : str or path
        A budget by its name, or as a YAML file.
    part : str or path, optional
        An FPGA by its name, or as a YAML file; the project's own if not given. Of no meaning for
        the High-Level Trigger.
    data : path, optional
        Jets for the ROC curve; of a model of anybody, a NumPy file (``.npz``) with an array of
        real values for each input, and `label`.
    out : path, optional
        A page to write: .html, .md or .json.

    Raises
    ------
    ProjectError
        If `project` is no project, or one of its results was altered.
    UsageError, ConfigError
        For unknown names and file types.
    """
    from triggernet.reports.budgets.tables import tier_of
    from triggernet.reports.pages import check_format, save_report
    from triggernet.reports.report import hlt_report
    from triggernet.reports.report import report as judge

    folder, target = path(project), maybe(out)
    hlt = is_float_project(folder) or tier_of(budget) == "hlt"
    if not hlt:
        refuse_float_only(folder)
    if target is not None:
        check_format(target)
    with waiting(f"judging {folder}"):
        judged = (
            hlt_report(folder, budget, maybe(data))
            if hlt
            else judge(folder, budget, part, data=maybe(data))
        )
    if target is not None:
        save_report(judged, target)
    return judged


def compare(
    runs: Sequence[AnyPath],
    *,
    data: AnyPath,
    interval: int | None = None,
    tables: str | None = None,
    dsp: str | None = None,
    clock_ns: float | None = None,
    part: Named = "xcvu13p",
    out: AnyPath | None = None,
    plot: AnyPath | None = None,
) -> Comparison:
    """Put runs side by side: rejection, size and hardware, and their Pareto fronts.

    Parameters
    ----------
    runs : sequence of paths
        Run folders, folders of the zoo, exported projects. Files among them are left out.
    data : path
        Jets that none of them was trained on.
    interval, tables, dsp, clock_ns
        Settings of the Verilog that is counted, as for `export`.
    part : str or path
        The FPGA that shares are of.
    out : path, optional
        A page to write: .html, .md or .json.
    plot : path, optional
        The plots: PNG, PDF or SVG.

    Raises
    ------
    ModelError, DataError, UsageError
        If something is no run; if the jets are unfit; for unknown names and file types.
    """
    from triggernet.deployment.rtl.config import RtlConfig
    from triggernet.reports.pages import check_format
    from triggernet.studies.compare import compare as put_side_by_side
    from triggernet.studies.compare import save_comparison

    target, drawing = maybe(out), maybe(plot)
    if target is not None:
        check_format(target)
    if drawing is not None:
        check_plot(drawing)
    settings: dict[str, Any] = {
        "interval": interval,
        "tables": tables,
        "dsp": dsp,
        "clock_period_ns": clock_ns,
    }
    given = {key: value for key, value in settings.items() if value is not None}
    folders = several(runs)
    for file in (folder for folder in folders if folder.is_file()):
        say(f"{file} is a file, not a run folder, and is left out")
    comparison = put_side_by_side(
        [folder for folder in folders if not folder.is_file()],
        path(data),
        RtlConfig(**given) if given else None,
        part=part,
    )
    if target is not None:
        save_comparison(comparison, target)
    if drawing is not None:
        from triggernet.studies.compare.scatter_plot import plot_comparison

        plot_comparison(comparison, drawing)
    return comparison
