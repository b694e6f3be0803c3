"""What every page shares: formats by the ending of a file, templates, tables of a terminal."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from triggernet.errors import UsageError
from triggernet.files import refuse_folder, write_text
from triggernet.reports.pages.text import number

TEMPLATES = Path(__file__).parent / "templates"
FORMATS = (".json", ".md", ".html")
COLUMNS = 80


def save_page(path: Path, makers: Mapping[str, Callable[[], str]]) -> None:
    """Write the page that the file's ending names; whole or not at all.

    Parameters
    ----------
    path : Path
    makers : mapping of str to callable
        For each ending of FORMATS what makes its text.

    Raises
    ------
    UsageError
        For an ending that is none of ``.json``, ``.md`` and ``.html``.
    """
    check_format(path)
    write_text(path, makers[path.suffix]())


def check_format(path: Path) -> None:
    """Refuse a path whose ending names no format, or a folder, with a UsageError."""
    refuse_folder(path)
    if path.suffix not in FORMATS:
        raise UsageError(f"cannot write {path}: the ending must be one of {', '.join(FORMATS)}")


def style_sheet(*names: str) -> str:
    """The style sheets of these names, one after another."""
    return "\n".join((TEMPLATES / f"{name}.css").read_text("utf-8").strip() for name in names)


def fill_template(template: str, shown: Any, **more: str) -> str:
    """A template of this folder with the view `shown` as its `v`."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined
    from markupsafe import Markup

    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=template.endswith(".html.j2"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    # The style sheet is ours and holds no character that HTML would read otherwise.
    safe = {name: Markup(text) for name, text in more.items()}  # noqa: S704
    return environment.get_template(template).render(v=shown, number=number, **safe)


def wrapped(notes: Sequence[str]) -> list[str]:
    """Notes as lines of a terminal."""
    lines = [line for text in notes for line in textwrap.wrap(f"Note: {text}", COLUMNS)]
    return ["", *lines] if lines else []


def aligned(rows: Sequence[Sequence[str]], left: Sequence[int]) -> list[str]:
    """Rows of a table with columns as wide as they must be; those in `left` begin on the left."""
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    return [
        "  ".join(
            cell.ljust(width) if k in left else cell.rjust(width)
            for k, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
