"""The view of one entity: what we say about it, by what, since when, and what went wrong there before.

Countries, networks, networks in a country and providers share it. Everything that it shows is handed to it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dash import html
from dash.development.base_component import Component

from radar import cldr, entities
from radar.components import network, numbers, outages, shell, state, times
from radar.components.ssr import marks
from radar.labels import ENTITY_TYPES, N_, PLANES, STATE_HELP, _, ngettext
from radar.shapes import EntityState, Outage, QualityRow
from radar.signals import SIGNALS, Signal

#: Rows of the quality block: signal, heading, is more better?
QUALITY: tuple[tuple[str, str], ...] = (
    ("ndt.download_p50", N_("Download speed")),
    ("ndt.upload_p50", N_("Upload speed")),
    ("ndt.rtt_p50", N_("Smallest round-trip time")),
    ("ndt.loss_p50", N_("Packet loss")),
)

#: Networks listed before the rest is folded away.
SHOWN = 12


def kicker(key: str) -> list[Any]:
    """What kind of thing it is, and where it lies."""
    entity = entities.parse(key)
    words: list[Any] = [_(ENTITY_TYPES[entity.type])]
    if entity.type == "asn" and network.is_global(key):
        words = [_("Global network")]
    if entity.type == "country":
        words += [" · ", _(entities.countries()[entity.code].subregion)]
    above = entities.parent(key)
    if above is not None:
        words += [" · ", html.A(entities.name(above), href=f"/{above}")]
    return words


def sentence(key: str, now_state: EntityState | None, open_outage: Outage | None) -> str:
    """The one sentence about an entity. Too little data is never called calm."""
    name = entities.name(key)
    if open_outage is not None:
        return outages.headline(open_outage)
    if now_state is None or now_state["state"] == "insufficient":
        return _("We have too little data on {name} to say.").format(name=name)
    if now_state["state"] == "ok" and now_state["words"] == _(STATE_HELP["ok"]):
        return _("{name}: all that we measure is within its usual range.").format(name=name)
    words = now_state["words"].rstrip(".")
    if words[1:2].islower():  # not a name or an abbreviation
        words = words[:1].lower() + words[1:]
    return _("{name}: {words}.").format(name=name, words=words)


def standing(now_state: EntityState | None, open_outage: Outage | None, now: str) -> Component:
    """State, since when, how deep, who agrees, how sure."""
    kind = now_state["state"] if now_state else "insufficient"
    parts: list[Any] = [state.mark(kind)]
    if open_outage is not None:
        parts += [times.span(open_outage["start"], open_outage["end"], now)]
        texts = (outages.depth(open_outage), outages.agreement(open_outage), outages.confidence(open_outage))
        parts += [html.Span(numbers.bound(text)) for text in texts if text]
        parts.append(outages.link(open_outage, _("How we know")))
    elif now_state is not None:
        if now_state["since"] and kind != "insufficient":
            parts.append(html.Span([_("since"), " ", times.time_ago(now_state["since"], now)]))
        if kind == "insufficient" and now_state["words"]:
            parts.append(html.Span(now_state["words"]))
    if now_state is not None and now_state["simulated"]:
        parts.append(state.simulated(True))
    return html.P(parts, className="facts standing")


def planes(conditions: Sequence[tuple[Signal, str, str, str]], verdicts: Mapping[str, str]) -> Component:
    """What routes, packets and quality each say. ``conditions``: (signal, title, condition, address of its chart)."""
    words = {
        "within": _("within its usual range"),
        "outside": _("at the edge of its usual range"),
        "weak": _("beyond the threshold"),
        "gone": _("most of it is missing"),
        "silent": _("no data just now"),
        "unjudged": _("cannot be judged just now"),
        "unknown": _("no baseline to hold it against"),
    }
    kinds = {"within": "ok", "outside": "ok", "weak": "degraded", "gone": "outage"}
    groups = []
    for plane in ("control", "data", "quality"):
        rows = [row for row in conditions if row[0].plane == plane]
        if not rows:
            text = _("We measure nothing here.") if plane != "quality" else None
            if text is not None:
                groups += [html.Dt(_(PLANES[plane])), html.Dd(text, className="none")]
            continue
        groups.append(html.Dt(_(PLANES[plane])))
        for _signal, title, condition, href in rows:
            mark = state.shape(kinds.get(condition, "insufficient"))
            line = [mark, html.A(title, href=href), html.Span(words[condition], className="said")]
            groups.append(html.Dd(line))
    verdict = [html.P(text, className="verdict") for text in verdicts.values() if text]
    return shell.section(_("Routes and packets"), *verdict, html.Dl(groups, className="planes"), id="planes")


def quality(rows: Sequence[QualityRow]) -> Component | None:
    """Monthly percentiles side by side, oldest first; None when there are none. A change is told where both months have
    enough tests to speak of a country."""
    if not rows:
        return None
    ordered = sorted(rows, key=lambda row: row["month"])
    few = any(row["iqb"].get("why") == "few_tests" for row in ordered if "iqb" in row)
    compared = len(ordered) > 1 and not few
    head = [html.Th(_("Median of tests"), scope="col")]
    head += [html.Th(times.month_words(row["month"]), scope="col", className="num") for row in ordered]
    if compared:
        head.append(html.Th(_("Change"), scope="col", className="num"))
    body = []
    for id, title in QUALITY:
        signal = SIGNALS[id]
        values = [row["values"].get(id) for row in ordered]
        if all(value is None for value in values):
            continue
        cells = [html.Td(_range_cell(row, id, signal), className="num") for row in ordered]
        if compared:
            cells.append(html.Td(_change(values[0], values[-1]), className="num"))
        body.append(html.Tr([html.Th(_(title), scope="row"), *cells]))
    tests = [html.Td(cldr.count(row["tests"]), className="num") for row in ordered]
    body.append(html.Tr([html.Th(_("Tests"), scope="row"), *tests, *([html.Td("")] if compared else [])]))
    note = _("Single-stream speed tests that people ran themselves; under each median, the middle half of tests. "
             "A month as recorded, never a live value.")  # fmt: skip
    if few:
        note += " " + _("Fewer than 100 tests in a month say nothing of a country, so no change is told.")
    table = html.Table([html.Thead(html.Tr(head)), html.Tbody(body)], className="figures")
    credit = html.P([_("Source: "), html.A(_("M-Lab NDT"), href="/sources#mlab_ndt")], className="credit")
    return shell.section(_("Quality, from speed tests"), html.Div(table, className="scroll"), credit, id="quality",
                         note=note)  # fmt: skip


def _range_cell(row: QualityRow, id: str, signal: Signal) -> list[Any]:
    value = row["values"].get(id)
    if value is None:
        return [_("no data")]
    found: list[Any] = [numbers.quantity(value, signal)]
    ends = [end for part in ("_p25", "_p75") if (end := row["values"].get(id.replace("_p50", part))) is not None]
    if len(ends) == 2:
        low, high = sorted(ends)  # p25 of a delay or a loss is its worse end
        text = _("{low} to {high}").format(low=numbers.rough(low), high=numbers.rough(high))
        if signal.scale in ("share", "ratio"):
            text = _("{low} to {high} %").format(low=numbers.rough(low * 100), high=numbers.rough(high * 100))
        found.append(html.Small(text.replace(" %", "\N{NO-BREAK SPACE}%")))
    return found


def _change(first: float | None, last: float | None) -> str:
    if first is None or last is None or first == 0:
        return "–"
    return cldr.written(f"{(last / first - 1) * 100:+,.0f}").replace("-", "−") + "\N{NO-BREAK SPACE}%"


def related(title: str, rows: Sequence[tuple[str, EntityState]], *, id: str) -> Component | None:
    """Related entities with their state, worst first; the rest folded away."""
    if not rows:
        return None
    rank = {kind: place for place, kind in enumerate(state.ORDER)}
    ordered = sorted(rows, key=lambda row: (rank[row[1]["state"]], -(row[1]["depth"] or 0.0), row[0]))
    body = [_related(key, seen) for key, seen in ordered]
    parts: list[Any] = [html.Ul(body[:SHOWN], className="plain nets")]
    if len(body) > SHOWN:
        more = len(body) - SHOWN
        label = ngettext("{n} more", "{n} more", more).format(n=more)
        parts.append(html.Details([html.Summary(label), html.Ul(body[SHOWN:], className="plain nets")]))
    return shell.section(title, *parts, id=id)


def _related(key: str, seen: EntityState) -> Component:
    depth = html.Span(_("−{n} %").format(n=cldr.fixed(seen["depth"] * 100)), className="num") if seen["depth"] else None
    name = cldr.region(key[7:]) if key.startswith("region/") else None  # their country is that of the page
    return html.Li([html.A(name or outages.name_of(key), href=f"/{key}"), depth, state.mark(seen["state"])])


def jump(ids: Sequence[tuple[str, str]]) -> Component:
    """Links to the parts of the page, for a long page on a small screen."""
    links = [html.A(words, href=f"#{id}") for id, words in ids]
    return html.Nav(links, className="jump", **marks(aria_label=_("On this page")))
