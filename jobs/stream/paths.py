"""What the site is told of paths: document ``paths``, and the hash of every network's and country's view.

The whole table is looked at, which takes seconds, so it is done now and then only. Numbers are rounded to a hundredth:
what did not change by that is not written again.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import groupby

import numpy as np
import orjson

from radar import people
from radar.entities import countries
from radar.routing import space
from radar.routing.hegemony import LEAST, Dependence, Ranked
from radar.routing.reserved import is_reserved_as
from radar.routing.session import Session
from radar.routing.views import Evaluation
from radar.shapes.paths import Dependent, Neighbour, Paths, PathsView, Transit
from radar.store import Store, documents, routes
from radar.times import rfc3339

#: Seconds of the table's clock between two looks.
EACH_S = 1800.0
#: A network depends on another one when at least this much of the paths to it run through that one.
THRESHOLD = 0.5
#: Rows of one view.
NEIGHBOURS, TRANSIT, DEPENDENTS = 12, 12, 50

Look = tuple[Dependence, np.ndarray] | None


class PathTeller:
    """Looks and writes what changed since it last wrote; a new one writes everything."""

    def __init__(self, client: Store, source: str, *, simulated: bool) -> None:
        self._client = client
        self._source = source
        self._simulated = simulated
        self._told: dict[str, int] = {}  # hashes: the views themselves are a hundred megabytes
        self._at = -EACH_S

    def forget(self) -> None:
        """The store may lack what was told."""
        self._told, self._at = {}, -EACH_S

    def tell(self, session: Session, found: Evaluation) -> None:
        """Look, if it is time, and publish. Raises StoreUnavailable; the next call then looks again."""
        if 0 <= found.at - self._at < EACH_S:
            return
        looks = session.depend(found)
        seen = views(looks, simulated=self._simulated)
        marks = {key: hash(orjson.dumps(view)) for key, view in seen.items()}
        fresh = {key: view for key, view in seen.items() if marks[key] != self._told.get(key)}
        try:
            routes.write_paths(self._client, fresh, [key for key in self._told if key not in seen])
        except BaseException:
            self._told = {}
            raise
        self._told = marks
        began = [kept.began for kept in session.lasting if kept.began is not None]
        document: Paths = {
            "at": _text(found.at),
            "source": self._source,
            "simulated": self._simulated,
            "viewpoints_v4": session.viewpoints[0],
            "viewpoints_v6": session.viewpoints[1],
            "least": LEAST,
            "threshold": THRESHOLD,
            "watched_from": _text(min(began)) if began else None,
            "networks": sum(view["neighbours"] is not None for view in seen.values()),
            "countries": sum(key.startswith("country/") and view["transit"] is not None for key, view in seen.items()),
        }
        documents.put(self._client, "paths", document)
        self._at = found.at


def views(looks: tuple[Look, Look], *, simulated: bool) -> dict[str, PathsView]:
    """The view of every network that is an origin or that others depend on, and of every country with address space.

    IPv6 speaks of those that no IPv4 is known of.
    """
    out: dict[str, PathsView] = {}
    behind: dict[int, list[Dependent]] = {}
    for look in looks:
        if look is None:
            continue
        dependence, since = look
        near = dict(_neighbours(dependence.neighbours, since))
        far = dict(_transit(dependence.transit, dependence.direct))
        for asn, n in dependence.seen.items():
            key = f"asn/{asn}"
            if key in out or n < LEAST or is_reserved_as(asn):
                continue
            out[key] = _view(key, dependence.family, n, near.get(asn, []), far.get(asn, []), simulated=simulated)
            for row in far.get(asn, []):
                if row["hegemony"] >= THRESHOLD:
                    one: Dependent = {"asn": asn, "hegemony": row["hegemony"], "users": people.of_network(asn)}
                    behind.setdefault(row["asn"], []).append(one)
        _countries(out, dependence, simulated=simulated)
    for asn, rows in behind.items():
        view = out.setdefault(f"asn/{asn}", _view(f"asn/{asn}", None, None, None, None, simulated=simulated))
        users = [row["users"] for row in rows if row["users"] is not None]
        rows.sort(key=lambda row: (-(row["users"] or 0), -row["hegemony"], row["asn"]))
        view["dependents"], view["dependents_count"] = rows[:DEPENDENTS], len(rows)
        view["dependents_users"] = sum(users) if users else None
    return out


def _countries(out: dict[str, PathsView], dependence: Dependence, *, simulated: bool) -> None:
    codes, known = space.countries(dependence.family).codes, countries()
    far = dict(_transit(dependence.countries, np.zeros(len(dependence.countries.group), bool)))
    for number, n in dependence.seen_countries.items():
        key = f"country/{codes[number]}" if 0 <= number < len(codes) else ""
        if n >= LEAST and key[8:] in known and key not in out:
            out[key] = _view(key, dependence.family, n, None, far.get(number, []), simulated=simulated)


def _view(key: str, family: int | None, n: int | None, near: list[Neighbour] | None, far: list[Transit] | None, *,
          simulated: bool) -> PathsView:  # fmt: skip
    return {
        "entity": key,
        "family": family,
        "viewpoints": n,
        "neighbours": near and near[:NEIGHBOURS],
        "transit": far and far[:TRANSIT],
        "dependents": [],
        "dependents_count": 0,
        "dependents_users": None,
        "simulated": simulated,
    }


def _neighbours(rows: Ranked, since: np.ndarray) -> Iterator[tuple[int, list[Neighbour]]]:
    lines = zip(rows.group.tolist(), rows.asn.tolist(), rows.value.tolist(), since.tolist(), strict=True)
    for group, mine in groupby(lines, key=lambda line: line[0]):
        yield group, [{"asn": asn, "share": round(share, 2), "since": None if at != at else _text(at)}
                      for _, asn, share, at in mine]  # fmt: skip


def _transit(rows: Ranked, direct: np.ndarray) -> Iterator[tuple[int, list[Transit]]]:
    lines = zip(rows.group.tolist(), rows.asn.tolist(), rows.value.tolist(), direct.tolist(), strict=True)
    for group, mine in groupby(lines, key=lambda line: line[0]):
        yield group, [{"asn": asn, "hegemony": round(value, 2), "direct": near} for _, asn, value, near in mine]


def _text(seconds: float) -> str:
    return rfc3339(datetime.fromtimestamp(seconds, UTC))
