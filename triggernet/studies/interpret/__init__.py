"""Trained models in words: what they make of pairs of particles, and whether trainings agree."""

from triggernet.studies.interpret.interpret import Interpretation, interpret
from triggernet.studies.interpret.render import as_html, as_markdown, as_text, save_interpretation

__all__ = [
    "Interpretation",
    "as_html",
    "as_markdown",
    "as_text",
    "interpret",
    "save_interpretation",
]
