"""A comparison as text for the terminal, Markdown, one self-contained HTML page, or JSON."""

from __future__ import annotations

from pathlib import Path

from triggernet.files import to_json
from triggernet.reports.pages.page import aligned, fill_template, save_page, style_sheet, wrapped
from triggernet.studies.compare.compare import Comparison
from triggernet.studies.compare.view import LEFT, CompareView, compare_view


def save_comparison(comparison: Comparison, path: Path) -> None:
    """Write a comparison in the format that the file's ending names; whole or not.

    Raises
    ------
    UsageError
        For an ending that is none of ``.json``, ``.md`` and ``.html``.
    """
    makers = {
        ".json": lambda: to_json(comparison.as_dict()),
        ".md": lambda: as_markdown(comparison),
        ".html": lambda: as_html(comparison),
    }
    save_page(path, makers)


def as_html(comparison: Comparison) -> str:
    """One page that needs nothing else: styles and charts are in it."""
    css = style_sheet("report", "compare")
    return fill_template("compare.html.j2", compare_view(comparison), css=css)


def as_markdown(comparison: Comparison) -> str:
    """Markdown with tables."""
    return fill_template("compare.md.j2", compare_view(comparison))


def as_text(comparison: Comparison) -> str:
    """The table of a comparison, for a terminal."""
    shown: CompareView = compare_view(comparison)
    lines = [shown.sentence, *(f"{name}: {text}" for name, text in shown.facts), ""]
    lines += aligned([shown.header, *shown.table], LEFT)
    lines += ["", *(f"{mark}: {text}" for mark, text in shown.origins)] if shown.origins else []
    return "\n".join([*lines, *wrapped(shown.notes)])
