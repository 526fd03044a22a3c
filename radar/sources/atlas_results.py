"""RIPE Atlas results: round-trip time, loss, changed paths and failed DNS queries per network and country.

Upstream: https://atlas.ripe.net/api/v2/measurements/{id}/results/, no key; raw results as lines of JSON or a list.
Pings and traceroutes were proven against recorded results, DNS queries against the documented form only.

Results carry a probe's address, not its network: addresses are mapped by local tables (radar/data/ip_asn.md,
ip_country.md) and dropped. :func:`pairs` gives one row per hour, network, country and target. From it come hourly
signals of networks, networks in countries, and countries in which at least ``NETWORKS`` networks were heard:

- ``atlas.rtt_p50``: median over the pairs of each pair's median; ``n`` counts replies.
- ``atlas.loss``: pings without an answer as a share of those sent (``n``).
- ``atlas.path_changes``: pairs in which a traceroute led through other networks than the one before it, of ``n`` pairs
  that could be compared. A path that only lacks hops of the other one is no change: routers often do not answer.
- ``atlas.dns_failures``: queries without an answer, or answered with SERVFAIL or REFUSED, as a share of ``n``.

What is asked for: the measurements of the setting ``atlas_measurements``, of anchors alone unless ``atlas_results_of``
says otherwise, and of no more than the last ``REACH``: a built-in measurement of all probes gives 100 MB an hour.

Licence: RIPE NCC, RIPE Atlas Service Terms and Conditions; commercial use is subject to permission.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from radar import settings
from radar.errors import UpstreamChanged
from radar.schema import SIGNALS, Parsed
from radar.sources import WHOLE, Answer, Shard, Source
from radar.sources._atlas import API, INFO_URL, LICENCE, TERMS, TERMS_URL, placed
from radar.sources._atlas_results import Results, read, slim
from radar.sources._bytes import unpack
from radar.sources._rejections import Rejections, once

if TYPE_CHECKING:
    from radar.http import Http

NAME = "atlas_results"
BIN_S = 3600

#: The past that is asked for at most, what one request asks for, and how late results come in, in seconds.
REACH, WINDOW, SETTLE_S = timedelta(hours=12), timedelta(hours=3), 900

#: A country is more than one network: fewer say nothing of it.
NETWORKS = 3

#: 95 % of a normal distribution.
_Z = 1.96

_KEY = ["timebin", "asn", "country", "target"]
_FROM = re.compile(r"#from=(\d{10})(?!\d)")


def fetch(http: Http, since: datetime, until: datetime, *, shard: Shard = WHOLE) -> Iterator[Answer]:
    """Whole hours of ``[since, until)``, the newest ``REACH`` of them, without the hosts of addresses.

    Each request begins an hour early, so that the first traceroute of an hour has one to be compared with; the answer's
    name says from when on it counts. Raises what :meth:`radar.http.Http.get` raises, and UpstreamChanged.
    """
    asked = settings.load()
    end = int(until.timestamp() - SETTLE_S) // BIN_S * BIN_S
    begin = max(int(since.timestamp()) // BIN_S * BIN_S, end - int(REACH.total_seconds()))
    anchors = "&anchors_only=true" if asked.atlas_results_of == "anchors" else ""
    step = int(WINDOW.total_seconds())
    for msm in shard.take(asked.atlas_measurements):
        for first in range(begin, end, step):
            last = min(first + step, end)
            url = f"{API}/measurements/{msm}/results/?start={first - BIN_S}&stop={last - 1}&format=txt{anchors}"
            body = http.get(url, source=NAME).body
            if body.strip() not in (b"", b"[]"):  # nobody measured
                yield Answer(f"{url}#from={first}", slim(body, source=NAME))


def parse(body: bytes, *, name: str = "") -> Parsed:
    """Read results, packed or not. Raises UpstreamChanged for other bytes."""
    rejected = Rejections()
    results, table = _read(body, name, rejected)
    rows = signals(table)
    return Parsed(once(rows, rejected), rejected.done(), {**results.notes, "pairs": table.height})


def details(body: bytes, *, name: str = "") -> list[dict[str, Any]]:
    """The rows of :func:`pairs` as plain values, for ``radar try``. Raises UpstreamChanged as :func:`parse` does."""
    _results, table = _read(body, name, Rejections())
    return table.with_columns(
        pl.col("timebin").dt.to_string("%Y-%m-%dT%H:%M:%SZ"), pl.selectors.float().round(4)
    ).to_dicts()


def _read(body: bytes, name: str, rejected: Rejections) -> tuple[Results, pl.DataFrame]:
    data, cut = unpack(body, source=NAME)
    if cut and b"\n" not in data:
        raise UpstreamChanged(NAME, f"the compressed file ends early, after {len(data)} unpacked bytes")
    rejected.add("compressed file ends early", f"after {len(data)} bytes", int(cut))
    results = read(data, rejected, source=NAME)
    told = _FROM.search(name)
    return results, pairs(results, since=int(told[1]) if told else 0)


def pairs(results: Results, *, since: int = 0) -> pl.DataFrame:
    """One row per hour, network of the probes, their country, and target. Pure.

    Parameters
    ----------
    results
        Tables of single results. Those of probes whose network is not known are left out.
    since
        Epoch seconds: earlier hours are only there to compare with, and give no row.

    Returns
    -------
    pl.DataFrame
        ``timebin`` (start of the hour), ``asn``, ``country`` (null: not known), ``target``; ``rtt_p50_ms`` with the
        95 % Wilson interval of its order statistics ``rtt_lo_ms``, ``rtt_hi_ms``, and ``rtt_min_ms``; ``replies``;
        ``sent``, ``lost``, ``loss`` (0..1); ``compared`` traceroutes and ``path_changes`` among them; ``queries``,
        ``failed``; ``n``, all results. Null: nothing of that kind was measured. Sorted by the key.
    """
    frames = [
        _pings(results.pings),
        _traces(results.traces),
        results.queries.pipe(_keyed).group_by(_KEY).agg(
            queries=pl.len().cast(pl.Int64), failed=pl.col("failed").sum().cast(pl.Int64), results=pl.len()
        ),
    ]  # fmt: skip
    whole = frames[0]
    for other in frames[1:]:
        whole = whole.join(other, on=_KEY, how="full", coalesce=True, nulls_equal=True, suffix="_")
        whole = whole.with_columns(results=pl.sum_horizontal("results", "results_")).drop("results_")
    return (
        whole.filter(pl.col("timebin").dt.epoch("s") >= since)
        .with_columns(loss=pl.col("lost") / pl.col("sent"), n=pl.col("results").cast(pl.Int64))
        .select(*_KEY, "rtt_p50_ms", "rtt_lo_ms", "rtt_hi_ms", "rtt_min_ms", "replies", "sent", "lost", "loss",
                "compared", "path_changes", "queries", "failed", "n")
        .sort(_KEY)
    )  # fmt: skip


def _keyed(frame: pl.DataFrame) -> pl.DataFrame:
    """With the columns of the key, of probes whose network is known."""
    return frame.filter(pl.col("asn").is_not_null()).with_columns(
        timebin=pl.from_epoch(pl.col("t") // BIN_S * BIN_S).cast(pl.Datetime("us", "UTC")), country="cc"
    )


def _pings(frame: pl.DataFrame) -> pl.DataFrame:
    return (
        frame.pipe(_keyed)
        .group_by(_KEY)
        .agg(
            rtts=pl.col("rtts").explode(empty_as_null=False).drop_nulls().sort(),
            sent=pl.col("sent").sum(),
            lost=(pl.col("sent") - pl.col("rcvd")).sum(),
            results=pl.len(),
        )
        .with_columns(replies=pl.col("rtts").list.len().cast(pl.Int64))
        .with_columns(
            rtt_p50_ms=pl.col("rtts").list.median(),
            rtt_min_ms=pl.col("rtts").list.first(),
            rtt_lo_ms=pl.col("rtts").list.get(_rank(low=True), null_on_oob=True),
            rtt_hi_ms=pl.col("rtts").list.get(_rank(low=False), null_on_oob=True),
        )
        .drop("rtts")
    )


def _rank(*, low: bool) -> pl.Expr:
    """Place of an end of the median's 95 % Wilson interval among ``replies`` sorted values, counted from 0."""
    n = pl.col("replies").cast(pl.Float64)
    half = _Z * (1 / (4 * n) + _Z**2 / (4 * n**2)).sqrt()
    w = (0.5 + _Z**2 / (2 * n) + (-half if low else half)) / (1 + _Z**2 / n)
    place = (n * w).floor() if low else pl.min_horizontal((n * w).ceil(), n - 1)
    return pl.when(n > 0).then(place).otherwise(0).cast(pl.Int64)


def _traces(frame: pl.DataFrame) -> pl.DataFrame:
    """Traceroutes of one probe and measurement to one target, each compared with the one before it."""
    ordered = frame.pipe(_keyed).sort("probe", "msm", "target", "t")
    same = pl.all_horizontal(pl.col(c) == pl.col(c).shift(1) for c in ("probe", "msm", "target"))
    before = ordered.select(same.fill_null(value=False))[:, 0].to_list() if ordered.height else []
    paths = ordered["path"].to_list()
    changed = [_differ(paths[place - 1], paths[place]) if follows else None for place, follows in enumerate(before)]
    return (
        ordered.with_columns(changed=pl.Series(changed, dtype=pl.Boolean))
        .group_by(_KEY)
        .agg(
            compared=pl.col("changed").count().cast(pl.Int64),
            path_changes=pl.col("changed").sum().cast(pl.Int64),
            results=pl.len(),
        )
        .with_columns(path_changes=pl.when(pl.col("compared") > 0).then("path_changes"))
    )


def _differ(one: list[int], other: list[int]) -> bool:
    """Do two paths lead through different networks? Not when one only lacks some that the other shows."""
    short, long = sorted((one, other), key=len)
    rest = iter(long)
    return not all(asn in rest for asn in short)


def signals(table: pl.DataFrame) -> pl.DataFrame:
    """SIGNALS rows of a table of pairs, without an entity that has nothing of a kind."""
    entities = placed(table.rename({"country": "cc"})).group_by("timebin", "entity", maintain_order=True)
    found = entities.agg(
        networks=pl.col("asn").n_unique(),
        rtt=pl.col("rtt_p50_ms").median(),
        replies=pl.col("replies").filter(pl.col("rtt_p50_ms").is_not_null()).sum(),
        sent=pl.col("sent").sum(),
        lost=pl.col("lost").sum(),
        pairs=(pl.col("compared") > 0).sum(),
        moved=(pl.col("path_changes") > 0).sum(),
        queries=pl.col("queries").sum(),
        failed=pl.col("failed").sum(),
    ).filter(~pl.col("entity").str.starts_with("country/") | (pl.col("networks") >= NETWORKS))
    kinds = (
        ("atlas.rtt_p50", pl.col("rtt"), "replies"),
        ("atlas.loss", pl.col("lost") / pl.col("sent"), "sent"),
        ("atlas.path_changes", pl.col("moved"), "pairs"),
        ("atlas.dns_failures", pl.col("failed") / pl.col("queries"), "queries"),
    )
    return pl.concat(
        [
            found.filter(pl.col(n) > 0).select(
                "timebin",
                "entity",
                signal=pl.lit(signal),
                value=value.cast(pl.Float64),
                n=pl.col(n).clip(0, np.iinfo(np.uint32).max).cast(pl.UInt32),
            )
            for signal, value, n in kinds
        ]
    ).select(list(SIGNALS))


SOURCE = Source(
    name=NAME,
    title="RIPE Atlas measurements",
    org="RIPE NCC",
    url=f"{API}/measurements/1001/results/",
    info_url=INFO_URL,
    licence=LICENCE,
    licence_url=TERMS_URL,
    attribution="RIPE Atlas, RIPE NCC; networks by RouteViews, NRO and IP Geolocation by DB-IP",
    cadence_s=3 * BIN_S,
    shards=3,
    lag_s=BIN_S,
    signals=dict.fromkeys(("atlas.rtt_p50", "atlas.loss", "atlas.path_changes", "atlas.dns_failures"), BIN_S),
    summary="Round-trip time, loss, changed paths and failed DNS queries that RIPE Atlas measures all the time. "
    "DNS results are read by their documented form.",
    terms=TERMS,
    past_hours=int(REACH.total_seconds()) // BIN_S,
    settle_s=SETTLE_S,
)
