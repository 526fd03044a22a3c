"""Outages as a table that can be put in order by its columns, and the form that narrows it.

Both work without scripts: a column's heading is a link, the form a GET. With scripts ``assets/outages.js`` changes the
list in place.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from html import escape
from typing import Any

from dash import html
from dash.development.base_component import Component

from radar import cldr, known
from radar.components import numbers, outages, reviews, state, times
from radar.components.ssr import marks
from radar.labels import CAUSES, N_, STATES, STATUSES, _, confidence_words, ngettext
from radar.shapes import Cause, Outage

#: Columns: what they are put in order by, their heading, whether the largest comes first at the first click.
COLUMNS: tuple[tuple[str, str, bool], ...] = (
    ("place", N_("Outage"), False),
    ("start", N_("Began"), True),
    ("minutes", N_("Lasted"), True),
    ("depth", N_("Depth"), True),
    ("share", N_("Users hit"), True),
    ("confidence", N_("Confidence"), True),
    ("signals", N_("Signals"), True),
)

#: The orders of the form, which small screens need, as they show no columns.
ORDERS: tuple[tuple[str, str], ...] = (
    ("status", N_("Ongoing ones first")),
    ("-start", N_("Newest first")),
    ("start", N_("Oldest first")),
    ("-minutes", N_("Longest first")),
    ("minutes", N_("Shortest first")),
    ("-depth", N_("Deepest first")),
    ("depth", N_("Shallowest first")),
    ("-share", N_("Most users first")),
    ("share", N_("Fewest users first")),
    ("-confidence", N_("Surest first")),
    ("confidence", N_("Least sure first")),
    ("-signals", N_("Most signals first")),
    ("signals", N_("Fewest signals first")),
    ("place", N_("By name")),
    ("-place", N_("By name, backwards")),
)

#: Steps of the form: minutes that it lasted at least, and the least confidence.
MINUTES = (15, 60, 6 * 60, 24 * 60, 7 * 24 * 60)
CONFIDENCES = (0.5, 0.7, 0.9)


def table(rows: Sequence[Outage], now: str, sort: str, href: Callable[[str], str], caption: str) -> Component:
    """The table. Parts stand folded under their whole where it is among the rows; else by themselves.

    Parameters
    ----------
    sort
        What the rows are put in order by: a name of ``known.ORDERS``, with "-" in front from the largest down.
    href
        Address of the page in another order.
    """
    head = html.Tr([*(_heading(*column, sort, href) for column in COLUMNS),
                    html.Th(_("Perhaps"), scope="col", className="wide-only")])  # fmt: skip
    body = [_row(row, now, parts) for row, parts in outages.wholes(rows)]
    return html.Table([html.Caption(caption, className="sr"), html.Thead(head), html.Tbody(body)],
                      className="figures views outages")  # fmt: skip


def _heading(name: str, words: str, down: bool, sort: str, href: Callable[[str], str]) -> Component:
    here = {name: "ascending", f"-{name}": "descending"}.get(sort)
    first, second = (f"-{name}", name) if down else (name, f"-{name}")
    link = html.A(_(words), href=href(second if sort == first else first), **marks(data_sort=name))
    shown = "" if name == "place" else "wide-only num"
    return html.Th(link, scope="col", className=shown or None, **marks(aria_sort=here))


def _row(outage: Outage, now: str, parts: Sequence[Outage]) -> Component:
    severity = outage["severity"]
    best = known.likeliest(outage)
    depth = severity["depth"] if outages.depth(outage) is not None else None
    inside: list[Any] = [
        html.Div([outages.shape_of(outage), html.A(outages.name_of(outage["entity"]), href=outages.place(outage),
                                                   className="place"), state.simulated(outage["simulated"])],
                 className="item-head"),
        html.Div(outages.link(outage), className="sentence"),
        html.Div(outages.facts(outage, now), className="narrow-only"),
        _said(outage, now),
    ]  # fmt: skip
    if parts:
        label = ngettext("{n} part of it", "{n} parts of it", len(parts)).format(n=len(parts))
        rows = [html.Li([outages.shape_of(row), " ", outages.link(row), outages.facts(row, now)]) for row in parts]
        inside.append(html.Details([html.Summary(label), html.Ul(rows, className="plain parts")]))
    cells = [
        times.time(outage["start"], now),
        _lasted(outage, now),
        _percent(depth),
        _percent(severity["share"]),
        _sure(outage["confidence"]),
        _signals(outage),
    ]
    return html.Tr([
        html.Th(inside, scope="row"),
        *(html.Td(cell, className="num wide-only") for cell in cells),
        html.Td(_cause(best, named=known.named_cause(outage) is not None), className="wide-only"),
    ], className=f"item s-{outage['level']} is-{outage['status']}")  # fmt: skip


def _cause(best: Cause | None, *, named: bool) -> Any:
    """The likeliest cause, and how likely; as the lesser thing where it is not likely enough to be named."""
    if best is None or best["cause"] == "unknown":
        return _unknown()
    words = _(CAUSES.get(best["cause"], best["cause"]))
    if "by" in best:
        return [words, html.Small(_("says {name}").format(name=best["by"]))]
    if named:
        return [words, html.Small(_percent(best["p"]))]
    return [_(CAUSES["unknown"]), html.Small(_("likeliest: {cause}, {p}").format(cause=words, p=_percent(best["p"])))]


def _said(outage: Outage, now: str) -> Component | None:
    """What people said of it. On small screens it stands in the line of facts."""
    found = reviews.marks(outage, now)
    return html.P(found, className="facts wide-only") if found else None


def _lasted(outage: Outage, now: str) -> list[Any]:
    if outage["end"] is not None or outage["status"] != "open":
        return [times.duration(outage["severity"]["minutes"])]
    if outage.get("history"):
        return [_unknown(), html.Small(_("to the end of the recording"))]
    minutes = (times.parse(now) - times.parse(outage["start"])).total_seconds() / 60
    return [times.duration(minutes), html.Small(_("so far"))]


def _percent(share: float | None) -> Any:
    if share is None:
        return _unknown()
    return _("under 0.1 %") if 0 < share < 0.001 else f"{numbers.rough(100 * share)} %"


def _sure(p: float | None) -> Any:
    return _unknown() if p is None else [f"{cldr.fixed(100 * p)} %", html.Small(confidence_words(p))]


def _signals(outage: Outage) -> list[Any]:
    sees, blind = outages.counts(outage)
    more = _("{n} cannot see").format(n=blind) if blind else None
    return [_("{n} of {m}").format(n=sees, m=len(outage["signals"])), html.Small(more)]


def _unknown() -> Component:
    return html.Span("–", title=_("not known"), **marks(aria_label=_("not known")), role="img")


# -- the form ---------------------------------------------------------------------------------------------------------


def form(published: Sequence[Outage], chosen: Mapping[str, str], *, at: str = "") -> str:
    """The form as HTML.

    Parameters
    ----------
    published
        Every outage: they say what can be chosen.
    chosen
        Parameters of the address by name.
    at
        The moment that the page is of, "" for now.
    """
    counts: Counter[str] = Counter(filter(None, (known.country_of(row["entity"]) for row in published)))
    asked = chosen.get("place", "")
    named = sorted((known.name_of(f"country/{code}"), code) for code in {*counts, *([asked] if asked else [])})
    networks = {row["entity"] for row in published if row["entity"].startswith(("asn/", "geoasn/", "provider/"))}
    rows = [
        ("place", _("Place"), _("Everywhere"), [(code, f"{name} ({counts[code]})") for name, code in named]),
        ("status", _("Status"), _("All"), [(key, _(word)) for key, word in STATUSES.items()]),
        ("level", _("Level"), _("All levels"), [(key, _(STATES[key])) for key in ("outage", "degraded")]),
        ("cause", _("Likeliest cause"), _("All causes"), [(key, _(word)) for key, word in CAUSES.items()]),
        ("min_minutes", _("Lasted"), _("Any time"),
         [(str(n), _("at least {duration}").format(duration=times.duration(n))) for n in MINUTES]),
        ("min_confidence", _("Confidence"), _("Any"),
         [(f"{p:g}", _("at least {n} %").format(n=cldr.fixed(100 * p))) for p in CONFIDENCES]),
        ("sort", _("Order"), "", [(key, _(word)) for key, word in ORDERS]),
    ]  # fmt: skip
    fields = [_select(name, label, empty, options, chosen.get(name, "")) for name, label, empty, options in rows]
    fields.insert(1, _network(chosen.get("network", ""), sorted({known.name_of(key) for key in networks})))
    hidden = f'<input type="hidden" name="at" value="{escape(at)}">' if at else ""
    words = escape(_("Narrow and order the list"))
    unfolded = " open" if any(name != "sort" for name in chosen) else ""
    return (
        f'<details class="fold"{unfolded}><summary>{words}</summary>'
        f'<form action="/outages" method="get" class="asks" data-narrows aria-label="{words}">{hidden}{"".join(fields)}'
        f'<div class="do"><button type="submit">{escape(_("Show"))}</button></div></form></details>'
    )


def _select(name: str, label: str, empty: str, options: Sequence[tuple[str, str]], chosen: str) -> str:
    """A choice. ``empty``: the words for asking for nothing; what is chosen is there even where it is no step of it."""
    rows = [*([("", empty)] if empty else []), *options]
    if chosen and chosen not in dict(rows):
        rows.append((chosen, f"≥ {chosen}"))
    inside = "".join(
        f'<option value="{escape(key)}"{" selected" if key == chosen else ""}>{escape(word)}</option>'
        for key, word in rows
    )
    return f'<label>{escape(label)}<select name="{name}">{inside}</select></label>'


def _network(chosen: str, names: Sequence[str]) -> str:
    hints = "".join(f'<option value="{escape(name)}"></option>' for name in names)
    return (
        f'<label>{escape(_("Network or provider"))}<input name="network" type="search" value="{escape(chosen)}" '
        f'maxlength="80" placeholder="{escape(_("Name or AS number"))}" list="outage-networks" autocomplete="off" '
        f'spellcheck="false"></label><datalist id="outage-networks">{hints}</datalist>'
    )
