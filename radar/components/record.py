"""How reliable a place was over twelve months: a sentence, a row for each month, and the outages themselves.

What was not watched is said not to be known: it counts neither as well nor as ill.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dash import html
from dash.development.base_component import Component

from radar.components import kit, numbers, outages, shell, state, times
from radar.components.ssr import Raw, slot
from radar.figures import months
from radar.labels import STATES, _, ngettext
from radar.shapes import Outage
from radar.shapes.reliability import Month, Reliability, Spell, Tally

#: Outages that are seen before the rest is folded away.
SHOWN = 6
_HOUR = 3600


def reliability(row: Reliability | None) -> Component | None:
    """The part of a page; None where nothing was ever counted."""
    if row is None:
        return None
    heading = [_("Reliability, twelve months"), " ", state.simulated(row["simulated"])]
    words = sentence(row)
    parts: list[Any] = [html.P(words, className="sentence")]
    if row["year"]["watched"]:
        parts.append(slot("months", lambda: Raw(drawing(row)), class_name="months-box"))
    head = [_("Month"), _("Watched"), _("In outage"), _("Outages"), _("Longest")]
    body = [_row(one) for one in reversed(row["months"]) if one["watched"]]
    table = html.Table([
        html.Thead(html.Tr([html.Th(word, scope="col", className="num" if i else "") for i, word in enumerate(head)])),
        html.Tbody(body),
    ], className="figures")  # fmt: skip
    if body:
        parts.append(html.Details([html.Summary(_("The same as a table")), html.Div(table, className="scroll")]))
    source = html.P([html.Span(_("Source: our own published outages, and the hours in which our detector could judge")),
                     html.Span(_("Unit: share of the watched time")),
                     html.Span([_("Counted until "), times.time(row["until"])]),
                     html.A(_("Method"), href="/method#reliability")], className="credit")  # fmt: skip
    note = _("Hours that we could not judge are not known: they count neither as well nor as an outage. Outages of "
             "recorded sets are not counted.")  # fmt: skip
    share = kit.offer("months", kit.figure("reliability", entity=row["entity"])) if row["year"]["watched"] else None
    return shell.section(heading, *parts, source, share, id="reliability", note=note)


def drawing(row: Reliability) -> str:
    """Its months as SVG."""
    drawn = [months.Column(times.month_words(one["month"]), _parts(one), _month(one)) for one in row["months"]]
    return months.svg(drawn, _("Reliability, twelve months"), sentence(row))


def sentence(row: Reliability) -> str:
    """The year in one sentence or two, and how much of it we know."""
    year = row["year"]
    if not year["watched"] or row["since"] is None:
        return _("We have not watched it for long enough to say how reliable it is.")
    known = _share(year["watched"], year["hours"])
    until = times.words(row["until"])
    text = _("Up to {until} we could judge it for {known} of twelve months ({time}, since {day}).").format(
        until=until, known=known, time=times.duration(year["watched"] * 60), day=times.date_words(row["since"])
    )
    if not year["outages"]:
        return text + " " + _("We published no outage of it.")
    longest = times.duration((year["longest_s"] or 0.0) / 60)
    if any(one["id"] == year["longest"] and (one["end"] is None or times.parse(one["end"]) > times.parse(row["until"]))
           for one in row["spells"]):  # fmt: skip
        longest = _("{time} so far").format(time=longest)
    count = ngettext("{n} outage", "{n} outages", year["outages"]).format(n=year["outages"])
    bad = year["outage_s"] + year["degraded_s"]
    told = _("Of that, {share} was in an outage or degraded ({time}): {count}, the longest {longest}.")
    share = _share(bad / _HOUR, year["watched"])
    return f"{text} {told.format(share=share, time=times.duration(bad / 60), count=count, longest=longest)}"


def method() -> Component:
    """How it is counted, for the page about the method."""
    return shell.section(
        _("Reliability"),
        html.P(_("An hour of a place counts as watched when our detector could judge one of its series in at least "
                 "half of it, where its traffic is measured one of traffic, or when an outage was open in it. "
                 "The share in an outage is that of the watched hours, "
                 "taken from the outages that we published and did not take back; overlapping ones count once. Hours "
                 "in which nothing could be judged, and all that lies before we began, are not known. They are shown "
                 "as such, and never as hours without an outage.")),
        html.P(_("It says what we saw of a place as a whole, not what its operator promises, and nothing shorter than "
                 "what the detector finds.")),
        id="reliability",
        class_name="prose",
    )  # fmt: skip


def history(rows: Sequence[Outage], older: Sequence[Spell], now: str) -> Component:
    """Outages of an entity, newest first: those that the list has in full, retracted ones included, then ``older`` ones
    that it has no more room for."""
    if not rows and not older:
        nothing = html.P(_("None that we have published."), className="none")
        return shell.section(_("Outages here"), nothing, id="history")
    ids = {row["id"] for row in rows}
    body = [
        html.Li([outages.shape_of(row), outages.link(row), html.Span(outages.when(row, now), className="when")])
        for row in rows
    ]
    body += [
        html.Li([state.mark("ok", _("Ended")), html.A(_(STATES[row["level"]]), href=f"/outage/{row['id']}"),
                 html.Span(times.span(row["start"], row["end"], now), className="when")])
        for row in older if row["id"] not in ids
    ]  # fmt: skip
    parts: list[Any] = [html.Ul(body[:SHOWN], className="plain history")]
    if len(body) > SHOWN:
        more = len(body) - SHOWN
        label = ngettext("{n} more", "{n} more", more).format(n=more)
        parts.append(html.Details([html.Summary(label), html.Ul(body[SHOWN:], className="plain history")]))
    return shell.section(_("Outages here"), *parts, id="history")


def _parts(one: Month) -> months.Parts:
    """Shares of the month's hours, 0 to 1."""
    hours = one["hours"] or 1
    return months.Parts(
        watched=one["watched"] / hours,
        degraded=one["degraded_s"] / _HOUR / hours,
        outage=one["outage_s"] / _HOUR / hours,
    )


def _month(one: Tally) -> str:
    if not one["watched"]:
        return _("not watched")
    bad = (one["outage_s"] + one["degraded_s"]) / _HOUR
    return _("watched {known}, of that in outage {share}").format(
        known=_share(one["watched"], one["hours"]), share=_share(bad, one["watched"]))  # fmt: skip


def _row(one: Month) -> Component:
    bad = one["outage_s"] + one["degraded_s"]
    long = "–" if one["longest_s"] is None else times.duration(one["longest_s"] / 60)
    longest = html.A(long, href=f"/outage/{one['longest']}") if one["longest"] else long
    share = _share(bad / _HOUR, one["watched"])
    within: Any = [share, html.Small(times.duration(bad / 60))] if bad else share
    cells: list[Any] = [_share(one["watched"], one["hours"]), within, str(one["outages"]), longest]
    return html.Tr([html.Th(times.month_words(one["month"]), scope="row"),
                    *(html.Td(cell, className="num") for cell in cells)])  # fmt: skip


def _share(part: float, whole: float) -> str:
    """A share in per cent, two digits; what is not all is never rounded to all, and something never to nothing."""
    value = part / whole * 100 if whole else 0.0
    if 99.5 < value < 100:
        return _("over {n} %").format(n="99")
    if 0 < value < 0.01:
        return _("under {n} %").format(n=numbers.rough(0.01))
    return f"{numbers.rough(value)} %"
