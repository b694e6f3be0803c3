"""Where the values of a program are in its Verilog: which net, in which clock of an event.

The fabric knows it while it builds a design, and `rtl/points.json` keeps it for whoever looks for a
value later: a waveform, or a proof. It is a hint. What is proved with it is checked anew, and a
wrong hint leads to no proof.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from triggernet.deployment.project.layout import POINTS
from triggernet.documents import read_json
from triggernet.errors import ProjectError
from triggernet.ownership import how_to_add
from triggernet.program.netlist.layout import Pairs, Signal
from triggernet.program.netlist.wire import Wire
from triggernet.schema import Within, as_type

MOST_ELEMENTS = 1 << 20
TOKENS = "live"  # the register in which the valid of an event travels


@dataclass(frozen=True)
class Points:
    """Where the elements of one tensor are.

    Attributes
    ----------
    tensor : str
    nets : tuple of str
        Of each element, in order, the net; empty for a constant.
    clocks : tuple of int
        The clock in which the net carries the element, counted from that of the inputs; of a
        constant its code.
    zero_without : str
        Of a tensor of pairs: the tensor without whose values, of either particle, it is zero; else
        empty.
    """

    tensor: str
    nets: Annotated[tuple[str, ...], Within(0, MOST_ELEMENTS)]
    clocks: Annotated[tuple[int, ...], Within(0, MOST_ELEMENTS)]
    zero_without: str = ""


@dataclass(frozen=True)
class DesignPoints:
    """The points of a design.

    Attributes
    ----------
    tokens : str
        The register with a bit for each clock of an event.
    tensors : tuple of Points
        In the order of the program's nodes.
    """

    tokens: str
    tensors: tuple[Points, ...]


def points_of(
    tensor: str, signal: Signal, wires: tuple[Wire, ...], signals: Mapping[str, Signal]
) -> Points:
    """The points of a tensor from all of its wires at once."""
    zero_without = signal.zero_without if isinstance(signal, Pairs) else None
    names = [name for name, other in signals.items() if other is zero_without]
    return Points(
        tensor,
        tuple("" if w.net is None else w.net.name for w in wires),
        tuple(w.lo if w.net is None else w.cycle for w in wires),
        names[0] if zero_without is not None and names else "",
    )


def describe_points(tensors: tuple[Points, ...]) -> dict[str, Any]:
    """What `rtl/points.json` holds."""
    return {"tokens": TOKENS, "tensors": [vars(points) for points in tensors]}


def read_points(project: Path) -> DesignPoints:
    """The points of a project's design.

    Raises
    ------
    ProjectError
        If the project has none, or the file is damaged.
    """
    path = project / POINTS
    if not path.is_file():
        raise ProjectError(
            f"{project} does not say where its values are: it has no {POINTS}, which an older "
            f"triggernet did not write; {how_to_add(project, 'rtl')}"
        )
    return as_type(
        DesignPoints,
        read_json(path, ProjectError),
        str(path),
        error=ProjectError,
        advice="generate it again",
    )
