"""Constraints in words."""

from __future__ import annotations

from triggernet.reports.pages.text import percent
from triggernet.studies.interpret.channels import Channel, Reading
from triggernet.studies.interpret.curves import CurveReading
from triggernet.studies.interpret.profiles import Profile


def formula(channel: Channel) -> str:
    """The constraint that pairs must pass, as an inequality."""
    own = channel.coefficients
    if own["row"] == own["column"]:
        pairs = [(own["row"], "(p_i + p_j)·J")]
    else:
        pairs = [(own["row"], "p_i·J"), (own["column"], "p_j·J")]
    terms = [(own["sign"], "m_ij²"), *pairs, (own["jet"], "m_J²"), (own["constant"], "GeV²")]
    return f"{_sum(terms)} > 0"


def diagonal_formula(channel: Channel) -> str:
    """The same of the diagonal, which single particles must pass."""
    own = channel.coefficients
    terms = [(own["diagonal_slope"], "p_i·J"), (own["diagonal_jet"], "m_J²")]
    return f"{_sum([*terms, (own['diagonal_constant'], 'GeV²')])} > 0"


def _sum(terms: list[tuple[float, str]]) -> str:
    text = ""
    for value, name in terms:
        if value == 0:
            continue
        size = "" if abs(value) == 1 and name != "GeV²" else f"{abs(value):.3g} "
        sign = " + " if value > 0 else " − "
        text += (sign if text else sign.strip() if value < 0 else "") + size + name
    return text or "0"


def of_channel(number: int, channel: Channel, classes: tuple[str, ...]) -> str:
    """What a channel does, in two sentences."""
    weight = channel.coefficients["pair_weight"]
    qcd, top = channel.passing
    way = "raises" if weight > 0 else "lowers"
    mass = (
        ""
        if channel.mass_gev is None
        else f" For soft pairs this is a condition on the jet alone: m_J "
        f"{'above' if channel.coefficients['jet'] > 0 else 'below'} {channel.mass_gev:.0f} GeV."
    )
    return (
        f"Channel {number} {way} the score by {abs(weight):.2g} for every GeV² by which a pair "
        f"exceeds {formula(channel)}; {percent(top)} of the pairs of {classes[1]} jets do, and "
        f"{percent(qcd)} of those of {classes[0]} jets.{mass}"
    )


def of_all(reading: Reading, shown: tuple[Profile, ...], auc_mass: float) -> str:
    """The whole network in one sentence."""
    mass, count, drop = shown
    peaks = sorted(mass.peak.values())
    trends = " and ".join(
        (
            _trend(count, "more constituents", "fewer constituents"),
            _trend(drop, "a larger mass drop", "a smaller mass drop"),
        )
    )
    without = " and ".join(
        f"{channel.auc_without:.3f} without channel {k + 1}"
        for k, channel in enumerate(reading.channels)
    )
    return (
        f"A jet looks most like a top where its mass is {peaks[0]:.0f} to {peaks[-1]:.0f} GeV; "
        f"at one mass and class more so with {trends}. The AUC is {reading.auc:.4f}, that of the "
        f"jet mass alone {auc_mass:.4f}, {without}."
    )


def _trend(profile: Profile, more: str, less: str) -> str:
    """In which direction of a variable the score grows, and how clearly."""
    correlation = f"{profile.at_fixed_mass:+.2f}".replace("-", "−")
    return f"{more if profile.at_fixed_mass > 0 else less} (correlation {correlation})"


def of_curves(reading: CurveReading) -> str:
    """The messages of a model, and the features that it would miss most."""
    turning = ", ".join(
        f"{name} at {mass:.3g} GeV"
        for name, mass in zip(reading.names, reading.turning_gev, strict=True)
    )
    most = list(reading.lost.items())[:3]
    missed = ", ".join(f"{name} ({lost:.3f})" for name, lost in most)
    features = f" Of the features of constituents it would miss most, in AUC: {missed}." * bool(
        most
    )
    return f"The messages change most with the mass of the pair: {turning}.{features}"
