"""A report as text for the terminal, Markdown, one self-contained HTML page, or JSON."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

from triggernet.errors import UsageError
from triggernet.files import to_json, write_text
from triggernet.report.text import number
from triggernet.report.view import View, view

if TYPE_CHECKING:
    from triggernet.report.report import Report

TEMPLATES = Path(__file__).parent / "templates"
FORMATS = (".json", ".md", ".html")
COLUMNS = 80


def save_report(report: Report, path: Path) -> None:
    """Write a report in the format that the file's ending names; whole or not at all.

    Raises
    ------
    UsageError
        For an ending that is none of ``.json``, ``.md`` and ``.html``.
    """
    check_format(path)
    makers = {".json": lambda r: to_json(r.as_dict()), ".md": as_markdown, ".html": as_html}
    write_text(path, makers[path.suffix](report))


def check_format(path: Path) -> None:
    """Refuse a path whose ending names no format; UsageError lists them."""
    if path.suffix not in FORMATS:
        raise UsageError(f"cannot write {path}: the ending must be one of {', '.join(FORMATS)}")


def as_html(report: Report) -> str:
    """One page that needs nothing else: styles and charts are in it."""
    css = (TEMPLATES / "report.css").read_text("utf-8")
    return _render("report.html.j2", report, css=css.strip())


def as_markdown(report: Report) -> str:
    """Markdown with tables."""
    return _render("report.md.j2", report)


def as_text(report: Report) -> str:
    """The verdict and its lines, for a terminal of 80 columns."""
    shown = view(report)
    lines = [f"{shown.name}: {shown.headline.lower()}", shown.sentence]
    lines += [f"{name}: {text}" for name, text in shown.facts]
    notes = [line for text in shown.notes for line in textwrap.wrap(f"Note: {text}", COLUMNS)]
    return "\n".join([*lines, "", *_table(shown), *([""] if notes else []), *notes])


def _table(shown: View) -> list[str]:
    header = ("", "design", "limit", "used", "margin", "verdict", "how")
    rows = [header] + [
        (line.label, line.value, line.limit, line.use, line.margin, line.verdict, line.how)
        for line in shown.lines
    ]
    widths = [max(len(row[k]) for row in rows) for k in range(len(header))]
    left = (0, 5, 6)
    return [
        "  ".join(
            cell.ljust(width) if k in left else cell.rjust(width)
            for k, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]


def _render(template: str, report: Report, **more: str) -> str:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=template.endswith(".html.j2"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    # The style sheet is ours and holds no character that HTML would read otherwise.
    from markupsafe import Markup

    safe = {name: Markup(text) for name, text in more.items()}  # noqa: S704
    return environment.get_template(template).render(v=view(report), number=number, **safe)
