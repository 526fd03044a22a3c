"""Learning what tells a directed shutdown from a technical failure at its onset, and how well that works.

A logistic regression with an intercept per country that is drawn towards zero: the country's prior. It is validated on
countries of which nothing was learnt, where that prior is zero. Pure: rows in, numbers out.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from radar.causes import FEATURES
from radar.detect.cause.learned import MOST_OTHERS, MOST_REPEATS

F64 = NDArray[np.float64]

#: Variances that weights of features and intercepts of countries are drawn to zero with; customary, not tuned.
FEATURE_VARIANCE, COUNTRY_VARIANCE = 1.0, 1.0
#: Between these the model abstains.
LOW, HIGH = 0.3, 0.7
#: Seconds: at the same clock time; at the same time elsewhere; how far back repeats are looked for.
CLOCK_S, ELSEWHERE_S, BACK_S = 900, 1800, 8 * 86_400
DAY_S = 86_400
#: Rows that must lie before a row until it is predicted from the past alone.
LEAST_BEFORE = 30

#: Features that were tried and left out: id -> what it is. See :func:`ablations`.
TRIED = {
    "hour": "on the hour, beside the half hour",
    "night": "between midnight and six, solar time",
    "weekend": "on a Saturday or Sunday, UTC",
    "parts": "other regions or networks of the country within the same half hour",
    "packets_only": "routes were seen to stay",
    "hours_long": "logarithm of its duration, known only at its end",
}


@dataclass(frozen=True, slots=True)
class Event:
    """One labelled or unlabelled outage. ``start``, ``end``: seconds (``end`` None: not known, or before its start).
    ``country``: its code, or the source's own word. ``directed``: None where no cause is known. ``part``: a region or a
    network alone. ``routes``: whether routes were seen to fall; None: not told. ``longitude`` of the country's largest
    city; None: not known."""

    start: int
    end: int | None
    country: str
    part: bool
    directed: bool | None
    cause: str = ""
    routes: bool | None = None
    longitude: float | None = None


@dataclass(frozen=True, slots=True)
class Fit:
    """``intercept``: log-odds at the means of the features."""

    intercept: float
    weights: F64
    means: F64
    countries: dict[str, float]

    def predict(self, x: F64, countries: Sequence[str]) -> F64:
        """Probability that each row is directed; a country that was not learnt from adds nothing."""
        own = np.array([self.countries.get(c, 0.0) for c in countries])
        return np.asarray(1 / (1 + np.exp(-(self.intercept + (x - self.means) @ self.weights + own))), float)


def table(events: Sequence[Event]) -> tuple[list[Event], dict[str, F64]]:
    """The labelled events in order of time, and every feature of each, those that were only tried too. What happened
    elsewhere and before is looked for among all events, labelled or not."""
    ordered = sorted(events, key=lambda e: (e.start, e.country))
    rows = [event for event in ordered if event.directed is not None]
    names = (*FEATURES, *TRIED)
    columns: dict[str, list[float]] = {name: [] for name in names}
    for row in rows:
        for name, number in _features(row, ordered).items():
            columns[name].append(number)
    return rows, {name: np.array(column) for name, column in columns.items()}


def _features(row: Event, events: Sequence[Event]) -> dict[str, float]:
    mine = [e for e in events if e.country == row.country and e is not row]
    back = [row.start - e.start for e in mine if ELSEWHERE_S < row.start - e.start <= BACK_S]
    days = {(s + CLOCK_S) // DAY_S for s in back if abs((s + DAY_S // 2) % DAY_S - DAY_S // 2) <= CLOCK_S}
    elsewhere = {e.country for e in events if e.country != row.country and abs(e.start - row.start) <= ELSEWHERE_S}
    local = (row.start / 3600 + (row.longitude or 0.0) / 15) % 24
    hours = (row.end - row.start) / 3600 if row.end is not None else math.nan
    return {
        "half_hour": float(row.start % 1800 == 0),
        "repeats": float(min(len(days), MOST_REPEATS)),
        "others": float(min(len(elsewhere), MOST_OTHERS)),
        "part": float(row.part),
        "hour": float(row.start % 3600 == 0),
        "night": float(local < 6),
        "weekend": float((row.start // DAY_S + 3) % 7 >= 5),
        "parts": float(any(abs(e.start - row.start) <= ELSEWHERE_S for e in mine)),
        "packets_only": float(row.routes is False),
        "hours_long": math.log(hours + 0.1) if math.isfinite(hours) else math.nan,
    }


def matrix(columns: Mapping[str, F64], names: Sequence[str]) -> F64:
    """Rows x features; what is not known is the mean of what is (0 where nothing is)."""
    found = []
    for name in names:
        column = columns[name]
        known = column[~np.isnan(column)]
        found.append(np.where(np.isnan(column), known.mean() if len(known) else 0.0, column))
    return np.stack(found, axis=1)


def fit(x: F64, y: F64, countries: Sequence[str], *, rounds: int = 100) -> Fit:
    """The most probable weights, by Newton's steps. Raises ValueError without rows of both kinds."""
    if not 0 < y.sum() < len(y):
        raise ValueError(f"{int(y.sum())} of {len(y)} rows are directed; expected some of both kinds")
    names = sorted(set(countries))
    own = np.array([[c == name for name in names] for c in countries], float)
    means = x.mean(axis=0)
    a = np.column_stack((np.ones(len(x)), x - means, own))
    penalty = np.diag([1e-9, *[1 / FEATURE_VARIANCE] * x.shape[1], *[1 / COUNTRY_VARIANCE] * len(names)])
    b = np.zeros(a.shape[1])
    for _round in range(rounds):
        p = 1 / (1 + np.exp(-np.clip(a @ b, -30, 30)))
        step = np.linalg.solve(a.T @ (a * (p * (1 - p))[:, None]) + penalty, a.T @ (y - p) - penalty @ b)
        b = b + step
        if np.abs(step).max() < 1e-10:
            break
    k = x.shape[1]
    return Fit(float(b[0]), b[1 : 1 + k], means, dict(zip(names, map(float, b[1 + k :]), strict=True)))


Predict = Callable[[F64, F64, Sequence[str], F64, Sequence[str]], F64]


def _model(x: F64, y: F64, countries: Sequence[str], new: F64, where: Sequence[str]) -> F64:
    return fit(x, y, countries).predict(new, where)


def _base_rate(x: F64, y: F64, countries: Sequence[str], new: F64, where: Sequence[str]) -> F64:
    return np.full(len(new), (y.sum() + 0.5) / (len(y) + 1))


def without_country(x: F64, y: F64, countries: Sequence[str], predict: Predict = _model) -> F64:
    """Each country's rows predicted from the rows of all others."""
    code = np.array(countries)
    out = np.full(len(y), np.nan)
    for name in sorted(set(countries)):
        rest = code != name
        out[~rest] = predict(x[rest], y[rest], list(code[rest]), x[~rest], [name] * int((~rest).sum()))
    return out


def from_the_past(x: F64, y: F64, countries: Sequence[str], predict: Predict = _model) -> F64:
    """Each row predicted from the rows before it, its own country's among them; NaN: too few lie before. Rows must be
    in order of time."""
    code = list(countries)
    out = np.full(len(y), np.nan)
    for i in range(LEAST_BEFORE, len(y)):
        if 0 < y[:i].sum() < i:
            out[i] = predict(x[:i], y[:i], code[:i], x[i : i + 1], code[i : i + 1])[0]
    return out


def marks(p: F64, y: F64, countries: Sequence[str] | None = None) -> dict[str, float | int | None]:
    """Log loss, Brier score, share decided rightly at .5, and what is decided outside (.3, .7). ``countries``: count
    each country once, whatever the number of its rows. Rows without a prediction are left out."""
    known = ~np.isnan(p)
    p, y = np.clip(p[known], 1e-6, 1 - 1e-6), y[known]
    code = np.array(countries)[known] if countries is not None else np.arange(len(p))
    sizes = Counter(code.tolist())
    w = np.array([1 / sizes[c] for c in code.tolist()])
    w /= w.sum()
    sure = (p <= LOW) | (p >= HIGH)
    right = (p > 0.5) == (y > 0.5)
    decided = float((w * sure).sum())
    return {
        "rows": int(known.sum()),
        "log_loss": round(float(-(w * (y * np.log(p) + (1 - y) * np.log(1 - p))).sum()), 3),
        "brier": round(float((w * (p - y) ** 2).sum()), 3),
        "accuracy": round(float((w * right).sum()), 3),
        "decided": round(decided, 3),
        "accuracy_decided": round(float((w * (sure & right)).sum()) / decided, 3) if decided else None,
    }


def calibration(p: F64, y: F64, edges: Sequence[float] = (0, 0.1, 0.3, 0.5, 0.7, 0.9, 1.0)) -> list[dict[str, Any]]:
    """How often rows were directed by what was said of them; ``said`` and ``were`` are None where there are none."""
    out = []
    for low, high in pairwise(edges):
        inside = (p >= low) & ((p < high) | (high == 1.0))
        n = int(inside.sum())
        out.append({
            "from": low, "to": high, "rows": n,
            "said": round(float(p[inside].mean()), 3) if n else None,
            "were": round(float(y[inside].mean()), 3) if n else None,
        })  # fmt: skip
    return out


def ablations(columns: Mapping[str, F64], y: F64, countries: Sequence[str]) -> list[dict[str, Any]]:
    """The validation without each feature, and with each that was left out."""
    sets = [("without", name, [n for n in FEATURES if n != name]) for name in FEATURES]
    sets += [("with", name, [*FEATURES, name]) for name in TRIED]
    out = []
    for what, name, names in sets:
        p = without_country(matrix(columns, names), y, countries)
        out.append({"what": what, "feature": name, "rows": marks(p, y), "countries": marks(p, y, countries)})
    return out


def study(events: Sequence[Event]) -> dict[str, Any]:
    """Learn from the labelled events and validate: what ``radar causes learn`` writes, as JSON. Raises ValueError where
    there is too little to learn from."""
    rows, columns = table(events)
    y = np.array([float(bool(row.directed)) for row in rows])
    countries = [row.country for row in rows]
    if len(set(countries)) < 3:
        raise ValueError(f"{len(rows)} labelled outages of {len(set(countries))} countries; expected three or more")
    x = matrix(columns, list(FEATURES))
    model = fit(x, y, countries)
    unseen, past = without_country(x, y, countries), from_the_past(x, y, countries)
    base, before = without_country(x, y, countries, _base_rate), from_the_past(x, y, countries, _base_rate)
    few = [c for c, n in Counter(countries).most_common(2)]
    others = np.array([c not in few for c in countries])
    return {
        "intercept": round(model.intercept, 4),
        "share": round(float(y.mean()), 4),
        "weights": {name: round(float(w), 4) for name, w in zip(FEATURES, model.weights, strict=True)},
        "means": {name: round(float(m), 4) for name, m in zip(FEATURES, model.means, strict=True)},
        "countries": {c: round(u, 3) for c, u in model.countries.items() if len(c) == 2},
        "study": {
            "rows_in_all": len(events),
            "rows_used": len(rows),
            "directed": int(y.sum()),
            "technical": int(len(y) - y.sum()),
            "countries": len(set(countries)),
            "causes": dict(sorted(Counter(row.cause for row in rows).items(), key=lambda item: (-item[1], item[0]))),
            "largest": dict(Counter(countries).most_common(2)),
            "validation": {
                "country left out": {"rows": marks(unseen, y), "countries": marks(unseen, y, countries)},
                "base rate, country left out": {"rows": marks(base, y), "countries": marks(base, y, countries)},
                "from the past": {"rows": marks(past, y), "countries": marks(past, y, countries)},
                "base rate, from the past": {"rows": marks(before, y), "countries": marks(before, y, countries)},
                "country left out, without the two largest": {
                    "rows": marks(unseen[others], y[others]),
                    "countries": marks(unseen[others], y[others], list(np.array(countries)[others])),
                },
            },
            "calibration": calibration(unseen, y),
            "ablations": ablations(columns, y, countries),
        },
    }
