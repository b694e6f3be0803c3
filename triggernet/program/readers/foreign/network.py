"""The program under construction: its tensors, and the atoms that they are made of.

An atom is one value of one tensor of the program; the atoms of all tensors are numbered through.
"""

from __future__ import annotations

import bisect
import dataclasses
import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np

from triggernet.errors import UnsupportedError
from triggernet.fixedpoint import Codes, FixedPoint, narrow
from triggernet.program.infer import exact_of, input_tensor
from triggernet.program.names import legal_name
from triggernet.program.operators.node import (
    MOST_VALUES,
    Attribute,
    Node,
    Tensor,
    quantiser_attributes,
)
from triggernet.program.readers.foreign.steps import Levels
from triggernet.program.readers.foreign.values import (
    NOTHING,
    Affine,
    Ints,
    Rationals,
    common_unit,
)

# What Brevitas puts between a module's name and that of its quantiser's node.
UNTELLING = frozenset(
    {"act_quant", "bias_quant", "export_handler", "input_quant", "output_quant", "weight_quant"}
)
ZERO = FixedPoint(True, 1, 1)


@dataclass
class Network:
    """Nodes and tensors as they are added.

    Attributes
    ----------
    raw : mapping of str to str
        Inputs in front of their first quantiser, which nothing else may read: their names by those
        of their atoms' owners.
    stated : mapping of str to (levels, units, values)
        By the same owner what that quantiser says, and the values behind it.
    """

    inputs: list[Tensor] = field(default_factory=list)
    nodes: list[Node] = field(default_factory=list)
    tensors: dict[str, Tensor] = field(default_factory=dict)
    raw: dict[str, str] = field(default_factory=dict)
    stated: dict[str, tuple[Levels, Rationals, Affine]] = field(default_factory=dict)
    where: str = ""  # the graph's node that is being read, for names and messages

    def __post_init__(self) -> None:
        self._first: list[int] = []  # atom of each tensor, in order
        self._order: list[str] = []
        self._next = 0
        self._known: dict[tuple[object, ...], str] = {}
        self._taken: set[str] = set()

    # Names and atoms

    def fresh(self, name: str) -> str:
        """`name` made legal, with a number behind it if it is taken."""
        name = legal_name(name)
        numbered = itertools.chain([name], (f"{name}_{k}" for k in itertools.count(2)))
        unique = next(n for n in numbered if n.lower() not in self._taken)
        self._taken.add(unique.lower())
        return unique

    def named(self, suffix: str) -> str:
        """A name for something that the present node of the graph is made of."""
        parts = [p for p in self.where.split("/") if p]
        telling = [p for p in parts[:-1] if p not in UNTELLING]
        base = telling[-1] if telling else parts[-1] if parts else "node"
        return self.fresh(f"{base}_{suffix}")

    def _number(self, name: str, size: int) -> int:
        first = self._next
        self._first.append(first)
        self._order.append(name)
        self._next += size
        return first

    def ghost(self, name: str, size: int) -> str:
        """Atoms for an input in front of its first quantiser; their owner's name."""
        owner = f"{name} in front of its quantiser"
        self.raw[owner] = name
        self._number(owner, size)
        return owner

    def first_atom(self, tensor: str) -> int:
        """The number of a tensor's first atom."""
        return self._first[self._order.index(tensor)]

    def owner(self, atom: int) -> str:
        """The tensor that an atom belongs to."""
        return self._order[bisect.bisect_right(self._first, atom) - 1]

    def owners(self, index: Ints) -> list[str]:
        """The tensors that some atoms belong to, in their order."""
        used = np.unique(index[index != NOTHING])
        places = np.unique(np.searchsorted(self._first, used, side="right") - 1)
        return [self._order[int(k)] for k in places]

    # Tensors

    def input(self, name: str, shape: tuple[int, ...], kind: FixedPoint) -> str:
        """A new input, and the quantiser that states its type; the tensor behind that."""
        tensor = input_tensor(name, shape, kind)
        self.inputs.append(tensor)
        self.tensors[name] = tensor
        self._taken.add(name.lower())
        node = Node(self.fresh(f"{name}_quant"), "Quant", (name,), self.fresh(f"{name}_q"),
                    quantiser_attributes(kind, "ROUND"))  # fmt: skip
        return self.add(node)

    def add(self, node: Node) -> str:
        """A node with its quantiser; the tensor that it writes."""
        exact = exact_of(node, tuple(self.tensors[n] for n in node.inputs))
        lo, hi = node.quantiser.range_of(exact.range.lo, exact.range.hi, exact.fraction)
        tensor = Tensor(node.output, exact.shape, node.quantiser.type, lo, hi)
        self.nodes.append(node)
        self.tensors[tensor.name] = tensor
        self._number(tensor.name, tensor.size)
        return node.output

    def exact(self, op: str, inputs: tuple[str, ...], attributes: Mapping[str, Attribute],
              suffix: str) -> str:  # fmt: skip
        """A node that rounds nothing: its type is the narrowest that holds its result.

        A node with the same inputs and attributes as one before is that one.
        """
        key = (op, inputs, tuple(sorted(attributes.items())))
        if key not in self._known:
            name = self.named(suffix)
            node = Node(
                name, op, inputs, name, {**attributes, **quantiser_attributes(ZERO, "FLOOR")}
            )
            exact = exact_of(node, tuple(self.tensors[n] for n in inputs))
            kind = FixedPoint.covering(exact.range.lo, exact.range.hi, exact.fraction)
            ends = {**attributes, **quantiser_attributes(kind, "FLOOR")}
            self._known[key] = self.add(dataclasses.replace(node, attributes=ends))
        return self._known[key]

    def quantised(self, op: str, inputs: tuple[str, ...], attributes: Mapping[str, Attribute],
                  kind: FixedPoint, rounding: str) -> str:  # fmt: skip
        """A node that ends in a quantiser."""
        ends = {**attributes, **quantiser_attributes(kind, rounding)}
        key = (op, inputs, tuple(sorted(ends.items())))
        if key not in self._known:
            name = self.named("q")
            self._known[key] = self.add(Node(name, op, inputs, name, ends))
        return self._known[key]

    def holds(self, index: Ints) -> bool:
        """Whether a tensor is there that holds these atoms, in this shape."""
        if (index == NOTHING).any():
            return False
        name = self.owner(int(index.flat[0]))
        if name in self.raw or self.tensors[name].shape != index.shape:
            return False
        natural = self.first_atom(name) + np.arange(index.size)
        return bool(np.array_equal(index.reshape(-1), natural))

    def gather(self, index: Ints, shape: tuple[int, ...]) -> str:
        """A tensor of some atoms: one that is there, or a `Wire`."""
        self._refuse_raw(index)
        flat = index.reshape(-1)
        if len(flat) > MOST_VALUES:
            raise UnsupportedError(
                f"it takes {len(flat)} values at once; at most {MOST_VALUES} can be unrolled"
            )
        names = self.owners(flat)
        if not names:  # nothing but zeros: any tensor lends its name
            names = [next(name for name in self._order if name in self.tensors)]
        first = self.first_atom(names[0])
        whole = self.tensors[names[0]]
        natural = np.arange(first, first + whole.size)
        if len(names) == 1 and whole.shape == shape and np.array_equal(flat, natural):
            return names[0]
        places = np.full(len(flat), NOTHING, dtype=np.int64)
        start = 0
        for name in names:
            first, size = self.first_atom(name), self.tensors[name].size
            own = (flat >= first) & (flat < first + size)
            places[own] = flat[own] - first + start
            start += size
        attributes: dict[str, Attribute] = {
            "index": tuple(int(k) for k in places),
            "shape": tuple(shape),
        }
        return self.exact("Wire", tuple(names), attributes, "wire")

    def _refuse_raw(self, index: Ints) -> None:
        for owner in self.raw.keys() & set(self.owners(index)):
            name = self.raw[owner]
            raise UnsupportedError(
                f"it reads the input '{name}', which no quantiser has put on a grid; state its "
                f"type with --input-type {name}=fixed<W,I>, or begin the model with a quantiser"
            )

    def dense(self, x: str, weight: Codes, bias: list[Fraction] | None, relu: bool = False,
              quantiser: tuple[FixedPoint, str] | None = None,
              exponents: list[int] | None = None) -> str:  # fmt: skip
        """Rows of x times weight (G, T), column g times ``2**exponents[g]``, plus a bias.

        Exact, or with the quantiser and rounding given.
        """
        powers = exponents or [0] * len(weight)
        least = min(powers)
        shifted = (
            weight.astype(object) << np.array([p - least for p in powers], dtype=object)[:, None]
        )
        columns = shifted.T  # (T, G)
        wide = max(int(abs(columns).max()).bit_length() + 1, 2)
        attributes: dict[str, Attribute] = {
            "in_features": columns.shape[0],
            "context_features": 0,
            "out_features": columns.shape[1],
            "n_select": 1,
            "relu": int(relu),
            "in_rank": len(self.tensors[x].shape),
            "weight": tuple(int(c) for c in columns.reshape(-1)),
            "weight_width": wide,
            "weight_integer": wide + least,
        }
        attributes |= _bias(bias or [Fraction(0)] * len(weight))
        if quantiser is None:
            return self.exact("Dense", (x,), attributes, "sum")
        return self.quantised("Dense", (x,), attributes, *quantiser)

    def in_attributes(self, tensor: str) -> dict[str, Attribute]:
        """The attributes by which a node states the type of what it reads."""
        kind = self.tensors[tensor].type
        return {"in_signed": int(kind.signed), "in_width": kind.width, "in_integer": kind.integer}


def _bias(values: list[Fraction]) -> dict[str, Attribute]:
    """The attributes of a bias whose values are multiples of a power of two."""
    unit = common_unit(values)
    fraction = max(unit.denominator.bit_length() - 1, 0)
    assert unit.denominator == 1 << fraction, "a bias that is no binary fraction"
    codes = narrow(np.array([int(v * (1 << fraction)) for v in values], dtype=object))
    width = max(int(abs(codes).max()).bit_length() + 1, 2)
    return {
        "bias": tuple(int(c) for c in codes),
        "bias_width": width,
        "bias_integer": width - fraction,
    }
