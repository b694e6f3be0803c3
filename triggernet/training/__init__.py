"""Training and judging models: recipes, run folders, metrics."""

from triggernet.training.config import RunConfig, load_run_config
from triggernet.training.evaluate import Evaluation, evaluate
from triggernet.training.run_folder import Run, load_run
from triggernet.training.symmetry import Symmetry, symmetry
from triggernet.training.train import train

__all__ = [
    "Evaluation",
    "Run",
    "RunConfig",
    "Symmetry",
    "evaluate",
    "load_run",
    "load_run_config",
    "symmetry",
    "train",
]
