"""How well packets travelled in an hour: against the entity's own month, and among its like.

The reference of an hour is the same hour of the day on the 28 days before. An hour is called better or worse only when
its 95 % interval lies wholly outside of what is usual, and the medians differ by more than a millisecond; what is usual
are the middle half of those days' medians, and no less than the typical interval of one of them.

Source: differential round-trip times are judged by intervals of medians that do not overlap, as in Fontugne, Aben,
Pelsser and Bush, "Pinpointing Delay and Forwarding Anomalies Using Large-Scale Traceroute Measurements" (IMC 2017).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isnan

import numpy as np
import numpy.typing as npt

from radar import entities
from radar.shapes.quality import Against, Hours, Measure, Peer, Peers

F32 = npt.NDArray[np.float32]

#: Days that an hour is held against, and how many of them must have a value.
DAYS, FEWEST_DAYS = 28, 7
HOURS = 24
#: To be ranked: so many values at least, and an interval no wider than this share of the median.
ENOUGH, WIDEST = 100, 0.2
#: Rows of a table of peers.
PEERS = 12


@dataclass(frozen=True, slots=True)
class Kind:
    """One quantity: which way is better, and the smallest difference that is spoken of."""

    lower_is_better: bool
    least: float  # in the unit
    least_share: float  # of what is usual


RTT = Kind(lower_is_better=True, least=1.0, least_share=0.0)
THROUGHPUT = Kind(lower_is_better=False, least=0.0, least_share=0.05)


@dataclass(slots=True)
class Told:
    """What is said of one quantity of one entity."""

    measure: Measure
    hours: Hours
    profile: list[float | None]
    month: list[float | None]


def tell(kind: Kind, median: F32, low: F32, high: F32, n: F32, first_hour: int) -> list[Told]:
    """Judge the last hour of each entity against its month.

    Parameters
    ----------
    median, low, high
        float32 [entities, (DAYS + 1) * HOURS], hourly bins in a row of which the last is the hour to be judged; NaN is
        no data.
    n
        float32 [entities], values behind the last median; NaN: not known.
    first_hour
        Hour of the day (UTC) of the first bin.

    Returns
    -------
    list[Told]
        One an entity. ``against`` is "insufficient" with fewer than ``FEWEST_DAYS`` days, without an interval, and
        where too few values leave open what a precise hour would show: an interval that overlaps says "as usual" only
        when it is narrow enough to be ranked.
    """
    rows = len(median)
    days = median.reshape(rows, DAYS + 1, HOURS)
    past = _Sorted(days[:, :DAYS])
    usual, quarter, three = (past.at(share) for share in (0.5, 0.25, 0.75))
    typical_low = _Sorted(low.reshape(days.shape)[:, :DAYS]).at(0.5)
    typical_high = _Sorted(high.reshape(days.shape)[:, :DAYS]).at(0.5)
    enough = past.count >= FEWEST_DAYS
    usual, quarter, three = (np.where(enough, part, np.float32(np.nan)) for part in (usual, quarter, three))
    daily = _Sorted(days[:, 1:].transpose(0, 2, 1)).at(0.5)
    today = {"median": days[:, DAYS], "low": low[:, -HOURS:], "high": high[:, -HOURS:]}
    shift = first_hour % HOURS
    found = []
    for row in range(rows):
        size = None if np.isnan(n[row]) else int(n[row])
        now = {name: _number(part[row, -1]) for name, part in today.items()}
        reference = tuple(_number(part[row, -1]) for part in (usual, quarter, three))
        edges = (np.fmin(quarter, typical_low)[row, -1], np.fmax(three, typical_high)[row, -1])
        measure: Measure = {
            "median": now["median"],
            "low": now["low"],
            "high": now["high"],
            "n": size,
            "usual": reference[0],
            "usual_low": reference[1],
            "usual_high": reference[2],
            "days": int(past.count[row, -1]),
            "against": "insufficient",
            "change": None,
        }
        if measure["median"] is not None and measure["usual"] is not None:
            measure["change"] = _number(measure["median"] - measure["usual"])
            measure["against"] = _against(kind, measure, float(edges[0]), float(edges[1]))
        hours: Hours = {
            "median": _numbers(today["median"][row]),
            "low": _numbers(today["low"][row]),
            "high": _numbers(today["high"][row]),
            "usual": _numbers(usual[row]),
            "usual_low": _numbers(quarter[row]),
            "usual_high": _numbers(three[row]),
        }
        found.append(Told(measure, hours, _numbers(np.roll(usual[row], shift)), _numbers(daily[row])))
    return found


def rankable(measure: Measure) -> bool:
    """Whether enough values stand behind a median to give it a place: see ``ENOUGH`` and ``WIDEST``."""
    median, low, high, n = measure["median"], measure["low"], measure["high"], measure["n"]
    if median is None or low is None or high is None or n is None or median <= 0:
        return False
    return n >= ENOUGH and (high - low) <= WIDEST * median


def ranks(kind: Kind, measures: Mapping[str, Measure]) -> dict[str, int]:
    """Places of those that can be ranked, 1 is best; equal medians share a place."""
    known = {key: median for key, row in measures.items() if rankable(row) and (median := row["median"]) is not None}
    ordered = sorted(known.values(), reverse=not kind.lower_is_better)
    first = {median: place for place, median in reversed(list(enumerate(ordered, 1)))}
    return {key: first[median] for key, median in known.items()}


def circles(keys: Sequence[str]) -> dict[str, tuple[str, str, list[str]]]:
    """Whom each entity is compared with: (basis, of, keys), itself among them; entities without any are left out.

    A country: the countries of its subregion. A network in a country, and a network whose addresses lie in one
    country: the networks seen in that country, each once. A provider: the providers.
    """
    regions: dict[str, list[str]] = {}
    networks: dict[str, dict[str, str]] = {}
    providers: list[str] = []
    home: dict[str, str] = {}
    for key in sorted(keys):  # asn before geoasn: where both are there, the part in the country counts
        kind, _slash, code = key.partition("/")
        if kind == "country":
            regions.setdefault(entities.countries()[code].subregion, []).append(key)
        elif kind == "provider":
            providers.append(key)
        elif kind in ("asn", "geoasn") and (above := entities.parent(key)) is not None:
            home[key] = above
            networks.setdefault(above, {})[code.rpartition("-")[2]] = key
    found = {key: ("subregion", name, group) for name, group in regions.items() for key in group}
    found |= dict.fromkeys(providers, ("providers", "", providers))
    for key, above in home.items():
        number = key.rpartition("/")[2].rpartition("-")[2]
        found[key] = ("country", above, list({**networks[above], number: key}.values()))
    return found


def peers(key: str, circle: tuple[str, str, list[str]], measures: Mapping[str, Measure]) -> Peers:
    """An entity among its like: the best of them, and always itself."""
    basis, of, members = circle
    mine = {member: measures[member] for member in members if measures[member]["median"] is not None}
    places = ranks(RTT, mine)
    ordered = sorted(mine, key=lambda member: (places.get(member, len(mine) + 1), member))
    kept = ordered[:PEERS]
    if key in mine and key not in kept:
        kept[-1] = key
    rows: list[Peer] = [
        {
            "entity": member,
            "median": mine[member]["median"],
            "low": mine[member]["low"],
            "high": mine[member]["high"],
            "n": mine[member]["n"],
            "rank": places.get(member),
        }
        for member in kept
    ]
    return {
        "basis": basis,  # type: ignore[typeddict-item]  # one of its words: see circles
        "of": of,
        "rank": places.get(key),
        "ranked": len(places),
        "total": len(mine),
        "rows": rows,
    }


def _against(kind: Kind, measure: Measure, usual_low: float, usual_high: float) -> Against:
    low, high, change, usual = measure["low"], measure["high"], measure["change"], measure["usual"]
    if low is None or high is None or change is None or usual is None:
        return "insufficient"
    apart = low > usual_high or high < usual_low
    if apart and abs(change) > max(kind.least, kind.least_share * usual):
        return "better" if (change < 0) == kind.lower_is_better else "worse"
    return "as_usual" if rankable(measure) else "insufficient"


class _Sorted:
    """Days in order of their values, for percentiles over them that pass over NaN. [entities, days, columns]."""

    def __init__(self, values: F32) -> None:
        self._values = np.sort(values, axis=1)  # NaN comes last
        self.count = np.logical_not(np.isnan(values)).sum(axis=1)

    def at(self, share: float) -> F32:
        """A percentile by straight lines between values; NaN where there is none. [entities, columns]."""
        place = np.maximum(self.count - 1, 0) * share
        below = np.floor(place).astype(np.int64)
        above = np.minimum(below + 1, np.maximum(self.count - 1, 0))
        first = np.take_along_axis(self._values, below[:, None], axis=1)[:, 0]
        second = np.take_along_axis(self._values, above[:, None], axis=1)[:, 0]
        result: F32 = (first + (second - first) * (place - below)).astype(np.float32)
        return result


def _number(value: np.floating | float) -> float | None:
    return None if np.isnan(value) else round(float(value), 2)


def _numbers(values: F32) -> list[float | None]:
    return [None if isnan(value) else round(value, 2) for value in values.astype(np.float64).tolist()]
