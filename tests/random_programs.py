"""Random programs: every operator, any shapes and types that it takes, any quantiser behind it.

A program is grown node by node: each argument is a tensor that is there and fits, or a new input.
Equal seeds give equal programs.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from triggernet.errors import ProgramError
from triggernet.fixedpoint import FixedPoint
from triggernet.program import Program, build_program
from triggernet.program.infer import exact_of, input_tensor
from triggernet.program.operators import OPERATORS
from triggernet.program.operators.base import Exact
from triggernet.program.operators.mitchell_log import largest_exponent
from triggernet.program.operators.node import Node, Tensor

MOST_NODES = 4
WIDEST_RESULT = 18
REUSED = 0.4  # how often an argument is a tensor that is there already, where one fits
OPS = tuple(op for op in OPERATORS if op != "Quant")

Shape = tuple[int, ...]
Attributes = dict[str, object]
Made = tuple[list[str], Attributes]  # names of a node's inputs, and its attributes


@dataclass
class Grower:
    """A program that grows."""

    rng: np.random.Generator
    prefix: str
    inputs: list[Tensor] = field(default_factory=list)
    nodes: list[Node] = field(default_factory=list)
    tensors: dict[str, Tensor] = field(default_factory=dict)

    # Choices

    def flip(self) -> int:
        return int(self.rng.integers(0, 2))

    def between(self, low: int, high: int) -> int:
        return int(self.rng.integers(low, high + 1))

    def kind(self, widest: int = 7, signed: int | None = None) -> FixedPoint:
        """Any type: integer bits may be negative or more than there are bits."""
        width = self.between(1, widest)
        sign = self.flip() if signed is None else signed
        return FixedPoint(bool(sign), width, self.between(-3, width + 3))

    def whole(self, widest: int, signed: int) -> FixedPoint:
        width = self.between(1, widest)
        return FixedPoint(bool(signed), width, width)

    # Tensors

    def input(self, shape: Shape, kind: FixedPoint) -> str:
        """A new input and the quantiser that reads it."""
        name = f"{self.prefix}i{len(self.inputs)}"
        tensor = input_tensor(f"{name}_in", shape, kind)
        self.inputs.append(tensor)
        self.tensors[tensor.name] = tensor
        end = {"signed": int(kind.signed), "width": kind.width, "integer": kind.integer}
        end |= {"rounding": "ROUND", "overflow": "SAT"}
        self.add(Node(f"node_{name}", "Quant", (tensor.name,), name, end))
        return name

    def add(self, node: Node) -> None:
        exact = exact_of(node, tuple(self.tensors[n] for n in node.inputs))
        lo, hi = node.quantiser.range_of(exact.range.lo, exact.range.hi, exact.fraction)
        self.tensors[node.output] = Tensor(node.output, exact.shape, node.quantiser.type, lo, hi)
        self.nodes.append(node)

    def tensor(
        self,
        shape: Shape,
        kind: FixedPoint | None = None,
        fits: Callable[[Tensor], bool] = lambda _: True,
    ) -> str:
        """A tensor of a shape: one that is there and fits, or a new input of the given type."""
        read = {tensor.name for tensor in self.inputs}
        there = [
            t.name
            for t in self.tensors.values()
            if t.shape == shape and fits(t) and t.name not in read
        ]
        if there and self.rng.random() < REUSED:
            return there[self.between(0, len(there) - 1)]
        return self.input(shape, kind or self.kind())

    def codes(self, key: str, kind: FixedPoint, size: int) -> Attributes:
        """Constants of a type: any of its codes, many of them 0 or at an end."""
        ends = np.array([0, kind.min_int, kind.max_int, 1 if kind.max_int else 0])
        some = self.rng.choice(ends, size)
        any_ = self.rng.integers(kind.min_int, kind.max_int + 1, size)
        codes = np.where(self.rng.random(size) < 0.3, some, any_)
        return {
            key: tuple(int(c) for c in codes),
            f"{key}_width": kind.width,
            f"{key}_integer": kind.integer,
        }

    # Nodes

    def grow(self, op: str) -> str:
        """One more node; its result's name."""
        inputs, attributes = MAKERS[op](self)
        name = f"{self.prefix}t{len(self.nodes)}"
        overflow = ("SAT", "WRAP")[self.flip()]
        common = {"rounding": ("FLOOR", "ROUND")[self.flip()], "overflow": overflow}
        common |= {"signed": 1, "width": 1, "integer": 1}
        probe = Node(f"node_{name}", op, tuple(inputs), name, {**attributes, **common})
        exact = exact_of(probe, tuple(self.tensors[n] for n in inputs))
        kind = self.result(exact)
        end = {"signed": int(kind.signed), "width": kind.width, "integer": kind.integer}
        self.add(Node(probe.name, op, probe.inputs, name, {**attributes, **common, **end}))
        return name

    def result(self, exact: Exact) -> FixedPoint:
        """A type for a result: near its exact one, or any other."""
        full = FixedPoint.covering(exact.range.lo, exact.range.hi, exact.fraction)
        if self.rng.random() < 0.2:
            return self.kind(9)
        width = min(max(1, full.width + self.between(-6, 2)), WIDEST_RESULT)
        signed = full.signed if self.rng.random() < 0.8 else not full.signed
        return FixedPoint(signed, width, full.integer + self.between(-2, 2))


def flags(g: Grower) -> Attributes:
    return {"jet": g.flip(), "beams": g.flip()}


def inner(g: Grower, prefix: str, around: int) -> Attributes:
    """An inner quantiser of any width, its integer bits near `around`."""
    width = g.between(1, 12)
    return {f"{prefix}width": width, f"{prefix}integer": around + g.between(-3, 4)}


def presence(g: Grower, most: int) -> str:
    """A tensor that says which of `most` particles are present, or of the first of them."""
    return g.tensor((g.between(1, most),), g.kind(3, 0))


def polar(g: Grower) -> tuple[list[str], Attributes, int]:
    """Constituents in polar coordinates and the tables of their angles."""
    n, pt = g.between(1, 4), g.kind(6, 0)
    eta, phi = g.whole(4, 1), g.whole(4, 1)
    word = FixedPoint(False, g.between(1, 7), 1)
    word = FixedPoint(False, word.width, g.between(-2, word.width))
    names = [g.tensor((n,), pt, lambda t: not t.type.signed)]
    fits = [lambda t, k=kind: t.type == k for kind in (eta, phi)]
    names += [g.tensor((n,), k, f) for k, f in zip((eta, phi), fits, strict=True)]
    tables = g.codes("eta_table", word, 1 << eta.width) | g.codes("phi_table", word, 1 << phi.width)
    tables = {k: v for k, v in tables.items() if k in ("eta_table", "phi_table")}
    tables |= {"table_width": word.width, "table_integer": word.integer}
    kind = g.tensors[names[0]].type
    tables |= inner(g, "product_", 2 * kind.integer) | inner(g, "inner_", kind.integer + 2)
    return names, tables, eta.width


def whole_jet(g: Grower) -> list[str]:
    return [g.tensor((1,), g.kind(6, 0), lambda t: not t.type.signed) for _ in range(2)]


def pair_dot_polar(g: Grower) -> Made:
    names, tables, width = polar(g)
    found = flags(g)
    if found["beams"]:
        exp = FixedPoint(False, g.between(1, 6), g.between(-1, 5))
        constants = g.codes("exp_table", exp, 1 << width)
        tables |= {"exp_table": constants["exp_table"]}
        tables |= {"exp_width": exp.width, "exp_integer": exp.integer}
    if len(g.tensors[names[0]].shape) and g.tensors[names[0]].size == 1:
        found["jet"] = 1  # one constituent alone has no pair
    return names + (whole_jet(g) if found["jet"] else []), tables | found


def jet_dot_polar(g: Grower) -> Made:
    names, tables, _ = polar(g)
    return names + whole_jet(g), tables | flags(g)


def momenta(g: Grower, n: int) -> list[str]:
    return [g.tensor((n,), g.kind(5)) for _ in range(4)]


def pair_dot_cartesian(g: Grower) -> Made:
    found = flags(g)
    names = momenta(g, g.between(1 if found["jet"] or found["beams"] else 2, 4))
    return names + (momenta(g, 1) if found["jet"] else []), found


def jet_dot_cartesian(g: Grower) -> Made:
    return momenta(g, g.between(1, 4)) + momenta(g, 1), flags(g)


def pair_row_sum(g: Grower) -> Made:
    m = g.between(2, 5)
    return [g.tensor((m * (m - 1) // 2,))], {"n_particles": m}


def rows(g: Grower) -> Shape:
    return g.between(1, 4), g.between(1, 3)


def any_shape(g: Grower) -> Shape:
    return rows(g) if g.flip() else (g.between(1, 4),)


def sum_(g: Grower) -> Made:
    shape = rows(g)
    names = [g.tensor(shape)]
    return names + ([presence(g, shape[0])] if g.flip() else []), {}


def count(g: Grower) -> Made:
    return [presence(g, 5)], {}


def stack(g: Grower) -> Made:
    n = g.between(1, 4)
    return [g.tensor((n,)) for _ in range(g.between(1, 3))], {}


def concat(g: Grower) -> Made:
    lead: Shape = (g.between(1, 4),) if g.flip() else ()
    return [g.tensor((*lead, g.between(1, 3))) for _ in range(g.between(2, 3))], {}


def add(g: Grower) -> Made:
    shape = any_shape(g)
    broadcast = g.flip() if len(shape) == 2 else 0
    names = [g.tensor(shape), g.tensor(shape[1:] if broadcast else shape)]
    return names, {"broadcast": broadcast, "subtract": g.flip()}


def dense(g: Grower) -> Made:
    rank, f, out, h = g.between(1, 2), g.between(1, 3), g.between(1, 3), g.between(0, 2)
    sets = g.between(1, 3)
    names = [g.tensor((g.between(1, 4), f) if rank == 2 else (f,))]
    names += [g.tensor((h,))] if h else []
    if sets > 1:
        whole = g.whole(3, 0)
        names.append(g.tensor((1,), whole, lambda t: not t.type.signed and t.type.fraction == 0))
    attributes: Attributes = {"in_features": f, "out_features": out, "context_features": h}
    attributes |= {"n_select": sets, "relu": g.flip(), "in_rank": rank}
    attributes |= g.codes("weight", g.kind(6, 1), sets * f * out)
    attributes |= g.codes("bias", g.kind(6, 1), sets * out)
    attributes |= g.codes("context_weight", g.kind(6, 1), sets * h * out) if h else {}
    return names, attributes


def pair_relu(g: Grower) -> Made:
    m, channels, tied = g.between(2, 4), g.between(1, 3), g.flip()
    names = [g.tensor((m * (m - 1) // 2,)), g.tensor((m, channels * (2 - tied)))]
    around = max(g.tensors[n].type.integer for n in names)
    signs = tuple(int(s) for s in g.rng.integers(-1, 2, channels))
    attributes: Attributes = {"n_channels": channels, "tied": tied, "signs": signs}
    return [*names, presence(g, m)], attributes | inner(g, "z_", around)


def mitchell_log(g: Grower) -> Made:
    name, shift = g.tensor(any_shape(g), g.kind(7)), g.between(-5, 5)
    probe = Node("probe", "MitchellLog", (name,), "probe", {"shift": shift})
    return [name], {"shift": shift, "max_exponent": largest_exponent(probe, g.tensors[name])}


def table(g: Grower) -> Made:
    name = g.tensor(any_shape(g), g.kind(5), lambda t: t.type.width <= 7)
    kind, word = g.tensors[name].type, g.kind(7)
    made = g.codes("table", word, 1 << kind.width) | {"table_signed": int(word.signed)}
    made |= {"in_signed": int(kind.signed), "in_width": kind.width, "in_integer": kind.integer}
    return [name], made


def multiply(g: Grower) -> Made:
    shape = any_shape(g)
    x = g.tensor(shape)
    if g.rng.random() < 0.2:
        return [x, x], {}
    return [x, g.tensor((shape[0], 1) if len(shape) == 2 and g.flip() else shape)], {}


def edge_join(g: Grower) -> Made:
    m, features, q = g.between(2, 4), g.between(1, 3), g.between(0, 2)
    names = [g.tensor((m, features)) for _ in range(2)]
    attributes: Attributes = {"n_features": features, "pair_features": q, "relu": g.flip()}
    if q:
        names.append(g.tensor((m * (m - 1) // 2, q)))
        attributes |= g.codes("pair_weight", g.kind(6, 1), q * features)
    return names, attributes


def edge_sum(g: Grower) -> Made:
    m, directed = g.between(2, 4), g.flip()
    x = g.tensor(((1 + directed) * m * (m - 1) // 2, g.between(1, 3)))
    return [x, presence(g, m)], {"n_particles": m, "directed": directed}


def vector_update(g: Grower) -> Made:
    m, directed = g.between(2, 4), g.flip()
    pairs = m * (m - 1) // 2
    d, w = g.tensor((pairs,), g.kind(5)), g.tensor(((1 + directed) * pairs, 1), g.kind(4))
    around = g.tensors[d].type.integer + max(g.tensors[w].type.integer, 1)
    attributes: Attributes = {"n_particles": m, "directed": directed, "shift": g.between(-2, 3)}
    return [d, w, presence(g, m)], attributes | inner(g, "inner_", around)


def spurion_flag(g: Grower) -> Made:
    m = g.between(1, 4)
    return [presence(g, m)], {"n_particles": m}


MAKERS: dict[str, Callable[[Grower], Made]] = {
    "PairDotPolar": pair_dot_polar,
    "PairDotCartesian": pair_dot_cartesian,
    "JetDotPolar": jet_dot_polar,
    "JetDotCartesian": jet_dot_cartesian,
    "JetMassPolar": lambda g: (whole_jet(g), {}),
    "JetMassCartesian": lambda g: (momenta(g, 1), {}),
    "PairRowSum": pair_row_sum,
    "Sum": sum_,
    "Count": count,
    "Stack": stack,
    "Concat": concat,
    "Add": add,
    "Dense": dense,
    "PairRelu": pair_relu,
    "MitchellLog": mitchell_log,
    "Table": table,
    "Multiply": multiply,
    "EdgeJoin": edge_join,
    "EdgeSum": edge_sum,
    "VectorUpdate": vector_update,
    "SpurionFlag": spurion_flag,
    "Quant": lambda g: ([g.tensor(any_shape(g))], {}),
}


def random_program(seed: int) -> Program:
    """Program number `seed`: of this operator or that, alone or with others before and behind it.

    What inference refuses by name is drawn again.
    """
    rng = np.random.default_rng(seed)
    while True:
        g = Grower(rng, "")
        try:
            first = OPS[seed % len(OPS)]
            more = rng.choice(OPS, int(rng.integers(0, MOST_NODES))).tolist()
            ops = [*more[:1], first, *more[1:]]
            written = [g.grow(op) for op in ops]
            used = {name for node in g.nodes for name in node.inputs}
            outputs = [name for name in written if name not in used or rng.random() < 0.5]
            return build_program(f"random{seed}", g.inputs, g.nodes, outputs)
        except ProgramError:
            continue
