"""MRT files: what route collectors archive, as table dumps and as updates of some minutes.

Upstream: RIPE RIS (https://data.ris.ripe.net/, dumps every 8 hours, updates every 5 minutes) and RouteViews
(https://archive.routeviews.org/, every 2 hours and every 15 minutes), or files of a collector of one's own. The setting
``mrt_files`` says where they lie: a folder, a glob, or addresses with the time in them
(:mod:`radar.sources._mrt_places`). Form: RFC 6396 and RFC 8050, packed by gzip, bzip2, zstd or not
(:mod:`radar.routing.mrt`).

Files that come together, of several collectors, are read into one routing table in the order of their times, and
evaluated every 5 minutes of their own clock. Who sees a route at all is told by table dumps; updates alone give
activity, and visibility only where sessions begin.

Licence: RIPE RIS: the RIPE NCC's terms of service, and conditions for products and paid services; RouteViews: CC BY
4.0.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from itertools import chain, groupby
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING

from radar import settings
from radar.errors import ConfigError, UpstreamChanged, UpstreamUnavailable
from radar.routing import Element
from radar.routing.mrt import Limits, Tally, read
from radar.routing.session import SESSION_SIGNALS, Session
from radar.schema import Parsed
from radar.sources import Answer, Source
from radar.sources._ask import ask_each
from radar.sources._mrt_places import collector_in, files_in, patterns, time_in
from radar.sources._rejections import Rejections

if TYPE_CHECKING:
    from radar.http import Http

NAME = "mrt_files"

#: Seconds of one bin.
GRAIN_S = 300

#: The name of a file, and what loads its bytes.
File = tuple[str, Callable[[], bytes]]

#: A dump of the largest collector unpacks to 6 GB.
LIMITS = Limits(unpacked_bytes=16 << 30)


def fetch(http: Http, since: datetime, until: datetime) -> Iterator[Answer]:
    """The files of the span, oldest first; of addresses only those that must be there by now.

    Raises
    ------
    ConfigError
        The setting is empty, or an address in it has no time.
    UpstreamUnavailable
        No file is there, one cannot be read, or a server does not answer.
    UpstreamChanged
        After all other files: more than a fifth of the addresses were refused.
    """
    place = settings.load().mrt_files
    if not place:
        raise ConfigError("RADAR_MRT_FILES is empty; expected a folder, a glob, or addresses with codes of strftime")
    wanted = sorted(file for pattern in patterns(place) for file in pattern.files(since, until))
    if wanted or "://" in place:
        yield from ask_each(NAME, [url for _time, url in wanted], lambda url: _ask(http, url))
        return
    for file in files_in(place, since, until, source=NAME):
        try:
            yield Answer(_name(file), file.read_bytes())
        except OSError as error:
            raise UpstreamUnavailable(NAME, f"{file} cannot be read: {error.strerror}") from error


def _ask(http: Http, url: str) -> Iterator[Answer]:
    yield Answer(url, http.get(url, source=NAME, file=True).body)


def _name(file: Path) -> str:
    """A file's name with the collector, where only the folder names it."""
    collector = "" if collector_in(file.name) else collector_in(file.as_posix())
    return f"{collector}.{file.name}" if collector else file.name


def parse(body: bytes, *, name: str = "") -> Parsed:
    """Read one file. Raises UpstreamChanged when it is no MRT file, or when nothing in it can be read."""
    session, tally, rejected = Session(NAME, grain_s=GRAIN_S), Tally(prefixes=set()), Rejections()
    session.take(_elements(body, tally), collector=collector_in(name))
    _check(tally)
    _count(tally, rejected)
    return session.done(notes(tally), rejected.done())


def together(files: Iterable[File]) -> Parsed:
    """Read files of one or many collectors into one table; dumps whole, updates of the same time side by side.

    ``files``: the name of each, and what loads its bytes when it is its turn: dumps are large.

    A file that is no MRT file is rejected, and the others are read. Raises UpstreamChanged when none can be read.
    """
    session, rejected, counts = Session(NAME, grain_s=GRAIN_S), Rejections(), Counter[str]()
    fault: UpstreamChanged | None = None
    read_any = False
    for group in _by_time(files):
        streams = []
        for name, load in group:
            tally = Tally(prefixes=set())
            try:
                # elements of a dump pass through, as there are millions; updates of some minutes are few
                if _is_dump(name):
                    session.take(_elements(load(), tally), collector=collector_in(name))
                else:
                    streams.append(_named(_elements(load(), tally), collector_in(name)))
                _check(tally)
            except UpstreamChanged as error:
                fault = error
                rejected.add("no MRT file", f"{name}: {error}")
                continue
            read_any = True
            _count(tally, rejected)
            counts.update(notes(tally))
        session.take(heapq.merge(*streams, key=itemgetter(0)))
    if fault is not None and not read_any:
        raise fault
    return session.done(counts, rejected.done())


def _elements(body: bytes, tally: Tally) -> Iterator[Element]:
    return chain.from_iterable(read(body, source=NAME, tally=tally, limits=LIMITS))


def _named(elements: Iterable[Element], collector: str) -> list[Element]:
    """The elements with their peers named by collector too."""
    return [(time, f"{collector}|{peer}", asn, kind, prefix, path) for time, peer, asn, kind, prefix, path in elements]


def _by_time(files: Iterable[File]) -> list[list[File]]:
    """Files in the order of the time in their names, those of one time together; one without a time comes alone, after
    those that came before it."""
    newest = datetime.min.replace(tzinfo=UTC)
    rows: list[tuple[datetime, int, File]] = []
    for place, file in enumerate(files, 1):
        time = time_in(file[0])
        newest = max(newest, time or newest)
        rows.append((time or newest, 0 if time else place, file))
    rows.sort(key=lambda row: row[:2])
    return [[row[2] for row in group] for _key, group in groupby(rows, key=lambda row: row[:2])]


def _is_dump(name: str) -> bool:
    last = name.rpartition("/")[2]
    return "bview" in last or ".rib." in f".{last}" or last.startswith("rib")


def _check(tally: Tally) -> None:
    """Raise UpstreamChanged when nothing in a file could be read."""
    broken = sum(count for count, _example in tally.rejected.values())
    if tally.records and broken == tally.records:
        reason, (_number, example) = next(iter(tally.rejected.items()))
        raise UpstreamChanged(NAME, f"none of {broken} records can be read; first {example}: {reason}")


def _count(tally: Tally, rejected: Rejections) -> None:
    for reason, (count, example) in tally.rejected.items():
        rejected.add(reason, example, count)
    if tally.cut_short:
        rejected.add("the file ends early", tally.cut_short)


def notes(tally: Tally) -> dict[str, int]:
    """What a file held, in counts; some only where there are any."""
    counts = {
        "records": tally.records,
        "announcements": tally.announcements,
        "withdrawals": tally.withdrawals,
        "states": tally.states,
        "rib_entries": tally.rib_entries,
        "peers": len(tally.peers),
        "prefixes": len(tally.prefixes or ()),
    }
    some = {
        "end_of_rib": tally.end_of_rib,
        "add_path": tally.add_path,
        "multicast": tally.multicast,
        "passed_over": tally.passed_over.total(),
    }
    return counts | {what: count for what, count in some.items() if count}


SOURCE = Source(
    name=NAME,
    title="Route collectors' files (MRT)",
    org="RIPE NCC and RouteViews",
    url="https://data.ris.ripe.net/",
    info_url="https://ris.ripe.net/docs/mrt/",
    licence="RIPE RIS: RIPE NCC terms of service, commercial use under conditions; RouteViews: CC BY 4.0",
    licence_url="https://www.ripe.net/analyse/internet-measurements/routing-information-service-ris/commercial-use/",
    attribution="RIPE NCC Routing Information Service (RIS); University of Oregon RouteViews Project",
    cadence_s=300,
    lag_s=900,
    signals=dict.fromkeys(SESSION_SIGNALS, GRAIN_S),
    setting="mrt_files",
    terms="For files of RIPE RIS the RIPE NCC's terms of service apply; whoever builds a product or a paid service for "
    "others on them must show the RIPE NCC's logo, a link and its description of RIS. RouteViews asks to be named.",
    summary="Which address blocks each country and network announces, from table dumps and updates that route "
    "collectors archive.",
    past_hours=24,
)
