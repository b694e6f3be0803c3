"""The `triggernet` command: verbs in pipeline order, one short function each.

To add a command, write one function and one entry of `COMMANDS`, both below:

1. A function ``def _verb(args: Namespace) -> Outcome`` in three moves: load what `args` names, make
   one public call of the stage's package, save. Import the stage inside the function, so that
   ``triggernet --version`` stays quick. It prints nothing; it returns an `Outcome`, which `main`
   prints as text or, with ``--json``, as one JSON object. ``passed=False`` gives exit code 1.
2. An entry ``Command("verb", _verb, "what it does", "triggernet verb example", (RUN, OUT, ...))``
   at its place in the pipeline. Arguments that several commands share are constants (`RUN`,
   `PROJECT`, `OUT`, `CONFIG`, `SETTINGS`, `DATA`, `JSON`); others are written in place:
   ``argument("--vectors", type=int, default=100_000, help="...")``.

Exit codes and what goes where are the business of `triggernet/command.py`.
"""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from triggernet.command import Command, Outcome, argument, run_command

RUN = argument("run_folder", metavar="RUN", type=Path, help="run folder, or folder of the zoo")
PROJECT = argument("project", metavar="PROJECT", type=Path, help="folder of an exported project")
OUT = argument(
    "--out", metavar="DIR", type=Path, required=True, help="new folder for what is written"
)
DATA = argument("--data", metavar="FILE", type=Path, help="HDF5 file of jets")
CONFIG = argument("--config", metavar="YAML", type=Path, help="configuration file")
SETTINGS = argument(
    "--set",
    dest="settings",
    metavar="KEY=VALUE",
    action="append",
    default=[],
    help="one value of the configuration, by its dotted key; wins over --config, may be repeated",
)
JSON = argument(
    "--json", dest="as_json", action="store_true", help="print one JSON object instead of text"
)


def overrides(args: Namespace) -> dict[str, Any]:
    """The values given with ``--set``, ready for `triggernet.config.load_config`."""
    from triggernet.config import parse_override

    return dict(parse_override(text) for text in args.settings)


def _generate(args: Namespace) -> Outcome:
    from triggernet.config import load_config
    from triggernet.data.generation import GenerationConfig, generate, summary_text

    changes = overrides(args) | {"process": args.process}
    config = load_config(GenerationConfig, args.config, changes)
    found = generate(config, args.jets, args.out, args.seed, args.workers)
    return Outcome(f"{args.out}: {summary_text(found)}", found)


def _convert(args: Namespace) -> Outcome:
    from triggernet.data import convert

    found = convert(args.source, args.target, args.limit, args.compact)
    return Outcome(f"{args.target}: {found['jets']} jets of {', '.join(found['classes'])}", found)


def _inspect(args: Namespace) -> Outcome:
    from triggernet.data.inspection import inspect

    found = inspect(args.file, args.against, args.out)
    return Outcome(found.text, found.values)


def _train(args: Namespace) -> Outcome:
    from triggernet.data import load_jets
    from triggernet.files import sha256_of
    from triggernet.training import load_run_config, train

    config = load_run_config(args.config, overrides(args), args.model, args.preset)
    jets = load_jets(args.data, config.training.max_jets)
    digests = {args.data.name: sha256_of(args.data)}
    run = train(config, jets, args.out, digests, args.resume)
    return Outcome(f"{args.out}: {run.as_text()}", run.metrics)


def _evaluate(args: Namespace) -> Outcome:
    from triggernet.data import load_jets
    from triggernet.training import evaluate, load_run
    from triggernet.training.roc import plot_roc

    found = evaluate(load_run(args.run_folder), load_jets(args.data))
    if args.plot is not None:
        plot_roc(found, args.plot)
    return Outcome(found.as_text(), found.as_dict() | {"saturated": dict(found.saturated)})


# In pipeline order: generate, convert, inspect, train, evaluate, export, verify, cosim, report.
def _export(args: Namespace) -> Outcome:
    from triggernet.export import export_run, write_export
    from triggernet.hls import HlsConfig
    from triggernet.hls.export import export_hls

    hls = HlsConfig(part=args.part, clock_period_ns=args.clock_ns, reuse_factor=args.reuse_factor)
    export = export_run(args.run_folder)
    values: dict[str, Any] = {"folder": str(args.out), "nodes": len(export.program.nodes)}
    if args.hls:
        options = {"vendored": not args.slim, "overwrite": args.overwrite}
        values["digest"] = export_hls(export, args.out, hls, **options).digest
    else:
        write_export(export, args.out, args.overwrite)
    kind = "HLS project" if args.hls else "QONNX file"
    return Outcome(f"{args.out}: {kind} of {values['nodes']} nodes", values)


def _verify(args: Namespace) -> Outcome:
    from triggernet.data import load_jets
    from triggernet.files import write_json
    from triggernet.verify import AGREEMENT, verify

    jets = None if args.data is None else load_jets(args.data)
    agreement = verify(args.project, jets, args.vectors, seed=args.seed)
    values = agreement.as_dict()
    write_json(args.project / AGREEMENT, values)
    return Outcome(agreement.as_text(), values, agreement.exact)


def _report(args: Namespace) -> Outcome:
    from triggernet.report import as_text, check_format, report, save_report

    if args.out is not None:
        check_format(args.out)
    found = report(args.project, args.budget, args.part, data=args.data)
    text = as_text(found)
    if args.out is not None:
        save_report(found, args.out)
        text += f"\n\nreport: {args.out}"
    return Outcome(text, found.as_dict(), found.passed)


COMMANDS: tuple[Command, ...] = (
    Command(
        "generate",
        _generate,
        "generate jets with Pythia 8",
        "triggernet generate toptag --jets 20000 --out jets.h5 --workers 2",
        (
            argument("process", choices=("toptag", "wtag"), help="signal, against QCD dijets"),
            argument("--jets", type=int, required=True, metavar="N", help="half of them signal"),
            argument("--out", type=Path, required=True, metavar="FILE", help="HDF5 file to write"),
            argument("--seed", type=int, default=1, help="equal seeds give equal files"),
            argument("--workers", type=int, default=1, metavar="W", help="number of processes"),
            CONFIG,
            SETTINGS,
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
            argument("--limit", type=int, metavar="N", help="only the first N jets"),
            argument(
                "--compact", type=int, metavar="N", help="integers of the N leading constituents"
            ),
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
    Command(
        "train",
        _train,
        "train a model, first in floating point, then quantisation-aware",
        "triggernet train nanopelican --data jets.h5 --out run",
        (
            argument("model", metavar="MODEL", help="nanopelican or deepsets"),
            replace(DATA, options={**DATA.options, "required": True}),
            OUT,
            CONFIG,
            SETTINGS,
            argument(
                "--preset",
                default="default",
                help="default, or paper: the schedule of the nanoPELICAN paper",
            ),
            argument("--resume", action="store_true", help="finish a training that was killed"),
            JSON,
        ),
    ),
    Command(
        "evaluate",
        _evaluate,
        "judge a trained model on jets",
        "triggernet evaluate run --data test.h5 -o roc.png",
        (
            RUN,
            replace(DATA, options={**DATA.options, "required": True}),
            argument(
                "-o", dest="plot", metavar="PLOT", type=Path, help="ROC plot: PNG, PDF or SVG"
            ),
            JSON,
        ),
    ),
    Command(
        "export",
        _export,
        "export a trained model to QONNX, and to an HLS C++ project",
        "triggernet export run --hls --out project",
        (
            RUN,
            OUT,
            argument("--hls", action="store_true", help="add the hls4ml project"),
            argument(
                "--reuse-factor", type=int, default=1, metavar="R", help="interval in clock cycles"
            ),
            argument(
                "--clock-ns", type=float, default=5.0, metavar="T", help="target clock period"
            ),
            argument("--part", default="xcvu13p-flga2577-2-e", help="full name of the FPGA"),
            argument(
                "--slim", action="store_true", help="leave out the headers that hls4ml brings"
            ),
            argument("--overwrite", action="store_true", help="replace what lies in DIR"),
            JSON,
        ),
    ),
    Command(
        "verify",
        _verify,
        "compare every executor of a project with its exact integers, to the last bit",
        "triggernet verify project --vectors 100000",
        (
            PROJECT,
            replace(DATA, options={**DATA.options, "help": "jets among the vectors"}),
            argument("--vectors", type=int, default=100_000, metavar="N", help="how many inputs"),
            argument("--seed", type=int, default=1, help="of the vectors"),
            JSON,
        ),
    ),
    Command(
        "report",
        _report,
        "say what a project takes, and whether a trigger's budget allows it",
        "triggernet report project --budget l1 -o report.html",
        (
            PROJECT,
            argument(
                "--budget", default="l1", metavar="NAME", help="name of a budget, or a YAML file"
            ),
            argument(
                "--part", metavar="NAME", help="name of an FPGA, or a YAML file; default: its own"
            ),
            replace(DATA, options={**DATA.options, "help": "jets for the ROC curve"}),
            argument(
                "-o", "--out", type=Path, metavar="FILE", help="write .html, .md or .json as well"
            ),
            JSON,
        ),
    ),
)


def main(argv: Sequence[str] | None = None, commands: Sequence[Command] = COMMANDS) -> int:
    """Run the command line `argv` (default: the process's own) and return its exit code."""
    return run_command(argv, commands)
