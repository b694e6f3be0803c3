"""Commands of models: trained, evaluated."""

from __future__ import annotations

from argparse import Namespace
from dataclasses import replace
from pathlib import Path

from triggernet.cli.command import (
    CONFIG,
    DATA,
    JSON,
    OUT,
    RUN,
    SETTINGS,
    SHOW_CONFIG,
    Command,
    Outcome,
    argument,
    need,
    overrides,
    shown_config,
)
from triggernet.errors import UsageError


def _models() -> str:
    from triggernet.learning.models import model_names

    return ", ".join(model_names())


def _models_explained() -> str:
    from triggernet.learning.models import model_names, summaries

    known = summaries()
    return "; ".join(f"{name}: {known[name]}" if name in known else name for name in model_names())


def _presets() -> str:
    from triggernet.learning.training.config import presets

    meanings = [f"{name} ({meaning})" for name, meaning in presets().items()]
    return f"where values that are not given come from: {'; '.join(meanings)}"


def _train(args: Namespace) -> Outcome:
    from triggernet.front.models import run_config, train

    chosen = {name: getattr(args, name) for name in ("config", "preset", "from_study", "trial")}
    if args.model is None and args.from_study is None:
        raise UsageError(f"MODEL is missing; known: {_models()}; or give --from-study")
    if args.show_config:
        return shown_config(run_config(args.model, settings=overrides(args), **chosen))
    need(args, data="--data", out="--out")
    given = {name: getattr(args, name) for name in ("data", "out", "resume")}
    run = train(args.model, **given, **chosen, settings=overrides(args))
    return Outcome(f"{args.out}: {run.as_text()}", run.metrics)


def _evaluate(args: Namespace) -> Outcome:
    from triggernet.front.models import evaluate, symmetry

    evaluation = evaluate(args.run_folder, data=args.data, plot=args.plot)
    text, values = (
        evaluation.as_text(),
        evaluation.as_dict() | {"saturated": dict(evaluation.saturated)},
    )
    if not args.symmetry:
        return Outcome(text, values)
    changes = symmetry(args.run_folder, data=args.data)
    values["symmetry"] = changes.as_dict()
    return Outcome(f"{text}\n\n{changes.as_text()}", values, changes.kept)


COMMANDS: tuple[Command, ...] = (
    Command(
        "train",
        _train,
        "train a model in floating point, then quantisation-aware if it has a hardware form",
        "triggernet train nanopelican --data jets.h5 --out run",
        (
            argument("model", metavar="MODEL", nargs="?", help=_models_explained),
            DATA,
            replace(OUT, options={**OUT.options, "required": False}),
            CONFIG,
            SETTINGS,
            argument("--preset", default="default", metavar="NAME", help=_presets),
            SHOW_CONFIG,
            argument(
                "--from-study",
                type=Path,
                metavar="DIR",
                help="train a trial of this study in full; no MODEL is needed",
            ),
            argument(
                "--trial",
                metavar="best|N",
                help="which trial of the study is trained; default: best",
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
)
