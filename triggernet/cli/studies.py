"""Commands that put runs beside each other."""

from __future__ import annotations

from argparse import Namespace
from dataclasses import replace
from pathlib import Path

from triggernet.cli.command import (
    DATA,
    INTERVAL,
    JSON,
    PRODUCTS,
    SAVED,
    TABLES,
    Command,
    Outcome,
    argument,
    named_part,
    positive,
)


def _compare(args: Namespace) -> Outcome:
    from triggernet.front.projects import compare
    from triggernet.studies.compare import as_text

    names = ("data", "interval", "tables", "dsp", "clock_ns", "part", "out", "plot")
    found = compare(args.runs, **{name: getattr(args, name) for name in names})
    text = as_text(found) + (f"\n\ncomparison: {args.out}" if args.out is not None else "")
    return Outcome(text, found.as_dict())


COMMANDS: tuple[Command, ...] = (
    Command(
        "compare",
        _compare,
        "put runs side by side: rejection, size and hardware, and their Pareto fronts",
        "triggernet compare run models/* --data test.h5 -o page.html",
        (
            argument(
                "runs",
                metavar="RUN",
                nargs="+",
                type=Path,
                help="run folder, folder of the zoo, or exported project",
            ),
            replace(DATA, options={**DATA.options, "required": True}),
            INTERVAL,
            TABLES,
            PRODUCTS,
            argument(
                "--clock-ns",
                type=positive,
                metavar="T",
                help="of the Verilog: target clock period; default: 5",
            ),
            argument(
                "--part",
                default="xcvu13p",
                metavar="NAME",
                help=named_part("FPGA that shares are of, or a YAML file"),
            ),
            SAVED,
            argument("--plot", metavar="PLOT", type=Path, help="the plots as PNG, PDF or SVG"),
            JSON,
        ),
    ),
)
