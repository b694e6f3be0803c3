"""AdamW on Lightning for any float model: the nanoPELICAN paper's schedule, and larger models."""

from __future__ import annotations

import copy
import logging
import math
import signal
import threading
import warnings
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import torch
from lightning import Callback, LightningDataModule, LightningModule, Trainer
from lightning.fabric.utilities.exceptions import MisconfigurationException
from lightning.pytorch.callbacks import ModelCheckpoint
from lightning.pytorch.plugins import TorchCheckpointIO
from torch import Tensor, nn

from triggernet.errors import ConfigError, in_one_line
from triggernet.files import new_file
from triggernet.learning.training.sample import Target, in_batches
from triggernet.learning.training.schedules import pace
from triggernet.learning.training.start import keep_trunk, parameter_groups
from triggernet.learning.training.threads import single_thread
from triggernet.progress import Progress
from triggernet.writing import writing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from triggernet.learning.training.recipes import AdamWConfig
    from triggernet.learning.training.sample import Sample, Split
    from triggernet.learning.training.state import TrainingState, Watcher

Batch = tuple[dict[str, Tensor], Target]


def fit(
    model: nn.Module, split: Split, config: AdamWConfig, seed: int, state: TrainingState
) -> None:
    """Train `model` on the exact inputs of `split` and leave it with the weights of `config.keep`.

    A frozen trunk that says so (see `ModelFamily`) runs once, before the first epoch.

    Parameters
    ----------
    model : nn.Module
        Maps the inputs of ``split.train.exact`` to logits.
    split : Split
    config : AdamWConfig
    seed : int
        Order of the batches, and dropout.
    state : TrainingState
        Keeps every epoch (a Lightning checkpoint) until the training is done.
    """
    name = f"adamw-{seed}"
    kept = state.get(name)
    if kept is None:
        network, split = _prepared(model, split)
        module = _Classifier(network, split, config, seed, state.watch)
        folder = state.path(name) if state.keeps else None
        last = None if folder is None else folder / "last.ckpt"
        with (
            Progress(f"AdamW, seed {seed}", config.epochs, "epochs") as progress,
            _quiet_lightning(),
            _interrupts_passed_on(),
            single_thread(),
            warnings.catch_warnings(),
            nullcontext() if folder is None else writing(folder),
        ):
            # Lightning's own code meets deprecations of torch 2.13.
            warnings.filterwarnings("ignore", module="lightning|torch")
            _trainer(config, folder, _Show(progress)).fit(
                module,
                datamodule=_Jets(split, config.batch_size, seed),
                ckpt_path=str(last) if last is not None and last.is_file() else None,
            )
        kept = {"model": module.kept_weights(model), "history": module.lines}
        state.put(name, kept)
    model.load_state_dict(kept["model"])
    model.eval()
    for line in kept["history"]:
        state.log(**line)


@contextmanager
def _quiet_lightning() -> Iterator[None]:
    """No advertisements and no list of accelerators that are not there."""
    logger = logging.getLogger("lightning.pytorch")
    before = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(before)


@contextmanager
def _interrupts_passed_on() -> Iterator[None]:
    """Lightning turns an interrupt into an exit with code 1, and has the next ones ignored."""
    handler = signal.getsignal(signal.SIGINT)
    try:
        yield
    except SystemExit as end:
        if isinstance(end.__context__, KeyboardInterrupt):
            raise end.__context__ from None
        raise
    finally:
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGINT, handler)


def _trainer(config: AdamWConfig, folder: Path | None, show: Callback) -> Trainer:
    callbacks = [show]
    if folder is not None:
        callbacks.append(ModelCheckpoint(dirpath=folder, save_last=True, save_top_k=0))
    how = config.lightning
    try:
        return Trainer(
            **vars(how),
            max_epochs=config.epochs,
            callbacks=callbacks,
            enable_checkpointing=folder is not None,
            plugins=[_WholeCheckpoints()],
            logger=False,
            enable_progress_bar=False,
            enable_model_summary=False,
            num_sanity_val_steps=0,
            reload_dataloaders_every_n_epochs=1,
        )
    except (MisconfigurationException, ValueError, ImportError) as error:
        raise ConfigError(
            f"training.adamw.lightning: {how.accelerator} with strategy {how.strategy} and "
            f"precision {how.precision} is not possible here: {in_one_line(error)}"
        ) from error


class _WholeCheckpoints(TorchCheckpointIO):
    """Checkpoints that are whole or not there; Lightning's own are moved from another disk."""

    def save_checkpoint(self, checkpoint: Any, path: Any, storage_options: Any = None) -> None:
        """Write one."""
        del storage_options
        with new_file(Path(path)) as temporary:
            torch.save(checkpoint, temporary)


class _HeadAlone(nn.Module):
    """The head of a model, fed with what its frozen trunk made of the inputs."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, outputs: dict[str, Tensor]) -> Tensor:
        logits: Tensor = cast("Any", self.model).head_logits(outputs)
        return logits


def _prepared(model: nn.Module, split: Split) -> tuple[nn.Module, Split]:
    """What to train on what: of a model with a frozen trunk the head alone, where it is divided."""
    if split.start.trunk != "frozen" or not hasattr(model, "trunk_outputs"):
        return model, split
    model.eval()
    outputs = cast("Any", model).trunk_outputs
    parts = [
        replace(s, exact=in_batches(outputs, s.exact)) for s in (split.train, split.validation)
    ]
    return _HeadAlone(model), replace(split, train=parts[0], validation=parts[1])


class _Classifier(LightningModule):
    """A classifier under training: a model, or the head of one."""

    def __init__(
        self, model: nn.Module, split: Split, config: AdamWConfig, seed: int, watch: Watcher
    ) -> None:
        super().__init__()
        self.model, self.split, self.config, self.seed = model, split, config, seed
        self.watch = watch
        self.lines: list[dict[str, Any]] = []
        self._losses: list[float] = []
        self._judged: list[Tensor] = []
        self._best: dict[str, Any] | None = None

    @property
    def whole(self) -> nn.Module:
        """The model that is trained, of which `model` may be the head alone."""
        return self.model.model if isinstance(self.model, _HeadAlone) else self.model

    def kept_weights(self, model: nn.Module) -> dict[str, Any]:
        """The weights that `config.keep` asks for."""
        return model.state_dict() if self._best is None else self._best

    def configure_optimizers(self) -> Any:
        """AdamW, its rate set batch by batch."""
        config = self.config
        groups = parameter_groups(self.whole, self.split.start)
        for group in groups:
            group["weight_decay"] = config.weight_decay * group["decay"]
        optimiser = torch.optim.AdamW(
            groups, lr=config.learning_rate, weight_decay=config.weight_decay
        )
        return {"optimizer": optimiser}

    def on_train_epoch_start(self) -> None:
        """Dropout that depends on seed and epoch alone, so that any epoch can be redone."""
        torch.manual_seed(1_000_003 * self.seed + self.current_epoch)
        keep_trunk(self.whole, self.split.start)
        self._losses.clear()

    def training_step(self, batch: Batch, batch_idx: int) -> Tensor:
        """Loss of one batch, at the rate of its place in the epoch."""
        n_batches = int(self.trainer.num_training_batches)
        now = pace(self.config, self.current_epoch * n_batches + batch_idx, n_batches)
        for group in self.trainer.optimizers[0].param_groups:
            group["lr"] = now.rate * group["scale"]  # never one rate for all: see `layers.mup`
            group["betas"] = (now.beta1, group["betas"][1])
        inputs, target = batch
        if self.split.parts:
            outputs, parts = cast("Any", self.model).with_parts(inputs, self.split.parts)
            loss = self.split.loss(outputs, target, parts)
        else:
            loss = self.split.loss(self.model(inputs), target)
        self._losses.append(float(loss.detach()))
        return loss

    def validation_step(self, batch: Batch, batch_idx: int) -> None:
        """Collect logits."""
        del batch_idx
        inputs, _ = batch
        self._judged.append(self.model(inputs).double().cpu())

    def on_validation_epoch_end(self) -> None:
        """One line of history."""
        logits = torch.cat(self._judged)
        self._judged.clear()
        line: dict[str, Any] = {"stage": "adamw", "seed": self.seed, "epoch": self.current_epoch}
        line |= {"loss": sum(self._losses) / max(len(self._losses), 1)}
        line |= self.split.judged(logits)
        least = min((earlier["validation_loss"] for earlier in self.lines), default=inf)
        if self.config.keep == "best" and line["validation_loss"] < least:
            self._best = copy.deepcopy(self.whole.state_dict())
        self.lines.append(line)
        self.watch(line)

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """The history goes with the weights."""
        checkpoint["lines"] = self.lines
        checkpoint["best"] = self._best

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """And comes back with them."""
        self.lines = checkpoint["lines"]
        self._best = checkpoint["best"]


class _Jets(LightningDataModule):
    """Batches of exact inputs, in an order that depends on seed and epoch alone."""

    def __init__(self, split: Split, batch_size: int, seed: int) -> None:
        super().__init__()
        self.split, self.batch_size, self.seed = split, batch_size, seed

    def train_dataloader(self) -> Any:
        """Asked for at every epoch."""
        epoch = self.trainer.current_epoch if self.trainer is not None else 0
        generator = torch.Generator().manual_seed(1_000_003 * self.seed + epoch)
        order = torch.randperm(len(self.split.train), generator=generator)
        return _Batches(self.split.train, order, self.batch_size)

    def val_dataloader(self) -> Any:
        """All validation jets in order."""
        validation = self.split.validation
        return _Batches(validation, torch.arange(len(validation)), self.batch_size)


class _Batches:
    """Batches of a sample in a given order."""

    def __init__(self, sample: Sample, order: Tensor, batch_size: int) -> None:
        self.sample, self.order, self.batch_size = sample, order, batch_size

    def __len__(self) -> int:
        return math.ceil(len(self.order) / self.batch_size)

    def __iter__(self) -> Iterator[Batch]:
        for begin in range(0, len(self.order), self.batch_size):
            index = self.order[begin : begin + self.batch_size]
            inputs = {name: x[index] for name, x in self.sample.exact.items()}
            yield inputs, self.sample.target(index)


class _Show(Callback):
    """Progress on standard error."""

    def __init__(self, progress: Progress) -> None:
        self.progress = progress

    def on_fit_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """A resumed training has epochs behind it."""
        del pl_module
        self.progress.advance(trainer.current_epoch)

    def on_validation_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """One epoch is done."""
        del trainer
        lines: Any = pl_module.lines
        note = f"validation loss {lines[-1]['validation_loss']:.4f}" if lines else ""
        self.progress.advance(note=note)
