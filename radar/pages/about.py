"""``/about``: what this site is, what it is not, and under which licences it stands."""

from __future__ import annotations

from dash import html
from dash.development.base_component import Component

from radar.components import shell
from radar.labels import _

shell.register_page(__name__, path="/about", title="About")


def layout(**query: str) -> Component:
    """The page; the same for everyone."""
    lede = _("Internet Radar takes in what many vantage points see of the Internet, decides where connectivity is "
             "broken, says how sure it is and why, and publishes that within minutes.")  # fmt: skip
    return shell.page(
        _("About"),
        html.P(lede, className="lede"),
        shell.section(
            _("What you can do here"),
            html.Ul([
                html.Li(_("Find out whether it is just you: search for your country, your provider or an AS number.")),
                html.Li(_("Check a claim: every outage names the sources that see it, those that do not, and those "
                          "that cannot see the place at all.")),
                html.Li(_("Take the numbers: each chart links to a CSV file of exactly what it draws.")),
                html.Li([_("Follow a place without an account: there is "), html.A(_("a feed of all outages"),
                         href="/feeds/outages.atom"), _(" and one for each country and network.")]),
            ]),
            class_name="prose",
        ),
        shell.section(
            _("What we hold to"),
            html.Ul([
                html.Li(_("Never say more than the evidence. No data is not zero, and too little data is a state of "
                          "its own.")),
                html.Li(_("Never say it late.")),
                html.Li(_("The reader can check it: source, licence, delay and method stand beside every number.")),
                html.Li(_("Mistakes are corrected in the open. A retracted outage keeps its address and says why.")),
            ]),
            class_name="prose",
        ),
        shell.section(
            _("What this is not"),
            html.P(_("It is not a list of every fault: where we have few measurements we see little, and what no "
                     "source looks at is not here. It names no culprits: a cause is a hypothesis with its evidence "
                     "for and against.")),
            html.P([_("What we cannot see is written down under "), html.A(_("Method"), href="/method#unseen"), "."]),
            class_name="prose",
        ),
        shell.section(
            _("The operator's own measurements"),
            html.P(_("Request logs, queries at resolvers, matches of firewalls' rules, speed tests of readers and "
                     "calendars of planned work come from whoever runs this copy of the radar, and belong to them.")),
            html.P(_("Logs and tests are counted per country, network, zone or rule before anything is kept. Addresses "
                     "of clients never leave the machine that reads them: they are not archived, shown or given out.")),
            html.P(_("No open licence is stated for them: to use them beyond a quotation with its source, ask the "
                     "operator.")),
            id="own-measurements",
            class_name="prose",
        ),
        shell.section(
            _("Licences and credits"),
            html.P(_("The software is free under the Apache License 2.0. Anyone may run a copy; each copy is answered "
                     "for by whoever runs it.")),
            html.P([_("The measurements belong to those who make them. Their names, licences and wanted credits are "
                      "under "),
                    html.A(_("Sources"), href="/sources"), "."]),
            html.P(_("Names of countries: Unicode CLDR through datasets/country-codes (PDDL). Population: World Bank "
                     "(CC BY 4.0). Networks: RouteViews, DB-IP ASN Lite and NRO through ip-location-db (CC BY 4.0).")),
            class_name="prose",
        ),
        description=lede,
    )  # fmt: skip
