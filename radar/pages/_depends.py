"""On an outage's page: who is reached through the networks that are hit, and where all of them lie."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dash import html
from dash.development.base_component import Component

from radar import cldr, entities, known
from radar.components import kit, numbers, paths
from radar.components.ssr import slot
from radar.errors import StoreUnavailable
from radar.figures import affected
from radar.figures.world import name_of
from radar.labels import _, ngettext
from radar.pages import _paths, _read
from radar.shapes import EntityState, Outage
from radar.shapes.paths import Dependent

#: Countries that are named in the sentence of the map.
NAMED = 6


def through(outage: Outage, parts: Mapping[int, Outage], snapshot: _read.Snapshot) -> tuple[list[Any], list[Dependent]]:
    """What is said of the networks that are mostly reached through those that are hit, and these networks.

    Paths are of now: of recorded history, and of an earlier moment, nothing is said.
    """
    if not parts:
        return [], []
    if outage.get("history") or snapshot.at:
        return [html.P(_("Who was reached through it then is not known: paths are kept as they are now."),
                       className="note")], []  # fmt: skip
    try:
        about, views = _paths.read(f"asn/{asn}" for asn in parts)
    except StoreUnavailable:
        return [html.P(_("We cannot read the paths of the routing table just now."), className="note")], []
    seen = [view for view in views.values() if view is not None]
    if about is None or not seen:
        return [html.P(_("We see too few paths to say which networks are reached through those that are hit."),
                       className="note")], []  # fmt: skip
    found: dict[int, Dependent] = {}
    hidden = 0
    for view in seen:
        hidden += view["dependents_count"] - len(view["dependents"])
        for row in view["dependents"]:
            if row["asn"] not in parts and row["hegemony"] > found.get(row["asn"], {"hegemony": 0.0})["hegemony"]:
                found[row["asn"]] = row
    rows = sorted(found.values(), key=lambda row: (-(row["users"] or 0), -row["hegemony"], row["asn"]))
    status = snapshot.source(about["source"])
    if not rows:
        none = _("No other network that we see is mostly reached through those that are hit.")
        return [html.P(none), paths.credit(seen[0], about, status, snapshot.now)], []
    users = sum(row["users"] or 0 for row in rows)
    count = len(rows) + hidden
    said = ngettext("{n} other network is mostly reached through those that are hit",
                    "{n} other networks are mostly reached through those that are hit", count).format(
        n=cldr.count(count))  # fmt: skip
    if users:
        said += _(", with about {n} Internet users where we can estimate them").format(n=numbers.rough(users))
    note = _("These are the paths as of the time below; that they run through a network that is hit does not say that "
             "they are broken.")  # fmt: skip
    return [
        html.P(f"{said}.", className="sentence"),
        paths.drawn(paths.dependents("through", _("Reached through it"), rows)),
        html.P(note, className="note"),
        kit.offer("through", kit.figure("through", outage=outage["id"])),
        paths.credit(seen[0], about, status, snapshot.now),
    ], rows


@dataclass(frozen=True, slots=True)
class Places:
    """Where the networks of an outage are. ``states``: of the countries that are touched, None for one we hold nothing
    on; ``said``: the sentence."""

    states: dict[str, EntityState | None]
    dots: list[affected.Dot]
    said: str

    def svg(self) -> str:
        """The map."""
        return affected.svg(self.states, self.dots, self.said)


def places_of(outage: Outage, parts: Mapping[int, Outage], reached: Sequence[Dependent],
              snapshot: _read.Snapshot) -> Places | None:  # fmt: skip
    """The countries of the networks that are hit, and of those that are reached through them; None where all of it
    lies in one country."""
    dots = [dot for asn, part in parts.items() for dot in [_hit(asn, part)] if dot is not None]
    dots += [affected.Dot(known.name_of(f"asn/{row['asn']}"), f"/asn/{row['asn']}", home, "through")
             for row in reached for home in [_home(row["asn"])] if home]  # fmt: skip
    rows = [outage, *(row for id in outage.get("children", []) if (row := snapshot.outage(id)))]
    own = [code for row in rows if row["status"] != "retracted" and (code := known.country_of(row["entity"]))]
    codes = list(dict.fromkeys([*own, *(dot.country for dot in dots)]))
    if len(codes) < 2:
        return None
    names = [name_of(code, None) for code in codes]
    listed = ", ".join(names[:NAMED])
    if len(names) > NAMED:
        listed = _("{names} and {n} more").format(names=listed, n=len(names) - NAMED)
    said = _("It touches networks of {n} countries: {names}.").format(n=len(codes), names=listed)
    return Places({code: snapshot.states.get(f"country/{code}") for code in codes}, dots, said)


def places(outage: Outage, parts: Mapping[int, Outage], reached: Sequence[Dependent],
           snapshot: _read.Snapshot) -> list[Component]:  # fmt: skip
    """A map of ``places_of``; nothing where there is none."""
    found = places_of(outage, parts, reached, snapshot)
    if found is None:
        return []
    note = _("Countries have the colour of their own state. Networks stand around the middle of their country, as we "
             "know nothing finer; at most {n} are drawn in each.").format(n=affected.MOST)  # fmt: skip
    named = {"outage": outage["id"], **({"at": snapshot.at} if snapshot.at else {})}
    return [
        html.H3(_("Where they are")),
        html.P(found.said, className="sentence"),
        slot("affected-map", lambda: found.svg() + affected.legend(found.dots), class_name="affected-box"),
        html.P(note, className="note"),
        kit.offer("affected", kit.figure("where-hit", **named)),
    ]


def _hit(asn: int, part: Outage) -> affected.Dot | None:
    code = known.country_of(part["entity"]) or _home(asn)
    if not code:
        return None
    kind: affected.Kind = part["level"] if part["status"] == "open" else "ok"
    return affected.Dot(known.name_of(part["entity"]), f"/outage/{part['id']}", code, kind)


def _home(asn: int) -> str:
    """Where most of a network's addresses lie; "" where that is not known."""
    network = entities.networks().get(asn)
    return (network.home or network.cc or "") if network is not None else ""
