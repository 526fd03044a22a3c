"""What a live radar published is worked out again from the archive: the same series, states and outages."""

from __future__ import annotations

import dataclasses
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from jobs import rebuild as module
from jobs import rebuild_command, upkeep
from jobs.collect import enabled
from jobs.consent import off
from jobs.live import LivePipeline
from jobs.rebuild import Report, rebuild
from jobs.trail import Tick, Trail
from radar.errors import ConfigError, RadarError
from radar.settings import Settings, load
from radar.signals import GROUPS
from radar.store import Store, blocks, documents, keys, lease
from radar.times import rfc3339
from tests.jobs.test_live import CODES, DAY, NOW, STEP, Stage, backfill, pings

#: From NOW on: Iraq is down from hour 3 to 5, and Portugal, late, was down in hour 8.
HOURS = 14
END = NOW + timedelta(hours=HOURS, minutes=1)
ASPECTS = ("value", "n", "baseline", "spread", "score", "clean")


class Radar(Stage):
    """A stage that writes down its ticks."""

    def anew(self) -> LivePipeline:
        folder = self.archive.root.parent
        chosen = load({"RADAR_DATA_DIR": str(folder)})
        names = [module.SOURCE.name for module in enabled(chosen)]
        return LivePipeline(
            self.client, self.archive, ledger=self.ledger, trail=Trail(folder), enabled=names, off=off(chosen)
        )


@pytest.fixture
def settings(tmp_path: Path, valkey_url: str) -> Settings:
    return load({"RADAR_DATA_DIR": str(tmp_path), "REDIS_URL": valkey_url})


def world(number: int, *, late: bool) -> pl.DataFrame:
    """One bin as it is told: Iraq is down in some, and nothing is heard of Portugal in others until it is too late."""
    codes = tuple(code for code in CODES if not (late and code == "PT" and 48 <= number < 60))
    levels = {"IQ": 40.0} if 18 <= number < 30 else {}
    return pings(NOW + STEP * number, 1, codes, **levels)


@pytest.fixture
def radar(tmp_path: Path, client: Store) -> Iterator[Radar]:
    """A radar that has seen two outages, one of them late, has been restarted, and then ended."""
    radar = Radar(tmp_path, client)
    backfill(radar, NOW)
    radar.line.tick(NOW + timedelta(minutes=3, microseconds=114_203))
    for i in range(HOURS * 6):
        at = NOW + STEP * i
        for number in (i - 2, i - 1, i):  # each asks again for two older bins
            if number >= 0:
                radar.put(world(number, late=i < 60), at + STEP)
        if i == 60:
            radar.put(pings(NOW + STEP * 48, 12, ("PT",), PT=30.0), at + STEP)
        if i % 50 == 49:
            radar.line = radar.anew()
        if i % 3 == 2:
            radar.line.tick(at + STEP + timedelta(seconds=8 + i % 7))
    radar.line.tick(END)
    return radar


def published(client: Store) -> dict[str, Any]:
    """All that a reader can be told, but for wall clocks."""
    outages = documents.get(client, "outages")
    start, bins = NOW - DAY * 21, 21 * 144 + HOURS * 6
    entities = [f"country/{code}" for code in CODES]
    return {
        "outages": outages,
        "each": [documents.get(client, f"outage:{outage['id']}") for outage in outages],
        "states": documents.states(client),
        "entities": documents.get(client, "entities"),
        "notice": documents.get(client, "notice"),
        "sources": documents.get(client, "sources"),
        **{a: blocks.read_bins(client, GROUPS["ioda10"], a, entities, start, bins).tobytes() for a in ASPECTS},
        "detector": documents.blob(client, "now:detector:ioda10"),
        "cursor": json.loads(documents.blob(client, "now:pipeline") or b"")["cursor"],
    }


def again(settings: Settings, client: Store, **how: Any) -> Report:
    return rebuild(settings, client, now=how.pop("now", END), **how)


def assert_same(found: dict[str, Any], wanted: dict[str, Any]) -> None:
    assert [outage["id"] for outage in found["outages"]] == [outage["id"] for outage in wanted["outages"]]
    assert found["outages"] == wanted["outages"]
    assert [name for name in wanted if found[name] != wanted[name]] == []


def test_everything_is_as_the_live_radar_had_it(radar: Radar, settings: Settings, client: Store) -> None:
    wanted = published(client)
    assert {(o["entity"], o["status"]) for o in wanted["outages"]} >= {("country/IQ", "closed")}
    client.flushall()
    report = again(settings, client)
    assert report.complete
    assert report.ticks == report.written_down == HOURS * 2 + 2
    assert_same(published(client), wanted)
    assert documents.get(client, "clock")["mode"] == "live"


def test_packed_days_give_the_same(radar: Radar, settings: Settings, client: Store) -> None:
    later = END + DAY
    radar.put(pings(later - STEP, 1), later)
    radar.line.tick(later)
    wanted = published(client)
    assert [day.files for day in upkeep.work(client, radar.archive, settings, later).packed] > [100]
    client.flushall()
    again(settings, client, now=later)
    assert_same(published(client), wanted)


def test_the_radar_goes_on_from_what_was_rebuilt(radar: Radar, settings: Settings, client: Store) -> None:
    def go_on() -> dict[str, Any]:
        line = Radar(settings.data_dir, client).line
        assert line.tick(END + STEP).files == 1
        return published(client)

    radar.put(pings(END.replace(minute=0), 1, IQ=30.0), END + STEP)
    before = client.dump(keys.VERSION)
    assert before is not None
    wanted = go_on()
    client.flushall()
    again(settings, client)
    assert_same(go_on(), wanted)


def test_a_store_that_is_not_empty_is_refused_and_emptied_only_when_told_so(
    radar: Radar, settings: Settings, client: Store
) -> None:
    wanted = published(client)
    client.xadd(keys.journal("mine"), {"entry": "what people said"})
    with pytest.raises(ConfigError, match=r"not empty; --replace deletes what was published"):
        again(settings, client)
    assert_same(published(client), wanted)
    assert again(settings, client, replace=True).complete
    assert_same(published(client), wanted)
    assert client.xlen(keys.journal("mine")) == 1
    client.delete(
        *client.scan_iter(match=f"{keys.PREFIX}{{pub}}*"), *client.scan_iter(match=f"{keys.PREFIX}{{country*")
    )
    with pytest.raises(ConfigError, match="not empty"):
        again(settings, client)


def test_a_radar_that_works_on_the_store_keeps_it(radar: Radar, settings: Settings, client: Store) -> None:
    client.flushall()
    lease.acquire(client, "pipeline", 600)
    with pytest.raises(RadarError, match="a radar works on this store"):
        again(settings, client, replace=True)
    assert documents.version(client) == 0


KILLED = """
import os, signal, sys
from datetime import datetime
from jobs import rebuild
from radar.settings import load
from radar.store import blocks, connect, documents

where, at = sys.argv[1].split(":")
owner = {"write_bins": blocks, "publish": documents}[where]
calls, real = 0, getattr(owner, where)
def dies(*args, **kwargs):
    global calls
    calls += 1
    if calls == int(at):
        os.kill(os.getpid(), signal.SIGKILL)
    return real(*args, **kwargs)
setattr(owner, where, dies)
rebuild.PUBLISH_TICKS = 8
settings = load()
client = connect(settings)
now, *window = map(datetime.fromisoformat, sys.argv[2:])
rebuild.rebuild(settings, client, now=now, **dict(zip(("since", "until"), window)))
"""


@pytest.mark.parametrize(
    ("at", "resumed"), [("publish:1", 0), ("write_bins:1", 0), ("publish:4", 16), ("write_bins:640", 16)]
)
def test_a_rebuild_that_was_killed_goes_on_and_ends_with_the_same(
    radar: Radar,
    settings: Settings,
    client: Store,
    at: str,
    resumed: int,
    repo_root: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    wanted = published(client)
    client.flushall()
    env = {**os.environ, "RADAR_DATA_DIR": str(settings.data_dir), "REDIS_URL": settings.redis_url}
    command = [sys.executable, "-c", KILLED, at, END.isoformat()]
    done = subprocess.run(command, cwd=repo_root, env=env, check=False, timeout=120)
    assert done.returncode == -signal.SIGKILL
    assert client.get(keys.lease("pipeline")) is not None, "the dead one's lease runs out by itself"
    client.delete(keys.lease("pipeline"))
    monkeypatch.setattr(module, "PUBLISH_TICKS", 8)
    report = again(settings, client)
    assert report.complete
    assert report.resumed == resumed
    assert_same(published(client), wanted)


def test_one_that_was_asked_to_stop_ends_where_it_can_be_taken_up(
    radar: Radar, settings: Settings, client: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = published(client)
    client.flushall()
    monkeypatch.setattr(module, "PUBLISH_TICKS", 8)
    stop = threading.Event()
    stop.set()
    report = again(settings, client, stop=stop)
    assert (report.complete, report.ticks) == (False, 8)
    with pytest.raises(ConfigError, match="not empty"):
        again(settings, client, until=NOW)  # something else was asked for
    assert again(settings, client).resumed == 8
    assert_same(published(client), wanted)


def test_a_window_of_the_past_is_kept_and_says_that_it_is_past(radar: Radar, settings: Settings, client: Store) -> None:
    (wanted,) = [outage for outage in documents.get(client, "outages") if outage["entity"] == "country/IQ"]
    client.flushall()
    since, until = NOW + timedelta(hours=2), NOW + timedelta(hours=12)
    report = again(settings, client, since=since, until=until, now=END + DAY * 400)
    assert report.written_down == 20
    (found,) = [outage for outage in documents.get(client, "outages") if outage["entity"] == "country/IQ"]
    assert {name: found[name] for name in ("id", "start", "end", "known_at", "status")} == {
        name: wanted[name] for name in ("id", "start", "end", "known_at", "status")
    }
    clock = documents.get(client, "clock")
    assert (clock["mode"], clock["speed"], clock["starts"]) == ("replay", 0.0, rfc3339(since))
    pages = list(client.scan_iter(match=f"{keys.PAGE_HEAD}country/IQ*"))
    assert {client.ttl(key) for key in pages} == {-1}, "no sweep drops it for its age"


def test_only_the_sources_that_were_asked_for(radar: Radar, settings: Settings, client: Store) -> None:
    rows = pings(NOW, 6).with_columns(pl.lit("google.youtube").alias("signal"))
    radar.put(rows, END, source="google_traffic")
    client.flushall()
    assert again(settings, client, sources=("google_traffic",)).sources == ["google_traffic"]
    assert "ioda10" not in json.loads(documents.blob(client, "now:pipeline") or b"")["runs"]


def test_without_written_ticks_they_are_made_up_and_the_outage_is_found_all_the_same(
    radar: Radar, settings: Settings, client: Store
) -> None:
    wanted = {(o["id"], o["start"], o["end"]) for o in documents.get(client, "outages") if o["entity"] == "country/IQ"}
    for path in (settings.data_dir / "archive" / "ticks").iterdir():
        path.unlink()
    client.flushall()
    report = again(dataclasses.replace(settings, tick_s=600), client)
    assert (report.written_down, report.complete) == (0, True)
    found = {(o["id"], o["start"], o["end"]) for o in documents.get(client, "outages") if o["entity"] == "country/IQ"}
    assert found == wanted


def test_all_answers_of_the_last_moment_belong_to_the_window(settings: Settings, client: Store, tmp_path: Path) -> None:
    radar, last = Radar(tmp_path, client), NOW + timedelta(hours=2)
    for at, hour in ((NOW, 0), (last, 1), (last, 2)):
        radar.put(pings(NOW + timedelta(hours=hour), 6), at)
    assert again(dataclasses.replace(settings, tick_s=3600), client, until=last, now=last).files == 3


def test_nothing_archived_is_said(settings: Settings, client: Store, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="nothing is archived in"):
        again(settings, client)
    Radar(tmp_path, client).put(pings(NOW, 1), NOW)
    with pytest.raises(ConfigError, match="nothing was archived until"):
        again(settings, client, until=NOW - DAY)
    with pytest.raises(ConfigError, match="is not before --until"):
        again(settings, client, since=END, until=END)


def test_the_command_prints_what_it_did(
    radar: Radar, settings: Settings, client: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    def run(*, as_json: bool, replace: bool = False) -> str:
        code = rebuild_command.run(settings, since=NOW, until=END, sources=(), replace=replace, as_json=as_json)
        assert code == 0
        return capsys.readouterr().out

    client.flushall()
    body = json.loads(run(as_json=True))
    assert (body["complete"], body["written_down"], body["sources"]) == (True, HOURS * 2 + 2, ["ioda_signals"])
    assert f"{body['ticks']} ticks from {body['since']} until {body['until']}" in run(as_json=False, replace=True)
    with pytest.raises(ConfigError, match="there is no archive"):
        rebuild_command.run(dataclasses.replace(settings, data_dir=settings.data_dir / "other"), since=None, until=None,
                            sources=(), replace=False, as_json=False)  # fmt: skip


def ticks(trail: Trail) -> list[datetime]:
    return [tick.now for tick in trail.read()]


def test_every_publication_has_its_tick_once_also_when_its_process_died(radar: Radar, client: Store) -> None:
    trail = Trail(radar.archive.root.parent)
    before = ticks(trail)
    assert len(before) == HOURS * 2 + 2
    line = LivePipeline(client, radar.archive, ledger=radar.ledger)  # publishes, and dies before it writes the tick
    line.tick(END + STEP)
    assert ticks(trail) == before
    radar.anew()
    radar.anew()
    assert ticks(trail) == [*before, END + STEP]


def test_a_torn_tick_is_passed_over_and_the_next_one_stands_by_itself(tmp_path: Path) -> None:
    trail = Trail(tmp_path)
    moments = [NOW, NOW + STEP, NOW + STEP * 2]
    for moment in moments[:2]:
        trail.write(Tick(moment, "x", ("a",)))
    path = tmp_path / "archive" / "ticks" / f"{NOW:%Y-%m-%d}.ndjson"
    path.write_bytes(path.read_bytes()[:-9])
    trail.write(Tick(moments[2], None, ()))
    assert list(trail.read()) == [Tick(NOW, "x", ("a",)), Tick(moments[2], None, ())]
    assert trail.last() == Tick(moments[2], None, ())
    assert list(trail.read(NOW + STEP, NOW + STEP)) == []
    assert (trail.drop(f"{NOW:%Y-%m-%d}"), trail.drop(f"{NOW + DAY:%Y-%m-%d}"), ticks(trail)) == (0, 1, [])
