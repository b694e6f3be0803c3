"""Searches of settings: many trainings, judged by physics and by what the hardware pays."""

from triggernet.studies.sweep.config import StudyConfig, load_study_config
from triggernet.studies.sweep.render import save_study_report, study_text
from triggernet.studies.sweep.report import StudyReport, report_study
from triggernet.studies.sweep.sweep import Sweep, sweep

__all__ = [
    "StudyConfig",
    "StudyReport",
    "Sweep",
    "load_study_config",
    "report_study",
    "save_study_report",
    "study_text",
    "sweep",
]
