"""``/feeds``: outages as Atom (RFC 4287), one entry per published update: opening, correction, restoration, retraction.

Ids are tag URIs made of the outage's id and the update's time and kind, so they never change and no reader sees an
entry twice. No account, no address kept. ``?lang=es`` tells the same entries in Spanish, with links to Spanish pages;
the ids stay, as an update is one update in any language.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast
from urllib.parse import urlsplit
from xml.etree import ElementTree as ET

from flask import Response

from radar import entities, languages, retell
from radar.api import access
from radar.api.endpoints import endpoint, feeds
from radar.api.envelope import ATOM, address, bad_parameter, body_of, not_found, not_published
from radar.api.parameters import Parameter, one_of
from radar.errors import EntityError
from radar.labels import N_, STATUSES, UPDATE_KINDS, _
from radar.languages import LANGUAGES
from radar.shapes import Outage, Update
from radar.store import documents

#: Entries in a feed, newest first.
MOST = 200

#: A tag URI says who coined it, and a year in which the name was theirs.
TAG_YEAR = "2026"

_NS = "http://www.w3.org/2005/Atom"
_XML = "http://www.w3.org/XML/1998/namespace"
_HOST = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?")
#: Characters that XML 1.0 cannot hold.
_NOT_XML = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


#: Without it a feed is English, whatever the reader's program prefers: what was subscribed to stays what it was.
LANG = Parameter("lang", N_("The language of titles, texts and of the pages behind the links."), ", ".join(LANGUAGES),
                 one_of(*LANGUAGES), default="en")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Entry:
    """One update of one outage. ``id`` is the part of the tag after the authority."""

    id: str
    outage: Outage
    update: Update


@endpoint("/outages.atom", LANG, on=feeds)
def all_outages(given: dict[str, Any]) -> Response:
    """Every update of every outage as Atom, newest first: opened, updated, corrected, restoring, closed, reopened,
    retracted. Simulated and recorded ones say so in the title and have a category of that name."""
    return _feed("/feeds/outages.atom", None, given["lang"])


@endpoint("/<kind>/<code>.atom", LANG, on=feeds)
def outages_of(given: dict[str, Any], kind: str, code: str) -> Response:
    """The same for one entity: /feeds/country/IQ.atom, /feeds/asn/5089.atom."""
    try:
        entity = entities.parse(f"{kind}/{code}")
    except EntityError as error:
        raise not_found(str(error), expected=_("a key such as country/IQ or asn/5089")) from None
    return _feed(f"/feeds/{entity.key}.atom", entity.key, given["lang"])


def _feed(path: str, entity: str | None, language: str) -> Response:
    seen = access.read("outages")
    if seen.docs["outages"] is None:
        raise not_published()
    listed = cast(list[Outage], seen.docs["outages"])
    outages = [outage for outage in listed if entity is None or outage["entity"] == entity]
    missing = [outage["id"] for outage in outages[:MOST] if "updates" not in outage]
    if missing:
        full = documents.get_many(access.client(), [f"outage:{id}" for id in missing])
        outages = [full.get(f"outage:{outage['id']}") or outage for outage in outages]
    with languages.speaking(language):
        title = _("Internet Radar: outages")
        if entity is not None:
            title = _("Internet Radar: outages of {name}").format(name=entities.name(entity))
        body = write(path, title, entries(retell.document(outages))[:MOST], seen.clock["starts"] or seen.clock["now"])
    response = body_of(body, ATOM, keep_s=60)
    response.headers["Content-Language"] = language
    return response


def entries(outages: Sequence[Outage]) -> list[Entry]:
    """All updates of these outages, newest first. Two of one kind at one time are told apart by a number."""
    found = []
    for outage in outages:
        times: Counter[str] = Counter()
        for update in outage.get("updates", []):
            name = f"{update['at'].replace(':', '').replace('-', '')}-{update['kind']}"
            times[name] += 1
            number = f"-{times[name]}" if times[name] > 1 else ""
            found.append(Entry(f"outage/{outage['id']}/{name}{number}", outage, update))
    return sorted(found, key=lambda entry: (entry.update["at"], entry.id), reverse=True)


def write(path: str, title: str, rows: Sequence[Entry], started: str) -> bytes:
    """The feed as bytes, in the language that is spoken now. ``started`` is its time of update while it has no
    entries."""
    here, language = address(path), languages.current()
    # the English feed keeps the address that it always had
    tongue = "" if language == "en" else f"?lang={language}"
    host = urlsplit(here).hostname or ""
    if not _HOST.fullmatch(host):
        raise bad_parameter("Host", _("The request names no host that could be one."), _("a host name"))
    ET.register_namespace("", _NS)
    feed = ET.Element(f"{{{_NS}}}feed", {f"{{{_XML}}}lang": language})

    def add(parent: ET.Element, name: str, text: str | None = None, **attributes: str) -> ET.Element:
        element = ET.SubElement(parent, f"{{{_NS}}}{name}", attributes)
        element.text = None if text is None else _NOT_XML.sub("\ufffd", text)
        return element

    add(feed, "id", f"tag:{host},{TAG_YEAR}:{path.removeprefix('/')}")
    add(feed, "title", title)
    add(feed, "updated", max((row.update["at"] for row in rows), default=started))
    add(feed, "link", rel="self", type=ATOM, hreflang=language, href=f"{here}{tongue}")
    add(feed, "link", rel="alternate", type="text/html", hreflang=language, href=address(f"/outages{tongue}"))
    for other in LANGUAGES:
        if other != language:
            there = here if other == "en" else f"{here}?lang={other}"
            add(feed, "link", rel="alternate", type=ATOM, hreflang=other, href=there)
    add(add(feed, "author"), "name", _("Internet Radar"))
    for row in rows:
        outage, update = row.outage, row.update
        entry = add(feed, "entry")
        add(entry, "id", f"tag:{host},{TAG_YEAR}:{row.id}")
        add(entry, "title", _title(outage, update))
        add(entry, "updated", update["at"])
        add(entry, "published", update["at"])
        page = address(f"/outage/{outage['id']}{tongue}")
        add(entry, "link", rel="alternate", type="text/html", hreflang=language, href=page)
        add(entry, "category", term=update["kind"])
        add(entry, "category", term=outage["entity"])
        for term in ("simulated", "history", "muted"):
            if outage.get(term):
                add(entry, "category", term=term)
        add(entry, "summary", _summary(outage, update), type="text")
    ET.indent(feed)
    return bytes(ET.tostring(feed, encoding="utf-8", xml_declaration=True))


def _title(outage: Outage, update: Update) -> str:
    name = entities.name(outage["entity"])
    kind = _(UPDATE_KINDS.get(update["kind"], update["kind"]))
    text = _("{name}: {kind}. {text}").format(name=name, kind=kind, text=update["text"])
    if outage["simulated"]:
        return _("[Simulated] {text}").format(text=text)
    return _("[Recorded history] {text}").format(text=text) if outage.get("history") else text


def _summary(outage: Outage, update: Update) -> str:
    """What the update says, and how the outage stands now: the text that a reader without the page gets."""
    parts = [update["text"]]
    if outage["simulated"]:
        parts.insert(0, _("Simulated: this did not happen."))
    if outage.get("headline"):
        parts.append(_("As of now ({status}): {headline}").format(
            status=_(STATUSES[outage["status"]]), headline=outage["headline"]))  # fmt: skip
    return " ".join(parts)
