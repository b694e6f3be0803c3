"""How much the output of a trained model changes under transformations of its input.

The leading constituents of each jet are chosen first and then transformed, so that what is measured
is the model and its encoding, not which constituents are the leading ones.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray

from triggernet.data import lorentz
from triggernet.data.encoding import sorted_by_pt
from triggernet.data.kinematics import on_light_cone
from triggernet.errors import ConfigError
from triggernet.learning.evaluation.evaluation import logits_of
from triggernet.learning.training.features import check_jets
from triggernet.learning.training.sample import Sample

if TYPE_CHECKING:
    from triggernet.data import EncodingConfig, Jets
    from triggernet.learning.training.run_folder import Run

Floats = NDArray[np.float64]
_BEAM = np.array([[0.0, 0.0, 1.0]])


@dataclass(frozen=True)
class SymmetryConfig:
    """How far transformations go; each jet has one of its own, drawn uniformly.

    Attributes
    ----------
    rapidity : float
        Boosts, along the beam and in any direction, have up to this rapidity of either sign.
    angle_rad : float
        General Lorentz transformations turn by up to this angle about any axis. Rotations about
        the beam take any angle.
    seed : int
    """

    rapidity: float = 0.5
    angle_rad: float = 0.5
    seed: int = 1

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if value < 0:
                raise ConfigError(f"{name}: found {value}; allowed is 0 and more")


@dataclass(frozen=True)
class Change:
    """What a transformation does to the output of a model.

    Attributes
    ----------
    mean, largest : float
        Mean and largest absolute change of the score, the logistic function of the logit.
    largest_logit : float
        Largest absolute change of the logit itself.
    flipped : int
        Jets whose decision (logit above 0) changes.
    n_jets : int
    """

    mean: float
    largest: float
    largest_logit: float
    flipped: int
    n_jets: int

    @classmethod
    def between(cls, before: Floats, after: Floats) -> Change:
        """The change from logits (n,) to others."""
        scores = np.abs(_logistic(after) - _logistic(before))
        return cls(
            float(scores.mean()),
            float(scores.max()),
            float(np.abs(after - before).max()),
            int(((before > 0) != (after > 0)).sum()),
            len(before),
        )


@dataclass(frozen=True)
class Symmetry:
    """Changes of both models by the name of the transformation.

    Attributes
    ----------
    config : SymmetryConfig
    invariant : bool
        Whether the model promises the same bits for every order of the constituents.
    float : mapping of str to Change
    quantised : mapping of str to Change or None
        None for a model without a hardware form.
    saturated : mapping of str to int
        Values outside the range of an input of the quantised model after each transformation.
    """

    config: SymmetryConfig
    invariant: bool
    float: Mapping[str, Change]
    quantised: Mapping[str, Change] | None
    saturated: Mapping[str, int]

    @property
    def kept(self) -> bool:
        """Whether the promise of permutation invariance, if there is one, holds to the last bit."""
        models = [self.float] + ([] if self.quantised is None else [self.quantised])
        return not self.invariant or all(m["permutation"].largest_logit == 0 for m in models)

    def as_dict(self) -> dict[str, Any]:
        """Everything by name, ready for JSON."""
        models = {"float": self.float, "quantised": self.quantised}
        values = {
            name: None if m is None else {key: asdict(change) for key, change in m.items()}
            for name, m in models.items()
        }
        promise = {"permutation_invariant": self.invariant, "kept": self.kept}
        settings = {"settings": asdict(self.config), "saturated": dict(self.saturated)}
        return promise | settings | values

    def as_text(self) -> str:
        """A table for people."""
        head = ("mean", "largest", "flipped")
        lines = ["change of the score (0 to 1), and flipped decisions, under transformations:"]
        lines.append(f"{'':<24}" + "".join(f"{name:>12}" for name in head))
        for model, symmetries in (("float", self.float), ("quantised", self.quantised)):
            for name, change in (symmetries or {}).items():
                shown = f"{model + ', ' + name:<24}{change.mean:>12.3g}{change.largest:>12.3g}"
                lines.append(f"{shown}{change.flipped:>12}")
        if self.quantised is not None:
            counts = ", ".join(f"{name} {n}" for name, n in self.saturated.items() if n)
            lines.append(f"saturated inputs: {counts or 'none'}")
        return "\n".join([*lines, self._promise()])

    def _promise(self) -> str:
        if not self.invariant:
            return "the model does not promise invariance under permutations"
        if self.kept:
            return "invariant under permutations to the last bit, as the model promises"
        return "BROKEN: the model promises invariance under permutations, and its output changes"


def symmetry(run: Run, jets: Jets, config: SymmetryConfig | None = None) -> Symmetry:
    """Measure how a run's output changes under transformations of `jets`.

    ``permutation`` puts the constituents into a random order at the model's input, or before it
    where the family prepares inputs of its own. ``rotation``
    (about the beam), ``boost`` (along it) and ``lorentz`` (a rotation, then a boost, each about and
    along any direction) act on the four-momenta of constituents and jet, which are then encoded
    anew. With a polar encoding, which takes constituents for massless, they are put on the light
    cone before.

    Raises
    ------
    DataError
        For jets that cannot be judged, see `features.check_jets`.
    """
    config = config or SymmetryConfig()
    check_jets(jets)
    rng = np.random.default_rng(config.seed)
    jets = _prepared(jets, run.config.encoding)
    sample = Sample.of(jets, run.config)
    own_inputs = run.config.family.inputs is not None
    samples = {
        "permutation": Sample.of(_shuffled(jets, rng), run.config)
        if own_inputs
        else _permuted(sample, rng)
    }
    for name, matrices in _TRANSFORMATIONS.items():
        samples[name] = Sample.of(_transformed(jets, matrices(len(jets), config, rng)), run.config)
    before = logits_of(run, sample)
    after = {name: logits_of(run, each) for name, each in samples.items()}
    invariant = bool(getattr(run.float_model, "permutation_invariant", False))
    saturated = {name: sum(each.saturated.values()) for name, each in samples.items()}
    exact = {name: Change.between(before[0], moved[0]) for name, moved in after.items()}
    hardware = {
        name: Change.between(before[1], moved[1])
        for name, moved in after.items()
        if before[1] is not None and moved[1] is not None
    }
    return Symmetry(config, invariant, exact, hardware or None, saturated)


def _logistic(logits: Floats) -> Floats:
    return np.asarray(0.5 + 0.5 * np.tanh(0.5 * logits))


def _prepared(jets: Jets, encoding: EncodingConfig) -> Jets:
    """The leading constituents alone, massless where the encoding takes them for that."""
    p = sorted_by_pt(jets.constituents)[:, : encoding.n_constituents]
    p = on_light_cone(p) if encoding.polar else p
    return dataclasses.replace(jets, constituents=p)


def _permuted(sample: Sample, rng: np.random.Generator) -> Sample:
    """The same sample with the constituents of each jet in random order, absent ones included."""
    n, N = sample.exact["momenta"].shape[:2]
    order = torch.from_numpy(_orders(n, N, rng))
    rows = torch.arange(n)[:, None]

    def permute(values: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        return {k: x if k.startswith("jet") else x[rows, order] for k, x in values.items()}

    return dataclasses.replace(
        sample, exact=permute(sample.exact), hardware=permute(sample.hardware)
    )


def _shuffled(jets: Jets, rng: np.random.Generator) -> Jets:
    """The same jets with their constituents in random order, absent ones included."""
    n, N = jets.constituents.shape[:2]
    order = _orders(n, N, rng)
    return dataclasses.replace(
        jets, constituents=np.take_along_axis(jets.constituents, order[..., None], axis=1)
    )


def _orders(n: int, n_places: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """A random order of the places for each of n jets, (n, N)."""
    return rng.permuted(np.tile(np.arange(n_places), (n, 1)), axis=1)


def _transformed(jets: Jets, matrices: Floats) -> Jets:
    constituents, jet = (lorentz.transformed(p, matrices) for p in (jets.constituents, jets.jet))
    return dataclasses.replace(jets, constituents=constituents, jet=jet)


def _rotations(n: int, config: SymmetryConfig, rng: np.random.Generator) -> Floats:
    del config
    return lorentz.rotation(np.repeat(_BEAM, n, 0), rng.uniform(-np.pi, np.pi, n))


def _boosts(n: int, config: SymmetryConfig, rng: np.random.Generator) -> Floats:
    rapidity = rng.uniform(-config.rapidity, config.rapidity, n)
    return lorentz.boost(np.repeat(_BEAM, n, 0), rapidity)


def _general(n: int, config: SymmetryConfig, rng: np.random.Generator) -> Floats:
    angle = rng.uniform(-config.angle_rad, config.angle_rad, n)
    rapidity = rng.uniform(-config.rapidity, config.rapidity, n)
    turn = lorentz.rotation(lorentz.directions(n, rng), angle)
    return lorentz.boost(lorentz.directions(n, rng), rapidity) @ turn


_TRANSFORMATIONS: Mapping[str, Callable[[int, SymmetryConfig, np.random.Generator], Floats]] = {
    "rotation": _rotations,
    "boost": _boosts,
    "lorentz": _general,
}
