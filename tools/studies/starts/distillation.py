"""Does a wide network teach small ones? AUC with and without a teacher's logits.

    .venv/bin/python tools/studies/starts/distillation.py --out FOLDER --test toptag_test.h5

The teacher is a SemiEquivariantNet of 25,181 parameters, or with --teacher a run or an entry of the
zoo: a LundNet of the High-Level Trigger, for instance, which sees other inputs of the same jets.
Its float logits are learned by small taggers of the zoo beside the labels,
``(1 - a) L + a T^2 KL``, in the float training and in the quantisation-aware one; each student is
trained with and without, on the packaged training jets and the same seeds. The table gives means
over the seeds with their errors, and the mean difference of pairs of equal seeds.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from trainings import QUICK, Study, Training, arguments, markdown, mean_text

from triggernet.data import sample_path
from triggernet.files import write_text

ZOO = Path(__file__).parents[2] / "zoo"
TEACHER: Mapping[str, Any] = {
    "encoding.n_constituents": 16,
    "encoding.jet": False,  # no hardware form, which a teacher does not need
    "model.n_scalars": 28,
    "model.n_vectors": 2,
    "model.n_hidden": 28,
    "model.iterations": 3,
    "training.adamw.epochs": 12,
    "training.adamw.warmup_epochs": 1,
    "training.adamw.restart_epochs": 9,
    "training.adamw.decay_epochs": 2,
    "training.adamw.learning_rate": 0.005,
    "training.adamw.batch_size": 256,
}
# One start a training; nanoPELICAN's own recipe reads labels only.
STUDENTS: Mapping[str, Mapping[str, Any]] = {
    "nanopelican-c2-n16": {
        "training.recipe": "adamw",
        "model.batch_norm": True,
        "training.adamw.epochs": 60,
        "training.adamw.warmup_epochs": 2,
        "training.adamw.restart_epochs": 56,
        "training.adamw.decay_epochs": 2,
        "training.adamw.learning_rate": 0.01,
        "training.adamw.batch_size": 256,
    },
    "deepsets-n16": {},
    "jedilinear-n16": {},
    "semiequivariant-n16": {},
}
DEFAULT = ("nanopelican-c2-n16", "deepsets-n16", "jedilinear-n16")


def trainings(
    student: str, seed: int, data: Path, more: Mapping[str, Any], given: Mapping[str, Any]
) -> dict[bool, Training]:
    """The same student with (True) and without the teacher, whose run `given` names."""
    alone = {**STUDENTS[student], "training.seeds": 1, "training.seed": seed, **more}
    taught, config = {**alone, **given}, ZOO / f"{student}.yaml"
    return {
        with_teacher: Training(f"{student}-{word}-{seed}", data, config, settings)
        for with_teacher, word, settings in ((False, "alone", alone), (True, "taught", taught))
    }


def table(study: Study, pairs: Mapping[str, Sequence[Mapping[bool, Training]]]) -> str:
    """AUC alone and taught, float and quantised, and the difference."""
    rows = []
    for student, repeated in pairs.items():
        for model in ("float", "quantised"):
            auc = {
                with_teacher: [study.figures(pair[with_teacher])[model]["auc"] for pair in repeated]
                for with_teacher in (False, True)
            }
            gain = [taught - alone for alone, taught in zip(auc[False], auc[True], strict=True)]
            rows.append(
                [
                    f"`{student}`",
                    model,
                    mean_text(auc[False]),
                    mean_text(auc[True]),
                    mean_text(gain, 4, "+"),
                ]
            )
    return markdown(["student", "model", "AUC alone", "AUC taught", "difference"], rows)


def main(words: Sequence[str] | None = None) -> int:
    """Train the teacher and all students, then print the table."""
    parser = arguments(__doc__ or "", seeds=5, test="jets that judge")
    parser.add_argument(
        "--train", type=Path, default=sample_path("toptag_generated"), help="jets to train on"
    )
    parser.add_argument("--weight", type=float, default=0.5, help="a: the teacher's share")
    parser.add_argument("--temperature", type=float, default=2.0, help="T")
    parser.add_argument("--teacher", type=Path, help="a run or an entry of the zoo that teaches")
    parser.add_argument("--only", nargs="+", choices=list(STUDENTS), default=list(DEFAULT))
    args = parser.parse_args(words)
    more = QUICK if args.quick else {}
    study = Study(args.out, args.test)
    if args.teacher is None:
        wide = Training("teacher", args.train, None, {**TEACHER, **more}, "semiequivariant")
        judged, teacher = study.figures(wide)["float"], study.folder / wide.name
    else:
        judged, teacher = study.judged("teacher", args.teacher)["float"], args.teacher
    given = {
        "training.start.teacher": str(teacher),
        "training.start.teacher_weight": args.weight,
        "training.start.temperature": args.temperature,
    }
    pairs = {
        student: [trainings(student, seed, args.train, more, given) for seed in range(args.seeds)]
        for student in args.only
    }
    shown = f"teacher: {judged['n_parameters']} parameters, AUC {judged['auc']:.4f} in floating "
    shown += f"point\n\n{table(study, pairs)}"
    write_text(args.out / "distillation.md", shown)
    sys.stdout.write(shown)
    return 0


if __name__ == "__main__":
    sys.exit(main())
