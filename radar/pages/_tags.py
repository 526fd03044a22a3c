"""What every page loads: style sheets as text, our own scripts as one, Dash's and Plotly's for later.

The first response holds its style sheets; the one script of ours (``assets/site``; a second one on pages that have some
of their own) comes after it and is all that a reader waits for. What Dash needs is named in the page, and run by
``assets/site/later.js`` on demand.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import flask
import orjson
from dash import Dash

from radar.components.document import Tags
from radar.figures.palette import PALETTE

#: Style sheets, in this order, written into each page; and the one of all but the front page, whose first response must
#: not need a round trip more.
SHEETS, MORE = ("fonts", "figures", "site"), "info"

#: The files of ``assets`` that are one script, in their order: that of all pages, and those of the pages that have some
#: of their own (``shell.page(own=...)``).
SITE = ("site/base", "site/theme", "site/times", "site/graphs", "site/later", "site/takeover", "site/live",
        "site/points", "site/scroll", "site/tips", "site/zoom", "site/fresh", "site/search", "site/share")  # fmt: skip
OWN = {
    "home": ("home/base", "home/times", "home/map", "home/pick", "home/here", "home/film", "home/then", "home/machine"),
    "outages": ("outages",),
}

#: What Dash asks for as soon as it runs, and the part of it that draws charts.
ASKED = ("/_dash-layout", "/_dash-dependencies")
_GRAPH = "/_dash-component-suites/dash/dcc/async-graph.js"

_SOURCE = re.compile(r'<script[^>]* src="([^"]+)"')
_FONT = re.compile(r"/assets/(fonts/[\w.-]+\.woff2)")
_COMMENT = re.compile(r"/\*.*?\*/", re.S)
_INDENT = re.compile(r"^ +", re.M)

#: Comments that have a line, or some lines, of their own.
_REMARK = re.compile(r"^ */\*.*?\*/\n", re.S | re.M)


def script_of(assets: Path, names: Sequence[str]) -> str:
    """Scripts of ours as one, without comments and indents."""
    text = "".join((assets / f"{name}.js").read_text(encoding="utf-8") for name in names)
    return _INDENT.sub("", _REMARK.sub("", text))


def boot_script(app: Dash) -> str:
    """What Dash would write into the page as inline scripts, as one script of its own."""
    pairs = zip(*(PALETTE[theme].items() for theme in ("light", "dark")), strict=True)
    paint = {light: dark for (_name, light), (_same, dark) in pairs}
    radar = f"window.radarSite={orjson.dumps({'dark': paint}).decode()};"
    return "\n".join([radar, *app._inline_scripts, app.renderer])


def tags(app: Dash, assets: Path) -> tuple[Tags, dict[str, Callable[[], flask.Response]]]:
    """The tags of a page, and the views of the scripts that are made here, by address. Addresses hold fingerprints."""
    css = "".join((assets / f"{name}.css").read_text(encoding="utf-8") for name in SHEETS)
    css = _FONT.sub(lambda m: _stamped(assets, m[1]), css)
    runtime, plotly = (_stamped(assets, f"vendor/{name}.min.js") for name in ("regenerator", "plotly-radar"))
    # in place of a polyfill for browsers that cannot run the rest of the site either
    found = [runtime if "/polyfill@" in src else src
             for src in _SOURCE.findall(app._generate_scripts_html()) if "/dash_table/" not in src]  # fmt: skip
    made = {name: _made(name, script_of(assets, names)) for name, names in {"site": SITE, **OWN}.items()}
    made["boot"] = _made("boot", boot_script(app))
    own = {
        name: (
            smaller("".join((assets / f"{sheet}.css").read_text(encoding="utf-8") for sheet in _sheets(name))),
            (made[name][0],) if name else (),
        )
        for name in ("", *OWN)
    }
    config = app._generate_config_html().partition(">")[2].rpartition("<")[0].replace("</", "<\\/")
    told = Tags(css=smaller(css), fonts=_preloaded(css), scripts=(made["site"][0],), later=(*found, made["boot"][0]),
                asked=ASKED, charts=(_GRAPH, plotly), config=config, own=own)  # fmt: skip
    return told, dict(made.values())


def _sheets(name: str) -> tuple[str, ...]:
    """The style sheets of a page beside those of all."""
    return (name,) if name == "home" else tuple(sheet for sheet in (MORE, name) if sheet)


def with_own(tags: Tags, name: str) -> Tags:
    """The tags of a page with the assets that not all pages have."""
    css, scripts = tags.own[name]
    return replace(tags, css=tags.css + css, scripts=(*tags.scripts, *scripts))


def smaller(css: str) -> str:
    """A style sheet without comments and spare white space."""
    text = re.sub(r"\s+", " ", _COMMENT.sub("", css))
    return re.sub(r" ?([{};,]) ?", r"\1", text).replace(": ", ":").strip()


def _made(name: str, text: str) -> tuple[str, Callable[[], flask.Response]]:
    digest = hashlib.sha256(text.encode()).hexdigest()[:12]

    def view() -> flask.Response:
        return flask.Response(text, mimetype="text/javascript")

    return f"/_dash-component-suites/radar/{name}.v1m{digest}.js", view


def _stamped(assets: Path, name: str) -> str:
    """The address of a file of ``assets``, which is another one when the file changes."""
    return f"/assets/{name}?m={(assets / name).stat().st_mtime:.0f}"


def _preloaded(css: str) -> tuple[str, ...]:
    """The font file of the basic Latin letters, in which nearly all text is set."""
    faces = [face for face in css.split("@font-face") if "U+0000-" in face]
    match = re.search(r"url\(\"?([^)\"]+\.woff2[^)\"]*)", faces[0]) if faces else None
    return (match[1],) if match else ()
