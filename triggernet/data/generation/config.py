"""Everything that decides which jets are generated."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from triggernet.data.generation.processes import PRESETS, PROCESSES, JetClass
from triggernet.errors import ConfigError

Process = Literal["toptag", "wtag", "fiveclass"]


def processes_of_jets() -> tuple[str, ...]:
    """What can be generated of jets of constituents."""
    return get_args(Process)


def preset(process: str) -> Mapping[str, Any]:
    """Settings, by dotted keys, in which a process differs from `GenerationConfig()`.

    Pass them to `load_config` as its defaults.
    """
    return PRESETS.get(process, {})


@dataclass(frozen=True)
class CollisionConfig:
    """Proton-proton collisions in Pythia 8.

    Attributes
    ----------
    energy_gev : float
        Centre-of-mass energy.
    pt_hat_min_gev, pt_hat_max_gev : float
        Window of the hard process. It must be wider than that of the jets, whose pT radiation
        moves.
    multiple_interactions : bool
        Multiparton interactions; off in the reference data.
    pile_up : float
        Mean number of additional inelastic collisions in an event (Poisson); 0 in the reference.
    pythia : tuple of str
        Further settings in Pythia's own words, applied last:
        ``("TimeShower:alphaSvalue = 0.13",)``.
    """

    energy_gev: float = 14000.0
    pt_hat_min_gev: float = 400.0
    pt_hat_max_gev: float = 900.0
    multiple_interactions: bool = False
    pile_up: float = 0.0
    pythia: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not 0 < self.pt_hat_min_gev < self.pt_hat_max_gev < self.energy_gev / 2:
            raise ConfigError(
                f"pt_hat window {self.pt_hat_min_gev} to {self.pt_hat_max_gev} GeV at "
                f"{self.energy_gev} GeV: expected 0 < minimum < maximum < energy_gev / 2"
            )
        if not 0 <= self.pile_up <= 1000:
            raise ConfigError(f"pile_up = {self.pile_up}: expected 0 to 1000 collisions an event")


@dataclass(frozen=True)
class SelectionConfig:
    """Which jets are kept; the defaults are those of the top-tagging reference data.

    Attributes
    ----------
    radius : float
        Of the anti-kT jets.
    pt_min_gev, pt_max_gev, abs_eta_max : float
        Window of the jet.
    jets : "all" or "leading"
        All jets of an event that pass, or its hardest jet if that one passes.
    match : bool
        Ask that a jet holds the particle that it comes from, where its class has one: the top, W
        or Z and all partons of its decay, or the gluon or quark of the hard process, within
        `match_radius` of the jet axis.
    match_radius : float
    """

    radius: float = 0.8
    pt_min_gev: float = 550.0
    pt_max_gev: float = 650.0
    abs_eta_max: float = 2.0
    jets: Literal["all", "leading"] = "all"
    match: bool = True
    match_radius: float = 0.8

    def __post_init__(self) -> None:
        if not 0 < self.pt_min_gev < self.pt_max_gev:
            raise ConfigError(
                f"jet pT window {self.pt_min_gev} to {self.pt_max_gev} GeV: expected "
                "0 < pt_min_gev < pt_max_gev"
            )
        for name in ("radius", "match_radius", "abs_eta_max"):
            if getattr(self, name) <= 0:
                raise ConfigError(f"{name} = {getattr(self, name)}: expected a positive number")


@dataclass(frozen=True)
class GenerationConfig:
    """A sample of jets: equal parts of all classes.

    Attributes
    ----------
    process : "toptag", "wtag" or "fiveclass"
        Hadronic tops, or hadronic W bosons recoiling against a parton, both against QCD dijets; or
        gluons, light quarks, W and Z bosons and tops, which want the settings of `preset`.
    detector : "coarse", "fine" or "none"
        See `triggernet.data.generation.detector.respond`.
    n_constituents : int
        Leading constituents that are stored; the jet's own four-momentum counts all of them.
    chunk_jets : int
        Jets of one class in a chunk: the unit of work, of seeding and of resuming.
    """

    process: Process = "toptag"
    detector: Literal["coarse", "fine", "none"] = "coarse"
    n_constituents: int = 200
    chunk_jets: int = 1000
    collision: CollisionConfig = field(default_factory=CollisionConfig)
    selection: SelectionConfig = field(default_factory=SelectionConfig)

    def __post_init__(self) -> None:
        for name in ("n_constituents", "chunk_jets"):
            if getattr(self, name) < 1:
                raise ConfigError(f"{name} = {getattr(self, name)}: expected 1 or more")

    @property
    def jet_classes(self) -> tuple[JetClass, ...]:
        """What is generated, class by class; of two the background first."""
        return PROCESSES[self.process]

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the classes."""
        return tuple(kind.name for kind in self.jet_classes)
