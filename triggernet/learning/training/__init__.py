"""How a model is trained: configuration, recipes, run folders."""

from triggernet.learning.training.config import RunConfig, load_run_config
from triggernet.learning.training.run_folder import Run, load_run
from triggernet.learning.training.train import train

__all__ = ["Run", "RunConfig", "load_run", "load_run_config", "train"]
