"""A report as text for the terminal, Markdown, one self-contained HTML page, or JSON."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from triggernet.files import to_json
from triggernet.reports.pages.page import aligned, fill_template, save_page, style_sheet, wrapped
from triggernet.reports.pages.view import LineRow, view
from triggernet.reports.pages.view_hlt import HltView, hlt_view
from triggernet.reports.report.hlt import HltReport
from triggernet.reports.report.report import Report


def save_report(report: Report | HltReport, path: Path) -> None:
    """Write a report in the format that the file's ending names; whole or not.

    Raises
    ------
    UsageError
        For an ending that is none of ``.json``, ``.md`` and ``.html``.
    """
    makers = {
        ".json": lambda: to_json(report.as_dict()),
        ".md": lambda: as_markdown(report),
        ".html": lambda: as_html(report),
    }
    save_page(path, makers)


def as_html(report: Report | HltReport) -> str:
    """One page that needs nothing else: styles and charts are in it."""
    if isinstance(report, HltReport):
        return fill_template("hlt.html.j2", hlt_view(report), css=style_sheet("report"))
    return fill_template("report.html.j2", view(report), css=style_sheet("report"))


def as_markdown(report: Report | HltReport) -> str:
    """Markdown with tables."""
    if isinstance(report, HltReport):
        return fill_template("hlt.md.j2", hlt_view(report))
    return fill_template("report.md.j2", view(report))


def as_text(report: Report | HltReport) -> str:
    """A report's verdict and its lines, for a terminal."""
    shown = hlt_view(report) if isinstance(report, HltReport) else view(report)
    notes = (shown.timing_note,) if isinstance(shown, HltView) else shown.notes
    lines = [f"{shown.name}: {shown.headline.lower()}", shown.sentence]
    lines += [f"{name}: {text}" for name, text in shown.facts]
    return "\n".join([*lines, "", *_table(shown.lines), *wrapped(notes)])


def _table(shown: Sequence[LineRow]) -> list[str]:
    header = ("", "design", "limit", "used", "margin", "verdict", "how")
    rows = [
        (line.label, line.value, line.limit, line.use, line.margin, line.verdict, line.how)
        for line in shown
    ]
    return aligned([header, *rows], left=(0, 5, 6))
