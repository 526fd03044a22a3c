"""For how long a place was watched, and how much of that it was in an outage: what is not known is neither."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from radar.aggregate.reliability import HOUR, add, month_of, tell, watched
from radar.shapes.reliability import Reliability, Spell

UNTIL = datetime(2026, 3, 2, 12, tzinfo=UTC)


def spell(id: str, start: str, end: str | None, level: str = "outage") -> Spell:
    return {"id": id, "start": start, "end": end, "level": level}


def told(hours: int = 0, *spells: Spell) -> Reliability:
    """A place that was watched for the last so many hours."""
    bits: dict[str, int] = {}
    add(bits, UNTIL - hours * HOUR, [True] * hours)
    return tell("country/IQ", bits, spells, UNTIL, simulated=False)


def test_an_hour_is_watched_when_half_of_its_bins_of_one_series_were_judged() -> None:
    score = np.full((1, 24, 2), np.nan, dtype=np.float32)
    score[0, 0:6, 0] = 0.1  # half of the first hour
    score[0, 12:17, 0] = 0.1  # five bins of each series in the second: no series has half
    score[0, 17:22, 1] = 0.1
    assert watched(score, 12).tolist() == [[True, False]]


def test_twelve_months_end_with_the_running_one_and_unknown_ones_are_not_well() -> None:
    row = told(36)
    assert [month["month"] for month in row["months"]][0::11] == ["2025-04", "2026-03"]
    assert len(row["months"]) == 12
    assert [month["watched"] for month in row["months"]] == [0] * 11 + [36]
    assert row["months"][0]["hours"] == 30 * 24
    assert row["months"][-1]["hours"] == 36
    assert row["since"] == "2026-03-01T00:00:00Z"
    assert row["year"]["watched"] == 36


def test_hours_that_are_counted_again_are_not_counted_twice() -> None:
    bits: dict[str, int] = {}
    for _again in range(2):
        add(bits, UNTIL - timedelta(hours=30), [True, False] * 15)
    assert tell("asn/1", bits, (), UNTIL, simulated=False)["year"]["watched"] == 15
    add(bits, UNTIL - timedelta(hours=30), [False] * 30)
    assert tell("asn/1", bits, (), UNTIL, simulated=False)["year"]["watched"] == 15, "what was seen stays seen"


def test_overlapping_outages_take_their_time_once_and_the_worse_level_counts() -> None:
    row = told(
        36,
        spell("a", "2026-03-02T00:00:00Z", "2026-03-02T02:00:00Z"),
        spell("b", "2026-03-02T01:00:00Z", "2026-03-02T03:00:00Z"),
        spell("c", "2026-03-02T01:30:00Z", "2026-03-02T05:00:00Z", "degraded"),
    )
    month = row["months"][-1]
    assert (month["outage_s"], month["degraded_s"]) == (3 * 3600, 2 * 3600)
    assert month["outages"] == 3
    assert (month["longest_s"], month["longest"]) == (3.5 * 3600, "c")


def test_an_outage_over_the_end_of_a_month_counts_in_both_and_once_in_the_year() -> None:
    row = told(60, spell("a", "2026-02-28T22:00:00Z", "2026-03-01T03:00:00Z"))
    assert [month["outage_s"] for month in row["months"][-2:]] == [2 * 3600, 3 * 3600]
    assert [month["outages"] for month in row["months"][-2:]] == [1, 1]
    assert (row["year"]["outages"], row["year"]["outage_s"]) == (1, 5 * 3600)
    assert row["year"]["longest_s"] == 5 * 3600


def test_an_outage_that_lasts_is_known_also_where_nothing_new_was_heard() -> None:
    row = told(0, spell("a", "2026-03-02T00:30:00Z", None))
    assert row["months"][-1]["watched"] == 12, "from 00:00, in whole hours"
    assert row["months"][-1]["outage_s"] == 11.5 * 3600
    assert row["months"][-1]["longest_s"] == 11.5 * 3600


def test_a_year_old_outage_and_old_hours_are_dropped() -> None:
    bits = {"2025-03": 0xFF, "2025-04": 0x1}
    row = tell("asn/1", bits, [spell("old", "2025-03-01T00:00:00Z", "2025-03-02T00:00:00Z")], UNTIL, simulated=True)
    assert row["bits"] == {"2025-04": "1"}
    assert row["spells"] == []
    assert row["year"]["outages"] == 0
    assert row["since"] == "2025-04-01T00:00:00Z"


@pytest.mark.parametrize("until", [datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 2, 28, 23, tzinfo=UTC)])
def test_the_first_moment_of_a_month_belongs_to_the_one_before(until: datetime) -> None:
    row = tell("asn/1", {}, (), until, simulated=False)
    assert row["months"][-1]["month"] == "2026-02"
    assert row["months"][-1]["hours"] == (until - datetime(2026, 2, 1, tzinfo=UTC)) // HOUR
    assert month_of(until) >= "2026-02"
