"""Parameters of a request: read strictly, named in every error, listed for the index and for docs/api.md.

A parameter is a row. What is not in the rows of an endpoint is a 400 that names it, so that no one believes a filter
was applied that was not.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from werkzeug.datastructures import MultiDict

from radar import entities
from radar.api.envelope import bad_parameter, not_found
from radar.errors import EntityError
from radar.labels import N_, _

#: The longest value that is looked at.
LONGEST = 200

#: How often a repeatable parameter may be given.
MOST = 20

_TIME = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?(?:[Zz]|[+-]\d\d:\d\d)", re.ASCII)
_YEARS = (1990, 2100)

#: Ranges that end now, in seconds: those that the pages offer too.
RANGES = {"24h": 86_400, "7d": 7 * 86_400, "28d": 28 * 86_400, "12w": 84 * 86_400, "1y": 365 * 86_400}


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of an endpoint. ``parse`` raises ValueError for what cannot be read; ``expected`` says the form."""

    name: str
    help: str
    expected: str
    parse: Callable[[str], Any]
    default: Any = None
    repeat: bool = False


def read(given: MultiDict[str, str], rows: Sequence[Parameter]) -> dict[str, Any]:
    """The values of all rows: a list for a repeatable one, the default for one that was not given.

    Raises
    ------
    ApiError
        400 for an unknown parameter, one given twice, an empty, overlong or unreadable value; 404 for an entity that
        does not exist. Names the parameter and what was expected.
    """
    known = {row.name: row for row in rows}
    for name in given:
        if name not in known:
            raise bad_parameter(
                name[:LONGEST],
                _("There is no parameter {name!r} here.").format(name=name[:LONGEST]),
                ", ".join(known) or _("no parameters"),
            )
    values: dict[str, Any] = {}
    for row in rows:
        texts = given.getlist(row.name)
        if not texts:
            values[row.name] = [] if row.repeat else row.default
            continue
        if len(texts) > (MOST if row.repeat else 1):
            most = _("at most {n} times").format(n=MOST) if row.repeat else _("once")
            raise bad_parameter(row.name, _("{name} is given too often.").format(name=row.name), most)
        parsed = [_one(row, text) for text in texts]
        values[row.name] = list(dict.fromkeys(parsed)) if row.repeat else parsed[0]
    return values


def _one(row: Parameter, text: str) -> Any:
    try:
        if not text or len(text) > LONGEST or not text.isprintable():
            raise ValueError
        return row.parse(text)
    except EntityError as error:
        raise not_found(str(error), parameter=row.name, expected=_(row.expected)) from None
    except (ValueError, OverflowError):
        message = _("{name} is {value!r}, which cannot be read.").format(name=row.name, value=text[:LONGEST])
        raise bad_parameter(row.name, message, _(row.expected)) from None


def entity(text: str) -> str:
    """An entity key. Raises EntityError."""
    return entities.parse(text).key


def moment(text: str) -> datetime:
    """An RFC 3339 time with its zone, as UTC. Raises ValueError."""
    if not _TIME.fullmatch(text):
        raise ValueError(text)
    value = datetime.fromisoformat(text.upper().replace("Z", "+00:00"))
    if not _YEARS[0] <= value.year < _YEARS[1]:
        raise ValueError(text)
    return value.astimezone(UTC)


def one_of(*words: str) -> Callable[[str], str]:
    """A parser that takes these words alone."""

    def parse(text: str) -> str:
        if text not in words:
            raise ValueError(text)
        return text

    return parse


def whole(low: int, high: int) -> Callable[[str], int]:
    """A parser of a whole number in plain digits from ``low`` to ``high``."""

    def parse(text: str) -> int:
        if not re.fullmatch(r"[0-9]{1,9}", text):
            raise ValueError(text)
        value = int(text)
        if not low <= value <= high:
            raise ValueError(text)
        return value

    return parse


_WHEN = N_("RFC 3339 with a zone, e.g. 2026-03-02T12:00:00Z (write + as %2B)")

ENTITY = Parameter(
    "entity", N_("An entity key. May be repeated."), N_("a key such as country/IQ or asn/5089"), entity, repeat=True
)
FROM = Parameter("from", N_("Start of the range, inclusive."), _WHEN, moment)
UNTIL = Parameter("until", N_("End of the range, exclusive."), _WHEN, moment)
