"""The physics of a model that triggernet did not train, on a user's own events."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from triggernet.deployment.project import load_project
from triggernet.deployment.verify.events import load_events, scores
from triggernet.errors import DataError
from triggernet.reports.report.physics import Physics, roc

SIGNAL_AND_BACKGROUND = 2


def judged_events(folder: Path, data: Path) -> Physics:
    """How well the integers of a project's first output tell the classes of events apart.

    One value is the log-odds of class 1; of two, their difference is; of more, each belongs to a
    class.

    Raises
    ------
    DataError
        If the events have no labels, or do not fit.
    """
    from triggernet.learning.tasks.classes import log_odds, measure_classes
    from triggernet.learning.tasks.metrics import measure, roc_curve

    project = load_project(folder)
    events = load_events(data, project)
    assert project.origin is not None
    if events.label is None:
        raise DataError(f"{data} holds no 'label'; without it there is nothing to judge")
    values = scores(project.program, project.origin, events)  # (n, K)
    label, n_outputs = events.label, values.shape[1]
    if n_outputs <= SIGNAL_AND_BACKGROUND:
        logits = values[:, -1] - (values[:, 0] if n_outputs == SIGNAL_AND_BACKGROUND else 0.0)
        metrics = measure(logits, label, 0)
        curve = roc("quantised", *roc_curve(logits, label), int((label == 0).sum()))
        return Physics(data.name, {"quantised": metrics.as_dict()}, (curve,))
    classes = tuple(f"class {k}" for k in range(n_outputs))
    classified = measure_classes(values, label, classes, 0)
    curves = tuple(
        roc(
            name,
            *roc_curve(log_odds(values, k), (label == k).astype(np.int64)),
            int((label != k).sum()),
        )
        for k, name in enumerate(classes)
    )
    return Physics(
        data.name,
        {"quantised": classified.summary.as_dict()},
        curves,
        None,
        {"quantised": classified.as_dict()},
    )
