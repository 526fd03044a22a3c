"""Warnings of weather services and other authorities, in the Common Alerting Protocol (CAP 1.2).

Upstream: the feeds of the setting ``weather_alerts``: Atom or RSS indexes whose entries link to CAP messages on the
same host, or single messages. Licence: that of each service; the operator who names a feed sees to it.

Told are public, actual messages of moderate severity and more. An update takes the place of what it refers to, a
cancellation takes it back; that a message is no longer listed says nothing, as feeds forget what has expired.

One answer holds one round over all feeds: see ``radar/sources/_context.py``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from hashlib import blake2b
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

from radar import settings
from radar.entities import country_of_name
from radar.errors import ConfigError, SourceError, UpstreamUnavailable
from radar.schema import Parsed
from radar.sources import Answer, Source
from radar.sources._cap import MOST_CHARACTERS, Area, Node, area, is_alert, links, tree
from radar.sources._context import MOST, Place, Row, happening, lines, parsed, places, read, round_row
from radar.sources._context_places import inside, near, nearest, of_geocode
from radar.sources._rejections import Rejections
from radar.sources._status_text import TITLE, address, moment, words
from radar.times import rfc3339

if TYPE_CHECKING:
    from radar.http import Http

NAME = "weather_alerts"

#: Messages of one feed that are asked for in a round.
MOST_MESSAGES = 60

#: Severities that are told.
TOLD = ("extreme", "severe", "moderate")


def fetch(http: Http, since: datetime, until: datetime) -> Iterator[Answer]:
    """Read every feed once, and the messages that it lists; what fails is told as failing and never stops the others.

    Raises ConfigError when the setting is empty, and UpstreamUnavailable when none of the feeds could be read.
    """
    setting = settings.load().weather_alerts
    if not setting:
        raise ConfigError("RADAR_WEATHER_ALERTS is empty; expected feeds of CAP messages")
    asked = rfc3339(until)
    told: list[bytes] = []
    failed, feeds = 0, places(NAME, setting)
    for place in feeds:
        try:
            text = read(http, place, NAME, most=MOST_CHARACTERS)
            told.append(place.line(asked, body=text))
            root = tree(text)
            linked = [] if is_alert(root) else _messages(place, root)
            told += [_message(http, place, url, asked) for url in linked]
        except (SourceError, OSError, ValueError) as error:
            failed += 1
            told.append(place.line(asked, error=place.trouble(error)))
    yield Answer(f"warnings-{asked.replace(':', '')}.ndjson", b"\n".join(told) + b"\n")
    if failed == len(feeds):
        raise UpstreamUnavailable(NAME, f"none of {failed} feeds could be read")


def parse(body: bytes, *, name: str = "") -> Parsed:
    """No series; counts the warnings that are told and what could not be read. Pure and total."""
    rejected = Rejections()
    return parsed(_rows(body, name, rejected), rejected)


def details(body: bytes, *, name: str = "") -> list[Row]:
    """Rows for the book, in the form of ``radar/sources/_context.py``. Raises UpstreamChanged."""
    return _rows(body, name, Rejections())


def _messages(place: Place, root: Node) -> list[str]:
    """Addresses of the messages of a feed. A feed may send us to its own host alone."""
    host = urlsplit(place.where).hostname
    found = list(dict.fromkeys(urljoin(place.where, link) for link in links(root)))
    return [url for url in found if place.is_address and urlsplit(url).hostname == host][:MOST_MESSAGES]


def _message(http: Http, place: Place, url: str, asked: str) -> bytes:
    linked = Place(url, place.entities)
    try:
        return place.line(asked, body=read(http, linked, NAME, most=MOST_CHARACTERS))
    except (SourceError, OSError, ValueError) as error:
        return place.line(asked, error=linked.trouble(error))


def _rows(body: bytes, name: str, rejected: Rejections) -> list[Row]:
    rounds: dict[str, Row] = {}
    found: dict[str, Row] = {}
    cancelled: dict[str, Row] = {}
    for line in lines(NAME, body, name, rejected):
        scope, asked = line["scope"], line["asked_at"]
        told = rounds.setdefault(scope, round_row(scope, asked, since=None, until=None))
        error = line["error"]
        if error is None:
            try:
                root = tree(line["body"])
                if not is_alert(root):
                    links(root)  # raises for what is neither
                elif len(found) < MOST:
                    _take(root, line, found, cancelled, rejected)
                continue
            except ValueError as trouble:
                error = f"it {trouble}"
        rejected.add("a feed or message could not be read", f"{scope}: {error}")
        told["error"] = told["error"] or round_row(scope, asked, since=None, until=None, error=error)["error"]
    gone = {old for row in found.values() for old in row["replaces"]}
    kept = [row for id_, row in found.items() if id_ not in gone]
    for row in kept:
        row["withdrawn"] = row["id"] in cancelled
    return [*rounds.values(), *kept, *(row for id_, row in cancelled.items() if id_ not in found)]


def _take(
    root: Node, line: dict[str, Any], found: dict[str, Row], cancelled: dict[str, Row], rejected: Rejections
) -> None:
    """Add one message: a warning, or that others are cancelled."""
    identifier, sender, sent = root.one("identifier"), root.one("sender"), moment(root.one("sent"))
    kind, refers = root.one("msgType"), _references(root.one("references"))
    if not identifier or not sender or sent is None:
        rejected.add("a message without identifier, sender or time", f"{line['scope']}: {identifier[:60]!r}")
    elif root.one("status") != "Actual" or root.one("scope") not in ("Public", ""):
        rejected.add("a message that is no actual public one", f"{root.one('status')[:20]} {root.one('scope')[:20]}")
    elif kind == "Cancel":
        for old in refers:
            cancelled[old] = {"row": "cancel", "scope": line["scope"], "id": old}
    elif kind in ("Alert", "Update"):
        row = _warning(root, _id(sender, identifier), sent, line, rejected)
        if row is not None:
            row["replaces"] = refers if kind == "Update" else []
            found[row["id"]] = row
    else:
        rejected.add("a message of another type", kind[:20])


def _warning(root: Node, id: str, sent: str, line: dict[str, Any], rejected: Rejections) -> Row | None:
    infos = list(root.all("info"))
    said = next((one for one in infos if one.one("language").lower().startswith("en")), infos[0] if infos else None)
    if said is None:
        rejected.add("a warning that says nothing", line["scope"])
        return None
    severity = said.one("severity").lower()
    title = words(said.one("event") or said.one("headline"), TITLE)
    areas = [area(node) for node in said.all("area")]
    start = moment(said.one("onset")) or moment(said.one("effective")) or sent
    end = moment(said.one("expires"))
    if severity not in TOLD:
        return None
    countries = _countries(areas, line["places"], said.one("senderName"))
    if not title or not countries or (end is not None and end < start):
        rejected.add("a warning without a title, a country or a span", f"{line['scope']}: {title[:60]!r}")
        return None
    return happening(
        scope=line["scope"],
        id=id,
        kind="weather",
        title=title,
        places=countries,
        area=words("; ".join(one.words for one in areas[:20]), TITLE),
        start=start,
        end=end,
        severity=severity,
        url=address(said.one("web")),
    )


def _countries(areas: Sequence[Area], usual: Sequence[str], sender: str) -> list[str]:
    """By codes; else what the setting says of the feed; else by shapes; else by a name in the words."""
    coded = {key for one in areas for system, code in one.codes if (key := of_geocode(system, code)) is not None}
    if coded or usual:
        return sorted(coded) or list(usual)
    shaped = {key for one in areas for polygon in one.polygons for key in inside(polygon)}
    for lat, lon, km in (circle for one in areas for circle in one.circles):
        shaped.update(near(lat, lon, km) or nearest(lat, lon, 300.0))
    if shaped:
        return sorted(shaped)
    named = country_of_name(" ".join([sender, *(one.words for one in areas)])[:2000])
    return [f"country/{named}"] if named else []


def _references(text: str) -> list[str]:
    """Ids of the messages that one refers to: ``sender,identifier,sent`` between spaces."""
    parts = [one.split(",") for one in text.split()[:200]]
    return [_id(part[0], part[1]) for part in parts if len(part) == 3]


def _id(sender: str, identifier: str) -> str:
    return f"{NAME}:{blake2b(f'{sender},{identifier}'.encode('utf-8', 'replace'), digest_size=10).hexdigest()}"


SOURCE = Source(
    name=NAME,
    title="Warnings of weather services",
    org="The services whose feeds the operator names",
    url="https://docs.oasis-open.org/emergency/cap/v1.2/CAP-v1.2-os.html",
    info_url="https://docs.oasis-open.org/emergency/cap/v1.2/CAP-v1.2-os.html",
    licence="That of each service",
    licence_url="/about",
    attribution="The service that warns",
    cadence_s=900,
    lag_s=0,
    signals={},
    summary="Public warnings of moderate severity and more (storms, floods, heat), from feeds that the operator names.",
    setting=NAME,
    proof="documented",
)
