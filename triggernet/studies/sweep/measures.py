"""What a trial is measured by, and which of it a study may ask for as an objective."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from triggernet.errors import ConfigError
from triggernet.studies.sweep.space import nearest

Direction = Literal["maximize", "minimize"]


@dataclass(frozen=True)
class Measure:
    """One figure of a trial.

    Attributes
    ----------
    title : str
        What it is, for pages.
    direction : str
        "maximize" or "minimize": Optuna's words.
    of_hardware : bool
        Whether the quantised model must be made and its netlist counted.
    """

    title: str
    direction: Direction
    of_hardware: bool = False


MEASURES = {
    "auc": Measure("AUC on the validation jets", "maximize"),
    "loss": Measure("loss on the validation jets", "minimize"),
    "accuracy": Measure("accuracy on the validation jets", "maximize"),
    "rejection": Measure("background rejection at 30 % signal efficiency", "maximize"),
    "ant": Measure("rejection at 30 % signal efficiency per parameter", "maximize"),
    "parameters": Measure("parameters", "minimize"),
    "bit_operations": Measure("bit operations", "minimize", of_hardware=True),
    "lut": Measure("LUT", "minimize", of_hardware=True),
    "ff": Measure("FF", "minimize", of_hardware=True),
    "dsp": Measure("DSP", "minimize", of_hardware=True),
    "bram": Measure("BRAM18", "minimize", of_hardware=True),
    "latency_ns": Measure("latency [ns]", "minimize", of_hardware=True),
}


def check_objectives(names: tuple[str, ...]) -> None:
    """Refuse objectives that are unknown, doubled, or none.

    Raises
    ------
    ConfigError
        With the nearest known name.
    """
    if not names:
        raise ConfigError(f"objectives: none; known: {', '.join(MEASURES)}")
    for name in names:
        if name not in MEASURES:
            raise ConfigError(f"objectives: {name!r} is unknown; {nearest(name, list(MEASURES))}")
    if len(set(names)) != len(names):
        raise ConfigError(f"objectives: found {', '.join(names)}; each may stand once")
