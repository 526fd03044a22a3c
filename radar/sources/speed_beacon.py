"""Readers of this site who measured their own connection to it: round-trip time and download rate, per hour.

There is no upstream: the lines come from :mod:`radar.beacon`, one for each measurement, without an address::

    {"hour": "2026-03-01T13:00:00Z", "cc": "NA", "asn": 36996, "rtt_ms": 182.4, "mbps": 11.35}

``rtt_ms`` is the median of some ten small requests; ``mbps`` the rate of one download of at most 2 MB, null where it
did not finish. So short a download is told too slow on fast, far lines, and rates beyond 800 Mbit/s are told as 800.

Whoever measures has a reason to, often that something is slow: these are no fair sample of a network, so they are shown
and never judged. An hour in which fewer than ``FEWEST`` readers of a country or network measured has no row, so that
nobody's single measurement is shown.

Licence: the operator's own data.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any

import orjson
import polars as pl

from radar import settings
from radar.entities import countries
from radar.errors import UpstreamChanged, UpstreamUnavailable
from radar.schema import SIGNALS, Parsed
from radar.sources import Answer, Source, _beacon_table, _geo
from radar.sources._atlas import placed
from radar.sources._bytes import begins, unpack
from radar.sources._rejections import Rejections, once
from radar.sources._ripestat import DAY_S, HOUR_S, epoch

if TYPE_CHECKING:
    from radar.http import Http

NAME = "speed_beacon"

#: Measurements of an entity in an hour below which nothing is told of it.
FEWEST = 10
#: After the end of an hour its last lines may still be on their way. Files that were taken are deleted when they are
#: two days old; those that nobody took, a month.
SETTLE_S, KEPT_S, OLDEST_S = 60, 2 * DAY_S, 28 * DAY_S
#: Ending of a file's name once it was taken: what was archived is not given again.
TAKEN = ".taken"

#: What can be: ms, Mbit/s.
MOST_RTT, MOST_RATE = 60_000.0, 800.0

_TABLE = {"hour": pl.Int64, "cc": pl.String, "asn": pl.Int64, "rtt": pl.Float64, "rate": pl.Float64}
#: Signal -> column and quantile.
_QUANTILES = {
    "beacon.rtt_p50": ("rtt", 0.5),
    "beacon.rtt_p75": ("rtt", 0.75),
    "beacon.throughput_p25": ("rate", 0.25),
    "beacon.throughput_p50": ("rate", 0.5),
}


def fetch(http: Http, since: datetime, until: datetime) -> Iterator[Answer]:
    """The files of hours that are over, each once: it is marked as taken when the next one is asked for, and so after
    it was archived. The site's table of places is kept current, and its key of yesterday deleted.

    Raises UpstreamUnavailable when the folder cannot be written or read.
    """
    folder, last = settings.load().data_dir / "beacon", int(until.timestamp())
    try:
        _beacon_table.keep(folder, _geo.index())
        for path in folder.glob("key-*"):
            if path.name < f"key-{until:%Y%m%d}":  # nobody measured today, so nobody has replaced it
                path.unlink(missing_ok=True)
        for path in sorted(folder.glob("*.*")):
            hour = epoch(f"{path.stem}:00:00Z")
            if hour is None or path.suffix not in (".ndjson", TAKEN) or hour + HOUR_S + SETTLE_S > last:
                continue
            if hour < last - (KEPT_S if path.suffix == TAKEN else OLDEST_S):
                path.unlink(missing_ok=True)
            elif path.suffix != TAKEN:
                yield Answer(path.name, path.read_bytes())
                path.rename(path.with_suffix(TAKEN))
    except OSError as error:
        raise UpstreamUnavailable(NAME, f"its folder cannot be used: {error.strerror}") from error


def parse(body: bytes, *, name: str = "") -> Parsed:
    """Quantiles of an hour's lines, packed or not. Raises UpstreamChanged where no line is a measurement."""
    data, cut = unpack(body, source=NAME)
    rejected = Rejections()
    if cut:
        rejected.add("the compressed lines end early", f"after {len(data)} unpacked bytes")
    found: list[tuple[int, str | None, int | None, float, float | None]] = []
    for number, line in enumerate(data.split(b"\n"), 1):
        if not line.strip():
            continue
        row = measurement(line)
        if row is None:
            rejected.add("line is no measurement", f"line {number}: begins with {begins(line)}")
        else:
            found.append(row)
    if not found:
        raise UpstreamChanged(
            NAME, f"begins with {begins(data)}; expected lines of JSON with hour, cc, asn, rtt_ms, mbps"
        )
    table = placed(pl.DataFrame(found, schema=_TABLE, orient="row"))
    rows = pl.concat([_quantile(table, signal) for signal in _QUANTILES])
    sizes = table.group_by("hour", "entity").len()
    notes = {"measurements": len(found), "too_few": sizes.filter(pl.col("len") < FEWEST).height}
    return Parsed(once(rows, rejected), rejected.done(), notes)


def measurement(line: bytes) -> tuple[int, str | None, int | None, float, float | None] | None:
    """Hour (epoch s), country, network, round-trip time (ms) and rate (Mbit/s) of a line; None where it is none."""
    try:
        told = orjson.loads(line)
    except orjson.JSONDecodeError:
        return None
    if not isinstance(told, dict):
        return None
    hour, cc, asn = epoch(told.get("hour")), told.get("cc"), told.get("asn")
    rtt, rate = _number(told.get("rtt_ms"), MOST_RTT), _number(told.get("mbps"), MOST_RATE)
    if hour is None or hour % HOUR_S or rtt is None or (rate is None and told.get("mbps") is not None):
        return None
    if not (cc is None or (isinstance(cc, str) and cc in countries())) or (cc is None and asn is None):
        return None
    if not (asn is None or (type(asn) is int and 0 < asn < 2**32)):
        return None
    return hour, cc, asn, rtt, rate


def _number(value: Any, most: float) -> float | None:
    return float(value) if isinstance(value, (int, float)) and type(value) is not bool and 0 <= value <= most else None


def _quantile(table: pl.DataFrame, signal: str) -> pl.DataFrame:
    """SIGNALS rows of one signal; of a line without the column's number nothing counts."""
    column, share = _QUANTILES[signal]
    return (
        table.drop_nulls(column)
        .group_by("hour", "entity", maintain_order=True)
        .agg(value=pl.col(column).quantile(share, "linear"), n=pl.len())
        .filter(pl.col("n") >= FEWEST)
        .select(
            timebin=pl.from_epoch("hour").cast(pl.Datetime("us", "UTC")),
            entity="entity",
            signal=pl.lit(signal),
            value="value",
            n=pl.col("n").cast(pl.UInt32),
        )
        .select(list(SIGNALS))
    )


SOURCE = Source(
    name=NAME,
    title="Readers' own measurements",
    org="The operator of this radar",
    url="/method",
    info_url="/privacy",
    licence="The operator's own data",
    licence_url="/about#own-measurements",
    attribution="Readers of this radar who measured their connection to it, counted per country and network",
    cadence_s=600,
    lag_s=DAY_S,  # hours in which ten readers of one country measure come when they come
    signals=dict.fromkeys(_QUANTILES, HOUR_S),
    summary="Round-trip time and download rate between this site and readers who measured them.",
    setting="speed_beacon",
    proof="own",
)
