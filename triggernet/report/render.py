"""A report as text for the terminal, Markdown, one self-contained HTML page, or JSON."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from pathlib import Path

from triggernet.errors import UsageError
from triggernet.files import refuse_folder, to_json, write_text
from triggernet.report.compare import Comparison
from triggernet.report.compare_view import LEFT, CompareView, compare_view
from triggernet.report.report import Report
from triggernet.report.text import number
from triggernet.report.view import View, view

TEMPLATES = Path(__file__).parent / "templates"
FORMATS = (".json", ".md", ".html")
COLUMNS = 80

Document = Report | Comparison


def save_report(found: Document, path: Path) -> None:
    """Write a report or a comparison in the format that the file's ending names; whole or not.

    Raises
    ------
    UsageError
        For an ending that is none of ``.json``, ``.md`` and ``.html``.
    """
    check_format(path)
    makers = {".json": lambda found: to_json(found.as_dict()), ".md": as_markdown, ".html": as_html}
    write_text(path, makers[path.suffix](found))


def check_format(path: Path) -> None:
    """Refuse a path whose ending names no format, or a folder, with a UsageError."""
    refuse_folder(path)
    if path.suffix not in FORMATS:
        raise UsageError(f"cannot write {path}: the ending must be one of {', '.join(FORMATS)}")


def as_html(found: Document) -> str:
    """One page that needs nothing else: styles and charts are in it."""
    names = ("report",) if isinstance(found, Report) else ("report", "compare")
    css = [(TEMPLATES / f"{name}.css").read_text("utf-8").strip() for name in names]
    return _render(f"{names[-1]}.html.j2", found, css="\n".join(css))


def as_markdown(found: Document) -> str:
    """Markdown with tables."""
    return _render("report.md.j2" if isinstance(found, Report) else "compare.md.j2", found)


def as_text(found: Document) -> str:
    """A report's verdict and its lines, or a comparison's table, for a terminal."""
    return _report_text(found) if isinstance(found, Report) else _compare_text(found)


def _report_text(report: Report) -> str:
    shown = view(report)
    lines = [f"{shown.name}: {shown.headline.lower()}", shown.sentence]
    lines += [f"{name}: {text}" for name, text in shown.facts]
    return "\n".join([*lines, "", *_table(shown), *_wrapped(shown.notes)])


def _table(shown: View) -> list[str]:
    header = ("", "design", "limit", "used", "margin", "verdict", "how")
    rows = [
        (line.label, line.value, line.limit, line.use, line.margin, line.verdict, line.how)
        for line in shown.lines
    ]
    return _aligned([header, *rows], left=(0, 5, 6))


def _compare_text(found: Comparison) -> str:
    shown: CompareView = compare_view(found)
    lines = [shown.sentence, *(f"{name}: {text}" for name, text in shown.facts), ""]
    lines += _aligned([shown.header, *shown.table], LEFT)
    lines += ["", *(f"{mark}: {text}" for mark, text in shown.origins)] if shown.origins else []
    return "\n".join([*lines, *_wrapped(shown.notes)])


def _wrapped(notes: Sequence[str]) -> list[str]:
    lines = [line for text in notes for line in textwrap.wrap(f"Note: {text}", COLUMNS)]
    return ["", *lines] if lines else []


def _aligned(rows: Sequence[Sequence[str]], left: Sequence[int]) -> list[str]:
    """Rows of a table with columns as wide as they must be; those in `left` begin on the left."""
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    return [
        "  ".join(
            cell.ljust(width) if k in left else cell.rjust(width)
            for k, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]


def _render(template: str, found: Document, **more: str) -> str:
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
    shown = view(found) if isinstance(found, Report) else compare_view(found)
    return environment.get_template(template).render(v=shown, number=number, **safe)
