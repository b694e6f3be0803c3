"""Reports: a design's figures against a budget, each with how it was obtained.

`report` makes one, `save_report` writes it, `as_text` shows it.
"""

from triggernet.report.render import as_html, as_markdown, as_text, check_format, save_report
from triggernet.report.report import Report, report
from triggernet.report.tables import Budget, Part, load_budget, load_part

__all__ = [
    "Budget",
    "Part",
    "Report",
    "as_html",
    "as_markdown",
    "as_text",
    "check_format",
    "load_budget",
    "load_part",
    "report",
    "save_report",
]
