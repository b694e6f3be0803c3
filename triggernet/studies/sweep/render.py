"""A study as text for the terminal, Markdown, one self-contained HTML page, or JSON."""

from __future__ import annotations

from pathlib import Path

from triggernet.files import to_json
from triggernet.reports.pages.page import aligned, fill_template, save_page, style_sheet
from triggernet.studies.sweep.report import StudyReport
from triggernet.studies.sweep.view import TableView, sweep_view


def save_study_report(report: StudyReport, path: Path) -> None:
    """Write a study in the format that the file's ending names; whole or not.

    Raises
    ------
    UsageError
        For an ending that is none of ``.json``, ``.md`` and ``.html``.
    """
    makers = {
        ".json": lambda: to_json(report.as_dict(), indent=None),
        ".md": lambda: fill_template("sweep.md.j2", sweep_view(report)),
        ".html": lambda: fill_template(
            "sweep.html.j2", sweep_view(report), css=style_sheet("report", "compare", "sweep")
        ),
    }
    save_page(path, makers)


def study_text(report: StudyReport) -> str:
    """The best trials and what matters, for a terminal."""
    shown = sweep_view(report)
    lines = [shown.sentence, *(f"{name}: {text}" for name, text in shown.facts)]
    for table in shown.best:
        lines += ["", f"{table.title}:", *_rows(table)]
    for each in shown.influences:
        rows = [(row.setting, row.importance, row.correlation) for row in each.rows]
        head = ("setting", "importance", "correlation")
        lines += ["", f"{each.title}. {each.sentence}", *aligned([head, *rows], (0,))]
    lines += [f"{count} failed: {reason}" for count, reason in shown.failures]
    return "\n".join(lines)


def _rows(table: TableView) -> list[str]:
    return aligned([table.header, *table.rows], range(table.left))
