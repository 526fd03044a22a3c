"""The HTML document around a page: head, bars, header, the finished page, footer, scripts.

Header and footer are plain HTML that Dash never touches. The page stands in ``#ssr``; Dash mounts in the empty
``#react-entry-point`` after it, and ``assets/site/takeover.js`` changes one for the other.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Any

from radar import cldr
from radar.components import times
from radar.components.shell import NAV, Meta, window_title
from radar.components.ssr import to_html
from radar.labels import STATES, _
from radar.languages import LANGUAGES, current

#: Sets the reader's theme before anything is painted, and remembers a sign of the reader from before ``later.js`` is
#: there to see it. The only inline script; its hash is in the security policy.
FIRST_SCRIPT = (
    "try{var t=localStorage.getItem('theme');if(t)document.documentElement.dataset.theme=t}catch(e){}"
    "document.documentElement.classList.add('js');"
    "['pointerdown','pointermove','touchstart','wheel','keydown'].forEach(function(s){"
    "addEventListener(s,function(){window.radarSign=1},{capture:true,passive:true,once:true})})"
)

#: The mark: three arcs that leave a dot.
MARK = (
    '<svg class="mark" viewBox="0 0 24 24" width="24" height="24" aria-hidden="true" fill="none" '
    'stroke="currentColor" stroke-width="2" stroke-linecap="round"><circle cx="5" cy="19" r="2.5" '
    'fill="currentColor" stroke="none"/><path d="M5 11.5a7.5 7.5 0 0 1 7.5 7.5M5 6.5a12.5 12.5 0 0 1 '
    '12.5 12.5M5 1.5A17.5 17.5 0 0 1 22.5 19"/></svg>'
)


@dataclass(frozen=True, slots=True)
class Tags:
    """What a page loads. ``css`` is written into it; ``scripts`` are addresses, in order; ``later`` those of Dash, run
    on demand. ``asked``: what Dash asks for first; ``charts``: scripts that pages with charts need too, Plotly's the
    last. ``own``: style sheet and scripts of the pages that have some of their own, by name."""

    css: str
    fonts: Sequence[str]
    scripts: Sequence[str]
    later: Sequence[str]
    asked: Sequence[str]
    charts: Sequence[str]
    config: str
    own: Mapping[str, tuple[str, Sequence[str]]] = field(default_factory=dict)


def first_hash() -> str:
    """The hash of the one inline script, as the security policy wants it."""
    digest = hashlib.sha256(FIRST_SCRIPT.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


def document(
    page: str,
    meta: Meta,
    *,
    bars: Sequence[Any],
    path: str,
    version: int,
    tags: Tags,
    address: str,
    switches: Sequence[tuple[str, str, str]] = (),
    asked: str | None = None,
    card: str = "",
    poll_s: int = 60,
    now: str = "",
) -> str:
    """The whole document.

    Parameters
    ----------
    page
        The page as HTML.
    path
        Path of the request, to mark the place in the navigation.
    version
        Number of the publication that the page shows; the browser asks whether there is a newer one.
    poll_s
        Seconds between two questions whether there is a newer publication.
    address
        Absolute address of the page, for previews and citations, without its language.
    switches
        The other languages: code, name, address of the page in it.
    asked
        The language that the address of the request names; None where the browser's preference has chosen.
    card
        Absolute address of the picture that others show beside a link to the page; "" where it has none.
    now
        RFC 3339, the page's now: a time of another local day than that is shown with its day. "": not known.
    """
    own = _spoken(address, asked) if asked else address
    title = escape(window_title(meta.title, path))
    description = escape(meta.description or _("Where the Internet is broken now, since when, and how we know."))
    robots = f'<meta name="robots" content="{escape(meta.robots)}">' if meta.robots else ""
    if meta.refresh_s:
        robots += f'<meta http-equiv="refresh" content="{meta.refresh_s}">'
    # a phone's slow line brings first what is read; on a wide screen late letters would move more than they save
    early = _preload(tags.fonts, 'media="(min-width: 700px)"')
    late = _preload(tags.fonts, 'media="(max-width: 699.9px)" fetchpriority="low"')
    scripts = "".join(f'<script defer src="{escape(src)}"></script>' for src in tags.scripts)
    return (
        f'<!doctype html><html lang="{current()}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{title}</title>"
        f'<meta name="description" content="{description}">{robots}'
        f'<meta property="og:title" content="{title}"><meta property="og:description" content="{description}">'
        f'<meta property="og:type" content="website"><meta property="og:url" content="{escape(own)}">'
        f'<meta property="og:site_name" content="{escape(_("Internet Radar"))}">{_card(card, description)}'
        '<meta name="color-scheme" content="light dark">'
        f'<link rel="canonical" href="{escape(own)}">{_alternates(address)}'
        '<link rel="icon" href="/favicon.ico" sizes="32x32"><link rel="icon" href="/assets/icon.svg" '
        'type="image/svg+xml">'
        f'<link rel="alternate" type="application/atom+xml" title="{escape(_("Outages"))}" href="/feeds/outages.atom">'
        f"{early}<style>{tags.css}</style><script>{FIRST_SCRIPT}</script></head>"
        f'<body data-version="{version}" data-poll="{poll_s}" data-now="{escape(now)}" data-words="{escape(_words())}">'
        f'<a class="skip" href="#heading">{escape(_("Skip to the content"))}</a>'
        f'<section id="bars" aria-label="{escape(_("Notices"))}">{to_html(list(bars))}</section>'
        f"{_header(path, switches, past=meta.past is not None or meta.status != 200)}"
        f'<main id="main"><div id="ssr">{page}</div><div id="react-entry-point"></div></main>'
        f'<p class="print-only">{escape(own)}{_known_at(now)}</p>{_footer()}'
        f"{late}{_later(tags, meta)}{scripts}</body></html>"
    )


def _known_at(now: str) -> str:
    """Of which moment a sheet of paper is."""
    return f" · {escape(_('As known at'))} {to_html(times.time(now))}" if now else ""


def _preload(fonts: Sequence[str], how: str) -> str:
    return "".join(
        f'<link rel="preload" href="{font}" as="font" type="font/woff2" {how} crossorigin>' for font in fonts
    )


def _later(tags: Tags, meta: Meta) -> str:
    """What ``assets/site/later.js`` runs on demand; nothing on a page that Dash does not take over."""
    if not tags.later:
        return ""
    charts = list(tags.charts) if meta.charts else []
    told = json.dumps({"scripts": list(tags.later), "asked": list(tags.asked), "charts": charts})
    return (
        f'<script id="radar-later" type="application/json">{told}</script>'
        f'<script id="_dash-config" type="application/json">{tags.config}</script>'
    )


def _card(address: str, description: str) -> str:
    """The picture for those who show links, of the size of ``figures.cards``; ``description`` is HTML already."""
    if not address:
        return '<meta name="twitter:card" content="summary">'
    return (
        f'<meta property="og:image" content="{escape(address)}"><meta property="og:image:type" content="image/png">'
        f'<meta property="og:image:width" content="1200"><meta property="og:image:height" content="630">'
        f'<meta property="og:image:alt" content="{description}">'
        '<meta name="twitter:card" content="summary_large_image">'
    )


def _spoken(address: str, code: str) -> str:
    """The address of the page in a language."""
    return f"{address}{'&' if '?' in address else '?'}lang={code}"


def _alternates(address: str) -> str:
    """The same page in each language, and as the browser prefers it, for search engines."""
    rows = [("x-default", address), *((code, _spoken(address, code)) for code in LANGUAGES)]
    return "".join(f'<link rel="alternate" hreflang="{code}" href="{escape(href)}">' for code, href in rows)


def _words() -> str:
    """What ``assets/site`` says by itself."""
    return json.dumps({
        "fresh": _("New data."), "show": _("Show"), "none": _("Nothing found"), "copied": _("Copied"),
        "failed": _("That did not work"), "stale": _("This page is not up to date."),
        "silent": _("The radar does not answer. The state of the Internet may have changed."),
        "found": _("Suggestions"), "match": _("1 suggestion"), "matches": _("{n} suggestions"),
        "states": {name: _(word) for name, word in STATES.items()},
    }, ensure_ascii=False)  # fmt: skip


def search_form(id: str, *, value: str = "", label: str = "", big: bool = False) -> str:
    """A search form that works without scripts; the browser adds suggestions while one types. ``label`` is shown."""
    hint = escape(_("Country, network, provider") if big else _("Country or network"))
    return (
        f'<form class="search{" big" if big else ""}" role="search" action="/search" method="get">'
        f'<label class="{"ask" if label else "sr"}" for="{id}">{escape(label) or hint}</label><span class="search-box">'
        f'<input id="{id}" name="q" type="search" value="{escape(value)}" placeholder="{hint}" autocomplete="off" '
        f'autocapitalize="off" spellcheck="false" maxlength="80" aria-describedby="{id}-hint">'
        f'<button type="submit">{escape(_("Search"))}</button></span>'
        f'<span class="sr" id="{id}-hint">{escape(_("Suggestions appear while you type."))}</span></form>'
    )


def _header(path: str, switches: Sequence[tuple[str, str, str]], *, past: bool) -> str:
    """``past``: the page is of an earlier moment, known or not, which is not the place that is called "Now"."""
    links = []
    for target, text in NAV:
        if target == "/":
            here = path == target and not past
        else:
            here = path == target or path.startswith((f"{target}/", f"{target[:-1]}/"))
        current = ' aria-current="page"' if here else ""
        links.append(f'<li><a href="{target}"{current}>{escape(_(text))}</a></li>')
    others = "".join(
        f'<a class="tongue" href="{escape(href)}" hreflang="{code}" lang="{code}" title="{name}">{code.upper()}'
        f'<span class="sr"> {name}</span></a>'
        for code, name, href in switches
    )
    search = "" if path in ("/", "/search") else search_form("q-top")
    return (
        f'<header class="top"><div class="top-in"><a class="brand" href="/">{MARK}<span>'
        f"{escape(_('Internet Radar'))}</span></a>"
        f'<nav aria-label="{escape(_("Main"))}"><ul>{"".join(links)}</ul></nav>{search}'
        f'<div class="switches">{others}<button type="button" id="zone" data-utc="{escape(_("UTC"))}" '
        f'data-local="{escape(_("Local time"))}" data-to-utc="{escape(_("Times in local time; switch to UTC"))}" '
        f'data-to-local="{escape(_("Times in UTC; switch to local time"))}" '
        f'data-note="{escape(_("Charts and citations stay in UTC."))}" '
        f'data-months="{"|".join(cldr.rule("months"))}" data-on="{escape(_joint())}" '
        f'aria-label="{escape(_("Times in UTC; switch to local time"))}">{escape(_("UTC"))}</button>'
        '<span class="zone-note" role="status"></span>'
        f'<button type="button" id="theme" aria-label="{escape(_("Switch between light and dark"))}">'
        '<svg viewBox="0 0 16 16" width="16" height="16" aria-hidden="true"><circle cx="8" cy="8" r="6.5" fill="none" '
        'stroke="currentColor" stroke-width="1.5"/><path d="M8 1.5a6.5 6.5 0 0 1 0 13z" fill="currentColor"/>'
        "</svg></button></div></div></header>"
    )


def _joint() -> str:
    """What stands between a time and its day in a sentence: " on ". Taken from how the detector says it."""
    return _("{clock} UTC on {day} {month} {year}").partition("UTC")[2].partition("{")[0]


def _footer() -> str:
    links = (
        ("/about", _("About")),
        ("/method", _("Method")),
        ("/scoreboard", _("Scoreboard")),
        ("/sources", _("Sources and licences")),
        ("/privacy", _("Privacy")),
        ("/api", _("API")),
        ("/feeds/outages.atom", _("Feed of outages")),
    )
    items = "".join(f'<li><a href="{href}">{escape(text)}</a></li>' for href, text in links)
    words = _("Null is not zero, and silence is not health: where we see too little, we say so.")
    # DB-IP asks for this link on every page that shows what its table says
    names = _("Networks: RouteViews, NRO and {dbip}.").format(
        dbip='<a href="https://db-ip.com">IP Geolocation by DB-IP</a>'
    )
    return f'<footer class="foot"><div class="foot-in"><p>{escape(words)}<br>{names}</p><ul>{items}</ul></div></footer>'
