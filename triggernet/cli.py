"""The `triggernet` command: verbs in pipeline order, one short function each.

Commands up to `evaluate` are here, those of the firmware in `triggernet/cli_firmware.py`. To add
one, write one function and one entry of `COMMANDS`:

1. A function ``def _verb(args: Namespace) -> Outcome`` in three moves: load what `args` names, make
   one public call of the stage's package, save. Import the stage inside the function, so that
   ``triggernet --version`` stays quick. It prints nothing; it returns an `Outcome`, which `main`
   prints as text or, with ``--json``, as one JSON object. ``passed=False`` gives exit code 1.
2. An entry ``Command("verb", _verb, "what it does", "triggernet verb example", (RUN, OUT, ...))``
   at its place in the pipeline. Arguments that several commands share are constants (`RUN`,
   `PROJECT`, `OUT`, `CONFIG`, `SETTINGS`, `DATA`, `JSON`); others are written in place:
   ``argument("--vectors", type=count, default=100_000, help="...")``.

Exit codes and what goes where are the business of `triggernet/command.py`.
"""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from triggernet.cli_firmware import COMMANDS as FIRMWARE
from triggernet.command import (
    CONFIG,
    DATA,
    JSON,
    OUT,
    RUN,
    SETTINGS,
    Command,
    Outcome,
    argument,
    count,
    run_command,
    seed,
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
    from triggernet.training import load_run_config
    from triggernet.training.run_folder import check_folder

    config = load_run_config(args.config, overrides(args), args.model, args.preset)
    digests = {args.data.name: sha256_of(args.data)}
    check_folder(args.out, config, digests, args.resume)
    jets = load_jets(args.data, config.training.max_jets)
    from triggernet.training import train

    run = train(config, jets, args.out, digests, args.resume)
    return Outcome(f"{args.out}: {run.as_text()}", run.metrics)


def _evaluate(args: Namespace) -> Outcome:
    from triggernet.data import load_jets
    from triggernet.files import check_plot
    from triggernet.training.run_folder import finished_config

    finished_config(args.run_folder)
    if args.plot is not None:
        check_plot(args.plot)
    jets = load_jets(args.data)
    from triggernet.training import evaluate, load_run, symmetry
    from triggernet.training.roc import plot_roc

    run = load_run(args.run_folder)
    found = evaluate(run, jets)
    if args.plot is not None:
        plot_roc(found, args.plot)
    text, values = found.as_text(), found.as_dict() | {"saturated": dict(found.saturated)}
    if not args.symmetry:
        return Outcome(text, values)
    changes = symmetry(run, jets)
    values["symmetry"] = changes.as_dict()
    return Outcome(f"{text}\n\n{changes.as_text()}", values, changes.kept)


COMMANDS: tuple[Command, ...] = (
    Command(
        "generate",
        _generate,
        "generate jets with Pythia 8",
        "triggernet generate toptag --jets 20000 --out jets.h5 --workers 2",
        (
            argument("process", choices=("toptag", "wtag"), help="signal, against QCD dijets"),
            argument("--jets", type=count, required=True, metavar="N", help="half of them signal"),
            argument("--out", type=Path, required=True, metavar="FILE", help="HDF5 file to write"),
            argument("--seed", type=seed, default=1, help="equal seeds give equal files"),
            argument("--workers", type=count, default=1, metavar="W", help="number of processes"),
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
            argument("--limit", type=count, metavar="N", help="only the first N jets"),
            argument(
                "--compact", type=count, metavar="N", help="integers of the N leading constituents"
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
        "train a model in floating point, then quantisation-aware if it has a hardware form",
        "triggernet train nanopelican --data jets.h5 --out run",
        (
            argument(
                "model",
                metavar="MODEL",
                help="nanopelican, deepsets, jedilinear, semiequivariant, lorentznet or mlp",
            ),
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
            argument(
                "--symmetry",
                action="store_true",
                help="also how the output changes under permutations, rotations and boosts",
            ),
            JSON,
        ),
    ),
    *FIRMWARE,
)


def main(argv: Sequence[str] | None = None, commands: Sequence[Command] = COMMANDS) -> int:
    """Run the command line `argv` (default: the process's own) and return its exit code."""
    return run_command(argv, commands)
