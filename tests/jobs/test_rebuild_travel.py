"""A window of the past is rebuilt: what was known when is told as the live radar told it, and nothing is told of other
times."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest

from jobs import outages
from jobs import rebuild as module
from jobs import travel as stored
from jobs.trail import Trail
from jobs.travel import Keeper
from radar.errors import RadarError
from radar.settings import Settings
from radar.store import Store, frames, keys, travel
from radar.store.travel import Found, Missing, Span
from radar.times import rfc3339
from tests.jobs.test_live import DAY, NOW
from tests.jobs.test_rebuild import END, KILLED, Radar, again, radar, settings

__all__ = ["radar", "settings"]  # fixtures

SINCE, UNTIL = NOW + timedelta(hours=2), NOW + timedelta(hours=12)
#: Long after everything: nothing of the window is of now.
LATER = END + DAY * 400
SECOND = timedelta(seconds=1)


def told(client: Store, at: datetime) -> tuple[bytes, dict[str, Any]] | str:
    """The list of outages as JSON and the states as of a moment, or why there are none."""
    found = travel.read(client, at, LATER)
    if isinstance(found, Missing):
        return found.why
    states = {key: {**row, "since": None} for key, row in found.told.states.items()}
    return orjson.dumps(found.told.docs["outages"]), states


def moments(settings: Settings) -> list[datetime]:
    """Each tick of the window, and shortly before the next one."""
    ticks = [tick.now.replace(microsecond=0) for tick in Trail(settings.data_dir).read(SINCE, UNTIL)]
    return sorted([*ticks, *(tick - SECOND for tick in ticks[1:]), UNTIL])


def recorded(client: Store) -> list[datetime]:
    """When each frame of the record was published."""
    found = travel.span(client, SINCE - DAY, UNTIL, LATER)
    assert isinstance(found, Span)
    return [frames.time_of(frame) for _, held in found.segments if isinstance(held, list) for frame in held]


@pytest.fixture
def known(radar: Radar, settings: Settings, client: Store) -> Iterator[dict[datetime, Any]]:
    """What the live radar told at each moment of the window; then its store is lost."""
    found = {at: told(client, at) for at in moments(settings)}
    assert len({body for body, _ in found.values()}) > 6, "outages began, went on, ended and were found late"
    client.flushall()
    return found


def test_what_was_known_when_is_told_again_to_the_second_and_nothing_outside_of_the_window(
    known: dict[datetime, Any], settings: Settings, client: Store
) -> None:
    again(settings, client, since=SINCE, until=UNTIL, now=LATER)
    assert [at for at in known if told(client, at) != known[at]] == []
    first = min(known)
    assert (told(client, first - SECOND), told(client, UNTIL + SECOND)) == ("early", "future")
    for at in (SINCE - DAY, UNTIL + SECOND):
        with pytest.raises(RadarError, match=f"at {rfc3339(at)}; it is from {rfc3339(first)} to {rfc3339(UNTIL)}"):
            outages.find(settings, at=at)
    assert orjson.dumps(outages.find(settings, at=UNTIL)) == known[UNTIL][0]


def test_a_rebuild_that_was_killed_tells_each_moment_once(
    known: dict[datetime, Any],
    settings: Settings,
    client: Store,
    repo_root: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    env = {**os.environ, "RADAR_DATA_DIR": str(settings.data_dir), "REDIS_URL": settings.redis_url}
    given = ["publish:3", LATER.isoformat(), SINCE.isoformat(), UNTIL.isoformat()]
    done = subprocess.run([sys.executable, "-c", KILLED, *given], cwd=repo_root, env=env, check=False, timeout=120)
    assert done.returncode == -signal.SIGKILL
    client.delete(keys.lease("pipeline"))
    before = recorded(client)
    monkeypatch.setattr(module, "PUBLISH_TICKS", 8)
    report = again(settings, client, since=SINCE, until=UNTIL, now=LATER)
    assert (report.complete, report.resumed) == (True, 8)
    assert len(before) > 8, "it had gone on after what was published"
    assert [at for at in known if told(client, at) != known[at]] == []
    assert recorded(client)[:-1] == sorted(set(recorded(client))), (
        "but for the last tick, which is published at the end"
    )


def test_beside_what_the_live_radar_filed_the_window_is_told_and_the_time_before_it_too(
    radar: Radar, settings: Settings, client: Store
) -> None:
    every = [NOW + timedelta(minutes=30 * i + 1) for i in range(1, 24)]
    wanted = {at: told(client, at) for at in every}
    Keeper(client, radar.archive, 7)(END + DAY)
    client.flushall()
    again(settings, client, since=SINCE, until=UNTIL, now=LATER)
    Keeper(client, radar.archive, 7)(LATER)  # of a worker that is started on this store
    assert not any(travel.held(client, name) for name in travel.segments(client)), "all of it is old, and filed"
    found = {}
    for at in every:
        seen = stored.read(client, settings.data_dir, at, LATER)
        assert isinstance(seen, Found)
        found[at] = told(client, at)
    assert [at for at in every if found[at] != wanted[at]] == []
