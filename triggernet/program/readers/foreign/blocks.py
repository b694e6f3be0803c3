"""How the elements of a value share hardware: rows that go through the same constant matrix.

All elements of a tensor are one block: P rows of atoms, each times the same matrix with G columns.
Which axes of the tensor count the rows and which the columns is found by comparing.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from triggernet.errors import UnsupportedError
from triggernet.fixedpoint import Codes
from triggernet.program.readers.foreign.values import NOTHING, Affine, Ints, distinct

MOST_UNROLLED = 1 << 20  # entries of a constant matrix


@dataclass(frozen=True)
class Block:
    """Elements of a value as rows times a matrix.

    Attributes
    ----------
    index : int64 (P, T)
        The atoms of each row.
    weight : integers (G, T); (G,) if it is straight
    elements : int64 (P, G)
        Which element of the value stands in row p and column g.
    straight : bool
        T is G, and each column is the atom at its place times a weight: there is no sum.
    """

    index: Ints
    weight: Codes
    elements: Ints
    straight: bool = False

    @property
    def is_sum(self) -> bool:
        """Whether each row is summed up, and nothing else."""
        one_column = self.elements.shape[1] == 1 and len(self.elements) > 1
        return one_column and not self.straight and bool((self.weight == self.weight[0, 0]).all())

    @property
    def columns(self) -> Ints:
        """One element of each column, which speaks for all of it."""
        return np.asarray(self.elements[0])


def block_of(value: Affine, more: Sequence[Ints] = ()) -> Block:
    """The block of a value.

    Parameters
    ----------
    value : Affine
    more : sequence of int64 (K,)
        Labels of what else must be equal along a column.

    Raises
    ------
    UnsupportedError
        If it is too large to be unrolled.
    """
    keys = _keys(value, more)
    for rows, columns in _partitions(value.shape):
        elements = _arranged(value.shape, rows, columns)  # (P, G)
        if not (keys[elements] == keys[elements[0]]).all():
            continue
        block = _as_block(value, elements)
        if block is not None:
            return block
    elements = np.arange(value.size)[None, :]
    block = _as_block(value, elements)
    if block is None:
        raise UnsupportedError(
            f"its {value.size} sums are too large to be unrolled: at most {MOST_UNROLLED} products"
        )
    return block


def _keys(value: Affine, more: Sequence[Ints]) -> Ints:
    """A label of everything that is not an atom, for each element."""
    parts = [distinct(value.scale)[0], distinct(value.offset)[0], *more]
    for function in value.functions:
        seen: dict[object, int] = {}
        parts.append(
            np.array([seen.setdefault(function.key(k), len(seen)) for k in range(value.size)])
        )
    rows: dict[object, int] = {}
    if value.weight.dtype == object:
        texts = [tuple(row) for row in value.weight.tolist()]
    else:
        texts = [row.tobytes() for row in np.ascontiguousarray(value.weight)]
    parts.append(np.array([rows.setdefault(text, len(rows)) for text in texts]))
    combined: dict[object, int] = {}
    stacked = np.stack(parts, axis=1)
    return np.array([combined.setdefault(row.tobytes(), len(combined)) for row in stacked])


def _partitions(shape: tuple[int, ...]) -> Iterator[tuple[list[int], list[int]]]:
    """Axes that count rows and axes that count columns, with few columns first."""
    axes = [k for k, length in enumerate(shape) if length > 1]
    chosen = [c for n in range(len(axes) + 1) for c in itertools.combinations(axes, n)]
    chosen.sort(key=lambda c: (math.prod(shape[k] for k in c), [-k for k in c]))
    for columns in chosen:
        yield [k for k in axes if k not in columns], list(columns)


def _arranged(shape: tuple[int, ...], rows: list[int], columns: list[int]) -> Ints:
    """Elements by row and column."""
    flat = np.arange(math.prod(shape)).reshape(shape)
    rest = [k for k in range(len(shape)) if k not in rows and k not in columns]
    ordered = flat.transpose(*rest, *rows, *columns)
    return ordered.reshape(-1, math.prod(shape[k] for k in columns))


def _as_block(value: Affine, elements: Ints) -> Block | None:
    """Rows times a matrix, if the atoms allow that."""
    index = value.index[elements]  # (P, G, T)
    weight = value.weight[elements[0]]  # (G, T)
    if (index == index[:, :1]).all():  # all columns see the same atoms
        straight = index.shape[1:] == (1, 1)
        weight = weight[:, 0] if straight else weight
        return Block(np.ascontiguousarray(index[:, 0]), weight, elements, straight)
    if value.terms == 1:
        return Block(np.ascontiguousarray(index[:, :, 0]), weight[:, 0], elements, True)
    return _union(index, weight, elements)


def _union(index: Ints, weight: Codes, elements: Ints) -> Block | None:
    """Every row sees all atoms of its columns, once each, in the order in which they come."""
    n_rows, columns, terms = index.shape
    flat = index.reshape(n_rows, columns * terms).copy()
    missing = -2 - np.arange(columns * terms)  # each absent atom is one of its own
    flat = np.where(flat == NOTHING, missing, flat)
    places, rows = None, []
    for row in flat:
        atoms, first, inverse = np.unique(row, return_index=True, return_inverse=True)
        order = np.argsort(first)
        rank = np.empty(len(order), dtype=np.int64)
        rank[order] = np.arange(len(order))
        order_of = rank[inverse]
        if places is None:
            places = order_of
            if len(order) * columns > MOST_UNROLLED:
                return None
        elif not np.array_equal(places, order_of):
            return None
        rows.append(atoms[order])
    assert places is not None
    matrix = np.zeros((columns, len(rows[0])), dtype=weight.dtype)
    at = places.reshape(columns, terms)
    for t in range(terms):
        np.add.at(matrix, (np.arange(columns), at[:, t]), weight[:, t])
    joined = np.array(rows)
    return Block(np.where(joined < NOTHING, NOTHING, joined), matrix, elements)
