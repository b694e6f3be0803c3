"""Families of models, one folder each, and the registry that knows them by name."""

from triggernet.learning.models.family import ModelFamily
from triggernet.learning.models.registry import model_family, model_names

__all__ = ["ModelFamily", "model_family", "model_names"]
