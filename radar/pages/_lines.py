"""The small lines beside the open outages: the last day of the series that each one's sentence speaks of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from radar.api import points
from radar.components import outages
from radar.figures import sparkline
from radar.labels import _
from radar.pages import _charts, _read
from radar.shapes import Outage, OutageSignal
from radar.signals import SIGNALS, split

#: Lines that are drawn at most.
MOST = 12


@dataclass(frozen=True, slots=True)
class Line:
    """The line of one outage."""

    outage: Outage
    drawn: points.Drawn

    @property
    def what(self) -> str:
        """The title of its signal."""
        return _(SIGNALS[split(self.drawn.wanted.series_id)[0]].title)

    @property
    def source(self) -> str:
        """The name of its source."""
        return split(self.drawn.wanted.series_id)[1]

    def svg(self, wide: int = 120) -> str:
        """The drawing, so many pixels across."""
        columns = self.drawn.columns
        return sparkline.svg(columns["value"], columns["baseline"], self.outage["level"], wide, what=self.what)


def of(open_now: Sequence[Outage], snapshot: _read.Snapshot) -> list[Line]:
    """The lines of the first outages that have one, parts of others left out. Raises StoreUnavailable."""
    firsts = [(row, f"{seen['signal']}@{seen['source']}") for row, _parts in outages.wholes(open_now)
              if (seen := told_of(row)) is not None][:MOST]  # fmt: skip
    found = _charts.recent([(row["entity"], series) for row, series in firsts], snapshot)
    lines = [Line(row, found[key]) for row, series in firsts if (key := (row["entity"], series)) in found]
    return [line for line in lines if any(value is not None for value in line.drawn.columns["value"])]


def told_of(outage: Outage) -> OutageSignal | None:
    """The signal that the outage's sentence names; where it names none, the one with the largest loss of those that
    see it. None where none does."""
    seen = [row for row in outage["signals"] if row["verdict"] == "affected" and row["signal"] in SIGNALS]
    sentence = outages.headline(outage).lower()
    named = [row for row in seen if _(SIGNALS[row["signal"]].title).lower() in sentence]
    return max(named or seen, key=lambda row: row.get("depth") or 0.0, default=None)
