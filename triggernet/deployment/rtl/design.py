"""The ``rtl`` folder of a project as later stages read it: ports, timing, sources, digest."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

from triggernet.deployment.project.layout import DESIGN, RTL
from triggernet.deployment.project.record import read_record
from triggernet.deployment.project.sources import edited_files
from triggernet.documents import read_json
from triggernet.errors import ProjectError
from triggernet.ownership import RECORD, how_to_add
from triggernet.results import digest_of
from triggernet.schema import Within, as_type

# Limits of the test bench: codes travel as 64-bit integers with a sign, and a port is held as one
# array on the stack of the simulation.
MOST_ELEMENT_BITS = 64
MOST_PORT_BITS = 1 << 16
MOST_PORTS = 1 << 10
MOST_CYCLES = 1 << 24
MOST_NODES = 1 << 14

# Verilator writes names with two underscores, or that are words of C++, in another way.
NAME = re.compile(r"[a-z](_?[a-z0-9])*", re.IGNORECASE)
TAKEN = frozenset({"clk", "rst", "in_valid", "out_valid", "name", "eval", "final", "trace"})


@dataclass(frozen=True)
class Port:
    """A port of `size` elements of `width` bits; element k lies at bits ``[k * width +: width]``.

    Attributes
    ----------
    name : str
    size, width : int
    signed : bool
        Whether an element is in two's complement.
    """

    name: str
    size: int
    width: int
    signed: bool

    @property
    def n_bits(self) -> int:
        """Bits of the whole port."""
        return self.size * self.width


@dataclass(frozen=True)
class NodeCount:
    """What the Verilog of one node of the program takes, counted before any synthesis.

    Attributes
    ----------
    name, op : str
    ready_cycle : int
        The clock cycle of an event in which the last of its values is there.
    lut, ff, dsp, bram : float
    """

    name: str
    op: str
    ready_cycle: int
    lut: float
    ff: float
    dsp: float
    bram: float


@dataclass(frozen=True)
class Design:
    """A design that can be simulated.

    Attributes
    ----------
    top : str
        The top module.
    clock_period_ns : float
    interval_cycles : int
        Clocks from one event to the next, at least.
    latency_cycles : int
        As predicted: from the clock edge that takes an event to the one that can take its result.
    inputs, outputs : tuple of Port
    part : str
        Full name of the FPGA; empty if it is not stated.
    instances : int
        How many such designs take turns.
    predicted : mapping of str to float
        Counts before synthesis: ``lut``, ``ff``, ``dsp``, ``bram``, ``da4ml_lut``; some or none.
    nodes : tuple of NodeCount
        The same node by node, in program order; none in designs of an older triggernet.
    """

    top: str
    clock_period_ns: float
    interval_cycles: int
    latency_cycles: int
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    part: str = ""
    predicted: Mapping[str, float] = field(default_factory=dict)
    instances: int = 1
    nodes: tuple[NodeCount, ...] = ()


def read_design(project: Path) -> Design:
    """The design of a project.

    Raises
    ------
    ProjectError
        If there is none, or it is damaged, or has ports that the test bench cannot hold.
    """
    path = project / DESIGN
    if not path.is_file():
        raise ProjectError(
            f"{project} holds no Verilog: it has no {DESIGN}; {how_to_add(project, 'rtl')}"
        )
    return parse_design(read_json(path, ProjectError), str(path))


def parse_design(data: Any, where: str = DESIGN) -> Design:
    """A design from the content of a `design.json`; `where` is how messages name it.

    Raises
    ------
    ProjectError
        If something is missing, unknown or of another type, or it has ports that the test bench
        cannot hold.
    """
    return as_type(_DesignText, data, where, error=ProjectError, advice="generate it again").design


@dataclass(frozen=True)
class _PortText:
    """The schema of a port; its `fraction` is for whoever reads the codes."""

    name: str
    size: int
    width: int
    signed: bool
    fraction: int = 0


@dataclass(frozen=True)
class _DesignText:
    """The schema of a `design.json`."""

    top: Annotated[str, Within(1, 200)]
    clock_period_ns: Annotated[float, Within(0.01, 1e6)]
    interval_cycles: Annotated[int, Within(1, MOST_CYCLES)]
    latency_cycles: Annotated[int, Within(1, MOST_CYCLES)]
    inputs: Annotated[tuple[_PortText, ...], Within(1, MOST_PORTS)]
    outputs: Annotated[tuple[_PortText, ...], Within(1, MOST_PORTS)]
    part: Annotated[str, Within(0, 200)] = ""
    predicted: Mapping[str, Annotated[float, Within(0, 1e15)]] = field(default_factory=dict)
    instances: Annotated[int, Within(1, MOST_CYCLES)] = 1
    modules: Mapping[str, Any] = field(default_factory=dict)
    nodes: Annotated[tuple[NodeCount, ...], Within(0, MOST_NODES)] = ()

    def __post_init__(self) -> None:
        _check(self.design)

    @property
    def design(self) -> Design:
        """The design that the text describes."""
        return Design(
            self.top,
            self.clock_period_ns,
            self.interval_cycles,
            self.latency_cycles,
            tuple(Port(p.name, p.size, p.width, p.signed) for p in self.inputs),
            tuple(Port(p.name, p.size, p.width, p.signed) for p in self.outputs),
            self.part,
            self.predicted,
            self.instances,
            self.nodes,
        )


def _check(design: Design) -> None:
    for port in (*design.inputs, *design.outputs):
        _check_port(port)
    names = [port.name for port in (*design.inputs, *design.outputs)]
    for name in names:
        if not NAME.fullmatch(name) or name in TAKEN or names.count(name) > 1:
            raise ProjectError(
                f"design '{design.top}' has a port {name!r}; names must differ, be letters, digits "
                f"and single underscores, and none of {', '.join(sorted(TAKEN))}"
            )


def _check_port(port: Port) -> None:
    # Without a sign the 64th bit would be taken for one.
    most = MOST_ELEMENT_BITS if port.signed else MOST_ELEMENT_BITS - 1
    if not (1 <= port.width <= most and 1 <= port.n_bits <= MOST_PORT_BITS):
        raise ProjectError(
            f"port '{port.name}' has {port.size} elements of {port.width} bits; the simulation "
            f"holds 1 to {most} bits an element and {MOST_PORT_BITS} bits a port; choose narrower "
            "types, or split the port"
        )


def source_files(project: Path) -> dict[str, bytes]:
    """All files under ``rtl/src``, by their path in the project.

    Raises
    ------
    ProjectError
        If there is none.
    """
    folder = project / RTL / "src"
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    if not any(path.suffix == ".v" for path in paths):
        raise ProjectError(f"{folder} holds no Verilog; `triggernet export --rtl` writes it")
    return {path.relative_to(project).as_posix(): path.read_bytes() for path in paths}


def source_digest(project: Path) -> str:
    """SHA-256 of all files under ``rtl/src``: what a measurement of the Verilog belongs to."""
    return digest_of(source_files(project))


def edited_rtl(project: Path) -> list[str]:
    """Files of the design that were changed, added or lost since it was generated, sorted.

    Raises
    ------
    ProjectError
        If the project has no record.
    """
    changed = set(edited_files(project))
    changed |= source_files(project).keys() - read_record(project).files.keys()
    return sorted(name for name in changed if name.startswith(f"{RTL}/"))


def refuse_edited(project: Path) -> None:
    """Refuse RTL that is not as exported: its results would not be those of the program.

    Raises
    ------
    ProjectError
        If a recorded file of the design was changed or is missing, or one was added.
    """
    changed = edited_rtl(project)
    if changed:
        raise ProjectError(
            f"the RTL in {project} is not as exported: {', '.join(changed)} "
            f"differ from the digests in {RECORD}; undo the changes, or export it again"
        )
