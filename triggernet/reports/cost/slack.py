"""Whether a vendor's timing report says that the clock is reached."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class SetupSlack:
    """The worst setup slack that a timing report gives, and what that report is."""

    slack_ns: float
    clock_period_ns: float | None
    source: str

    @property
    def met(self) -> bool:
        """Whether the clock is reached."""
        return self.slack_ns >= 0
