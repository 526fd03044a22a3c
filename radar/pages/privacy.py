"""``/privacy``: what we learn about a reader. Short, because it is little; tests hold it to its word."""

from __future__ import annotations

from dash import html
from dash.development.base_component import Component

from radar.beacon.routes import is_on
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
                      "log. What you search for is not stored either, nor an address that you type there to look up "
                      "its network.")),
            html.Li(_("If you press “Is it just me?” on the front page, the first part of your address is used to look "
                      "up your country and your network in tables that lie here. It is in no file, no log and no "
                      "database.")),
            html.Li(_("Feeds and the API need no account and no key.")),
        ]),
        html.P(_("The measurements shown here are totals of countries and networks. They hold no address of any "
                 "person.")),
        html.P(_("A server in front of this software, such as a proxy, may keep logs of its own; that is up to whoever "
                 "runs this site."))], className="section prose"),
        _measured() if is_on() else None,
        description=lede,
    )  # fmt: skip


def _measured() -> Component:
    """What is kept of those who measure their connection. Every sentence of it is tested."""
    return shell.section(
        _("If you measure your connection"),
        html.P([_("You can measure your connection to this site under "), html.A(_("Measure my connection"),
                href="/measure"), _(". Nothing is measured unless you press the button there. Then:")]),
        html.Ul([
            html.Li(_("Of your address only a part is used: the first three of its four numbers, or the first 48 bits "
                      "of IPv6. It tells your country and your network by tables that lie here, and is dropped before "
                      "the answer is sent. It is in no file, no log and no database.")),
            html.Li(_("Kept is one line: the hour (not the minute), the country, the network's number, the round-trip "
                      "time and the download rate. Nothing about your browser or device is asked or kept.")),
            html.Li(_("So that nobody floods us, we count measurements of an hour under a number made from that part "
                      "of the address with a secret key. The count is dropped after an hour, the key after a day.")),
            html.Li(_("The lines of an hour are kept with this radar's measurements, without an end. Charts show an "
                      "hour of a country or network only if at least ten readers measured in it.")),
            html.Li(_("A line cannot be found again for you, so it cannot be deleted for you either.")),
        ]),
        id="measure",
        class_name="prose",
    )  # fmt: skip
