"""Every drawing of the site that is no chart of a series, by the name that its address has."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from dash import html

from radar import entities, known
from radar.api import access
from radar.api.routing import standing
from radar.components import attacks as rules
from radar.components import attacks_map, outages, quality, record, routing, times
from radar.components.ssr import Raw, slot
from radar.figures import affected, map_file, matrix, reach, sheet, worldmap
from radar.labels import VERDICTS, _
from radar.pages import _attacks, _depends, _reach, _read, _seen, _tables
from radar.pages._chart import WrongAddress, time_of
from radar.pages._figure import Builder, Figure, Numbers, entity_of, one, outage_of
from radar.shapes import Outage, SourceStatus
from radar.store import performance, reliability

Query = Mapping[str, Any]

#: Pixels inside of the margins of a sheet.
ACROSS = sheet.WIDE - 2 * sheet.EDGE


def read(query: Query) -> Figure:
    """The drawing that ``name`` and its own parts of the address name. Raises WrongAddress, StoreUnavailable."""
    name = str(query.get("name", ""))
    if name not in FIGURES:
        raise WrongAddress(_("{name} is {value}; expected one of {choices}.").format(
            name="name", value=repr(name[:40]), choices=", ".join(FIGURES)))  # fmt: skip
    return FIGURES[name](query)


def _hours(query: Query) -> Figure:
    entity, what = entity_of(query), str(query.get("what", ""))
    if what not in quality.DAYS:
        raise WrongAddress(_("{name} is {value}; expected one of {choices}.").format(
            name="what", value=repr(what[:40]), choices=", ".join(quality.DAYS)))  # fmt: skip
    row, snapshot = performance.read(access.client(), entity), _read.snapshot()
    found = quality.day(row, what) if row is not None else None
    if row is None or found is None:
        raise WrongAddress(_("There are no hours of {name} to draw.").format(name=entities.name(entity)))
    source = snapshot.source("edge_logs")
    columns = found.columns

    def numbers() -> Numbers:
        hours = [found.first + timedelta(hours=i) for i in range(len(columns["median"]))]
        rows = [(hour, *(columns[name][i] for name in columns), found.unit) for i, hour in enumerate(hours)]
        return ("hour", *columns, "unit"), rows

    def drawing() -> tuple[str, int]:
        body = found.svg().replace('<svg class="ts hours"', '<svg class="ts hours" x="36" y="26" overflow="visible"'
                                   f' width="{ACROSS - 110}"', 1)  # fmt: skip
        return body, 220

    csv = f"/api/v1/signals?entity={entity}&signal=edge.{'rtt' if what == 'rtt' else 'throughput'}_p50_hour&format=csv"
    return Figure(
        id=found.id,
        title=f"{found.title}: {entities.name(entity)}",
        sentence=found.said,
        unit=found.unit,
        page=f"/{entity}#chart-{found.id}",
        named={"name": "hours", "entity": entity, "what": what},
        drawing=drawing,
        numbers=numbers,
        shown=quality.drawn(found, source, csv),
        whole=True,
        sources=one(source),
        simulated=found.simulated,
        moment=times.rfc3339(times.parse(row["hour"]) + timedelta(hours=1)),
    )


def _reliability(query: Query) -> Figure:
    entity = entity_of(query)
    row = reliability.read(access.client(), entity)
    if row is None or not row["year"]["watched"]:
        raise WrongAddress(_("We have not watched {name} for long enough.").format(name=entities.name(entity)))
    names = ("hours", "watched", "outage_s", "degraded_s", "outages", "longest_s")

    def numbers() -> Numbers:
        rows: list[list[Any]] = [[month["month"], *(month[name] for name in names)]  # type: ignore[literal-required]
                                 for month in row["months"]]  # fmt: skip
        return ("month", *names), rows

    def drawing() -> tuple[str, int]:
        return record.drawing(row).replace("<svg ", '<svg width="534" height="135" ', 1), 141

    return Figure(
        id="months",
        title=_("Reliability over twelve months: {name}").format(name=entities.name(entity)),
        sentence=record.sentence(row),
        unit=_("share of the watched time"),
        page=f"/{entity}#reliability",
        named={"name": "reliability", "entity": entity},
        drawing=drawing,
        numbers=numbers,
        shown=slot("months", lambda: Raw(record.drawing(row)), class_name="months-box"),
        sources=(),
        simulated=row["simulated"],
        moment=row["until"],
    )  # fmt: skip


def _losses(query: Query) -> Figure:
    table, snapshot = _read.routing(), _read.snapshot()
    source = snapshot.source(table["source"]) if table else None
    how = standing(table, snapshot.clock, source) if table else ""
    rows = routing.lost(table) if table is not None and how in routing.JUDGED and not snapshot.stalled_since else []
    if table is None or not rows:
        raise WrongAddress(_("No country is known to have lost announced space just now."))
    found = table
    return Figure(
        id="losses",
        title=_("Announced space that is gone"),
        sentence=routing.lost_words(found),
        unit=_("address space of a day before, %; /24 and /48 blocks"),
        page="/routing#countries",
        named={"name": "losses"},
        drawing=lambda: sheet.bars([
            sheet.Bar(row.name, row.bar(), 16, figures=f"{row.family} {row.change:+.1%}".replace("-", "−"))
            for row in rows
        ]),
        numbers=lambda: (("entity", "family", "change"),
                         [(row.entity, row.family, round(row.change, 6)) for row in rows]),
        shown=html.Div(routing.losses(found, how)),
        sources=one(source),
        simulated=all(view["simulated"] for view in found["countries"]),
        moment=snapshot.now,
    )  # fmt: skip


def _agreement(query: Query) -> Figure:
    outage, snapshot = outage_of(query)
    until = time_of("until", query)
    rows, first, step = _seen.rows(outage, snapshot, max(until, times.parse(outage["start_earliest"]) +
                                                         timedelta(hours=1)))  # fmt: skip
    if not rows:
        raise WrongAddress(_("No source has been asked about this yet."))
    named = {"name": "agreement", "outage": outage["id"], "until": times.rfc3339(until), **_at(snapshot)}

    def numbers() -> Numbers:
        cells = [
            (first + timedelta(seconds=step * i), step, row.signal, row.source, cell)
            for row in rows
            for i, cell in enumerate(row.cells)
        ]
        return ("from", "seconds", "signal", "source", "says"), cells

    sees, blind = outages.counts(outage)
    found = {"affected": sees, "not_affected": len(rows) - sees - blind, "insufficient": blind}
    said = "; ".join(f"{_(VERDICTS[verdict])}: {n}" for verdict, n in found.items())
    year = times.parse(snapshot.now).year
    return Figure(
        id="agreement",
        title=_("Who sees it: {outage}").format(outage=outages.headline(outage).rstrip(".")),
        sentence=_("Rows are independent signals. “Cannot see” is neither a yes nor a no.")
        + f" {said[:1].upper()}{said[1:]}.",
        unit=_("what each signal says of each stretch of time, UTC"),
        page=f"/outage/{outage['id']}#agreement",
        named=named,
        drawing=lambda: matrix.sheet_of(rows, start=first, step_s=step, year=year),
        numbers=numbers,
        shown=slot(
            "agreement-matrix", lambda: matrix.html(rows, start=first, step_s=step, year=year), class_name="scroll"
        ),
        sources=_sources(outage, snapshot),
        simulated=outage["simulated"],
        moment=times.rfc3339(until),
    )


def _networks_hit(query: Query) -> Figure:
    outage, snapshot = outage_of(query)
    blocks = _reach.blocks_of(outage, snapshot)
    if not blocks:
        raise WrongAddress(_("We know of no networks of {name}.").format(name=known.name_of(outage["entity"])))

    def drawing() -> tuple[str, int]:
        body = reach.svg(blocks, _reach.label()).replace('width="100%"', f'width="{ACROSS}"', 1)
        key, room = sheet.legend([(f'<g class="reach">{mark}</g>', words) for mark, words in reach.key_of(blocks, 12)])
        return f'{body}<g transform="translate(0,{reach.HEIGHT + 10})">{key}</g>', reach.HEIGHT + 10 + room

    return Figure(
        id="reach",
        title=_("Whom it hits: {outage}").format(outage=outages.headline(outage).rstrip(".")),
        sentence=_reach.sentence(blocks) + " "
        + _("Widths are estimates from announced addresses, not counts of people."),
        unit=_("people behind a network, as a share of all that are drawn"),
        page=f"/outage/{outage['id']}#reach",
        named={"name": "networks-hit", "outage": outage["id"], **_at(snapshot)},
        drawing=drawing,
        numbers=lambda: (("network", "name", "share", "state"),
                         [(block.short, block.name, round(block.share, 6), block.kind) for block in blocks]),
        shown=slot("reach-picture", lambda: reach.html(blocks, _reach.label())),
        sources=_sources(outage, snapshot),
        simulated=outage["simulated"],
        moment=snapshot.at or snapshot.now,
    )  # fmt: skip


def _where_hit(query: Query) -> Figure:
    outage, snapshot = outage_of(query)
    parts = _reach.parts_of(outage, snapshot)
    _said, reached = _depends.through(outage, parts, snapshot)
    found = _depends.places_of(outage, parts, reached, snapshot)
    if found is None:
        raise WrongAddress(_("All of it lies in one country."))

    def drawing() -> tuple[str, int]:
        high = round(ACROSS * worldmap.ASPECT[1] / worldmap.ASPECT[0])
        body = found.svg().replace("<svg ", f'<svg width="{ACROSS}" height="{high}" ', 1)
        key, room = sheet.legend(affected.key_of(found.dots))
        return f'{body}<g transform="translate(0,{high + 10})">{key}</g>', high + 10 + room

    return Figure(
        id="affected",
        title=_("Where they are: {outage}").format(outage=outages.headline(outage).rstrip(".")),
        sentence=found.said,
        unit=_("state of each country and network"),
        page=f"/outage/{outage['id']}#reach",
        named={"name": "where-hit", "outage": outage["id"], **_at(snapshot)},
        drawing=drawing,
        numbers=lambda: (("network", "country", "state"), [(dot.name, dot.country, dot.kind) for dot in found.dots]),
        shown=slot("affected-map", lambda: found.svg() + affected.legend(found.dots), class_name="affected-box"),
        sources=_sources(outage, snapshot),
        simulated=outage["simulated"],
        moment=snapshot.at or snapshot.now,
    )


def _origins(query: Query) -> Figure:
    snapshot = _read.snapshot()
    found = _attacks.published(snapshot.version)
    name, window = str(query.get("rule", "")), str(query.get("window", "24h"))
    rule = next((row for row in found["rules"] if row["id"] == name), None) if found else None
    if found is None or rule is None:
        raise WrongAddress(_("We know of no rule {id} that matched. Rules with few matches are dropped after a time.")
                           .format(id=name[:100]))  # fmt: skip
    if window not in ("24h", "7d"):
        raise WrongAddress(_("{name} is {value}; expected one of {choices}.").format(
            name="window", value=repr(window[:40]), choices="24h, 7d"))  # fmt: skip
    places = rule["day"] if window == "24h" else rule["week"]
    span = _("24 hours") if window == "24h" else _("7 days")

    def drawing() -> tuple[str, int]:
        marks = [(f'<rect class="swatch s-{kind}" width="12" height="12"/>', words)
                 for kind, words in attacks_map.key_of()]  # fmt: skip
        return map_file.body(attacks_map.drawing(places), marks)

    return Figure(
        id="origins",
        title=_("Where from, {span}: {rule}").format(span=span, rule=rules.title(rule)),
        sentence=attacks_map.sentence(places),
        unit=_("share of the requests that matched"),
        page=rules.href(rule, window=window),
        named={"name": "origins", "rule": rule["id"], "window": window},
        drawing=drawing,
        numbers=lambda: (("country", "matches", "share"),
                         [(row["entity"], row["matches"], row["share"]) for row in places["countries"]]),
        shown=attacks_map.world(places, "origins-map"),
        sources=one(snapshot.source(found["source"])),
        simulated=found["simulated"],
        moment=snapshot.now,
    )  # fmt: skip


#: By the name in an address.
FIGURES: dict[str, Builder] = {
    "hours": _hours,
    "reliability": _reliability,
    "losses": _losses,
    "agreement": _agreement,
    "networks-hit": _networks_hit,
    "where-hit": _where_hit,
    "origins": _origins,
    **_tables.FIGURES,
}


def _at(snapshot: _read.Snapshot) -> dict[str, str]:
    return {"at": snapshot.at} if snapshot.at else {}


def _sources(outage: Outage, snapshot: _read.Snapshot) -> list[SourceStatus]:
    named = dict.fromkeys(row["source"] for row in outage["signals"])
    return [row for name in named if (row := snapshot.source(name)) is not None]
