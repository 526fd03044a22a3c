"""When our own measurement is impaired: said loudly, never shown as somebody's outage."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from radar.detect.model import Common
from radar.detect.words import percent, title, when
from radar.labels import _
from radar.shapes import Notice
from radar.times import rfc3339

#: Bins closer than this belong to one fault; a notice stays up this long after the last impaired bin.
JOIN_S, SHOWN_S = 1800, 1800
#: Faults are remembered for a day.
KEPT_S = 86_400


@dataclass(slots=True)
class Fault:
    """A span in which one series was impaired for most entities. Times in seconds."""

    series_id: str
    since: int
    until: int
    drop: float
    share: float

    @staticmethod
    def add(faults: list[Fault], common: Common, now: int) -> None:
        """Extend the series' newest fault, or begin one."""
        begin = int(common.bin.timestamp())
        end = begin + common.step_s
        faults[:] = [f for f in faults if f.until >= now - KEPT_S]
        for fault in faults:
            if fault.series_id == common.series_id and begin <= fault.until + JOIN_S:
                fault.until = max(fault.until, end)
                fault.drop, fault.share = max(fault.drop, common.drop), max(fault.share, common.share)
                return
        faults.append(Fault(common.series_id, begin, end, common.drop, common.share))


def notice(faults: list[Fault], now: int) -> Notice | None:
    """What is shown now, or None. ``until`` is None while it goes on."""
    current = [f for f in faults if f.until + SHOWN_S > now]
    if not current:
        return None
    since, until = min(f.since for f in current), max(f.until for f in current)
    worst = max(current, key=lambda f: (f.share, f.series_id))
    over = until + 900 <= now
    text = _(
        "Our own measurement was impaired from {since}: {what} moved together in {share} of the countries we see, by "
        "about {drop}. We do not report this as outages."
    ).format(
        since=when(datetime.fromtimestamp(since, UTC)),
        what=title(worst.series_id),
        share=percent(worst.share),
        drop=percent(worst.drop),
    )
    return {
        "since": rfc3339(datetime.fromtimestamp(since, UTC)),
        "until": rfc3339(datetime.fromtimestamp(until, UTC)) if over else None,
        "text": text,
        "signals": sorted({f.series_id.partition("@")[0] for f in current}),
    }
