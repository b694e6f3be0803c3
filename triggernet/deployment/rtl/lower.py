"""From a fixed-point program to a design: modules, latency, interval, counts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace

from triggernet.deployment.project.cpp_words import CPP_WORDS
from triggernet.deployment.rtl.config import RtlConfig
from triggernet.deployment.rtl.design import NodeCount
from triggernet.deployment.rtl.points import TOKENS, Points, points_of
from triggernet.errors import UnsupportedError
from triggernet.program import Program
from triggernet.program.infer import operator_of
from triggernet.program.netlist.fabric import Fabric
from triggernet.program.netlist.keywords import KEYWORDS
from triggernet.program.netlist.layout import Pairs, Particles, Signal, Vector
from triggernet.program.netlist.pairs import gathered
from triggernet.program.netlist.ring import Ring
from triggernet.program.netlist.timing import Timing
from triggernet.program.netlist.verilog import rows_of_registers
from triggernet.program.netlist.wire import HardwareCount, Module, Statement, Wire
from triggernet.program.operators.node import Node, Tensor
from triggernet.words import every

CONTROL = ("in_valid", "out_valid", TOKENS)
PORT_WORDS = KEYWORDS | CPP_WORDS | {"clk", "rst", *CONTROL}


@dataclass(frozen=True)
class Hardware:
    """A program as hardware.

    Attributes
    ----------
    program : Program
    config : RtlConfig
    modules : mapping of str to Module
        By name, the top module last.
    latency_cycles : int
        Clock edges from the one that takes an event in to the one at which its result can be taken.
    interval_cycles : int
        Clock cycles between two events, at least.
    count : HardwareCount
        Hardware by kind, of all modules together, before any synthesis.
    nodes : tuple of NodeCount
        The same node by node, if it was asked for. Registers that delay a value are those of the
        node that needs it late; the outputs' registers and the tokens belong to no node.
    points : tuple of Points
        Where the results of the nodes are, node by node.
    """

    program: Program
    config: RtlConfig
    modules: Mapping[str, Module]
    latency_cycles: int
    interval_cycles: int
    count: HardwareCount
    nodes: tuple[NodeCount, ...] = ()
    points: tuple[Points, ...] = ()

    @property
    def instances(self) -> dict[str, int]:
        """How often each module stands in the design, the top module once."""
        return _instances(self.modules, self.config.top)


def lower(program: Program, config: RtlConfig, *, by_node: bool = False) -> Hardware:
    """The design of a program at the clock of `config` and its interval, or the next useful one.

    Parameters
    ----------
    program : Program
    config : RtlConfig
    by_node : bool
        Count the hardware of each node too, which takes time.

    Raises
    ------
    UnsupportedError
        If an input or output has a name that no port can have.
    """
    config = replace(config, interval=useful_interval(program, config.interval))
    _check_names(program)
    clock = Timing(config.clock_period_ns, config.clock_uncertainty)
    fabric = Fabric(config.top, clock, config.interval, config.options)
    fabric.top.module.purpose = f"{program.name}: a new event {every(config.interval, 'clock')}."
    fabric.top.reserve([*CONTROL, *program.inputs, *program.outputs])
    signals: dict[str, Signal] = {
        name: _input(fabric, program.tensors[name]) for name in program.inputs
    }
    counted, before = [], HardwareCount()
    for node in program.nodes:
        arguments = tuple(signals[name] for name in node.inputs)
        fabric.top.scope = node.output
        operator = operator_of(node)
        signals[node.output] = operator.rtl(node, program.inputs_of(node), arguments, fabric)
        if by_node:
            after = _count(fabric.modules | {config.top: fabric.top.module}, config.top)
            counted.append(_node_count(node, signals[node.output], before, after))
            before = after
    points = tuple(
        points_of(n.output, signals[n.output], _values(fabric, signals[n.output]), signals)
        for n in program.nodes
    )
    latency = _outputs(program, signals, fabric)
    modules = dict(sorted(fabric.modules.items())) | {config.top: fabric.top.module}
    count = _count(modules, config.top)
    return Hardware(
        program, config, modules, latency, config.interval, count, tuple(counted), points
    )


def _node_count(
    node: Node, signal: Signal, before: HardwareCount, after: HardwareCount
) -> NodeCount:
    """What a node added to the design."""
    wires = signal.wires if isinstance(signal, Vector) else [w for x in signal.lanes for w in x]
    ready = max((w.cycle + w.slots - 1 for w in wires if not w.constant), default=0)
    kinds = ("lut", "ff", "dsp", "bram")
    added = (getattr(after, kind) - getattr(before, kind) for kind in kinds)
    return NodeCount(node.name, node.op, ready, *added)


def _check_names(program: Program) -> None:
    """Tensors at the ports keep their names, which the test bench uses as names in C++."""
    for name in (*program.inputs, *program.outputs):
        if name in PORT_WORDS:
            raise UnsupportedError(
                f"tensor '{name}' of program '{program.name}' has the name of a word of Verilog "
                "or C++, or of a signal of every design, and cannot be a port; rename it"
            )


def useful_intervals(program: Program) -> list[int]:
    """Intervals at which the hardware changes: 1, parts and multiples of the particles."""
    intervals, edges = {1}, _edge_tensors(program)
    tensors = (t for t in program.tensors.values() if len(t.shape) == 2 and t.name not in edges)
    for size in {t.shape[0] for t in tensors}:
        longest = size * max(1, size // 2)
        intervals |= {Ring.within(size, k).slots for k in range(1, longest + 1)}
    return sorted(intervals)


def _edge_tensors(program: Program) -> set[str]:
    """Tensors with a row for each pair or edge, not for each particle."""
    edges: set[str] = set()
    for node in program.nodes:
        rows = operator_of(node).rows
        if rows == "edges" or (rows == "inputs" and any(name in edges for name in node.inputs)):
            edges.add(node.output)
    return edges


def useful_interval(program: Program, interval: int) -> int:
    """The longest useful interval up to `interval`: with the same hardware, more events."""
    return max(k for k in useful_intervals(program) if k <= interval)


def _input(fabric: Fabric, tensor: Tensor) -> Signal:
    """A port with all values of a tensor, and the wire of each of them."""
    top, width = fabric.top, tensor.type.width
    top.module.inputs.append((tensor.name, width * tensor.size))
    wires = []
    for k in range(tensor.size):
        net = top.net(f"{tensor.name}_{k}", width, tensor.type.signed)
        text = f"wire [{width - 1}:0] {net.name} = {tensor.name}[{k * width} +: {width}];"
        top.module.statements.append(Statement(0, text))
        # Settled only at the clock's edge: whatever is computed from it begins behind a register.
        wires.append(Wire(net, tensor.lo, tensor.hi, 0, top.clock.usable_ns))
    if tensor.shape == (1,):
        return Vector(tuple(wires))
    features = tensor.shape[1] if len(tensor.shape) > 1 else 1
    rows = (tuple(wires[k : k + features]) for k in range(0, tensor.size, features))
    return Particles(tuple(rows), tensor.shape[0])


def _outputs(program: Program, signals: Mapping[str, Signal], fabric: Fabric) -> int:
    """Ports of the outputs, registered; how many clock cycles after the inputs they are there."""
    top, usable = fabric.top, fabric.top.clock.usable_ns
    values = {name: _values(fabric, signals[name]) for name in program.outputs}
    latency = 1
    for wires in values.values():
        for cycle, offset in (w.ready(usable) for w in wires if not w.constant):
            latency = max(latency, cycle + (offset > 0))
    for name, wires in values.items():
        width = program.tensors[name].type.width
        parts = [top.extended(w, width, top.reader(latency)) for w in reversed(wires)]
        text = parts[0] if len(parts) == 1 else f"{{{', '.join(parts)}}}"
        top.module.outputs.append((name, width * len(wires)))
        top.module.statements.append(Statement(latency, f"assign {name} = {text};"))
    top.module.statements.append(Statement(latency, f"assign out_valid = {fabric.token(latency)};"))
    _control(fabric)
    return latency


def _values(fabric: Fabric, signal: Signal) -> tuple[Wire, ...]:
    """All values of a tensor at once."""
    if isinstance(signal, Pairs):
        return tuple(wire for features in gathered(signal) for wire in features)
    if isinstance(signal, Vector):
        return signal.wires
    return tuple(wire for lane in fabric.together(signal).lanes for wire in lane)


def _control(fabric: Fabric) -> None:
    """The tokens: the only registers that are reset."""
    module, last = fabric.top.module, fabric.last_token
    module.needs_reset = True
    module.statements.append(Statement(-2, f"reg [{last}:1] live;  // an event is in clock k"))
    before = f"{{live[{last - 1}:1], in_valid}}" if last > 1 else "in_valid"
    module.clocked.insert(0, f"live <= rst ? {last}'d0 : {before};")
    module.count.ff += last


def _instances(modules: Mapping[str, Module], top: str) -> dict[str, int]:
    counts: Counter[str] = Counter()

    def visit(name: str, times: int) -> None:
        counts[name] += times
        for inner, count in modules[name].instances.items():
            visit(inner, times * count)

    visit(top, 1)
    return dict(counts)


def _count(modules: Mapping[str, Module], top: str) -> HardwareCount:
    total = HardwareCount()
    for name, times in _instances(modules, top).items():
        total.add(modules[name].count, times)
        total.add(rows_of_registers(modules[name]), times)
    return total
