"""The command that makes a project of a trained model."""

from __future__ import annotations

from argparse import Namespace

from triggernet.cli.command import (
    INTERVAL,
    JSON,
    OUT,
    PRODUCTS,
    RUN,
    TABLES,
    Command,
    Outcome,
    argument,
    count,
    named_budget,
    named_part,
    positive,
)


def _export(args: Namespace) -> Outcome:
    from triggernet.front.export import export

    names = (
        "out",
        "hls",
        "rtl",
        "onnx",
        "interval",
        "fold",
        "budget",
        "tables",
        "dsp",
        "reuse_factor",
    )
    given = {
        name: getattr(args, name) for name in (*names, "clock_ns", "part", "slim", "overwrite")
    }
    exported = export(args.run_folder, **given)
    return Outcome(exported.as_text(), exported.as_dict())


COMMANDS: tuple[Command, ...] = (
    Command(
        "export",
        _export,
        "export a trained model to QONNX, HLS C++, Verilog, or float ONNX",
        "triggernet export run --hls --out project",
        (
            RUN,
            OUT,
            argument("--hls", action="store_true", help="add the hls4ml project"),
            argument("--rtl", action="store_true", help="add the Verilog project"),
            argument(
                "--onnx",
                action="store_true",
                help="add the float model for ONNX Runtime, as float.onnx",
            ),
            INTERVAL,
            argument(
                "--fold",
                choices=("auto",),
                help="of the Verilog: the smallest design that --budget allows, whatever interval",
            ),
            argument(
                "--budget",
                default="l1",
                metavar="NAME",
                help=named_budget("of --fold"),
            ),
            TABLES,
            PRODUCTS,
            argument(
                "--reuse-factor",
                type=count,
                metavar="R",
                help="of the HLS C++: interval in clock cycles",
            ),
            argument(
                "--clock-ns",
                type=positive,
                metavar="T",
                help="target clock period; default: the budget's with --fold, otherwise 5",
            ),
            argument(
                "--part",
                default="xcvu13p",
                metavar="NAME",
                help=named_part("FPGA by its full name, or by a short one"),
            ),
            argument(
                "--slim", action="store_true", help="leave out the headers that hls4ml brings"
            ),
            argument(
                "--overwrite",
                action="store_true",
                help="replace the export or project in DIR; refused if it holds anything else",
            ),
            JSON,
        ),
    ),
)
