"""Models, in floating point and in hardware arithmetic, and the registry that knows them."""

from triggernet.learning.models.registry import ModelFamily, model_family, model_names

__all__ = ["ModelFamily", "model_family", "model_names"]
