"""``/scoreboard``: how often the detector was right: in the exam that anyone can repeat, and in what it published here.

The exam's table is a file that ``radar backtest --exam full --write`` makes (``radar/data/accuracy.json``); the live
part is counted from the published outages and from what people said of them.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import lru_cache
from importlib.resources import files
from typing import Any

from dash import html
from dash.development.base_component import Component

from radar import cldr
from radar.components import causes, outages, shell
from radar.components.ssr import Raw, slot
from radar.components.times import parse
from radar.figures import shares
from radar.labels import N_, _, ngettext
from radar.pages import _read
from radar.shapes import Outage

shell.register_page(__name__, path="/scoreboard", title="Scoreboard")

#: Methods by their id in the file.
METHODS = {
    "radar": N_("this radar"), "ioda_ratio": N_("IODA's ratio"), "week_ago": N_("the week before"),
    "similar_days": N_("six most similar days"), "hour_of_week_z": N_("hour of the week"),
}  # fmt: skip
#: What people said that counts for and against an outage.
FOR, AGAINST = "confirm", "false_alarm"


def layout(**query: str) -> Component:
    """The page; the same for everyone."""
    card, snapshot = exam(), _read.snapshot()
    lede = _("How often this radar finds what is broken, how often it cries for nothing, and how long it takes.")
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


@lru_cache(maxsize=1)
def exam() -> dict[str, Any]:
    """The marks, as ``radar backtest --exam`` wrote them."""
    found: dict[str, Any] = json.loads(files("radar").joinpath("data/accuracy.json").read_text(encoding="utf-8"))
    return found


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
    middle = _minutes(delays[len(delays) // 2])
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
    body = []
    for row in rows:
        body.append(
            _line(html.Strong(_(row["name"])), _("aim"), row["aim"], word=_("met") if row["met"] else _("not met"))
        )
        body += [_line("", html.Strong(_(METHODS[name])) if name == "radar" else _(METHODS[name]), summary)
                 for name, summary in row["reached"].items()]  # fmt: skip
    return shell.section(
        _("Against what we aim at"),
        html.P(_("{met} of {n} aims are met.").format(met=sum(row["met"] for row in rows), n=len(rows))),
        _table([_("World"), _("Method"), *_heads(), _("Aim")], body),
        note=_("Generated worlds with outages and with what must not be called one. Other methods stand beside us, "
               "made anew from their public descriptions and given their best threshold."),
        id="targets",
    )  # fmt: skip


def _speed(rows: Sequence[dict[str, Any]]) -> Component:
    """Bars: the median time until an outage is found."""
    known = [(_(r["name"]), r["reached"]["radar"]["ttd_p50_s"]) for r in rows if r["reached"]["radar"]["ttd_p50_s"]]
    most = max((seconds for _name, seconds in known), default=1.0)
    body = []
    for name, seconds in known:
        words = _("{name}: {time}").format(name=name, time=_minutes(seconds))
        bar = Raw(shares.svg([shares.Part(seconds / most, "full")], words))
        body.append(
            html.Tr([html.Td(name), html.Td(_minutes(seconds), className="short"), html.Td(bar, className="bar-cell")])
        )
    drawn = _table([_("World"), _("Time"), _("As a bar")], body)
    return shell.section(_("Time to detect, median"), slot("speed-bars", drawn), id="speed",
                         class_name="scoreboard")  # fmt: skip


def _worlds(rows: Sequence[dict[str, Any]]) -> Component:
    body = []
    for row in rows:
        ours = row["methods"]["radar"]
        bands = ", ".join(f"{_(r['band'])}: {r['detected']}/{r['events']}" for r in row["by_depth"])
        sizes = ", ".join(f"{_(r['band'])}: {r['detected']}/{r['events']}" for r in row["by_volume"])
        body.append(html.Tr([html.Td(_(row["world"])), *_cells(ours), html.Td(bands), html.Td(sizes)]))
    heads = [_("World"), *_heads(), _("Found, by depth"), _("Found, by counts a bin")]
    return shell.section(_("All worlds, all sizes and depths"), _table(heads, body), id="worlds")


def _recorded(rows: Sequence[dict[str, Any]]) -> Component:
    body = []
    for row in rows:
        cells = _cells(row["summary"]) if row["summary"] else [html.Td(_("not at hand"), colSpan=4)]
        body.append(html.Tr([html.Td(_(row["name"])), *cells]))
    note = _("Real events. All three sets were known while the detector was written.")
    return shell.section(_("Recorded sets"), _table([_("Set"), *_heads()], body), note=note, id="recorded")


def _confidence(rows: Sequence[dict[str, Any]], told: dict[str, Any]) -> Component:
    body = []
    for row in rows:
        words = _("said {said} %, right {right} %").format(
            said=round(row["confidence"] * 100), right=round(row["right"] * 100)
        )
        bar = Raw(shares.svg([shares.Part(row["right"], "ok")], words))
        body.append(html.Tr([html.Td(_(row["band"])), html.Td(str(row["alarms"])), html.Td(words),
                             html.Td(bar, className="bar-cell")]))  # fmt: skip
    heads = [_("Confidence"), _("Alarms"), _("Said and right"), _("As a bar")]
    note = _("This rests on simulation and the few real cases.")
    drawn = slot("confidence-bars", _table(heads, body))
    before = []
    if told["brier"] is not None:
        words = _("Mean squared error of what was said: {now}. It was {before} when {stated} % was said of every "
                  "alarm, before the confidence was learnt from other simulated outages.")  # fmt: skip
        before = [html.P(words.format(now=cldr.fixed(told["brier"], 3), before=cldr.fixed(told["brier_stated"], 3),
                                      stated=round(told["stated"] * 100)))]  # fmt: skip
    return shell.section(
        _("Is the confidence true?"), drawn, *before, note=note, id="confidence", class_name="scoreboard"
    )


def _again(card: dict[str, Any]) -> Component:
    return shell.section(
        _("Do it yourself"),
        html.P(_("This command makes these tables. Bring your own data and events with --signals and --labels.")),
        html.Pre(card["command"]),
        class_name="prose",
    )


def _heads() -> list[str]:
    return [_("Found"), _("Right"), _("False alarms per entity and week"), _("Time to detect, median")]


def _line(name: Any, method: Any, summary: dict[str, Any], word: str = "") -> Component:
    return html.Tr([html.Td(name), html.Td(method), *_cells(summary), html.Td(word)])


def _cells(summary: dict[str, Any]) -> list[Component]:
    false = summary.get("false_alarms_per_entity_week")
    return [
        html.Td(_percent(summary.get("recall")), className="short"),
        html.Td(_percent(summary.get("precision")), className="short"),
        html.Td("–" if false is None else cldr.fixed(false, 3), className="short"),
        html.Td(_minutes(summary.get("ttd_p50_s")), className="short"),
    ]


def _table(heads: Sequence[str], body: Sequence[Component]) -> Component:
    head = html.Thead(html.Tr([html.Th(text) for text in heads]))
    return html.Div(html.Table([head, html.Tbody(list(body))], className="figures"), className="scroll", tabIndex=0)


def _percent(value: float | None) -> str:
    return "–" if value is None else f"{value * 100:.0f} %"


def _minutes(seconds: float | None) -> str:
    if seconds is None:
        return "–"
    if seconds >= 2 * 86_400:
        return _("{n} days").format(n=cldr.fixed(seconds / 86_400))
    return _("{n} min").format(n=cldr.fixed(seconds / 60))
