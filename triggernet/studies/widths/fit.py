"""The narrowest widths of a trained model for a bound on its loss of AUC."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from triggernet.errors import ModelError, TriggernetError, UsageError
from triggernet.files import sha256_of, write_json
from triggernet.learning.training import run_folder
from triggernet.locks import locked
from triggernet.progress import Progress, hushed, say
from triggernet.studies.sweep.bench import Measured, count_hardware
from triggernet.studies.sweep.config import HardwareConfig
from triggernet.studies.widths.judge import Candidate, Judge, Loss, loss_on, size_of
from triggernet.studies.widths.knobs import Choice, changes, knobs_of, narrower

if TYPE_CHECKING:
    from triggernet.data import Jets
    from triggernet.learning.training.sample import Sample

WIDTHS = "widths.json"
STEPS = (2, 1)  # bits by which knobs go down, the large steps first
MOST_ROUNDS = 8
SHORT_EPOCHS = 3
JUDGED = 3  # one jet in so many is kept back for the judgement


@dataclass(frozen=True)
class FittedWidths:
    """A model before and after its widths were fitted.

    Attributes
    ----------
    folder : Path
        The run with the new widths.
    allowed : float
    before, after : Loss
        On the jets that no width was chosen on.
    hardware_before, hardware_after : mapping of str to float
    changed : mapping of str to (before, after)
    tried : int
        Choices of widths.
    """

    folder: Path
    allowed: float
    before: Loss
    after: Loss
    hardware_before: Measured
    hardware_after: Measured
    changed: Mapping[str, tuple[Any, Any]]
    tried: int

    @property
    def met(self) -> bool:
        """Whether the bound of the loss is within what is allowed."""
        return self.after.bound < self.allowed

    def as_dict(self) -> dict[str, Any]:
        """For machines; what ``--json`` prints."""
        return {
            "folder": str(self.folder),
            "allowed": self.allowed,
            "met": self.met,
            "before": asdict(self.before) | {"bound": self.before.bound} | self.hardware_before,
            "after": asdict(self.after) | {"bound": self.after.bound} | self.hardware_after,
            "changed": {key: list(pair) for key, pair in self.changed.items()},
            "tried": self.tried,
        }

    def as_text(self) -> str:
        """For people."""
        lines = [f"{self.folder}: widths after {self.tried} choices"]
        for name, loss, counted in (
            ("before", self.before, self.hardware_before),
            ("after", self.after, self.hardware_after),
        ):
            lines.append(
                f"{name}: {counted['lut']:.0f} LUT, {counted['dsp']:.0f} DSP; loss of AUC "
                f"{loss.value:+.4f} +- {loss.error:.4f}, below {loss.bound:.4f} at 95 % "
                f"({loss.n_jets} jets)"
            )
        lines += [f"  {key}: {old} -> {new}" for key, (old, new) in self.changed.items()]
        if not self.met:
            lines.append(f"no choice keeps the loss below {self.allowed}; the widths are as before")
        return "\n".join(lines)


def fit_widths(
    run: Path,
    data: Path,
    out: Path,
    *,
    hardware: HardwareConfig,
    allowed: float = 0.001,
    epochs: int = SHORT_EPOCHS,
) -> FittedWidths:
    """Search the narrowest widths of a trained model and write a run folder with them.

    Knob by knob the model is calibrated a little narrower; those that cost the least AUC for what
    they save are taken together, as many as a short fine-tuning forgives, until nothing more can be
    taken. The last choices are fine-tuned in full and judged on a third of the jets on which
    nothing was chosen: the narrowest one of which the upper 95 % bound of the paired loss of AUC
    (DeLong) lies below `allowed` is written.

    Parameters
    ----------
    run : Path
        A run folder with a hardware form, of two classes.
    data : Path
    out : Path
        The new run folder.
    hardware : HardwareConfig
        Budget and part that sizes are of.
    allowed : float
    epochs : int
        Of the short fine-tunings.

    Raises
    ------
    ModelError
        If the run has no hardware form, or more than two classes.
    UsageError
        If `allowed` is not above 0, or `out` exists.
    DataError
        If the jets are unfit.
    """
    if not allowed > 0 or epochs < 0:
        raise UsageError(f"loss {allowed}, epochs {epochs}: allowed are above 0, and 0 and more")
    config = run_folder.hardware_config(run)
    if config.task.n_outputs > 1:
        raise ModelError(f"{run} tells {config.task.n_classes} classes apart; allowed are two")
    with locked(out):
        run_folder.check_folder(out, config, {})
        return _Fit(run, data, hardware, allowed).done(out, epochs)


class _Fit:
    """One search."""

    def __init__(self, run: Path, data: Path, hardware: HardwareConfig, allowed: float) -> None:
        from triggernet.data import load_jets
        from triggernet.learning.training.run_folder import load_run
        from triggernet.learning.training.trainer import split_of

        self.source, self.data, self.hardware, self.allowed = run, data, hardware, allowed
        self.loaded = load_run(run)
        config = self.loaded.config
        jets = load_jets(data, config.training.max_jets)
        chosen_on, self.kept_back = _parts(jets)
        self.judge = Judge(
            replace(config, training=replace(config.training, max_jets=None)),
            self.loaded.float_model,
            split_of(chosen_on, config),
            hardware,
        )
        self.start = knobs_of(config.quantisation)
        self.tried = 0

    def done(self, out: Path, epochs: int) -> FittedWidths:
        """Search, judge, write."""
        sample = self._sample()
        before = loss_on(self.loaded.float_model, self.loaded.quantised, sample)
        counted = count_hardware(self.loaded.quantised, self.loaded.config, self.hardware)
        with Progress("trying widths", None, "choices") as progress:
            path = list(self._descent(epochs, progress))
        say(f"{len(path)} narrower choices; fine-tuning the narrowest one in full")
        for choice in reversed(path):
            with hushed():
                candidate = self.judge.tried(choice, None)
            after = loss_on(self.loaded.float_model, candidate.model, sample)
            if after.bound < self.allowed and candidate.size < size_of(counted, self.hardware):
                result = self._result(out, before, after, counted, candidate)
                self._write(out, candidate, result)
                return result
            say(f"its loss is below {after.bound:.4f} at 95 %; a wider one is tried")
        raise ModelError(
            f"no narrower widths of {self.source} keep the loss of AUC below {self.allowed} at "
            f"95 % on {len(sample)} jets (it is {before.value:.4f} +- {before.error:.4f} as it "
            "stands); allow more with --loss, or give more jets"
        )

    def _sample(self) -> Sample:
        from triggernet.learning.training.sample import Sample

        return Sample.of(self.kept_back, self.loaded.config)

    def _result(
        self, out: Path, before: Loss, after: Loss, counted: Measured, candidate: Candidate
    ) -> FittedWidths:
        changed = changes(self.start, candidate.choice)
        return FittedWidths(
            out, self.allowed, before, after, counted, candidate.counted, changed, self.tried
        )

    def _descent(self, epochs: int, progress: Progress) -> Iterator[Choice]:
        """Ever narrower choices that a short fine-tuning forgives."""
        current, rounds = dict(self.start), 0
        for step in STEPS:
            while rounds < MOST_ROUNDS:
                rounds += 1
                taken = self._round(current, step, epochs, progress)
                if taken is None:
                    break
                current = taken
                yield current

    def _round(self, current: Choice, step: int, epochs: int, progress: Progress) -> Choice | None:
        """As many knobs as can go down together, cheapest first; None if none can."""
        with hushed():
            base = self.judge.tried(current, 0)
        prices: list[tuple[float, str, int]] = []
        for key, value in current.items():
            below = narrower(key, value, step)
            candidate = None if below is None else self._or_none(current | {key: below}, 0)
            progress.advance()
            if below is None or candidate is None or candidate.size >= base.size:
                continue
            damage = max(candidate.loss.value - base.loss.value, 0.0)
            prices.append((damage / (base.size - candidate.size), key, below))
        prices.sort()
        count = len(prices)
        while count > 0:
            choice = current | {key: below for _, key, below in prices[:count]}
            candidate = self._or_none(choice, epochs)
            progress.advance()
            if candidate is not None and candidate.loss.bound < self.allowed:
                return choice
            count //= 2
        return None

    def _or_none(self, choice: Choice, epochs: int) -> Candidate | None:
        self.tried += 1
        try:
            with hushed():
                return self.judge.tried(choice, epochs)
        except TriggernetError:  # too narrow for this model
            return None

    def _write(self, out: Path, candidate: Candidate, result: FittedWidths) -> None:
        from triggernet.learning.training.trainer import save_trained, trained_of

        config = self.judge.run_with(candidate.choice)
        config = replace(
            config, training=replace(config.training, max_jets=self.loaded.config.training.max_jets)
        )
        inputs = {self.data.name: sha256_of(self.data)}
        inputs[f"{self.source}/{run_folder.FLOAT}"] = sha256_of(self.source / run_folder.FLOAT)
        run_folder.begin(out, config, inputs)
        trained = trained_of(config, self.judge.split, self.loaded.float_model, candidate.model)
        write_json(out / WIDTHS, result.as_dict() | {"folder": out.name})
        save_trained(out, config, trained)
        run_folder.clear_state(out)


def _parts(jets: Jets) -> tuple[Jets, Jets]:
    """Jets to choose on, and those that are kept back."""
    import numpy as np

    back = np.arange(len(jets)) % JUDGED == JUDGED - 1
    return jets.select(~back), jets.select(back)
