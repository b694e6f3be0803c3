"""Jets as integers: what the trigger hands to the firmware, and back.

Polar (the default): every constituent is (pT, y - y_J, phi - phi_J) relative to the jet axis, the
rapidity and azimuth of the whole jet. In the frame boosted along z by y_J and turned by phi_J a
massless constituent is pT (cosh y, cos phi, sin phi, sinh y) and the jet (m_T, pT, 0, 0). The
jet's own inputs are pT and the excess m_T - pT, so that m^2 = excess (2 pT + excess) without
cancellation.

Cartesian: (E, px, py, pz) in the laboratory frame.

An angular step is pi/720 rad, as in CMS (The Phase-2 Upgrade of the CMS Level-1 Trigger,
CERN-LHCC-2020-004); the step of a momentum is a power of two in GeV.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from triggernet.data import kinematics, track_columns
from triggernet.data.jets import Jets
from triggernet.errors import ConfigError, DataError, EncodingError
from triggernet.fixedpoint import FixedPoint

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]

ANGLE_STEP_RAD = math.pi / 720


@dataclass(frozen=True)
class EncodingConfig:
    """Which numbers describe a jet, and in how many bits.

    Attributes
    ----------
    kind : {"polar", "cartesian", "outer-tracks", "pixel-tracks"}
        The last two are polar too, of tracks above 2 GeV with ``z0`` and ``dxy`` as further inputs:
        see `triggernet.data.track_columns`.
    n_constituents : int
        Leading constituents that are kept.
    jet : bool
        Whether the four-momentum of the whole jet is an input too.
    pt_width, pt_lsb_gev
        Polar: unsigned transverse momentum of a constituent.
    eta_width, phi_width
        Polar: signed angles relative to the jet axis, in steps of pi/720; 9 bits reach 1.1 rad.
    jet_pt_width, jet_pt_lsb_gev, jet_excess_width, jet_excess_lsb_gev
        Polar: unsigned pT and m_T - pT of the jet.
    momentum_width, momentum_lsb_gev
        Cartesian: unsigned E, signed px, py, pz, of constituents and jet.
    """

    kind: Literal["polar", "cartesian", "outer-tracks", "pixel-tracks"] = "polar"
    n_constituents: int = 16
    jet: bool = False
    pt_width: int = 14
    pt_lsb_gev: float = 0.25
    eta_width: int = 9
    phi_width: int = 9
    jet_pt_width: int = 14
    jet_pt_lsb_gev: float = 0.25
    jet_excess_width: int = 14
    jet_excess_lsb_gev: float = 2.0**-6
    momentum_width: int = 18
    momentum_lsb_gev: float = 2.0**-5

    def __post_init__(self) -> None:
        if self.n_constituents < 1:
            raise ConfigError(f"n_constituents = {self.n_constituents}: expected 1 or more")
        for name, value in vars(self).items():
            if name.endswith("_width") and not 2 <= value <= 32:
                raise ConfigError(f"{name} = {value}: expected 2 to 32 bits")
            if name.endswith("_lsb_gev") and not (value > 0 and math.frexp(value)[0] == 0.5):
                raise ConfigError(f"{name} = {value}: expected a power of two, in GeV")

    @property
    def polar(self) -> bool:
        """Whether constituents are told by pT and angles."""
        return self.kind != "cartesian"

    @property
    def types(self) -> dict[str, FixedPoint]:
        """Type of each input in the order of `encode`; momenta in GeV, angles in steps."""
        if self.polar:
            result = {
                "pt": momentum_type(False, self.pt_width, self.pt_lsb_gev),
                "eta": FixedPoint(True, self.eta_width, self.eta_width),
                "phi": FixedPoint(True, self.phi_width, self.phi_width),
                **track_columns.TYPES.get(self.kind, {}),
            }
            jet = {
                "jet_pt": momentum_type(False, self.jet_pt_width, self.jet_pt_lsb_gev),
                "jet_excess": momentum_type(False, self.jet_excess_width, self.jet_excess_lsb_gev),
            }
        else:
            signs = {"e": False, "px": True, "py": True, "pz": True}
            width, lsb = self.momentum_width, self.momentum_lsb_gev
            result = {name: momentum_type(sign, width, lsb) for name, sign in signs.items()}
            jet = {f"jet_{name}": kind for name, kind in result.items()}
        return result | jet if self.jet else result


def momentum_type(signed: bool, width: int, lsb_gev: float) -> FixedPoint:
    """Type of `width` bits whose step is `lsb_gev`, a power of two."""
    return FixedPoint(signed, width, width + round(math.log2(lsb_gev)))


@dataclass(frozen=True)
class Encoded:
    """Jets in integers.

    Attributes
    ----------
    inputs : dict of str to int64 array
        By name, in the order of `EncodingConfig.types`: (n, N) for constituents, present ones
        first by falling pT, then zeros; (n, 1) for those of the jet.
    axis : float64 array (n, 2)
        Rapidity and azimuth of the jets: no input, but what restores laboratory momenta.
    saturated : dict of str to int
        How many values of each input lay outside its range and were set to its end.
    vanished : int
        How many constituents among the leading N were dropped because their pT rounds to zero.
    """

    inputs: Mapping[str, Integers]
    axis: Floats
    saturated: Mapping[str, int]
    vanished: int

    def __len__(self) -> int:
        return len(self.axis)


@dataclass(frozen=True)
class Decoded:
    """Momenta in GeV of encoded jets, exactly as the hardware sees them.

    Attributes
    ----------
    constituents : float64 array (n, N, 4)
        (E, px, py, pz), zero where absent: in the jet frame for a polar encoding, in the
        laboratory for a cartesian one.
    jet : float64 array (n, 4) or None
        The same of the whole jet, where it is among the inputs.
    """

    constituents: Floats
    jet: Floats | None


def encode(jets: Jets, config: EncodingConfig, strict: bool = False) -> Encoded:
    """Encode jets: round half to even, saturate, count what saturated.

    A constituent whose pT rounds to zero is absent: all its numbers are zero.

    Parameters
    ----------
    jets
        Any number of constituents.
    config
        The encoding.
    strict
        Refuse values that do not fit, instead of counting them.

    Raises
    ------
    EncodingError
        If `strict` and a value does not fit; names the input, how many values, and the width
        that would hold them. Always for values that are not finite.
    DataError
        If the jets were cut off at fewer constituents than are asked for.
    """
    refuse_not_finite(jets)
    axis = jet_axis(jets.jet)  # (n, 2)
    p, exact = exact_values(jets, config)
    lsb = config.pt_lsb_gev if config.polar else config.momentum_lsb_gev
    present = np.rint(kinematics.transverse_momentum(p) / lsb) > 0  # (n, N)
    inputs, saturated = {}, {}
    for name, kind in config.types.items():
        rounded = np.rint(exact[name] / kind.lsb)  # (n, N); (n, 1) of the jet
        if not name.startswith("jet_"):
            rounded = np.where(present, rounded, 0.0)
        saturated[name] = count_outside(name, rounded, kind, strict)
        inputs[name] = np.clip(rounded, kind.min_int, kind.max_int).astype(np.int64)
    vanished = int(((p[..., 0] > 0) & ~present).sum())
    return Encoded(inputs, axis, saturated, vanished)


def exact_values(jets: Jets, config: EncodingConfig) -> tuple[Floats, dict[str, Floats]]:
    """Momenta (n, N, 4) in GeV of the constituents that are kept, and all inputs, not rounded.

    Raises
    ------
    DataError
        As `encode`; for an encoding of tracks if the jets have none.
    """
    if config.kind in track_columns.TYPES:
        p, columns = track_columns.leading_tracks(jets, config.kind, config.n_constituents)
        return p, polar_values(p, jets.jet, jet_axis(jets.jet)) | columns
    p = leading(jets, config.n_constituents)
    if config.polar:
        return p, polar_values(p, jets.jet, jet_axis(jets.jet))
    return p, lab_values(p, jets.jet)


def leading(jets: Jets, n_constituents: int) -> Floats:
    """The leading constituents (n, n_constituents, 4) by falling pT, zero where a jet has fewer.

    Raises
    ------
    DataError
        If some were cut off when the jets were stored: their places would stay empty.
    """
    if jets.cut_at is not None and jets.cut_at < n_constituents:
        raise DataError(
            f"{n_constituents} constituents of each jet are asked for, and these jets are stored "
            f"with their {jets.cut_at} leading ones only; ask for {jets.cut_at} or fewer, or take "
            "a file that stores more"
        )
    p = sorted_by_pt(jets.constituents)[:, :n_constituents]  # (n, at most N, 4)
    return np.pad(p, ((0, 0), (0, n_constituents - p.shape[1]), (0, 0)))


def refuse_not_finite(jets: Jets) -> None:
    """Raise EncodingError if any momentum is not a finite number."""
    for name in ("constituents", "jet"):
        bad = ~np.isfinite(getattr(jets, name)).all(axis=-1)
        if bad.any():
            first = int(np.argwhere(bad)[0, 0])
            raise EncodingError(
                f"{int(bad.sum())} four-momenta of {name!r} are not finite, first in jet {first}; "
                "every momentum must be a finite number of GeV"
            )


def sorted_by_pt(p: Floats) -> Floats:
    """The same four-momenta (n, N, 4) by falling pT; equal ones keep their order.

    Equal means to 2^-20 GeV: momenta that went through integers and a boost come back with the
    last bits changed, and their order must not.
    """
    pt = np.rint(kinematics.transverse_momentum(p) * 2.0**20)  # (n, N)
    if (np.diff(pt, axis=1) <= 0).all():
        return p
    order = np.argsort(-pt, axis=1, kind="stable")  # (n, N)
    return np.take_along_axis(p, order[..., None], axis=1)


def jet_axis(jet: Floats) -> Floats:
    """Rapidity and azimuth (n, 2) of four-momenta (n, 4)."""
    return np.stack([kinematics.rapidity(jet), kinematics.azimuth(jet)], axis=-1)


def polar_values(p: Floats, jet: Floats, axis: Floats) -> dict[str, Floats]:
    """Exact values of the polar inputs: momenta in GeV, angles in steps.

    The excess m_T - pT is computed as m^2 / (m_T + pT), which keeps its digits for light jets.
    """
    m_t, jet_pt = kinematics.transverse_mass(jet), kinematics.transverse_momentum(jet)  # (n,)
    total = np.where(m_t + jet_pt > 0, m_t + jet_pt, 1.0)  # (n,)
    azimuth = kinematics.wrap(kinematics.azimuth(p) - axis[:, 1:])  # (n, N)
    return {
        "pt": kinematics.transverse_momentum(p),
        "eta": (kinematics.pseudorapidity(p) - axis[:, :1]) / ANGLE_STEP_RAD,
        "phi": azimuth / ANGLE_STEP_RAD,
        "jet_pt": jet_pt[:, None],
        "jet_excess": (kinematics.mass(jet) ** 2 / total)[:, None],
    }


def lab_values(p: Floats, jet: Floats) -> dict[str, Floats]:
    """Exact values of the cartesian inputs, in GeV."""
    names = ("e", "px", "py", "pz")
    constituents = {name: p[..., k] for k, name in enumerate(names)}
    return constituents | {f"jet_{name}": jet[:, k : k + 1] for k, name in enumerate(names)}


def count_outside(name: str, rounded: Floats, kind: FixedPoint, strict: bool) -> int:
    """How many codes lie outside the range of `kind`; with `strict`, raise EncodingError."""
    outside = int(((rounded < kind.min_int) | (rounded > kind.max_int)).sum())
    if outside and strict:
        largest = max(float(rounded.max()), -float(rounded.min()) - 1.0)
        needed = math.floor(math.log2(largest)) + 1 + int(kind.signed)
        raise EncodingError(
            f"{outside} values of the input {name!r} do not fit {kind.width} bits; "
            f"{needed} bits hold them: widen the encoding, or take a coarser step"
        )
    return outside


def decode(encoded: Encoded | Mapping[str, Integers], config: EncodingConfig) -> Decoded:
    """Momenta of encoded jets, in the frame of the encoding.

    Parameters
    ----------
    encoded
        From `encode`, or its inputs by name.
    config
        The encoding.

    Raises
    ------
    EncodingError
        If an input of the encoding is missing.
    """
    inputs = encoded.inputs if isinstance(encoded, Encoded) else encoded
    missing = [name for name in config.types if name not in inputs]
    if missing:
        raise EncodingError(
            f"the encoded jets have no input {missing[0]!r}; found {', '.join(inputs)}"
        )
    values: dict[str, Floats] = {
        name: inputs[name] * np.float64(kind.lsb) for name, kind in config.types.items()
    }
    if config.kind == "cartesian":
        names = ("e", "px", "py", "pz")
        jet = [values[f"jet_{name}"][:, 0] for name in names] if config.jet else None
        constituents = np.stack([values[name] for name in names], axis=-1)  # (n, N, 4)
        return Decoded(constituents, None if jet is None else np.stack(jet, axis=-1))
    angles = values["eta"] * ANGLE_STEP_RAD, values["phi"] * ANGLE_STEP_RAD  # (n, N)
    constituents = kinematics.massless(values["pt"], *angles)  # (n, N, 4)
    return Decoded(constituents, decoded_jet(values) if config.jet else None)


def decoded_jet(values: Mapping[str, Floats]) -> Floats:
    """(m_T, pT, 0, 0) of the jets, (n, 4), in the jet frame."""
    pt, excess = values["jet_pt"][:, 0], values["jet_excess"][:, 0]  # (n,)
    zero = np.zeros_like(pt)
    return np.stack([pt + excess, pt, zero, zero], axis=-1)


def to_laboratory(p: Floats, axis: Floats) -> Floats:
    """Four-momenta (n, ..., 4) of the jet frame in the laboratory.

    `axis` (n, 2) holds rapidity and azimuth of the jets: a boost along z, then a turn about it.
    """
    shape = (len(axis), *(1,) * (p.ndim - 2))
    y, phi = axis[:, 0].reshape(shape), axis[:, 1].reshape(shape)
    energy, px, py, pz = np.moveaxis(p, -1, 0)  # (n, ...)
    columns = (
        energy * np.cosh(y) + pz * np.sinh(y),
        px * np.cos(phi) - py * np.sin(phi),
        px * np.sin(phi) + py * np.cos(phi),
        pz * np.cosh(y) + energy * np.sinh(y),
    )
    return np.stack(columns, axis=-1)
