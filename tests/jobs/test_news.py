"""What books find on their own reaches the list of outages, through any number of processes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import orjson

from jobs.clock import ClockMode
from jobs.ingest import Pipeline
from jobs.ledger import Ledger
from radar.archive import Archive
from radar.shapes import Outage
from radar.sources import get
from radar.store import Store, documents

START = datetime(2026, 3, 2, 10, tzinfo=UTC)
STEP, HOUR = timedelta(minutes=5), timedelta(hours=1)


def put(archive: Archive, times: list[datetime], at: datetime) -> None:
    """Archive matches of one rule at these times, as received at ``at``. Their origin is not known."""
    rows = [{"time": int(t.timestamp()), "rule": "942100", "title": "Test rule", "action": "blocked"} for t in times]
    body = b"".join(orjson.dumps(row) + b"\n" for row in rows)
    parsed = get("waf_events").parse(body)
    name = f"{at:%d%H%M}.ndjson"
    archive.put("waf_events", name, body, parsed.rows, received_at=at, simulated=True)


def tick(client: Store, archive: Archive, folder: Path, now: datetime, clock: ClockMode | None = None) -> list[Outage]:
    """A tick by a process of its own."""
    clock = clock or ClockMode("replay", 1.0, START, START + 3 * HOUR)
    Pipeline(client, archive, clock=clock, ledger=Ledger(folder), enabled=("waf_events",)).tick(now)
    found: list[Outage] = documents.get(client, "outages")
    return found


def test_a_rise_of_attempts_is_published_though_no_series_of_it_is_scored(client: Store, tmp_path: Path) -> None:
    archive = Archive(tmp_path)
    put(archive, [START - HOUR * back for back in range(40, 0, -1)], START)
    assert tick(client, archive, tmp_path, START) == []
    now = START
    for _ in range(6):
        put(archive, [now + timedelta(seconds=5 * n) for n in range(40)], now + STEP)
        now += STEP
        found = tick(client, archive, tmp_path, now)
    (outage,) = found
    assert outage["entity"] == "provider/our-firewalls"
    assert outage["known_at"] == "2026-03-02T10:10:00Z"
    assert outage["simulated"], "though no origin is known, and so no series"
    assert documents.get(client, f"outage:{outage['id']}")["updates"][0]["kind"] == "opened"


def test_old_logs_that_are_read_for_the_first_time_are_no_news(client: Store, tmp_path: Path) -> None:
    archive = Archive(tmp_path)
    old = [START - HOUR * back for back in range(90, 40, -1)]
    burst = [START - 40 * HOUR + timedelta(seconds=9 * n) for n in range(400)]
    calm = [START - HOUR * back for back in range(38, 0, -1)]
    put(archive, [*old, *burst, *calm], START)
    assert tick(client, archive, tmp_path, START, ClockMode()) == []
