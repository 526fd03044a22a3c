"""What fits the letters typed so far: countries, networks, providers by name, and outages by what is said of them.

``/suggest.json?q=virg`` is what the search box asks while one types, in the language of the page; ``/search`` shows
more of the same. Nothing of it is kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any
from urllib.parse import urlencode

import flask
import orjson
from dash import html
from dash.development.base_component import Component

from radar import entities, languages
from radar.api import nearly
from radar.api import search as finder
from radar.api.search import fold, search
from radar.components import outages
from radar.components.ssr import marks
from radar.errors import StoreUnavailable
from radar.labels import CAUSES, ENTITY_TYPES, STATUSES, _
from radar.pages import _address, _language, _read
from radar.shapes import Outage

#: How many are offered: places and outages; and the longest text that is searched for.
PLACES, OUTAGES, LONGEST = 6, 3, 80

#: Shorter texts fit too many outages.
SHORTEST = 3

#: Parameter of a page that a search has led to straight away: what was searched for.
SOUGHT = "sought"

#: Words by which outages are asked for, folded, in the languages of the site: those that say nothing more, those that
#: only join, and those that speak of a cause.
_ASKING = frozenset((
    "outage", "outages", "down", "offline", "internet", "cut", "cuts", "failure", "disruption", "interrupcion",
    "interrupciones", "caida", "caidas", "caido", "corte", "cortes", "averia", "fallo", "status", "estado",
))  # fmt: skip
_JOINING = frozenset(("in", "the", "of", "is", "en", "de", "del", "la", "el", "por", "now", "ahora"))
_CAUSES: dict[str, str] = {
    **dict.fromkeys(("shutdown", "shutdowns", "censorship", "censura", "bloqueo"), "shutdown"),
    **dict.fromkeys(("cable", "cables", "submarine", "fiber", "fibre", "fibra"), "cable_cut"),
    **dict.fromkeys(("power", "blackout", "electricity", "electricidad", "apagon", "luz"), "power"),
    **dict.fromkeys(("routing", "bgp", "leak", "hijack", "rutas"), "routing"),
    **dict.fromkeys(("storm", "earthquake", "hurricane", "cyclone", "disaster", "terremoto", "sismo", "huracan",
                     "tormenta", "desastre"), "disaster"),
    **dict.fromkeys(("maintenance", "mantenimiento"), "maintenance"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Question:
    """A text by its words: ``rest`` without those that only say that an outage is asked for, and the causes named."""

    rest: str
    causes: frozenset[str]


@dataclass(slots=True)
class Found:
    """What fits. ``near``: keys that a mistyped text may have meant; ``note``: what is said of an address."""

    places: list[str] = field(default_factory=list)
    outages: list[Outage] = field(default_factory=list)
    near: list[str] = field(default_factory=list)
    note: str = ""


def wanted(text: str) -> str:
    """What was typed, in one line of bounded length."""
    return " ".join(text.split())[:LONGEST]


def question(text: str) -> Question | None:
    """What is asked for, where words of outages or of causes stand in the text; None where there are none.

    >>> question("Iran shutdown")
    Question(rest='iran', causes=frozenset({'shutdown'}))
    """
    words = fold(text).split()
    if not any(word in _ASKING or word in _CAUSES for word in words):
        return None
    rest = [word for word in words if word not in _ASKING and word not in _CAUSES and word not in _JOINING]
    return Question(" ".join(rest), frozenset(_CAUSES[word] for word in words if word in _CAUSES))


def found(text: str, snapshot: _read.Snapshot, places: int, most: int) -> Found:
    """What fits the text: at most so many places, and so many outages."""
    looked = _address.look_up(text)
    if looked is not None:
        there = [row for row in snapshot.outages if row["entity"] in looked.keys[:1]]
        return Found(list(looked.keys), there[:most], [], looked.words)
    asked = question(text)
    known = _known(snapshot)
    hits = search(text, places, known)
    named = hits
    if asked is not None and asked.rest:
        outright = finder.exactly(asked.rest)
        named = [outright] if outright else search(asked.rest, 3, known)
        hits = list(dict.fromkeys([*hits, *named]))[:places]
    near: list[str] = []
    if not any(key.startswith(("country/", "provider/")) for key in hits):
        meant = asked.rest if asked is not None else text
        if meant and not finder.is_word_of_a_network(meant):
            near = [key for key in nearly.nearest(meant) if key not in hits]
    return Found(hits, _outages_of(text, asked, snapshot.outages, [*named[:3], *near[:1]], most), near)


def found_outages(text: str, rows: Sequence[Outage], places: Sequence[str], limit: int) -> list[Outage]:
    """Outages of the first places that fit, and those of which a sentence, a cause or the id fits; open ones first.

    Examples
    --------
    >>> found_outages("ira", [], ["country/IQ"], 3)
    []
    """
    return _outages_of(text, question(text), rows, places[:3], limit)


def _outages_of(
    text: str, asked: Question | None, rows: Sequence[Outage], places: Sequence[str], limit: int
) -> list[Outage]:
    needle = fold(text)
    if len(needle) < SHORTEST:
        return []
    near = set(places)
    words = asked.rest.split() if asked is not None else needle.split()
    causes = asked.causes if asked is not None else frozenset()
    fits = []
    for row in rows:
        here = row["entity"] in near
        named = causes & {cause["cause"] for cause in row["causes"] if cause["p"] >= 0.3}
        said = _said(row["id"], row["entity"], outages.headline(row), _likely(row))
        if asked is not None and not words:
            does_fit = bool(named) or not causes or needle in said
        else:
            around = asked is not None and f"country/{outages.country_of(row['entity'])}" in near
            does_fit = here or around or needle in said or all(f" {word}" in said for word in words)
        if does_fit:
            is_over = row["status"] != "open" or bool(row.get("history"))
            far = asked is not None and bool(words) and not here
            fits.append(((far, -len(named), is_over, bool(row.get("parent"))), row))
    return [row for _order, row in sorted(fits, key=lambda fit: fit[0])][:limit]


def _likely(row: Outage) -> tuple[str, ...]:
    return tuple(cause["cause"] for cause in row["causes"] if cause["p"] >= 0.5 and cause["cause"] in CAUSES)


@lru_cache(maxsize=5000)
def _said(id: str, entity: str, headline: str, causes: tuple[str, ...]) -> str:
    """What is said of an outage, folded: in all languages what has no sentence."""
    texts = [id, headline]
    for language in languages.LANGUAGES:
        with languages.speaking(language):
            texts += [outages.name_of(entity), *(_(CAUSES[cause]) for cause in causes)]
    return f" {fold(' '.join(texts))}"


#: The index of what has data, and the list that it was made of: made once for each publication.
_kept: list[tuple[object, finder.Index]] = []


def _known(snapshot: _read.Snapshot) -> finder.Index:
    kept = _kept[-1] if _kept else None
    if kept is None or kept[0] is not snapshot.entities:
        kept = (snapshot.entities, finder.known((row["key"], row["name"]) for row in snapshot.entities))
        _kept[:] = [kept]
    return kept[1]


def straight(text: str, args: Any) -> str | None:
    """The address of the page that a text names outright, to be sent to at once; None where a list is to be shown."""
    key = finder.exactly(text) if args.get("list") is None else None
    if key is None:
        return None
    chosen = _language.explicit()
    return f"/{key}?{urlencode([(SOUGHT, text), *([(_language.PARAMETER, chosen)] if chosen else [])])}"


def way_back(text: str) -> Component:
    """The bar on top of a page that a search has led to: the list of all that fits instead."""
    href = f"/search?{urlencode([('q', text), ('list', '1')])}"
    link = html.A(_("Search for “{text}” instead").format(text=text), href=href)
    inside = html.Div([_("This is what “{text}” names.").format(text=text), " ", link], className="bar-in")
    return html.Div(inside, className="bar", role="note", **marks(data_bar="sought"))


def view() -> flask.Response:
    """The answer to the search box. Empty for an empty text; 503 when nothing can be read."""
    text = wanted(flask.request.args.get("q", ""))
    try:
        snapshot = _read.snapshot()
    except StoreUnavailable:
        return _json([], 503)
    fits = found(text, snapshot, PLACES, OUTAGES)
    near = [_place(key, snapshot) for key in fits.near]
    for row in near:
        row["kind"] = _("Did you mean this? {kind}").format(kind=row["kind"])
    rows = [*near, *(_place(key, snapshot) for key in fits.places), *(_outage(row) for row in fits.outages)]
    if fits.note and not fits.places:
        path = f"/search?{urlencode([('q', text)])}"
        rows.append({"name": fits.note, "path": path, "kind": _("Address"), "state": None})
    return _json(rows, 200)


def _place(key: str, snapshot: _read.Snapshot) -> dict[str, Any]:
    seen = snapshot.states.get(key)
    kind = _(ENTITY_TYPES[entities.parse(key).type])
    return {"name": entities.name(key), "path": f"/{key}", "kind": kind, "state": seen["state"] if seen else None}


def _outage(row: Outage) -> dict[str, Any]:
    is_open = row["status"] == "open" and not row.get("history")
    kind = _("Outage") if is_open else _(STATUSES["closed" if row.get("history") else row["status"]])
    return {"name": outages.headline(row), "path": f"/outage/{row['id']}", "kind": kind,
            "state": row["level"] if is_open else None}  # fmt: skip


def _json(rows: list[dict[str, Any]], status: int) -> flask.Response:
    answer = flask.Response(orjson.dumps({"data": rows}), status=status, mimetype="application/json")
    answer.headers["Cache-Control"] = "no-store"
    return answer
