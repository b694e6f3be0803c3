"""Collisions of flavour jets in Pythia's words: top pairs, and a Z' of many masses.

Every chunk is of one setting, and chunks take settings in turns. Half of the top pairs decay as
they like; in the other half one W gives a charm quark and the other one a tau, since such jets are
rare. A Z' decays to quarks and taus by its couplings; its masses give jets of up to 2.5 TeV.
"""

from __future__ import annotations

from triggernet.data.generation.flavour.config import FlavourConfig

TOP_PAIRS = ("Top:gg2ttbar = on", "Top:qqbar2ttbar = on")
Z_PRIME = (
    "NewGaugeBoson:ffbar2gmZZprime = on",
    "Zprime:gmZmode = 3",
    "32:onMode = off",
    "32:onIfAny = 1 2 3 4 5 15",
)
# In an order in which any few of them spread over all.
MASSES_GEV = (1000, 3500, 2000, 600, 5000, 1500, 2750, 800, 4250, 1250)


def settings(config: FlavourConfig, source: int, number: int) -> list[str]:
    """Lines for Pythia that set up the chunk `number` of a source."""
    lines = [
        f"Beams:eCM = {config.energy_gev}",
        f"PartonLevel:MPI = {'on' if config.multiple_interactions else 'off'}",
        *(top_pairs(number) if source == 0 else z_prime(number)),
    ]
    return lines + list(config.pythia)


def pile_up_settings(config: FlavourConfig) -> list[str]:
    """Lines for Pythia that set up inelastic collisions."""
    return [f"Beams:eCM = {config.energy_gev}", "SoftQCD:inelastic = on", *config.pythia]


def top_pairs(number: int) -> tuple[str, ...]:
    """Top pairs of a chunk."""
    if number % 2 == 0:
        return TOP_PAIRS
    charm, tau = ("Pos", "Neg") if number % 4 == 1 else ("Neg", "Pos")
    return (*TOP_PAIRS, "24:onMode = off", f"24:on{charm}IfAny = 4", f"24:on{tau}IfAny = 15")


def z_prime(number: int) -> tuple[str, ...]:
    """The Z' of a chunk."""
    return (*Z_PRIME, f"32:m0 = {MASSES_GEV[number % len(MASSES_GEV)]}")
