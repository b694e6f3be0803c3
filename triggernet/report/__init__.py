"""Reports: a design's figures against a budget, and runs side by side; each figure with its origin.

`report` reports on a project, `compare` compares runs; `save_report` writes what they find,
`as_text` shows it.
"""

from triggernet.report.compare import Comparison, compare
from triggernet.report.render import as_html, as_markdown, as_text, check_format, save_report
from triggernet.report.report import Report, report
from triggernet.report.tables import Budget, load_budget

__all__ = [
    "Budget",
    "Comparison",
    "Report",
    "as_html",
    "as_markdown",
    "as_text",
    "check_format",
    "compare",
    "load_budget",
    "report",
    "save_report",
]
