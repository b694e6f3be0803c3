"""Training and judging models: recipes, run folders, metrics.

What needs PyTorch is imported when it is first asked for: importing it takes seconds, and a wrong
name or path in a configuration is told before that.
"""

import importlib
from typing import TYPE_CHECKING, Any

from triggernet.progress import waiting
from triggernet.training.config import RunConfig, load_run_config
from triggernet.training.run_folder import Run, load_run

if TYPE_CHECKING:
    from triggernet.training.evaluation import Evaluation, evaluate
    from triggernet.training.symmetries import Symmetry, symmetry
    from triggernet.training.trainer import train

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

_MODULES = {
    "Evaluation": "evaluation",
    "Symmetry": "symmetries",
    "evaluate": "evaluation",
    "symmetry": "symmetries",
    "train": "trainer",
}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    with waiting("loading PyTorch"):
        module = importlib.import_module(f"{__name__}.{_MODULES[name]}")
    return getattr(module, name)
