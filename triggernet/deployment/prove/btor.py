"""A design as BTOR2 (Niemetz et al. 2018), as Yosys writes it, and its unrolling over clocks.

Nothing is assumed of the registers at the start: each of them is a variable. So what holds of the
unrolled design holds from every state, the reachable ones among them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from triggernet.deployment.prove.bits import Bits, Terms
from triggernet.errors import ToolError

Line = tuple[str, int, tuple[int, ...], str]  # operation, width, arguments, what else it says
WITHOUT_WIDTH = {"next", "init", "output", "bad", "constraint"}
IMMEDIATE = {"slice": 1, "uext": 1, "sext": 1}  # arguments that are terms; the rest are numbers


@dataclass
class Netlist:
    """A design: its lines by number, and what names stand for.

    Attributes
    ----------
    lines : dict of int to Line
    names : dict of str to int
        Of registers, inputs and wires: the line that makes them.
    outputs : dict of str to int
    next : dict of int to int
        Of each register, what it takes at the clock's edge.
    """

    lines: dict[int, Line] = field(default_factory=dict)
    names: dict[str, int] = field(default_factory=dict)
    outputs: dict[str, int] = field(default_factory=dict)
    next: dict[int, int] = field(default_factory=dict)


def parsed(text: str) -> Netlist:
    """The design that a BTOR2 text describes.

    Raises
    ------
    ToolError
        If it holds a memory that is written to.
    """
    netlist, widths = Netlist(), dict[int, int]()
    for raw in text.splitlines():
        words = raw.partition(";")[0].split()
        if words:
            _read(netlist, widths, int(words[0]), words[1], words[2:])
    return netlist


def _read(netlist: Netlist, widths: dict[int, int], number: int, op: str, words: list[str]) -> None:
    if op == "sort":
        if words[0] != "bitvec":
            raise ToolError("the Verilog holds a memory that is written to, and cannot be proved")
        widths[number] = int(words[1])
    elif op == "next":
        netlist.next[int(words[1])] = int(words[2])
    elif op == "output":
        netlist.outputs[words[1] if len(words) > 1 else str(number)] = int(words[0])
    elif op in ("input", "state"):
        name = words[1] if len(words) > 1 else f"{op}{number}"
        netlist.lines[number] = (op, widths[int(words[0])], (), name)
        netlist.names[name] = number
    elif op in ("const", "constd", "consth"):
        value = int(words[1], {"const": 2, "constd": 10, "consth": 16}[op])
        netlist.lines[number] = ("const", widths[int(words[0])], (value,), "")
    elif op not in WITHOUT_WIDTH:
        _read_operation(netlist, widths[int(words[0])], number, op, words[1:])


def _read_operation(netlist: Netlist, width: int, number: int, op: str, words: list[str]) -> None:
    integers = [int(w) for w in words if w.lstrip("-").isdigit()]
    count = {"slice": 3, "uext": 2, "sext": 2}.get(op, len(integers))
    line = (op, width, tuple(integers[:count]), "")
    name = next((w for w in words if not w.lstrip("-").isdigit()), "")
    if op == "uext" and integers[1] == 0 and name:  # only another name
        inner = netlist.lines[integers[0]] if integers[0] > 0 else line
        while inner[0] == "uext" and inner[2][1] == 0 and inner[2][0] > 0:
            integers[0] = inner[2][0]
            inner = netlist.lines[integers[0]]
        netlist.names[name] = integers[0]
    netlist.lines[number] = line
    if name:
        netlist.names.setdefault(name, number)


InputAt = Callable[[str, int, int], Bits | None]


class Unrolled:
    """A design over clocks, counted from the one in which an event goes in.

    Parameters
    ----------
    netlist : Netlist
    terms : Terms
    given : callable(name, width, clock) -> Bits or None
        What an input is in a clock; None for anything.
    first : callable(name, width) -> Bits or None
        What is known of a register in clock 0; None for nothing.
    """

    def __init__(
        self,
        netlist: Netlist,
        terms: Terms,
        given: InputAt,
        first: Callable[[str, int], Bits | None],
    ) -> None:
        self.netlist = netlist
        self.terms = terms
        self.given = given
        self.first = first
        self._known: dict[tuple[int, int], Bits] = {}

    def net(self, name: str, clock: int) -> Bits | None:
        """A named net in a clock; None if the design has none of that name."""
        line = self.netlist.names.get(name, self.netlist.outputs.get(name))
        return None if line is None else self.terms.current(self.at(line, clock))

    def replace(self, name: str, clock: int, variable: Bits) -> None:
        """From now on take `variable` for a net that was proved to equal it."""
        line = self.netlist.names.get(name)
        if line is not None:
            self.terms.replace(self.at(line, clock), variable)

    def at(self, line: int, clock: int) -> Bits:
        """What a line of the netlist is in a clock."""
        key = (line, clock)
        stack = [key]
        while stack:
            current = stack[-1]
            if current in self._known:
                stack.pop()
                continue
            missing = [k for k in self._needs(*current) if k not in self._known]
            if missing:
                stack.extend(missing)
                continue
            self._known[current] = self._value(*current)
            stack.pop()
        return self._known[key]

    def _needs(self, number: int, clock: int) -> Iterable[tuple[int, int]]:
        op, _, args, _ = self.netlist.lines[number]
        if op == "state" and clock > 0 and number in self.netlist.next:
            return [(abs(self.netlist.next[number]), clock - 1)]
        if op in ("state", "input", "const"):
            return []
        if op == "ite":  # only what is taken, once the condition is known
            condition = self._known.get((abs(args[0]), clock))
            if condition is None:
                return [(abs(args[0]), clock)]
            if condition.constant:
                taken = 1 if bool(condition.integer) != (args[0] < 0) else 2
                return [(abs(args[taken]), clock)]
        return [(abs(a), clock) for a in args[: IMMEDIATE.get(op, len(args))]]

    def _value(self, number: int, clock: int) -> Bits:
        op, width, args, name = self.netlist.lines[number]
        if op == "input":
            return self.given(name, width, clock) or self.terms.var(f"{name}@{clock}", width)
        if op == "state":
            if clock > 0 and number in self.netlist.next:
                return self._operand(self.netlist.next[number], clock - 1)
            # A register without an input keeps what it has.
            return self.first(name, width) or self.terms.var(f"{name}@0", width)
        if op == "const":
            return self.terms.const(args[0], width)
        if op == "ite":
            condition = self._operand(args[0], clock)
            if condition.constant:
                return self._operand(args[1] if condition.integer else args[2], clock)
        count = IMMEDIATE.get(op, len(args))
        operands = [self._operand(a, clock) for a in args[:count]]
        return _operation(self.terms, op, width, operands, args[count:])

    def _operand(self, reference: int, clock: int) -> Bits:
        term = self.terms.current(self._known[abs(reference), clock])
        return self.terms.invert(term) if reference < 0 else term


def _operation(t: Terms, op: str, width: int, args: list[Bits], numbers: tuple[int, ...]) -> Bits:
    match op:
        case "add" | "sub" | "mul" | "sll" | "srl" | "sra":
            return t.arithmetic(op, args[0], args[1])
        case "and" | "nand":
            result = t.both(args[0], args[1])
            return t.invert(result) if op == "nand" else result
        case "or" | "nor":
            result = t.either(args[0], args[1])
            return t.invert(result) if op == "nor" else result
        case "xor" | "xnor":
            result = t.differ(args[0], args[1])
            return t.invert(result) if op == "xnor" else result
        case "not":
            return t.invert(args[0])
        case "neg":
            return t.negative(args[0])
        case "ite":
            return t.ite(args[0], args[1], args[2])
        case "concat":
            return t.concat(args)
        case "slice":
            return t.slice(args[0], numbers[0], numbers[1])
        case "uext":
            return t.zext(args[0], width)
        case "sext":
            return t.sext(args[0], width)
    return _comparison(t, op, args)


def _comparison(t: Terms, op: str, args: list[Bits]) -> Bits:
    """One bit of one or two operands."""
    if op.startswith("red"):
        a = args[0]
        if op == "redxor":
            return t.parity(a)
        if op == "redor":
            return t.invert(t.equal(a, t.const(0, a.width)))
        return t.equal(a, t.const(-1, a.width))
    a, b = args
    if op in ("eq", "neq"):
        same = t.equal(a, b)
        return same if op == "eq" else t.invert(same)
    signed = op.startswith("s")
    match op[1:]:
        case "lt":
            return t.less(a, b, signed)
        case "gt":
            return t.less(b, a, signed)
        case "lte":
            return t.invert(t.less(b, a, signed))
        case "gte":
            return t.invert(t.less(a, b, signed))
    raise ToolError(f"Yosys wrote operation {op!r} of BTOR2, which is not known here")
