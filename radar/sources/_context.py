"""What the sources of happenings share: the rows of their ``details``, and answers of several places in one.

Three kinds of rows, told apart by ``row``:

``round``
    one place (``scope``: a feed, a calendar) was asked: ``asked_at``; ``error`` (None: it was read); ``since`` and
    ``until``: everything that begins in this half-open span is in the answer, so that what was told before and is
    not, was taken back; both None where the answer holds no more than what is new.
``happening``
    the fields of :class:`radar.shapes.context.Happening` as far as the source knows them, with ``scope``,
    ``withdrawn`` (the source says that it does not happen) and ``replaces`` (ids that it takes the place of).
``cancel``
    the happening ``id``, told by an earlier answer, was taken back.

Times are RFC 3339 texts. A line of an answer that asks several places is JSON with ``scope``, ``places`` (keys of what
it speaks of, where its own words name nothing else), ``asked_at`` and either ``body`` (text as it came) or ``error``.
"""

from __future__ import annotations

import glob
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import orjson

from radar.entities import is_entity
from radar.errors import ConfigError, UpstreamChanged
from radar.schema import Parsed, empty_signals
from radar.sources._rejections import Rejections, without_addresses
from radar.sources._status_forms import decoded
from radar.sources._status_text import moment

if TYPE_CHECKING:
    from radar.http import Http

#: Lines and bytes of one answer, and happenings of it, that are read.
MOST_LINES, MOST_BYTES, MOST = 3_000, 32_000_000, 5_000

Row = dict[str, Any]


def parsed(rows: Sequence[Row], rejected: Rejections) -> Parsed:
    """What ``parse`` of such a source returns: no series, the rejections, and how many happenings there are."""
    count = sum(row["row"] == "happening" for row in rows)
    return Parsed(empty_signals(), rejected.done(), {"happenings": count})


def round_row(scope: str, asked_at: str, *, since: str | None, until: str | None, error: str | None = None) -> Row:
    """A row ``round``."""
    told = None if error is None else without_addresses(error)[:300]
    return {"row": "round", "scope": scope, "asked_at": asked_at, "since": since, "until": until, "error": told}


def happening(
    *,
    scope: str,
    id: str,
    kind: str,
    title: str,
    places: Sequence[str],
    start: str,
    end: str | None,
    area: str = "",
    lasts: bool = True,
    severity: str | None = None,
    url: str = "",
    withdrawn: bool = False,
    replaces: Sequence[str] = (),
) -> Row:
    """A row ``happening``."""
    return {
        "row": "happening", "scope": scope, "id": id, "kind": kind, "title": without_addresses(title),
        "places": sorted(set(places)), "area": area, "start": start, "end": end, "lasts": lasts, "severity": severity,
        "url": url, "withdrawn": withdrawn, "replaces": list(replaces),
    }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Place:
    """Where such a source is to look: ``where`` is an address or a path, ``entities`` what it speaks of by itself.

    ``scope`` names it in the archive and the book. Addresses may hold what only the operator shall know, so that no
    more than the host of one and the name of a file is ever told.
    """

    where: str
    entities: tuple[str, ...]

    @property
    def is_address(self) -> bool:
        return "://" in self.where

    @property
    def label(self) -> str:
        """The host, or the name of the file."""
        found = urlsplit(self.where).hostname if self.is_address else PurePath(self.where).name
        return without_addresses(found or "address")

    @property
    def scope(self) -> str:
        return f"{self.label} {blake2b(self.where.encode(), digest_size=6).hexdigest()}"

    def line(self, asked_at: str, **more: str) -> bytes:
        """One line of an answer: ``body=`` or ``error=``."""
        return orjson.dumps({"scope": self.scope, "places": self.entities, "asked_at": asked_at, **more})

    def trouble(self, error: Exception) -> str:
        """The error in words that do not hold the address."""
        text = re.sub(r"[a-z]+://\S+", self.label, str(error)) if self.is_address else type(error).__name__
        return f"{self.label}: {text.replace(self.where, self.label)}"[:300]


_NAMED = re.compile(r"((?:country|region|asn|geoasn|provider)/[^=\s]+)=(\S+)")


def places(source: str, setting: str) -> list[Place]:
    """The places of a setting: addresses, files and globs between spaces, each with ``country/DE=`` before it or not.

    Raises ConfigError for an entity that is none.
    """
    found: dict[str, Place] = {}
    for text in setting.split():
        match = _NAMED.fullmatch(text)
        if match and not is_entity(match[1]):
            raise ConfigError(
                f"RADAR_{source.upper()} names {match[1]!r}; expected a key such as country/DE or asn/5089"
            )
        where, entities = (match[2], (match[1],)) if match else (text, ())
        for one in [where] if "://" in where else sorted(glob.glob(where)) or [where]:
            found.setdefault(one, Place(one, entities))
    return list(found.values())


def read(http: Http, place: Place, source: str, *, most: int) -> str:
    """The text at a place: UTF-8, or UTF-16 with its mark. Raises SourceError, OSError, ValueError."""
    if place.is_address:
        body = http.get(place.where, source=source).body
    else:
        with Path(place.where).open("rb") as file:
            body = file.read(most + 1)
    if len(body) > most:
        raise ValueError(f"has more than {most} bytes")
    return decoded(body)


def lines(source: str, body: bytes, name: str, rejected: Rejections) -> Iterator[dict[str, Any]]:
    """The lines of an answer that have a time: ``scope``, ``places``, ``asked_at``, ``body``, ``error`` (one is None).

    Raises
    ------
    UpstreamChanged
        Too large, or none of its lines is one.
    """
    where = (name or "answer")[:200]
    if len(body) > MOST_BYTES:
        raise UpstreamChanged(source, f"{where} has {len(body)} bytes; expected at most {MOST_BYTES}")
    found = 0
    for number, raw in enumerate(body.split(b"\n")[:MOST_LINES], 1):
        if not raw.strip():
            continue
        try:
            row = orjson.loads(raw)
        except orjson.JSONDecodeError:
            row = None
        asked = moment(row.get("asked_at")) if isinstance(row, dict) else None
        if (
            not isinstance(row, dict)
            or asked is None
            or not isinstance(row.get("scope"), str)
            or not (isinstance(row.get("body"), str) or isinstance(row.get("error"), str))
        ):
            rejected.add("no line of scope, asked_at and body", f"line {number}")
            continue
        found += 1
        text = row["body"] if isinstance(row.get("body"), str) and not isinstance(row.get("error"), str) else None
        error = row["error"] if text is None else None
        named = row.get("places")
        known = (
            [key for key in named[:20] if isinstance(key, str) and is_entity(key)] if isinstance(named, list) else []
        )
        yield {"scope": row["scope"][:200], "places": known, "asked_at": asked, "body": text, "error": error}
    if not found:
        raise UpstreamChanged(source, f"{where} holds no answer of a place; expected lines of scope, asked_at, body")
