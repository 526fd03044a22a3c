"""The first response of a page: layout, status, finished HTML, cached per publication.

The same address asked twice between two publications is rendered once; its compressed forms are kept with it. While
the store is away nothing is kept, so that no error outlives its cause.
"""

from __future__ import annotations

import hashlib
import logging
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, cast

import dash
import flask
from dash import html
from dash._pages import _path_to_page
from dash.development.base_component import Component

from radar import entities, languages
from radar.components import shell
from radar.components.bars import bars
from radar.components.document import Tags, document
from radar.components.ssr import to_html
from radar.errors import StoreUnavailable
from radar.labels import _
from radar.pages import _cards, _language, _read, _suggest, _tags, _then
from radar.serve import accepted, encode

#: Pages kept per process, and the longest query that is worth keeping.
KEPT = 300
LONGEST_QUERY = 120

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Found:
    """A registered page and the variables of its path."""

    layout: Callable[..., Any]
    variables: dict[str, str]


@dataclass(slots=True)
class Rendered:
    """A finished document and its compressed forms."""

    status: int
    body: bytes
    etag: str
    encoded: dict[str, bytes] = field(default_factory=dict)


class _Shelf:
    """The documents of the last publications, least recently used out first."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.rows: OrderedDict[tuple[Any, ...], Rendered] = OrderedDict()

    def get(self, key: tuple[Any, ...]) -> Rendered | None:
        with self.lock:
            found = self.rows.get(key)
            if found is not None:
                self.rows.move_to_end(key)
            return found

    def put(self, key: tuple[Any, ...], row: Rendered) -> None:
        with self.lock:
            self.rows[key] = row
            while len(self.rows) > KEPT:
                self.rows.popitem(last=False)


_shelf = _Shelf()


def forget() -> None:
    """Drop all finished documents, as a process that has just started."""
    with _shelf.lock:
        _shelf.rows.clear()


def find(path: str) -> Found:
    """The page of an address; the 404 page for one that has none."""
    page, variables = _path_to_page(path.strip("/"))  # type: ignore[no-untyped-call]  # Dash leaves it untyped
    if not page or "//" in path:
        nothing = next(row for name, row in dash.page_registry.items() if name.endswith(".not_found_404"))
        return Found(nothing["layout"], {"path_": path})
    return Found(page["layout"], variables or {})


def respond(found: Found, path: str, query: Mapping[str, str], tags: Tags) -> flask.Response:
    """The answer to a GET of a page's address: 200, 404, 308 for another spelling of a place, or 503 when the store
    cannot be asked and never could."""
    better = entities.respelt(path.strip("/"))
    if better:
        asked = flask.request.query_string.decode("latin-1")
        return cast(flask.Response, flask.redirect(f"/{better}{'?' + asked if asked else ''}", 308))
    try:
        snapshot = _read.snapshot()
    except StoreUnavailable as error:
        log.warning("%s: %s", path, error)
        return failure(503, path, tags)
    text = flask.request.query_string.decode("latin-1")
    key = (_address(""), languages.current(), path, text, snapshot.version, snapshot.stalled_since is not None)
    keep = snapshot.lost_since is None and len(text) <= LONGEST_QUERY
    row = _shelf.get(key) if keep else None
    if row is None:
        try:
            row = _render(found, path, query, snapshot, tags)
        except StoreUnavailable as error:
            log.warning("%s: %s", path, error)
            return failure(503, path, tags)
        keep = keep and not _read.has_hole()
        if keep:
            _shelf.put(key, row)
    return _answer(row, keep)


def failure(status: int, path: str, tags: Tags) -> flask.Response:
    """A page about an error. It needs no store and never shows a state of the Internet."""
    if status == 404:
        layout = shell.missing(_("There is no page at {path}.").format(path=path))
    elif status == 503:
        layout = shell.page(
            _("We cannot see just now"),
            html.P(_("We cannot reach our own data, so we cannot tell you how the Internet is. This says nothing about "
                     "the place that you looked for: it may be well, it may be broken."), className="lede"),
            html.P(_("Please try again in a minute. Nothing that was measured is lost; it is kept and shown later.")),
            status=503, robots="noindex",
        )  # fmt: skip
    else:
        layout = shell.page(
            _("Something went wrong"),
            html.P(_("This page could not be made. The fault is ours and has been noted; it says nothing about the "
                     "place that you looked for."), className="lede"),
            html.P([_("Try again, or go to the "), html.A(_("world map"), href="/"), "."]),
            status=status, robots="noindex",
        )  # fmt: skip
    return _bare(layout, bars(clock=None, blind=status == 503), path, tags)


def once(layout: Component, path: str, tags: Tags) -> flask.Response:
    """A page that is made for one reader and never kept. Dash does not take it over."""
    snapshot = _read.snapshot()
    top = bars(clock=snapshot.clock, notice=snapshot.notice, lost_since=snapshot.lost_since,
               stalled_since=snapshot.stalled_since)  # fmt: skip
    return _bare(layout, top, path, tags)


def _bare(layout: Component, top: Sequence[Component], path: str, tags: Tags) -> flask.Response:
    """The document without what Dash could take over; theme and search still work."""
    meta = shell.meta_of(layout)
    tags = _tags.with_own(tags, meta.own)
    bare = replace(tags, later=(), plotly="", config="{}")
    body = document(to_html(layout), meta, bars=top, path=path, version=0, tags=bare, address=_address(path),
                    switches=_language.switches(), asked=_language.explicit())  # fmt: skip
    answer = flask.Response(_language.keep_html(body), status=meta.status, mimetype="text/html")
    answer.headers["Cache-Control"] = "no-store"
    if meta.status == 503:
        answer.headers["Retry-After"] = "30"
    return answer


def _render(found: Found, path: str, query: Mapping[str, str], snapshot: _read.Snapshot, tags: Tags) -> Rendered:
    layout = found.layout(**{**query, **found.variables})
    meta = shell.meta_of(layout)
    past = meta.past
    top = bars(clock=past.clock if past else snapshot.clock, notice=past.notice if past else snapshot.notice,
               lost_since=snapshot.lost_since, stalled_since=None if past else snapshot.stalled_since,
               past=past.at if past else None, path=path, unpublished=_then.silence(past) if past else "")  # fmt: skip
    if meta.status == 200 and query.get(_suggest.SOUGHT):
        top.append(_suggest.way_back(_suggest.wanted(query[_suggest.SOUGHT])))
    # what the past was does not become newer, and neither does a page that loads itself again
    version = 0 if past or meta.refresh_s else snapshot.version
    card = _cards.address_of(path, snapshot.version, past.at if past else None) if meta.status == 200 else ""
    hurried = snapshot.clock is not None and snapshot.clock["speed"] > 1
    clock = past.clock if past else snapshot.clock
    text = document(to_html(layout), meta, bars=top, path=path, version=version, tags=_tags.with_own(tags, meta.own),
                    address=_address(path), switches=_language.switches(), asked=_language.explicit(),
                    card=_address(card) if card else "", poll_s=20 if hurried else 60,
                    now=clock["now"] if clock else "")  # fmt: skip
    body = _language.keep_html(text).encode()
    return Rendered(meta.status, body, hashlib.sha256(body).hexdigest()[:20])


def _answer(row: Rendered, keep: bool) -> flask.Response:
    encoding = accepted(flask.request.headers.get("Accept-Encoding", ""))
    body = row.body
    if encoding:
        if encoding not in row.encoded:
            row.encoded[encoding] = encode(row.body, encoding, best=False)
        body = row.encoded[encoding]
    answer = flask.Response(body, status=row.status, mimetype="text/html")
    answer.vary.add("Accept-Encoding")
    if encoding:
        answer.headers["Content-Encoding"] = encoding
    # The browser may keep a page, and asks each time whether it still holds.
    answer.headers["Cache-Control"] = "no-cache" if keep else "no-store"
    if row.status in (202, 503):
        answer.headers["Retry-After"] = str(_then.AGAIN_S if row.status == 202 else 30)
    if keep and row.status == 200:
        answer.set_etag(row.etag, weak=True)
        answer.make_conditional(flask.request)
    return answer


def _address(path: str) -> str:
    settings = flask.current_app.config.get("RADAR_SETTINGS")
    base = settings.base_url if settings is not None and settings.base_url else flask.request.host_url
    return f"{base.rstrip('/')}{path}"
