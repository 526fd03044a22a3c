"""Queries at our resolvers, simulated: an even load from thirty countries, and a service that vanishes.

While the routes of the service are gone (``jobs/simulate/routing_play.py`` withdraws them), every query for its three
zones fails, and is asked again: that is what doubles the load. One line is one query and its end, in the form of
``radar.sources.dns_logs``; clients are words and no addresses, and every zone lies under ``example``.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import datetime, timedelta

import numpy as np
import polars as pl
from numpy.typing import NDArray

from jobs.simulate.places import Places, stream
from jobs.simulate.rates import FIRST, HISTORY_BINS
from jobs.simulate.scenario import BIN, SCENARIO, VANISHED, factor
from radar.aggregate.bins import Block
from radar.signals import GROUPS
from radar.sources import Answer

F64 = NDArray[np.float64]

#: Countries whose clients ask, and queries in a bin of an even hour.
COUNTRIES, QUERIES = 30, 900.0
#: Zones of the service, and of everybody else; the service's part of all queries.
SERVICE = ("simulated-social.example", "simulated-photos.example", "simulated-chat.example")
OTHERS, SERVICE_SHARE = 40, 0.12
#: Part of the queries that fail, and that ask for what does not exist, on any day.
FAIL, MISSING = 0.006, 0.08


class Resolver:
    """A sender of query logs for ``World``; any bin can be asked for, in any order."""

    source = "dns_logs"

    def __init__(self, seed: int, places: Places) -> None:
        self._seed = seed
        order = np.argsort(-places.requests, kind="stable")[:COUNTRIES]
        self.codes = [places.codes[i] for i in order]
        self._offset = places.utc_offset[order]
        weight = np.sqrt(places.requests[order])  # our resolvers are asked from all of them
        self._weight = weight / weight.sum()
        self._pool = np.maximum(25, 600 * self._weight).astype(np.int64)
        self._event = next(event for event in SCENARIO if event.kind == "vanished")

    def _rate(self, low: int, high: int) -> F64:
        """Expected queries on any day, countries x bins."""
        hours = (np.arange(low, high) + 0.5) * (BIN / timedelta(hours=1))
        local = hours[None, :] + self._offset[:, None]
        shape = 1 + 0.3 * np.cos((local - 20.0) * np.pi / 12)
        return np.asarray(np.round(QUERIES * self._weight[:, None] * shape, 5))

    def _retries(self, start: datetime) -> float | None:
        """How many times the usual queries come; None while nothing is wrong."""
        event = self._event
        if not event.start <= start < (event.end or start + BIN):
            return None
        return factor(event.requests, (start - event.start) / timedelta(minutes=1) + 2.5)

    def answers(self, number: int) -> Iterator[Answer]:
        """The log of one bin."""
        rng = stream(self._seed, "dns", number)
        start = FIRST + number * BIN
        times = self._retries(start)
        usual = self._rate(number, number + 1)[:, 0]
        counts = rng.poisson(usual)
        again = rng.poisson(usual * (times - 1)) if times is not None else np.zeros(len(usual), np.int64)
        country = np.concatenate([np.repeat(np.arange(len(usual)), n) for n in (counts, again)])
        size = len(country)
        service = rng.random(size) < SERVICE_SHARE
        service[int(counts.sum()) :] = True
        zone = np.where(service, rng.integers(0, len(SERVICE), size),
                        len(SERVICE) + (OTHERS * rng.random(size) ** 2).astype(np.int64))  # fmt: skip
        end = rng.random(size)
        gone = service & (times is not None)
        rcode = np.where(gone | (end < FAIL), 1, np.where(end < FAIL + MISSING, 2, 0))
        client = rng.integers(0, self._pool[country])
        zones = pl.Series([*SERVICE, *(f"site-{n:02}.example" for n in range(OTHERS))])
        codes = pl.Series(self.codes)
        frame = pl.DataFrame({"second": np.sort(rng.integers(0, BIN // timedelta(seconds=1), size))}).select(
            time=pl.col("second") + int(start.timestamp()),
            client=pl.concat_str(codes.gather(country), pl.Series(client).cast(pl.String), separator="-"),
            country=codes.gather(country),
            name=pl.concat_str(pl.lit("www."), zones.gather(zone)),
            rcode=pl.Series(["NOERROR", "SERVFAIL", "NXDOMAIN"]).gather(rcode),
            server_asn=pl.when(pl.Series(gone)).then(VANISHED),
        )
        out = io.BytesIO()
        frame.write_ndjson(out)
        yield Answer(f"simulated-dns-{start:%Y%m%dT%H%MZ}.ndjson", out.getvalue())

    def history(self) -> Block:
        """The 28 days before the played hours: our resolvers together, and each country."""
        rng = stream(self._seed, "dns history")
        group = GROUPS["dns"]
        rate = self._rate(0, HISTORY_BINS)
        counts = rng.poisson(rate)
        pool = self._pool[:, None].astype(np.float64)
        clients = np.round(pool * (1 - (1 - 1 / pool) ** counts))
        queries = np.vstack([counts.sum(axis=0, keepdims=True), counts])
        value = np.full((len(queries), HISTORY_BINS, group.width), np.nan, np.float32)
        heard = np.maximum(queries, 1)
        value[:, :, 0] = queries
        value[:, :, 1] = np.minimum(rng.poisson(queries * FAIL), queries) / heard
        value[:, :, 2] = np.minimum(rng.poisson(queries * MISSING), queries) / heard
        value[:, :, 3] = np.vstack([clients.sum(axis=0, keepdims=True), clients])
        value[:, :, 1:][queries == 0] = np.nan
        n = np.full_like(value, np.nan)
        n[:, :, :3] = np.where(queries > 0, queries, np.nan)[:, :, None]
        keys = ["provider/our-resolver", *(f"country/{code}" for code in self.codes)]
        return Block(group, keys, FIRST, value, n)
