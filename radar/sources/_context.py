"""What the sources of happenings share: the rows of their ``details``, and answers of several places in one.

Two kinds of rows, told apart by ``row``:

``round``
    one place (``scope``: a feed, a calendar) was asked: ``asked_at``; ``error`` (None: it was read); ``since`` and
    ``until``: everything that begins in this half-open span is in the answer, so that what was told before and is
    not, was taken back; both None where the answer holds no more than what is new.
``happening``
    the fields of :class:`radar.shapes.context.Happening` as far as the source knows them, with ``scope``,
    ``withdrawn`` (the source says that it does not happen) and ``replaces`` (ids that it takes the place of).

Times are RFC 3339 texts. A line of an answer that asks several places is JSON with ``scope``, ``url``, ``asked_at`` and
either ``body`` (text as it came) or ``error``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import orjson

from radar.errors import UpstreamChanged
from radar.schema import Parsed, empty_signals
from radar.sources._rejections import Rejections, without_addresses
from radar.sources._status_text import moment

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


def line(scope: str, url: str, asked_at: str, **more: str) -> bytes:
    """One line of an answer: ``body=`` or ``error=``."""
    return orjson.dumps({"scope": scope, "url": url, "asked_at": asked_at, **more})


def lines(source: str, body: bytes, name: str, rejected: Rejections) -> Iterator[dict[str, Any]]:
    """The lines of an answer that have a time: ``scope``, ``url``, ``asked_at``, and ``body`` or ``error``, else None.

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
        yield {"scope": row["scope"][:200], "url": row.get("url"), "asked_at": asked, "body": text, "error": error}
    if not found:
        raise UpstreamChanged(source, f"{where} holds no answer of a place; expected lines of scope, asked_at, body")
