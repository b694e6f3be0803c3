"""The count after a conversion: what hls4ml generated, against the program, node by node."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from triggernet.deployment.hls import generated
from triggernet.deployment.hls.calls import kernel_call, result_position
from triggernet.deployment.hls.generated import Array, Call
from triggernet.errors import ProjectError
from triggernet.fixedpoint import Quantiser
from triggernet.program.operators.node import Node
from triggernet.program.types import Program

LINEAR = "nnet::linear"
_VALUES = re.compile(r"= \{(?P<codes>[^}]*)\};")


@dataclass(frozen=True)
class Layout:
    """Where the tensors of a program lie in its generated C++.

    Attributes
    ----------
    variables : mapping of str to Array
        The array of every tensor that has one of its own.
    aliases : mapping of str to str
        Tensors that are another one unchanged (a `Quant` of what is on its grid already).
    calls : mapping of str to Call
        The call of every node that has one, by the node's name.
    """

    variables: Mapping[str, Array]
    aliases: Mapping[str, str]
    calls: Mapping[str, Call]

    def array(self, tensor: str) -> Array:
        """The array that holds a tensor."""
        while tensor in self.aliases:
            tensor = self.aliases[tensor]
        return self.variables[tensor]


def is_identity(program: Program, node: Node) -> bool:
    """Whether a `Quant` changes nothing, because its input has its type already."""
    return node.op == "Quant" and program.tensors[node.inputs[0]].type == node.get_type()


def layout(program: Program, top: str) -> Layout:
    """Find every node and tensor of a program in the text of its top function.

    Raises
    ------
    ProjectError
        If a node has no call or more than one, or a call belongs to no node.
    """
    arrays = generated.arrays(top)
    by_function: dict[str, list[Call]] = {}
    for call in generated.calls(top):
        by_function.setdefault(call.layer, []).append(call)
    variables = {name: _array(arrays, name, name) for name in program.inputs}
    aliases: dict[str, str] = {}
    calls: dict[str, Call] = {}
    for node in program.nodes:
        if is_identity(program, node):
            aliases[node.output] = node.inputs[0]
            continue
        name = f"{node.name}_act" if node.op == "Quant" else node.name
        call = _only_call(node, by_function.pop(name, []))
        calls[node.name] = call
        variables[node.output] = _array(arrays, _result(node, call), node.output)
    if by_function:
        raise ProjectError(f"the generated C++ calls {sorted(by_function)}, which are no nodes")
    return Layout(variables, aliases, calls)


def check_conversion(program: Program, files: Mapping[str, str], top_name: str) -> None:
    """Account for every node of the program in the files that hls4ml generated.

    Raises
    ------
    ProjectError
        Naming the node, if its call, an argument of it, a type, a size or a constant is not what
        the program says.
    """
    top = files[f"firmware/{top_name}.cpp"]
    typedefs = generated.types(files["firmware/defines.h"])
    where = layout(program, top)
    quantisers = {node.output: node.quantiser for node in program.nodes}
    readers = {node.inputs[0]: node.quantiser for node in program.nodes if node.op == "Quant"}
    for name, array in where.variables.items():
        expected = quantisers.get(name) or readers[name]
        _check_variable(program, name, array, expected, typedefs)
    for node in program.nodes:
        if node.name in where.calls:
            _check_call(node, where)
            _check_constants(program, node, where, files)


def _array(arrays: Mapping[str, Array], variable: str, tensor: str) -> Array:
    if variable not in arrays:
        raise ProjectError(f"the generated C++ has no array '{variable}' for tensor '{tensor}'")
    return arrays[variable]


def _only_call(node: Node, calls: list[Call]) -> Call:
    if len(calls) != 1:
        raise ProjectError(
            f"node '{node.name}' ({node.op}) has {len(calls)} calls in the generated C++; it must "
            "have exactly one, hls4ml dropped or repeated it"
        )
    return calls[0]


def _result(node: Node, call: Call) -> str:
    if len(call.arguments) <= len(node.inputs):
        raise ProjectError(f"the call of node '{node.name}' has too few arguments")
    return call.arguments[result_position(node)]


def _check_variable(
    program: Program, name: str, array: Array, expected: Quantiser, typedefs: Mapping[str, str]
) -> None:
    quantiser = generated.quantiser_of(array.type, typedefs)
    tensor = program.tensors[name]
    if quantiser != expected or quantiser.type != tensor.type:
        raise ProjectError(
            f"tensor '{name}' is {quantiser.cpp} in the generated C++; the program says "
            f"{expected.cpp}"
        )
    if array.size != tensor.size:
        raise ProjectError(
            f"tensor '{name}' has {array.size} values in the generated C++; the program says "
            f"{tensor.size}"
        )


def _check_call(node: Node, where: Layout) -> None:
    call = where.calls[node.name]
    function = LINEAR if node.op == "Quant" else "triggernet::"
    if not call.function.startswith(function):
        raise ProjectError(f"node '{node.name}' ({node.op}) became a call of {call.function}")
    names = [where.array(name).name for name in node.inputs]
    names.insert(result_position(node), where.array(node.output).name)
    expected = tuple(names)
    if call.arguments[: len(expected)] != expected:
        raise ProjectError(
            f"node '{node.name}' ({node.op}) is called with {call.arguments}; expected {expected}"
        )


def _check_constants(program: Program, node: Node, where: Layout, files: Mapping[str, str]) -> None:
    if node.op == "Quant":
        return
    call = kernel_call(node, program.inputs_of(node), 1)
    names = where.calls[node.name].arguments[len(node.inputs) + 1 :]
    if len(names) != len(call.constants):
        raise ProjectError(f"the call of node '{node.name}' passes the constants {names}")
    for name, constants in zip(names, call.constants, strict=True):
        text = files.get(f"firmware/weights/{name}.h", "")
        match = _VALUES.search(text)
        codes = tuple(int(c) for c in match["codes"].split(",")) if match else ()
        if codes != constants.codes:
            raise ProjectError(
                f"constants '{constants.name}' of node '{node.name}' are not those of the program "
                f"in weights/{name}.h"
            )
