"""Everything that decides which jets with tracks are generated."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from triggernet.errors import ConfigError

CLASSES = ("b", "c", "light", "tau")
SOURCES = ("ttbar", "zprime")


@dataclass(frozen=True)
class TrackingConfig:
    """The tracking detector.

    Attributes
    ----------
    pile_up : float
        Mean number of additional inelastic collisions in an event (Poisson).
    pile_up_library : int
        How many such collisions are simulated for a few chunks, whose events draw from them, each
        turned at random.
    beam_spot_mm : float
        Standard deviation of the places of collisions along the beam.
    vertex_xy_mm, vertex_z_mm : float
        Resolution of the primary vertex, to which impact parameters are relative.
    tail_share, tail_width : float
        The share of tracks that are measured worse, and how much worse.
    n_tracks : int
        Stored of each jet: those with the largest |s(d0)|.
    """

    pile_up: float = 45.0
    pile_up_library: int = 400
    beam_spot_mm: float = 40.0
    vertex_xy_mm: float = 0.01
    vertex_z_mm: float = 0.03
    tail_share: float = 0.025
    tail_width: float = 3.0
    n_tracks: int = 40

    def __post_init__(self) -> None:
        if not 0 <= self.pile_up <= 1000:
            raise ConfigError(f"pile_up = {self.pile_up}: expected 0 to 1000 collisions an event")
        if self.pile_up_library < 1:
            raise ConfigError(f"pile_up_library = {self.pile_up_library}: expected 1 or more")
        if not 1 <= self.n_tracks <= 200:
            raise ConfigError(f"n_tracks = {self.n_tracks}: expected 1 to 200")
        if not 0 <= self.tail_share < 1 or self.tail_width < 1:
            raise ConfigError(
                f"tail_share = {self.tail_share}, tail_width = {self.tail_width}: expected 0 to "
                "below 1, and 1 or more"
            )


@dataclass(frozen=True)
class FlavourConfig:
    """Jets with tracks: of top pairs at low pT, of a Z' at high pT.

    Attributes
    ----------
    process : "flavour"
    energy_gev : float
        Centre-of-mass energy.
    multiple_interactions : bool
        Multiparton interactions.
    pythia : tuple of str
        Further settings in Pythia's own words, applied last: another tune or shower.
    high_pt_share : float
        The share of the jets that come from a Z'.
    pt_min_gev, pt_split_gev, pt_max_gev, abs_eta_max : float
        Jets of top pairs lie between the first two, those of a Z' between the last two.
    resampling : {"none", "weights", "draw"}
        How the distributions of pT and pseudorapidity of all flavours are made those of `target`:
        not at all; by a weight of each jet, for trainings; or by drawing jets, some of them more
        than once.
    target : str
    tracking : TrackingConfig
    chunk_jets : int
        Jets of one source in a chunk: the unit of work, of seeding and of resuming.
    """

    process: Literal["flavour"] = "flavour"
    energy_gev: float = 13600.0
    multiple_interactions: bool = True
    pythia: tuple[str, ...] = ()
    high_pt_share: float = 0.5
    pt_min_gev: float = 20.0
    pt_split_gev: float = 250.0
    pt_max_gev: float = 6000.0
    abs_eta_max: float = 2.5
    resampling: Literal["none", "weights", "draw"] = "none"
    target: Literal["b", "c", "light", "tau"] = "c"
    tracking: TrackingConfig = field(default_factory=TrackingConfig)
    chunk_jets: int = 2000

    def __post_init__(self) -> None:
        if not 15 <= self.pt_min_gev < self.pt_split_gev < self.pt_max_gev:
            raise ConfigError(
                f"jet pT from {self.pt_min_gev} over {self.pt_split_gev} to {self.pt_max_gev} GeV: "
                "expected rising numbers from 15 on"
            )
        if not 0 < self.abs_eta_max <= 2.5:
            raise ConfigError(
                f"abs_eta_max = {self.abs_eta_max}: expected above 0 and at most 2.5, where the "
                "tracking detector ends"
            )
        if not 0 <= self.high_pt_share <= 1 or self.chunk_jets < 1:
            raise ConfigError(
                f"high_pt_share = {self.high_pt_share}, chunk_jets = {self.chunk_jets}: expected "
                "0 to 1, and 1 or more"
            )

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the classes."""
        return CLASSES

    def window_gev(self, source: int) -> tuple[float, float]:
        """The pT of the jets of a source."""
        edges = (self.pt_min_gev, self.pt_split_gev, self.pt_max_gev)
        return edges[source], edges[source + 1]
