"""Providers: what is measured beside what they say, and who spoke first. What they say never becomes our state."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dash import html
from dash.development.base_component import Component

from radar import entities
from radar.components import shell, state, times
from radar.labels import N_, _, ngettext
from radar.providers import Provider, name_of
from radar.shapes import EntityState
from radar.shapes.providers import ProviderIncident, ProviderSays

KINDS: dict[str, str] = {
    "cloud": N_("Clouds"),
    "cdn": N_("Content networks"),
    "dns": N_("DNS services"),
    "service": N_("Large services"),
}

IMPACTS: dict[str, str] = {
    "none": N_("no impact"),
    "minor": N_("minor"),
    "major": N_("major"),
    "critical": N_("critical"),
    "maintenance": N_("planned work"),
}

#: Why a page about the past does not have their words.
UNSAID = N_("What a provider says of itself is known as it reads today, so it is not part of a page about the past.")

#: Incidents and updates that are shown before the rest is folded away.
SHOWN, UPDATES = 6, 3


def impact(value: str | None) -> str:
    """The impact as a word; what is not said is said to be so."""
    return _(IMPACTS[value]) if value in IMPACTS else _("impact not said")


#: The language that providers write in, for whoever reads a page aloud.
THEIRS = "en"


def says(row: Mapping[str, Any], now: str) -> list[Any]:
    """One cell: what the provider says now, or why we do not know. ``row`` is one of ``radar.api.providers``."""
    told = row["says"]
    if told is None:
        words = _("not read yet") if row["status_page"] else _("no page that we read")
        return [html.Span(words, className="help")]
    if told["error"] is not None or told["read_at"] is None:
        return [_("its page could not be read"), " ", html.Span([_("asked"), " ", times.time(told["asked_at"], now)],
                                                                className="help")]  # fmt: skip
    if told["open"]:
        text = ngettext("{n} open incident", "{n} open incidents", told["open"]).format(n=told["open"])
        return [html.Strong(text), f", {impact(told['impact'])}"]
    return [_("no open incident")]


def table(rows: Sequence[Mapping[str, Any]], now: str, *, past: bool = False) -> Component:
    """Providers: name, what is measured, what they say; of the ``past`` only what was measured."""
    heads = (_("Provider"), _("We measured")) if past else (_("Provider"), _("We measure"), _("They say"))
    head = html.Tr([html.Th(text, scope="col") for text in heads])
    body = [
        html.Tr([
            html.Th(html.A(name_of(row["slug"]), href=row["path"]), scope="row"),
            html.Td([_measured(row), " ", state.simulated(row["simulated"])]),
            *([] if past else [html.Td(says(row, now))]),
        ])
        for row in rows
    ]  # fmt: skip
    return html.Div(html.Table([html.Thead(head), html.Tbody(body)], className="figures providers"), className="scroll")


def _measured(row: Mapping[str, Any]) -> Component:
    if row["state"] is None or row["words"] is None:
        return state.mark("none", _("Not measured here"))
    if row["state"] in ("ok", "insufficient"):
        return state.mark(row["state"])
    href = f"/outage/{row['outage']}" if row["outage"] else row["path"]
    return html.Span([state.mark(row["state"]), " ", html.A(row["words"], href=href)])


def spoke_first(
    name: str, found: Sequence[Mapping[str, Any]], now: str, *, simulated: bool = False
) -> Component | None:
    """Who spoke first of what may be one event, with the rule; None where nothing can be compared. ``simulated``: the
    provider's words or the outages are simulated, and every line says so."""
    if not found:
        return None
    rows = [html.Li([*_first(name, row, now), " ", state.simulated(simulated)]) for row in found[:3]]
    rule = _("We compare when our outage was published with when the provider says that it wrote first, where the two "
             "overlap or lie at most an hour apart. That does not prove that they are one event.")  # fmt: skip
    return shell.section(_("Who spoke first"), html.Ul(rows, className="plain"), note=rule, id="first")


def _first(name: str, row: Mapping[str, Any], now: str) -> list[Any]:
    ours = html.A(_("We published an outage"), href=f"/outage/{row['outage']}")
    minutes = times.duration(abs(row["minutes"]))
    of = [] if row["entity"].startswith("provider/") else [" ", _("of {network}").format(
        network=entities.name(row["entity"]))]  # fmt: skip
    tail = _("{minutes} later").format(minutes=minutes)
    if row["minutes"] >= 0:
        return [ours, *of, " ", _("at"), " ", times.time(row["ours"], now), "; ",
                _("{name} first wrote at").format(name=name), " ", times.time(row["theirs"], now),
                f", {tail}."]  # fmt: skip
    return [_("{name} first wrote at").format(name=name), " ", times.time(row["theirs"], now), "; ", ours, *of, " ",
            _("at"), " ", times.time(row["ours"], now), f", {tail}."]  # fmt: skip


def statement(provider: Provider, told: ProviderSays | None, now: str) -> Component:
    """What the provider says of itself: how we know, and its incidents of ninety days."""
    title = _("What {name} says").format(name=name_of(provider.slug))
    if provider.status.form == "none":
        text = _("It has no status page in a form that we read. That says nothing about how well it works.")
        return shell.section(title, html.P(text, className="note"), id="says")
    page = html.A(_("its own status page"), href=_page(provider), rel="nofollow noopener")
    if told is None:
        text = _("We have not read its status page yet.")
        return shell.section(title, html.P([text, " ", page], className="note"), id="says")
    if told["error"] is not None:
        why: list[Any] = [_("Its status page could not be read at"), " ", times.time(told["asked_at"], now), ". "]
        if told["read_at"]:
            why += [_("What follows was read at"), " ", times.time(told["read_at"], now), "."]
        note = html.P(why, className="note")
    else:
        read: list[Any] = [_("Read at"), " ", times.time(told["asked_at"], now), " ", _("from"), " ", page, ". "]
        words = _("These are the provider's words, not ours, and change nothing in what we measure.")
        note = html.P([*read, words, " ", state.simulated(told["simulated"])], className="note")
    rows = [_incident(row, now) for row in told["incidents"]]
    if told["read_at"] is None and not rows:
        return shell.section(title, note, id="says")
    if not rows:
        return shell.section(title, note, html.P(_("It tells of no incident in the last 90 days.")), id="says")
    parts: list[Any] = [note, html.Ul(rows[:SHOWN], className="plain items")]
    if len(rows) > SHOWN:
        label = _("{n} earlier").format(n=len(rows) - SHOWN)
        parts.append(html.Details([html.Summary(label), html.Ul(rows[SHOWN:], className="plain items")]))
    return shell.section(title, *parts, id="says")


def unsaid(provider: Provider) -> Component:
    """What stands on a page about the past where the provider's own words would be."""
    title = _("What {name} says").format(name=name_of(provider.slug))
    return shell.section(title, html.P(_(UNSAID), className="note"), id="says")


def meanwhile(
    provider: Provider, told: ProviderSays | None, found: Sequence[ProviderIncident], now: str
) -> Component:  # fmt: skip
    """What a provider said of the time of an outage, or that it said nothing, or that we do not read what it says.
    ``found``: its incidents of that time."""
    name = html.A(name_of(provider.slug), href=f"/{provider.key}")
    if provider.status.form == "none":
        return html.P([name, ": ", _("it has no status page in a form that we read.")], className="note")
    if told is None or told["read_at"] is None:
        return html.P([name, ": ", _("its status page could not be read, so we do not know what it says.")],
                      className="note")  # fmt: skip
    if not found:
        page = html.A(_("its own status page"), href=_page(provider), rel="nofollow noopener")
        return html.P([name, ": ", _("nothing about that time stands on"), " ", page, ", ", _("read at"), " ",
                       times.time(told["read_at"], now), "."], className="note")  # fmt: skip
    tag = state.simulated(told["simulated"])
    return html.Div([html.P([name, " ", tag]), html.Ul([_incident(row, now) for row in found[:SHOWN]],
                                                        className="plain items")])  # fmt: skip


def _page(provider: Provider) -> str:
    pages = {"aws": "https://health.aws.amazon.com/health/status", "google": "https://status.cloud.google.com",
             "azure": "https://azure.status.microsoft/en-us/status"}  # fmt: skip
    return pages.get(provider.status.form, provider.status.url)


def _incident(row: ProviderIncident, now: str) -> Component:
    title: Any = html.Span(row["title"], lang=THEIRS)
    if row["url"]:
        title = html.A(row["title"], href=row["url"], rel="nofollow noopener", lang=THEIRS)
    facts: list[Any] = [html.Span(impact(row["impact"]))]
    begun = row["created_at"] or row["started_at"]
    if begun:
        facts.append(html.Span([_("first written"), " ", times.time(begun, now)]))
    if row["resolved_at"]:
        facts.append(html.Span([_("resolved"), " ", times.time(row["resolved_at"], now)]))
    elif not row["listed"]:
        facts.append(html.Span(_("no longer on its page; it did not say that it is over")))
    elif row["open"]:
        facts.append(html.Strong(_("open")))
    where = ", ".join([*row["components"][:4], *row["regions"][:4]])
    if where:
        facts.append(html.Span(where, lang=THEIRS))
    notes = [
        html.Li([times.time(note["at"], now), " ", html.Q(note["text"], lang=THEIRS)])
        for note in row["updates"]
        if note["text"]
    ]
    newest = notes[::-1]
    inside: list[Any] = [html.H3(title, className="sentence"), html.P(facts, className="facts")]
    if newest:
        inside.append(html.Ul(newest[:UPDATES], className="plain parts"))
    if len(newest) > UPDATES:
        label = _("{n} earlier").format(n=len(newest) - UPDATES)
        inside.append(html.Details([html.Summary(label), html.Ul(newest[UPDATES:], className="plain parts")]))
    return html.Li(html.Article(inside, className="item"))


def belongings(provider: Provider, states: Mapping[str, EntityState]) -> Component | None:
    """Its networks with their states, and the zones that it runs."""
    rows: list[Any] = []
    for asn in provider.networks:
        key = f"asn/{asn}"
        seen = states.get(key)
        mark = state.mark(seen["state"]) if seen else state.mark("none", _("Not measured here"))
        rows.append(html.Li([html.A(entities.name(key), href=f"/{key}"), " ", mark]))
    parts: list[Any] = [html.Ul(rows, className="plain")] if rows else []
    if provider.zones:
        parts.append(html.P([_("Zones: "), ", ".join(provider.zones)], className="note"))
    if not parts:
        return None
    return shell.section(_("Its networks and zones"), *parts, id="belongings")
