"""Families of models, one folder each, and the registry that knows them by name."""

from triggernet.learning.models.family import ModelFamily
from triggernet.learning.models.registry import guests, model_family, model_names, summaries

__all__ = ["ModelFamily", "guests", "model_family", "model_names", "summaries"]
