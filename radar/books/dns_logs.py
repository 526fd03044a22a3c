"""The book of names that fail: zones, how many of their queries fail, since when, and against their day before.

Bins of five minutes are kept for two hours, hours for a day more, each with the zones that the source tells of; a bin
that comes again replaces what was there. A zone fails since the first bin of a row of failing ones without a break of
more than half an hour.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Self

import orjson
import zstandard

from radar.detect.model import Failing
from radar.entities import name
from radar.labels import _
from radar.providers import provider_of_zone, registry
from radar.shapes.dns import Dns, FailingZone
from radar.times import parse, rfc3339

BIN_S, HOUR_S, DAY_S = 300, 3600, 86_400
#: Bins are kept for this long before they become hours, and hours for this long.
BINS_S, HOURS_S = 2 * HOUR_S, DAY_S + 2 * HOUR_S
#: Failures this far apart are two stories.
BREAK_S = 1800
#: A zone is told when so many of its queries failed in the window, and this part of them.
FAILED, FAILING = 10, 0.1
#: Zones that are told, and zones that an hour keeps.
TOLD, KEPT = 20, 200
#: Part of the failures from which a sentence names who they are of.
MOST = 0.5
#: What a zone needs in a bin (``radar.sources._dns_rows``).
LEAST_CLIENTS, LEAST_QUERIES = 5, 10

#: queries, failed, ends known (0 or 1), clients, servers
Cell = list[Any]


class DnsBook:
    """The book. See the module."""

    document = "dns"

    def __init__(self) -> None:
        self.simulated = False
        self.bins: dict[int, dict[str, Cell]] = {}
        self.hours: dict[int, dict[str, list[int]]] = {}  # queries, failed, bins
        self.failing: dict[str, list[int]] = {}  # zone -> first and last failing bin

    def take(self, rows: Sequence[Mapping[str, Any]], *, received_at: datetime, simulated: bool) -> None:
        """Add what one answer told: rows of ``radar.sources.dns_logs.details``. Bins that begin after the answer came
        are not believed."""
        found: dict[int, dict[str, Cell]] = {}
        for row in rows:
            number = int(parse(row["bin"]).timestamp())
            if number > received_at.timestamp():
                continue
            failed = row["failed"]
            found.setdefault(number, {})[row["zone"]] = [
                row["queries"], failed or 0, int(failed is not None), row["clients"], dict(row["servers"]),
            ]  # fmt: skip
        newest = max([*found, *self.bins], default=0)
        for number, zones in sorted(found.items()):
            if number <= newest - BINS_S:
                continue  # its hour is closed
            self.bins[number] = zones
            self.simulated |= simulated
            for zone, cell in zones.items():
                if zone and _fails(cell[0], cell[1]):
                    self._note(zone, number)
        self._fold(newest)

    def _note(self, zone: str, number: int) -> None:
        span = self.failing.get(zone)
        if span is None or number > span[1] + BREAK_S:
            self.failing[zone] = [number, number]
        else:
            span[0], span[1] = min(span[0], number), max(span[1], number)

    def _fold(self, newest: int) -> None:
        """Old bins become hours, old hours go."""
        for number in [n for n in self.bins if n <= newest - BINS_S]:
            hour = self.hours.setdefault(number // HOUR_S * HOUR_S, {})
            for zone, (queries, failed, *_rest) in self.bins.pop(number).items():
                sums = hour.setdefault(zone, [0, 0, 0])
                sums[0], sums[1], sums[2] = sums[0] + queries, sums[1] + failed, sums[2] + 1
            if len(hour) > KEPT:
                kept = sorted(hour, key=lambda zone: (zone != "", -hour[zone][1], -hour[zone][0], zone))[:KEPT]
                self.hours[number // HOUR_S * HOUR_S] = {zone: hour[zone] for zone in kept}
        for number in [n for n in self.hours if n <= newest - HOURS_S]:
            del self.hours[number]
        for zone in [z for z, (_first, last) in self.failing.items() if last < newest - BINS_S]:
            del self.failing[zone]

    def page(self, now: datetime) -> Dns:
        """The document as of ``now``: see ``radar.shapes.dns``."""
        known = [n for n in self.bins if n <= now.timestamp()]
        newest = max(known, default=None)
        window = [] if newest is None else sorted(n for n in known if n > newest - HOUR_S)
        begin = newest + BIN_S - HOUR_S if newest is not None else 0
        total = _sum([self.bins[n][""] for n in window if "" in self.bins[n]])
        failed = total[1] if total[2] else None
        zones = self._zones(window, begin, newest or 0)
        named = sum(zone["failed"] for zone in zones)
        return {
            "at": None if newest is None else rfc3339(datetime.fromtimestamp(newest + BIN_S, UTC)),
            "since": None if newest is None else rfc3339(datetime.fromtimestamp(begin, UTC)),
            "simulated": self.simulated,
            "queries": total[0],
            "failed": failed,
            "share": failed / total[0] if failed is not None and total[0] else None,
            "zones": zones[:TOLD],
            "failed_named": min(1.0, named / failed) if failed else None,
            "words": _words(total[0], failed, zones),
            "least_clients": LEAST_CLIENTS,
            "least_queries": LEAST_QUERIES,
        }

    def unanswered(self, now: datetime) -> list[Failing]:
        """The failing zones of the hour before ``now`` by the networks that would answer: those that were asked, and
        all of the provider that a zone belongs to. The largest part of the failures first; []: none is known."""
        page = self.page(now - timedelta(seconds=1))  # the bin that begins now is not over
        groups: dict[str, list[FailingZone]] = {}
        for zone in page["zones"]:
            owner = registry().get((zone["provider"] or "").removeprefix("provider/"))
            for key in dict.fromkeys([*zone["networks"][:1], *(f"asn/{n}" for n in (owner.networks if owner else ()))]):
                groups.setdefault(key, []).append(zone)
        found = []
        for key, zones in groups.items():
            failed = sum(zone["failed"] for zone in zones)
            known = [(zone["queries"], zone["times"]) for zone in zones if zone["times"]]
            usual = sum(queries / times for queries, times in known)
            found.append(
                Failing(
                    network=key,
                    zones=tuple(zone["zone"] for zone in zones),
                    share=min(1.0, failed / page["failed"]) if page["failed"] else 0.0,
                    times=sum(queries for queries, _times in known) / usual if usual else None,
                )
            )
        return sorted(found, key=lambda row: (-row.share, row.network))

    def _zones(self, window: Sequence[int], begin: int, newest: int) -> list[FailingZone]:
        cells: dict[str, list[Cell]] = {}
        for number in window:
            for zone, cell in self.bins[number].items():
                if zone:
                    cells.setdefault(zone, []).append(cell)
        found: list[FailingZone] = []
        for zone, mine in cells.items():
            queries, failed, ends, clients, servers = _sum(mine)
            span = self.failing.get(zone)
            if not ends or not _fails(queries, failed) or span is None or span[1] < newest - BREAK_S:
                continue
            before = self._before(zone, begin)
            found.append({
                "zone": zone,
                "queries": queries,
                "failed": failed,
                "share": min(1.0, failed / queries),
                "share_before": min(1.0, before[1] / before[0]) if before[0] else None,
                "times": queries / len(mine) / (before[0] / before[2]) if before[0] else None,
                "clients": clients,
                "since": rfc3339(datetime.fromtimestamp(span[0], UTC)),
                "networks": [f"asn/{asn}" for asn in sorted(servers, key=lambda asn: (-servers[asn], int(asn)))][:3],
                "provider": _provider(zone),
            })  # fmt: skip
        return sorted(found, key=lambda row: (-row["failed"], row["zone"]))

    def _before(self, zone: str, begin: int) -> list[int]:
        """Queries, failures and bins of the day before the window in which the zone did not fail as it does now."""
        span = self.failing.get(zone)
        until = min(begin, span[0]) if span else begin
        sums = [0, 0, 0]
        for number, bins in self.bins.items():
            if begin - DAY_S <= number < until and zone in bins:
                sums = [sums[0] + bins[zone][0], sums[1] + bins[zone][1], sums[2] + 1]
        for number, hours in self.hours.items():
            if begin - DAY_S <= number and number + HOUR_S <= until and zone in hours:
                sums = [a + b for a, b in zip(sums, hours[zone], strict=True)]
        return sums

    def dump(self) -> bytes:
        """All that is kept: 24 bins of at most 100 zones, 26 hours of at most 200."""
        data = {
            "simulated": self.simulated,
            "bins": sorted(self.bins.items()),
            "hours": sorted(self.hours.items()),
            "failing": self.failing,
        }
        return zstandard.compress(orjson.dumps(data, option=orjson.OPT_SORT_KEYS), 3)

    @classmethod
    def load(cls, blob: bytes) -> Self:
        """The inverse of :meth:`dump`."""
        data = orjson.loads(zstandard.decompress(blob))
        self = cls()
        self.simulated = data["simulated"]
        self.bins, self.hours = dict(data["bins"]), dict(data["hours"])
        self.failing = data["failing"]
        return self


def _fails(queries: int, failed: int) -> bool:
    return failed >= FAILED and failed >= FAILING * queries


def _sum(cells: Sequence[Cell]) -> Cell:
    servers: dict[str, int] = {}
    for cell in cells:
        for asn, count in cell[4].items():
            servers[asn] = servers.get(asn, 0) + count
    return [
        sum(cell[0] for cell in cells), sum(cell[1] for cell in cells), max((cell[2] for cell in cells), default=0),
        max((cell[3] for cell in cells), default=0), servers,
    ]  # fmt: skip


def _provider(zone: str) -> str | None:
    slug = provider_of_zone(zone)
    return None if slug is None else f"provider/{slug}"


def _words(queries: int, failed: int | None, zones: Sequence[FailingZone]) -> str:
    if not queries:
        return _("No queries have been counted in the last hour.")
    if failed is None:
        return _("The logs tell what was asked, and not how it ended.")
    parts = [
        _("In the last hour {share} % of the queries at our resolvers failed.").format(
            share=round(100 * failed / queries)
        )
    ]
    groups: dict[str, list[FailingZone]] = {}
    for zone in zones:
        owner = zone["provider"] or next(iter(zone["networks"]), "")
        if owner:
            groups.setdefault(owner, []).append(zone)
    if groups and failed:
        owner, mine = max(groups.items(), key=lambda item: (sum(z["failed"] for z in item[1]), item[0]))
        part = min(1.0, sum(z["failed"] for z in mine) / failed)
        if part >= MOST:
            text = _("{share} % of the failing ones ask for zones of {owner}: {zones}.")
            shown = ", ".join(zone["zone"] for zone in mine[:3])
            parts.append(text.format(share=round(100 * part), owner=name(owner), zones=shown))
    elif not zones:
        parts.append(_("No zone fails that enough clients ask for."))
    return " ".join(parts)


BOOK = DnsBook
