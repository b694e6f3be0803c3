"""One row of a comparison: a run with its physics and what its firmware takes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from triggernet.parts import RESOURCES, Part
from triggernet.reports.cost.figures import FIGURES
from triggernet.statistics import Area
from triggernet.studies.compare.contender import Firmware

if TYPE_CHECKING:
    from triggernet.learning.tasks.metrics import Metrics


@dataclass(frozen=True)
class Share:
    """The resource of which a run takes the largest share of a part: "lut", "ff", "dsp", "bram"."""

    resource: str
    of_part: float


@dataclass(frozen=True)
class Row:
    """One run of a comparison.

    Attributes
    ----------
    name : str
        The end of its path that tells it from the others.
    folder : str
        As it was given.
    model : str
        What kind of model it is.
    float_metrics : Metrics
    quantised_metrics : Metrics or None
        None for a model without a hardware form.
    saturated : mapping of str to int
        As in `triggernet.learning.evaluation.Evaluation`.
    firmware : Firmware
    auc_difference : Area or None
        AUC of the quantised model minus that of the float one, with the error that it has on the
        same jets.
    """

    name: str
    folder: str
    model: str
    float_metrics: Metrics
    quantised_metrics: Metrics | None
    saturated: Mapping[str, int]
    firmware: Firmware
    auc_difference: Area | None = None

    @property
    def main(self) -> Metrics:
        """The metrics of what goes to hardware; those of the float model where nothing does."""
        return self.quantised_metrics or self.float_metrics

    def share(self, part: Part) -> Share | None:
        """The largest share of a part; None where no resource is known."""
        used = [(name, self.firmware.value(name)) for name in RESOURCES]
        shares = [
            Share(name, value / part.total(name)) for name, value in used if value is not None
        ]
        return max(shares, key=lambda share: share.of_part, default=None)

    def as_dict(self, part: Part) -> dict[str, Any]:
        """The run ready for JSON; what is absent is None."""
        firmware, share, quantised = self.firmware, self.share(part), self.quantised_metrics
        figures = {name: firmware.figures.get(name) for name in FIGURES}
        return {
            "name": self.name,
            "folder": self.folder,
            "model": self.model,
            "float": self.float_metrics.with_notes(),
            "quantised": quantised and quantised.with_notes(),
            "auc_difference": self.auc_difference and asdict(self.auc_difference),
            "n_parameters": self.main.n_parameters,
            "saturated": dict(self.saturated),
            "bit_operations": firmware.bit_operations and firmware.bit_operations.as_dict(),
            "design": firmware.design,
            "clock_ns": firmware.clock_period_ns,
            "figures": {name: f and f.as_dict() for name, f in figures.items()},
            "share": share and {"resource": share.resource, "of_part": round(share.of_part, 6)},
            "notes": list(firmware.notes),
            "absent": firmware.absent or None,
        }
