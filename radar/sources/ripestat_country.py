"""RIPEstat per country: prefixes and networks that RIPE's route collectors see, and those that are registered.

Upstream: https://stat.ripe.net/docs/02.data-api/country-resource-stats.html, no key; history since 2004. An answer is
about one country (``resource``) and holds ``stats``: the counts, and in ``timeline`` the spans in which they stood,
both ends included, on the steps of ``resolution``. -1 is not known, and is no row.

Three grains never mix, as upstream's steps decide:

- ``5m`` and ``1h`` give hours: the count at the start of the hour. This is what is asked for live. A count of prefixes
  also moves when a network splits or joins its announcements, so a fall of it says less than a fall of networks.
- ``1d`` and ``1w`` give whole months, the last count of each, in signals of their own (``_month``) that are shown and
  never judged: the way to read twenty years at once.

Licence: RIPE NCC, RIPEstat Service Terms and Conditions; commercial use of the routing data under conditions.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import polars as pl

from radar.entities import countries
from radar.errors import UpstreamChanged
from radar.schema import SIGNALS, Parsed
from radar.signals import MONTH_S
from radar.sources import WHOLE, Answer, Shard, Source
from radar.sources._ask import ask_each
from radar.sources._rejections import Rejections, once
from radar.sources._ripestat import HOUR_S, TERMS, TERMS_URL, ask, count, envelope, epoch, when

if TYPE_CHECKING:
    from radar.http import Http

NAME = "ripestat_country"
CALL = "country-resource-stats"

#: Upstream's field -> signal of hours, and of months ("": none).
FIELDS = {
    "v4_prefixes_ris": ("bgp.prefixes_v4", "bgp.prefixes_v4_month"),
    "v6_prefixes_ris": ("bgp.prefixes_v6", "bgp.prefixes_v6_month"),
    "asns_ris": ("bgp.networks", "bgp.networks_month"),
    "v4_prefixes_stats": ("registry.prefixes_v4", ""),
    "v6_prefixes_stats": ("registry.prefixes_v6", ""),
    "asns_stats": ("registry.networks", ""),
}

#: Upstream's resolution -> its step in seconds.
STEPS = {"5m": 300, "1h": HOUR_S, "1d": 86_400, "1w": 604_800}

#: Asked for at most this much: half a year of 5-minute counts took upstream 45 s to gather.
REACH = timedelta(days=28)

#: More points than an hourly answer since 2000 can hold.
_MOST = 400_000


def fetch(http: Http, since: datetime, until: datetime, *, shard: Shard = WHOLE) -> Iterator[Answer]:
    """Hourly counts of all countries in ``[since, until)``, the newest ``REACH`` of it, a request each.

    Raises what :func:`radar.sources._ask.ask_each` raises.
    """
    first = max(since, until - REACH)

    def one(cc: str) -> Iterator[Answer]:
        yield ask(http, NAME, CALL, resource=cc, starttime=when(first), endtime=when(until), resolution="1h")

    return ask_each(NAME, shard.take(countries()), one)


def parse(body: bytes, *, name: str = "") -> Parsed:
    """Read one answer, packed or not. Raises UpstreamChanged for other bytes."""
    _call, data, _answer = envelope(body, source=NAME, calls=(CALL,))
    country = str(data.get("resource")).upper()
    if country not in countries():
        raise UpstreamChanged(NAME, f"'resource' is {country[:20]!r}; expected a country code such as 'AT'")
    resolution = str(data.get("resolution"))[:20]
    if resolution not in STEPS:
        raise UpstreamChanged(NAME, f"'resolution' is {resolution!r}; expected {', '.join(STEPS)}")
    step = STEPS[resolution]
    stats, end = data.get("stats"), epoch(data.get("query_endtime"))
    if not isinstance(stats, list) or end is None:
        raise UpstreamChanged(NAME, "no list 'stats' or no 'query_endtime'; expected counts and the range asked for")
    rejected = Rejections()
    spans = _spans(stats, step, rejected)
    points = _points(spans, max(step, HOUR_S))
    monthly = step > HOUR_S
    chosen = _months(points, end) if monthly else points.filter(pl.col("t") + HOUR_S <= end + 1)
    rows = (
        chosen.unpivot(index="t", variable_name="field", value_name="value")
        .with_columns(signal=pl.col("field").replace_strict({f: names[monthly] for f, names in FIELDS.items()}))
        .filter(pl.col("signal") != "")
        .select(
            timebin=pl.from_epoch("t").cast(pl.Datetime("us", "UTC")),
            entity=pl.lit(f"country/{country}"),
            signal="signal",
            value="value",
            n=pl.lit(None, dtype=pl.UInt32),
        )
    )
    notes = {"steps": points.height, "not_known": rows["value"].null_count()}
    return Parsed(once(rows.drop_nulls("value").select(list(SIGNALS)), rejected), rejected.done(), notes)


def _spans(stats: list[Any], step: int, rejected: Rejections) -> pl.DataFrame:
    """Spans as (from, to, a column per field), oldest first; what is unsound is rejected and counted."""
    rows: list[tuple[Any, ...]] = []
    for number, entry in enumerate(stats):
        timeline = entry.get("timeline") if isinstance(entry, dict) else None
        if not isinstance(timeline, list):
            rejected.add("no counts with a timeline", f"stats {number}: {str(entry)[:60]!r}")
            continue
        values = [_value(entry.get(field), f"stats {number}: {field}", rejected) for field in FIELDS]
        for span in timeline:
            first, last = (epoch(span.get(key)) if isinstance(span, dict) else None for key in ("starttime", "endtime"))
            if first is None or last is None or last < first or first % min(step, HOUR_S):
                rejected.add("span has no times on the step", f"stats {number}: {str(span)[:80]!r}")
            else:
                rows.append((first, last, *values))
    schema = {"from": pl.Int64, "to": pl.Int64, **dict.fromkeys(FIELDS, pl.Float64)}
    return pl.DataFrame(rows, schema=schema, orient="row").sort("from", maintain_order=True)


def _points(spans: pl.DataFrame, grid: int) -> pl.DataFrame:
    """One row per point of the grid that a span covers. Of a point in two spans the later span counts."""
    at = pl.col("from") if grid > HOUR_S else -(-pl.col("from") // grid) * grid  # days and weeks begin where they begin
    cut = spans.with_columns(at=at).filter(pl.col("at") <= pl.col("to"))
    many = int(((cut["to"] - cut["at"]) // grid + 1).sum() or 0)
    if many > _MOST:
        raise UpstreamChanged(NAME, f"the spans hold {many} steps; expected at most {_MOST}")
    return (
        cut.with_columns(t=pl.int_ranges("at", pl.col("to") + 1, step=grid))
        .explode("t", empty_as_null=False)
        .select("t", *FIELDS)
        .unique("t", keep="last", maintain_order=True)
        .sort("t")
    )


def _months(points: pl.DataFrame, end: int) -> pl.DataFrame:
    """The last point of each month that was over at ``end``, at the first moment of the month."""
    month = pl.from_epoch("t").dt.truncate("1mo")
    over = datetime.fromtimestamp(end + 1, UTC).replace(tzinfo=None)
    return (
        points.with_columns(month=month)
        .group_by("month", maintain_order=True)
        .last()
        .filter(pl.col("month").dt.offset_by("1mo") <= pl.lit(over))
        .with_columns(t=pl.col("month").dt.epoch("s"))
        .drop("month")
    )


def _value(value: Any, place: str, rejected: Rejections) -> float | None:
    """The count; None for -1, which is upstream's "not known", and for what is no count, which is rejected."""
    found = count(value)
    if found is None and value != -1:
        rejected.add("value is not a number of zero or more", f"{place} is {str(value)[:40]!r}")
    return found


SOURCE = Source(
    name=NAME,
    title="RIPEstat: announced and registered resources of countries",
    org="RIPE NCC",
    url=f"https://stat.ripe.net/data/{CALL}/data.json",
    info_url="https://stat.ripe.net/docs/02.data-api/country-resource-stats.html",
    licence="RIPEstat Service Terms and Conditions; no open licence stated",
    licence_url=TERMS_URL,
    attribution="RIPE NCC, RIPEstat (Routing Information Service and delegated statistics)",
    cadence_s=8 * HOUR_S,  # 250 countries three times a day: with ripestat_network, fewer than a thousand requests
    shards=2,
    lag_s=3 * HOUR_S,
    signals={
        **{hours: HOUR_S for hours, _ in FIELDS.values()},
        **{months: MONTH_S for _, months in FIELDS.values() if months},
    },
    summary="Prefixes and networks of each country in the routing table, and registered; history since 2004.",
    terms=TERMS,
    past_hours=672,
)
