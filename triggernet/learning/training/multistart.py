"""Multi-start quasi-Newton: the recipe that finds the global minimum of tiny models.

A nanoPELICAN has a few dozen parameters and a loss with many poor minima. Starts made of random
channels (`starts`) are screened on a subset with few iterations of L-BFGS (Liu, Nocedal 1989); the
best few are continued on all jets, and the best of them to the end. One pass over the data gives
the exact gradient (`pair_kernel`).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray

from triggernet.errors import ModelError
from triggernet.learning.training.objective import Objective
from triggernet.learning.training.pair_sample import pack_pairs
from triggernet.progress import Progress

if TYPE_CHECKING:
    from collections.abc import Callable

    from triggernet.learning.models.nanopelican.network import NanoPELICAN
    from triggernet.learning.training.pair_sample import PairSample
    from triggernet.learning.training.recipes import MultistartConfig
    from triggernet.learning.training.sample import Split
    from triggernet.learning.training.state import TrainingState

Floats = NDArray[np.float64]

# Pairs of steps that L-BFGS remembers: about the number of parameters of a C=2 model.
_MEMORY = 20
# Iterations after which L-BFGS forgets and the point is kept, for a resumed training to go on from.
_SEGMENT = 50
# A segment that lowers the loss by less ends the minimisation.
_GAIN = 2e-6
# Jets on which the channels of a start are chosen.
_POOL_JETS = 1000


@dataclass(frozen=True)
class Minimum:
    """Where one minimisation ended."""

    seed: int
    start: int
    loss: float
    x: Floats


def fit(
    model: NanoPELICAN, split: Split, config: MultistartConfig, seed: int, state: TrainingState
) -> None:
    """Train a float model on the training jets of `split`; see `minimise`."""
    exact = split.train.exact
    sample = pack_pairs(exact["momenta"].numpy(), exact["jet"].numpy(), model.config)
    minimise(model, sample, split.train.label.numpy().astype(np.float64), config, seed, state)


def minimise(
    model: NanoPELICAN,
    sample: PairSample,
    label: Floats,
    config: MultistartConfig,
    seed: int,
    state: TrainingState,
) -> Minimum:
    """Find the best minimum and leave the model there.

    Parameters
    ----------
    model : NanoPELICAN
        Without BatchNorm and dropout.
    sample, label : PairSample, float64 array (n,)
        The training jets in random order.
    config : MultistartConfig
    seed : int
        Decides all starting points.
    state : TrainingState
        Keeps every finished start and segment.
    """
    objective = Objective(model, sample, config.threads)
    work = config.starts + config.finalists + _segments(config) - 1
    with Progress(f"multi-start, seed {seed}", work, "pieces") as progress:
        best = _Search(objective, sample, label, config, state, progress).run(seed)
    objective.assign(best.x)
    return best


def _loss(minimum: Minimum) -> float:
    return minimum.loss


def _segments(config: MultistartConfig) -> int:
    return -(-config.iterations // _SEGMENT)


@dataclass(frozen=True)
class _Search:
    objective: Objective
    sample: PairSample
    label: Floats
    config: MultistartConfig
    state: TrainingState
    progress: Progress

    def run(self, seed: int) -> Minimum:
        """The best minimum of one seed."""
        screened = [self._screen(seed, start) for start in range(self.config.starts)]
        screened.sort(key=_loss)
        final = [self._segment(0, each) for each in screened[: self.config.finalists]]
        # Who leads after the first segment on all jets also leads at the end: measured.
        return self._continue(min(final, key=_loss))

    def _screen(self, seed: int, start: int) -> Minimum:
        subset = self.sample.head(self.config.screen_jets)
        label = self.label[: len(subset)]

        def compute() -> tuple[Floats, float]:
            few = subset.head(_POOL_JETS)
            begin = self.objective.start((seed, start), few, label[: len(few)], self.config.pool)
            return self._lbfgs(begin, subset, label, self.config.screen_iterations)

        return self._piece("screen", (seed, start), compute)

    def _continue(self, minimum: Minimum) -> Minimum:
        """Segments of L-BFGS on all jets until one of them gains nothing."""
        last = _segments(self.config)
        for k in range(1, last):
            before = minimum.loss
            minimum = self._segment(k, minimum)
            if before - minimum.loss < _GAIN:
                self.progress.advance(last - k - 1)
                break
        return minimum

    def _segment(self, k: int, minimum: Minimum) -> Minimum:
        iterations = min(self.config.iterations - k * _SEGMENT, _SEGMENT)
        compute = partial(self._lbfgs, minimum.x, self.sample, self.label, iterations)
        return self._piece(f"all{k}", (minimum.seed, minimum.start), compute)

    def _piece(
        self, stage: str, key: tuple[int, int], compute: Callable[[], tuple[Floats, float]]
    ) -> Minimum:
        def kept() -> dict[str, float | torch.Tensor]:
            x, loss = compute()
            return {"x": torch.from_numpy(x), "loss": loss}

        seed, start = key
        piece = self.state.once(f"{stage}-{seed}-{start}", kept)
        self.state.log(stage=stage, seed=seed, start=start, loss=piece["loss"])
        self.progress.advance(note=f"loss {piece['loss']:.4f}")
        return Minimum(seed, start, piece["loss"], piece["x"].numpy())

    def _lbfgs(
        self, x: Floats, sample: PairSample, label: Floats, iterations: int
    ) -> tuple[Floats, float]:
        from scipy.optimize import minimize as scipy_minimize

        minimum = scipy_minimize(
            self.objective,
            x,
            args=(sample, label),
            jac=True,
            method="L-BFGS-B",
            options={"maxiter": iterations, "maxcor": _MEMORY, "ftol": 1e-9},
        )
        if not np.isfinite(minimum.fun):
            raise ModelError(
                "the loss is not finite; the jets hold momenta that are not, or are far too large"
            )
        return minimum.x, float(minimum.fun)
