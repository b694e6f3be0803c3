"""The narrowest widths of a trained model that cost no more AUC than is allowed."""

from triggernet.studies.widths.fit import FittedWidths, fit_widths

__all__ = ["FittedWidths", "fit_widths"]
