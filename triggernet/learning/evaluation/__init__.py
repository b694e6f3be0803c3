"""How good a trained model is: metrics on jets, ROC curves, symmetries, baselines."""

from triggernet.learning.evaluation.evaluate import Evaluation, evaluate
from triggernet.learning.evaluation.symmetry import Symmetry, symmetry

__all__ = ["Evaluation", "Symmetry", "evaluate", "symmetry"]
