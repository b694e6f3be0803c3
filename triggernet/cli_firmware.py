"""Commands of the firmware: from a trained model to a verified, synthesised, reported project."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from triggernet.command import (
    DATA,
    JSON,
    OUT,
    PROJECT,
    RUN,
    Command,
    Outcome,
    argument,
    count,
    positive,
    seed,
)
from triggernet.words import counted, every

if TYPE_CHECKING:
    from triggernet.export.run import Export
    from triggernet.rtl.config import RtlConfig


def _export(args: Namespace) -> Outcome:
    from triggernet.files import refuse_existing
    from triggernet.hls import HlsConfig
    from triggernet.training.run_folder import hardware_config

    # Before torch is loaded and anything takes time.
    refuse_existing(args.out, args.overwrite, [args.run_folder])
    hardware_config(args.run_folder)
    given = _given(args)
    chosen = {"clock_period_ns": args.clock_ns, "reuse_factor": args.reuse_factor}
    hls = HlsConfig(part=args.part, **{k: v for k, v in chosen.items() if v is not None})
    rtl = _rtl_config(args, given)
    from triggernet.progress import waiting

    with waiting("loading PyTorch"):
        from triggernet.export import export_run, write_export
        from triggernet.hls.export import export_hls
    with waiting(f"making the fixed-point program of {args.run_folder}"):
        export = export_run(args.run_folder)
    values: dict[str, Any] = {"folder": str(args.out), "nodes": len(export.program.nodes)}
    options = {"vendored": not args.slim, "overwrite": args.overwrite}
    if rtl is not None:
        options["hls"] = hls if args.hls else None
        return _export_rtl(args, export, (rtl, given), values, options)
    if args.hls:
        with waiting("making the HLS project (hls4ml)"):
            values["digest"] = export_hls(export, args.out, hls, **options).digest
    else:
        write_export(export, args.out, args.overwrite)
    kind = "HLS project" if args.hls else "QONNX file"
    return Outcome(f"{args.out}: {kind} of {values['nodes']} nodes", values)


def _given(args: Namespace) -> dict[str, Any]:
    """Settings of the Verilog that the user chose; UsageError for options without effect."""
    from triggernet.errors import UsageError

    given = _verilog(args)
    idle = [] if args.rtl else [f"--{k}" for k in ("interval", "tables", "dsp") if k in given]
    idle += ["--fold"] if args.fold and not args.rtl else []
    idle += ["--reuse-factor"] if args.reuse_factor is not None and not args.hls else []
    if idle:
        needed = "--hls" if idle == ["--reuse-factor"] else "--rtl"
        raise UsageError(f"{', '.join(idle)} has no effect here; add {needed}, or leave it out")
    return given


def _verilog(args: Namespace) -> dict[str, Any]:
    """The settings of `RtlConfig` among the arguments, those that were given."""
    keys = {"interval": "interval", "tables": "tables", "dsp": "dsp", "clock_ns": "clock_period_ns"}
    given = {key: getattr(args, name) for name, key in keys.items()}
    return {key: value for key, value in given.items() if value is not None}


def _rtl_config(args: Namespace, given: dict[str, Any]) -> RtlConfig | None:
    """What the user asked of the Verilog, checked before anything takes time."""
    if not args.rtl:
        return None
    from triggernet.report.fold import check_fold
    from triggernet.rtl.config import RtlConfig

    config = RtlConfig(part=args.part, **given)
    return config if args.fold is None else check_fold(args.budget, config, given)


def _export_rtl(
    args: Namespace,
    export: Export,
    chosen: tuple[RtlConfig, dict[str, Any]],
    values: dict[str, Any],
    options: dict[str, Any],
) -> Outcome:
    from triggernet.progress import waiting
    from triggernet.report.fold import folded
    from triggernet.rtl.export import export_rtl

    (config, given), text = chosen, ""
    if args.fold is not None:
        config, found, options["further"] = folded(export.program, args.budget, config, given)
        values["folding"], text = found.as_dict(), found.as_text() + "\n\n"
    with waiting("making the Verilog" + (" and the HLS project (hls4ml)" if args.hls else "")):
        project, hardware = export_rtl(export, args.out, config, **options)
    values |= {"digest": project.digest, "interval_cycles": hardware.interval_cycles}
    values["latency_cycles"] = hardware.latency_cycles
    text += f"{args.out}: Verilog of {values['nodes']} nodes, "
    text += f"a new event {every(hardware.interval_cycles, 'clock')}, "
    text += f"latency {counted(hardware.latency_cycles, 'clock')}"
    return Outcome(text, values)


def _verify(args: Namespace) -> Outcome:
    from triggernet.data import load_jets
    from triggernet.training.run_folder import refuse_float_only
    from triggernet.verify import verify

    refuse_float_only(args.project)
    jets = None if args.data is None else load_jets(args.data)
    agreement = verify(args.project, jets, args.vectors, seed=args.seed)
    agreement.save(args.project)
    return Outcome(
        agreement.as_text(), agreement.as_dict(), agreement.exact, not agreement.complete
    )


def _cosim(args: Namespace) -> Outcome:
    from triggernet.data import load_jets
    from triggernet.training.run_folder import refuse_float_only
    from triggernet.verify import cosim

    refuse_float_only(args.project)
    jets = None if args.data is None else load_jets(args.data)
    options = {"seed": args.seed, "jets": jets, "wave": args.wave, "edited": args.edited}
    found = cosim(args.project, args.vectors, **options)
    found.save(args.project)
    return Outcome(found.as_text(), found.as_dict(), found.passed)


def _synth(args: Namespace) -> Outcome:
    from triggernet.extras import require
    from triggernet.rtl.place import PACKAGE, PURPOSE, place
    from triggernet.rtl.synth import synthesise
    from triggernet.training.run_folder import refuse_float_only

    refuse_float_only(args.project)
    if args.place is not None:  # said before the synthesis, not after
        require(PACKAGE, purpose=PURPOSE)
    found = synthesise(args.project, family=args.family, flatten=args.flatten)
    values = found.as_dict() | {"cached": found.cached}
    if args.place is None:
        return Outcome(found.as_text(), values)
    placed = place(args.project, found)
    text = f"{found.as_text()}\n\n{placed.as_text()}"
    return Outcome(text, values | {"place": placed.as_dict()}, placed.fits)


def _report(args: Namespace) -> Outcome:
    from triggernet.progress import waiting
    from triggernet.report import as_text, check_format, report, save_report
    from triggernet.training.run_folder import refuse_float_only

    refuse_float_only(args.project)
    if args.out is not None:
        check_format(args.out)
    with waiting(f"judging {args.project}"):
        found = report(args.project, args.budget, args.part, data=args.data)
    text = as_text(found)
    if args.out is not None:
        save_report(found, args.out)
        text += f"\n\nreport: {args.out}"
    return Outcome(text, found.as_dict(), found.passed)


def _folders(runs: Sequence[Path]) -> list[Path]:
    """Without the files among them, so that ``models/*`` means every run there is."""
    from triggernet.progress import say

    for path in runs:
        if path.is_file():
            say(f"{path} is a file, not a run folder, and is left out")
    return [path for path in runs if not path.is_file()]


def _compare(args: Namespace) -> Outcome:
    from triggernet.files import check_plot
    from triggernet.report import as_text, check_format, compare, save_report
    from triggernet.rtl.config import RtlConfig

    if args.out is not None:
        check_format(args.out)
    if args.plot is not None:
        check_plot(args.plot)
    given = _verilog(args)
    config = RtlConfig(**given) if given else None
    found = compare(_folders(args.runs), args.data, config, part=args.part)
    text = as_text(found)
    if args.out is not None:
        save_report(found, args.out)
        text += f"\n\ncomparison: {args.out}"
    if args.plot is not None:
        from triggernet.report.scatter_plot import plot_comparison

        plot_comparison(found, args.plot)
    return Outcome(text, found.as_dict())


# Settings of the Verilog: of what is written, or of what is counted for a comparison.
INTERVAL = argument(
    "--interval",
    type=count,
    metavar="II",
    help="of the Verilog: clock cycles between two events, 1 is fully parallel",
)
TABLES = argument(
    "--tables", choices=("bram", "lut"), help="of the Verilog: what tables are made of"
)
PRODUCTS = argument(
    "--dsp",
    choices=("all", "pairs", "none"),
    help="of the Verilog: which products go into DSPs",
)
SAVED = argument("-o", "--out", type=Path, metavar="FILE", help="write .html, .md or .json as well")

COMMANDS: tuple[Command, ...] = (
    Command(
        "export",
        _export,
        "export a trained model to QONNX, to an HLS C++ project, to Verilog",
        "triggernet export run --hls --out project",
        (
            RUN,
            OUT,
            argument("--hls", action="store_true", help="add the hls4ml project"),
            argument("--rtl", action="store_true", help="add the Verilog project"),
            INTERVAL,
            argument(
                "--fold",
                choices=("auto",),
                help="of the Verilog: the smallest design that --budget allows, whatever interval",
            ),
            argument("--budget", default="l1", metavar="NAME", help="for --fold: as for report"),
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
                help="FPGA by its short name, as vu13p, or by its full name",
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
    Command(
        "verify",
        _verify,
        "compare every executor of a project with its exact integers, to the last bit",
        "triggernet verify project --vectors 100000",
        (
            PROJECT,
            replace(DATA, options={**DATA.options, "help": "jets among the vectors"}),
            argument("--vectors", type=count, default=100_000, metavar="N", help="how many inputs"),
            argument("--seed", type=seed, default=1, help="of the vectors"),
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
            argument("--vectors", type=count, default=100_000, metavar="N", help="how many inputs"),
            argument("--seed", type=seed, default=1, help="of the vectors, gaps and resets"),
            argument("--wave", action="store_true", help="draw the first event that goes wrong"),
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
                help="primitives of the 7-series (default) or of UltraScale+",
            ),
            argument(
                "--flatten",
                action="store_true",
                help="synthesise the whole as one module: minutes instead of seconds",
            ),
            argument(
                "--place",
                choices=("ecp5",),
                help="also place and route for an open FPGA, for a measured clock",
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
            PROJECT,
            argument(
                "--budget", default="l1", metavar="NAME", help="name of a budget, or a YAML file"
            ),
            argument(
                "--part", metavar="NAME", help="name of an FPGA, or a YAML file; default: its own"
            ),
            replace(DATA, options={**DATA.options, "help": "jets for the ROC curve"}),
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
                help="of the Verilog: target clock period; default: 5",
            ),
            argument(
                "--part",
                default="xcvu13p",
                metavar="NAME",
                help="name of the FPGA that shares are of, or a YAML file",
            ),
            SAVED,
            argument("--plot", metavar="PLOT", type=Path, help="the plots as PNG, PDF or SVG"),
            JSON,
        ),
    ),
)
