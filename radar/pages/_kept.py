"""Finished answers, kept per publication: what is asked twice between two publications is made once.

A page that stays open in a thousand tabs is asked for by each of them when something new has been published: as HTML,
and once more by Dash, which draws the same. While the store is away nothing is kept, so that no error outlives its
cause.
"""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import wraps
from typing import Any

import flask

from radar import languages
from radar.api import envelope
from radar.errors import StoreUnavailable
from radar.pages import _read
from radar.serve import accepted, encode

#: Answers kept per process, at most so many and so many bytes of them (as they are before compression); and the longest
#: address that is worth keeping.
ROWS, BYTES = 600, 48 * 2**20
LONGEST = 200

#: The callback of Dash that draws the page of an address, and its inputs.
_PAGE, _LOCATION = ".._pages_content.children..._pages_store.data..", "_pages_location"

Key = tuple[Any, ...]


@dataclass(slots=True)
class Kept:
    """A finished body and its compressed forms."""

    status: int
    body: bytes
    mimetype: str = "text/html"
    etag: str = field(init=False)
    encoded: dict[str, bytes] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.etag = hashlib.sha256(self.body).hexdigest()[:20]

    def answer(self) -> flask.Response:
        """The answer in an encoding that the reader takes; each is made once."""
        encoding = accepted(flask.request.headers.get("Accept-Encoding", ""))
        if encoding and encoding not in self.encoded:
            self.encoded[encoding] = encode(self.body, encoding, best=False)
        body = self.encoded[encoding] if encoding else self.body
        answer = flask.Response(body, status=self.status, mimetype=self.mimetype)
        answer.vary.add("Accept-Encoding")
        if encoding:
            answer.headers["Content-Encoding"] = encoding
        return answer


class Shelf:
    """The answers of the last publications, least recently used out first. For all threads of a process."""

    def __init__(self, rows: int = ROWS, size: int = BYTES) -> None:
        self._most = rows, size
        self._lock = threading.Lock()
        self._rows: OrderedDict[Key, Kept] = OrderedDict()
        self._size = 0

    def get(self, key: Key) -> Kept | None:
        with self._lock:
            found = self._rows.get(key)
            if found is not None:
                self._rows.move_to_end(key)
            return found

    def put(self, key: Key, row: Kept) -> None:
        with self._lock:
            before = self._rows.pop(key, None)
            self._rows[key] = row
            self._size += len(row.body) - (len(before.body) if before else 0)
            while self._rows and (len(self._rows) > self._most[0] or self._size > self._most[1]):
                _key, out = self._rows.popitem(last=False)
                self._size -= len(out.body)

    def clear(self) -> None:
        with self._lock:
            self._rows.clear()
            self._size = 0


shelf = Shelf()


def forget() -> None:
    """Drop all finished answers, as a process that has just started."""
    shelf.clear()


def key(kind: str, path: str, query: str, snapshot: _read.Snapshot) -> Key | None:
    """What an answer depends on; None where it is not to be kept. ``kind`` tells the answers to one address apart."""
    if snapshot.lost_since is not None or len(path) + len(query) > LONGEST:
        return None
    site = envelope.address("")
    return kind, site, languages.current(), path, query, snapshot.version, snapshot.stalled_since is not None


def pages_of_dash(dispatch: Callable[[], Any]) -> Callable[[], Any]:
    """Dash's dispatcher, whose answers with the page of an address are kept as the pages themselves are."""

    @wraps(dispatch)
    def kept() -> Any:
        place = _asked_page(flask.request.get_json(silent=True))
        name = _key_of(place) if place else None
        if name is None:
            return dispatch()
        row = shelf.get(name)
        if row is None:
            made = flask.make_response(dispatch())
            if made.status_code != 200 or _read.has_hole():
                return made
            row = Kept(200, made.get_data(), mimetype="application/json")
            shelf.put(name, row)
        return row.answer()

    return kept


def _key_of(place: tuple[str, str]) -> Key | None:
    try:
        return key("dash", *place, _read.snapshot())
    except StoreUnavailable:
        return None


def _asked_page(body: Any) -> tuple[str, str] | None:
    """Path and query of the page that a callback asks for; None for any other callback, for one that is malformed, and
    for searches, in which people type what is kept nowhere."""
    if not isinstance(body, dict) or body.get("output") != _PAGE or not isinstance(body.get("inputs"), list):
        return None
    told = {
        row.get("property"): row.get("value")
        for row in body["inputs"]
        if isinstance(row, dict) and row.get("id") == _LOCATION
    }
    path, query = told.get("pathname"), told.get("search") or ""
    if not isinstance(path, str) or not isinstance(query, str) or path.rstrip("/") == "/search":
        return None
    return path, query
