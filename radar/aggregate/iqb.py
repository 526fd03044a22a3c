"""The Internet Quality Barometer: are a country's connections good enough for what people do with them?

Source: Measurement Lab, "Internet Quality Barometer" (github.com/m-lab/iqb). For each purpose four requirements are
held against what nearly all tests reach; a requirement is met or it is not (1 or 0). A purpose scores the weighted
share of its requirements that are met, and the whole is the plain mean of the purposes.

"Nearly all" are 95 % of the tests. The percentiles of ``mlab_ndt`` run from worst to best for every quantity (p1 of a
round-trip time is the slowest per cent), so that 95 % of the tests are at least as good as p5, for speeds and for
delays alike. Nothing is turned round here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from radar.shapes.quality import Iqb, Need, Purpose
from radar.signals import NDT_PERCENTILES

Quantity = Literal["download", "upload", "rtt", "loss"]
QUANTITIES: tuple[Quantity, ...] = ("download", "upload", "rtt", "loss")

#: Requirements by purpose: Mbit/s, Mbit/s, ms, share of bytes; and their weights.
REQUIREMENTS: dict[str, tuple[tuple[float, float, float, float], tuple[int, int, int, int]]] = {
    "web": ((10.0, 10.0, 100.0, 0.01), (3, 2, 4, 4)),
    "video": ((25.0, 10.0, 100.0, 0.01), (4, 2, 4, 4)),
    "audio": ((10.0, 5.0, 100.0, 0.01), (4, 1, 3, 4)),
    "conferencing": ((25.0, 25.0, 50.0, 0.005), (4, 4, 4, 4)),
    "backup": ((10.0, 25.0, 100.0, 0.01), (4, 4, 2, 4)),
    "gaming": ((25.0, 25.0, 10.0, 0.005), (4, 4, 5, 4)),
}

#: 95 % of the tests are at least as good as this percentile; half of them as the median.
NEARLY_ALL, HALF = 5, 50
#: Fewer tests in a month than this say nothing of a country.
ENOUGH = 100


def iqb(values: Mapping[str, float | None], tests: int) -> Iqb:
    """Score one country and month.

    Parameters
    ----------
    values
        By signal, such as ``ndt.download_p5`` (Mbit/s), ``ndt.rtt_p5`` (ms), ``ndt.loss_p5`` (0 to 1). None, or a
        signal that is not there, is no data.
    tests
        Tests behind the values.

    Returns
    -------
    Iqb
        ``score`` 0 to 1, overall and by purpose, by what 95 % of the tests reach; ``half`` the same by what half of
        them reach, which is ours and not part of the barometer. A purpose without one of its four values has no score
        and neither has the whole; with fewer than ``ENOUGH`` tests nothing has. ``why`` then says which.

    Examples
    --------
    >>> fine = {f"ndt.{q}_p{p}": v for p in (5, 50) for q, v in
    ...         (("download", 30.0), ("upload", 12.0), ("rtt", 60.0), ("loss", 0.004))}
    >>> found = iqb(fine, 5000)
    >>> found["purposes"]["web"]["score"], found["purposes"]["gaming"]["score"]
    (1.0, 0.47058823529411764)
    """
    few = tests < ENOUGH
    purposes = {name: _purpose(name, values, few) for name in REQUIREMENTS}
    result: Iqb = {
        "score": _mean([purpose["score"] for purpose in purposes.values()]),
        "half": _mean([purpose["half"] for purpose in purposes.values()]),
        "tests": tests,
        "purposes": purposes,
    }
    if result["score"] is None:
        result["why"] = "few_tests" if few else "missing"
    return result


def _purpose(name: str, values: Mapping[str, float | None], few: bool) -> Purpose:
    limits, weights = REQUIREMENTS[name]
    needs: list[Need] = []
    half: list[bool | None] = []
    for quantity, limit, weight in zip(QUANTITIES, limits, weights, strict=True):
        value = values.get(f"ndt.{quantity}_p{NEARLY_ALL}")
        needs.append({
            "need": quantity,
            "limit": limit,
            "value": value,
            "met": _met(quantity, value, limit),
            "weight": weight,
            "share": _share(quantity, values, limit),
        })  # fmt: skip
        half.append(_met(quantity, values.get(f"ndt.{quantity}_p{HALF}"), limit))
    return {
        "score": None if few else _weighted([need["met"] for need in needs], weights),
        "half": None if few else _weighted(half, weights),
        "needs": needs,
    }


def _met(quantity: Quantity, value: float | None, limit: float) -> bool | None:
    if value is None:
        return None
    return value >= limit if quantity in ("download", "upload") else value <= limit


def _share(quantity: Quantity, values: Mapping[str, float | None], limit: float) -> float | None:
    """The largest recorded share of tests that meets the limit, 0 when none does; None when nothing is recorded."""
    known = [(p, value) for p in NDT_PERCENTILES if (value := values.get(f"ndt.{quantity}_p{p}")) is not None]
    if not known:
        return None
    return max(((100 - p) / 100 for p, value in known if _met(quantity, value, limit)), default=0.0)


def _weighted(met: list[bool | None], weights: tuple[int, ...]) -> float | None:
    if any(each is None for each in met):
        return None
    return sum(weight for each, weight in zip(met, weights, strict=True) if each) / sum(weights)


def _mean(scores: list[float | None]) -> float | None:
    known = [score for score in scores if score is not None]
    return sum(known) / len(known) if len(known) == len(scores) else None
