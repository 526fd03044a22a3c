"""How an entity performs, as readers see it: a sentence, a day of hours against its month, its like, its purposes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from statistics import median
from typing import Any

from dash import html
from dash.development.base_component import Component

from radar import cldr, entities
from radar.components import attacks, kit, numbers, outages, shell, state, times
from radar.components.ssr import marks, slot
from radar.figures import quality as drawings
from radar.labels import N_, _, ngettext
from radar.shapes import QualityRow, SourceStatus
from radar.shapes.quality import Iqb, Measure, Need, Performance

#: Days of the last week; fewest days with a value on either side of a trend; a change that is none.
WEEK, FEWEST_DAYS, SMALL = 7, 5, 0.05
#: How hours and months are judged, where jobs do so, which pages may not import: days that an hour is held against and
#: fewest of them; values and widest interval (%) of what is ranked; smallest difference in ms and in % of throughput;
#: tests behind a score, and of how many of them (%) it speaks. A test holds both together.
JUDGED = {"days": 28, "fewest_days": 7, "enough": 100, "widest": 20, "ms": 1, "percent": 5, "tests": 100, "reach": 95}
#: An hour that ended longer ago than this is not "now".
STALE = timedelta(hours=3)

#: What is shown hour by hour: heading and unit.
DAYS: dict[str, tuple[str, str]] = {
    "rtt": (N_("Round-trip time, hour by hour"), "ms"),
    "throughput": (N_("Throughput, hour by hour"), "Mbit/s"),
}
PURPOSES: dict[str, str] = {
    "web": N_("Web"),
    "video": N_("Video"),
    "audio": N_("Audio"),
    "conferencing": N_("Video calls"),
    "backup": N_("Backups"),
    "gaming": N_("Games"),
}
NEEDS: dict[str, str] = {
    "download": N_("Download"),
    "upload": N_("Upload"),
    "rtt": N_("Round-trip time"),
    "loss": N_("Packet loss"),
}
_AGAINST = {
    "worse": (N_("slower than usual for this hour"), "degraded"),
    "better": (N_("faster than usual for this hour"), "ok"),
    "as_usual": (N_("as usual for this hour"), "ok"),
    "insufficient": (N_("too little to compare with its month"), "insufficient"),
}
#: Of a rate, which is no time: high or low.
_RATE = {"worse": N_("lower than usual for this hour"), "better": N_("higher than usual for this hour")}


def stale(hour: str, now: str) -> bool:
    """Whether the last hour that is there is too old to be spoken of as now."""
    return times.parse(now) - times.parse(hour) > STALE + timedelta(hours=1)


def sentence(row: Performance, now: str) -> str:
    """The one sentence: how long packets take there, against its month and its like."""
    measure = row["rtt"]
    name = entities.name(row["entity"])
    if measure["median"] is None:
        return _("We have too few connections from {name} in the last hour to say how fast they are.").format(name=name)
    hour = times.parse(row["hour"])
    when = f"{hour:%H:%M}–{hour + timedelta(hours=1):%H:%M} UTC"
    if times.parse(now).date() != hour.date():
        when = f"{times.date_words(row['hour'])}, {when}"
    text = _("A packet to {name} and back took {value} ms ({when}, median of {n} connections)").format(
        name=name, value=numbers.rough(measure["median"]), when=when, n=cldr.count(measure["n"] or 0))  # fmt: skip
    if measure["against"] == "insufficient":
        text += "; " + _("in its month too little was measured in this hour to compare it")
    else:
        text += f", {_(_AGAINST[measure['against']][0])}"
    if measure["usual"] is not None and measure["against"] != "insufficient":
        text += " " + _("({usual} ms)").format(usual=numbers.rough(measure["usual"]))
    peers = row["peers"]
    if peers is not None and peers["rank"] is not None and peers["ranked"] > 1:
        text += "; " + _("place {rank} of {ranked} {group}").format(
            rank=peers["rank"], ranked=peers["ranked"], group=_group(peers["basis"], peers["of"]))  # fmt: skip
    if stale(row["hour"], now):
        text += ". " + _("No newer hour has come, so this does not speak of now")
    return text + "."


def short(row: Performance, now: str) -> Component:
    """The sentence for the head of a page, with the way to the charts."""
    way = html.A(_("Hour by hour"), href="#performance")
    return html.P([sentence(row, now), " ", way, " ", state.simulated(row["simulated"])], className="lede small")


def _group(basis: str, of: str) -> str:
    if basis == "subregion":
        return _("countries of {region}").format(region=_(of))
    return _("networks in {country}").format(country=cldr.inside(entities.name(of))) if of else _("providers")


def performance(
    row: Performance | None, source: SourceStatus | None, now: str, csv: str, *, said: bool = False
) -> Component | None:
    """The part of an entity's page; None where its hours were never measured. ``said``: the head of the page holds the
    sentence already (``short``)."""
    if row is None:
        return None
    parts: list[Any] = [None if said else html.P(sentence(row, now), className="sentence"), _tiles(row)]
    for what in DAYS:
        found = day(row, what)
        if found is not None:
            parts.append(drawn(found, source, csv, kit.figure("hours", entity=row["entity"], what=what)))
    if not row["entity"].startswith("provider/"):  # whose hours are in no series
        year = f"/{row['entity']}?range=1y#edge-rtt-p50-hour-edge-logs"
        parts.append(html.P(html.A(_("Its hours over a year"), href=year)))
    parts.append(_peers(row))
    heading = [_("How it performs"), " ", state.simulated(row["simulated"])]
    note = _("As our own servers saw its connections in the last hour that is complete.")
    return shell.section(heading, *parts, id="performance", note=note)


def trend(days: Sequence[float | None], *, more_is_better: bool) -> str:
    """How the last week stands against the three before, by the middle of their days; "" where either has too few.

    ``days``: a median a day, oldest first, None for no data."""
    last, before = ([day for day in part if day is not None] for part in (days[-WEEK:], days[:-WEEK]))
    if len(last) < FEWEST_DAYS or len(before) < FEWEST_DAYS or not (was := median(before)):
        return ""
    change = median(last) / was - 1
    if abs(change) < SMALL:
        return _("the last week is like the three before")
    if more_is_better:
        words = _("the last week is {n} % higher than the three before")
        if change < 0:
            words = _("the last week is {n} % lower than the three before")
    else:
        words = _("the last week is {n} % slower than the three before")
        if change < 0:
            words = _("the last week is {n} % faster than the three before")
    return words.format(n=numbers.rough(abs(change) * 100))


def _tiles(row: Performance) -> Component:
    cells: list[Any] = []
    for what, title, unit in (("rtt", _("Round-trip time"), "ms"), ("throughput", _("Throughput"), "Mbit/s")):
        measure: Measure = row["rtt"] if what == "rtt" else row["throughput"]
        word, kind = _AGAINST[measure["against"]]
        if what == "throughput":
            word = _RATE.get(measure["against"], word)
        value: Any = _("not known") if measure["median"] is None else f"{numbers.rough(measure['median'])} {unit}"
        under: list[Any] = [state.mark(kind, _(word))]
        if measure["low"] is not None and measure["high"] is not None:
            low, high = numbers.ends(measure["low"], measure["high"])
            interval = _("95 % interval {low} to {high} {unit}, {n} connections").format(
                low=low, high=high, unit=unit, n=cldr.count(measure["n"] or 0))  # fmt: skip
            under.append(html.Span(interval, className="note"))
        parts = [html.Dt(title), html.Dd(value, className="big"), html.Dd(under, className="under")]
        days = row["month"].get(what, [])
        known = [day for day in days if day is not None]
        if len(known) > 1:
            low, high = numbers.ends(min(known), max(known))
            words = _("Last 28 days: between {low} and {high} {unit} a day").format(low=low, high=high, unit=unit)
            if low == high:
                words = _("Last 28 days: {value} {unit} each day").format(value=low, unit=unit)
            if told := trend(days, more_is_better=what == "throughput"):
                words += f"; {told}"
            line = slot(f"month-{what}", partial(attacks.spark, days, words),
                        class_name="spark-box")  # fmt: skip
            parts.append(html.Dd([line, html.Span(words, className="note")], className="under"))
        cells.append(html.Div(parts))
    return html.Dl(cells, className="tiles")


@dataclass(frozen=True, slots=True)
class Day:
    """The last hours of one measure, oldest first, beside their month. ``columns``: as ``drawings.day`` has them, None
    for no data; ``first``: start of the oldest hour; ``said``: the sentence."""

    id: str
    title: str
    unit: str
    first: datetime
    columns: dict[str, list[float | None]]
    said: str
    simulated: bool

    def svg(self) -> str:
        """The drawing."""
        return drawings.day(self.first, self.columns, title=self.title, sentence=self.said, unit=self.unit,
                            simulated=self.simulated)  # fmt: skip


def day(row: Performance, what: str) -> Day | None:
    """The hours of one measure of ``DAYS``; None where none has a value."""
    hours = row["hours"]["rtt" if what == "rtt" else "throughput"]
    if all(value is None for value in hours["median"]):
        return None
    columns: dict[str, list[float | None]] = {
        "median": hours["median"], "low": hours["low"], "high": hours["high"], "usual": hours["usual"],
        "usual_low": hours["usual_low"], "usual_high": hours["usual_high"],
    }  # fmt: skip
    outside = [
        i for i, (low, high, under, over) in enumerate(zip(columns["low"], columns["high"], columns["usual_low"],
                                                           columns["usual_high"], strict=True))
        if None not in (low, high, under, over) and (high < under or low > over)  # type: ignore[operator]
    ]  # fmt: skip
    comparable = sum(None not in pair for pair in zip(columns["low"], columns["usual_low"], strict=True))
    said = ngettext("{n} of {hours} hours lies outside of the middle half of its month.",
                    "{n} of {hours} hours lie outside of the middle half of their month.",
                    len(outside)).format(n=len(outside), hours=comparable)  # fmt: skip
    if not comparable:
        said = _("None of these hours can be compared with the month before: too little was measured in it.")
    title, unit = DAYS[what]
    first = times.parse(row["hour"]) - timedelta(hours=len(columns["median"]) - 1)
    return Day(f"hours-{what}", _(title), unit, first, columns, said, row["simulated"])


def drawn(found: Day, source: SourceStatus | None, csv: str, share: str = "") -> Component:
    """The figure of one measure's hours, with its table and, where ``share`` leads to its own page, its kit."""
    columns = found.columns
    body = [
        html.Tr([html.Th(times.time(times.rfc3339(found.first + timedelta(hours=i))), scope="row"),
                 *(html.Td(_cell(columns[name][i]), className="num") for name in columns)])
        for i in range(len(columns["median"]) - 1, -1, -1)
    ]  # fmt: skip
    heads = (_("Hour"), _("Median"), _("At least"), _("At most"), _("Usual"), _("Usual from"), _("Usual to"))
    table = html.Table([html.Thead(html.Tr([html.Th(word, scope="col") for word in heads])), html.Tbody(body)],
                       className="figures")  # fmt: skip
    folded = html.Details([html.Summary(_("The same as a table")),
                           slot(f"{found.id}-table", table, class_name="scroll")])  # fmt: skip
    note = _("Points: median of the hour with its 95 % interval. Band: middle half of the same hour on the {days} days "
             "before; its dotted line is their median.").format(**JUDGED)  # fmt: skip
    caption = html.Figcaption([html.H3([found.title, " ", state.simulated(found.simulated)]),
                               html.P(found.said, className="sentence")])  # fmt: skip
    return html.Figure(
        [caption, slot(found.id, found.svg, class_name="ts-box"), html.P(note, className="note"),
         credit(source, found.unit, csv), folded, kit.offer(found.id, share) if share else None],
        className="chart", id=f"chart-{found.id}",
    )  # fmt: skip


def credit(source: SourceStatus | None, unit: str, csv: str) -> Component:
    """Who the numbers are from, in which unit, under which licence, and where they are as a file."""
    parts: list[Any] = []
    if source is not None:
        parts.append(html.Span([_("Source: "), html.A(source["title"], href=f"/sources#{source['name']}")]))
        parts.append(html.Span([_("Licence: "), source["licence"]]))
    parts += [html.Span([_("Unit: "), unit]), html.A(_("CSV"), href=csv), html.A(_("Method"), href="/method#quality")]
    return html.P(parts, className="credit")


def _cell(value: float | None) -> str:
    return "" if value is None else cldr.written(f"{value:,.4g}")


def _peers(row: Performance) -> Component | None:
    peers = row["peers"]
    if peers is None or len(peers["rows"]) < 2:
        return None
    body = []
    for peer in peers["rows"]:
        mine = peer["entity"] == row["entity"]
        name: Any = html.Strong(outages.name_of(peer["entity"])) if mine else html.A(
            outages.name_of(peer["entity"]), href=f"/{peer['entity']}")  # fmt: skip
        rank: Any = str(peer["rank"]) if peer["rank"] is not None else state.mark("insufficient", _("too few"))
        between = ""
        if peer["low"] is not None and peer["high"] is not None:
            low, high = numbers.ends(peer["low"], peer["high"])
            between = _("{low} to {high}").format(low=low, high=high)
        value = "" if peer["median"] is None else f"{numbers.rough(peer['median'])} ms"
        body.append(html.Tr([html.Td(rank, className="num"), html.Th(name, scope="row"),
                             html.Td([value, html.Small(between)], className="num"),
                             html.Td(cldr.count(peer["n"] or 0), className="num")],
                            **marks(aria_current="true" if mine else None)))  # fmt: skip
    heads = ((_("Place"), "num"), (_("Name"), ""), (_("Round-trip time"), "num"), (_("Connections"), "num"))
    top = html.Thead(html.Tr([html.Th(word, scope="col", className=kind) for word, kind in heads]))
    table = html.Table([top, html.Tbody(body)], className="figures")
    note = _("Among {total} {group} in the same hour; {ranked} have enough connections to be ranked (100, and an "
             "interval no wider than 20 % of the median).").format(
        total=peers["total"], group=_group(peers["basis"], peers["of"]), ranked=peers["ranked"])  # fmt: skip
    return html.Div([html.H3(_("Against its like")), slot("peers-rtt", table, class_name="scroll"),
                     html.P(note, className="note")], className="like")  # fmt: skip


def purposes(rows: Sequence[QualityRow]) -> Component | None:
    """A country's newest month by purpose; None where no month is recorded."""
    if not rows:
        return None
    newest = max(rows, key=lambda row: row["month"])
    found: Iqb | None = newest.get("iqb")
    if found is None:
        return None
    title, month = _("What its connections are good enough for"), times.month_words(newest["month"])
    if found["score"] is None and found.get("why") == "few_tests":
        text = _("In {month} there were {n} speed tests; fewer than 100 say nothing of a country.").format(
            month=month, n=newest["tests"])  # fmt: skip
        return shell.section(title, html.P(text, className="none"), id="iqb")
    heads = [(_("Purpose"), ""), (_("95 % of tests"), "num"), (_("Half of tests"), "num"),
             *((_(word), "") for word in NEEDS.values())]  # fmt: skip
    body = []
    for name, words in PURPOSES.items():
        purpose = found["purposes"][name]
        cells = [_of_all(purpose["score"]), _of_all(purpose["half"]), *map(_need, purpose["needs"])]
        body.append(html.Tr([html.Th(_(words), scope="row"),
                             *(html.Td(html.Div(cell), className=kind, **marks(data_label=head))
                               for cell, (head, kind) in zip(cells, heads[1:], strict=True))]))  # fmt: skip
    top = html.Tr([html.Th(head, scope="col", className=kind) for head, kind in heads])
    table = html.Table([html.Thead(top), html.Tbody(body)], className="figures stacked")
    said = _("{month}: {score} of 100 by what 95 % of {n} tests reach; {half} by what half of them reach.").format(
        month=month[:1].upper() + month[1:], score=score(found["score"]), half=score(found["half"]),
        n=cldr.count(newest["tests"]))  # fmt: skip
    note = _("Internet Quality Barometer of M-Lab: the weighted share of requirements that are met. Under each "
             "requirement, how many of the tests meet it. Recorded, never a live value.")  # fmt: skip
    link = html.P([html.Span([_("Source: "), html.A(_("M-Lab NDT"), href="/sources#mlab_ndt")]),
                   html.A(_("Method"), href="/method#quality")], className="credit")  # fmt: skip
    return shell.section(title, html.P(said), html.Div(table, className="scroll"), link, note=note, id="iqb")


def score(value: float | None) -> str:
    """A score as a number from 0 to 100."""
    return _("not known") if value is None else cldr.fixed(value * 100)


def _of_all(value: float | None) -> str:
    return score(value) if value is None else _("{n} of 100").format(n=score(value))


def _need(need: Need) -> list[Any]:
    limit = {"rtt": _("at most {n} ms"), "loss": _("at most {n} %")}.get(need["need"], _("at least {n} Mbit/s"))
    number = need["limit"] * 100 if need["need"] == "loss" else need["limit"]
    if need["met"] is None:
        return [state.mark("insufficient", _("no data"))]
    mark = state.mark("ok", _("met")) if need["met"] else state.mark("degraded", _("not met"))
    share = need["share"]
    told = [limit.format(n=cldr.written(f"{number:g}"))]
    if share is not None:
        told.append(_("fewer than 1 % of tests") if share == 0 else _("at least {n} % of tests").format(
            n=cldr.fixed(share * 100)))  # fmt: skip
    return [mark, html.Small(": ".join(told).replace(" %", "\N{NO-BREAK SPACE}%"))]
