"""A comparison as people read it: every number as text, ready for the templates."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from triggernet.reports.budgets.verdict import LABELS
from triggernet.reports.cost.figures import Figure
from triggernet.reports.pages.text import duration, number, percent
from triggernet.reports.report.rtl_sources import NETLIST, SCHEDULE
from triggernet.reports.report.sources import TOOL
from triggernet.statistics import FEW, error_text, interval_text
from triggernet.studies.compare.compare import Comparison
from triggernet.studies.compare.row import Row
from triggernet.studies.compare.scatter import ScatterChart, scatter_chart
from triggernet.studies.compare.trade_off import ACCURACY, REJECTION, Merit, merit_of

if TYPE_CHECKING:
    from triggernet.learning.tasks.metrics import Metrics

ABSENT = "–"
LONG_NS = 1e5  # from here on a latency is shown with its unit
HARDWARE = ("lut", "ff", "dsp", "bram", "latency_ns", "interval_cycles")
LETTERS = "abcdefghijklmnopqrstuvwxyz"
MARKS = (*LETTERS, *(first + second for first in LETTERS for second in LETTERS))
MEANING = {
    NETLIST: "counted in the netlist, before any synthesis",
    SCHEDULE: "the schedule that the Verilog is built by",
    TOOL: "our model of the HLS project",
}
HEADER = (
    *("run", "rejection", "AUC", "- float", "accuracy", "parameters", "ant", "bit ops"),
    *("LUT", "FF", "DSP", "BRAM18", "latency", "interval", "share"),
)
OF_TWO_CLASSES = ("rejection", "- float", "ant")  # columns
LEFT = (0,)  # columns of words
FEW_PASS = f"Fewer than {FEW} background jets pass, so that the rejection is hardly known."


@dataclass(frozen=True)
class Cell:
    """A figure as text, the mark of its origin, and the range where its true value is expected."""

    text: str
    mark: str = ""
    range: str = ""

    @property
    def marked(self) -> str:
        """The figure and its mark on one line."""
        return f"{self.text} {self.mark}".rstrip()


@dataclass(frozen=True)
class MetricsView:
    """How well one model does, as text."""

    rejection: str
    auc: str
    accuracy: str
    ant: str


@dataclass(frozen=True)
class RowView:
    """One run as text."""

    name: str
    model: str
    design: str
    quantised: MetricsView
    float: MetricsView
    difference: str
    parameters: str
    bit_operations: str
    lut: Cell
    ff: Cell
    dsp: Cell
    bram: Cell
    latency: Cell
    clocks: str
    interval: Cell
    share: str
    share_of: str


@dataclass(frozen=True)
class CompareView:
    """Everything that the templates show of a comparison.

    Attributes
    ----------
    sentence : str
    merit : Merit
        By what the runs are judged in the charts.
    facts : tuple of (str, str)
    rows : tuple of RowView
    part : str
        What shares are of.
    origins : tuple of (str, str)
        The marks of the figures, and what each says.
    notes : tuple of str
    charts : tuple of ScatterChart
    provenance : tuple of (str, str)
    """

    sentence: str
    merit: Merit
    facts: tuple[tuple[str, str], ...]
    rows: tuple[RowView, ...]
    part: str
    origins: tuple[tuple[str, str], ...]
    notes: tuple[str, ...]
    charts: tuple[ScatterChart, ...]
    provenance: tuple[tuple[str, str], ...]

    @property
    def header(self) -> tuple[str, ...]:
        """Of the table as plain text."""
        return tuple(name for name in HEADER if self._has(name))

    @property
    def left(self) -> int:
        """How many columns of that table, the first ones, are words."""
        return len(LEFT)

    @property
    def table(self) -> tuple[tuple[str, ...], ...]:
        """The table as plain text: two lines a run, the second one of its float model."""
        lines = (line for row in self.rows for line in _lines(row))
        return tuple(
            tuple(text for name, text in zip(HEADER, line, strict=True) if self._has(name))
            for line in lines
        )

    @property
    def of_two_classes(self) -> bool:
        """Whether there is one background to reject."""
        return self.merit is REJECTION

    def _has(self, column: str) -> bool:
        return self.of_two_classes or column not in OF_TWO_CLASSES


def compare_view(comparison: Comparison) -> CompareView:
    """The comparison as text and chart geometry."""
    marks, merit = _marks(comparison.rows), merit_of(comparison.rows)
    runs, jets = _plural(len(comparison.rows), "run"), _plural(comparison.n_jets, "jet")
    clocks = _clocks(comparison.rows)
    long = any(_is_long(row.firmware.value("latency_ns")) for row in comparison.rows)
    unit = "in ns where no unit stands" if long else "in ns"
    return CompareView(
        sentence=f"{runs} on the same {jets}.",
        merit=merit,
        facts=(
            ("Jets", f"{number(comparison.n_jets)} of {comparison.sample}"),
            *_PHYSICS[merit],
            ("Latency", f"{unit}, at a clock of {clocks}; interval in clocks"),
            ("Shares", f"the largest one, of a {comparison.part.title}"),
        ),
        rows=tuple(_row(row, comparison, marks) for row in comparison.rows),
        part=comparison.part.title.split()[-1],
        origins=tuple((mark, _origin(*key)) for key, mark in marks.items()),
        notes=tuple(_notes(comparison.rows)),
        charts=tuple(scatter_chart(each) for each in comparison.trade_offs),
        provenance=tuple(comparison.provenance.items()),
    )


_PHYSICS = {
    REJECTION: (
        ("Rejection", "1/ε_B at 30 % signal efficiency, 68 % interval (Clopper-Pearson)"),
        ("AUC", "standard error (DeLong), of a difference on the same jets"),
    ),
    ACCURACY: (
        ("Accuracy", "share of the jets whose class is the likeliest one"),
        ("AUC", "mean of those of each class against all others"),
    ),
}


def _clocks(rows: Sequence[Row]) -> str:
    """The clock of all runs, or the one of each of them."""
    by_clock: dict[float, list[str]] = {}
    for row in rows:
        if row.firmware.clock_period_ns is not None:
            by_clock.setdefault(row.firmware.clock_period_ns, []).append(row.name)
    if len(by_clock) < 2:
        return "".join(f"{period_ns:g} ns" for period_ns in by_clock) or ABSENT
    return ", ".join(
        f"{period_ns:g} ns ({', '.join(names)})" for period_ns, names in by_clock.items()
    )


def _plural(count: int, noun: str) -> str:
    return f"{number(count)} {noun}{'s' * (count != 1)}"


def _key(figure: Figure) -> tuple[str, str, str]:
    return figure.how, figure.tool, figure.version


def _marks(rows: Sequence[Row]) -> dict[tuple[str, str, str], str]:
    """A letter for each way in which a figure was obtained, in the order of the table."""
    figures = [row.firmware.figures.get(name) for row in rows for name in HARDWARE]
    keys = dict.fromkeys(_key(figure) for figure in figures if figure is not None)
    return dict(zip(keys, MARKS, strict=False))


def _origin(how: str, tool: str, version: str) -> str:
    meaning = MEANING.get(tool, "")
    return f"{how}, {tool} {version}".rstrip() + (f": {meaning}" if meaning else "")


def _notes(rows: Sequence[Row]) -> Iterator[str]:
    """What must be known about runs, once for all runs of which it is true."""
    about: dict[str, list[str]] = {}
    for row in rows:
        few = FEW_PASS if row.main.n_background and row.main.passing_30 < FEW else ""
        for text in (row.firmware.absent, *row.firmware.notes, few):
            if text:
                about.setdefault(text, []).append(row.name)
    for text, names in about.items():
        yield f"{', '.join(names)}: {text}"


def _row(row: Row, comparison: Comparison, marks: dict[tuple[str, str, str], str]) -> RowView:
    firmware, share = row.firmware, row.share(comparison.part)
    cells = {name: _cell(firmware.figures.get(name), marks) for name in HARDWARE}
    cycles, period_ns = firmware.value("latency_cycles"), firmware.clock_period_ns
    operations, moved = firmware.bit_operations, row.auc_difference
    clock = "" if period_ns is None else f" of {period_ns:g} ns"
    return RowView(
        name=row.name,
        model=row.model,
        design=firmware.design or ABSENT,
        quantised=_metrics(row.quantised_metrics),
        float=_metrics(row.float_metrics),
        difference=ABSENT if moved is None else _area(moved.value, moved.error, "+"),
        parameters=number(row.main.n_parameters),
        bit_operations=ABSENT if operations is None else number(operations.total),
        lut=cells["lut"],
        ff=cells["ff"],
        dsp=cells["dsp"],
        bram=cells["bram"],
        latency=_latency(cells["latency_ns"], firmware.value("latency_ns")),
        clocks="" if cycles is None else f"{_plural(round(cycles), 'clock')}{clock}",
        interval=cells["interval_cycles"],
        share=ABSENT if share is None else percent(share.of_part),
        share_of="" if share is None else LABELS[share.resource].split()[0],
    )


def _cell(figure: Figure | None, marks: dict[tuple[str, str, str], str]) -> Cell:
    if figure is None:
        return Cell(ABSENT)
    error = figure.error
    span = (
        f"{number(error.low)} – {number(error.high)} expected {error.of}".rstrip() if error else ""
    )
    return Cell(number(figure.value), marks[_key(figure)], span)


def _latency(cell: Cell, value: float | None) -> Cell:
    """The cell, with a unit where nanoseconds are too many."""
    return replace(cell, text=duration(value)) if value and _is_long(value) else cell


def _is_long(latency_ns: float | None) -> bool:
    return latency_ns is not None and latency_ns >= LONG_NS


def _area(value: float, error: float | None, sign: str = "") -> str:
    return error_text(value, error, sign).replace("+-", "±")


def _metrics(metrics: Metrics | None) -> MetricsView:
    if metrics is None:
        return MetricsView(ABSENT, ABSENT, ABSENT, ABSENT)
    ends = metrics.rejection_30_low, metrics.rejection_30_high
    rejection = interval_text(metrics.rejection_30, *ends, minus="−")
    return MetricsView(
        rejection if metrics.n_background else ABSENT,
        _area(metrics.auc, metrics.auc_error),
        f"{metrics.accuracy:.4f}",
        ABSENT if metrics.ant is None else f"{metrics.ant:.{1 if metrics.ant >= 1 else 2}f}",
    )


def _lines(row: RowView) -> Iterator[tuple[str, ...]]:
    main, exact = row.quantised, row.float
    cells = (row.lut, row.ff, row.dsp, row.bram, row.latency, row.interval)
    yield (
        row.name,
        *(main.rejection, main.auc, row.difference, main.accuracy),
        *(row.parameters, main.ant, row.bit_operations),
        *(cell.marked for cell in cells),
        row.share,
    )
    rest = ("",) * (len(cells) + 2)
    yield ("  float", exact.rejection, exact.auc, "", exact.accuracy, "", exact.ant, *rest)
