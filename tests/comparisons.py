"""Rows of a comparison made by hand."""

from __future__ import annotations

from dataclasses import replace

from triggernet.learning.tasks.metrics import Metrics
from triggernet.parts import load_part
from triggernet.reports.cost.figures import Figure
from triggernet.statistics import Area
from triggernet.studies.compare.compare import Comparison
from triggernet.studies.compare.contender import FLOAT_ONLY, Firmware
from triggernet.studies.compare.row import Row


def figure(value, tool="triggernet netlist", how="estimated"):
    return Figure(value, how, tool, "1")


def metrics_of(rejection, parameters, below, above, passing):
    """Metrics with a rejection at 30 % from `below` below it to `above` above it."""
    ends = (20.0, None) if rejection is None else (rejection - below, rejection + above)
    return Metrics(
        n_jets=100,
        n_background=50,
        accuracy=0.9,
        accuracy_low=0.86,
        accuracy_high=0.93,
        auc=0.95,
        auc_error=0.02,
        rejection_30=rejection,
        rejection_30_low=ends[0],
        rejection_30_high=ends[1],
        passing_30=passing,
        rejection_50=7.0,
        rejection_50_low=6.0,
        rejection_50_high=9.0,
        passing_50=2 * passing,
        n_parameters=parameters,
        ant=1.0,
    )


def row(
    name, rejection, *, lut=None, parameters=10, quantised=True, errors=(4, 9), passing=10, **origin
):
    """A run by hand."""
    metrics = metrics_of(rejection, parameters, *errors, passing)
    figures = {} if lut is None else {"lut": figure(lut, **origin)}
    absent = "" if quantised else FLOAT_ONLY
    of_quantised = replace(metrics, auc=0.94) if quantised else None
    moved = Area(-0.01, 0.003) if quantised else None
    hardware = Firmware(figures=figures, absent=absent)
    return Row(name, name, "any", metrics, of_quantised, {}, hardware, moved)


def row_of_classes(name, accuracy, *, below=0.01, above=0.02, **settings):
    """A run of several classes by hand; the accuracy of its float model is 0.03 higher."""
    found = row(name, None, passing=0.0, **settings)
    ends = {"accuracy_low": accuracy - below, "accuracy_high": accuracy + above}
    metrics = replace(found.float_metrics, n_background=0, auc_error=None, ant=None)
    return replace(
        found,
        float_metrics=replace(metrics, accuracy=accuracy + 0.03),
        quantised_metrics=replace(metrics, accuracy=accuracy, **ends),
        auc_difference=None,
    )


def by_hand(*rows):
    return Comparison(rows, "jets.h5", 100, load_part("xcvu13p"), {"compared by": "a test"})
