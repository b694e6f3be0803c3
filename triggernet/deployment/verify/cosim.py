"""Co-simulation: a project's Verilog, clock by clock, against the exact integers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from triggernet.data import Jets
from triggernet.deployment.hls.bench import HlsBench, run_bench
from triggernet.deployment.project import Project, load_project
from triggernet.deployment.rtl.design import read_design
from triggernet.deployment.rtl.simulation import build, check
from triggernet.deployment.rtl.verilator import find_verilator
from triggernet.deployment.verify.events import Events
from triggernet.deployment.verify.jets import real_events
from triggernet.deployment.verify.stimuli import Stimuli, make_stimuli
from triggernet.deployment.verify.verify import N_VECTORS, oddities
from triggernet.errors import ProjectError, UsageError
from triggernet.program import Program, evaluate
from triggernet.progress import say
from triggernet.results import ProjectResult, ResultFile
from triggernet.words import counted

WAVE = "cosim.fst"


@dataclass(frozen=True)
class CoSimulation(ProjectResult):
    """What a co-simulation found.

    Attributes
    ----------
    n_vectors, seed : int
    kinds : mapping of str to int
        How many vectors there were of each sort.
    mismatches : int
        Events, over all phases, that were answered wrongly, not at the right clock or not at all,
        and answers to nothing.
    first : mapping or None
        The first of them: ``phase``, ``kind`` (wrong, missing, spurious), ``clock``, ``vector``,
        ``sort`` and ``inputs`` of that vector, and of a wrong answer ``output``, ``element``,
        ``expected``, ``found`` (codes).
    latency_cycles, interval_cycles : int or None
        As measured; None if nothing was answered.
    predicted_latency_cycles, predicted_interval_cycles : int
        As the design says.
    phases : mapping of str to mapping of str to int
        For each phase of the test bench its ``events``, ``clocks`` and differences.
    version : str
        Of Verilator.
    judges : mapping of str to str
        Digests of what was simulated, see `triggernet.results.PARTS`.
    hls : HlsBench or None
        What the HLS project's own test bench found; None if the project has no HLS firmware.
    notes : tuple of str
    wave : Path or None
        Where the waveform lies that was asked for.
    tool : str
    """

    FILE = ResultFile("cosim", "cosim.json", "triggernet cosim")
    PARTS: ClassVar[tuple[str, ...]] = ("program", "verilog", "firmware")
    DERIVED = ("passed",)
    SUBJECT: ClassVar[str] = ""

    n_vectors: int
    seed: int
    kinds: Mapping[str, int]
    mismatches: int
    first: Mapping[str, Any] | None
    latency_cycles: int | None
    interval_cycles: int | None
    predicted_latency_cycles: int
    predicted_interval_cycles: int
    phases: Mapping[str, Mapping[str, int]]
    version: str
    judges: Mapping[str, str] = field(default_factory=dict)
    hls: HlsBench | None = None
    notes: tuple[str, ...] = ()
    wave: Path | None = None
    tool: str = "Verilator"

    @property
    def as_predicted(self) -> bool:
        """Whether latency and interval are what the design says."""
        return (self.latency_cycles, self.interval_cycles) == (
            self.predicted_latency_cycles,
            self.predicted_interval_cycles,
        )

    @property
    def answers_right(self) -> bool:
        """Whether the Verilog was asked, and answered everything right, at whatever clock."""
        return self.n_vectors > 0 and not self.mismatches

    @property
    def passed(self) -> bool:
        """Whether everything was as it must be."""
        return self.answers_right and self.as_predicted and (self.hls is None or self.hls.passed)

    def as_dict(self) -> dict[str, Any]:
        """For machines; what ``--json`` prints."""
        return {
            "n_vectors": self.n_vectors,
            "seed": self.seed,
            "passed": self.passed,
            "kinds": dict(self.kinds),
            "mismatches": self.mismatches,
            "first": None if self.first is None else dict(self.first),
            "latency_cycles": self.latency_cycles,
            "interval_cycles": self.interval_cycles,
            "predicted_latency_cycles": self.predicted_latency_cycles,
            "predicted_interval_cycles": self.predicted_interval_cycles,
            "phases": {name: dict(phase) for name, phase in self.phases.items()},
            "tool": self.tool,
            "version": self.version,
            "judges": dict(self.judges),
            "hls": None if self.hls is None else self.hls.as_dict(),
            "notes": list(self.notes),
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any], where: str = "") -> CoSimulation:
        """The co-simulation from what `as_dict` gave; errors as `ProjectResult.from_dict`."""
        hls = values.get("hls")
        if isinstance(hls, Mapping):
            values = {**values, "hls": {k: v for k, v in hls.items() if k != "passed"}}
        return super().from_dict(values, where)

    def as_text(self) -> str:
        """For people."""
        kinds = ", ".join(f"{n} {kind}" for kind, n in self.kinds.items())
        tool = f"Verilator {self.version}{self.SUBJECT}"
        lines = [f"{self.n_vectors} vectors through {tool} (seed {self.seed})"]
        lines += [f"  {kinds}", *_phase_lines(self.phases)]
        for what, measured, predicted in (
            ("latency", self.latency_cycles, self.predicted_latency_cycles),
            ("interval", self.interval_cycles, self.predicted_interval_cycles),
        ):
            verdict = "as predicted" if measured == predicted else f"NOT the predicted {predicted}"
            clocks = "unknown" if measured is None else counted(measured, "clock")
            lines.append(f"{what}: {clocks}, {verdict}")
        if self.first is not None:
            lines += _first_lines(self.first)
        if self.hls is not None:
            lines.append(
                f"HLS test bench: {self.hls.mismatches} mismatches in {self.hls.events} events "
                f"({self.hls.tool} {self.hls.version})"
            )
        lines += [f"waveform: {self.wave}"] if self.wave is not None else []
        lines += [f"note: {note}" for note in self.notes]
        lines.append("no difference" if self.passed else "DIFFERENT")
        return "\n".join(lines)


@dataclass(frozen=True)
class NetlistCoSimulation(CoSimulation):
    """Likewise of the primitives that Yosys makes of the Verilog, and counts."""

    FILE = ResultFile("netlist simulation", "netlist.json", "triggernet cosim --netlist")
    PARTS = ("program", "verilog")

    SUBJECT = ", the primitives that Yosys counts"


def cosim(
    project: Path,
    n_vectors: int = N_VECTORS,
    *,
    seed: int = 1,
    jets: Jets | None = None,
    wave: bool = False,
    edited: bool = False,
    events: Events | None = None,
    netlist: bool = False,
) -> CoSimulation:
    """Simulate a project's Verilog with Verilator and compare it with the exact integers.

    All vectors go through the design back to back; a part of them again with gaps, and with resets
    in between. Where the project holds HLS firmware too, its own test bench is run as well.

    Parameters
    ----------
    project : Path
        A folder that `triggernet export --rtl` wrote.
    n_vectors : int
    seed : int
        Of the vectors and of everything random in the test bench.
    jets : Jets, optional
        Real jets; the packaged reference jets if not given.
    wave : bool
        Draw the first event that went wrong (the first of all if none did) in ``cosim.fst``.
    edited : bool
        Simulate files that are not as generated, with a note, instead of refusing them.
    events : Events, optional
        Real events of a model that triggernet did not train.
    netlist : bool
        Simulate the primitives of the 7-series that Yosys makes of the Verilog, those that
        `triggernet.deployment.rtl.synth.synthesise` counts; a `NetlistCoSimulation`.

    Raises
    ------
    ProjectError, ProgramError
        If `project` has no Verilog, was edited, is damaged, or has ports that cannot be simulated.
    UsageError, DataError
        For fewer than 1 vectors, or the netlist of an edited project; if the jets do not fit.
    ToolError
        If Verilator, g++ or make is missing, or the sources do not compile.
    """
    if netlist and edited:
        raise UsageError(
            "--netlist simulates what `triggernet synth` counts, and that is never an edited "
            "project; leave --edited out, or --netlist"
        )
    kind = NetlistCoSimulation if netlist else CoSimulation
    judges = kind.sources(project)  # before anything is read: an edit meanwhile shows
    design = read_design(project)
    find_verilator()  # said before vectors are chosen and evaluated, not after
    written = load_project(project)
    if not edited:
        _refuse_altered(written)
    program = written.program
    real, about_jets = real_events(program, jets, events)
    say("choosing vectors")
    stimuli = make_stimuli(program, n_vectors, seed, real)
    drawn = project / WAVE if wave else None
    options = {"edited": edited, "netlist": netlist}
    simulated, version = _simulated(project, program, stimuli, seed, drawn, options)
    return kind(
        n_vectors,
        seed,
        stimuli.counts(),
        simulated["mismatches"],
        _described(simulated["first"], stimuli),
        simulated["latency_cycles"],
        simulated["interval_cycles"],
        design.latency_cycles,
        design.interval_cycles,
        simulated["phases"],
        version,
        judges,
        None if netlist else _hls_bench(written, edited),
        (*oddities(written), *about_jets),
        drawn,
    )


def _simulated(
    project: Path,
    program: Program,
    stimuli: Stimuli,
    seed: int,
    wave: Path | None,
    options: Mapping[str, bool],
) -> tuple[dict[str, Any], str]:
    """What the test bench found, and Verilator's version; waveforms in a second run."""
    say("building the simulation")
    simulator = build(project, **options)
    say("evaluating exact integers")
    expected = evaluate(program, stimuli.inputs)
    say("simulating")
    checked = check(simulator, stimuli.inputs, expected, seed=seed)
    if wave is not None:
        say("building the simulation with waveforms")
        traced = build(project, trace=True, **options)
        check(traced, stimuli.inputs, expected, seed=seed, wave=wave)
    return checked, simulator.version


def _refuse_altered(project: Project) -> None:
    """ProjectError if files are not as generated, or sources were added."""
    if project.altered:
        raise ProjectError(
            f"{project.folder} is not as generated: {', '.join(project.altered)}; export it "
            "again, or ask for the edited one (edited=True, --edited) to simulate it as it is"
        )


def _hls_bench(project: Project, edited: bool) -> HlsBench | None:
    if not project.has_hls:
        return None
    say("running the HLS test bench")
    return run_bench(project.folder, edited=edited)


def _described(first: Mapping[str, Any] | None, stimuli: Stimuli) -> dict[str, Any] | None:
    """The first difference, with what its vector is."""
    if first is None or first["vector"] is None:
        return None if first is None else dict(first)
    vector = first["vector"]
    inputs = stimuli.select(np.array([vector]))
    codes = {name: [int(c) for c in array.ravel()] for name, array in inputs.items()}
    return {**first, "sort": stimuli.kinds[vector], "inputs": codes}


def _phase_lines(phases: Mapping[str, Mapping[str, int]]) -> list[str]:
    return [
        f"  {name:<7} {p['events']:>7} events in {p['clocks']:>8} clocks: "
        f"{p['wrong']} wrong, {p['missing']} missing, {p['spurious']} spurious"
        for name, p in phases.items()
    ]


def _first_lines(first: Mapping[str, Any]) -> list[str]:
    what = {
        "wrong": f"output '{first['output']}' element {first['element']}: expected code "
        f"{first['expected']}, found {first['found']}",
        "missing": "no answer at its clock",
        "spurious": "an answer at a clock that is none's",
    }[first["kind"]]
    vector = "no vector" if first["vector"] is None else f"vector {first['vector']}"
    sort = f" ({first['sort']})" if "sort" in first else ""
    lines = [f"first: clock {first['clock']} of phase {first['phase']}, {vector}{sort}, {what}"]
    inputs: Mapping[str, list[int]] = first.get("inputs", {})
    return lines + [f"  {name} = {' '.join(map(str, codes))}" for name, codes in inputs.items()]
