"""Numbers as text."""

from __future__ import annotations

THIN = "\u202f"  # narrow no-break space, between groups of three digits

ABSENT = "not known"


def number(value: float, digits: int = 4) -> str:
    """A number with thin spaces between groups of three digits; in full from 1000 on."""
    if float(value).is_integer() or abs(value) >= 1000:
        return f"{value:,.0f}".replace(",", THIN)
    return f"{value:.{digits}g}"


def duration(ns: float) -> str:
    """A time in the unit that keeps it short: ``40 ns``, ``1.5 µs``, ``2 ms``."""
    for unit, size in (("ms", 1e6), ("µs", 1e3)):
        if ns >= size:
            return f"{number(ns / size, 3)} {unit}"
    return f"{number(ns, 3)} ns"


def percent(share: float) -> str:
    """A share in per cent, with two digits that count; "0 %" only for nothing at all."""
    if share == 0:
        return "0 %"
    return f"{100 * share:.2g} %" if abs(share) < 0.1 else f"{100 * share:.0f} %"
