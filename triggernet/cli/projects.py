"""Commands of exported projects: verified, simulated, synthesised, reported."""

from __future__ import annotations

from argparse import Namespace
from dataclasses import replace

from triggernet.cli.command import (
    DATA,
    JSON,
    PROJECT,
    SAVED,
    Command,
    Outcome,
    argument,
    count,
    named_budget,
    named_part,
    positive,
    seed,
)


def _verify(args: Namespace) -> Outcome:
    from triggernet.front.projects import verify

    given = {name: getattr(args, name) for name in ("data", "vectors", "seed", "onnx")}
    agreement = verify(args.project, **given)
    return Outcome(
        agreement.as_text(), agreement.as_dict(), agreement.agrees, not agreement.complete
    )


def _latency(args: Namespace) -> Outcome:
    from triggernet.front.projects import latency

    given = {name: getattr(args, name) for name in ("data", "objects", "threads", "events")}
    latencies = latency(args.project, **given)
    return Outcome(latencies.as_text(), latencies.as_dict())


def _cosim(args: Namespace) -> Outcome:
    from triggernet.front.projects import cosim

    names = ("data", "vectors", "seed", "wave", "edited", "netlist")
    given = {name: getattr(args, name) for name in names}
    simulated = cosim(args.project, **given)
    return Outcome(simulated.as_text(), simulated.as_dict(), simulated.passed)


def _prove(args: Namespace) -> Outcome:
    from triggernet.front.projects import prove

    proof = prove(args.project, limit_s=args.limit, edited=args.edited)
    return Outcome(proof.as_text(), proof.as_dict(), proof.passed, proof.incomplete)


def _synth(args: Namespace) -> Outcome:
    from triggernet.front.projects import synth

    synthesis = synth(args.project, family=args.family, flatten=args.flatten, place=args.place)
    values = synthesis.as_dict() | {"cached": synthesis.cached}
    if args.place is None or synthesis.place is None:
        return Outcome(synthesis.as_text(), values)
    text = f"{synthesis.as_text()}\n\n{synthesis.place.as_text()}"
    return Outcome(text, values | {"place": synthesis.place.as_dict()}, synthesis.place.fits)


def _report(args: Namespace) -> Outcome:
    from triggernet.front.projects import report
    from triggernet.reports.pages import as_text

    given = {name: getattr(args, name) for name in ("budget", "part", "data", "out")}
    judged = report(args.project, **given)
    text = as_text(judged) + (f"\n\nreport: {args.out}" if args.out is not None else "")
    return Outcome(text, judged.as_dict(), judged.passed)


COMMANDS: tuple[Command, ...] = (
    Command(
        "verify",
        _verify,
        "compare every executor of a project with its exact integers, to the last bit",
        "triggernet verify project --vectors 100000",
        (
            PROJECT,
            replace(DATA, options={**DATA.options, "help": "jets among the vectors"}),
            argument(
                "--vectors",
                type=count,
                default=100_000,
                metavar="N",
                help="how many inputs are compared",
            ),
            argument(
                "--seed", type=seed, default=1, help="number from which the vectors are drawn"
            ),
            argument(
                "--onnx",
                action="store_true",
                help="compare float.onnx in ONNX Runtime with PyTorch, within a tolerance",
            ),
            JSON,
        ),
    ),
    Command(
        "latency",
        _latency,
        "measure how long ONNX Runtime takes for an event, preparation included",
        "triggernet latency project --objects 1 5 20 --threads 1",
        (
            PROJECT,
            replace(DATA, options={**DATA.options, "help": "jets that events are made of"}),
            argument(
                "--objects",
                type=count,
                nargs="+",
                default=(1, 5, 20),
                metavar="N",
                help="how many jets an event has; each number is measured",
            ),
            argument(
                "--threads",
                type=count,
                nargs="+",
                default=(1, 2),
                metavar="N",
                help="how many threads a call may use; each number is measured",
            ),
            argument(
                "--events",
                type=count,
                default=300,
                metavar="N",
                help="how many events are measured of each kind",
            ),
            JSON,
        ),
    ),
    Command(
        "cosim",
        _cosim,
        "simulate a project's Verilog clock by clock: every bit, latency and interval",
        "triggernet cosim project --vectors 100000",
        (
            PROJECT,
            replace(DATA, options={**DATA.options, "help": "jets among the vectors"}),
            argument(
                "--vectors",
                type=count,
                default=100_000,
                metavar="N",
                help="how many inputs are compared",
            ),
            argument(
                "--seed",
                type=seed,
                default=1,
                help="number from which vectors, gaps and resets are drawn",
            ),
            argument("--wave", action="store_true", help="draw the first event that goes wrong"),
            argument(
                "--edited", action="store_true", help="accept files that are not as generated"
            ),
            argument(
                "--netlist",
                action="store_true",
                help="simulate the primitives that `triggernet synth` counts",
            ),
            JSON,
        ),
    ),
    Command(
        "prove",
        _prove,
        "prove that a project's Verilog is the model's meaning, for every input",
        "triggernet prove project",
        (
            PROJECT,
            argument(
                "--limit",
                type=positive,
                default=60.0,
                metavar="S",
                help="seconds for each question to the solver",
            ),
            argument(
                "--edited", action="store_true", help="accept files that are not as generated"
            ),
            JSON,
        ),
    ),
    Command(
        "synth",
        _synth,
        "synthesise the RTL of a project with Yosys, and count what it takes",
        "triggernet synth project --family xc7",
        (
            PROJECT,
            argument(
                "--family",
                choices=("xc7", "xcup"),
                default="xc7",
                help="count in primitives of the 7-series (xc7) or of UltraScale+ (xcup)",
            ),
            argument(
                "--flatten",
                action="store_true",
                help="synthesise the whole as one module: minutes instead of seconds",
            ),
            argument(
                "--place",
                choices=("ecp5",),
                help="also place and route for an open FPGA, for a measured clock; default: do not",
            ),
            JSON,
        ),
    ),
    Command(
        "report",
        _report,
        "say what a project takes, and whether a trigger's budget allows it",
        "triggernet report project --budget l1 -o report.html",
        (
            replace(
                PROJECT,
                options={**PROJECT.options, "help": "folder of an exported project, or of the zoo"},
            ),
            argument(
                "--budget",
                default="l1",
                metavar="NAME",
                help=named_budget("the budget that judges"),
            ),
            argument(
                "--part",
                metavar="NAME",
                help=named_part("another FPGA, or a YAML file; default: the project's; known"),
            ),
            replace(DATA, options={**DATA.options, "help": "jets for the ROC curve"}),
            SAVED,
            JSON,
        ),
    ),
)
