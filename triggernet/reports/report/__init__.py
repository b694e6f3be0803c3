"""The report on one project: its figures, the budget's verdict on them, and the evidence."""

from triggernet.reports.report.hlt import HltReport, hlt_report
from triggernet.reports.report.report import Report, report

__all__ = ["HltReport", "Report", "hlt_report", "report"]
