"""Sources of happenings through the real jobs: archived, kept in a book, published, as fresh as their last answer."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from jobs.clock import ClockMode
from jobs.collect import collect, resume_at
from jobs.freshness import source_status
from jobs.ingest import Pipeline
from jobs.ledger import Entry, Ledger
from radar.archive import Archive
from radar.http import Http, Limits
from radar.shapes.context import document
from radar.sources import get
from radar.store import Store, documents
from radar.times import rfc3339
from tests.sources.test_earthquakes import feed, quake

AT = datetime(2026, 3, 2, 7, 20, tzinfo=UTC)
HOUR = timedelta(hours=1)
SOURCE = get("earthquakes").SOURCE


def http(answer: Callable[[httpx.Request], httpx.Response]) -> Http:
    return Http(transport=httpx.MockTransport(answer), sleep=lambda _s: None, limits=Limits(tries=1, interval_s=0))


class Radar:
    """A collector and a pipeline over one folder and store."""

    def __init__(self, client: Store, folder: Path) -> None:
        self.client, self.folder = client, folder
        self.archive, self.ledger = Archive(folder), Ledger(folder)

    def collect(self, at: datetime, answer: Callable[[httpx.Request], httpx.Response]) -> bool:
        with http(answer) as asked:
            return collect(get("earthquakes"), at, http=asked, archive=self.archive, ledger=self.ledger).ok

    def tick(self, at: datetime) -> tuple[Any, Any]:
        """The document and the source's row after a publication at ``at``."""
        pipeline = Pipeline(self.client, self.archive, clock=ClockMode("replay", 1.0, AT, AT + 99 * HOUR),
                            ledger=self.ledger, enabled=("earthquakes",))  # fmt: skip
        pipeline.tick(at)
        rows = {row["name"]: row for row in documents.get(self.client, "sources")}
        return documents.get(self.client, document("earthquakes")), rows["earthquakes"]


@pytest.fixture
def radar(client: Store, tmp_path: Path) -> Radar:
    return Radar(client, tmp_path)


def good(_request: httpx.Request) -> httpx.Response:
    return httpx.Response(200, content=feed(quake()))


def bad(_request: httpx.Request) -> httpx.Response:
    return httpx.Response(404)


def test_what_was_collected_is_published_and_on_time_though_there_is_no_bin(radar: Radar) -> None:
    assert radar.collect(AT, good)
    told, row = radar.tick(AT)
    assert [h["id"] for h in told["happenings"]] == ["earthquakes:us1"]
    assert (row["state"], row["newest_bin"], row["lag_s"]) == ("ok", None, 0.0)


def test_a_source_that_is_not_read_any_more_is_late_and_one_that_fails_is_failing(radar: Radar) -> None:
    radar.collect(AT, good)
    assert radar.tick(AT + 2 * HOUR)[1]["state"] == "late"
    assert not radar.collect(AT + 2 * HOUR, bad)
    told, row = radar.tick(AT + 2 * HOUR)
    assert row["state"] == "failing"
    assert told["read_at"] == rfc3339(AT), "what was read stays, with the time at which it was"


def test_before_the_first_answer_there_is_no_document_and_no_calm_word(radar: Radar) -> None:
    told, row = radar.tick(AT)
    assert told is None
    assert row["state"] == "never"


def test_an_answer_that_is_not_understood_is_failing_and_takes_nothing_back(radar: Radar) -> None:
    radar.collect(AT, good)
    radar.tick(AT)
    assert not radar.collect(AT + HOUR, lambda _request: httpx.Response(200, content=b"<html></html>"))
    told, row = radar.tick(AT + HOUR)
    assert row["state"] == "failing"
    assert told["happenings"][0]["withdrawn_at"] is None


def test_it_goes_on_where_it_was_last_read_whole(radar: Radar) -> None:
    asked: list[str] = []

    def noted(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.path.rpartition("_")[2])
        return good(request)

    for minutes in (0, 10, 20, 30):
        radar.collect(AT + timedelta(minutes=minutes), noted)
    radar.collect(AT + timedelta(days=3), noted)
    assert asked == ["week.geojson", "day.geojson", "day.geojson", "day.geojson", "week.geojson"]


def test_one_that_was_never_read_whole_is_asked_from_the_beginning() -> None:
    assert resume_at(SOURCE, Entry("earthquakes"), AT) == AT - timedelta(days=28)


def test_a_source_that_is_not_collected_here_is_off() -> None:
    row = source_status(SOURCE, [], Entry("earthquakes"), AT, history=False, enabled=False, off="Not named.")
    assert (row["state"], row.get("off"), row["lag_s"], row["simulated"]) == ("off", "Not named.", None, False)


def test_what_recorded_sets_say_of_it_never_hides_what_is_known_now(radar: Radar) -> None:
    recorded = source_status(SOURCE, [], Entry("earthquakes"), AT, history=True, enabled=False)
    documents.publish(radar.client, {"recorded": {"outages": [], "quality": [], "entities": [], "sources": [recorded]}})
    radar.collect(AT, good)
    assert radar.tick(AT)[1]["state"] == "ok"
