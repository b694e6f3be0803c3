"""The models that can be trained, by name: what a stage needs to know of each.

To add a model, write its float and its quantised module, a frozen config dataclass for each, and
one entry of `_FAMILIES`. A model may have a quantised form for some of its configurations only
(`unsupported`): the others train and are judged, but do not go to hardware.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from triggernet.errors import ConfigError, ModelError

if TYPE_CHECKING:
    from torch import Tensor, nn

    from triggernet.data import EncodingConfig
    from triggernet.models.nanopelican_config import NanoPelicanConfig

    Tensors = Mapping[str, Tensor]


def _all_supported(_config: Any, _encoding: EncodingConfig) -> str | None:
    return None


@dataclass(frozen=True)
class ModelFamily:
    """One kind of model, from its configuration to its quantised form.

    Every module maps a dict of tensors, as `triggernet.training.features` makes them, to logits
    (B,). The quantised one has a method ``freeze_scales()``, and its state dict holds all that
    `transfer` and training decide. A float module whose attribute ``permutation_invariant`` is
    true promises the same bits for every order of the constituents.

    Attributes
    ----------
    name : str
    config, quantisation : type
        Frozen dataclasses: the sections ``model`` and ``quantisation`` of a run's configuration.
    recipes : tuple of str
        Which float trainings it can have, the default first.
    check : callable (config, encoding)
        Raises ConfigError where the two contradict each other.
    make_float : callable (config, encoding)
        A float module with random weights from torch's global generator.
    make_quantised : callable (config, quantisation, encoding)
        A quantised module without weights, where `unsupported` does not speak against it.
    transfer : callable (float module, quantised module, hardware inputs, labels)
        Carries the float weights over and calibrates every open range on the jets given.
    unsupported : callable (config, encoding)
        Why this configuration has no hardware form and what to do about it, as the end of a
        sentence, e.g. "activation: silu has no exact form; set activation: relu". None if it has
        one. It is trained in floating point only, and refused with that reason by what needs more.
    """

    name: str
    config: type[Any]
    quantisation: type[Any]
    recipes: tuple[str, ...]
    check: Callable[[Any, EncodingConfig], None]
    make_float: Callable[[Any, EncodingConfig], nn.Module]
    make_quantised: Callable[[Any, Any, EncodingConfig], nn.Module]
    transfer: Callable[[Any, Any, Tensors, Tensor], None]
    unsupported: Callable[[Any, EncodingConfig], str | None] = _all_supported

    def refusal(self, config: Any, encoding: EncodingConfig) -> ModelError | None:
        """The error for asking this configuration for its hardware form; None if it has one."""
        reason = self.unsupported(config, encoding)
        if reason is None:
            return None
        return ModelError(
            f"this configuration of model {self.name!r} has no hardware form: {reason}, and train "
            "again; it is trained in floating point only and cannot be quantised, exported or "
            "verified"
        )


def model_family(name: str) -> ModelFamily:
    """The family `name`.

    Raises
    ------
    ConfigError
        For an unknown name, with the nearest known one.
    """
    if name not in _FAMILIES:
        close = difflib.get_close_matches(name, _FAMILIES, n=1)
        hint = f"did you mean {close[0]!r}?" if close else f"known: {', '.join(_FAMILIES)}"
        raise ConfigError(f"unknown model {name!r}; {hint}")
    return _FAMILIES[name]()


def model_names() -> tuple[str, ...]:
    """All models that can be trained."""
    return tuple(_FAMILIES)


def _check_nanopelican(config: NanoPelicanConfig, encoding: EncodingConfig) -> None:
    """Refuse settings of model and encoding that contradict each other."""
    if (config.aggregates == "jet" or config.spurion_jet) and not encoding.jet:
        key = "aggregates: jet" if config.aggregates == "jet" else "spurion_jet: true"
        raise ConfigError(
            f"model.{key} reads the whole jet, which encoding.jet: false leaves out; "
            "set encoding.jet: true"
        )
    if encoding.kind == "polar" and encoding.eta_width != encoding.phi_width:
        raise ConfigError(
            f"encoding.eta_width {encoding.eta_width} and encoding.phi_width "
            f"{encoding.phi_width} differ; nanoPELICAN's tables need them equal"
        )


def _set_and_calibrate(model: Any, quantised: Any, inputs: Tensors, label: Tensor) -> None:
    """The usual transfer: the quantised module's own `set_weights`, then calibration."""
    from triggernet.models.calibration import calibrate

    quantised.set_weights(model)
    calibrate(quantised, inputs, label)


# One function a family. Each imports what a configuration is made of; the networks, which need
# PyTorch, are imported when one is made.


def _nanopelican() -> ModelFamily:
    from triggernet.models.nanopelican_config import NanoPelicanConfig, QuantisationConfig

    def make_float(config: NanoPelicanConfig, encoding: EncodingConfig) -> nn.Module:
        from triggernet.models.nanopelican import NanoPELICAN

        return NanoPELICAN(config, encoding.n_constituents)

    def make_quantised(
        config: NanoPelicanConfig, quantisation: QuantisationConfig, encoding: EncodingConfig
    ) -> nn.Module:
        from triggernet.models.quantised_nanopelican import QuantisedNanoPELICAN, Shape

        N = encoding.n_constituents
        shape = Shape(
            {n: (1 if n.startswith("jet_") else N, kind) for n, kind in encoding.types.items()},
            encoding.kind,
            config.aggregates,
            config.spurion_jet,
            config.spurion_beams,
            config.n_channels,
            config.tied,
            N + 1 if config.n_scaled or config.batch_norm else 1,
        )
        return QuantisedNanoPELICAN(shape, quantisation)

    return ModelFamily(
        "nanopelican",
        NanoPelicanConfig,
        QuantisationConfig,
        ("multistart", "adamw"),
        _check_nanopelican,
        make_float,
        make_quantised,
        lambda model, *others: _set_and_calibrate(model.absorbed(), *others),
    )


def _deepsets() -> ModelFamily:
    from triggernet.models.constituents import constituent_inputs
    from triggernet.models.deepsets_config import DeepSetsConfig, DeepSetsQuantisation

    def make_float(config: DeepSetsConfig, encoding: EncodingConfig) -> nn.Module:
        from triggernet.models.deepsets import DeepSets

        return DeepSets(config, constituent_inputs(encoding))

    def make_quantised(
        config: DeepSetsConfig, quantisation: DeepSetsQuantisation, encoding: EncodingConfig
    ) -> nn.Module:
        from triggernet.models.deepsets import QuantisedDeepSets

        return QuantisedDeepSets(config, quantisation, encoding)

    return ModelFamily(
        "deepsets",
        DeepSetsConfig,
        DeepSetsQuantisation,
        ("adamw",),
        lambda _, __: None,
        make_float,
        make_quantised,
        _set_and_calibrate,
    )


def _jedilinear() -> ModelFamily:
    from triggernet.models.constituents import constituent_inputs
    from triggernet.models.jedilinear_config import JediLinearConfig, JediLinearQuantisation

    def make_float(config: JediLinearConfig, encoding: EncodingConfig) -> nn.Module:
        from triggernet.models.jedilinear import JediLinear

        return JediLinear(config, constituent_inputs(encoding), encoding.n_constituents)

    def make_quantised(
        config: JediLinearConfig, quantisation: JediLinearQuantisation, encoding: EncodingConfig
    ) -> nn.Module:
        from triggernet.models.jedilinear import QuantisedJediLinear

        return QuantisedJediLinear(config, quantisation, encoding)

    return ModelFamily(
        "jedilinear",
        JediLinearConfig,
        JediLinearQuantisation,
        ("adamw",),
        lambda _, __: None,
        make_float,
        make_quantised,
        _set_and_calibrate,
    )


def _semiequivariant() -> ModelFamily:
    from triggernet.models import semiequivariant_config as settings
    from triggernet.models.edge_quantisation import EdgeQuantisation

    def make_float(config: settings.SemiEquivariantConfig, _: EncodingConfig) -> nn.Module:
        from triggernet.models.semiequivariant import SemiEquivariantNet

        return SemiEquivariantNet(config)

    def make_quantised(
        config: settings.SemiEquivariantConfig,
        quantisation: EdgeQuantisation,
        encoding: EncodingConfig,
    ) -> nn.Module:
        from triggernet.models.quantised_semiequivariant import QuantisedSemiEquivariantNet

        return QuantisedSemiEquivariantNet(config, quantisation, encoding)

    return ModelFamily(
        "semiequivariant",
        settings.SemiEquivariantConfig,
        EdgeQuantisation,
        ("adamw",),
        settings.check,
        make_float,
        make_quantised,
        _set_and_calibrate,
        settings.unsupported,
    )


def _lorentznet() -> ModelFamily:
    from triggernet.models import lorentznet_config as settings
    from triggernet.models.edge_quantisation import EdgeQuantisation

    def make_float(config: settings.LorentzNetConfig, _: EncodingConfig) -> nn.Module:
        from triggernet.models.lorentznet import LorentzNet

        return LorentzNet(config)

    def make_quantised(
        config: settings.LorentzNetConfig, quantisation: EdgeQuantisation, encoding: EncodingConfig
    ) -> nn.Module:
        from triggernet.models.quantised_lorentznet import QuantisedLorentzNet

        return QuantisedLorentzNet(config, quantisation, encoding)

    return ModelFamily(
        "lorentznet",
        settings.LorentzNetConfig,
        EdgeQuantisation,
        ("adamw",),
        lambda _, __: None,
        make_float,
        make_quantised,
        _set_and_calibrate,
        settings.unsupported,
    )


def _mlp() -> ModelFamily:
    from triggernet.models import mlp_config as settings
    from triggernet.models.constituents import constituent_inputs
    from triggernet.models.widths import NetworkQuantisation

    def make_float(config: settings.MlpConfig, encoding: EncodingConfig) -> nn.Module:
        from triggernet.models.mlp import MLP

        return MLP(config, constituent_inputs(encoding), encoding.n_constituents)

    def make_quantised(
        config: settings.MlpConfig, quantisation: NetworkQuantisation, encoding: EncodingConfig
    ) -> nn.Module:
        from triggernet.models.mlp import QuantisedMLP

        return QuantisedMLP(config, quantisation, encoding)

    return ModelFamily(
        "mlp",
        settings.MlpConfig,
        NetworkQuantisation,
        ("adamw",),
        lambda _, __: None,
        make_float,
        make_quantised,
        _set_and_calibrate,
        settings.unsupported,
    )


_FAMILIES: Mapping[str, Callable[[], ModelFamily]] = {
    "nanopelican": _nanopelican,
    "deepsets": _deepsets,
    "jedilinear": _jedilinear,
    "semiequivariant": _semiequivariant,
    "lorentznet": _lorentznet,
    "mlp": _mlp,
}
