"""How good a trained model is: metrics on jets, ROC curves, symmetries, baselines."""

from typing import TYPE_CHECKING

from triggernet.lazy import lazily

if TYPE_CHECKING:
    from triggernet.learning.evaluation.evaluation import Evaluation, evaluate
    from triggernet.learning.evaluation.symmetries import Symmetry, symmetry

__all__ = ["Evaluation", "Symmetry", "evaluate", "symmetry"]

__getattr__ = lazily(
    __name__,
    {
        "Evaluation": "evaluation",
        "Symmetry": "symmetries",
        "evaluate": "evaluation",
        "symmetry": "symmetries",
    },
)
