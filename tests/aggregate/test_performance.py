"""An hour against its own month and among its like: what is said, and when nothing may be said."""

from __future__ import annotations

import numpy as np
import pytest

from radar.aggregate.performance import (
    DAYS,
    ENOUGH,
    HOURS,
    PEERS,
    RTT,
    THROUGHPUT,
    circles,
    peers,
    rankable,
    ranks,
    tell,
)
from radar.shapes.quality import Measure

BINS = (DAYS + 1) * HOURS


def one(median: float, usual: float = 50.0, *, width: float = 0.04, n: float = 500, kind=RTT, **more) -> Measure:  # type: ignore[no-untyped-def]
    series = np.full((1, BINS), usual, np.float32)
    series[0, -1] = median
    for place, value in more.get("put", {}).items():
        series[0, place] = value
    half = np.float32(width / 2)
    size = np.array([n], np.float32)
    return tell(kind, series, series * (1 - half), series * (1 + half), size, more.get("first_hour", 0))[0].measure


def measure(median: float | None, n: int | None = 500, width: float = 0.1) -> Measure:
    low, high = (None, None) if median is None else (median * (1 - width / 2), median * (1 + width / 2))
    return {"median": median, "low": low, "high": high, "n": n, "usual": None, "usual_low": None, "usual_high": None,
            "days": 0, "against": "insufficient", "change": None}  # fmt: skip


def test_a_longer_round_trip_is_worse_and_a_shorter_one_better() -> None:
    assert one(60)["against"] == "worse"
    assert one(40)["against"] == "better"
    assert one(60)["change"] == pytest.approx(10)


def test_more_throughput_is_better() -> None:
    assert one(60, kind=THROUGHPUT)["against"] == "better"
    assert one(40, kind=THROUGHPUT)["against"] == "worse"


def test_intervals_that_overlap_are_as_usual() -> None:
    assert one(51)["against"] == "as_usual"


def test_less_than_a_millisecond_is_nothing_however_sure() -> None:
    assert one(5.8, 5.0, width=0.001)["against"] == "as_usual"
    assert one(6.2, 5.0, width=0.001)["against"] == "worse"


def test_within_the_middle_half_of_the_days_is_as_usual() -> None:
    days = {(day + 1) * HOURS - 1: 40 + day for day in range(DAYS)}  # 40 to 67 at this hour
    assert one(58, width=0.01, put=days)["against"] == "as_usual"
    assert one(75, width=0.01, put=days)["against"] == "worse"


def test_only_the_same_hour_of_the_day_counts() -> None:
    others = {i: 500.0 for i in range(BINS - 1) if (i + 1) % HOURS}
    assert one(51, put=others)["usual"] == pytest.approx(50)


def test_few_values_cannot_say_that_all_is_as_usual() -> None:
    assert one(51, n=12, width=0.5)["against"] == "insufficient"
    assert one(51, n=float("nan"))["against"] == "insufficient"


def test_too_few_days_and_a_missing_hour_say_nothing() -> None:
    gone = dict.fromkeys(range(BINS - 7 * HOURS), np.nan)
    found = one(60, put=gone)
    assert (found["against"], found["usual"], found["days"]) == ("insufficient", None, 6)
    missing = one(float("nan"))
    assert (missing["median"], missing["against"], missing["change"]) == (None, "insufficient", None)


def test_the_profile_begins_at_midnight_whatever_the_hour_is() -> None:
    series = np.tile(np.arange(HOURS, dtype=np.float32) + 5, DAYS + 1)[None]  # the first bin is at 05:00
    series = np.where(series >= HOURS, series - HOURS, series)
    told = tell(RTT, series, series, series, np.array([500], np.float32), 5)[0]
    assert told.profile == [float(hour) for hour in range(HOURS)]
    assert told.hours["median"][-1] == 4.0
    assert len(told.month) == DAYS


def test_a_dozen_samples_are_never_ranked() -> None:
    assert not rankable(measure(10, n=12))
    assert not rankable(measure(10, n=ENOUGH - 1))
    assert not rankable(measure(10, width=0.3))
    assert not rankable(measure(None))
    assert not rankable(measure(10, n=None))
    assert rankable(measure(10, n=ENOUGH))


def test_equal_medians_share_a_place() -> None:
    rows = {"a": measure(10), "b": measure(20), "c": measure(10), "d": measure(5, n=3)}
    assert ranks(RTT, rows) == {"a": 1, "c": 1, "b": 3}
    assert ranks(THROUGHPUT, rows) == {"b": 1, "a": 2, "c": 2}


def test_countries_are_held_against_their_subregion_and_networks_against_their_country() -> None:
    keys = ["country/IQ", "country/SY", "country/FJ", "asn/58224", "geoasn/IR-6830", "provider/aws"]
    found = circles(keys)
    assert found["country/IQ"] == ("subregion", "Western Asia", ["country/IQ", "country/SY"])
    assert set(found["asn/58224"][2]) == {"asn/58224", "geoasn/IR-6830"}
    assert found["geoasn/IR-6830"][:2] == ("country", "country/IR")
    assert found["provider/aws"] == ("providers", "", ["provider/aws"])


def test_a_network_seen_as_a_whole_and_in_its_country_is_counted_once() -> None:
    found = circles(["asn/58224", "geoasn/IR-58224", "geoasn/IR-44244"])
    assert sorted(found["asn/58224"][2]) == ["asn/58224", "geoasn/IR-44244"]
    assert sorted(found["geoasn/IR-44244"][2]) == ["geoasn/IR-44244", "geoasn/IR-58224"]


def test_a_long_list_of_peers_is_cut_and_keeps_the_entity_itself() -> None:
    rows = {f"geoasn/ID-{i}": measure(float(i)) for i in range(1, 40)}
    found = peers("geoasn/ID-39", ("country", "country/ID", list(rows)), rows)
    assert len(found["rows"]) == PEERS
    assert found["rows"][-1]["entity"] == "geoasn/ID-39"
    assert (found["rank"], found["ranked"], found["total"]) == (39, 39, 39)
