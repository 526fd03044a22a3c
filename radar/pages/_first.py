"""The first response of a page: layout, status, finished HTML, kept per publication (``_kept.py``)."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast
from urllib.parse import urlencode

import dash
import flask
from dash import html
from dash._pages import _path_to_page
from dash.development.base_component import Component

from radar import entities
from radar.api import envelope
from radar.components import shell
from radar.components.bars import bars
from radar.components.document import Tags, document
from radar.components.ssr import to_html
from radar.errors import StoreUnavailable
from radar.labels import _
from radar.pages import _cards, _kept, _language, _read, _suggest, _tags, _then

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Found:
    """A registered page and the variables of its path."""

    layout: Callable[..., Any]
    variables: dict[str, str]


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
    name = _kept.key("html", path, flask.request.query_string.decode("latin-1"), snapshot)
    row = _kept.shelf.get(name) if name else None
    if row is None:
        try:
            row = _render(found, path, query, snapshot, tags)
        except StoreUnavailable as error:
            log.warning("%s: %s", path, error)
            return failure(503, path, tags)
        if _read.has_hole():
            name = None
        if name:
            _kept.shelf.put(name, row)
    return _answer(row, keep=name is not None)


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
    bare = replace(tags, later=(), config="{}")
    body = document(to_html(layout), meta, bars=top, path=path, version=0, tags=bare, address=envelope.address(path),
                    switches=_language.switches(), asked=_language.explicit())  # fmt: skip
    answer = flask.Response(_language.keep_html(body), status=meta.status, mimetype="text/html")
    answer.headers["Cache-Control"] = "no-store"
    if meta.status == 503:
        answer.headers["Retry-After"] = "30"
    return answer


def _render(found: Found, path: str, query: Mapping[str, str], snapshot: _read.Snapshot, tags: Tags) -> _kept.Kept:
    layout = found.layout(**{**query, **found.variables})
    meta = shell.meta_of(layout)
    past = meta.past
    top = bars(clock=past.clock if past else snapshot.clock, notice=past.notice if past else snapshot.notice,
               lost_since=snapshot.lost_since, stalled_since=None if past else snapshot.stalled_since,
               past=past.at if past else None, path=path, unpublished=_then.silence(past) if past else "",
               only_now=bool(query.get("at")) and not (past or meta.robots) and meta.status == 200)  # fmt: skip
    if meta.status == 200 and query.get(_suggest.SOUGHT):
        top.append(_suggest.way_back(_suggest.wanted(query[_suggest.SOUGHT])))
    # what the past was does not become newer, and neither does a page that loads itself again
    version = 0 if past or meta.refresh_s else snapshot.version
    card = _cards.address_of(path, snapshot.version, past.at if past else None) if meta.status == 200 else ""
    hurried = snapshot.clock is not None and snapshot.clock["speed"] > 1
    clock = past.clock if past else snapshot.clock
    text = document(to_html(layout), meta, bars=top, path=path, version=version, tags=_tags.with_own(tags, meta.own),
                    address=envelope.address(_path(path, query, meta)), switches=_language.switches(),
                    asked=_language.explicit(), card=envelope.address(card) if card else "",
                    poll_s=20 if hurried else 60, now=clock["now"] if clock else "")  # fmt: skip
    return _kept.Kept(meta.status, _language.keep_html(text).encode())


def _path(path: str, query: Mapping[str, str], meta: shell.Meta) -> str:
    """The path by which a page names itself, on paper and to others: with what makes it another page than the path
    alone, and with the moment that it is of. The language is not part of it."""
    if meta.status != 200:
        return path
    kept = {name: text for name, text in query.items() if name in meta.named or (meta.robots and name != "lang")}
    if meta.past:
        kept["at"] = meta.past.at
    return f"{path}?{urlencode(kept, safe='/@:')}" if kept else path


def _answer(row: _kept.Kept, *, keep: bool) -> flask.Response:
    answer = row.answer()
    # The browser may keep a page, and asks each time whether it still holds.
    answer.headers["Cache-Control"] = "no-cache" if keep else "no-store"
    if row.status in (202, 503):
        answer.headers["Retry-After"] = str(_then.AGAIN_S if row.status == 202 else 30)
    if keep and row.status == 200:
        answer.set_etag(row.etag, weak=True)
        answer.make_conditional(flask.request)
    return answer
