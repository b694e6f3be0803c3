"""How a report is shown: text, Markdown, one HTML page, JSON; and what other pages share."""

from triggernet.reports.pages.page import check_format
from triggernet.reports.pages.render import as_html, as_markdown, as_text, save_report

__all__ = ["as_html", "as_markdown", "as_text", "check_format", "save_report"]
