"""``/scoreboard``: how often the detector was right: in the exam that anyone can repeat, and in what it published here.

The exam's table is a file that ``radar backtest --exam full --write`` makes (``radar/data/accuracy.json``); the live
part is counted from the published outages and from what people said of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dash import html
from dash.development.base_component import Component

from radar import cldr
from radar.components import causes, kit, outages, shell, state
from radar.components.ssr import Raw, slot
from radar.components.times import parse
from radar.labels import N_, _, ngettext
from radar.pages import _exam, _read, _workers
from radar.shapes import Outage

shell.register_page(__name__, path="/scoreboard", title="Scoreboard")

#: Methods by their id in the file.
METHODS = {
    "radar": N_("this radar"), "ioda_ratio": N_("IODA's ratio"), "week_ago": N_("the week before"),
    "similar_days": N_("six most similar days"), "hour_of_week_z": N_("hour of the week"),
}  # fmt: skip
#: The cells of the table of all worlds that are figures.
FIGURES = range(4)
#: What people said that counts for and against an outage.
FOR, AGAINST = "confirm", "false_alarm"


def layout(**query: str) -> Component:
    """The page; the same for everyone."""
    card, snapshot = _exam.card(), _read.snapshot()
    lede = _lede(card["targets"])
    return shell.page(
        _("Scoreboard"),
        html.P(lede, className="lede"),
        _live(snapshot.outages),
        _targets(card["targets"]),
        _speed(card["targets"]),
        _worlds(card["worlds"]),
        _recorded(card["recorded"]),
        _confidence(card["reliability"], card["calibration"]),
        causes.scoreboard(),
        _again(card),
        description=lede,
        wide=True,
    )


def _lede(rows: Sequence[dict[str, Any]]) -> str:
    """The marks of this radar in one sentence, from the worst world to the best one."""
    ours = [row["reached"]["radar"] for row in rows]
    found, right, times = ([summary[key] for summary in ours] for key in ("recall", "precision", "ttd_p50_s"))
    return ngettext(
        "In {n} simulated world this radar finds {found} of the outages that it should, {right} of its alarms are "
        "right, and half of what it finds is published within {time}.",
        "In {n} simulated worlds this radar finds {found} of the outages that it should, {right} of its alarms are "
        "right, and half of what it finds is published within {time}, depending on the world.", len(rows)).format(
            n=len(rows), found=_parts(found), right=_parts(right), time=_times(times))  # fmt: skip


def _parts(shares_: Sequence[float]) -> str:
    """From the smallest to the largest: "91 to 99 %"."""
    low, high = (f"{share * 100:.0f}" for share in (min(shares_), max(shares_)))
    return _percent(max(shares_)) if low == high else _("{low} to {high} %").format(low=low, high=high)


def _times(seconds: Sequence[float]) -> str:
    low, high = _exam.minutes(min(seconds)), _exam.minutes(max(seconds))
    return low if low == high else _("{low} to {high}").format(low=low, high=high)


def tally(found: Sequence[Outage]) -> dict[str, Any]:
    """What was published here and what people said of it. ``delays``: seconds from onset to publication, ascending."""
    said = [{r["kind"] for r in row.get("reviews", []) if "withdrawn" not in r} for row in found]
    delays = sorted((parse(row["known_at"]) - parse(row["start"])).total_seconds() for row in found)
    return {
        "published": len(found),
        "retracted": sum(row["status"] == "retracted" for row in found),
        "confirmed": sum(FOR in kinds for kinds in said),
        "refuted": sum(AGAINST in kinds for kinds in said),
        "delays": delays,
    }


def _live(every: Sequence[Outage]) -> Component:
    wholes, parts, rises, recorded = outages.sorts(every)
    found = [*wholes, *parts, *rises]
    counted = tally(found)
    if not found:
        return shell.section(_("Here"), html.P(_("This radar has not published an outage yet.")), class_name="prose")
    text = _("{published} outages were published here. People confirmed {confirmed} of them and called {refuted} false "
             "alarms; {retracted} were taken back. Of the rest nobody has said anything.")  # fmt: skip
    delays = counted.pop("delays")
    middle = _exam.minutes(delays[len(delays) // 2])
    return shell.section(
        _("Here"),
        html.P([text.format(**counted), " ", _made_of(len(wholes), len(parts), len(rises), len(recorded))]),
        html.P(_("From the onset, as placed later, to publication: {time} in the median.").format(time=middle)),
        class_name="prose",
    )


def _made_of(wholes: int, parts: int, rises: int, recorded: int) -> str:
    """Why it is another number than that of the outages that are listed as open."""
    said = [ngettext("{n} stands by itself", "{n} stand by themselves", wholes).format(n=wholes)]
    if parts:
        said.append(ngettext("{n} is part of another", "{n} are parts of others", parts).format(n=parts))
    if rises:
        said.append(ngettext("{n} is a rise of attempts on a firewall's rule",
                             "{n} are rises of attempts on firewalls' rules", rises).format(n=rises))  # fmt: skip
    text = _("Counted is whatever was published since this radar runs, open or not: {what}.").format(
        what="; ".join(said)
    )
    if recorded:
        words = ngettext("{n} outage of recorded history is not counted.",
                         "{n} outages of recorded history are not counted.", recorded)  # fmt: skip
        text += " " + words.format(n=recorded)
    return text


def _targets(rows: Sequence[dict[str, Any]]) -> Component:
    bodies = []
    for row in rows:
        reached = _("aim met") if row["met"] else _("aim not met")
        head = html.Th([html.Strong(_(row["name"])), html.Small(reached)], colSpan=5, scope="rowgroup")
        lines = [_line(_("aim"), row["aim"])]
        lines += [_line(html.Strong(_(METHODS[name])) if name == "radar" else _(METHODS[name]), summary)
                  for name, summary in row["reached"].items()]  # fmt: skip
        bodies.append(html.Tbody([html.Tr(head), *lines]))
    return shell.section(
        _("Against what we aim at"),
        html.P(_("{met} of {n} aims are met.").format(met=sum(row["met"] for row in rows), n=len(rows))),
        _table([_("Method"), *_heads(explained=True)], bodies),
        note=_("Generated worlds with outages and with what must not be called one. Other methods stand beside us, "
               "made anew from their public descriptions and given their best threshold."),
        id="targets",
        class_name="explained",
    )  # fmt: skip


def _speed(rows: Sequence[dict[str, Any]]) -> Component:
    """Bars: the median time until an outage is found."""
    body = [
        html.Tr([html.Th(row.name, scope="row"), html.Td(row.figures, className="num"),
                 html.Td(Raw(row.bar()), className="bar-cell")])
        for row in _exam.speeds(rows)
    ]  # fmt: skip
    drawn = _table([_("World"), _("Time"), _("As a bar")], [html.Tbody(body)], bars=True)
    note = _("Of this radar, in the worlds above. It follows how often a signal is measured: an alarm needs some bins "
             "in a row.")  # fmt: skip
    return shell.section(_("Time to detect, median"), slot("speed-bars", drawn),
                         kit.offer("speed-bars", kit.figure("time-to-detect")), note=note, id="speed",
                         class_name="scoreboard")  # fmt: skip


def _worlds(rows: Sequence[dict[str, Any]]) -> Component:
    heads = [_("World"), *_heads(), _("Found, by depth"), _("Found, by counts a bin")]
    body = []
    for row in rows:
        cells = [*_marks(row["methods"]["radar"]), _bands(row["by_depth"]), _bands(row["by_volume"])]
        body.append(_workers.line(_(row["world"]), cells, heads, FIGURES))
    note = _("Of all outages, the shallow and the small ones too, which are hard to tell from chance. Depth: the part "
             "of what is normal that is lost.")  # fmt: skip
    return shell.section(
        _("All worlds, all sizes and depths"), _workers.table(heads, body, FIGURES), note=note, id="worlds"
    )


def _bands(rows: Sequence[dict[str, Any]]) -> Component:
    """How many were found of how many there were, a line for each band."""
    words = _("{band}: {found} of {n}")
    lines = [words.format(band=_(r["band"]), found=r["detected"], n=r["events"]) for r in rows]
    return html.Ul([html.Li(line) for line in lines], className="plain")


def _recorded(rows: Sequence[dict[str, Any]]) -> Component:
    body = []
    for row in rows:
        cells = _cells(row["summary"]) if row["summary"] else [html.Td(_("not at hand"), colSpan=4)]
        body.append(html.Tr([html.Th(_(row["name"]), scope="row"), *cells]))
    note = _("Real events. All three sets were known while the detector was written.")
    table = _table([_("Set"), *_heads()], [html.Tbody(body)])
    return shell.section(_("Recorded sets"), table, note=note, id="recorded")


def _confidence(rows: Sequence[dict[str, Any]], told: dict[str, Any]) -> Component:
    body = []
    for row, bar in zip(rows, _exam.confidences(rows), strict=True):
        told_of = (bar.alarms, _percent(row["confidence"]), _percent(row["right"]))
        figures = [html.Td(text, className="num") for text in told_of]
        body.append(html.Tr([html.Th(bar.name, scope="row"), *figures, html.Td(Raw(bar.bar()), className="bar-cell")]))
    heads = [_("Confidence"), _("Alarms"), _("Said, mean"), _("Were right"), _("As a bar")]
    note = _(
        "Of the alarms of which so much was said, so many were right. This rests on simulation and the few real cases."
    )
    drawn = [slot("confidence-bars", _table(heads, [html.Tbody(body)], bars=True)),
             kit.offer("confidence-bars", kit.figure("confidence"))]  # fmt: skip
    before = []
    if told["brier"] is not None:
        words = _("Mean squared error of what was said: {now}. It was {before} when {stated} % was said of every "
                  "alarm, before the confidence was learnt from other simulated outages.")  # fmt: skip
        before = [html.P(words.format(now=cldr.fixed(told["brier"], 3), before=cldr.fixed(told["brier_stated"], 3),
                                      stated=round(told["stated"] * 100)))]  # fmt: skip
    return shell.section(
        _("Is the confidence true?"), *drawn, *before, note=note, id="confidence", class_name="scoreboard"
    )


def _again(card: dict[str, Any]) -> Component:
    words = _("This command makes these tables. Bring your own data and events with its options:")
    return shell.section(
        _("Do it yourself"),
        html.P([words, " ", html.Code("--signals"), " ", html.Code("--labels")]),
        html.Pre(card["command"]),
        class_name="prose",
    )


def _heads(*, explained: bool = False) -> list[Any]:
    """The marks; ``explained``: each with a line that says what it is."""
    heads = [
        (_("Found"), _("How many of the outages that there were: recall.")),
        (_("Right"), _("How many of the alarms were of an outage: precision.")),
        (_("False alarms per entity and week"), _("Alarms of which no outage was there, for each place or network.")),
        (_("Time to detect, median"), _("From the onset to the publication, of those that were found.")),
    ]
    return [[word, " ", state.what(help)] if explained else word for word, help in heads]


def _line(method: Any, summary: dict[str, Any]) -> Component:
    return html.Tr([html.Th(method, scope="row"), *_cells(summary)])


def _marks(summary: dict[str, Any]) -> list[str]:
    false = summary.get("false_alarms_per_entity_week")
    return [
        _percent(summary.get("recall")),
        _percent(summary.get("precision")),
        "–" if false is None else cldr.fixed(false, 3),
        _exam.minutes(summary.get("ttd_p50_s")),
    ]


def _cells(summary: dict[str, Any]) -> list[Component]:
    return [html.Td(text, className="num") for text in _marks(summary)]


def _table(heads: Sequence[Any], bodies: Sequence[Component], *, bars: bool = False) -> Component:
    """A table whose columns are figures but the first, and the last one where that is of ``bars``."""
    last = len(heads) - 1
    plain = {0, last} if bars else {0}
    cells = [html.Th(head, scope="col", className="" if i in plain else "num") for i, head in enumerate(heads)]
    table = html.Table([html.Thead(html.Tr(cells)), *bodies], className="figures views")
    return html.Div(table, className="scroll", tabIndex=0)


def _percent(value: float | None) -> str:
    return "–" if value is None else f"{value * 100:.0f} %"
