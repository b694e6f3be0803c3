"""What a stage needs to know of a kind of model: `ModelFamily`.

Nothing here, nor in the `family.py` of any family, needs torch: the functions of a family load it
when they are called.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from triggernet.errors import ModelError
from triggernet.learning.models.pair_function import Reading
from triggernet.tier import Tier

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import Tensor, nn

    from triggernet.data import EncodingConfig, Jets

    Tensors = Mapping[str, Tensor]


def set_and_calibrate(model: Any, quantised: Any, inputs: Tensors, label: Tensor) -> None:
    """The usual transfer: the quantised module's own `set_weights`, then calibration.

    Parameters
    ----------
    model, quantised : module
    inputs : mapping of str to float tensors (B, ...)
        Hardware inputs of some jets.
    label : tensor (B,)
    """
    from triggernet.learning.layers.calibration import calibrate

    quantised.set_weights(model)
    calibrate(quantised, inputs, label)


@dataclass(frozen=True)
class NoQuantisation:
    """The section ``quantisation`` of a family without a quantised form: it is empty."""


def _no_quantised(*_: Any) -> nn.Module:
    raise AssertionError("a family of the tier hlt has no quantised form; see `refusal`")


@dataclass(frozen=True)
class ModelFamily:
    """One kind of model, from its configuration to its quantised form.

    Every module maps a dict of tensors, as `triggernet.learning.training.features` makes them, to
    logits: (B,) for one output, (B, C) for several. The quantised one has a method
    ``freeze_scales()``, and its state dict holds all that `transfer` and training decide. A float
    module whose attribute ``permutation_invariant`` is true promises the same bits for every order
    of the constituents. Parameters whose names begin with one of its `head_parameters` are the
    head, the others the trunk; if it has methods ``trunk_outputs`` (inputs to what the head reads,
    jet by jet) and ``head_logits``, a frozen trunk runs once for a whole training. A method
    ``standardise`` (inputs, weights of the jets or None) is called before a training that does not
    begin from another run.

    Attributes
    ----------
    name : str
    summary : str
        What it is, in a few words, for ``triggernet train -h``.
    config, quantisation : type
        Frozen dataclasses: the sections ``model`` and ``quantisation`` of a run's configuration.
    make_float : callable (config, encoding, n_outputs)
        A float module with random weights from torch's global generator.
    make_quantised : callable (config, quantisation, encoding, n_outputs)
        A quantised module without weights, where `unsupported` does not speak against it. Families
        of the tier hlt leave it and `quantisation` out.
    recipes : tuple of str
        Which float trainings it can have, the default first.
    check : callable (config, encoding)
        Raises ConfigError where the two contradict each other.
    transfer : callable (float module, quantised module, hardware inputs, labels)
        Carries the float weights over and calibrates every open range on the jets given.
    unsupported : callable (config, encoding)
        Why this configuration has no hardware form and what to do about it, as the end of a
        sentence, e.g. "activation: silu has no exact form; set activation: relu". None if it has
        one. It is trained in floating point only, and refused with that reason by what needs more.
    tier : {"l1", "hlt"}
        Which tier it is for; one of the hlt has no quantised form.
    inputs : callable (config, encoding, jets), optional
        What the float module reads, as arrays (n, ...) by name; left out, what
        `triggernet.learning.training.features.float_inputs` gives.
    n_constituents : int, optional
        How many leading constituents it reads where ``encoding.n_constituents`` is not given; left
        out, as many as the preset says.
    any_columns : bool
        Whether the models read every input that an encoding gives its constituents, whatever it is:
        tracks have more than momenta.
    parts : tuple of str
        Tasks of constituents and of pairs that the float module can learn beside its classes (see
        `triggernet.learning.tasks.parts`), by its method ``with_parts``.
    at_width : callable (config, width), optional
        The same configuration at another width; of families that have
        `triggernet.learning.layers.mup` as an option.
    reading : Reading, optional
        What the models make of a pair of particles, in a form that people can read; left out,
        `triggernet interpret` has nothing to show.
    """

    name: str
    summary: str
    config: type[Any]
    make_float: Callable[[Any, EncodingConfig, int], nn.Module]
    quantisation: type[Any] = NoQuantisation
    make_quantised: Callable[[Any, Any, EncodingConfig, int], nn.Module] = _no_quantised
    recipes: tuple[str, ...] = ("adamw",)
    check: Callable[[Any, EncodingConfig], None] = lambda _config, _encoding: None
    transfer: Callable[[Any, Any, Tensors, Tensor], None] = set_and_calibrate
    unsupported: Callable[[Any, EncodingConfig], str | None] = lambda _config, _encoding: None
    tier: Tier = "l1"
    inputs: Callable[[Any, EncodingConfig, Jets], Mapping[str, NDArray[Any]]] | None = None
    n_constituents: int | None = None
    any_columns: bool = False
    parts: tuple[str, ...] = ()
    at_width: Callable[[Any, int], Any] | None = None
    reading: Reading | None = None

    def refusal(self, config: Any, encoding: EncodingConfig) -> ModelError | None:
        """The error for asking this configuration for its hardware form; None if it has one."""
        if self.tier == "hlt":
            return ModelError(
                f"model {self.name!r} is of the tier hlt, which has no hardware form: it is "
                "trained in floating point only and cannot be quantised; `triggernet export "
                "--onnx` makes the file that a CPU runs"
            )
        reason = self.unsupported(config, encoding)
        if reason is None:
            return None
        return ModelError(
            f"this configuration of model {self.name!r} has no hardware form: {reason}, and train "
            "again; it is trained in floating point only and cannot be quantised, exported or "
            "verified"
        )
