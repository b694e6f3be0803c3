"""Runs side by side: physics, size and hardware of each on the same jets."""

from triggernet.studies.compare.compare import Comparison, compare
from triggernet.studies.compare.render import as_html, as_markdown, as_text, save_comparison

__all__ = ["Comparison", "as_html", "as_markdown", "as_text", "compare", "save_comparison"]
