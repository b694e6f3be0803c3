"""Simulation models of the primitives in a synthesised netlist.

Yosys brings a model of every primitive of the 7-series that it writes; of the block RAMs it has
the pins and parameters alone. What reading one is stands here, after AMD's UG473 ("7 Series FPGAs
Memory Resources").
"""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

from triggernet.deployment.rtl.testbench import fill
from triggernet.errors import ToolError

MODELS = Path("share", "xilinx", "cells_sim.v")
MODULE = re.compile(r"^module (\w+)\b.*?^endmodule\b.*?$", re.DOTALL | re.MULTILINE)
DEFINED = re.compile(r"^module (\\\S+|\w+)", re.MULTILINE)
INSTANCE = re.compile(r"^ {2}(\\\S+|\w+) (?:#\(|(?:\\\S+ |\w+) \()", re.MULTILINE)
INPUT = re.compile(r"(\binput\s+(?:signed\s+)?(?:\[[^]]*\]\s*)?\w+)(?=\s*[,)])")
ROWS = {"RAMB18E1": 64, "RAMB36E1": 128}  # of 256 bits of data and 32 bits of parity


def models_of(netlist: str) -> str:
    """Verilog of the models of all primitives in a netlist of the 7-series.

    Raises
    ------
    ToolError
        If there is a primitive without a model, or Yosys' package lacks its models.
    """
    used = set(INSTANCE.findall(netlist)) - set(DEFINED.findall(netlist)) - {"module"}
    models = {match[1]: match[0] for match in MODULE.finditer(_of_yosys())}
    unknown = sorted(used - models.keys())
    if unknown:
        raise ToolError(f"Yosys brings no simulation model of {', '.join(unknown)}")
    return "\n\n".join(_described(name, models[name]) for name in sorted(used)) + "\n"


def _of_yosys() -> str:
    package = importlib.util.find_spec("pyosys")
    path = Path(package.origin).parent / MODELS if package and package.origin else None
    if path is None or not path.is_file():
        raise ToolError(f"the package pyosys has no {MODELS}; install it again")
    return path.read_text(encoding="utf-8")


def _described(name: str, text: str) -> str:
    """A model whose pins are low where nothing drives them, and that does what it must.

    On the chip a pin that a netlist leaves open is tied low; in a simulation it would float.
    """
    text = INPUT.sub(r"\1 = 0", text)
    if name not in ROWS:
        return text
    head, _, _ = text.rpartition("endmodule")
    return head + _block_ram(name, ROWS[name]) + "endmodule\n"


def _block_ram(name: str, rows: int) -> str:
    n_bytes, pins = 32 * rows, rows // 4  # in all, and of data at a port
    values: dict[str, object] = {
        "NAME": name,
        "DATA": ", ".join(f"INIT_{k:02X}" for k in reversed(range(rows))),
        "PARITY": ", ".join(f"INITP_{k:02X}" for k in reversed(range(rows // 8))),
        "LAST_BIT": 8 * n_bytes - 1,
        "BYTES": n_bytes,
        "LAST_BYTE": n_bytes - 1,
        "PINS": pins,
        "LAST_PIN": pins - 1,
        "LAST_OF_TWO": 2 * pins - 1,
        "CHECKS": pins // 8,
        "LAST_CHECK": pins // 8 - 1,
        "GROUPS": pins // 4,
        "LAST_CHECK_OF_TWO": pins // 4 - 1,
    }
    return fill("block_ram.v", values)
