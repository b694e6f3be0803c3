"""triggernet's operators as layers of hls4ml, through its Extension API.

One layer class, one ONNX handler and two templates serve all of them: what differs from operator
to operator is in the operator table (`Operator.hls`). The types come from the program, per
conversion, in hls4ml's own configuration of the layer; nothing is kept between conversions.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from triggernet.deployment.hls.calls import WITH_KERNEL, result_position
from triggernet.errors import UnsupportedError
from triggernet.program import operators
from triggernet.program.infer import operator_of
from triggernet.program.operators.kernel_call import KernelCall
from triggernet.program.operators.node import Node, Tensor

if TYPE_CHECKING:
    import onnx

DOMAIN = "triggernet"
BACKEND = "Vitis"
SOURCE_FOLDER = "triggernet"  # below firmware/
OPERATORS_FOLDER = Path(operators.__file__).parent

Handler = Callable[["onnx.NodeProto", list[str], list[list[int]], Any], dict[str, Any]]


def layer_settings(node: Node, output: Tensor, call: KernelCall, variable: str) -> dict[str, Any]:
    """hls4ml's configuration of a layer (an entry of its ``LayerName``) for one node."""
    return {
        "Precision": {"result": node.quantiser.cpp},
        "Kernel": {
            "function": call.function,
            "header": f"{SOURCE_FOLDER}/{operator_of(node).header}",
            "inputs": list(node.inputs),
            "output": node.output,
            "shape": list(output.shape),
            "variable": variable,
            "result_position": result_position(node),
            "struct": config_struct(f"config_{variable}", call),
            "constants": [
                {
                    "name": c.name,
                    "variable": f"{c.name}_{variable}",
                    "type": f"{c.name}_{variable}_t",
                    "precision": f"ap_{'' if c.type.signed else 'u'}int<{c.type.width}>",
                    "codes": list(c.codes),
                }
                for c in call.constants
            ],
        },
    }


def config_struct(name: str, call: KernelCall) -> str:
    """The CONFIG struct of a kernel call, as C++ text."""
    lines = [f"struct {name} {{"]
    lines += [f"    static const int {key} = {value};" for key, value in call.settings.items()]
    lines += [f"    typedef {text} {key};" for key, text in call.types.items()]
    lines += [f"    {call.members}"] if call.members else []
    return "\n".join([*lines, "};\n"])


def register() -> None:
    """Make triggernet's operators known to hls4ml; a second call changes nothing.

    Raises
    ------
    UnsupportedError
        If hls4ml already has a layer of one of the names, from elsewhere.
    """
    from hls4ml.backends import get_backend
    from hls4ml.model.layers import layer_map, register_layer

    backend = get_backend(BACKEND)
    for source in sorted(OPERATORS_FOLDER.glob("*.h")):
        backend.register_source(source, destination_dir=SOURCE_FOLDER)
    if all(_class_name(op) in layer_map for op in WITH_KERNEL):
        return
    layers = [_layer_class(op) for op in WITH_KERNEL]
    for op, layer in zip(WITH_KERNEL, layers, strict=True):
        if layer.__name__ in layer_map:
            raise UnsupportedError(
                f"hls4ml already has a layer '{layer.__name__}' that triggernet did not register; "
                "run the conversion in a process of its own"
            )
        register_layer(layer.__name__, layer)
        _register_handler(op)
    for template in _templates(layers):
        backend.register_template(template)


def _class_name(op: str) -> str:
    return f"Triggernet{op}"


def _register_handler(op: str) -> None:
    """Register the ONNX handler; a stock operator of that name keeps its own in other domains."""
    from hls4ml.converters import register_onnx_layer_handler
    from hls4ml.converters.onnx_to_hls import layer_handlers

    stock: Handler | None = layer_handlers.pop(op, None)

    def handle(
        node: onnx.NodeProto, inputs: list[str], shapes: list[list[int]], graph: Any
    ) -> dict[str, Any]:
        if node.domain == DOMAIN:
            return {
                "class_name": _class_name(op),
                "name": node.name,
                "inputs": inputs,
                "outputs": list(node.output),
            }
        if stock is None:
            raise UnsupportedError(
                f"node '{node.name}': hls4ml has no '{op}' outside the domain '{DOMAIN}'"
            )
        return stock(node, inputs, shapes, graph)

    register_onnx_layer_handler(op, handle)


def _layer_class(op: str) -> type:
    from hls4ml.model.layers import Layer

    def initialize(self: Any) -> None:
        kernel = self.get_attr("kernel")
        for constants in kernel["constants"]:
            _add_constants(self, constants)
        variable = kernel["variable"]
        self.add_output_variable(kernel["shape"], var_name=variable, type_name=f"{variable}_t")

    return type(_class_name(op), (Layer,), {"initialize": initialize})


def _add_constants(layer: Any, constants: Mapping[str, Any]) -> None:
    import numpy as np

    layer.add_weights_variable(
        constants["name"],
        var_name=constants["variable"],
        type_name=constants["type"],
        precision=layer.model.config.backend.convert_precision_string(constants["precision"]),
        data=np.array(constants["codes"], dtype=np.int64),
    )


def _templates(layers: list[type]) -> list[type]:
    """The template classes of the CONFIG struct and of the call."""
    from hls4ml.backends.template import FunctionCallTemplate, LayerConfigTemplate

    class TriggernetConfig(LayerConfigTemplate):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__(layers)
            self.name = "triggernet_config_template"

        def format(self, node: Any) -> str:
            return str(node.get_attr("kernel")["struct"])

    class TriggernetCall(FunctionCallTemplate):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__(layers, include_header=[])
            self.name = "triggernet_function_template"

        def format(self, node: Any) -> str:
            return _call_text(node)

        def transform(self, model: Any, node: Any) -> Any:
            changed = super().transform(model, node)
            node.set_attr("include_header", [node.get_attr("kernel")["header"]])
            return changed

    return [TriggernetConfig, TriggernetCall]


def _call_text(node: Any) -> str:
    kernel = node.get_attr("kernel")
    arguments = [node.get_input_variable(name).name for name in node.inputs]
    arguments.insert(kernel["result_position"], node.get_output_variable().name)
    arguments += [c["variable"] for c in kernel["constants"]]
    return f"{DOMAIN}::{kernel['function']}<config_{kernel['variable']}>({', '.join(arguments)});"
