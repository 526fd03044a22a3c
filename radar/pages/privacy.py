"""``/privacy``: what we learn about a reader. Short, because it is little; tests hold it to its word."""

from __future__ import annotations

from dash import html
from dash.development.base_component import Component

from radar.components import shell
from radar.labels import _

shell.register_page(__name__, path="/privacy", title="Privacy")


def layout(**query: str) -> Component:
    """The page; the same for everyone."""
    lede = _("We do not know who you are, and we do not try to find out.")
    return shell.page(
        _("Privacy"),
        html.P(lede, className="lede"),
        html.Div([html.Ul([
            html.Li(_("No cookies, no accounts, no analytics, no advertising.")),
            html.Li(_("Nothing comes from anyone else: scripts, fonts and maps are served from here, so no other "
                      "company learns that you were here.")),
            html.Li(_("Your choice of a light or dark look and of the time zone stays in your browser (localStorage). "
                      "It is never sent to us.")),
            html.Li(_("Your network address is used to answer you and is not stored: this software writes no access "
                      "log. What you search for is not stored either.")),
            html.Li(_("Feeds and the API need no account and no key.")),
        ]),
        html.P(_("The measurements shown here are totals of countries and networks. They hold no address of any "
                 "person.")),
        html.P(_("A server in front of this software, such as a proxy, may keep logs of its own; that is up to whoever "
                 "runs this site."))], className="section prose"),
        description=lede,
    )  # fmt: skip
