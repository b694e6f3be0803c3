"""The front of a study of hardware: every point trained in full, exported, compared bit for bit.

    python tools/studies/front.py STUDY --data FILE --test FILE --out DIR [--beside models/X ...]
        [--most 8] [--vectors 2000] [--set KEY=VALUE ...]

STUDY is a folder of `triggernet sweep`. Of a long front only points at even distances are taken,
both ends among them. Runs of `--beside`, such as entries of the zoo, are judged on the same jets
and counted at the same rate. Everything lies in DIR and goes on where it was stopped; the table is
printed in Markdown, and left as ``front.json`` in DIR.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import triggernet as tn
from triggernet.deployment.export import export_run
from triggernet.documents import read_json
from triggernet.files import write_json
from triggernet.progress import say
from triggernet.reports.budgets.tables import load_budget
from triggernet.studies.sweep.bench import count_hardware
from triggernet.studies.sweep.config import HardwareConfig
from triggernet.studies.sweep.report import StudyReport, report_study
from triggernet.yaml_text import parse_yaml

ROWS = "front.json"
COLUMNS = ("name", "model", "parameters", "float_auc", "auc", "auc_error", "lut", "dsp", "exact")


def spread(report: StudyReport, most: int) -> list[int]:
    """Numbers of the trials to take, smallest hardware first."""
    found = [trial.number for trial in report.front]
    if len(found) <= most:
        return found
    return [found[round(k * (len(found) - 1) / (most - 1))] for k in range(most)]


def judged(run: Path, test: Path, hardware: HardwareConfig) -> dict[str, Any]:
    """What a run is worth on jets that nothing was chosen on, and what it takes at the rate."""
    found, export = tn.evaluate(run, data=test).as_dict(), export_run(run)
    counted = count_hardware(export.run.quantised, export.run.config, hardware)
    return {
        "name": run.name,
        "model": export.run.config.model.name,
        "parameters": found["float"]["n_parameters"],
        "float_auc": found["float"]["auc"],
        "auc": found["quantised"]["auc"],
        "auc_error": found["quantised"]["auc_error"],
        **counted,
    }


def point(study: Path, number: int, args: argparse.Namespace, hardware: HardwareConfig) -> Any:
    """One trial trained in full and compared in HLS C++ and Verilog with its exact integers."""
    run, project = args.out / f"trial-{number}", args.out / f"trial-{number}-project"
    settings = dict(pair.split("=", 1) for pair in args.set)
    more = {key: parse_yaml(text, key) for key, text in settings.items()}
    if not (run / "metrics.json").is_file():
        places = {"data": args.data, "out": run, "resume": run.exists()}
        tn.train(from_study=study, trial=number, settings=more, **places)
    row = judged(run, args.test, hardware)
    made = {"tables": hardware.tables, "dsp": hardware.dsp, "part": hardware.part, "slim": True}
    made |= {"interval": int(row["interval_cycles"]), "overwrite": project.exists()}
    made |= {"clock_ns": hardware.rtl(load_budget(hardware.budget)).clock_period_ns}
    tn.export(run, out=project, hls=True, rtl=True, **made)
    agreement = tn.verify(project, vectors=args.vectors).as_dict()
    return row | {"exact": agreement["exact"], "executors": sorted(agreement["executors"])}


def rows(args: argparse.Namespace) -> list[dict[str, Any]]:
    """All rows, each kept as soon as it is there."""
    report = report_study(args.study)
    args.out.mkdir(parents=True, exist_ok=True)
    kept: dict[str, Any] = {}
    if (args.out / ROWS).is_file():
        kept = {row["name"]: row for row in read_json(args.out / ROWS)}
    hardware = report.config.hardware
    for run in args.beside:
        if run.name not in kept:
            kept[run.name] = judged(run, args.test, hardware)
            write_json(args.out / ROWS, list(kept.values()))
    for number in spread(report, args.most):
        if f"trial-{number}" not in kept:
            say(f"trial {number} ...")
            kept[f"trial-{number}"] = point(args.study, number, args, hardware)
            write_json(args.out / ROWS, list(kept.values()))
    return sorted(kept.values(), key=lambda row: row["lut"])


def as_markdown(found: Sequence[Mapping[str, Any]]) -> str:
    """The table, by LUT."""
    lines = [f"| {' | '.join(COLUMNS)} |", f"| {' | '.join(['---'] * len(COLUMNS))} |"]
    for row in found:
        cells = [_text(row.get(name)) for name in COLUMNS]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _text(value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, float):
        return f"{value:.4f}" if abs(value) < 1 else f"{value:,.0f}"
    return str(value)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("study", type=Path)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--test", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--beside", type=Path, nargs="*", default=[])
    parser.add_argument("--most", type=int, default=8)
    parser.add_argument("--vectors", type=int, default=2000)
    parser.add_argument("--set", nargs="*", default=[], metavar="KEY=VALUE")
    print(as_markdown(rows(parser.parse_args())))


if __name__ == "__main__":
    main()
