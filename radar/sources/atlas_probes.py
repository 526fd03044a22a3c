"""RIPE Atlas probes: how many are connected, and how many have just disconnected, per country and network.

Upstream: https://atlas.ripe.net/api/v2/probes/, no key. Three forms are read:

- pages of the API, one a line (``results``, ``next``): what is asked for live, in whole. The form was taken from
  upstream's documentation, not from a recorded answer.
- RIPEstat ``atlas-probes``: the probes of one country, or of one network. Entities that such a list holds only a part
  of get no row.
- RIPEstat ``atlas-probe-deployment``: connected and disconnected probes per day since 2014, of one country or network.
  It gives days, in a signal of its own (``atlas.connected_day``) that is shown and never judged.

A list of probes says how things are now. ``status_since`` tells when each connection was lost or made, so the newest
``BINS`` whole bins of five minutes can be read from it: connected at the bin's end; disconnected within the bin and not
back since, of those that were connected at its start (``n``). ``n`` of ``atlas.connected`` is all probes that are
connected or disconnected; those given up are not counted. Networks with fewer than ``FEWEST`` of them are left out.

A probe that left and came back between two looks is not seen to have left: a count of disconnects is the least that
there were. The moment of the list is in its name (``at=``), or upstream's own, or that of its newest connection.

Licence: RIPE NCC, RIPE Atlas Service Terms and Conditions; commercial use is subject to permission.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any

import orjson
import polars as pl

from radar.entities import is_entity, parent
from radar.errors import UpstreamChanged
from radar.schema import SIGNALS, Parsed, empty_signals
from radar.sources import Answer, Source
from radar.sources._atlas import (
    API,
    CONNECTED,
    DISCONNECTED,
    FIELDS,
    INFO_URL,
    LICENCE,
    TERMS,
    TERMS_URL,
    moment,
    placed,
    probes,
)
from radar.sources._bytes import begins, json_value, unpack
from radar.sources._rejections import Rejections, once
from radar.sources._ripestat import DAY_S, count, envelope, epoch

if TYPE_CHECKING:
    from radar.http import Http

NAME = "atlas_probes"
BIN_S = 300

#: Whole bins that one list tells, and how long a lost connection takes to be known upstream, in seconds.
BINS, SETTLE_S = 2, 120

#: A network with fewer probes says nothing: the rule for a burst asks for five.
FEWEST = 5

#: Largest page that upstream gives, and more pages than there can be.
PAGE, MOST_PAGES = 500, 200

#: So much of a list may have moved between its first page and its last.
_MOVED = 0.02

_AT = re.compile(r"[#&?]at=(\d{10})(?!\d)")
_RESOURCE = re.compile(r"(?:cc_|asn4_|asn|as)?([a-z]{2}|\d{1,10})")


def fetch(http: Http, since: datetime, until: datetime) -> Iterator[Answer]:
    """Ask for all probes that are connected or disconnected now; one answer, a page of the API a line, without their
    addresses. What was before now cannot be asked for.

    Raises
    ------
    UpstreamChanged
        A page in another form, a next page elsewhere, or pages that do not hold what the first one promised.
    """
    first = f"{API}/probes/?status=1,2&sort=id&page_size={PAGE}&fields={','.join(FIELDS)}"
    lines: list[bytes] = []
    ids: set[int] = set()
    promised, url = 0, first
    while url:
        page = json_value(http.get(url, source=NAME).body, source=NAME)
        listed = page.get("results") if isinstance(page, dict) else None
        if not isinstance(page, dict) or not isinstance(listed, list):
            raise UpstreamChanged(NAME, f"page {len(lines) + 1} has no list 'results'; expected probes")
        kept = [{field: one.get(field) for field in FIELDS} for one in listed if isinstance(one, dict)]
        lines.append(orjson.dumps({"count": page.get("count"), "results": kept}))
        ids.update(one["id"] for one in kept if isinstance(one["id"], int))
        promised = promised or int(count(page.get("count")) or 0)
        url = page.get("next") or ""
        if url and (not isinstance(url, str) or not url.startswith(f"{API}/") or len(lines) >= MOST_PAGES):
            raise UpstreamChanged(NAME, f"page {len(lines)} leads to {str(url)[:80]!r}; expected a page of {API}")
    if len(ids) < promised * (1 - _MOVED):
        raise UpstreamChanged(NAME, f"{len(lines)} pages hold {len(ids)} probes; the first promised {promised}")
    yield Answer(f"{first}#at={int(until.timestamp())}", b"\n".join(lines) + b"\n")


def parse(body: bytes, *, name: str = "") -> Parsed:
    """Read one answer, packed or not. Raises UpstreamChanged for other bytes."""
    data, cut = unpack(body, source=NAME)
    if cut:
        raise UpstreamChanged(NAME, f"the compressed answer ends early, after {len(data)} unpacked bytes")
    rejected = Rejections()
    if b'"data_call_name"' in data[:4096]:
        call, inner, answer = envelope(data, source=NAME, calls=("atlas-probes", "atlas-probe-deployment"))
        if call == "atlas-probe-deployment":
            return _deployment(inner, rejected)
        listed, at, scope = inner.get("probes"), epoch(answer.get("time")), _entity(inner.get("resource"))
        if not isinstance(listed, list) or scope is None:
            raise UpstreamChanged(
                NAME, "no list 'probes' of one 'resource'; expected the probes of a country or network"
            )
        promised = len(listed)
    else:
        listed, promised = _pages(data)
        told = _AT.search(name)
        at, scope = moment(int(told[1])) if told else None, ""
    table = probes(listed, rejected)
    rejected.add("probes on pages that are not here", f"{table.height} of {promised}", promised - len(listed))
    notes = {
        "probes": table.height,
        "connected": int((table["status"] == CONNECTED).sum()),
        "without_country": table["cc"].null_count(),
        "without_network": table["asn"].null_count(),
    }
    return Parsed(once(_rows(table, at, scope), rejected), rejected.done(), notes)


def _pages(data: bytes) -> tuple[list[Any], int]:
    """All probes of pages of the API, one a line or a single one, and how many the pages say there are."""
    try:
        pages = [json_value(data, source=NAME)]
    except UpstreamChanged:
        lines = [line for line in data.split(b"\n") if line.strip()]
        if len(lines) < 2 or not all(line.startswith(b"{") for line in lines):
            raise
        pages = [json_value(line, source=NAME) for line in lines]
    listed: list[Any] = []
    for page in pages:
        results = page.get("results") if isinstance(page, dict) else None
        if not isinstance(page, dict) or not isinstance(results, list):
            raise UpstreamChanged(NAME, f"begins with {begins(data)}; expected pages with a list 'results'")
        listed += results
    promised = max((count(page.get("count")) or 0.0 for page in pages), default=0.0)
    return listed, max(len(listed), int(min(promised, 1e9)))


def _rows(table: pl.DataFrame, at: int | None, scope: str) -> pl.DataFrame:
    """The newest whole bins that a list of probes tells. ``scope``: the entity whose probes are listed; "": all are."""
    known = table.filter(pl.col("status").is_in([CONNECTED, DISCONNECTED]))
    if at is None:
        newest = known.filter(pl.col("status") == CONNECTED)["seen"].max()
        at = newest if isinstance(newest, int) else None
    if at is None:
        return empty_signals()
    last = (at - SETTLE_S) // BIN_S * BIN_S
    entities = placed(known)
    if scope:
        inside = [key for key in entities["entity"].unique().to_list() if _is_whole(key, scope)]
        entities = entities.filter(pl.col("entity").is_in(inside))
    starts = range(last - BINS * BIN_S, last, BIN_S)
    return pl.concat([_shaped(_bin(entities, start), start) for start in starts])


def _is_whole(key: str, scope: str) -> bool:
    """Does a list of the scope's probes hold all those of the entity? Of a network almost wholly in a country, yes."""
    kind, _, code = key.partition("/")
    if scope.startswith("country/"):
        return key == scope or parent(key) == scope
    return key == scope or (kind == "geoasn" and code.partition("-")[2] == scope.partition("/")[2])


def _bin(entities: pl.DataFrame, start: int) -> pl.DataFrame:
    """What one bin held: entity, probes known, connected at its end, disconnected in it, connected at its start."""
    end, since = start + BIN_S, pl.col("since")
    up, down = pl.col("status") == CONNECTED, pl.col("status") == DISCONNECTED
    return (
        entities.group_by("entity", maintain_order=True)
        .agg(
            known=pl.len(),
            connected=((up & (since.is_null() | (since <= end))) | (down & (since >= end))).sum(),
            lost=(down & (since >= start) & (since < end)).sum(),
            before=((up & (since.is_null() | (since <= start))) | (down & (since >= start))).sum(),
        )
        .filter(pl.col("entity").str.starts_with("country/") | (pl.col("known") >= FEWEST))
    )


def _shaped(found: pl.DataFrame, start: int) -> pl.DataFrame:
    """SIGNALS rows of one bin. Where nobody was connected nobody can disconnect, and there is no row for that."""
    parts = [
        found.select("entity", signal=pl.lit("atlas.connected"), value="connected", n="known"),
        found.filter(pl.col("before") > 0).select(
            "entity", signal=pl.lit("atlas.disconnects"), value="lost", n="before"
        ),
    ]
    return (
        pl.concat(parts)
        .with_columns(
            timebin=pl.from_epoch(pl.lit(start, dtype=pl.Int64)).cast(pl.Datetime("us", "UTC")),
            value=pl.col("value").cast(pl.Float64),
            n=pl.col("n").cast(pl.UInt32),
        )
        .select(list(SIGNALS))
    )


def _deployment(data: dict[str, Any], rejected: Rejections) -> Parsed:
    """Days of one or several countries or networks."""
    deployments = data.get("deployments")
    if not isinstance(deployments, list):
        raise UpstreamChanged(NAME, "no list 'deployments' in 'data'; expected counts per day")
    rows: list[tuple[int, str, float, int | None]] = []
    for number, one in enumerate(deployments):
        resource, days = (one.get("resource"), one.get("deployment")) if isinstance(one, dict) else (None, None)
        entity = _entity(resource)
        if entity is None or not isinstance(days, list):
            rejected.add("no country or network with days", f"deployments {number}: {str(resource)[:40]!r}")
            continue
        for place, day in enumerate(days):
            given = day if isinstance(day, dict) else {}
            statuses = given.get("statuses")
            told = statuses if isinstance(statuses, dict) else {}
            t, up, down = epoch(given.get("date")), count(told.get("connected")), count(told.get("disconnected"))
            if t is None or t % DAY_S or up is None or down is None or up + down >= 2**32:
                rejected.add("no day with counts", f"{entity} {place}: {str(day)[:80]!r}")
            else:
                rows.append((t, entity, up, int(up + down) or None))
    frame = pl.DataFrame(
        rows, schema={"t": pl.Int64, "entity": pl.String, "value": pl.Float64, "n": pl.UInt32}, orient="row"
    ).select(
        timebin=pl.from_epoch("t").cast(pl.Datetime("us", "UTC")),
        entity="entity",
        signal=pl.lit("atlas.connected_day"),
        value="value",
        n="n",
    )
    return Parsed(once(frame.select(list(SIGNALS)), rejected), rejected.done(), {"days": len(rows)})


def _entity(resource: Any) -> str | None:
    """Our key for ``cc_nl`` or ``asn4_3333``. Regions and the IPv6 side of a network alone have none."""
    match = _RESOURCE.fullmatch(resource.lower()) if isinstance(resource, str) else None
    if match is None:
        return None
    key = f"asn/{match[1]}" if match[1].isdigit() else f"country/{match[1].upper()}"
    return key if is_entity(key) else None


SOURCE = Source(
    name=NAME,
    title="RIPE Atlas probes",
    org="RIPE NCC",
    url=f"{API}/probes/",
    info_url=INFO_URL,
    licence=LICENCE,
    licence_url=TERMS_URL,
    attribution="RIPE Atlas, RIPE NCC",
    cadence_s=600,
    lag_s=600,
    signals={"atlas.connected": BIN_S, "atlas.disconnects": BIN_S, "atlas.connected_day": DAY_S},
    summary="Probes of volunteers that are connected to RIPE Atlas, and those that have just disconnected.",
    proof="documented",
    terms=TERMS,
)
