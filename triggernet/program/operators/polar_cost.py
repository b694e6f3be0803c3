"""What the Minkowski products from polar coordinates cost in hardware (see `polar_dot.py`)."""

from __future__ import annotations

from dataclasses import replace

from triggernet.program.operators.base import (
    Inputs,
    Interval,
    Operation,
    n_pairs,
    quantise_cost,
)
from triggernet.program.operators.node import Node


def pair_cost(node: Node, inputs: Inputs) -> list[Operation]:
    """Each pair of constituents has its own two products and its own copies of the tables."""
    pt, angle = inputs[0].type.width, max(x.type.width for x in inputs[1:3])
    pairs, word = n_pairs(inputs[0].size), node.get_int("table_width")
    square = Interval.of(inputs[0]) * Interval.of(inputs[0])
    rounding = quantise_cost(
        node.inner("product_"), square, 2 * inputs[0].type.fraction, pairs, folds=True
    )
    operations = [
        # Differences, and their negatives where they are below zero.
        Operation("add", 2 * pairs, (angle, angle), folds=True),
        Operation("add", 2 * pairs, (angle, angle), folds=True),
        Operation("multiply", pairs, (pt, pt), beside=True, folds=True),
        *_tables(inputs, pairs, word, folds=True),
        *(_beside(operation) for operation in rounding),
        Operation("add", pairs, (word, word), folds=True),
        Operation("multiply", pairs, (node.get_int("product_width"), word + 1), folds=True),
    ]
    if node.get_int("jet"):
        operations += [_beside(operation) for operation in jet_cost(node, inputs)]
    if node.get_int("beams"):
        n, exp = inputs[0].size, node.get_int("exp_width")
        operations += [
            Operation("table", 2 * n, (inputs[1].type.width, exp), beside=True),
            Operation("multiply", 2 * n, (pt, exp), beside=True),
        ]
    return operations


def jet_cost(node: Node, inputs: Inputs) -> list[Operation]:
    """Each constituent has its own tables and three products with the jet."""
    pt, angle = inputs[0].type.width, max(x.type.width for x in inputs[1:3])
    word, inner = node.get_int("table_width"), node.get_int("inner_width")
    jet_pt, excess = (x.type.width for x in inputs[-2:])
    n, total = inputs[0].size, max(jet_pt, excess) + word + 1
    return [
        Operation("add", 2 * n, (angle, angle), folds=True),  # absolute values
        *_tables(inputs, n, word, folds=True),
        Operation("add", n, (word, word), folds=True),
        Operation("multiply", n, (jet_pt, word + 1), folds=True),
        Operation("multiply", n, (excess, word + 1), beside=True, folds=True),
        Operation("accumulate", n, (jet_pt, word + 1), folds=True),
        Operation("round", n, (total, inner), folds=True),
        Operation("compare", n, (total, inner), folds=True),
        Operation("multiply", n, (pt, inner), folds=True),
    ]


def mass_cost(node: Node, inputs: Inputs) -> list[Operation]:
    """One product: excess (2 pt + excess)."""
    jet_pt, excess = (x.type.width for x in inputs)
    total = max(jet_pt, excess) + 2
    return [Operation("add", 1, (total, total)), Operation("multiply", 1, (excess, total))]


def _tables(inputs: Inputs, count: int, word: int, folds: bool) -> list[Operation]:
    eta, phi = (x.type.width for x in inputs[1:3])
    return [
        Operation("table", count, (eta, word), folds=folds),
        Operation("table", count, (phi, word), beside=True, folds=folds),
    ]


def _beside(operation: Operation) -> Operation:
    return replace(operation, beside=True)
