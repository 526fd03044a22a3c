"""How the pipeline's clock runs: with the wall, or with recorded data."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from radar.shapes import Clock
from radar.times import rfc3339


@dataclass(frozen=True, slots=True)
class ClockMode:
    """How the pipeline's clock runs. ``speed``: data seconds per second; 0 once a replay has ended."""

    mode: Literal["live", "replay"] = "live"
    speed: float = 1.0
    starts: datetime | None = None
    ends: datetime | None = None

    def document(self, now: datetime, *, simulated: bool) -> Clock:
        """Document ``clock`` at this moment of the data's time."""
        return {
            "now": rfc3339(now),
            "mode": self.mode,
            "speed": self.speed,
            "simulated": simulated,
            "starts": rfc3339(self.starts) if self.starts else None,
            "ends": rfc3339(self.ends) if self.ends else None,
            "wall": rfc3339(datetime.now(UTC)),
        }
