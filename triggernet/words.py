"""Counts in sentences: "1 clock", "8 clocks", "every clock"."""

from __future__ import annotations


def counted(count: int | None, noun: str) -> str:
    """The number with its noun: ``"1 clock"``, ``"8 clocks"``; of None ``"unknown clocks"``."""
    return f"{'unknown' if count is None else count} {noun}{'s' * (count != 1)}"


def every(count: int, noun: str) -> str:
    """How often: ``"every clock"``, ``"every 8 clocks"``."""
    return f"every {noun}" if count == 1 else f"every {counted(count, noun)}"
