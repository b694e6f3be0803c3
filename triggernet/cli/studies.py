"""Commands that ask questions of several runs: compared, searched for."""

from __future__ import annotations

from argparse import Namespace
from dataclasses import replace
from pathlib import Path

from triggernet.cli.command import (
    CLUSTER,
    DATA,
    INTERVAL,
    JSON,
    OUT,
    PRODUCTS,
    RUN,
    SAVED,
    TABLES,
    WORKERS,
    Command,
    Outcome,
    argument,
    count,
    named_budget,
    named_part,
    positive,
)


def _compare(args: Namespace) -> Outcome:
    from triggernet.front.projects import compare
    from triggernet.studies.compare import as_text

    names = ("data", "interval", "tables", "dsp", "clock_ns", "part", "out", "plot")
    comparison = compare(args.runs, **{name: getattr(args, name) for name in names})
    text = as_text(comparison) + (f"\n\ncomparison: {args.out}" if args.out is not None else "")
    return Outcome(text, comparison.as_dict())


def _sweep(args: Namespace) -> Outcome:
    from triggernet.front.studies import sweep

    names = ("data", "out", "trials", "workers", "cluster")
    studied = sweep(args.study, **{name: getattr(args, name) for name in names})
    return Outcome(studied.as_text(), studied.as_dict())


def _sweep_report(args: Namespace) -> Outcome:
    from triggernet.front.studies import sweep_report
    from triggernet.studies.sweep import study_text

    reported = sweep_report(args.study, out=args.out)
    text = study_text(reported) + (f"\n\nreport: {args.out}" if args.out is not None else "")
    return Outcome(text, reported.as_dict())


def _fit_widths(args: Namespace) -> Outcome:
    from triggernet.front.studies import fit_widths

    names = ("data", "out", "budget", "loss", "part", "epochs")
    fitted = fit_widths(args.run_folder, **{name: getattr(args, name) for name in names})
    return Outcome(fitted.as_text(), fitted.as_dict())


def _interpret(args: Namespace) -> Outcome:
    from triggernet.front.studies import interpret
    from triggernet.studies.interpret import as_text

    interpretation = interpret(args.runs, data=args.data, out=args.out)
    text = as_text(interpretation) + (
        f"\n\ninterpretation: {args.out}" if args.out is not None else ""
    )
    return Outcome(text, interpretation.as_dict())


COMMANDS: tuple[Command, ...] = (
    Command(
        "sweep",
        _sweep,
        "search a space of settings, by physics and by what the hardware pays",
        "triggernet sweep study.yaml --data jets.h5 --out study --trials 100",
        (
            argument("study", metavar="STUDY", type=Path, help="YAML file of the study"),
            replace(DATA, options={**DATA.options, "required": True}),
            replace(OUT, options={**OUT.options, "help": "folder of the study, new or begun"}),
            argument(
                "--trials",
                type=count,
                metavar="N",
                help="how many trials in all, completed or pruned; default: as the study says",
            ),
            WORKERS,
            CLUSTER,
            JSON,
        ),
    ),
    Command(
        "sweep-report",
        _sweep_report,
        "say what a search has found: best trials, Pareto front, which settings matter",
        "triggernet sweep-report study -o page.html",
        (
            argument("study", metavar="DIR", type=Path, help="folder of a study"),
            SAVED,
            JSON,
        ),
    ),
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
                help="target clock period of the Verilog; default: 5",
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
    Command(
        "fit-widths",
        _fit_widths,
        "narrow the widths of a trained model as far as its AUC allows",
        "triggernet fit-widths run --budget cms-phase2 --data jets.h5 --out narrow",
        (
            RUN,
            replace(DATA, options={**DATA.options, "required": True}),
            OUT,
            argument(
                "--budget",
                default="l1",
                metavar="NAME",
                help=named_budget("at whose rate the hardware is counted"),
            ),
            argument(
                "--loss",
                type=positive,
                default=0.001,
                metavar="L",
                help="how much AUC may be lost: the upper 95 %% bound of the loss stays below",
            ),
            argument(
                "--part", default="xcvu13p", metavar="NAME", help=named_part("FPGA to count for")
            ),
            argument(
                "--epochs",
                type=count,
                default=3,
                metavar="N",
                help="epochs of each short fine-tuning during the search",
            ),
            JSON,
        ),
    ),
    Command(
        "interpret",
        _interpret,
        "say what a model has learned of pairs of particles, and whether trainings agree",
        "triggernet interpret models/nanopelican-c2-n8j -o page.html",
        (
            argument(
                "runs", metavar="RUN", nargs="+", type=Path, help="run folder, or folder of the zoo"
            ),
            replace(
                DATA,
                options={
                    **DATA.options,
                    "help": "HDF5 file of jets of two classes; default: the packaged test jets",
                },
            ),
            SAVED,
            JSON,
        ),
    ),
)
