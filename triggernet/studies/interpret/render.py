"""An interpretation as text for the terminal, Markdown, one self-contained HTML page, or JSON."""

from __future__ import annotations

from pathlib import Path

from triggernet.files import to_json
from triggernet.reports.pages.page import aligned, fill_template, save_page, style_sheet
from triggernet.studies.interpret.interpret import Interpretation
from triggernet.studies.interpret.view import TableView, interpret_view


def save_interpretation(interpretation: Interpretation, path: Path) -> None:
    """Write an interpretation in the format that the file's ending names; whole or not.

    Raises
    ------
    UsageError
        For an ending that is none of ``.json``, ``.md`` and ``.html``.
    """
    makers = {
        ".json": lambda: to_json(interpretation.as_dict()),
        ".md": lambda: as_markdown(interpretation),
        ".html": lambda: as_html(interpretation),
    }
    save_page(path, makers)


def as_html(interpretation: Interpretation) -> str:
    """One page that needs nothing else: styles and drawings are in it."""
    css = style_sheet("report", "compare", "interpret")
    return fill_template("interpret.html.j2", interpret_view(interpretation), css=css)


def as_markdown(interpretation: Interpretation) -> str:
    """Markdown with tables."""
    return fill_template("interpret.md.j2", interpret_view(interpretation))


def as_text(interpretation: Interpretation) -> str:
    """Sentences and coefficients, for a terminal."""
    shown = interpret_view(interpretation)
    lines = [f"{name}: {text}" for name, text in shown.facts]
    for run in shown.runs:
        lines += ["", run.name, *(f"  {name}: {text}" for name, text in run.facts), run.sentence]
        for channel in run.channels:
            lines += ["", channel.title, channel.sentence, *_table(channel.table)]
        if run.features is not None:
            lines += ["", *_table(run.features)]
    if shown.agreement:
        lines += ["", shown.agreement_sentence]
        for table in shown.agreement:
            lines += ["", table.title, *_table(table)]
    return "\n".join(lines)


def _table(table: TableView) -> list[str]:
    return aligned([table.header, *table.rows], (0,))
