"""RIPEstat per network: the space and the prefixes that it announces, and how many peers see it.

Upstream: https://stat.ripe.net/docs/02.data-api/, no key. Three data calls about an AS number are read; each rests on
the tables that RIPE's route collectors dump at 00:00, 08:00 and 16:00 UTC and leaves out what fewer than ten full-feed
peers see:

- ``prefix-count``: the changes of the number of prefixes and of the space (/24 and /48 blocks), history since 2000.
  With ``resolution`` ``8h`` it gives days. With ``2d`` or ``12d`` changes that did not last so long are missing, so it
  gives whole months, in signals of their own (``_month``) that are shown and never judged.
- ``routing-status``: one moment: prefixes, space, neighbours, and the share of all peers that see the network.
- ``announced-prefixes``: each prefix with the spans in which it was seen: their number, by day.

A day's value is what stood at the end of the day; a day that was not over is no row. Space that upstream gives as 0
beside prefixes is not known: it does so for small IPv6 networks. ``visibility`` is about one prefix, which is no entity
here, and is rejected with that reason.

Licence: RIPE NCC, RIPEstat Service Terms and Conditions; commercial use of the routing data under conditions.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from heapq import nlargest
from itertools import accumulate
from typing import TYPE_CHECKING, Any

import polars as pl

from radar import settings
from radar.entities import is_entity, networks
from radar.errors import UpstreamChanged
from radar.schema import SIGNALS, Parsed, empty_signals
from radar.signals import MONTH_S
from radar.sources import WHOLE, Answer, Shard, Source
from radar.sources._ask import ask_each
from radar.sources._rejections import Rejections, once
from radar.sources._ripestat import DAY_S, TERMS, TERMS_URL, ask, count, envelope, epoch, when

if TYPE_CHECKING:
    from radar.http import Http

NAME = "ripestat_network"

#: Family of ``prefix-count`` -> (prefixes, space).
COUNTS = {"ipv4": ("bgp.originated_v4", "bgp.announced_24s"), "ipv6": ("bgp.originated_v6", "bgp.announced_48s")}

#: Signals of days that ``prefix-count`` also gives for months.
MONTHS = {signal: f"{signal}_month" for pair in COUNTS.values() for signal in pair}

#: A gap longer than this is filled from ``prefix-count``; else ``routing-status`` tells the newest day.
GAP = timedelta(days=7)

#: Addresses of a /24.
_ADDRESSES = 256

Row = tuple[int, str, float, int | None]


def fetch(http: Http, since: datetime, until: datetime, *, shard: Shard = WHOLE) -> Iterator[Answer]:
    """Ask about the largest networks (setting ``ripestat_networks``): their state at the end of the last whole day, and
    what was before that day when more than ``GAP`` of it is missing. Raises what
    :func:`radar.sources._ask.ask_each` raises.
    """
    midnight = until.replace(hour=0, minute=0, second=0, microsecond=0)

    def one(asn: str) -> Iterator[Answer]:
        if until - since > GAP:
            yield ask(http, NAME, "prefix-count", resource=asn, starttime=when(since), endtime=when(until),
                      resolution="8h")  # fmt: skip
        yield ask(http, NAME, "routing-status", resource=asn, timestamp=when(midnight))

    return ask_each(NAME, shard.take(largest(settings.load().ripestat_networks)), one)


def largest(many: int) -> list[str]:
    """AS numbers of the networks that announce the most IPv4 addresses, the largest first."""
    return [f"AS{network.asn}" for network in nlargest(many, networks().values(), key=lambda n: n.ipv4_addresses)]


def parse(body: bytes, *, name: str = "") -> Parsed:
    """Read one answer, packed or not. Raises UpstreamChanged for other bytes."""
    call, data, _answer = envelope(body, source=NAME, calls=(*_READERS, "visibility"))
    resource = str(data.get("resource"))[:60]
    rejected = Rejections()
    if call == "visibility" or "/" in resource:
        rejected.add("a single prefix is no entity", f"{call} of a prefix; expected an AS number")
        return Parsed(empty_signals(), rejected.done())
    entity = f"asn/{resource.upper().removeprefix('AS')}"
    if not is_entity(entity):
        raise UpstreamChanged(NAME, f"'resource' is {resource!r}; expected an AS number such as '3333'")
    found, notes = _READERS[call](data, rejected)
    rows = pl.DataFrame(
        found, schema={"t": pl.Int64, "signal": pl.String, "value": pl.Float64, "n": pl.UInt32}, orient="row"
    ).select(
        timebin=pl.from_epoch("t").cast(pl.Datetime("us", "UTC")),
        entity=pl.lit(entity),
        signal="signal",
        value="value",
        n="n",
    )
    return Parsed(once(rows.select(list(SIGNALS)), rejected), rejected.done(), notes)


def _prefix_count(data: dict[str, Any], rejected: Rejections) -> tuple[list[Row], dict[str, int]]:
    """Days (resolution 8h) or months (2d, 12d) from a list of changes."""
    resolution, end = str(data.get("resolution"))[:20], epoch(data.get("query_endtime"))
    if resolution not in ("8h", "2d", "12d") or end is None:
        raise UpstreamChanged(
            NAME, f"'resolution' is {resolution!r}, 'query_endtime' {str(data.get('query_endtime'))[:30]!r}; "
            "expected 8h, 2d or 12d, and a time")  # fmt: skip
    rows: list[Row] = []
    notes = {"changes": 0, "space_not_known": 0}
    for family, (prefixes, space) in COUNTS.items():
        listed = data.get(family)
        if not isinstance(listed, list):
            raise UpstreamChanged(NAME, f"{family!r} is {type(listed).__name__}; expected a list of changes")
        changes: dict[int, tuple[float, float | None]] = {}
        for number, change in enumerate(listed):
            given = change if isinstance(change, dict) else {}
            t = epoch(given.get("timestamp"))
            many, wide = count(given.get("prefixes")), count(given.get("address-space"))
            if t is None or many is None or wide is None:
                rejected.add("change without time and counts", f"{family} {number}: {str(change)[:80]!r}")
                continue
            notes["space_not_known"] += wide == 0 < many
            changes[t] = (many, None if wide == 0 < many else wide)
        notes["changes"] += len(changes)
        for start, (many, wide) in _standing(changes, end, months=resolution != "8h"):
            for signal, value in ((prefixes, many), (space, wide)):
                if value is not None:
                    rows.append((start, signal if resolution == "8h" else MONTHS[signal], value, None))
    return rows, notes


def _standing(
    changes: dict[int, tuple[float, float | None]], end: int, *, months: bool
) -> Iterator[tuple[int, tuple[float, float | None]]]:
    """What stood at the end of each whole day or month from the first change to ``end``, with the bin's start."""
    times = sorted(changes)
    if not times:
        return
    at, place = _floor(times[0], months=months), 0
    while (following := _following(at, months=months)) <= end:
        while place + 1 < len(times) and times[place + 1] < following:
            place += 1
        yield at, changes[times[place]]
        at = following


def _floor(t: int, *, months: bool) -> int:
    """Start of the day or month that holds ``t``."""
    day = datetime.fromtimestamp(t, UTC).replace(hour=0, minute=0, second=0)
    return int((day.replace(day=1) if months else day).timestamp())


def _following(t: int, *, months: bool) -> int:
    """Start of the next day or month."""
    return _floor(t + 32 * DAY_S, months=True) if months else t + DAY_S


def _routing_status(data: dict[str, Any], rejected: Rejections) -> tuple[list[Row], dict[str, int]]:
    """One moment; midnight is the end of the day before."""
    t = epoch(data.get("query_time"))
    if t is None:
        raise UpstreamChanged(NAME, f"'query_time' is {str(data.get('query_time'))[:30]!r}; expected a time")
    day = _floor(t - 1, months=False)
    rows: list[Row] = []

    def take(signal: str, value: float | None, n: int | None = None) -> None:
        if value is None:
            rejected.add("value is not a number of zero or more", signal)
        else:
            rows.append((day, signal, value, n))

    for family, space in (("v4", "ips"), ("v6", "48s")):
        told = _inner(data, "announced_space", family)
        many, wide = count(told.get("prefixes")), count(told.get(space))
        take(COUNTS[f"ip{family}"][0], many)
        if not (wide == 0 and many):
            take(COUNTS[f"ip{family}"][1], wide / _ADDRESSES if wide is not None and family == "v4" else wide)
        told = _inner(data, "visibility", family)
        seen, total = count(told.get("ris_peers_seeing")), count(told.get("total_ris_peers"))
        if total:  # without peers there is nothing to see by
            share = seen / total if seen is not None and seen <= total < 2**32 else None
            take(f"bgp.seen_by_{family}", share, int(min(total, 2**32 - 1)) or None)
    take("bgp.neighbours", count(data.get("observed_neighbours")))
    return rows, {}


def _inner(data: dict[str, Any], part: str, family: str) -> dict[str, Any]:
    found = data.get(part)
    found = found.get(family) if isinstance(found, dict) else None
    return found if isinstance(found, dict) else {}


def _announced_prefixes(data: dict[str, Any], rejected: Rejections) -> tuple[list[Row], dict[str, int]]:
    """How many prefixes were seen in the last dump (16:00) of each whole day of the range."""
    first, end, prefixes = epoch(data.get("query_starttime")), epoch(data.get("query_endtime")), data.get("prefixes")
    if first is None or end is None or not isinstance(prefixes, list):
        raise UpstreamChanged(NAME, "no list 'prefixes', or no range; expected prefixes with their timelines")
    last_dump = DAY_S * 2 // 3
    days = range(-(-(first - last_dump) // DAY_S), end // DAY_S)
    steps = {family: [0] * (len(days) + 1) for family in COUNTS}
    for number, one in enumerate(prefixes):
        prefix, timelines = (one.get("prefix"), one.get("timelines")) if isinstance(one, dict) else (None, None)
        if not isinstance(prefix, str) or not isinstance(timelines, list):
            rejected.add("no prefix with timelines", f"prefixes {number}: {str(one)[:80]!r}")
            continue
        seen: list[tuple[int, int]] = []
        for span in timelines:
            since, until = (epoch(span.get(k)) if isinstance(span, dict) else None for k in ("starttime", "endtime"))
            if since is None or until is None or until < since:
                rejected.add("timeline without times", f"prefixes {number}: {str(span)[:80]!r}")
            else:
                seen.append((-(-(since - last_dump) // DAY_S), (until - last_dump) // DAY_S + 1))
        family, known = steps["ipv6" if ":" in prefix else "ipv4"], days.start
        for at, to in sorted(seen):  # spans of one prefix may overlap: it is counted once
            at, to = max(at, known), min(to, days.stop)
            if at < to:
                family[at - days.start] += 1
                family[to - days.start] -= 1
                known = to
    rows: list[Row] = [
        (day * DAY_S, COUNTS[family][0], float(many), None)
        for family, changes in steps.items()
        for day, many in zip(days, accumulate(changes), strict=False)
    ]
    return rows, {"prefixes": len(prefixes)}


_READERS = {
    "prefix-count": _prefix_count,
    "routing-status": _routing_status,
    "announced-prefixes": _announced_prefixes,
}

SOURCE = Source(
    name=NAME,
    title="RIPEstat: what networks announce",
    org="RIPE NCC",
    url="https://stat.ripe.net/data/routing-status/data.json",
    info_url="https://stat.ripe.net/docs/02.data-api/prefix-count.html",
    licence="RIPEstat Service Terms and Conditions; no open licence stated",
    licence_url=TERMS_URL,
    attribution="RIPE NCC, RIPEstat (Routing Information Service)",
    cadence_s=DAY_S,
    shards=2,
    lag_s=DAY_S // 2,
    signals={
        **{signal: DAY_S for pair in COUNTS.values() for signal in pair},
        "bgp.seen_by_v4": DAY_S,
        "bgp.seen_by_v6": DAY_S,
        "bgp.neighbours": DAY_S,
        **dict.fromkeys(MONTHS.values(), MONTH_S),
    },
    summary="Announced space and prefixes of the largest networks, and how many route collectors' peers see them.",
    terms=TERMS,
    past_hours=744,
)
