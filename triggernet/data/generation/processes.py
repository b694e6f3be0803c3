"""What can be generated: for each process its classes of jets, and where each comes from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

OUTGOING = 23  # status of what leaves the hard process, in Pythia's words


@dataclass(frozen=True)
class JetClass:
    """One class of jets.

    Attributes
    ----------
    name : str
        As files and models call it.
    pythia : tuple of str
        Settings of Pythia that select the hard process, and the decays.
    origins : tuple of int
        Codes (without sign) of the particles that such a jet comes from; none if a jet is not
        matched to anything.
    n_partons : int
        To how many partons an origin decays; 0 if it is itself a parton of the hard process.
    """

    name: str
    pythia: tuple[str, ...]
    origins: tuple[int, ...] = ()
    n_partons: int = 0


HADRONIC_W = ("24:onMode = off", "24:onIfAny = 1 2 3 4 5")
HADRONIC_Z = ("WeakZ0:gmZmode = 2", "23:onMode = off", "23:onIfAny = 1 2 3 4 5")
TOP_PAIRS = ("Top:gg2ttbar = on", "Top:qqbar2ttbar = on")
LIGHT_QUARKS = (
    "HardQCD:qq2qq = on",
    "HardQCD:gg2qqbar = on",
    "HardQCD:qqbar2qqbarNew = on",
    "HardQCD:nQuarkNew = 3",
)

DIJETS = JetClass("qcd", ("HardQCD:all = on",))
TOP = JetClass("top", TOP_PAIRS + HADRONIC_W, (6,), 3)
W_AND_PARTON = JetClass(
    "w",
    ("WeakBosonAndParton:qqbar2Wg = on", "WeakBosonAndParton:qg2Wq = on", *HADRONIC_W),
    (24,),
    2,
)
GLUON = JetClass("gluon", ("HardQCD:gg2gg = on", "HardQCD:qqbar2gg = on"), (21,))
QUARK = JetClass("quark", LIGHT_QUARKS, (1, 2, 3))
W_PAIRS = JetClass("w", ("WeakDoubleBoson:ffbar2WW = on", *HADRONIC_W), (24,), 2)
Z_PAIRS = JetClass("z", ("WeakDoubleBoson:ffbar2gmZgmZ = on", *HADRONIC_Z), (23,), 2)

# The first class is the background where there are two.
PROCESSES: Mapping[str, tuple[JetClass, ...]] = MappingProxyType(
    {
        "toptag": (DIJETS, TOP),
        "wtag": (DIJETS, W_AND_PARTON),
        "fiveclass": (GLUON, QUARK, W_PAIRS, Z_PAIRS, TOP),
    }
)

# Where a process differs from the defaults of the configuration: see the documentation of the jets.
PRESETS: Mapping[str, Mapping[str, Any]] = MappingProxyType(
    {
        "fiveclass": {
            "detector": "fine",
            "n_constituents": 150,
            "collision.energy_gev": 13000.0,
            "collision.pt_hat_min_gev": 990.0,
            "collision.pt_hat_max_gev": 1010.0,
            "collision.multiple_interactions": True,
            "selection.pt_min_gev": 800.0,
            "selection.pt_max_gev": 1600.0,
            "selection.abs_eta_max": 2.5,
        }
    }
)
