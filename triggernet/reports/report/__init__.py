"""The report on one project: its figures, the budget's verdict on them, and the evidence."""

from triggernet.reports.report.report import Report, report

__all__ = ["Report", "report"]
