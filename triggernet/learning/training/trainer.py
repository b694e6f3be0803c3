"""Training from jets to a run folder: the float model, then its quantised form."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn

from triggernet.learning.training import run_folder
from triggernet.learning.training.config import of_classes
from triggernet.learning.training.fine_tune import fine_tune
from triggernet.learning.training.sample import (
    Sample,
    Split,
    predict,
    saturation_text,
    split_jets,
)
from triggernet.learning.training.start import teacher_logits, warm_start
from triggernet.learning.training.state import TrainingState
from triggernet.learning.training.threads import single_thread
from triggernet.locks import locked
from triggernet.progress import say

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from triggernet.data import Jets
    from triggernet.learning.training.config import RunConfig


def train(
    config: RunConfig,
    jets: Jets,
    out: Path,
    inputs: Mapping[str, str] | None = None,
    resume: bool = False,
) -> run_folder.Run:
    """Train a model on `jets` and write the run folder `out`.

    A configuration without a hardware form is trained in floating point only.

    Parameters
    ----------
    config : RunConfig
    jets : Jets
        Part of them is set aside for validation.
    out : Path
        New, or with `resume` the folder of a killed training with the same configuration, inputs
        and versions: it is finished with the result it would have had.
    inputs : mapping of str to str, optional
        Digests of the files that `jets` came from, for the provenance.
    resume : bool

    Returns
    -------
    Run

    Raises
    ------
    UsageError
        If `out` exists, does not belong to this training, or another process trains to it.
    DataError
        If the jets are unfit for a tagger, or are not of the classes of the task.
    EncodingError
        If the widths of the encoding cannot hold them.
    """
    with locked(out):
        config = of_classes(config, jets.classes)
        run_folder.check_folder(out, config, inputs or {}, resume)
        if (out / run_folder.METRICS).is_file():
            run_folder.clear_state(out)  # of a training that was killed when all was written
        else:
            # refuses jets, and runs to start from, before anything is written
            split = split_of(jets, config)
            _started(config, config.training.seed)
            with _resumable(out):
                run_folder.begin(out, config, inputs or {})
                _train(config, split, out)
    return run_folder.load_run(out)


def _started(config: RunConfig, seed: int) -> nn.Module:
    """A float model as its training begins: random weights, or those of another run."""
    torch.manual_seed(seed)
    model = config.family.make_float(config.model, config.encoding, config.n_outputs)
    warm_start(model, config.training.start)
    return model


def split_of(jets: Jets, config: RunConfig) -> Split:
    """Jets to train on and to validate, with what a teacher says of them; errors as `train`."""
    return split_jets(jets, config, partial(_taught, config))


def _taught(config: RunConfig, jets: Jets) -> Tensor | None:
    return teacher_logits(config.training.start, jets, config.task)


@contextmanager
def _resumable(out: Path) -> Iterator[None]:
    """Say after an interrupt how to go on."""
    try:
        yield
    except KeyboardInterrupt:
        say(f"what is finished is kept in {out}; the same command with --resume goes on from there")
        raise


def _train(config: RunConfig, split: Split, out: Path) -> None:
    state = TrainingState(out / run_folder.STATE, out / run_folder.HISTORY)
    say(f"{len(split.train)} jets to train on, {len(split.validation)} to validate")
    if split.train.hardware:
        say(f"inputs that saturate in training: {saturation_text(split.train.saturated)}")
    if config.refusal is not None:
        say(f"note: {config.refusal}")
    trained = fit_models(config, split, state)
    save_trained(out, config, trained)
    run_folder.clear_state(out)


@dataclass(frozen=True)
class Trained:
    """Models that a training ended with, and how well they do on the validation jets.

    Attributes
    ----------
    float_model : nn.Module
    quantised_model : nn.Module or None
        None for a configuration without a hardware form, or where none was asked for.
    metrics : mapping
        As ``metrics.json`` of a run folder.
    losses : mapping of str to float
        By "float" and "quantised", for models that there are.
    """

    float_model: nn.Module
    quantised_model: nn.Module | None
    metrics: Mapping[str, Any]
    losses: Mapping[str, float]


def fit_models(
    config: RunConfig,
    split: Split,
    state: TrainingState,
    *,
    float_model: nn.Module | None = None,
    quantised: bool = True,
) -> Trained:
    """Train the models of a configuration on jets that are split already; writes only to `state`.

    Parameters
    ----------
    config : RunConfig
        With the classes of the jets.
    split : Split
    state : TrainingState
    float_model : nn.Module, optional
        One that is trained already, and stays as it is.
    quantised : bool
        Also the quantised model, where there is one.

    Raises
    ------
    ModelError
        If a training diverges.
    """
    spread = None
    if float_model is None:
        float_model, spread = _train_float(config, split, state)
    hardware = quantise(config, split, float_model, state) if quantised else None
    return trained_of(config, split, float_model, hardware, spread)


def trained_of(
    config: RunConfig,
    split: Split,
    float_model: nn.Module,
    quantised: nn.Module | None,
    spread: dict[str, Any] | None = None,
) -> Trained:
    """Models that are trained, judged on the validation jets; `spread` is that over seeds."""
    if spread is None:
        spread = _spread([_auc(float_model, split)])
    metrics, losses = _metrics(config, float_model, quantised, split.validation)
    return Trained(float_model, quantised, metrics | spread, losses)


def save_trained(out: Path, config: RunConfig, trained: Trained) -> None:
    """Write models and metrics into a run folder that has been begun."""
    run_folder.save_module(out, run_folder.FLOAT, trained.float_model, config)
    if trained.quantised_model is not None:
        run_folder.save_module(out, run_folder.QUANTISED, trained.quantised_model, config)
    run_folder.save_metrics(out, trained.metrics)


def _auc(model: nn.Module, split: Split) -> float:
    return split.judged(predict(model, split.validation.exact))["validation_auc"]


def _train_float(
    config: RunConfig, split: Split, state: TrainingState
) -> tuple[nn.Module, dict[str, Any]]:
    """The best float model of all seeds and the spread over them."""
    fits = []
    for seed in range(config.training.seed, config.training.seed + config.training.seeds):
        model = _started(config, seed)
        _standardise(model, config, split.train)
        _fit(model, config, split, seed, state)
        logits = predict(model, split.validation.exact)
        judged = split.judged(logits)
        state.log(stage="float", seed=seed, **judged)
        fits.append((judged["validation_loss"], judged["validation_auc"], model))
    best = min(fits, key=lambda fit: fit[0])
    return best[2].eval(), _spread([auc for _, auc, _ in fits])


def _standardise(model: Any, config: RunConfig, sample: Sample) -> None:
    """Set what a model standardises its inputs with, unless another run has set it."""
    if config.training.start.from_ is None and hasattr(model, "standardise"):
        model.standardise(sample.exact, sample.weight)


def _spread(aucs: list[float]) -> dict[str, Any]:
    """How the float models of several seeds differ."""
    std = float(np.std(aucs, ddof=1)) if len(aucs) > 1 else None
    spread = {"seeds": len(aucs), "auc": aucs, "mean": float(np.mean(aucs)), "std": std}
    return {"spread": spread}


def _fit(model: Any, config: RunConfig, split: Split, seed: int, state: TrainingState) -> None:
    """Train one float model by the recipe of the configuration."""
    name = config.training.recipe
    fit = import_module(f"{__package__}.{name}").fit
    fit(model, split, getattr(config.training, name), seed, state)


def quantise(
    config: RunConfig, split: Split, model: nn.Module, state: TrainingState
) -> nn.Module | None:
    """The quantised form of a trained float model, calibrated and fine-tuned.

    None for a configuration without a hardware form.
    """
    family, tuning = config.family, config.training.fine_tune
    if config.refusal is not None:
        return None
    torch.manual_seed(config.training.seed)
    quantised = family.make_quantised(
        config.model, config.quantisation, config.encoding, config.n_outputs
    )

    def calibrate() -> Mapping[str, Any]:
        say("calibrating the quantised model")
        few = slice(tuning.calibration_jets)
        inputs = {name: x[few] for name, x in split.train.hardware.items()}
        with single_thread():
            family.transfer(model, quantised, inputs, split.train.label[few])
        return quantised.state_dict()

    quantised.load_state_dict(state.once("calibrated", calibrate))
    fine_tune(quantised, split, tuning, config.training.seed, state)
    return quantised


def _metrics(
    config: RunConfig, model: nn.Module, quantised: nn.Module | None, validation: Sample
) -> tuple[dict[str, Any], dict[str, float]]:
    """What the models are worth on the validation jets, and their losses."""
    label = validation.label.numpy()
    n_parameters = parameters_of(model)
    losses = {}
    metrics: dict[str, Any] = {"sample": "validation", "float": None, "quantised": None}
    for name, module, inputs in (
        ("float", model, validation.exact),
        ("quantised", quantised, validation.hardware),
    ):
        if module is not None:
            logits = config.task.logits(predict(module, inputs))
            losses[name] = float(config.task.loss(logits, validation.label, validation.weight))
            metrics[name] = config.task.measure(logits.numpy(), label, n_parameters).as_dict()
    return metrics, losses


def parameters_of(model: nn.Module) -> int:
    """The model's own count of its parameters, or that of all."""
    counted = getattr(model, "n_parameters", None)
    return int(counted) if counted is not None else sum(p.numel() for p in model.parameters())
