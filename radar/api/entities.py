"""``/api/v1/entities``: find a country, a network or a provider by name, code or number."""

from __future__ import annotations

from typing import Any

from flask import Response

from radar import entities as table
from radar import languages
from radar.api import access, search
from radar.api.endpoints import endpoint
from radar.api.envelope import bad_parameter, meta, success
from radar.api.parameters import Parameter, one_of, whole
from radar.api.then import AT
from radar.labels import N_, _
from radar.store import documents

Q = Parameter("q", N_("What to look for: a name or a part of it, a country code, an AS number, a key."),
              N_("1 to 100 characters"), str)  # fmt: skip
LIMIT = Parameter("limit", N_("How many at most."), N_("1 to 50"), whole(1, 50), default=10)
LANG = Parameter("lang", N_("Language of the names of countries."), ", ".join(languages.LANGUAGES),
                 one_of(*languages.LANGUAGES), default="en")  # fmt: skip

#: The longest text that is searched for.
LONGEST = 100


@endpoint("/entities", Q, LIMIT, LANG, AT)
def entities(given: dict[str, Any]) -> Response:
    """Entities by name, code or number, best match first; among equal matches countries, then what has data, then the
    largest network.

    ``state`` is null for an entity that nothing was ever measured of; that is not the same as ``insufficient``, and
    neither is "all is well". With ``at`` it is the state that was published then.
    """
    text = given["q"]
    if text is None or not text.strip() or len(text) > LONGEST:
        raise bad_parameter("q", _("q says what to look for."), _(Q.expected))
    at = given["at"]
    listed = documents.get(access.client(), "entities") or []
    seen = access.read(states=True, at=at)
    known = [(row["key"], row["name"]) for row in listed]
    found = []
    for key in search.search(text, given["limit"], known):
        entity, state = table.parse(key), seen.states.get(key)
        found.append({
            "key": key,
            "type": entity.type,
            "code": entity.code,
            "name": _name(key, given["lang"]),
            "parent": table.parent(key),
            "state": state["state"] if state else None,
            "simulated": state["simulated"] if state else False,
            "path": f"/{key}",
        })  # fmt: skip
    about = meta(clock=seen.clock, simulated=any(row["simulated"] for row in found), count=len(found),
                 at=at and seen.clock["now"])  # fmt: skip
    # what is found, and in which order, follows from the names of now
    return success(found, about)


def _name(key: str, language: str) -> str:
    with languages.speaking(language):
        return table.name(key)
