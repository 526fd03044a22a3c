"""Matches of firewall rules, simulated: everyday rules at their pace, and a hole found in the played hours.

The hole has no number that anybody else uses (``simulated-932999``). Its first attempt comes at ``FOUND`` from one
network; the attempts double every 75 minutes and spread over more and more networks until they level off. The firewall
only counts them until ``CLOSED``; from then on it refuses nearly all. The other rules bear ids of the OWASP Core Rule
Set, so that the page looks as it would; their numbers are invented, and every title says that it is simulated.

The 28 days before come once, as partials of hours, in the form in which ``radar.sources.waf_events`` keeps them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import orjson
import polars as pl
from numpy.typing import NDArray

from jobs.simulate.places import Places, stream
from jobs.simulate.rates import FIRST
from jobs.simulate.scenario import BIN, STARTS
from radar.sources import Answer
from radar.sources._log_source import packed
from radar.sources._waf_rows import DIMENSIONS, LATEST, PARTIALS

#: Bins of the history, and bins in an hour.
BEFORE, HOURLY = (STARTS - FIRST) // BIN, 12

HOLE = "simulated-932999"
TITLE = "Simulated: remote code execution in a mail gateway"
FOUND, CLOSED = STARTS + timedelta(hours=2, minutes=17, seconds=4), STARTS + timedelta(hours=6, minutes=30)
_AT_FIRST, _DOUBLES_MIN, _MOST = 0.6, 75.0, 420.0

#: Where the site that is aimed at stands, and how much of it there.
_TARGETS = (("DE", 0.4), ("US", 0.3), ("IN", 0.2), ("BR", 0.1))


@dataclass(frozen=True, slots=True)
class _Rule:
    """An everyday rule: matches an hour, share refused, networks it comes from, change over the 28 days."""

    id: str
    title: str
    cve: str
    hourly: float
    blocked: float
    networks: int
    change: float = 1.0


_RULES = (
    _Rule("920350", "Simulated: host header is an address", "", 62.0, 0.05, 60),
    _Rule("913100", "Simulated: user agent of a security scanner", "", 41.0, 0.97, 40),
    _Rule("942100", "Simulated: SQL injection found by libinjection", "", 28.0, 0.98, 45),
    _Rule("930100", "Simulated: path traversal attack", "", 24.0, 0.97, 35),
    _Rule("941100", "Simulated: cross-site scripting found by libinjection", "", 17.0, 0.96, 30),
    _Rule("932160", "Simulated: Unix shell code in a request", "", 12.0, 0.99, 25, 2.6),
    _Rule("944150", "Simulated: lookup of Log4j in a request", "CVE-2021-44228", 7.0, 1.0, 20, 0.3),
    _Rule("933100", "Simulated: PHP injection attack", "", 6.0, 0.98, 15),
    _Rule("931100", "Simulated: remote file inclusion", "", 3.0, 0.97, 10),
)


class Waf:
    """Writes the matches of one bin at a time; any bin can be asked for, in any order, with the same result."""

    source = "waf_events"

    def __init__(self, seed: int, places: Places) -> None:
        self._seed = seed
        cells = np.flatnonzero(places.asns)
        self._cc = [places.codes[places.country[cell]] for cell in cells]
        self._asn = [int(asn) for asn in places.asns[cells]]
        self._providers = sorted(places.providers)[:3]
        draw = stream(seed, "waf networks")
        #: Networks of each rule and how often each is drawn; the hole's are in the order in which they join.
        self._origins = [_origins(draw, len(cells), rule.networks) for rule in _RULES]
        self._joining = draw.permutation(len(cells))

    def answers(self, number: int) -> Iterator[Answer]:
        """The matches of one bin as NDJSON; with the first played bin also the history."""
        if number == BEFORE:
            yield Answer("simulated-waf-history.parquet", self._history())
        start = FIRST + number * BIN
        lines = [row for index in range(len(_RULES)) for row in self._everyday(index, number, start)]
        lines += self._hole(number, start)
        lines.sort(key=lambda row: (row["time"], row["rule"]))
        if lines:
            body = b"".join(orjson.dumps(row) + b"\n" for row in lines)
            yield Answer(f"simulated-waf-{start:%Y-%m-%dT%H%MZ}.ndjson", body)

    def _everyday(self, index: int, number: int, start: datetime) -> list[dict[str, object]]:
        rule = _RULES[index]
        draw = stream(self._seed, "waf", number, index)
        count = int(draw.poisson(round(rule.hourly * rule.change / HOURLY, 4)))
        cells, weights = self._origins[index]
        origin = draw.choice(cells, count, p=weights)
        return self._rows(draw, start, rule.id, rule.title, rule.cve, origin, rule.blocked)

    def _hole(self, number: int, start: datetime) -> list[dict[str, object]]:
        minutes = (start + BIN - FOUND) / timedelta(minutes=1)
        if minutes < 0:
            return []
        draw = stream(self._seed, "waf hole", number)
        grown = _AT_FIRST * 2 ** (minutes / _DOUBLES_MIN)
        blocked = 0.97 if start >= CLOSED else 0.0
        if minutes < BIN / timedelta(minutes=1):
            first = self._rows(draw, start, HOLE, TITLE, "", self._joining[:1], blocked)
            return [{**row, "time": f"{FOUND:%Y-%m-%dT%H:%M:%SZ}"} for row in first]
        count = int(draw.poisson(round(grown / (1 + grown / _MOST), 4)))
        joined = max(2, min(len(self._joining), int(minutes / 3)))
        origin = self._joining[(joined * draw.random(count) ** 1.7).astype(int)]
        return self._rows(draw, start, HOLE, TITLE, "", origin, blocked)

    def _rows(self, draw: np.random.Generator, start: datetime, rule: str, title: str, cve: str,
              origin: NDArray[np.int64], blocked: float) -> list[dict[str, object]]:  # fmt: skip
        count = len(origin)
        seconds = np.sort(draw.integers(0, BIN // timedelta(seconds=1), count))
        refused = draw.random(count) < blocked
        target = draw.choice(len(_TARGETS), count, p=[share for _cc, share in _TARGETS])
        provider = draw.integers(0, len(self._providers), count)
        return [
            {
                "time": f"{start + timedelta(seconds=int(seconds[i])):%Y-%m-%dT%H:%M:%SZ}",
                "rule": rule,
                "title": title,
                "cve": cve or None,
                "action": "blocked" if refused[i] else "counted",
                "country": self._cc[origin[i]],
                "asn": self._asn[origin[i]],
                "target_country": _TARGETS[target[i]][0],
                "provider": self._providers[provider[i]],
            }
            for i in range(count)
        ]

    def _history(self) -> bytes:
        """The everyday rules' hours of the 28 days, as partials."""
        hours = BEFORE // HOURLY
        codes, targets, providers = (
            pl.Series(names) for names in (self._cc, [cc for cc, _share in _TARGETS], self._providers)
        )
        shares = [share for _cc, share in _TARGETS]
        bins = int(FIRST.timestamp()) + 3600 * np.arange(hours)
        tables = []
        for index, rule in enumerate(_RULES):
            draw = stream(self._seed, "waf history", index)
            cells, weights = self._origins[index]
            rate = rule.hourly * (rule.change ** np.clip((np.arange(hours) / hours - 0.9) * 10, 0, 1))
            counts = draw.poisson(np.round(rate[:, None] * weights[None, :], 4))
            hour, place = np.nonzero(counts)
            origin = cells[place]
            tables.append(
                pl.DataFrame({
                    "bin": bins[hour],
                    "rule": pl.repeat(rule.id, len(hour), eager=True),
                    "title": pl.repeat(rule.title, len(hour), eager=True),
                    "cve": pl.repeat(rule.cve, len(hour), eager=True),
                    "action": np.where(draw.random(len(hour)) < rule.blocked, "blocked", "passed"),
                    "cc": codes.gather(origin),
                    "asn": np.array(self._asn)[origin],
                    "to_cc": targets.gather(draw.choice(len(targets), len(hour), p=shares)),
                    "provider": providers.gather(draw.integers(0, len(providers), len(hour))),
                    "matches": counts[hour, place],
                    "first": LATEST - bins[hour] - draw.integers(0, 1800, len(hour)),
                    "last": bins[hour] + draw.integers(1800, 3600, len(hour)),
                })
            )  # fmt: skip
        dimensions = list(DIMENSIONS)
        partials = (
            pl.concat(tables)
            .unpivot(["matches", "first", "last"], index=dimensions, variable_name="field", value_name="amount")
            .with_columns(cell=pl.lit(0))
            .select(list(PARTIALS))
            .cast(PARTIALS)  # type: ignore[arg-type]  # a mapping of types is one of data types
        )
        return packed(partials, 3600)


def _origins(draw: np.random.Generator, cells: int, most: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Some cells and how often each is drawn: few of them give most, as Zipf has it."""
    chosen = draw.permutation(cells)[:most]
    weights = 1.0 / np.arange(1, len(chosen) + 1)
    return chosen, weights / weights.sum()
