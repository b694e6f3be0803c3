"""How a model is trained: configuration, recipes, run folders."""

from typing import TYPE_CHECKING

from triggernet.lazy import lazily
from triggernet.learning.training.config import RunConfig, load_run_config
from triggernet.learning.training.run_folder import Run, load_run

if TYPE_CHECKING:
    from triggernet.learning.training.trainer import train

__all__ = ["Run", "RunConfig", "load_run", "load_run_config", "train"]

__getattr__ = lazily(__name__, {"train": "trainer"})
