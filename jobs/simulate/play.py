"""The played hours as upstreams would send them: lines of edge logs, and an answer in the form of IODA's API.

These are raw bytes. They go through ``radar.sources.edge_logs`` and ``radar.sources.ioda_signals`` like any other
answer; nothing downstream knows how they were made, but for the flag ``simulated`` that the archive keeps.

One line is one request::

    {"time":"2026-03-02T00:20:01.250Z","country":"IR","asn":44244,"client":"2001:db8:6c:2e::1","status":200,
     "bytes":18211,"rtt_ms":81.4,"throughput_mbps":null,"provider":"fastly"}

``asn`` is null for networks that the world does not name, ``status`` is 0 for a request that got no answer,
``throughput_mbps`` null for small answers, ``provider`` null where no provider answered. Clients have addresses that
belong to nobody (2001:db8::/32 is for documentation, RFC 3849); as with any log they are counted and not kept.
"""

from __future__ import annotations

import io
from datetime import datetime, timedelta

import numpy as np
import orjson
import polars as pl

from jobs.simulate.history import LABEL
from jobs.simulate.places import RTT_SCALE, stream
from jobs.simulate.rates import FIRST, Rates, provider_shares
from jobs.simulate.scenario import BIN, SCENARIO
from radar.entities import name, parse
from radar.sources import Answer

#: Status of an answer that is no error, with its share; and of a failed one (0: no answer).
_FINE = ((200, 0.83), (304, 0.08), (206, 0.03), (404, 0.04), (301, 0.02))
_FAILED = ((503, 0.5), (502, 0.2), (500, 0.15), (504, 0.05), (0, 0.1))
_LARGE = 60_000
#: Begins the address of every client.
PREFIX = "2001:db8:"


class Play:
    """Writes the answers of one bin at a time; any bin can be asked for, in any order, with the same result."""

    def __init__(self, rates: Rates) -> None:
        self._rates = rates
        p = rates.places
        self._codes = pl.Series(p.codes)
        self._provider_names = pl.Series([*p.providers, None])
        self._provider_cuts = np.cumsum(provider_shares(p))
        self._cell_names = pl.Series([f"{PREFIX}{cell:x}:" for cell in range(len(p.asns))])
        self._client_names = pl.Series([f"{client:x}::1" for client in range(int(p.clients.max()))])
        self._ioda_heads = [_head(key) for key in p.ioda]

    def edge(self, number: int) -> Answer:
        """The edge logs of one bin, sorted by time."""
        rng = stream(self._rates.seed, "play", number)
        p = self._rates.places
        span = (number, number + 1)
        counts = rng.poisson(self._rates.requests(*span)[:, 0])
        cell = np.repeat(np.arange(len(counts)), counts)
        rng.shuffle(cell)
        size = len(cell)
        provider = np.searchsorted(self._provider_cuts, rng.random(size), side="right")
        extra = np.r_[self._rates.provider_errors(*span)[:, 0], 0.0]
        failed = rng.random(size) < self._rates.errors(*span)[cell, 0] + extra[provider]
        status = np.where(failed, _pick(rng, _FAILED, size), _pick(rng, _FINE, size))
        noise = np.log(1 / np.clip(rng.random(size), 1e-6, 1 - 1e-6) - 1)
        rtt = np.exp(self._rates.rtt_log(*span)[p.country[cell], 0] + p.rtt_offset[cell] + RTT_SCALE * noise)
        length = np.exp(9.3 + 1.4 * rng.standard_normal(size)).astype(np.int64) + 120
        speed = np.exp(4.6 - 0.5 * np.log(rtt / 20) + 0.6 * rng.standard_normal(size))
        start = FIRST + number * BIN
        client = rng.integers(0, p.clients[cell])
        offset = np.sort(rng.integers(0, BIN // timedelta(milliseconds=1), size))
        frame = pl.DataFrame({"offset": offset, "cell": cell, "status": status, "bytes": length}).select(
            time=_times(start, offset),
            country=self._codes.gather(p.country[cell]),
            asn=pl.Series(p.asns[cell]).replace(0, None),
            client=self._cell_names.gather(cell) + self._client_names.gather(client),
            status="status",
            bytes=pl.when(pl.col("status") == 0).then(0).otherwise("bytes"),
            rtt_ms=pl.Series(np.round(rtt, 1)),
            throughput_mbps=pl.when(pl.col("bytes") > _LARGE).then(pl.Series(np.round(speed, 1))),
            provider=self._provider_names.gather(provider),
        )
        out = io.BytesIO()
        frame.write_ndjson(out)
        body = out.getvalue() + self._late(frame, start)
        return Answer(f"simulated-edge-{start:%Y%m%dT%H%MZ}.ndjson", body)

    def _late(self, frame: pl.DataFrame, start: datetime) -> bytes:
        """What ordinary log delivery adds now and then: lines of an earlier bin, the same line twice, half a line."""
        event = next(event for event in SCENARIO if event.kind == "late_rows")
        if start != event.start:
            return b""
        code = event.entities[0].partition("/")[2]
        lines = frame.filter(pl.col("country") == code).head(4)
        late = lines.with_columns(time=_times(start - 2 * BIN, np.arange(lines.height) * 1000 + 290_000))
        out = io.BytesIO()
        pl.concat([late, lines.tail(2)]).write_ndjson(out)
        return out.getvalue() + b'{"time":"' + f"{start:%Y-%m-%dT%H:%M}".encode()

    def ioda(self, number: int) -> Answer:
        """Routes of all entities for one bin, and pings where their ten minutes end with it."""
        routes = self._rates.routes(number, number + 1)[:, 0].astype(int).tolist()
        start = FIRST + number * BIN
        data = [[_series(head, "bgp", start, BIN, value)] for head, value in zip(self._ioda_heads, routes, strict=True)]
        if number % 2:
            pings = self._rates.pings(number - 1, number)[:, 0].astype(int).tolist()
            for group, head, value in zip(data, self._ioda_heads, pings, strict=True):
                group.append(_series(head, "ping-slash24", start - BIN, 2 * BIN, value))
        end = start + BIN
        body = orjson.dumps(
            {
                "type": "signals.raw",
                "metadata": {"note": LABEL, "simulated": True},
                "requestParameters": {"from": _epoch(start), "until": _epoch(end)},
                "error": None,
                "data": data,
                "copyright": LABEL,
            }
        )
        return Answer(f"simulated-ioda-{start:%Y%m%dT%H%MZ}.json", body)


def _pick(rng: np.random.Generator, table: tuple[tuple[int, float], ...], size: int) -> np.ndarray:
    cuts = np.cumsum([share for _, share in table])[:-1]
    return np.array([value for value, _ in table])[np.searchsorted(cuts, rng.random(size), side="right")]


def _times(start: datetime, offset_ms: np.ndarray) -> pl.Series:
    """RFC 3339 texts with milliseconds; put together from parts, which is five times as fast as formatting each."""
    second, ms = np.divmod(offset_ms, 1000)
    whole = start.replace(second=0)
    seconds = int(offset_ms.max(initial=0)) // 1000 + 1
    heads = pl.Series([f"{whole + timedelta(seconds=s):%Y-%m-%dT%H:%M:%S}." for s in range(seconds)])
    tails = pl.Series([f"{m:03}Z" for m in range(1000)])
    return heads.gather(second) + tails.gather(ms)


def _head(key: str) -> dict[str, str]:
    entity = parse(key)
    return {"entityType": entity.type, "entityCode": entity.code, "entityName": name(key)}


def _series(head: dict[str, str], datasource: str, start: datetime, step: timedelta, value: int) -> dict[str, object]:
    seconds = int(step.total_seconds())
    begin = _epoch(start)
    return {**head, "datasource": datasource, "from": begin, "until": begin + seconds, "step": seconds,
            "nativeStep": seconds, "values": [value]}  # fmt: skip


def _epoch(moment: datetime) -> int:
    return int(moment.timestamp())
