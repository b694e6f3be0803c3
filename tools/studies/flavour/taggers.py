"""GN2, DIPS and impact parameters on the same jets; what the tasks of tracks bring.

    .venv/bin/python tools/studies/flavour/taggers.py --out FOLDER \\
        --train train.h5 --test test.h5

The jets come from `triggernet generate flavour`, those to train on with resampling=weights. GN2
(width 64) and DIPS are trained on all of them; the ablation trains GN2 on the jets' flavour alone,
with the origins of tracks, with the vertices, and with both, on fewer jets and with each seed. With
--other, jets of another shower, the taggers judge those too. Everything that is finished is kept.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from trainings import QUICK, Study, Training, arguments, markdown, mean_text

import triggernet as tn
from triggernet.data.kinematics import transverse_momentum
from triggernet.files import write_text
from triggernet.learning.evaluation.flavour import FlavourMetrics, measure_flavours
from triggernet.learning.evaluation.impact_parameters import ImpactParameters
from triggernet.learning.tasks.discriminants import usual
from triggernet.statistics import interval_text

CONFIGS = Path(__file__).parent
ABLATION_JETS = 50_000
ORIGIN, VERTEX = {"origin": {"weight": 0.5}}, {"vertex": {"weight": 1.5}}
TASKS: Mapping[str, Mapping[str, Any]] = {
    "jets only": {},
    "with origins": ORIGIN,
    "with vertices": VERTEX,
    "with both": ORIGIN | VERTEX,
}
# Signal, efficiency, where the cut was made, where it is applied.
CUTS = (
    ("b", 0.70, "low", "low"),
    ("b", 0.70, "high", "high"),
    ("b", 0.70, "low", "high"),
    ("c", 0.40, "low", "low"),
)


def judged(run: Path, jets: Path) -> dict[str, Any]:
    """Working points of a run, and what it says of tracks."""
    values = tn.evaluate(run, data=jets).as_dict()
    return {key: values[key] for key in ("discriminants", "parts") if key in values}


def baseline(train: Path, test: Path) -> dict[str, Any]:
    """The same of impact parameters alone."""
    tagger = ImpactParameters.fitted(tn.load_jets(train))
    jets = tn.load_jets(test)
    p, pt = tagger.probabilities(jets), transverse_momentum(jets.jet)
    metrics: FlavourMetrics = measure_flavours(p, jets.label, jets.classes, pt, usual(jets.classes))
    return {"discriminants": metrics.as_dict()}


def point(figures: Mapping[str, Any], cut: tuple[str, float, str, str]) -> Mapping[str, Any]:
    """One working point; empty if it was not measured."""
    for each in figures["discriminants"]["points"]:
        if (each["signal"], each["target"], each["made"], each["region"]) == cut:
            found: Mapping[str, Any] = each
            return found
    return {}


def rejection(figures: Mapping[str, Any], cut: tuple[str, float, str, str], name: str) -> str:
    value = point(figures, cut).get("rejections", {}).get(name)
    return "-" if value is None else interval_text(**value)


def table(rows: Mapping[str, Mapping[str, Any]]) -> str:
    """Rejections of all taggers, with 68 % intervals."""
    head = ["tagger"]
    for signal, target, made, region in CUTS:
        where = region if made == region else f"{region}, cut of {made}"
        others = ("c", "light") if signal == "b" else ("b", "light")
        head += [f"{name} at {100 * target:.0f} % {signal}, {where} pT" for name in others]
    lines = []
    for name, figures in rows.items():
        cells = [name]
        for cut in CUTS:
            others = ("c", "light") if cut[0] == "b" else ("b", "light")
            cells += [rejection(figures, cut, other) for other in others]
        lines.append(cells)
    return markdown(head, lines)


def ablation(study: Study, data: Path, seeds: int, quick: Mapping[str, Any]) -> str:
    """Rejections with and without tasks of tracks: mean over seeds and its error."""
    rows = []
    for name, tasks in TASKS.items():
        found = []
        for seed in range(seeds):
            settings = {
                "training.max_jets": ABLATION_JETS,
                "training.seed": seed,
                "auxiliary": tasks,
            }
            at = f"{name.replace(' ', '-')}-{seed}"
            found.append(study.figures(Training(at, data, CONFIGS / "gn2.yaml", settings | quick)))
        cells = [name]
        for cut in CUTS[:2]:
            for other in ("c", "light"):
                values = [point(f, cut).get("rejections", {}).get(other) for f in found]
                known = [v["value"] for v in values if v is not None and v["value"] is not None]
                cells.append(mean_text(known, 2) if known else "-")
        rows.append(cells)
    head = ["GN2", *(f"{o} at 70 % b, {r} pT" for r in ("low", "high") for o in ("c", "light"))]
    return markdown(head, rows)


def main() -> None:
    parser = arguments(
        str(__doc__), seeds=3, train="jets to train on", test="jets to judge taggers on"
    )
    parser.add_argument("--other", type=Path, help="jets of another shower")
    parser.add_argument("--only", choices=("taggers", "ablation"), help="one part of the study")
    given = parser.parse_args()
    quick = dict(QUICK) if given.quick else {}
    study = Study(given.out, given.test, judged)
    text = ""
    if given.only != "ablation":
        names = {"impact parameters": None, "DIPS": "dips.yaml", "GN2": "gn2.yaml"}
        rows: dict[str, Mapping[str, Any]] = {}
        elsewhere: dict[str, Mapping[str, Any]] = {}
        for name, file in names.items():
            at = name.lower().replace(" ", "-")
            if file is None:
                rows[name] = study.kept().get(at) or study_baseline(study, at, given.train)
                continue
            tasks = {"auxiliary": TASKS["with both"]} if name == "GN2" else {}
            training = Training(at, given.train, CONFIGS / file, tasks | quick)
            rows[name] = study.figures(training)
            if given.other is not None:
                other = Study(given.out, given.other, judged)
                elsewhere[name] = other.judged(f"{at}-other", given.out / at)
        text += table(rows)
        if elsewhere:
            text += f"\nThe same taggers on {given.other.name}:\n\n{table(elsewhere)}"
    if given.only != "taggers":
        text += "\n" + ablation(study, given.train, given.seeds, quick)
    write_text(given.out / "taggers.md", text)
    print(text, end="")


def study_baseline(study: Study, name: str, train: Path) -> dict[str, Any]:
    """Impact parameters, judged once and kept like a training."""
    judge = Study(study.folder, study.test, lambda _run, jets: baseline(train, jets))
    return judge.judged(name, study.folder)


if __name__ == "__main__":
    main()
