"""RIPE RIS Live: every route message of all RIS collectors, a second after it was sent.

Upstream: https://ris-live.ripe.net/manual/, a websocket, no key. It is a stream: ``radar stream`` listens to it, keeps
the routing table (radar/routing) and evaluates it each minute. Two forms are read:

- messages as they come, one JSON object a line. They tell what changed; who sees a route at all is told by the
  collectors' table dumps (source ``mrt_files``), so lines alone give activity, and visibility only where sessions
  begin;
- an evaluated minute, one JSON object ``{"type": "evaluated", "bin": T, "rows": [[entity, signal, value, n], ...]}``:
  what ``radar stream`` archives, as the messages themselves are too many to be kept for long.

The last minute of an hour also tells how the hour ended, as signals of their own: series of minutes are kept for days,
those of hours for years.

Licence: the RIPE NCC's terms of service; RIS is named as the source. Products and paid services for others are allowed
under further conditions (the RIPE NCC's logo, a link, and its description of RIS).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

import orjson
import polars as pl

from radar.entities import is_entity
from radar.errors import UpstreamChanged, UpstreamUnavailable
from radar.routing.ris import Reader
from radar.routing.session import HOUR_S, SESSION_SIGNALS, SHARE, VISIBLE, Session
from radar.schema import SIGNALS, Parsed
from radar.sources import Answer, Source
from radar.sources._bytes import begins, unpack
from radar.sources._rejections import Rejections, once
from radar.times import parse as parse_time

if TYPE_CHECKING:
    from radar.http import Http
    from radar.ws import Ws

NAME = "ris_live"
URL = "wss://ris-live.ripe.net/v1/ws/?client=internet-radar"

#: All messages of all collectors; without the raw BGP message, which is half of the bytes.
HELLO = orjson.dumps({"type": "ris_subscribe", "data": {"socketOptions": {"includeRaw": False}}})

#: Seconds of one bin.
GRAIN_S = 60
#: What is told of an hour's end, by the signal of the minute.
OF_HOURS = {signal: f"{signal}_hour" for signal in (*VISIBLE, SHARE)}
#: Longest value of one row; anything larger is no count of blocks.
_LARGEST = 2.0**50


def stream(ws: Ws, *, url: str = URL) -> Iterator[bytes | None]:
    """Messages as they come; None each second in which none came. Raises UpstreamUnavailable when it ends."""
    yield from ws.messages(url, source=NAME, hello=HELLO)


def fetch(http: Http, since: datetime, until: datetime) -> Iterator[Answer]:
    """A stream has no past to ask for. Raises UpstreamUnavailable, with what to do."""
    raise UpstreamUnavailable(NAME, "is a stream and cannot be asked for the past; `radar stream` listens to it")
    yield  # an iterator like every other fetch


def parse(body: bytes, *, name: str = "") -> Parsed:
    """Read messages, or an evaluated minute. Raises UpstreamChanged when no line is either."""
    data, cut = unpack(body, source=NAME)
    lines = [line for line in data.split(b"\n") if line.strip()]
    if len(lines) == 1 and b'"evaluated"' in lines[0][:40]:
        return _evaluated(lines[0])
    reader = Reader()
    session = Session(NAME, grain_s=GRAIN_S)
    session.take(sorted(reader.elements(lines), key=lambda element: element[0]))
    tally = reader.tally
    if not tally.messages or tally.rejected.total() == tally.messages:
        raise UpstreamChanged(
            NAME, f"no line is a message of RIS Live; begins with {begins(data)}, expected JSON with type and data"
        )
    rejected = Rejections()
    for reason, count in tally.rejected.most_common():
        rejected.add(reason, tally.examples[reason], count)
    if cut:
        rejected.add("the compressed file ends early", f"after {len(data)} unpacked bytes")
    parsed = session.done(tally.notes() | session.table.summary(), rejected.done())
    return replace(parsed, rows=with_hours(parsed.rows))


def evaluated(bin_start: str, rows: pl.DataFrame) -> bytes:
    """An evaluated minute as bytes: what :func:`parse` reads back."""
    columns = rows.sort("entity", "signal").select("entity", "signal", "value", "n")
    return orjson.dumps({"type": "evaluated", "bin": bin_start, "rows": columns.rows()})


def with_hours(rows: pl.DataFrame) -> pl.DataFrame:
    """SIGNALS of minutes, followed by those of the hours that ended with one of them.

    An hour is told when it is over and not before, so that its bin never makes a stream look fresher than it is. ``n``
    is null: it is the minute's. Where nothing was heard in an hour's last minute, nothing is told of its end.
    """
    ends = (pl.col("timebin").dt.minute() == 59) & pl.col("signal").is_in(list(OF_HOURS))
    hours = rows.filter(ends).with_columns(
        pl.col("timebin").dt.truncate("1h"),
        pl.col("signal").replace(OF_HOURS),
        n=pl.lit(None, rows.schema["n"]),
    )
    return pl.concat([rows, hours])


def _evaluated(line: bytes) -> Parsed:
    try:
        said: dict[str, Any] = orjson.loads(line)
        moment = parse_time(said["bin"])
        given = said["rows"]
        if not isinstance(given, list):
            raise TypeError("rows are no list")
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UpstreamChanged(NAME, f"no evaluated minute: {error}; expected bin and rows") from error
    if moment.second or moment.microsecond or not 1995 <= moment.year < 2100:
        raise UpstreamChanged(NAME, f"bin {said['bin']} is no minute between 1995 and 2100")
    rejected = Rejections()
    rows = []
    for place, row in enumerate(given):
        fault = _fault(row)
        if fault:
            rejected.add(fault, f"row {place}: {str(row)[:80]}")
        else:
            rows.append((moment, row[0], row[1], float(row[2]), row[3]))
    frame = pl.DataFrame(rows, schema=SIGNALS, orient="row")
    return Parsed(with_hours(once(frame, rejected)), rejected.done(), {"evaluated": 1})


def _fault(row: Any) -> str:
    if not isinstance(row, list) or len(row) != 4:
        return "not a row of entity, signal, value, n"
    entity, signal, value, n = row
    if not isinstance(entity, str) or not is_entity(entity):
        return "unknown entity"
    if not isinstance(signal, str) or signal not in SESSION_SIGNALS:
        return "unknown signal"
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < _LARGEST:
        return "value is not a number of zero or more"
    if n is not None and (isinstance(n, bool) or not isinstance(n, int) or not 0 < n < 2**31):
        return "n is no number of peers"
    return ""


SOURCE = Source(
    name=NAME,
    title="RIS Live",
    org="RIPE NCC",
    url=URL,
    info_url="https://ris-live.ripe.net/",
    licence="RIPE NCC terms of service; commercial use under conditions",
    licence_url="https://www.ripe.net/analyse/internet-measurements/routing-information-service-ris/commercial-use/",
    attribution="RIPE NCC Routing Information Service (RIS)",
    cadence_s=60,
    lag_s=5,
    signals=dict.fromkeys(SESSION_SIGNALS, GRAIN_S) | dict.fromkeys(OF_HOURS.values(), HOUR_S),
    terms="The RIPE NCC's terms of service apply; whoever builds a product or a paid service for others on RIS data "
    "must show the RIPE NCC's logo, a link and its description of RIS.",
    summary="Which address blocks each country and network announces, as the full-feed peers of RIS see it now.",
)
