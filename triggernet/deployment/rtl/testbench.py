"""The test bench that lies beside a design's Verilog: C++ for Verilator, and its Makefile."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from triggernet.deployment.rtl.design import Port, parse_design

TEMPLATES = Path(__file__).parent / "templates"
FILES = {
    "Makefile": "Makefile",
    "README.md": "README.md",
    "tb/testbench.cpp": "testbench.cpp",
    "tb/phase.h": "phase.h",
    "tb/ports.h": "ports.h",
    "tb/fst/lz4.h": "fst/lz4.h",
    "tb/fst/zlib.h": "fst/zlib.h",
}


def bench_texts(design: Mapping[str, Any], program_name: str = "") -> dict[str, str]:
    """The files of the test bench, by their path in ``rtl/``; its events are not among them.

    Parameters
    ----------
    design : mapping
        The content of ``design.json``.
    program_name : str
        For the README.

    Raises
    ------
    ProjectError
        If `design` lacks something, or has ports that the test bench cannot hold.
    """
    parsed = parse_design(design)
    values: dict[str, object] = {
        "TOP": parsed.top,
        "PROGRAM": program_name or parsed.top,
        "LATENCY": parsed.latency_cycles,
        "INTERVAL": parsed.interval_cycles,
        "CLOCK_PERIOD_PS": round(parsed.clock_period_ns * 1000),
        "INPUTS": _table(parsed.inputs),
        "OUTPUTS": _table(parsed.outputs),
        "DRIVE": "\n".join(_transfers("set_port", parsed.inputs)),
        "SAMPLE": "\n".join(_transfers("get_port", parsed.outputs)),
    }
    return {path: fill(template, values) for path, template in FILES.items()}


def fill(template: str, values: Mapping[str, object]) -> str:
    """The text of a template with every ``@KEY@`` replaced."""
    text = (TEMPLATES / template).read_text(encoding="utf-8")
    for key, value in values.items():
        text = text.replace(f"@{key}@", str(value))
    return text


def _table(ports: tuple[Port, ...]) -> str:
    rows = (f'{{"{p.name}", {p.size}, {p.width}, {str(p.signed).lower()}}}' for p in ports)
    return ",\n".join(f"    {row}" for row in rows)


def _transfers(call: str, ports: tuple[Port, ...]) -> Iterator[str]:
    word = 0
    for port in ports:
        yield f"    {call}(top.{port.name}, words + {word});"
        word += -(-port.n_bits // 32)
