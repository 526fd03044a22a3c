"""Dash components as finished HTML, so that the first response of a page needs no script.

One component tree serves both: the server writes it as text into the first response, and Dash draws the same tree
when its scripts have arrived. What Dash need not receive a second time (an SVG, a form) goes into a ``slot``: the
server writes its content once, in Dash it is an empty box, and ``assets/site/takeover.js`` moves the nodes over.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from html import escape
from typing import Any

from dash import html
from dash.development.base_component import Component

#: Elements without a closing tag.
VOID = frozenset({"area", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"})

#: Components of Dash that draw only in the browser; the server leaves their place to a slot beside them.
BROWSER_ONLY = frozenset({"Graph", "Store", "Interval", "Location", "Download"})

#: Props that are Dash's own and mean nothing in HTML.
_NOT_HTML = frozenset(
    {"children", "n_clicks", "n_clicks_timestamp", "disable_n_clicks", "key", "loading_state", "style"}
)
_NAMES = {"className": "class", "htmlFor": "for", "acceptCharset": "accept-charset", "httpEquiv": "http-equiv"}
_TAGS = {"MapEl": "map", "ObjectEl": "object"}
_CAMEL = re.compile(r"(?<!^)(?=[A-Z])")


class Raw(str):
    """Text that is HTML already, such as an SVG of ``radar.figures``. Only for what our own code has written."""

    __slots__ = ()


def marks(**values: str | int | None) -> dict[str, Any]:
    """``data-*`` and ``aria-*`` attributes from Python names: ``**marks(aria_label="x")``; None is left out."""
    return {name.replace("_", "-"): value for name, value in values.items() if value is not None}


def slot(id: str, content: Callable[[], str | Component] | str | Component, *, class_name: str = "") -> Component:
    """A box whose content only the server writes; in the browser its nodes are moved, not sent again.

    Parameters
    ----------
    id
        Unique on the page. The browser finds the two boxes by it.
    content
        HTML text of our own making, a component, or a function that gives one of them. A function is called only
        when the page is written as HTML, not when Dash asks for the same page.
    """
    # The extra child-less <div> is the same in both trees, so nothing moves when the content changes hands.
    box = html.Div(id=id, className=f"slot {class_name}".strip(), **marks(data_slot=id))
    # An attribute that is no prop: Dash's JSON leaves it out.
    setattr(box, "_server_content", content)  # noqa: B010 - not a declared attribute of Component
    return box


def settled(id: str, component: Component) -> Component:
    """The same component, of whose children Dash gets to know nothing: its nodes are moved as those of a slot.

    For large parts that hold nothing of Dash's own (no chart): a page of a country has a thousand components, and a
    phone takes a second to make them anew. ``id`` is unique among the slots of the page; without children it is none.
    """
    content = getattr(component, "children", None)
    if content is None or content == []:
        return component
    setattr(component, "data-slot", id)
    setattr(component, "_server_content", content)  # noqa: B010 - not a declared attribute of Component
    setattr(component, "children", None)  # noqa: B010 - declared only where Dash is typed
    return component


def to_html(node: Any) -> str:
    """A Dash component tree as HTML. Text and attributes are escaped; only ``Raw`` and slots go in as they are.

    Numbers are written as they are, ``None`` and booleans give nothing, lists are joined.

    Raises
    ------
    TypeError
        A component that has no HTML form and is not drawn by the browser alone; names it.

    Examples
    --------
    >>> to_html(html.P(["a < b", html.Br()], className="note"))
    '<p class="note">a &lt; b<br></p>'
    """
    parts: list[str] = []
    _write(node, parts)
    return "".join(parts)


def _write(node: Any, parts: list[str]) -> None:
    if node is None or isinstance(node, bool):
        return
    if isinstance(node, Raw):
        parts.append(node)
    elif isinstance(node, (str, int, float)):
        parts.append(escape(str(node), quote=False))
    elif isinstance(node, Component):
        _element(node, parts)
    elif isinstance(node, Iterable):
        for child in node:
            _write(child, parts)
    else:
        raise TypeError(f"{type(node).__name__} cannot be written as HTML")


def _element(node: Component, parts: list[str]) -> None:
    kind = node._type
    if kind in BROWSER_ONLY:
        return
    if node._namespace != "dash_html_components":
        raise TypeError(f"{node._namespace}.{kind} has no HTML form; put it in the browser-only list or use html.*")
    tag = _TAGS.get(kind, kind.lower())
    parts.append(f"<{tag}{_attributes(node)}>")
    if tag in VOID:
        return
    content = getattr(node, "_server_content", None)
    if content is None:
        _write(getattr(node, "children", None), parts)
    else:
        made = content() if callable(content) else content
        _write(Raw(made) if isinstance(made, str) else made, parts)
    parts.append(f"</{tag}>")


def _attributes(node: Component) -> str:
    document: dict[str, Any] = node.to_plotly_json()  # type: ignore[no-untyped-call]  # Dash leaves it untyped
    props = document["props"]
    written = []
    for name, value in props.items():
        if name in _NOT_HTML or value is None or (value is False and not name.startswith(("data-", "aria-"))):
            continue
        attribute = _NAMES.get(name, name if "-" in name else name.lower())
        if value is True and not name.startswith(("data-", "aria-")):
            written.append(f" {attribute}")
            continue
        text = ("true" if value else "false") if isinstance(value, bool) else str(value)
        written.append(f' {attribute}="{escape(text)}"')
    style = props.get("style")
    if style:
        text = ";".join(f"{_css_name(name)}:{value}" for name, value in style.items())
        written.append(f' style="{escape(text)}"')
    return "".join(written)


def _css_name(name: str) -> str:
    return name if name.startswith("--") else _CAMEL.sub("-", name).lower()
