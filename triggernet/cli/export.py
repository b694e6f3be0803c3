"""The command that makes a project of a trained model."""

from __future__ import annotations

from argparse import ArgumentTypeError, Namespace
from pathlib import Path
from typing import Any

from triggernet.cli.command import (
    INTERVAL,
    JSON,
    OUT,
    PRODUCTS,
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
        "tasks",
        "interval",
        "fold",
        "budget",
        "tables",
        "dsp",
        "reuse_factor",
    )
    given: dict[str, Any] = {
        name: getattr(args, name) for name in (*names, "clock_ns", "part", "slim", "overwrite")
    }
    given["input_types"] = dict(args.input_type)
    given["output_types"] = dict(args.output_type)
    given |= {"state": args.state, "example": args.example or None}
    exported = export(args.run_folder, **given)
    return Outcome(exported.as_text(), exported.as_dict())


def named_type(text: str) -> tuple[str, str]:
    """A name and its type, from ``NAME=fixed<W,I>``."""
    name, equals, kind = text.partition("=")
    if not (name and equals and kind):
        raise ArgumentTypeError(f"{text!r} is not NAME=fixed<W,I>")
    return name, kind


def shape(text: str) -> tuple[int, ...]:
    """Lengths, from ``1,16``."""
    parts = text.split(",")
    if not all(part.strip().isdecimal() for part in parts):
        raise ArgumentTypeError(f"{text!r} is no shape; expected lengths such as 1,16")
    return tuple(int(part) for part in parts)


COMMANDS: tuple[Command, ...] = (
    Command(
        "export",
        _export,
        "export a trained model to QONNX, HLS C++, Verilog, or float ONNX",
        "triggernet export run --hls --out project",
        (
            argument(
                "run_folder",
                metavar="RUN",
                type=Path,
                help="run folder, folder of the zoo, QONNX file of anybody, or "
                "package.module:Network (whose code is run)",
            ),
            OUT,
            argument("--hls", action="store_true", help="add the hls4ml project"),
            argument("--rtl", action="store_true", help="add the Verilog project"),
            argument(
                "--onnx",
                action="store_true",
                help="add the float model for ONNX Runtime, as float.onnx",
            ),
            argument(
                "--tasks",
                choices=("jet", "all"),
                default="jet",
                help="what float.onnx tells: of jets alone, or of their parts and pairs too",
            ),
            INTERVAL,
            argument(
                "--fold",
                choices=("auto",),
                help="take the smallest Verilog that --budget allows, whatever its interval",
            ),
            argument(
                "--budget",
                default="l1",
                metavar="NAME",
                help=named_budget("the budget that --fold keeps"),
            ),
            TABLES,
            PRODUCTS,
            argument(
                "--reuse-factor",
                type=count,
                metavar="R",
                help="interval of the HLS C++ in clock cycles; default: 1",
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
                "--input-type",
                action="append",
                default=[],
                type=named_type,
                metavar="NAME=TYPE",
                help="of a model of anybody: type of an input that no quantiser follows, such as "
                "x=fixed<14,4>",
            ),
            argument(
                "--output-type",
                action="append",
                default=[],
                type=named_type,
                metavar="NAME=TYPE",
                help="likewise of an output that no quantiser precedes",
            ),
            argument(
                "--state",
                type=Path,
                metavar="FILE",
                help="of package.module:Network: weights, as torch.save(net.state_dict(), FILE) "
                "writes them",
            ),
            argument(
                "--example",
                action="append",
                default=[],
                type=shape,
                metavar="SHAPE",
                help="of package.module:Network: shape of one event of an input, such as 1,16",
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
