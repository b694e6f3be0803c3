"""Run folders: a trained model with everything that made it.

``config.yaml`` the resolved configuration; ``float.pt`` and ``checkpoint.pt`` the float and the
quantised weights (a configuration without a hardware form has the first alone); ``metrics.json``
how well they do on the validation jets; ``history.jsonl`` one line a piece of the training;
``provenance.json`` versions, seed and digests of the inputs. A run that was killed also has
``state/`` and lacks ``metrics.json``, which is written last.
"""

from __future__ import annotations

import io
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from triggernet import results
from triggernet.config import dump_config, read_key
from triggernet.errors import ModelError, UsageError, in_one_line
from triggernet.files import (
    provenance,
    read_json,
    refuse_existing,
    sha256_of,
    write_bytes,
    write_json,
    write_text,
)
from triggernet.learning.training.checkpoint import read_checkpoint
from triggernet.learning.training.config import RunConfig, load_run_config
from triggernet.learning.training.start_config import StartConfig
from triggernet.schema import as_type

if TYPE_CHECKING:
    from torch import nn

CONFIG = "config.yaml"
FLOAT = "float.pt"
QUANTISED = "checkpoint.pt"
METRICS = results.METRICS.name
HISTORY = "history.jsonl"
PROVENANCE = "provenance.json"
STATE = "state"

_IDENTIFYING = ("model", "encoding", "quantisation")  # sections that the weights belong to


@dataclass(frozen=True)
class Run:
    """A finished training: its configuration, its models in evaluation mode, its metrics.

    `quantised_model` is None for a configuration without a hardware form.
    """

    config: RunConfig
    float_model: nn.Module
    quantised_model: nn.Module | None
    metrics: Mapping[str, Any]

    @property
    def quantised(self) -> nn.Module:
        """The quantised model.

        Raises
        ------
        ModelError
            If this configuration has no hardware form.
        """
        refusal = self.config.refusal
        if refusal is not None:
            raise refusal
        assert self.quantised_model is not None
        return self.quantised_model

    def as_text(self) -> str:
        """How well it does on the validation jets, and the spread over seeds if there are some."""
        text = f"validation AUC {self.metrics['float']['auc']:.4f} in floating point"
        if self.metrics["quantised"] is not None:
            text += f", {self.metrics['quantised']['auc']:.4f} quantised"
        spread = self.metrics["spread"]
        if spread["std"] is None:
            return text
        mean = f"{spread['mean']:.4f} +- {spread['std']:.4f}"
        return f"{text}; the float models of {spread['seeds']} seeds: {mean}"


def check_folder(
    folder: Path, config: RunConfig, inputs: Mapping[str, str], resume: bool = False
) -> None:
    """Check that a run folder can be made, or that an unfinished one belongs to this training.

    Parameters
    ----------
    folder : Path
    config : RunConfig
    inputs : mapping of str to str
        SHA-256 digests of the files read, by name.
    resume : bool
        Go on with what is there.

    Raises
    ------
    UsageError
        If the folder exists and `resume` is not set, or if it is of another configuration or
        other inputs.
    """
    if not (folder / PROVENANCE).is_file():
        if not (resume and (folder / STATE).is_dir()):  # else killed when it had just begun
            _refuse(folder)
        return
    if not resume:
        _refuse(folder)
    made = _made(config, inputs)
    if (folder / CONFIG).read_text(encoding="utf-8") != dump_config(config):
        raise UsageError(
            f"{folder / CONFIG} differs from the configuration given; resume with the same one, or "
            "choose another folder"
        )
    recorded = read_json(folder / PROVENANCE)
    for key in ("inputs", "packages", "triggernet"):
        if recorded.get(key) != made[key]:
            raise UsageError(
                f"{folder} was begun with other {key}: {recorded.get(key)}, now {made[key]}; "
                "resume with the same ones, or choose another folder"
            )


def begin(folder: Path, config: RunConfig, inputs: Mapping[str, str]) -> None:
    """Write what a run folder begins with, unless it is there: see `check_folder`."""
    (folder / STATE).mkdir(parents=True, exist_ok=True)  # first, so that it can be resumed
    if not (folder / PROVENANCE).is_file():
        write_text(folder / CONFIG, dump_config(config))
        write_json(folder / PROVENANCE, _made(config, inputs))


def clear_state(folder: Path) -> None:
    """Remove what only an unfinished training needs."""
    shutil.rmtree(folder / STATE, ignore_errors=True)


def _made(config: RunConfig, inputs: Mapping[str, str]) -> dict[str, Any]:
    return provenance(seed=config.training.seed) | {"inputs": dict(inputs)}


def _refuse(folder: Path) -> None:
    unfinished = (folder / STATE).is_dir() and not (folder / METRICS).is_file()
    if unfinished:
        raise UsageError(
            f"{folder} holds an unfinished training; go on with --resume, or choose another folder"
        )
    refuse_existing(folder)


def save_module(folder: Path, name: str, module: nn.Module, config: RunConfig) -> None:
    """Write a module's weights with the identity of its model; atomic."""
    import torch

    buffer = io.BytesIO()
    torch.save({"model": identity(config), "state": module.state_dict()}, buffer)
    write_bytes(folder / name, buffer.getvalue())


def save_metrics(folder: Path, metrics: Mapping[str, Any]) -> None:
    """Write how well the models in a run folder do, sealed; the last file of a training."""
    judges = results.judged(folder, ("weights",))
    results.write_result(folder, results.METRICS, metrics, judges)


def _read_metrics(folder: Path) -> Mapping[str, Any]:
    """Those of a finished run folder; of an older triggernet also without a seal."""
    content = results.read_result(folder, results.METRICS)
    assert content is not None, "finished_config has looked"
    if content.judges != results.judged(folder, tuple(content.judges)):
        raise ModelError(
            f"{folder / METRICS} is of other weights than lie beside it; put back the files of one "
            "training, or train again"
        )
    as_type(_Metrics, content.values, str(folder / METRICS), error=ModelError)
    return content.values


@dataclass(frozen=True)
class _Spread:
    """The schema of how the float models of several seeds differ."""

    auc: tuple[float, ...]
    mean: float
    seeds: int
    std: float | None


_Measured = Mapping[str, float | None]


@dataclass(frozen=True)
class _Metrics:
    """The schema of a run's ``metrics.json``."""

    sample: str
    float: _Measured
    quantised: _Measured | None
    spread: _Spread

    def __post_init__(self) -> None:
        for values in (self.float, self.quantised):
            if values is not None and values.get("auc") is None:
                raise ModelError("a model has no 'auc'")


def finished_config(folder: Path) -> RunConfig:
    """The configuration of a finished run; takes no time, so that wrong paths are told at once.

    Raises
    ------
    ModelError
        If it is no run folder, or is unfinished.
    ConfigError
        If its configuration is not valid.
    """
    if not (folder / CONFIG).is_file():
        raise ModelError(
            f"{folder} is no run folder: it has no {CONFIG}; give a folder that "
            "`triggernet train` wrote"
        )
    if not (folder / METRICS).is_file():
        raise ModelError(
            f"the training in {folder} is not finished: it has no {METRICS}; go on with "
            "`triggernet train ... --resume`"
        )
    return load_run_config(folder / CONFIG)


def digests_of(start: StartConfig) -> dict[str, str]:
    """SHA-256 of the weights of other runs that a training needs, by path, for its provenance.

    Raises
    ------
    ModelError
        If a run is none.
    """
    digests = {}
    for run in (start.from_, start.teacher):
        if run is not None:
            finished_config(Path(run))
            digests[f"{run}/{FLOAT}"] = sha256_of(Path(run) / FLOAT)
    return digests


def hardware_config(folder: Path) -> RunConfig:
    """As `finished_config`; ModelError also for a configuration without a hardware form."""
    config = finished_config(folder)
    if config.refusal is not None:
        raise config.refusal
    return config


def load_run(folder: Path) -> Run:
    """Read a run folder, or a folder of the zoo.

    Raises
    ------
    ModelError
        If it is no run folder, is unfinished, damaged, or its checkpoint is of another model.
    ProjectError
        If its metrics were altered.
    ConfigError
        If its configuration is not valid.
    """
    config = finished_config(folder)
    family = config.family
    with _of_possible_size(folder / CONFIG):
        float_model = family.make_float(config.model, config.encoding, config.n_outputs)
    load_module(folder / FLOAT, float_model, config)
    quantised = None
    if config.refusal is None:
        with _of_possible_size(folder / CONFIG):
            quantised = family.make_quantised(
                config.model, config.quantisation, config.encoding, config.n_outputs
            )
        load_module(folder / QUANTISED, quantised, config)
    return Run(config, float_model, quantised, _read_metrics(folder))


@contextmanager
def _of_possible_size(path: Path) -> Iterator[None]:
    """Say in one line that PyTorch cannot make a model of the sizes that a file asks for."""
    try:
        yield
    except (RuntimeError, MemoryError) as error:
        raise ModelError(
            f"{path}: no model of these sizes can be made: {in_one_line(error)}; put back a copy "
            "of it, or train again"
        ) from error


def refuse_float_only(folder: Path) -> None:
    """Raise ModelError if `folder` is the run folder of a configuration without a hardware form.

    For commands that need a project: without it they would ask for an export that is refused.
    """
    if (folder / FLOAT).is_file() and not (folder / "program.json").is_file():
        refusal = load_run_config(folder / CONFIG).refusal
        if refusal is not None:
            raise refusal


def load_module(path: Path, module: nn.Module, config: RunConfig) -> None:
    """Load weights written by `save_module` into `module`, and set it to evaluation.

    Raises
    ------
    ModelError
        If the file is missing or damaged, or holds another model.
    """
    content = read_checkpoint(path, "put back a copy of it, or train again")
    model = content.get("model") if isinstance(content, dict) else None
    state = content.get("state") if isinstance(content, dict) else None
    if not isinstance(model, str) or not isinstance(state, dict):
        raise ModelError(f"{path} is no checkpoint of triggernet: it holds no model and its state")
    if model != identity(config) and model != _identity_as_written(path.parent / CONFIG):
        raise ModelError(
            f"{path} is a checkpoint of another model: its configuration has digest "
            f"{model[:12]}, that of the folder {identity(config)[:12]}; {CONFIG} and {path.name} "
            "must come from the same training"
        )
    try:
        module.load_state_dict(state)
    except Exception as error:  # torch and Brevitas raise anything over a strange state
        raise ModelError(
            f"{path} does not fit the model of its {CONFIG}: {in_one_line(error)}"
        ) from error
    module.eval()


def identity(config: RunConfig) -> str:
    """Digest of what the weights belong to: model, encoding and quantisation."""
    return _identity([getattr(config, name) for name in _IDENTIFYING])


def _identity_as_written(path: Path) -> str:
    """The same of the keys that a run's file has, in its order.

    A later triggernet may order them in another way, or know more of them; the weights are of the
    file as it was written beside them.
    """
    return _identity([read_key(name, path) for name in _IDENTIFYING])


def _identity(sections: Sequence[Any]) -> str:
    return sha256_of("\n".join(dump_config(section) for section in sections).encode())
