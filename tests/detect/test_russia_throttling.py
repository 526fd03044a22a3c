"""YouTube in Russia, throttled from August 2024: a slow degradation, beside two countries where nothing happened."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from radar.shapes import Outage
from tests.detect.recorded import story, youtube

pytestmark = pytest.mark.shared


@pytest.fixture(scope="module")
def outages(shared_data: Path) -> list[Outage]:
    last: list[Outage] = []
    for _, _, book, _ in story(youtube(shared_data)):
        last = book.all if book.watched() else last
    return last


def test_the_throttling_is_found_within_two_weeks_and_is_no_outage(outages: list[Outage]) -> None:
    assert [o["entity"] for o in outages] == ["country/RU"]
    found = outages[0]
    assert (
        datetime(2024, 7, 25, tzinfo=UTC) <= datetime.fromisoformat(found["start"]) <= datetime(2024, 8, 8, tzinfo=UTC)
    )
    assert datetime.fromisoformat(found["known_at"]) <= datetime(2024, 8, 15, tzinfo=UTC)
    assert (found["level"], found["rule"], found["status"]) == ("degraded", "slow_degradation", "open")


def test_a_drop_in_one_service_is_not_told_as_a_drop_in_the_network(outages: list[Outage]) -> None:
    assert outages[0].get("verdict", "").startswith("One service's traffic has fallen")
    assert outages[0]["causes"][0]["cause"] == "unknown"


def test_the_controls_stay_silent_for_six_years(outages: list[Outage]) -> None:
    assert not [o["entity"] for o in outages if o["entity"] in ("country/NL", "country/GE")]


def test_russia_stays_silent_until_the_throttling(outages: list[Outage]) -> None:
    assert not [o["start"] for o in outages if o["start"] < "2024-07-01"]


def test_half_a_year_of_throttling_never_becomes_normal(outages: list[Outage]) -> None:
    depth = outages[0]["severity"]["depth"]
    assert depth is not None
    assert depth > 0.6
