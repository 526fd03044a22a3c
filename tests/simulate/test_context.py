"""The simulated happenings: labelled, read by the real sources, corrected and taken back as time goes."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from jobs.simulate.context import senders
from jobs.simulate.rates import FIRST
from jobs.simulate.scenario import BIN, ENDS, STARTS
from radar.books import discover as books
from radar.shapes.context import SOURCES
from radar.sources import get
from radar.times import rfc3339


@pytest.fixture(scope="module")
def played() -> dict[str, list[dict[str, Any]]]:
    """What the book of each source holds at the end."""
    found = {}
    for sender in senders():
        module: Any = get(sender.source)
        book = books()[sender.source]()
        for number in range((STARTS - FIRST) // BIN, (ENDS - FIRST) // BIN):
            for answer in sender.answers(number):
                assert module.parse(answer.body, name=answer.name).rejected == ()
                at = FIRST + (number + 1) * BIN
                book.take(module.details(answer.body, name=answer.name), received_at=at, simulated=True)
        found[sender.source] = book.page(ENDS)["happenings"]
    return found


def test_every_source_of_happenings_is_played(played: dict[str, list[dict[str, Any]]]) -> None:
    assert set(played) == set(SOURCES)
    assert all(played.values())


def test_every_one_says_that_it_is_simulated(played: dict[str, list[dict[str, Any]]]) -> None:
    for row in (row for rows in played.values() for row in rows):
        assert row["simulated"]
        assert row["title"].startswith("Simulated:") or row["kind"] in ("earthquake", "weekend")
        assert row["kind"] != "earthquake" or row["area"].startswith("Simulated:")


def test_the_size_of_the_quake_is_corrected_and_it_is_told_of_tonga(played: dict[str, list[dict[str, Any]]]) -> None:
    (quake,) = played["earthquakes"]
    assert quake["title"].startswith("Magnitude 5.9")
    assert quake["places"] == ["country/TO"]
    assert quake["changed_at"] > quake["known_at"]


def test_work_that_is_called_off_stays_and_says_so(played: dict[str, list[dict[str, Any]]]) -> None:
    (work,) = [row for row in played["planned_maintenance"] if row["places"] == ["country/ES"]]
    assert work["withdrawn_at"] is not None
    assert work["withdrawn_at"] >= rfc3339(STARTS + timedelta(hours=4))


def test_the_updated_warning_takes_the_place_of_the_first(played: dict[str, list[dict[str, Any]]]) -> None:
    (warning,) = played["weather_alerts"]
    assert warning["title"] == "Simulated: storm, stronger"
    assert warning["known_at"] < warning["changed_at"]
