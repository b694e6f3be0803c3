"""Commands of jets: generated, converted, inspected."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

from triggernet.cli.command import (
    CLUSTER,
    CONFIG,
    JSON,
    SETTINGS,
    SHOW_CONFIG,
    WORKERS,
    Command,
    Outcome,
    argument,
    count,
    names,
    need,
    overrides,
    seed,
    shown_config,
)
from triggernet.words import counted


def _processes() -> str:
    from triggernet.data.generation.kinds import processes

    return (
        f"{', '.join(processes())}: top or W against QCD dijets, five classes near 1 TeV, or "
        "flavours with tracks"
    )


def _layouts() -> str:
    from triggernet.data.conversion import layouts

    return f"how the file is laid out: {', '.join(layouts())}"


def _generate(args: Namespace) -> Outcome:
    if args.show_config:
        from triggernet.front.jets import generation_config

        return shown_config(generation_config(args.process, args.config, overrides(args)))
    need(args, jets="--jets", out="--out")
    from triggernet.data.generation.kinds import maker_of
    from triggernet.front.jets import generate

    names = ("jets", "out", "seed", "workers", "config", "cluster")
    given = {name: getattr(args, name) for name in names}
    generated = generate(args.process, **given, settings=overrides(args))
    return Outcome(f"{args.out}: {maker_of(args.process).text(generated)}", generated)


def _convert(args: Namespace) -> Outcome:
    from triggernet.front.jets import convert

    names = ("classes", "signal", "background", "layout", "columns")
    given = {name: getattr(args, name) for name in names}
    converted = convert(
        args.source, out=args.target, limit=args.limit, compact=args.compact, **given
    )
    jets, classes = counted(converted["jets"], "jet"), ", ".join(converted["classes"])
    return Outcome(f"{args.target}: {jets} of {classes}", converted)


def _inspect(args: Namespace) -> Outcome:
    from triggernet.front.jets import inspect

    inspection = inspect(args.file, against=args.against, out=args.out)
    return Outcome(inspection.text, inspection.values)


COMMANDS: tuple[Command, ...] = (
    Command(
        "generate",
        _generate,
        "generate jets with Pythia 8",
        "triggernet generate toptag --jets 20000 --out jets.h5 --workers 2",
        (
            argument("process", metavar="PROCESS", help=_processes),
            argument(
                "--jets",
                type=count,
                metavar="N",
                help="how many jets in all; every class has the same share",
            ),
            argument("--out", type=Path, metavar="FILE", help="HDF5 file to write"),
            argument("--seed", type=seed, default=1, help="equal seeds give equal files"),
            WORKERS,
            CLUSTER,
            CONFIG,
            SETTINGS,
            SHOW_CONFIG,
            JSON,
        ),
    ),
    Command(
        "convert",
        _convert,
        "convert jets of any known format to triggernet's own",
        "triggernet convert test.h5 jets.h5",
        (
            argument("source", metavar="IN", type=Path, help="HDF5 or ROOT file of jets"),
            argument("target", metavar="OUT", type=Path, help="HDF5 file to write"),
            argument("--limit", type=count, metavar="N", help="convert only the first N jets"),
            argument(
                "--compact",
                type=count,
                metavar="N",
                help="keep the N leading constituents of each jet, as integers",
            ),
            argument("--classes", type=names, default=(), metavar="A,B", help="only these classes"),
            argument(
                "--signal",
                type=names,
                default=(),
                metavar="A,B",
                help="classes that make up the signal",
            ),
            argument(
                "--background",
                type=names,
                default=(),
                metavar="A,B",
                help="classes that make up the background; all others are left out",
            ),
            argument(
                "--columns",
                type=Path,
                metavar="YAML",
                help="which column of any HDF5, ROOT, Parquet or NumPy file is what",
            ),
            argument("--layout", default="triggernet", metavar="LAYOUT", help=_layouts),
            JSON,
        ),
    ),
    Command(
        "inspect",
        _inspect,
        "say what a file of jets holds, and draw it",
        "triggernet inspect jets.h5 -o jets.png",
        (
            argument("file", metavar="FILE", type=Path, help="jets of any known format"),
            argument("-o", "--out", type=Path, metavar="PLOTS", help="PNG, PDF or SVG to write"),
            argument(
                "--against", type=Path, metavar="FILE", help="jets to compare with, drawn as points"
            ),
            JSON,
        ),
    ),
)
