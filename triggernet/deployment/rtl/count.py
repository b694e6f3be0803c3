"""What a netlist of Xilinx primitives takes, counted from Yosys' statistics.

A LUT site is counted for every LUT1 to LUT6, for every inverter that was left over (INV), for
every shift register (SRL16E, SRLC32E), and as many as AMD's UG474 and UG574 state for each
distributed memory. Two small LUTs that share one site count as two, as Vivado's synthesis reports
them before placing. F7, F8 multiplexers and carry chains take no site. A RAMB36 is two block RAMs
of 18 kbit. Registers inside DSPs and block RAMs are none of the FF, as in Vivado's reports.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from triggernet.deployment.rtl.yosys_worker import instances
from triggernet.errors import ProjectError, ToolError

LOGIC = {"LUT1", "LUT2", "LUT3", "LUT4", "LUT5", "LUT6", "INV"}
SHIFT = {"SRL16E", "SRLC16E", "SRLC32E"}
MEMORY = {
    "RAM32X1S": 1,
    "RAM64X1S": 1,
    "RAM32X1D": 2,
    "RAM64X1D": 2,
    "RAM128X1S": 2,
    "RAM128X1D": 4,
    "RAM256X1S": 4,
    "RAM256X1D": 8,
    "RAM512X1S": 8,
    "RAM32M": 4,
    "RAM64M": 4,
    "RAM32M16": 8,
    "RAM64M8": 8,
}
REGISTERS = {"FDRE", "FDSE", "FDCE", "FDPE"}
LATCHES = {"LDCE", "LDPE"}
BLOCK_RAM = {"RAMB18E1": 1, "RAMB18E2": 1, "RAMB36E1": 2, "RAMB36E2": 2}
CARRY = {"CARRY4", "CARRY8"}
DSP = {"DSP48E1", "DSP48E2"}
FREE = {"MUXF7", "MUXF8", "MUXF9", "VCC", "GND", "BUFG", "$scopeinfo"}


@dataclass(frozen=True)
class Counts:
    """Primitives of a netlist: LUT sites, registers, DSPs, block RAMs of 18 kbit, of LUT sites
    those that are shift registers, and carry chains as primitives.
    """  # noqa: D205

    lut: int = 0
    ff: int = 0
    dsp: int = 0
    bram: int = 0
    carry: int = 0
    srl: int = 0


@dataclass(frozen=True)
class ModuleCount:
    """A module that was synthesised as one: how often it exists, and what one of it takes."""

    instances: int
    counts: Counts

    def as_dict(self) -> dict[str, int]:
        """The module ready for JSON."""
        return {"instances": self.instances, **asdict(self.counts)}


def modules_of(statistics: Mapping[str, Any], top: str) -> dict[str, ModuleCount]:
    """Every module below `top` from the output of ``stat -json``.

    Raises
    ------
    ToolError
        If a cell is no primitive of the family: nothing could be said about the whole.
    ProjectError
        If a latch was inferred.
    """
    contents = {
        _plain(name): entry["num_cells_by_type"] for name, entry in statistics["modules"].items()
    }
    uses = instances(contents, top)
    return {
        name: ModuleCount(count, counts_of(_primitives(contents, name)))
        for name, count in sorted(uses.items())
    }


def cells_of(statistics: Mapping[str, Any], modules: Mapping[str, ModuleCount]) -> dict[str, int]:
    """All primitives of the design by type, each module's as often as it exists."""
    total: dict[str, int] = {}
    for name, entry in statistics["modules"].items():
        module = modules.get(_plain(name))
        for kind, number in entry["num_cells_by_type"].items():
            if module is not None and kind not in modules and kind != "$scopeinfo":
                total[kind] = total.get(kind, 0) + module.instances * number
    return dict(sorted(total.items()))


def _plain(name: str) -> str:
    return name.removeprefix("\\")


def _primitives(contents: Mapping[str, Mapping[str, int]], name: str) -> dict[str, int]:
    return {kind: number for kind, number in contents[name].items() if kind not in contents}


def counts_of(cells: Mapping[str, int]) -> Counts:
    """What primitives take, by their type; errors as `modules_of`."""
    known = LOGIC | SHIFT | MEMORY.keys() | REGISTERS | BLOCK_RAM.keys() | CARRY | DSP | FREE
    latches = sum(cells.get(kind, 0) for kind in LATCHES)
    if latches:
        raise ProjectError(
            f"the RTL infers {latches} latches; every register must be clocked: give each "
            "combinational variable a value on every path"
        )
    strange = sorted(set(cells) - known)
    if strange:
        raise ToolError(
            f"Yosys left cells whose cost is not known: {', '.join(strange)}; known are LUTs, "
            "registers, shift registers, memories, carry chains and DSPs"
        )

    def total(kinds: set[str]) -> int:
        return sum(number for kind, number in cells.items() if kind in kinds)

    memory = sum(MEMORY.get(kind, 0) * number for kind, number in cells.items())
    return Counts(
        lut=total(LOGIC | SHIFT) + memory,
        ff=total(REGISTERS),
        dsp=total(DSP),
        bram=sum(BLOCK_RAM.get(kind, 0) * number for kind, number in cells.items()),
        carry=total(CARRY),
        srl=total(SHIFT),
    )
