"""What a Level-1 tagger of flavours is worth, alone and taught by GN2, and what it takes.

    .venv/bin/python tools/studies/flavour/student.py --out FOLDER --teacher taggers/gn2 \\
        --train train.h5 --test test.h5

A DeepSets network reads ten tracks above 2 GeV as an outer tracker measures them; a second row
has tracks of the quality of pixels, which no Level-1 trigger reaches: a bound. Each is trained
with every seed, from labels alone and from the teacher. The taught one of the first seed is
exported as the smallest Verilog that the budget cms-phase2 allows, and compared bit for bit in
all executors.
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
from triggernet.learning.evaluation.flavour import measure_flavours
from triggernet.learning.tasks.task import probabilities

CONFIG = Path(__file__).parent / "student.yaml"
KINDS = {"outer tracker": "outer-tracks", "pixels (a bound)": "pixel-tracks"}
FORMS = ("float", "quantised")


def judged(run: Path, test: Path) -> dict[str, Any]:
    """Rejections at 70 % of b at low pT, in floating point and quantised."""
    jets = tn.load_jets(test)
    evaluation = tn.evaluate(run, data=test)
    task = tn.load_run(run).config.task
    both = (evaluation.float_logits, evaluation.quantised_logits)
    found: dict[str, Any] = {}
    for form, logits in zip(FORMS, both, strict=True):
        metrics = measure_flavours(
            probabilities(logits),
            evaluation.label,
            task.classes,
            transverse_momentum(jets.jet),
            task.mixtures,
        )
        point = metrics.point("b", 0.70, "low", "low")
        assert point is not None
        found[form] = {name: value.value for name, value in point.rejections.items()}
    return found


def hardware(run: Path, project: Path, test: Path, vectors: int) -> Mapping[str, Any]:
    """The smallest Verilog that the budget allows, and whether all executors agree."""
    if not project.exists():
        made = {"rtl": True, "hls": True, "slim": True, "part": "vu13p"}
        tn.export(run, out=project, fold="auto", budget="cms-phase2", **made)
    agreement = tn.verify(project, data=test, vectors=vectors).as_dict()
    report = tn.report(project, budget="cms-phase2", data=test).as_dict()
    mismatches = {k: each["mismatches"] for k, each in agreement["executors"].items()}
    return {"mismatches": mismatches, "report": report}


def main() -> None:
    parser = arguments(
        str(__doc__),
        seeds=3,
        teacher="run folder of GN2",
        train="jets to train on",
        test="jets to judge on",
    )
    parser.add_argument("--vectors", type=int, default=100_000)
    parser.add_argument("--without-hardware", action="store_true", help="physics alone")
    given = parser.parse_args()
    quick = dict(QUICK) if given.quick else {}
    study = Study(given.out, given.test, judged)
    ways = {"labels alone": {}, "taught": {"training.start.teacher": str(given.teacher)}}
    rows, lines = [], []
    for name, kind in KINDS.items():
        for way, start in ways.items():
            found = []
            for seed in range(given.seeds):
                settings = {"encoding.kind": kind, "training.seed": seed, **start, **quick}
                at = f"{kind}-{way.split(maxsplit=1)[0]}-{seed}"
                found.append(study.figures(Training(at, given.train, CONFIG, settings)))
            for form in FORMS:
                cells = [
                    mean_text([f[form][other] for f in found if f[form][other] is not None], 2)
                    for other in ("c", "light")
                ]
                rows.append([name, way, form, *cells])
        if not given.without_hardware:
            at = f"{kind}-taught-0"
            made = hardware(given.out / at, given.out / f"{at}-project", given.test, given.vectors)
            lines.append(f"{name}: mismatches {made['mismatches']}; {made['report']['verdict']}")
            lines += [f"    {line}" for line in made["report"]["lines"]]
    head = ["tracks", "learned from", "form", "c at 70 % b, low pT", "light at 70 % b, low pT"]
    text = markdown(head, rows) + "\n" + "\n".join(lines) + "\n"
    write_text(given.out / "student.md", text)
    print(text, end="")


if __name__ == "__main__":
    main()
