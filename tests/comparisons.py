"""Rows of a comparison made by hand."""

from __future__ import annotations

from dataclasses import replace

from triggernet.learning.tasks.metrics import Metrics
from triggernet.parts import load_part
from triggernet.reports.cost.figures import Figure
from triggernet.studies.compare.compare import Comparison
from triggernet.studies.compare.contender import FLOAT_ONLY, Firmware
from triggernet.studies.compare.row import Row


def figure(value, tool="triggernet netlist", how="estimated"):
    return Figure(value, how, tool, "1")


def row(name, rejection, *, lut=None, parameters=10, quantised=True, error=5.0, **origin):
    """A run by hand."""
    metrics = Metrics(100, 0.9, 0.95, rejection, rejection and error, parameters, 1.0)
    figures = {} if lut is None else {"lut": figure(lut, **origin)}
    absent = "" if quantised else FLOAT_ONLY
    of_quantised = replace(metrics, auc=0.94) if quantised else None
    return Row(
        name, name, "any", metrics, of_quantised, {}, Firmware(figures=figures, absent=absent)
    )


def by_hand(*rows):
    return Comparison(rows, "jets.h5", 100, load_part("xcvu13p"), {"compared by": "a test"})
