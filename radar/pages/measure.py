"""``/measure``: what a reader agrees to, and the button that measures. Only where the operator switched it on.

Nothing is measured before the button is pressed; ``assets/beacon.js`` then does it, and shows what came back.
"""

from __future__ import annotations

from dash import html
from dash.development.base_component import Component

from radar.beacon.routes import is_on
from radar.components import shell
from radar.components.ssr import marks, slot
from radar.labels import _
from radar.pages import _read

shell.register_page(__name__, path="/measure", title="Measure my connection")


def layout(**query: str) -> Component:
    """The page; the same for everyone. A 404 where nobody is measured."""
    if not is_on():
        return shell.missing(_("This radar does not measure its readers' connections."))
    lede = _("How far is this site from where you are, and how fast does it reach you? Your browser can find out.")
    clock = _read.snapshot().clock
    live = clock is None or (clock["mode"] == "live" and not clock["simulated"])
    return shell.page(
        _("Measure my connection"),
        html.P(lede, className="lede"),
        shell.section(
            _("What happens when you press the button"),
            html.Ul([
                html.Li(_("Your browser asks this server ten times for nothing, and fetches up to 2.3 MB of random "
                          "bytes. It asks nobody else.")),
                html.Li(_("It tells this server the times that it took. Of your address only the first part is used "
                          "(three of four numbers; of IPv6 the first 48 bits), to look up your country and your "
                          "network, and then it is dropped.")),
                html.Li(_("One line is kept: the hour, your country, your network, the round-trip time and the "
                          "download rate.")),
            ]),
            html.P(_("Pressing the button is your consent to that. Without it nothing is measured and nothing is "
                     "kept.")),
            html.P([html.A(_("All that is kept, and for how long"), href="/privacy#measure"), "."]),
            class_name="prose",
        ),
        slot("beacon-box", _form) if live else shell.empty(
            _("Nothing to measure here."),
            _("This radar shows no live data, so nothing is measured."),
        ),
        shell.section(
            _("What the numbers say"),
            html.P(_("They are about the way between you and this server, not about your connection as a whole. So "
                     "short a download is told too slow on fast lines, and rates beyond 800 Mbit/s are not told "
                     "apart. Another load on your line, or Wi-Fi, makes both numbers worse.")),
            html.P(_("What ten or more readers of a country or network measured in an hour is drawn on its page.")),
            class_name="prose",
        ),
        description=lede,
    )  # fmt: skip


def _form() -> Component:
    """Button and result. A form, so that the page's own refresh leaves it alone."""
    return html.Form(
        [
            html.Button(_("Measure my connection"), id="beacon-start", type="button", className="do"),
            html.P(_("The button needs scripts."), className="note"),
            html.Div(id="beacon-result", className="prose", **marks(aria_live="polite")),
            html.Script(src="/assets/beacon.js"),
        ],
        id="beacon",
        **marks(data_busy=_("Measuring …"), data_failed=_("The measurement failed. Nothing was kept.")),
    )
