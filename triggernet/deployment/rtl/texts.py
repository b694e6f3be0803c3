"""The RTL folder of a project: Verilog, constraints, scripts, test bench, as text."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from typing import Any

from triggernet.deployment.project.vectors import Vectors
from triggernet.deployment.rtl.design import NodeCount
from triggernet.deployment.rtl.lower import Hardware
from triggernet.deployment.rtl.points import describe_points
from triggernet.deployment.rtl.testbench import bench_texts, fill
from triggernet.program import Program
from triggernet.program.netlist.verilog import text_of
from triggernet.program.operators.node import Tensor

IO_SHARE = 0.1  # of the period, for the registers outside
IGNORED = "/build/\n/vivado/\n/quartus/\n"


def rtl_texts(hardware: Hardware, vectors: Vectors) -> dict[str, str]:
    """The files of a project's ``rtl`` folder, by their path in the project.

    Parameters
    ----------
    hardware : Hardware
    vectors : Vectors
        Events of the test bench.

    Raises
    ------
    ProjectError
        If the design has ports that the test bench cannot hold.
    """
    description = describe(hardware)
    program, top = hardware.program, hardware.config.top
    texts = {f"src/{name}.v": text_of(module) for name, module in hardware.modules.items()}
    texts["design.json"] = json.dumps(description, indent=1) + "\n"
    texts["points.json"] = json.dumps(describe_points(hardware.points)) + "\n"
    texts[".gitignore"] = IGNORED
    texts |= bench_texts(description, program.name)
    texts |= _scripts(hardware, description, top)
    texts["tb/inputs.dat"], texts["tb/expected.dat"] = vectors.texts(program)
    return {f"rtl/{path}": text for path, text in texts.items()}


def describe(hardware: Hardware) -> dict[str, Any]:
    """What ``rtl/design.json`` says: ports, timing, and what was counted before any synthesis."""
    program, config = hardware.program, hardware.config
    return {
        "top": config.top,
        "part": config.part,
        "clock_period_ns": config.clock_period_ns,
        "interval_cycles": hardware.interval_cycles,
        "instances": config.instances,
        "latency_cycles": hardware.latency_cycles,
        "inputs": _ports(program, program.inputs),
        "outputs": _ports(program, program.outputs),
        "predicted": {k: round(v, 1) for k, v in dataclasses.asdict(hardware.count).items()},
        "modules": hardware.instances,
        "nodes": [_node(node) for node in hardware.nodes],
    }


def _node(node: NodeCount) -> dict[str, Any]:
    return {k: round(v, 1) if isinstance(v, float) else v for k, v in vars(node).items()}


def _ports(program: Program, names: tuple[str, ...]) -> list[dict[str, Any]]:
    def port(tensor: Tensor) -> dict[str, Any]:
        kind = tensor.type
        return {
            "name": tensor.name,
            "size": tensor.size,
            "width": kind.width,
            "signed": kind.signed,
            "fraction": kind.fraction,
        }

    return [port(program.tensors[name]) for name in names]


def _scripts(hardware: Hardware, description: Mapping[str, Any], top: str) -> dict[str, str]:
    config = hardware.config
    ports = [p["name"] for p in (*description["inputs"], *description["outputs"])]
    values: dict[str, object] = {
        "TOP": top,
        "PART": config.part,
        "PERIOD": config.clock_period_ns,
        "UNCERTAINTY": round(config.clock_period_ns * config.clock_uncertainty, 3),
        "IO_DELAY": round(config.clock_period_ns * IO_SHARE, 3),
        "PORTS": " ".join(["rst", "in_valid", *ports, "out_valid"]),
    }
    return {
        f"constraints/{top}.xdc": fill("constraints.xdc", values),
        f"constraints/{top}.sdc": fill("constraints.sdc", values),
        "vivado.tcl": fill("vivado.tcl", values),
        "quartus.tcl": fill("quartus.tcl", values),
    }
