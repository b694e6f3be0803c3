"""Small QONNX graphs, written node by node."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

QUANT = "qonnx.custom_op.general"


@dataclass
class Graph:
    """Collects nodes and constants; `x` is the input of shape (1, *shape)."""

    shape: tuple[int | str, ...] = (4,)
    opset: int = 13
    batch: int | str = 1
    input_name: str = "x"
    nodes: list[onnx.NodeProto] = field(default_factory=list)
    constants: list[onnx.TensorProto] = field(default_factory=list)

    def constant(self, value, dtype=np.float32) -> str:
        name = f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.asarray(value, dtype), name))
        return name

    def node(self, op: str, inputs: list[str], outputs: int = 1, domain: str = "", **attributes):
        names = [f"t{len(self.nodes)}_{k}" for k in range(outputs)]
        made = helper.make_node(
            op, inputs, names, name=f"{op}_{len(self.nodes)}", domain=domain, **attributes
        )
        self.nodes.append(made)
        return names[0] if outputs == 1 else names

    def quant(self, x: str, scale=0.125, bits=8, zero=0, signed=1, narrow=0, mode="ROUND") -> str:
        inputs = [x, self.constant(scale), self.constant(zero), self.constant(bits)]
        return self.node(
            "Quant", inputs, domain=QUANT, signed=signed, narrow=narrow, rounding_mode=mode
        )

    def weight(self, values, scale=0.125, bits=8, **settings) -> str:
        return self.quant(self.constant(values), scale, bits, narrow=1, **settings)

    def model(self, output: str, name: str = "y") -> onnx.ModelProto:
        """The graph that ends in `output`, which is called `name`."""
        for node in self.nodes:
            node.output[:] = [name if o == output else o for o in node.output]
            node.input[:] = [name if i == output else i for i in node.input]
        graph = helper.make_graph(
            self.nodes,
            "graph",
            [helper.make_tensor_value_info(self.input_name, TensorProto.FLOAT,
                                           [self.batch, *self.shape])],
            [helper.make_tensor_value_info(name, TensorProto.FLOAT, None)],
            self.constants,
        )  # fmt: skip
        imports = [helper.make_opsetid("", self.opset), helper.make_opsetid(QUANT, 1)]
        return helper.make_model(graph, opset_imports=imports, ir_version=8)


def weights(rng: np.random.Generator, *shape: int) -> np.ndarray:
    return rng.normal(0, 0.6, shape).astype(np.float32)
