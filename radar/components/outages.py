"""Outages in lists: one plain sentence each, and under it since when, how deep, how sure, who agrees, why perhaps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from dash import html
from dash.development.base_component import Component

from radar import cldr, known
from radar.components import numbers, reviews, state, times
from radar.components.ssr import marks
from radar.figures.matrix import WENT_DARK, went_dark
from radar.figures.world import Region
from radar.known import country_of as country_of
from radar.known import name_of as name_of
from radar.labels import CAUSES, STATES, STATUSES, VERDICTS, _, confidence_words, ngettext
from radar.shapes import Outage, OutageSignal
from radar.signals import SIGNALS

#: Names in the heading before "and n more".
NAMED = 3

#: What the detector's headlines go by (``Case.main``): rules of rises before all else; among the losses that are about
#: as deep as the deepest, first what shows whether addresses can be reached.
_RISES, _FIRST, _AS_DEEP = ("load_rise", "match_rise"), {"ping": 0, "edge": 1, "bgp": 2}, 0.9


def headline(outage: Outage) -> str:
    """The outage in one sentence; a plain one is made where none was published."""
    given = outage.get("headline")
    if given:
        return numbers.bound(given)
    level = _("an outage") if outage["level"] == "outage" else _("degraded service")
    return _("{name}: {level}.").format(name=name_of(outage["entity"]), level=level)


def place(outage: Outage) -> str:
    """The address of what the outage is about: of a firewall's rule its view, else the entity's page."""
    if outage.get("about"):
        return f"/attacks?{urlencode({'rule': outage['about']})}"
    return f"/{outage['entity']}"


def link(outage: Outage, text: Any = None) -> Component:
    """A link to the outage's page."""
    return html.A(headline(outage) if text is None else text, href=f"/outage/{outage['id']}")


def agreement(outage: Outage) -> str:
    """How many of the independent signals saw it in all its time: "2 of 4 signals have seen it, 1 cannot see"."""
    total = len(outage["signals"])
    if not total:
        return _("no signal is named")
    sees, blind = counts(outage)
    if outage["status"] == "open":
        text = ngettext("{n} of {m} signals has seen it", "{n} of {m} signals have seen it", sees)
    else:
        text = ngettext("{n} of {m} signals saw it", "{n} of {m} signals saw it", sees)
    if total == 1:
        text = _("{n} of {m} signal has seen it") if outage["status"] == "open" else _("{n} of {m} signal saw it")
    text = text.format(n=sees, m=total)
    return text + (ngettext(", {n} cannot see", ", {n} cannot see", blind).format(n=blind) if blind else "")


def counts(outage: Outage) -> tuple[int, int]:
    """How many of its signals see it, and how many cannot see; one that saw it and then went dark has seen it."""
    sees = sum(row["verdict"] == "affected" or went_dark(row) for row in outage["signals"])
    blind = sum(row["verdict"] == "insufficient" and not went_dark(row) for row in outage["signals"])
    return sees, blind


def main_signal(outage: Outage) -> OutageSignal | None:
    """The signal that the headline tells of: cards and small lines draw this one. None where none saw it."""
    seen = [row for row in outage["signals"] if row["first_seen"] is not None]
    made = [row for row in seen if "numbers" in row] or seen

    def depth_of(row: OutageSignal) -> float:
        return row.get("depth") or 0.0

    def name(row: OutageSignal) -> str:
        return f"{row['signal']}@{row['source']}"

    def rule(row: OutageSignal) -> str:
        return row["numbers"]["rule"] if "numbers" in row else ""

    if rises := [row for row in made if rule(row) in _RISES]:
        return max(rises, key=lambda row: (depth_of(row), name(row)))
    least = _AS_DEEP * max(map(depth_of, made), default=0.0)
    deep = [row for row in made if depth_of(row) >= least and rule(row) != "latency_rise"] or made
    return min(deep, default=None, key=lambda row: (_FIRST.get(row["signal"].partition(".")[0], 3), -depth_of(row),
                                                    name(row)))  # fmt: skip


def verdict(row: OutageSignal) -> str:
    """What one signal says of it: "sees it", "does not see it", "cannot see"; "saw it, then no data"."""
    return _(WENT_DARK if went_dark(row) else VERDICTS[row["verdict"]])


def depth(outage: Outage) -> str | None:
    """ "93 % below normal"; None when the depth is not known, or nothing fell (more failures, longer delays)."""
    value = outage["severity"]["depth"]
    seen = [SIGNALS.get(row["signal"]) for row in outage["signals"] if row["first_seen"]]
    if seen and all(signal is not None and signal.bad == "high" for signal in seen):
        return None
    if value is None:
        return None
    now = outage["severity"].get("now")
    if outage["status"] == "open" and now is not None:
        return _("{n} % below normal now, {m} % at the worst").format(
            n=cldr.fixed(now * 100), m=cldr.fixed(value * 100)
        )
    return _("{n} % below normal").format(n=cldr.fixed(value * 100))


def confidence(outage: Outage) -> str:
    """ "confidence high (97 %)"."""
    p = outage["confidence"]
    words = _("confidence {words}").format(words=confidence_words(p))
    return words if p is None else f"{words} ({p * 100:.0f} %)"


#: A cause that is less likely than this is not mentioned in a list.
WORTH_A_HINT = 0.3


def hint(outage: Outage) -> str | None:
    """The likeliest cause as a hypothesis, which is said to be none where it is not likely enough to be named first;
    None when none is likelier than "not known"."""
    best = known.likeliest(outage)
    if best is None or best["cause"] == "unknown" or best["p"] < WORTH_A_HINT:
        return None
    words, p = _(CAUSES.get(best["cause"], best["cause"])), cldr.fixed(best["p"] * 100)
    if "by" in best:
        return _("{cause}, says {name}").format(cause=words[:1].upper() + words[1:], name=best["by"])
    if known.named_cause(outage) is None:
        return _("Cause not known; {cause} is likeliest ({p} %)").format(cause=words, p=p)
    return _("Perhaps {cause} ({p} %)").format(cause=words, p=p)


def when(outage: Outage, now: str) -> Component:
    """From when to when. What lasts in a recorded set lasts to the end of the recording, not until now."""
    if outage.get("history") and outage["end"] is None:
        return html.Span([_("from "), times.time(outage["start"], now), _(" to the end of the recording")])
    return times.span(outage["start"], outage["end"], now)


def told(outage: Outage) -> list[str]:
    """What is said under the sentence: how deep it is, who sees it, how sure that is, and a hint at the cause."""
    texts = (depth(outage), agreement(outage), confidence(outage), hint(outage))
    return [numbers.bound(text) for text in texts if text is not None]


def facts(outage: Outage, now: str) -> Component:
    """The line under the sentence."""
    parts: list[Any] = [when(outage, now), *(html.Span(text) for text in told(outage))]
    parts += reviews.marks(outage, now)
    if outage["simulated"]:
        parts.append(state.simulated(True))
    return html.P(parts, className="facts")


def shape_of(outage: Outage) -> Component:
    """Shape and word: the level while it is open, the status afterwards."""
    if outage["status"] == "open":
        return state.mark(outage["level"], _("More attempts") if outage.get("about") else None)
    kind = "insufficient" if outage["status"] == "retracted" else "ok"
    return state.mark(kind, _(STATUSES[outage["status"]]))


def item(outage: Outage, now: str, children: Sequence[Outage] = (), spark: Component | None = None) -> Component:
    """One outage with a small line of its worst series, and the outages that are part of it folded under it."""
    inside: list[Any] = [
        html.Div([shape_of(outage), html.A(name_of(outage["entity"]), href=place(outage), className="place"),
                  spark], className="item-head"),
        html.H3(link(outage), className="sentence"),
        facts(outage, now),
    ]  # fmt: skip
    if children:
        label = ngettext("{n} part of it", "{n} parts of it", len(children)).format(n=len(children))
        rows = [html.Li([shape_of(row), " ", link(row), facts(row, now)]) for row in children]
        inside.append(html.Details([html.Summary(label), html.Ul(rows, className="plain parts")]))
    article = html.Article(inside, className=f"item s-{outage['level']} is-{outage['status']}")
    return html.Li(article, **marks(data_places=" ".join(places((outage, *children))) or None))


def places(outages: Sequence[Outage]) -> list[str]:
    """The codes of the countries and regions that outages touch, a region after its country."""
    found: dict[str, None] = {}
    for row in outages:
        if code := country_of(row["entity"]):
            found[code] = None
        if region := _region_of(row):
            found[region] = None
    return list(found)


def regions(open_now: Sequence[Outage], picked: str = "") -> list[Region]:
    """What the map marks within countries: regions with an open outage that is no part of another, for the whole tells
    of its parts. ``picked``: a region that is there in any case."""
    found: dict[str, Outage] = {}
    for row in by_urgency([row for row, _parts in wholes(open_now) if not row.get("about")]):
        if code := _region_of(row):
            found.setdefault(code, row)
    inside = next((row for row in by_urgency(open_now) if picked and _region_of(row) == picked), None)
    if inside is not None:
        found.setdefault(picked, inside)
    marked = [_marked(code, row) for code, row in found.items()]
    if "-" in picked and picked not in found:
        name = name_of(f"region/{picked}")
        words = _("{name}: {state}").format(name=name, state=_("Nothing open here."))
        marked.append(Region(picked, name, "none", words))
    return marked


def _marked(code: str, outage: Outage) -> Region:
    name = name_of(outage["entity"])
    words = _("{name}: {state} in this region since {time}").format(
        name=name, state=_(STATES[outage["level"]]), time=times.words(outage["start"])
    )
    if outage["simulated"]:
        words = _("{text} (simulated)").format(text=words)
    return Region(code, name, outage["level"], words, outage["simulated"])


def _region_of(outage: Outage) -> str:
    """The ISO 3166-2 code of the region that an outage is about; "" where it is about another thing."""
    kind, _slash, code = outage["entity"].partition("/")
    return code if kind == "region" else ""


def wholes(outages: Sequence[Outage]) -> list[tuple[Outage, list[Outage]]]:
    """Each outage with those that are part of it. A part stands by itself where its whole is not among them, and
    where it goes on while its whole has ended or was taken back."""
    known = {row["id"]: row for row in outages}
    parts: dict[str, list[Outage]] = {}
    tops = []
    for row in outages:
        whole = known.get(row.get("parent") or "")
        if whole is None or (row["status"] == "open" != whole["status"]):
            tops.append(row)
        else:
            parts.setdefault(whole["id"], []).append(row)
    return [(row, parts.get(row["id"], [])) for row in tops]


def sorts(outages: Sequence[Outage]) -> tuple[list[Outage], list[Outage], list[Outage], list[Outage]]:
    """Outages that stand by themselves; parts of others; rises of attempts, which are none; and recorded history."""
    recorded = [row for row in outages if row.get("history")]
    current = [row for row in outages if not row.get("history")]
    rises = [row for row in current if row.get("about")]
    found = wholes([row for row in current if not row.get("about")])
    return [row for row, _parts in found], [part for _row, parts in found for part in parts], rises, recorded


def listing(outages: Sequence[Outage], now: str, sparks: Mapping[str, Component] | None = None) -> Component:
    """A list in which parts stand under their whole."""
    lines = sparks or {}
    rows = [item(row, now, parts, lines.get(row["id"])) for row, parts in wholes(outages)]
    return html.Ul(rows, className="plain items")


def by_urgency(outages: Sequence[Outage]) -> list[Outage]:
    """Worst first: level, then countries before networks, then depth, then the newest."""
    newest = sorted(outages, key=lambda row: row["start"], reverse=True)
    return sorted(
        newest,
        key=lambda row: (
            row["level"] != "outage",
            not row["entity"].startswith("country/"),
            -(row["severity"]["depth"] or 0.0),
        ),
    )


def listed(outages: Sequence[Outage]) -> list[Outage]:
    """Those that nobody muted: what the front page lists and what people are notified of."""
    return [row for row in outages if "muted" not in row]


def heading(
    open_now: Sequence[Outage], *, blind: bool = False, muted: bool = False, past: bool = False, stalled: bool = False
) -> str:
    """What is broken now, in one sentence; calm is never claimed beyond what we see. ``blind``: no place has enough
    data to say anything. ``muted``: others are open and not among ``open_now``. ``past``: it is of an earlier
    moment. ``stalled``: nothing new has come for too long, so it is of then and not of now."""
    # attempts on a firewall's rule are news, and nothing is broken by them
    tops = [row for row, _parts in wholes(open_now) if not row.get("about")]
    down = [row for row in tops if row["level"] == "outage"]
    weak = [row for row in tops if row["level"] == "degraded"]
    if stalled and not tops:
        return _("We cannot say how it is now: nothing new has come in.")
    if past or stalled:
        return _heading_then(down, weak, blind=blind)
    if not tops and blind:
        return _("We cannot say yet: too little data has come in.")
    if not tops and muted:
        return _("We see no large outage just now but what is muted.")
    if not tops:
        return _("We see no large outage just now.")
    if down and not weak:
        return _("Outage now: {names}.").format(names=_names(down))
    if down:
        return _("Outage now: {names}. Degraded: {others}.").format(names=_names(down), others=_names(weak))
    return _("Degraded now: {others}. We see no large outage.").format(others=_names(weak))


def _heading_then(down: Sequence[Outage], weak: Sequence[Outage], *, blind: bool) -> str:
    """The same of an earlier moment."""
    if down and weak:
        return _("Outage then: {names}. Degraded: {others}.").format(names=_names(down), others=_names(weak))
    if down:
        return _("Outage then: {names}.").format(names=_names(down))
    if weak:
        return _("Degraded then: {others}. We saw no large outage.").format(others=_names(weak))
    if blind:
        return _("We could not say then: too little data had come in.")
    return _("We saw no large outage then.")


def _names(rows: Sequence[Outage]) -> str:
    # "Inc." at the end of a sentence has its full stop already
    names = list(dict.fromkeys(name_of(row["entity"]).removesuffix(".") for row in rows))
    if len(names) > NAMED + 1:
        rest = len(names) - NAMED
        return _("{names} and {n} more").format(names=", ".join(names[:NAMED]), n=rest)
    return cldr.joined(names)
