"""What a source of figures may need to know about a project."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from triggernet.deployment.rtl.design import Design as RtlDesign
from triggernet.program import Program
from triggernet.reports.cost.estimate import Estimate

Kind = Literal["RTL", "HLS"]


@dataclass(frozen=True)
class Design:
    """A project: the program and the one or two designs of it.

    Attributes
    ----------
    folder : Path
    program : Program
    hls_top : str
        Top function of the HLS project; empty without one.
    estimate : Estimate or None
        Of the HLS project; None without one.
    rtl : RtlDesign or None
    rtl_digest : str
        Of the Verilog as it lies there now; empty without one.
    """

    folder: Path
    program: Program
    hls_top: str = ""
    estimate: Estimate | None = None
    rtl: RtlDesign | None = None
    rtl_digest: str = ""

    @property
    def kind(self) -> Kind:
        """The design that the report is about: RTL where there is one."""
        return "HLS" if self.rtl is None else "RTL"

    def top(self, kind: Kind) -> str:
        """The top function or module of a design."""
        return self.hls_top if self.rtl is None or kind == "HLS" else self.rtl.top

    def period_ns(self, kind: Kind) -> float:
        """The clock period of a design."""
        if kind == "RTL" and self.rtl is not None:
            return self.rtl.clock_period_ns
        return self.estimate.clock.period_ns if self.estimate is not None else 0.0
