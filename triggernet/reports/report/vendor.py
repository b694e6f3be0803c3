"""The vendor's reports: Vitis HLS synthesis, co-simulation, Vivado utilisation and timing.

Each reader takes one file and gives its figures with the tool's version, or refuses the file by
name. The formats are those of Vitis HLS and Vivado 2019 to 2024, as their user guides show them
(UG1399, UG835); Vivado HLS wrote the same under older names.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree as ET

from triggernet.errors import ProjectError, in_one_line
from triggernet.reports.cost.calibration import csynth_ratios
from triggernet.reports.cost.figures import Error, Figure, How

_HLS_RPT = re.compile(r"== (?:Vitis|Vivado) HLS Report for '(?P<top>[^'\n]+)'")
_HLS_SUMMARY = re.compile(r"== Synthesis Summary Report of '(?P<top>[^'\n]+)'")
_HLS_VERSION = re.compile(r"\* Version:\s+(?P<version>[\w.]+)")
_VIVADO_VERSION = re.compile(r"\| Tool Version\s*: (?:Vivado )?v\.?(?P<version>[\w.]+)")
_STATE = re.compile(r"\| Design State\s*: (?P<state>.+?)\s*(?:\||$)", re.MULTILINE)
_DEVICE = re.compile(r"\| Device\s*: (?P<device>[\w-]+)")
_COSIM = re.compile(r"\|\s*(?:Verilog|VHDL)\s*\|\s*(?P<status>\w+)\s*\|(?P<rest>[^\n]*)")
_UTILISATION = {
    "lut": re.compile(r"^\|\s*(?:CLB|Slice) LUTs\*?\s*\|\s*(?P<used>[\d.]+)", re.MULTILINE),
    "ff": re.compile(r"^\|\s*(?:CLB|Slice) Registers\s*\|\s*(?P<used>[\d.]+)", re.MULTILINE),
    "dsp": re.compile(r"^\|\s*DSPs\s*\|\s*(?P<used>[\d.]+)", re.MULTILINE),
    "bram": re.compile(r"^\|\s*Block RAM Tile\s*\|\s*(?P<used>[\d.]+)", re.MULTILINE),
}
_WNS = re.compile(r"WNS\(ns\)[^\n]*\n[-\s]+\n\s*(?P<wns>-?\d+\.\d+)")
_CLOCK = re.compile(r"^\s*\w+\s+\{[\d. -]+\}\s+(?P<period>\d+\.\d+)", re.MULTILINE)


@dataclass(frozen=True)
class Reading:
    """What one file says.

    Attributes
    ----------
    top : str or None
        The module it is about, where it says so.
    device : str or None
        The FPGA it is for, where it says so.
    figures : dict of str to Figure
        By name; cycles without nanoseconds.
    slack_ns : float or None
        Worst setup slack of a timing report.
    clock_period_ns : float or None
    """

    top: str | None
    device: str | None
    figures: dict[str, Figure]
    slack_ns: float | None = None
    clock_period_ns: float | None = None


Reader = Callable[[Path, str], Reading]


def read_report(path: Path, source: str) -> Reading:
    """Read a vendor's report of any kind.

    Parameters
    ----------
    path : Path
    source : str
        How to name the file in figures and errors.

    Raises
    ------
    ProjectError
        If the file cannot be read, is damaged or cut short.
    """
    reader = reader_of(path.name)
    if reader is None:
        raise ProjectError(f"{source} is none of the vendor's reports that are known")
    return reader(path, source)


def reader_of(name: str) -> Reader | None:
    """What reads a file of this name; None for files that are no reports."""
    if name.endswith("csynth.xml"):
        return _csynth_xml
    if not name.endswith(".rpt"):
        return None
    kinds: tuple[tuple[str, Reader], ...] = (
        ("csynth", _csynth_rpt),
        ("cosim", _cosim),
        ("timing", _timing),
        ("util", _utilisation),
        ("vivado_synth", _utilisation),
    )
    return next((reader for word, reader in kinds if word in name), None)


def _csynth_xml(path: Path, source: str) -> Reading:
    try:
        root = ET.fromstring(_text(path, source))  # noqa: S314 - the user's own file
    except ET.ParseError as error:
        raise ProjectError(
            f"{source} is damaged: {in_one_line(error)}; run the synthesis again"
        ) from error

    def text(where: str) -> str:
        value = root.findtext(where)
        if value is None:
            raise _damaged(source, f"no {where}")
        return value.strip()

    overall = "PerformanceEstimates/SummaryOfOverallLatency"
    area = "AreaEstimates/Resources"
    dsp = "DSP" if root.find(f"{area}/DSP") is not None else "DSP48E"
    values = {
        "latency_cycles": text(f"{overall}/Worst-caseLatency"),
        "interval_cycles": text(f"{overall}/Interval-max"),
        "lut": text(f"{area}/LUT"),
        "ff": text(f"{area}/FF"),
        "dsp": text(f"{area}/{dsp}"),
        "bram": text(f"{area}/BRAM_18K"),
    }
    version = root.findtext("ReportVersion/Version") or "unknown"
    figures = _synthesised(values, version.strip(), source)
    assignments = "UserAssignments"
    period = root.findtext(f"{assignments}/TargetClockPeriod")
    return Reading(
        root.findtext(f"{assignments}/TopModelName"),
        root.findtext(f"{assignments}/Part"),
        figures,
        clock_period_ns=_number(period, source) if period else None,
    )


def _csynth_rpt(path: Path, source: str) -> Reading:
    text = _text(path, source)
    top = _HLS_RPT.search(text)
    if top is None:
        return _csynth_summary(text, source)
    latency = _row_below(text, "Latency (cycles)", source, skip=2)
    total = _row(text, "Total", source)
    columns = [c.replace("48E", "") for c in _row(text, "Name", source)[1:]]
    if len(latency) < 6:
        raise _damaged(source, "the row of the latency is cut short")
    values = {"latency_cycles": latency[1], "interval_cycles": latency[5]}
    keys = {"LUT": "lut", "FF": "ff", "DSP": "dsp", "BRAM_18K": "bram"}
    values |= {keys[c]: v for c, v in zip(columns, total[1:], strict=False) if c in keys}
    figures = _synthesised(values, _version(_HLS_VERSION, text), source)
    device = re.search(r"\* Target device:\s+([\w-]+)", text)
    return Reading(top["top"], device and device[1], figures)


def _csynth_summary(text: str, source: str) -> Reading:
    """The summary of Vitis HLS from 2020 on: one row a module, the top first."""
    top = _HLS_SUMMARY.search(text)
    if top is None:
        raise _damaged(source, "it names no top function")
    cells = _row(text, f"+ {top['top']}", source)
    if len(cells) < 14:
        raise _damaged(source, "the row of the top function is cut short")
    values = dict(zip(("bram", "dsp", "ff", "lut"), cells[9:13], strict=True))
    values = {k: "0" if v == "-" else v.split("(")[0] for k, v in values.items()}
    values |= {"latency_cycles": cells[3], "interval_cycles": cells[6]}
    device = re.search(r"\* Target device:\s+([\w-]+)", text)
    figures = _synthesised(values, _version(_HLS_VERSION, text), source)
    return Reading(top["top"], device and device[1], figures)


def _synthesised(values: dict[str, str], version: str, source: str) -> dict[str, Figure]:
    """Figures of a C synthesis: its schedule is what will be built, its resources are estimates."""
    figures = {}
    for name, text in values.items():
        if text in ("?", "undef", "-"):  # a loop without a bound: HLS does not know
            continue
        value = int(_number(text, source))
        how: How = "synthesised" if name.endswith("_cycles") else "estimated"
        figures[name] = Figure(value, how, "Vitis HLS csynth", version, _error(name, value), source)
    return figures


def _error(name: str, value: int) -> Error | None:
    """C synthesis counts before logic is merged; how far off, `calibration.yaml` says."""
    ratio = csynth_ratios().get(name)
    if ratio is None:
        return None
    basis = f"Vivado / C synthesis of {ratio.n_designs} published designs"
    return Error(round(value * ratio.low, 1), round(value * ratio.high, 1), basis)


def _cosim(path: Path, source: str) -> Reading:
    text = _text(path, source)
    rows = [match for match in _COSIM.finditer(text) if match["status"] != "NA"]
    if not rows:
        raise _damaged(source, "it holds no result of a simulation")
    status, cells = rows[0]["status"], [c.strip() for c in rows[0]["rest"].split("|")]
    if status.lower() != "pass":
        raise ProjectError(f"{source}: the co-simulation ended with '{status}', not 'Pass'")
    if len(cells) < 6:
        raise _damaged(source, "the row of the result is cut short")
    names = {"latency_cycles": cells[2], "interval_cycles": cells[5]}  # min, avg, max of each
    figures = {
        name: Figure(
            int(_number(text, source)), "simulated", "Vitis HLS cosim", "unknown", None, source
        )
        for name, text in names.items()
        if text != "NA"
    }
    if not figures:
        raise _damaged(source, "it holds neither latency nor interval")
    return Reading(None, None, figures)


def _utilisation(path: Path, source: str) -> Reading:
    text = _text(path, source)
    version, state = _version(_VIVADO_VERSION, text), _STATE.search(text)
    how = _how(state["state"] if state else "Synthesized")
    figures = {}
    for name, pattern in _UTILISATION.items():
        match = pattern.search(text)
        if match is None:
            raise _damaged(source, f"it has no row for {name}")
        value = _number(match["used"], source)
        value = 2 * value if name == "bram" else value  # a tile is 36 kbit
        figures[name] = Figure(int(value), how, "Vivado", version, None, source)
    device = _DEVICE.search(text)
    return Reading(None, device and device["device"], figures)


def _how(state: str) -> How:
    lowered = state.lower()
    if "rout" in lowered:
        return "routed"
    return "placed" if "placed" in lowered else "synthesised"


def _timing(path: Path, source: str) -> Reading:
    text = _text(path, source)
    slack = _WNS.search(text)
    if slack is None:
        raise _damaged(source, "it has no Design Timing Summary with a WNS")
    clock, device = _CLOCK.search(text), _DEVICE.search(text)
    return Reading(
        None,
        device and device["device"],
        {},
        slack_ns=float(slack["wns"]),
        clock_period_ns=float(clock["period"]) if clock else None,
    )


def _text(path: Path, source: str) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ProjectError(f"cannot read {source}: {in_one_line(error)}") from error


def _version(pattern: re.Pattern[str], text: str) -> str:
    version = pattern.search(text)
    return version["version"] if version else "unknown"


def _number(text: str, source: str) -> float:
    """A count or a time: none of them is below zero, and none without end."""
    try:
        value = float(text.replace(",", ""))
    except ValueError:
        value = math.nan
    if not 0 <= value < math.inf:
        raise _damaged(source, f"'{text}' is no number of a count or a time")
    return value


def _rows(text: str) -> Iterator[tuple[int, list[str]]]:
    for number, line in enumerate(text.splitlines()):
        stripped = line.strip()
        if stripped.startswith("|"):
            yield number, [cell.strip() for cell in stripped.strip("|").split("|")]


def _row(text: str, first: str, source: str) -> list[str]:
    """The first row of a table that begins with the cell `first`, spaces aside."""
    for _, cells in _rows(text):
        if cells[0].replace(" ", "") == first.replace(" ", ""):
            return cells
    raise _damaged(source, f"no row '{first}'")


def _row_below(text: str, heading: str, source: str, skip: int) -> list[str]:
    rows = list(_rows(text))
    for k, (_, cells) in enumerate(rows[:-skip]):
        if heading in cells:
            return rows[k + skip][1]
    raise _damaged(source, f"no table '{heading}'")


def _damaged(source: str, why: str) -> ProjectError:
    reason = in_one_line(why)  # with what was read, whatever that is
    return ProjectError(f"{source} is damaged or of an unknown format: {reason}; write it again")
