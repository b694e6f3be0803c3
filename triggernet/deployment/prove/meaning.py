"""What a model file means, as terms over exact integers.

The ONNX file carries the meaning of each operator as a function of ONNX's own primitives, and that
is what is interpreted here, node by node, with a term in every place of every tensor: the same text
that other programs execute. Nothing of the operators' Python, C++ or Verilog is used. Floating
point numbers are taken for the real numbers that they stand for; whether an executor rounds is a
question for `verify`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import onnx
from onnx import numpy_helper

from triggernet.deployment.prove.integers import Integer, Integers
from triggernet.deployment.prove.primitives import PRIMITIVES, Array, Attributes, filled, numbers
from triggernet.deployment.prove.reals import Real, real
from triggernet.errors import UnsupportedError
from triggernet.program.operators.node import Tensor


@dataclass
class Meaning:
    """Each element of each tensor of a program, as terms.

    Attributes
    ----------
    codes : dict of str to list of Integer
        By the tensor's name, the codes as variables (of inputs), or what stands for them.
    definitions : dict of str to list of Integer
        By the tensor's name, its codes as a function of those of the node's inputs.
    """

    codes: dict[str, list[Integer]] = field(default_factory=dict)
    definitions: dict[str, list[Integer]] = field(default_factory=dict)


def meaning_of(
    model: onnx.ModelProto, tensors: Mapping[str, Tensor], inputs: Sequence[str], bank: Integers
) -> Meaning:
    """The meaning of a model, node by node: behind each node of the program variables begin anew.

    Parameters
    ----------
    model : onnx.ModelProto
    tensors : mapping of str to Tensor
        Of the program: names, shapes and types.
    inputs : sequence of str
        The program's inputs.
    bank : Integers

    Raises
    ------
    UnsupportedError
        If the file holds what is not interpreted here, or values that are no codes of their type.
    """
    interpreter = _Interpreter(model, bank)
    meaning, values = Meaning(), {}
    for initializer in model.graph.initializer:
        values[initializer.name] = numbers(numpy_helper.to_array(initializer))
    for name in inputs:
        meaning.codes[name] = _variables(bank, tensors[name], None)
        values[name] = _values(bank, tensors[name], meaning.codes[name])
    for node in model.graph.node:
        for name, result in zip(node.output, interpreter.run(node, values, {}), strict=False):
            values[name] = result
            if name in tensors:
                tensor = tensors[name]
                codes = _codes(bank, tensor, result)
                meaning.definitions[name] = codes
                meaning.codes[name] = _variables(bank, tensor, codes)
                values[name] = _values(bank, tensor, meaning.codes[name])
    return meaning


def element(tensor: str, k: int) -> str:
    """The name of the variable for an element of a tensor."""
    return f"{tensor}[{k}]"


def _variables(bank: Integers, tensor: Tensor, codes: list[Integer] | None) -> list[Integer]:
    """A variable for each element; what is only another element, or a constant, stays that."""
    kind = tensor.type
    if codes is None:
        bounds = [(kind.min_int, kind.max_int)] * tensor.size
        return [bank.var(element(tensor.name, k), lo, hi) for k, (lo, hi) in enumerate(bounds)]
    variables: list[Integer] = []
    known: dict[tuple[int, ...], Integer] = {}  # equal elements are one variable
    for k, code in enumerate(codes):
        if code.lo < kind.min_int or code.hi > kind.max_int:
            raise UnsupportedError(
                f"tensor '{tensor.name}' reaches {code.lo} to {code.hi}, which its type {kind} "
                "does not hold"
            )
        plain = len(code.terms) <= 1 and all(atom.op == "var" for atom, _ in code.terms)
        if not plain and code.key not in known:
            known[code.key] = bank.var(element(tensor.name, k), code.lo, code.hi)
        variables.append(code if plain else known[code.key])
    return variables


def _values(bank: Integers, tensor: Tensor, codes: list[Integer]) -> Array:
    values = [Real(bank, code, tensor.type.fraction) for code in codes]
    return filled(values, (1, *tensor.shape))


def _codes(bank: Integers, tensor: Tensor, values: Array) -> list[Integer]:
    return [real(bank, v).on_grid(tensor.type.fraction) for v in values.ravel()]


class _Interpreter:
    """Runs nodes, functions of the file included."""

    def __init__(self, model: onnx.ModelProto, bank: Integers) -> None:
        self.bank = bank
        self.functions = {(f.domain, f.name, f.overload): f for f in model.functions}

    def run(
        self, node: onnx.NodeProto, values: Mapping[str, Array], given: Attributes
    ) -> list[Array]:
        """The results of a node; `given` are the attributes of the function around it."""
        attributes = _attributes(node, given)
        names = list(node.input)
        while names and not names[-1]:
            names.pop()
        if not all(names):
            raise UnsupportedError(
                f"node '{node.name}' ({node.op_type}) leaves an input out and gives a later one; "
                "that is not interpreted"
            )
        inputs = [values[name] for name in names]
        function = self.functions.get((node.domain, node.op_type, node.overload))
        if function is not None:
            return self._call(function, inputs, attributes)
        if node.op_type == "Constant":
            return [_constant(attributes)]
        if node.op_type == "Split":
            return _split(inputs, attributes, len(node.output))
        primitive = PRIMITIVES.get(node.op_type)
        if primitive is None or node.domain not in ("", "ai.onnx"):
            raise UnsupportedError(
                f"node '{node.name}' is a {node.domain or 'ONNX'} {node.op_type}, whose meaning is "
                f"not interpreted; known are {', '.join(PRIMITIVES)}"
            )
        return [primitive(self.bank, inputs, attributes)]

    def _call(
        self, function: onnx.FunctionProto, inputs: Sequence[Array], attributes: Attributes
    ) -> list[Array]:
        values = dict(zip(function.input, inputs, strict=False))
        for node in function.node:
            results = self.run(node, values, attributes)
            values |= dict(zip(node.output, results, strict=False))
        return [values[name] for name in function.output]


def _attributes(node: onnx.NodeProto, given: Attributes) -> dict[str, Any]:
    attributes: dict[str, Any] = {}
    for a in node.attribute:
        if a.ref_attr_name:
            if a.ref_attr_name in given:
                attributes[a.name] = given[a.ref_attr_name]
        else:
            attributes[a.name] = onnx.helper.get_attribute_value(a)
    return attributes


def _constant(attributes: Attributes) -> Array:
    (value,) = attributes.values()
    if isinstance(value, onnx.TensorProto):
        return numbers(numpy_helper.to_array(value))
    return numbers(np.asarray(value))


def _split(inputs: Sequence[Array], attributes: Attributes, count: int) -> list[Array]:
    axis = attributes.get("axis", 0)
    if len(inputs) > 1:
        sizes = [int(x) for x in inputs[1].ravel()]
        return np.split(inputs[0], np.cumsum(sizes)[:-1], axis=axis)
    if inputs[0].shape[axis] % count:
        raise UnsupportedError("a Split into unequal parts without sizes is not interpreted")
    return np.split(inputs[0], count, axis=axis)
