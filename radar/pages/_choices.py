"""What an address asks of a page that knows no such choice: said on the page, which shows its usual view instead."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from dash import html
from dash.development.base_component import Component

from radar.labels import _


def unread(given: Mapping[str, str], known: Mapping[str, Collection[str]]) -> list[Component]:
    """A line for each part of the address (``given``) that is none of the ``known`` choices of its name."""
    text = _("{name} is {value}; expected one of {choices}. Shown is the usual view.")
    return [
        html.P(text.format(name=name, value=repr(given[name][:40]), choices=", ".join(filter(None, choices))),
               className="changed")
        for name, choices in known.items() if given[name] and given[name] not in choices
    ]  # fmt: skip
