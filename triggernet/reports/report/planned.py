"""The Verilog that an export would write, for models that have no firmware yet."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from triggernet.deployment.rtl.config import RtlConfig
from triggernet.deployment.rtl.design import Design
from triggernet.deployment.rtl.lower import Hardware, lower, useful_interval, useful_intervals
from triggernet.deployment.rtl.texts import describe
from triggernet.errors import UnsupportedError
from triggernet.program import Program
from triggernet.reports.report.subject import Subject


def planned(folder: Path, program: Program, config: RtlConfig) -> tuple[Subject, tuple[str, ...]]:
    """A program's Verilog at the interval of `config` or the nearest that can be had.

    Where a program cannot be had at that interval, the nearest useful one above is taken, and if
    there is none, the nearest one below.

    Returns
    -------
    (Subject, notes)
        The notes say why it is not the interval that was asked for.

    Raises
    ------
    UnsupportedError
        If there is no Verilog of it at any interval.
    """
    hardware, notes = _nearest(program, config)
    return _subject(folder, hardware), notes


def _subject(folder: Path, hardware: Hardware) -> Subject:
    """The design as an export would describe it."""
    config, counted = hardware.config, describe(hardware)["predicted"]
    rtl = Design(
        config.top,
        config.clock_period_ns,
        hardware.interval_cycles,
        hardware.latency_cycles,
        inputs=(),
        outputs=(),
        part=config.part,
        predicted=counted,
    )
    return Subject(folder, hardware.program, rtl=rtl)


def _nearest(program: Program, config: RtlConfig) -> tuple[Hardware, tuple[str, ...]]:
    """The design at the interval of `config` or the nearest that can be had, and why that one."""
    asked, useful = useful_interval(program, config.interval), useful_intervals(program)
    below = sorted((k for k in useful if k < asked), reverse=True)
    first: UnsupportedError | None = None
    for interval in [*(k for k in useful if k >= asked), *below]:
        try:
            hardware = lower(program, replace(config, interval=interval))
        except UnsupportedError as error:
            first = first or error
            continue
        return hardware, _about_interval(config.interval, interval, first)
    assert first is not None, "1 is always among the useful intervals"
    raise first


def _about_interval(asked: int, interval: int, refusal: UnsupportedError | None) -> tuple[str, ...]:
    if refusal is not None:
        return (
            f"Not at an interval of {asked}, but at the nearest possible, {interval}: {refusal}.",
        )
    if asked != interval:
        return (f"An interval of {asked} takes the same hardware as one of {interval}.",)
    return ()
