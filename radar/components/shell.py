"""The frame of every page, and how to add one.

A page is one file in ``radar/pages``::

    from dash import html
    from radar.components import shell
    from radar.labels import _

    shell.register_page(__name__, path="/method", title="Method")

    def layout(**query: str) -> Component:
        return shell.page(
            _("How we decide"),                       # title of the window, and the heading unless ``heading`` is given
            html.P(_("..."), className="lede"),       # html.* and the pieces of radar/components only
            description=_("One sentence for search engines and previews."),
        )

``layout`` is called twice: for the first response, which is written as HTML (``components.ssr``), and when Dash takes
over. Both must give the same tree. Read documents through ``radar.pages._read`` (it keeps the last good ones);
``StoreUnavailable`` may be let through: the site then answers 503. A page that finds nothing returns
``shell.missing(...)`` and the answer is a real 404. Query values arrive as text and may be anything.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from functools import wraps
from typing import Any

import dash
from dash import html
from dash.development.base_component import Component

from radar.components.ssr import marks
from radar.labels import N_, _
from radar.shapes import Clock, Notice

#: Links of the header: path, message.
NAV: tuple[tuple[str, str], ...] = (
    ("/", N_("Now")),
    ("/outages", N_("Outages")),
    ("/routing", N_("Routes")),
    ("/quality", N_("Quality")),
    ("/attacks", N_("Attacks")),
    ("/providers", N_("Providers")),
    ("/sources", N_("Sources")),
    ("/method", N_("Method")),
    ("/status", N_("Status")),
)


@dataclass(frozen=True, slots=True)
class Past:
    """The moment that a page is of, where that is not now, and what was published by then."""

    at: str
    clock: Clock
    notice: Notice | None


@dataclass(frozen=True, slots=True)
class Meta:
    """What the document around a page needs to know of it."""

    title: str
    description: str
    status: int
    charts: bool
    robots: str
    refresh_s: int = 0  # the page loads itself again after so long; 0: it does not
    past: Past | None = None
    own: str = ""  # name of the page's own style sheet and script in assets/
    named: tuple[str, ...] = ()  # parameters that make it another page than its path alone


#: Title of the window of the page that was made last in this context.
_made: ContextVar[str] = ContextVar("made", default="")


def register_page(module: str, *, title: str, **place: str) -> None:
    """Register a page: ``path="/method"``, or ``path_template="/country/<code_>"`` (end names of variables in ``_``,
    so that no query parameter can take their place). Dash finds only files that hold this function's name. ``title``
    names the page in Dash's registry; readers see that of ``page``."""
    dash.register_page(module, title=title, **place)  # type: ignore[no-untyped-call]  # Dash leaves it untyped


def window_title(title: str, path: str) -> str:
    """What the window of a page is called: the site's name, after that of the page but on the front page."""
    return _("Internet Radar") if path == "/" else f"{title} · {_('Internet Radar')}"


def keep_titles(pages: Mapping[str, dict[str, Any]]) -> None:
    """Make Dash, which names the window when it has drawn a page, call it what the server called it."""
    for page in pages.values():
        page["layout"] = _noting(page["layout"], page["path"])
        page["title"] = lambda **_variables: _made.get()


def _noting(layout: Callable[..., Any], path: str) -> Callable[..., Any]:
    @wraps(layout)
    def noted(*args: Any, **query: Any) -> Any:
        made = layout(*args, **query)
        _made.set(window_title(meta_of(made).title, path))
        return made

    return noted


def page(
    title: str,
    *children: Any,
    description: str = "",
    heading: Any = None,
    kicker: Any = None,
    status: int = 200,
    charts: bool = False,
    wide: bool = False,
    robots: str = "",
    refresh_s: int = 0,
    own: str = "",
    named: tuple[str, ...] = (),
) -> Component:
    """A whole page: heading, then its children.

    Parameters
    ----------
    title
        Title of the window, without the site's name; also the heading unless ``heading`` is given.
    children
        Sections, top to bottom.
    heading
        Content of the ``h1``: text or components.
    kicker
        A small line above the heading, such as the type of an entity.
    charts
        Whether the page holds interactive charts; the Plotly bundle is loaded only then.
    wide
        Use the full width instead of a reading column.
    refresh_s
        Seconds after which the page loads itself again; 0: it does not.
    own
        "home": the page alone loads ``assets/home.css`` and the scripts of ``assets/home``.
    named
        Parameters that make it another page than its path alone, such as the rule of ``/attacks?rule=...``: they stay
        in the address that it names itself by. Of a page that is not to be found by searching all parameters do.
    """
    head = html.Div(
        [
            html.P(kicker, className="kicker") if kicker else None,
            html.H1(title if heading is None else heading, id="heading", tabIndex="-1"),
        ],
        className="page-head",
    )
    box = html.Div(
        [head, *children, html.Div(id="page-ready", hidden=True)],
        className="page wide" if wide else "page",
        **marks(data_title=title),
    )
    meta = Meta(title, description, status, charts, robots, refresh_s, own=own, named=named)
    setattr(box, "_meta", meta)  # noqa: B010 - not a declared attribute of Component, and left out of its JSON
    return box


def meta_of(layout: Component) -> Meta:
    """What ``page`` noted about itself; a layout that did not come from ``page`` is a TypeError."""
    meta = getattr(layout, "_meta", None)
    if not isinstance(meta, Meta):
        raise TypeError("layout() must return shell.page(...) or shell.missing(...)")
    return meta


def missing(looked_for: str, *advice: Any) -> Component:
    """A 404: what was looked for, and what to do. ``advice`` are further paragraphs or lists."""
    return page(
        _("Nothing here"),
        html.P(looked_for, className="lede"),
        *advice,
        html.P([_("Try the "), html.A(_("world map"), href="/"), _(", the "),
                html.A(_("list of outages"), href="/outages"), _(", or the search above.")]),
        status=404,
        robots="noindex",
    )  # fmt: skip


def empty(what: str, why: str, *advice: Any) -> Component:
    """An empty state written with care: what we looked for, what we have, what to do."""
    return html.Div([html.P(html.Strong(what)), html.P(why), *advice], className="empty")


def section(title: Any, *children: Any, id: str | None = None, note: Any = None, class_name: str = "") -> Component:
    """A titled part of a page."""
    head: list[Any] = [html.H2(title)]
    if note is not None:
        head.append(html.P(note, className="note"))
    props: dict[str, Any] = {"className": f"section {class_name}".strip()}
    if id is not None:
        props["id"] = id
    return html.Section([html.Div(head, className="section-head"), *children], **props)
