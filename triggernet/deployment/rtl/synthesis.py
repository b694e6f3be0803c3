"""What synthesis, place and route count: results that lie in a project as ``synth.json``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from triggernet.deployment.rtl.count import ModuleCount
from triggernet.results import ProjectResult, ResultFile


@dataclass(frozen=True)
class Placement:
    """A design placed and routed on an open FPGA.

    Attributes
    ----------
    chip : str
    fits : bool
    reason : str
        Why it does not fit; empty if it does.
    max_mhz : float or None
        The clock of the slowest path, that to and from the harness included.
    used, available : mapping of str to int
        LUT4, FF, MULT18X18D, DP16KD (18 kbit), with the harness.
    harness_ff : int
        Registers of the harness among the FF.
    tool, version : str
    seconds : float
    """

    chip: str
    fits: bool
    reason: str
    max_mhz: float | None
    used: Mapping[str, int]
    available: Mapping[str, int]
    harness_ff: int
    tool: str
    version: str
    seconds: float

    def as_dict(self) -> dict[str, Any]:
        """The placement ready for JSON."""
        return asdict(self)

    def as_text(self) -> str:
        """Clock and use of the chip, for a terminal."""
        uses = ", ".join(f"{n} {self.used[n]} of {self.available[n]}" for n in self.used)
        head = f"{self.chip} ({self.tool} {self.version}): "
        if not self.fits:
            return f"{head}does not fit: {self.reason}"
        return f"{head}{self.max_mhz:.1f} MHz\n{uses} (with a harness of {self.harness_ff} FF)"


@dataclass(frozen=True)
class Synthesis(ProjectResult):
    """What a design takes, counted by Yosys.

    Attributes
    ----------
    lut, ff, dsp, bram, carry, srl : int
        See `triggernet.deployment.rtl.count`.
    cells : mapping of str to int
        Primitives by type.
    modules : mapping of str to ModuleCount
        What was synthesised as one, with the number of instances.
    family : str
        "xc7" (7-series) or "xcup" (UltraScale+).
    flatten : bool
        Whether the whole design was synthesised as one module.
    tool, version : str
    seconds : float
        What the run took; the first one, if it is `cached`.
    judges : mapping of str to str
        Digest of the sources, see `triggernet.results.PARTS`.
    place : Placement or None
        A placed and routed version for an open FPGA; see `triggernet.deployment.rtl.place`.
    cached : bool
        Whether an earlier run's result was found.
    """

    FILE = ResultFile("synthesis", "synth.json", "triggernet synth")
    PARTS = ("verilog",)

    lut: int
    ff: int
    dsp: int
    bram: int
    carry: int
    srl: int
    cells: Mapping[str, int]
    modules: Mapping[str, ModuleCount]
    family: str
    flatten: bool
    tool: str
    version: str
    seconds: float
    judges: Mapping[str, str] = field(default_factory=dict)
    place: Placement | None = None
    cached: bool = field(default=False, compare=False)

    def as_dict(self) -> dict[str, Any]:
        """The synthesis ready for JSON."""
        values = {f.name: getattr(self, f.name) for f in fields(self) if f.name != "cached"}
        modules = {name: module.as_dict() for name, module in self.modules.items()}
        values |= {"modules": modules, "cells": dict(self.cells), "judges": dict(self.judges)}
        return values | {"place": self.place and self.place.as_dict()}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any], where: str = "") -> Synthesis:
        """The synthesis from what `as_dict` gave; errors as `ProjectResult.from_dict`."""
        return super().from_dict(_nested_counts(values), where)

    def short_modules(self) -> list[tuple[str, ModuleCount]]:
        """The modules by the names that they have in the sources, one or more of each."""
        return [(_short(name), module) for name, module in self.modules.items()]

    def as_text(self) -> str:
        """The counts and the modules, for a terminal."""
        names = ("lut", "ff", "dsp", "bram", "carry", "srl")
        rows: list[tuple[str, ...]] = [
            ("", "instances", "LUT", "FF", "DSP", "BRAM", "CARRY", "SRL")
        ]
        rows += [
            (
                _short(name),
                str(m.instances),
                *(str(m.instances * getattr(m.counts, n)) for n in names),
            )
            for name, m in self.modules.items()
        ]
        rows.append(("in all", "", *(str(getattr(self, n)) for n in names)))
        how = "the same sources were synthesised before" if self.cached else f"{self.seconds:.1f} s"
        return "\n".join([f"{self.tool} {self.version}, {self.family}, {how}", "", *_table(rows)])


def _nested_counts(values: Mapping[str, Any]) -> dict[str, Any]:
    """Modules as they are in the class: the counts of one are not beside its instances."""
    modules = values.get("modules")
    if not isinstance(modules, Mapping):
        return dict(values)
    return {**values, "modules": {name: _nested_module(m) for name, m in modules.items()}}


def _nested_module(module: Any) -> Any:
    if not isinstance(module, Mapping) or "instances" not in module:
        return module
    counts = {key: value for key, value in module.items() if key != "instances"}
    return {"instances": module["instances"], "counts": counts}


def _short(module: str) -> str:
    """The name of a module without the parameters that Yosys writes into it."""
    return module.split("\\")[1] if module.startswith("$paramod") else module


def _table(rows: list[tuple[str, ...]]) -> list[str]:
    widths = [max(len(row[k]) for row in rows) for k in range(len(rows[0]))]
    return [
        "  ".join(
            cell.rjust(width) if k else cell.ljust(width)
            for k, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
