"""What fits the letters typed so far: countries, networks, providers by name, and outages by what is said of them.

``/suggest.json?q=virg`` is what the search box asks while one types, in the language of the page; ``/search`` shows
more of the same. Nothing of it is kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import flask
import orjson

from radar import entities
from radar.api.search import fold, search
from radar.components import outages
from radar.errors import StoreUnavailable
from radar.labels import CAUSES, ENTITY_TYPES, STATUSES, _
from radar.pages import _read
from radar.shapes import Outage

#: How many are offered: places and outages; and the longest text that is searched for.
PLACES, OUTAGES, LONGEST = 6, 3, 80

#: Shorter texts fit too many outages.
SHORTEST = 3


def wanted(text: str) -> str:
    """What was typed, in one line of bounded length."""
    return " ".join(text.split())[:LONGEST]


def found_places(text: str, snapshot: _read.Snapshot, limit: int) -> list[str]:
    """Keys of entities that fit, best first; what has data comes before what has none."""
    return search(text, limit, [(row["key"], row["name"]) for row in snapshot.entities])


def found_outages(text: str, rows: Sequence[Outage], places: Sequence[str], limit: int) -> list[Outage]:
    """Outages of the first places that fit, and those of which a sentence, a cause or the id fits; open ones first.

    Examples
    --------
    >>> found_outages("ira", [], ["country/IQ"], 3)
    []
    """
    needle = fold(text)
    if len(needle) < SHORTEST:
        return []
    near = set(places[:3])
    fits = [row for row in rows if row["entity"] in near or needle in _said(row)]
    return sorted(fits, key=lambda row: (row["status"] != "open" or bool(row.get("history")), bool(row.get("parent"))))[
        :limit
    ]


def _said(row: Outage) -> str:
    likely = [cause["cause"] for cause in row["causes"] if cause["p"] >= 0.5]
    causes = [_(CAUSES[cause]) for cause in likely if cause in CAUSES]
    return fold(" ".join((row["id"], outages.name_of(row["entity"]), outages.headline(row), *causes)))


def view() -> flask.Response:
    """The answer to the search box. Empty for an empty text; 503 when nothing can be read."""
    text = wanted(flask.request.args.get("q", ""))
    try:
        snapshot = _read.snapshot()
    except StoreUnavailable:
        return _json([], 503)
    places = found_places(text, snapshot, PLACES)
    said = found_outages(text, snapshot.outages, places, OUTAGES)
    return _json([*(_place(key, snapshot) for key in places), *(_outage(row) for row in said)], 200)


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
