"""Cross-sections for people: in picobarn or femtobarn, with as many digits as the error allows."""

from __future__ import annotations

import math

PB_PER_MB = 1e9
FB_PER_PB = 1e3


def cross_section_text(sigma_mb: float, error_mb: float = 0.0) -> str:
    """``2.475 +- 0.012 pb``: what Pythia gives in millibarn; below 1 pb in femtobarn.

    The error has two digits; where there is none, the cross-section has three.
    """
    value, error, unit = sigma_mb * PB_PER_MB, error_mb * PB_PER_MB, "pb"
    if value < 1:
        value, error, unit = value * FB_PER_PB, error * FB_PER_PB, "fb"
    digits, of = (2, error) if error > 0 else (3, value)
    decimals = max(0, digits - 1 - math.floor(math.log10(of))) if of > 0 else 0
    shown = f"{value:,.{decimals}f}"
    return f"{shown} +- {error:,.{decimals}f} {unit}" if error > 0 else f"{shown} {unit}"
