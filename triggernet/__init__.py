"""triggernet takes jet taggers from simulated collisions to verified trigger firmware.

The public verbs, in the order of the pipeline, are functions of this package; each is loaded when
it is asked for::

    import triggernet as tn

    run = tn.train("nanopelican", data="jets.h5", out="run")
    tn.export("run", out="project", hls=True, rtl=True)
    assert tn.verify("project").exact
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from triggernet.lazy import lazily
from triggernet.version import __version__

if TYPE_CHECKING:
    from triggernet.front.export import export
    from triggernet.front.jets import convert, generate, inspect, load_jets
    from triggernet.front.models import evaluate, load_run, train
    from triggernet.front.projects import compare, cosim, latency, prove, report, synth, verify
    from triggernet.front.studies import fit_widths, interpret, sweep, sweep_report

# onnxruntime tells its makers that it runs, unless this is set before anybody imports it, and so
# do qonnx and Brevitas, which import it. Nothing that triggernet does leaves the machine.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

_VERBS = {
    "generate": "jets",
    "convert": "jets",
    "inspect": "jets",
    "load_jets": "jets",
    "train": "models",
    "load_run": "models",
    "evaluate": "models",
    "export": "export",
    "verify": "projects",
    "cosim": "projects",
    "prove": "projects",
    "synth": "projects",
    "latency": "projects",
    "report": "projects",
    "compare": "projects",
    "sweep": "studies",
    "sweep_report": "studies",
    "fit_widths": "studies",
    "interpret": "studies",
}

__all__ = [
    "__version__",
    "compare",
    "convert",
    "cosim",
    "evaluate",
    "export",
    "fit_widths",
    "generate",
    "inspect",
    "interpret",
    "latency",
    "load_jets",
    "load_run",
    "prove",
    "report",
    "sweep",
    "sweep_report",
    "synth",
    "train",
    "verify",
]


__getattr__ = lazily(__name__, _VERBS, below=".front")


def __dir__() -> list[str]:
    return sorted(__all__)
