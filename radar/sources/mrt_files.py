"""MRT files: what route collectors archive, as table dumps and as updates of some minutes.

Upstream: RIPE RIS (https://data.ris.ripe.net/, dumps every 8 hours, updates every 5 minutes) and RouteViews
(https://archive.routeviews.org/, every 2 hours and every 15 minutes), or files of a collector of one's own. The setting
``mrt_files`` says where they lie: a folder, a glob, or addresses with the time in them
(:mod:`radar.sources._mrt_places`). Form: RFC 6396 and RFC 8050, packed by gzip, bzip2, zstd or not
(:mod:`radar.routing.mrt`).

Each file is read by itself into a routing table of its own, and evaluated every 5 minutes of its own clock. Who sees a
route at all is told by table dumps; updates alone give activity, and visibility only where sessions begin.

Licence: RIPE RIS: the RIPE NCC's terms of service, and conditions for products and paid services; RouteViews: CC BY
4.0.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from radar import settings
from radar.errors import ConfigError, UpstreamChanged, UpstreamUnavailable
from radar.routing.mrt import Limits, Tally, read
from radar.routing.session import SESSION_SIGNALS, Session
from radar.schema import Parsed
from radar.sources import Answer, Source
from radar.sources._ask import ask_each
from radar.sources._mrt_places import collector_in, files_in, patterns
from radar.sources._rejections import Rejections

if TYPE_CHECKING:
    from radar.http import Http

NAME = "mrt_files"

#: Seconds of one bin.
GRAIN_S = 300

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
    yield Answer(url, http.get(url, source=NAME, keep=False).body)


def _name(file: Path) -> str:
    """A file's name with the collector, where only the folder names it."""
    collector = "" if collector_in(file.name) else collector_in(file.as_posix())
    return f"{collector}.{file.name}" if collector else file.name


def parse(body: bytes, *, name: str = "") -> Parsed:
    """Read one file. Raises UpstreamChanged when it is no MRT file, or when nothing in it can be read."""
    tally = Tally(prefixes=set())
    session = Session(NAME, grain_s=GRAIN_S)
    elements = chain.from_iterable(read(body, source=NAME, tally=tally, limits=LIMITS))
    session.take(elements, collector=collector_in(name))
    broken = sum(count for count, _example in tally.rejected.values())
    if tally.records and broken == tally.records:
        reason, (_count, example) = next(iter(tally.rejected.items()))
        raise UpstreamChanged(NAME, f"none of {broken} records can be read; first {example}: {reason}")
    rejected = Rejections()
    for reason, (count, example) in tally.rejected.items():
        rejected.add(reason, example, count)
    if tally.cut_short:
        rejected.add("the file ends early", tally.cut_short)
    return session.done(notes(tally), rejected.done())


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
)
