"""What has to be shown of a design, and the terms for it.

An event goes in at clock 0, its answer is due `latency` clocks later. The state before is anything
at all, but for one thing: the tokens of clocks 1 to interval - 1 are not set, since an event less
than an interval earlier is not allowed. That they are set by such events alone is proved too
(`control`), so that the proof holds after every history that begins with a reset.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from triggernet.deployment.prove.bits import Bits, Terms
from triggernet.deployment.prove.btor import Netlist, Unrolled
from triggernet.deployment.prove.integers import Integer
from triggernet.deployment.prove.meaning import element
from triggernet.deployment.rtl.design import Design
from triggernet.errors import ProjectError
from triggernet.program import Program


@dataclass
class Event:
    """A design with an event in it.

    Attributes
    ----------
    terms : Terms
    unrolled : Unrolled
    elements : dict of str to Integer
        What the variables of terms stand for, by their name: the codes of the inputs, and of what
        was proved since.
    """

    terms: Terms
    unrolled: Unrolled
    elements: dict[str, Integer]


def event_in(
    netlist: Netlist,
    design: Design,
    program: Program,
    codes: Mapping[str, Sequence[Integer]],
    tokens: str,
) -> Event:
    """The design from the clock on in which an event goes in.

    Parameters
    ----------
    netlist : Netlist
    design : Design
        Ports, interval and latency.
    program : Program
    codes : mapping of str to sequence of Integer
        Of the program's inputs.
    tokens : str
        The register of the tokens.
    """
    terms, elements, ports = Terms(), dict[str, Integer](), dict[str, Bits]()
    for name in program.inputs:
        width = program.tensors[name].type.width
        parts = [terms.var(element(name, k), width) for k in range(len(codes[name]))]
        elements |= {p.name: code for p, code in zip(parts, codes[name], strict=True)}
        ports[name] = terms.concat(parts[::-1])
    interval = design.interval_cycles

    def given(name: str, width: int, clock: int) -> Bits | None:
        if name == "rst":
            return terms.const(0, width)
        if name == "in_valid" and clock < interval:
            return terms.const(int(clock == 0), width)
        port = ports.get(name) if clock == 0 else None
        if port is not None and port.width != width:
            raise ProjectError(
                f"input '{name}' of the Verilog has {width} bits, that of the program "
                f"{port.width}; export the project again"
            )
        return port

    def first(name: str, width: int) -> Bits | None:
        if name != tokens:
            return None
        free = width - (interval - 1)
        if free <= 0:
            return terms.const(0, width)
        return terms.concat([terms.var(f"{name}@0", free), terms.const(0, interval - 1)])

    return Event(terms, Unrolled(netlist, terms, given, first), elements)


@dataclass(frozen=True)
class Control:
    """What is to be shown of the tokens: pairs of terms that must be equal, in any state."""

    claims: tuple[tuple[str, Bits, Bits], ...]


def control(netlist: Netlist, design: Design, tokens: str) -> Control:
    """That tokens are a shift register of the valid input, and the valid output its latency-th bit.

    With that, token k is set in a clock if and only if an event went in k clocks before and no
    reset came between; by induction over the clocks since the first reset.
    """
    terms = Terms()
    unrolled = Unrolled(netlist, terms, lambda *_: None, lambda *_: None)
    now, then = unrolled.net(tokens, 0), unrolled.net(tokens, 1)
    reset, valid = (unrolled.net(name, 0) for name in ("rst", "in_valid"))
    answer = unrolled.net("out_valid", 0)
    zero = terms.const(0, 1)
    if now is None or then is None or reset is None or valid is None or answer is None:
        return Control((("tokens", zero, terms.const(1, 1)),))
    kept = [terms.slice(now, now.width - 2, 0)] if now.width > 1 else []
    moved = terms.concat([*kept, valid])
    place = design.latency_cycles - 1
    due = terms.slice(now, place, place) if place < now.width else zero
    return Control(
        (
            ("tokens", then, terms.ite(reset, terms.const(0, now.width), moved)),
            ("out_valid", answer, due),
        )
    )
