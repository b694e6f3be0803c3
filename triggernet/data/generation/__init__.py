"""Jets from Pythia 8, a fast detector response and fastjet."""

from triggernet.data.generation.config import (
    CollisionConfig,
    GenerationConfig,
    SelectionConfig,
)
from triggernet.data.generation.sample import generate, summary_text

__all__ = ["CollisionConfig", "GenerationConfig", "SelectionConfig", "generate", "summary_text"]
