"""In which language a page answers, and how a choice stays in the links.

``?lang=es`` says it outright and is kept by every link and form of the page; otherwise the browser's own preference
holds (``Accept-Language``), and where it names no language of ours, the setting ``RADAR_LANGUAGE``. No cookie. The API
is English, as is all that is stored, and so is a feed whose address names no language: a page links to the feed in its
own. An answer says in ``Vary`` and ``Content-Language`` what it rests
on. What Dash asks for later carries the page's query, and so its language.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import wraps
from html import escape
from typing import Any
from urllib.parse import parse_qs, urlencode

import flask
from dash.development.base_component import Component
from flask import current_app, g, request

from radar import languages
from radar.languages import LANGUAGES

#: Name of the parameter in addresses.
PARAMETER = "lang"

#: What machines read: one form for all.
_MACHINES = ("/api/", "/feeds/", "/assets/", "/_dash-component-suites/", "/health", "/ready", "/favicon", "/robots")

#: Addresses in the written document that lead to a page of ours, and forms that do.
_LINK = re.compile(r'((?:[ -]href|data-png)=")(/(?!assets/|api/|feeds/|favicon|_dash)[^"#]*)')
_FEED = re.compile(r'( href=")(/feeds/[^"#]*)')
_FORM = re.compile(r'<form\b[^>]* method="get"[^>]*>.*?(?=</form>)', re.DOTALL)
_PROPS = ("href", "data-href", "data-png")


def begin() -> None:
    """Choose for this request; to be called before it."""
    chosen = explicit()
    g.language_asked = chosen
    if request.path.startswith(_MACHINES):
        language = "en"
    else:
        language = chosen or request.accept_languages.best_match(list(LANGUAGES), default()) or default()
    manner = languages.speaking(language)
    manner.__enter__()
    g.language_manner = manner


def end(_error: BaseException | None = None) -> None:
    """Speak as before; to be called when the request is over."""
    manner = g.pop("language_manner", None)
    if manner is not None:
        manner.__exit__(None, None, None)


def told(answer: flask.Response) -> flask.Response:
    """The answer with the language that it is in."""
    if not request.path.startswith(_MACHINES):
        answer.vary.add("Accept-Language")
        if answer.mimetype in ("text/html", "image/svg+xml"):
            answer.headers.setdefault("Content-Language", languages.current())
    return answer


def default() -> str:
    """The language of the site, where a reader has said nothing."""
    settings = current_app.config.get("RADAR_SETTINGS")
    wanted = str(settings.language) if settings is not None else "en"
    return wanted if wanted in LANGUAGES else "en"


def explicit() -> str | None:
    """The language that the address names, or that of the page which a callback of Dash comes from; else None."""
    named = request.args.get(PARAMETER)
    if named is None and request.path == "/_dash-update-component":
        body = request.get_json(silent=True)
        named = _of_callback(body) if isinstance(body, dict) else None
    return named if named is not None and named in LANGUAGES else None


def _of_callback(body: Mapping[str, Any]) -> str | None:
    rows = [*(body.get("inputs") or ()), *(body.get("state") or ())] if isinstance(body.get("inputs"), list) else []
    for row in rows:
        if isinstance(row, dict) and row.get("property") == "search" and isinstance(row.get("value"), str):
            found = parse_qs(row["value"].lstrip("?")).get(PARAMETER)
            return found[0] if found else None
    return None


def switches() -> list[tuple[str, str, str]]:
    """The other languages for the header: code, name, address of this page in it."""
    rest = [(key, value) for key, value in request.args.items(multi=True) if key != PARAMETER]
    return [
        (code, name, f"{request.path}?{urlencode([*rest, (PARAMETER, code)], safe='/@:')}")
        for code, name in LANGUAGES.items()
        if code != languages.current()
    ]


def keep_html(text: str) -> str:
    """A finished document whose links and forms stay in the language that the address names."""
    chosen, spoken = g.get("language_asked"), languages.current()
    if spoken != "en":
        text = _FEED.sub(lambda match: f"{match[1]}{_with(match[2], spoken, '&amp;')}", text)
    if chosen is None:
        return text
    hidden = f'<input type="hidden" name="{PARAMETER}" value="{escape(chosen)}">'
    text = _LINK.sub(lambda match: f"{match[1]}{_with(match[2], chosen, '&amp;')}", text)
    return _FORM.sub(lambda match: match[0] + hidden, text)


def keep_all(pages: Mapping[str, dict[str, Any]]) -> None:
    """Make the layouts of all pages keep the language in their links, in what Dash draws too."""
    for page in pages.values():
        page["layout"] = _keeping(page["layout"])


def _keeping(layout: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(layout)
    def kept(*args: Any, **query: Any) -> Any:
        made = layout(*args, **query)
        chosen = g.get("language_asked") if flask.has_request_context() else None
        if chosen is not None or languages.current() != "en":
            _walk(made, chosen)
        return made

    return kept


def _walk(node: Any, language: str | None) -> None:
    """``language``: the one that the address names; a feed is linked to in that which is spoken."""
    if isinstance(node, list | tuple):
        for child in node:
            _walk(child, language)
    if not isinstance(node, Component):
        return
    for name in _PROPS:
        address = getattr(node, name, None)
        if not isinstance(address, str):
            continue
        feed = languages.current() != "en" and _FEED.match(f' href="{address}')
        wanted = languages.current() if feed else language
        if wanted is not None and (feed or _LINK.match(f' href="{address}')):
            path, hash_, part = address.partition("#")
            setattr(node, name, f"{_with(path, wanted, '&')}{hash_}{part}")
    _walk(getattr(node, "children", None), language)


def _with(address: str, language: str, joint: str) -> str:
    if re.search(rf"[?&;]{PARAMETER}=", address):
        return address
    return f"{address}{'' if address.endswith('?') else joint if '?' in address else '?'}{PARAMETER}={language}"
