"""Small programs with random constants, for tests of whatever executes a program."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from triggernet.deployment.export.onnx_file import to_onnx
from triggernet.fixedpoint import FixedPoint
from triggernet.program import Program, build_program
from triggernet.program.infer import input_tensor
from triggernet.program.operators.node import Node, Tensor

UNSIGNED, SIGNED = False, True


@dataclass
class Builder:
    """Collects the inputs and nodes of a program; every node is named after its result."""

    rounding: str = "FLOOR"
    seed: int = 1
    inputs: list[Tensor] = field(default_factory=list)
    nodes: list[Node] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.rng = np.random.default_rng(self.seed)

    def input(self, name: str, size: int, kind: FixedPoint) -> str:
        self.inputs.append(input_tensor(f"{name}_in", (size,), kind))
        return self.node("Quant", name, [f"{name}_in"], kind, rounding="ROUND")

    def node(self, op: str, output: str, inputs: list[str], kind: FixedPoint, **attributes) -> str:
        common = {
            "signed": int(kind.signed),
            "width": kind.width,
            "integer": kind.integer,
            "rounding": self.rounding,
            "overflow": "SAT",
        }
        self.nodes.append(Node(f"node_{output}", op, tuple(inputs), output, common | attributes))
        return output

    def codes(self, prefix: str, kind: FixedPoint, size: int, largest: int = 0) -> dict:
        """Random constants of a type, with its attributes."""
        top = largest or kind.max_int
        low = -top if kind.signed else 0
        return {
            prefix: tuple(int(c) for c in self.rng.integers(low, top + 1, size)),
            f"{prefix}_width": kind.width,
            f"{prefix}_integer": kind.integer,
        }

    def dense(self, output: str, inputs: list[str], kind: FixedPoint, shape: dict) -> str:
        """A Dense node; `shape` has its sizes and flags, by attribute."""
        sizes = {"n_select": 1, "context_features": 0, "relu": 0} | shape
        k, f, g, h = (
            sizes[a] for a in ("n_select", "in_features", "out_features", "context_features")
        )
        constants = self.codes("weight", FixedPoint(SIGNED, 7, 1), k * f * g)
        constants |= self.codes("bias", FixedPoint(SIGNED, 8, 6), k * g)
        if h:
            constants |= self.codes("context_weight", FixedPoint(SIGNED, 6, -2), k * h * g)
        return self.node("Dense", output, inputs, kind, **sizes, **constants)

    def program(self, name: str, outputs: list[str]) -> Program:
        return build_program(name, self.inputs, self.nodes, outputs)


def angular_tables(width: int, fraction: int, word: int) -> dict:
    """Tables of cosh x - 1 and 1 - cos x for angles of `width` bits in steps of pi / 60."""
    x = np.arange(1 << width) * math.pi / 60
    top = (1 << word) - 1
    tables = {"eta_table": np.cosh(x) - 1, "phi_table": 1 - np.cos(x)}
    codes = {k: np.clip(np.rint(v * 2.0**fraction), 0, top) for k, v in tables.items()}
    return {k: tuple(int(c) for c in v) for k, v in codes.items()} | {
        "table_width": word,
        "table_integer": word - fraction,
    }


def exp_table(width: int) -> dict:
    """The table of exp(-x) for angles of `width` bits."""
    x = np.arange(-(1 << width - 1), 1 << width - 1) * math.pi / 60
    codes = np.clip(np.rint(np.exp(-x) * 2.0**6), 0, 1023)
    return {"exp_table": tuple(int(c) for c in codes), "exp_width": 10, "exp_integer": 4}


def polar_inputs(build: Builder, n: int) -> tuple[list[str], list[str]]:
    """Constituents in polar coordinates, and the jet."""
    constituents = [
        build.input("pt", n, FixedPoint(UNSIGNED, 10, 8)),
        build.input("eta", n, FixedPoint(SIGNED, 6, 6)),
        build.input("phi", n, FixedPoint(SIGNED, 5, 5)),
    ]
    jet = [
        build.input("jet_pt", 1, FixedPoint(UNSIGNED, 11, 9)),
        build.input("jet_excess", 1, FixedPoint(UNSIGNED, 9, 8)),
    ]
    return constituents, jet


def momentum_inputs(build: Builder, n: int) -> tuple[list[str], list[str]]:
    """Constituents as four-momenta, and the jet, on another grid."""
    names = ("e", "px", "py", "pz")
    return tuple(
        [
            build.input(f"{prefix}{c}", size, FixedPoint(c != "e", width - (c == "e"), 7 + shift))
            for c in names
        ]
        for prefix, size, width, shift in (("", n, 9, 0), ("jet_", 1, 11, 2))
    )


def head(build: Builder, n: int, m: int, channels: int) -> None:
    """From d (pairs), r (particles), t: row sums, both pair operators, every kind of Dense."""
    wide, narrow = FixedPoint(SIGNED, 13, 11), FixedPoint(SIGNED, 10, 9)
    present = build.inputs[0].name.removesuffix("_in")
    build.node("PairRowSum", "row", ["d"], FixedPoint(SIGNED, 14, 14), n_particles=m)
    build.node("Sum", "total", ["row"], FixedPoint(SIGNED, 15, 16))
    build.node("Sum", "kept", ["row", present], FixedPoint(SIGNED, 12, 15), overflow="WRAP")
    build.node("Add", "moved", ["row", "total"], wide, broadcast=1, subtract=0)
    build.node("Add", "gap", ["total", "t"], FixedPoint(SIGNED, 12, 14), broadcast=0, subtract=1)
    build.node("Concat", "wider", ["row", "r", "moved"], FixedPoint(SIGNED, 11, 13))
    build.node("Concat", "longer", ["total", "gap"], FixedPoint(SIGNED, 11, 12))
    build.node("Count", "number", [present], FixedPoint(UNSIGNED, 4, 4))
    vector = {"in_rank": 1, "out_features": 2}
    rows = {"in_rank": 2, "in_features": 1, "out_features": channels, "context_features": 1}
    build.dense("a", ["r", "total"], wide, rows)
    two = rows | {"out_features": 2 * channels, "n_select": 3}
    build.dense("b", ["r", "t", "number"], narrow, two)
    signs = tuple((1, -1, 0)[c % 3] for c in range(channels))
    pairs = {"n_channels": channels, "signs": signs, "z_width": 11, "z_integer": 10}
    result = FixedPoint(UNSIGNED, 16, 14)
    build.node("PairRelu", "s", ["d", "a", present], result, tied=1, **pairs)
    build.node("PairRelu", "u", ["d", "b", present], result, tied=0, **pairs)
    build.dense("h", ["s"], wide, vector | {"in_features": channels, "relu": 1})
    build.dense("w", ["u", "number"], wide, vector | {"in_features": channels, "n_select": 2})
    build.node("Quant", "coarse", ["h"], FixedPoint(SIGNED, 6, 6))


def polar_program(
    n: int = 5, *, jet: int = 0, beams: int = 0, rounding: str = "FLOOR", channels: int = 2
) -> Program:
    """Every operator that a tagger on polar inputs may use."""
    build = Builder(rounding)
    constituents, jets = polar_inputs(build, n)
    tables = angular_tables(6, 6, 9) | {"inner_width": 12, "inner_integer": 11}
    tables["phi_table"] = tables["phi_table"][: 1 << 5]
    flags = {"jet": jet, "beams": beams}
    pair = tables | flags | {"product_width": 12, "product_integer": 14}
    pair |= exp_table(6) if beams else {}
    grid = FixedPoint(UNSIGNED, 12, 11)
    m = n + jet + 2 * beams
    build.node("PairDotPolar", "d", constituents + (jets if jet else []), grid, **pair)
    build.node(
        "JetDotPolar", "r", constituents + jets, FixedPoint(UNSIGNED, 12, 12), **tables, **flags
    )
    build.node("JetMassPolar", "t", jets, FixedPoint(UNSIGNED, 14, 15))
    build.node("Stack", "stack", constituents, FixedPoint(SIGNED, 9, 7))
    head(build, n, m, channels)
    return build.program("polar", ["w", "coarse"])


def cartesian_program(
    n: int = 4, *, jet: int = 0, beams: int = 0, rounding: str = "FLOOR", channels: int = 2
) -> Program:
    """Every operator that a tagger on four-momenta may use."""
    build = Builder(rounding)
    constituents, jets = momentum_inputs(build, n)
    flags = {"jet": jet, "beams": beams}
    m = n + jet + 2 * beams
    grid = FixedPoint(SIGNED, 13, 13)
    build.node("PairDotCartesian", "d", constituents + (jets if jet else []), grid, **flags)
    build.node("JetDotCartesian", "r", constituents + jets, FixedPoint(SIGNED, 13, 15), **flags)
    build.node("JetMassCartesian", "t", jets, FixedPoint(SIGNED, 14, 16))
    build.node("Stack", "stack", constituents, FixedPoint(SIGNED, 9, 7))
    head(build, n, m, channels)
    return build.program("cartesian", ["w", "coarse"])


def random_codes(program: Program, n_events: int, seed: int = 1) -> dict[str, np.ndarray]:
    """Codes of all inputs: full range and small, padded, all zero, at both extremes."""
    rng = np.random.default_rng(seed)
    codes = {}
    for name in program.inputs:
        tensor = program.tensors[name]
        low, high = tensor.type.min_int, tensor.type.max_int
        values = rng.integers(low, high + 1, (n_events, *tensor.shape))
        ones = [1] * len(tensor.shape)
        values >>= rng.integers(0, tensor.type.width, (n_events, *ones))
        values[:3] = np.array([0, low, high]).reshape(3, *ones)
        values[3:9] = rng.choice([low, high], (6, *tensor.shape))
        codes[name] = values
    first = program.inputs[0]  # pt or e: what says who is present
    size, *features = program.tensors[first].shape
    kept = rng.integers(0, size + 1, (n_events - 9, 1))
    there = np.arange(size) < kept
    codes[first][9:] *= there.reshape(*there.shape, *[1] * len(features))
    return codes


def write_onnx(program: Program, folder: Path) -> Path:
    """The program as a QONNX file."""
    path = folder / f"{program.name}.onnx"
    path.write_bytes(to_onnx(program).SerializeToString())
    return path


def tiny_program(name: str = "tiny", rounding: str = "FLOOR") -> Program:
    """Two inputs, a sum and a Dense layer: quick to compile."""
    build = Builder(rounding)
    pt = build.input("pt", 3, FixedPoint(UNSIGNED, 6, 5))
    eta = build.input("eta", 3, FixedPoint(SIGNED, 5, 5))
    build.node("Stack", "x", [pt, eta], FixedPoint(SIGNED, 8, 7))
    build.node("Sum", "total", ["x", pt], FixedPoint(SIGNED, 8, 8))
    shape = {"in_rank": 1, "in_features": 2, "out_features": 1, "relu": 1}
    build.dense("w", ["total"], FixedPoint(UNSIGNED, 9, 7), shape)
    return build.program(name, ["w"])


def nano_program(n: int = 4, rounding: str = "FLOOR", channels: int = 2) -> Program:
    """The structure of nanoPELICAN on polar inputs, with random weights."""
    build = Builder(rounding, seed=3)
    constituents = [
        build.input("pt", n, FixedPoint(UNSIGNED, 8, 7)),
        build.input("eta", n, FixedPoint(SIGNED, 5, 5)),
        build.input("phi", n, FixedPoint(SIGNED, 5, 5)),
    ]
    tables = angular_tables(5, 6, 8) | {"product_width": 11, "product_integer": 12}
    build.node(
        "PairDotPolar", "d", constituents, FixedPoint(UNSIGNED, 11, 10), **tables, jet=0, beams=0
    )
    build.node("PairRowSum", "r", ["d"], FixedPoint(UNSIGNED, 11, 11), n_particles=n)
    build.node("Sum", "t", ["r"], FixedPoint(UNSIGNED, 11, 12))
    rows = {"in_rank": 2, "in_features": 1, "out_features": channels, "context_features": 1}
    build.dense("a", ["r", "t"], FixedPoint(SIGNED, 12, 10), rows)
    pairs = {"n_channels": channels, "signs": (1, -1, 0)[:channels], "tied": 1}
    build.node(
        "PairRelu",
        "s",
        ["d", "a", "pt"],
        FixedPoint(UNSIGNED, 14, 13),
        z_width=11,
        z_integer=10,
        **pairs,
    )
    last = {"in_rank": 1, "in_features": channels, "out_features": 1, "context_features": 1}
    build.dense("w", ["s", "t"], FixedPoint(SIGNED, 16, 14), last)
    return build.program("nano", ["w"])


def renamed(node: Node, prefix: str) -> Node:
    return replace(
        node,
        name=prefix + node.name,
        inputs=tuple(prefix + name for name in node.inputs),
        output=prefix + node.output,
    )


def together(programs: list[Program]) -> Program:
    """One program with the inputs, nodes and outputs of all, their names numbered."""
    inputs, nodes, outputs = [], [], []
    for k, program in enumerate(programs):
        prefix = f"c{k}x"
        inputs += [replace(program.tensors[name], name=prefix + name) for name in program.inputs]
        nodes += [renamed(node, prefix) for node in program.nodes]
        outputs += [prefix + name for name in program.outputs]
    return build_program("all", inputs, nodes, outputs)
