"""The whole process, over a real websocket, a real web server and a real Valkey; also when it is killed."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from jobs.ledger import Ledger
from radar import store
from radar.archive import Archive
from radar.store import documents, routes
from tests.conftest import REPO
from tests.stream.stage import LOST, PREFIXES, Stage, running, stage, wait_for


@pytest.fixture
def radar(tmp_path: Path, client: store.Store, valkey_url: str) -> Iterator[Stage]:
    """An upstream that talks, and an empty store."""
    with stage(tmp_path, valkey_url) as made:
        yield made


def visible(data_dir: Path, entity: str = "asn/64496") -> dict[str, float]:
    """Archived IPv4 space by minute; the newest row of each wins, as in the pipeline."""
    archive = Archive(data_dir)
    frames = [archive.read(file) for file in archive.files("ris_live")]
    if not frames:
        return {}
    rows = pl.concat(frames).filter((pl.col("entity") == entity) & (pl.col("signal") == "bgp.visible_24s"))
    return {f"{t:%H:%M}": v for t, v in rows.select("timebin", "value").iter_rows()}


def document(client: store.Store) -> dict[str, Any]:
    return documents.get(client, "routing") or {}


def is_live(client: store.Store) -> bool:
    return document(client).get("state") == "live"


def test_a_stream_becomes_rows_a_document_and_views(radar: Stage, client: store.Store) -> None:
    with running(radar.process()):
        wait_for(lambda: is_live(client))
        radar.upstream.gone_at = radar.upstream.now()
        wait_for(lambda: len(PREFIXES) - len(LOST) in visible(radar.data_dir).values())
        told = wait_for(lambda: document(client) if document(client)["totals"]["prefixes_v4"] == 30 else None)
    assert set(visible(radar.data_dir).values()) == {40.0, 30.0}
    assert (told["totals"]["full_v4"], told["totals"]["peers"]) == (5, 5)
    assert told["gaps"][-1]["reason"] == "start"
    assert told["gaps"][-1]["filled"] is True
    view = routes.read(client, "asn/64496")
    assert view is not None
    assert (view["visible_24s"], view["before_24s"], view["peers_v4"]) == (30, None, 5)
    entry = Ledger(radar.data_dir).read("ris_live")
    assert entry.newest_bin is not None
    assert entry.asked_until is not None
    assert entry.rows > 0
    assert entry.rejected_examples[0]["reason"] == "no prefix"


def test_what_is_missing_is_fetched_and_the_table_is_whole_again(radar: Stage, client: store.Store) -> None:
    with running(radar.process()):
        wait_for(lambda: is_live(client))
    radar.upstream.gone_at = radar.upstream.now() + 30  # while nobody listens
    wait_for(lambda: radar.upstream.now() > radar.upstream.gone_at + 60)
    with running(radar.process()) as process:
        assert process.streaming.caught_up_from is not None
        wait_for(lambda: any(gap["reason"] == "restart" and gap["filled"] for gap in document(client).get("gaps", [])))
        wait_for(lambda: document(client)["totals"]["prefixes_v4"] == 30)
    assert any("updates" in path for path in radar.upstream.asked)


_VICTIM = """
import os, signal, sys
from pathlib import Path
from tests.stream import stage as s
from jobs.stream import keep
said = s.Upstream(zero=float(sys.argv[1]))
made = s.Stage(said, sys.argv[2], sys.argv[3], sys.argv[4], Path(sys.argv[5])).process(snapshot_s=60.0)
dump, written = keep.snapshot.dump, []
def cut_off(session, extra):
    for part in dump(session, extra):
        yield part
        if len(written) == 2:
            os.kill(os.getpid(), signal.SIGKILL)
    if session.newest.sides[0].blocks is not None:  # the table is whole: two snapshots of it, then the end
        written.append(1)
keep.snapshot.dump = cut_off
made.run()
"""


def test_killed_in_mid_snapshot_it_goes_on_and_counts_nothing_twice(radar: Stage, client: store.Store) -> None:
    command = [sys.executable, "-c", _VICTIM, str(radar.upstream.zero), radar.stream_url, radar.web_url,
               radar.redis_url, str(radar.data_dir)]  # fmt: skip
    done = subprocess.run(command, cwd=REPO, timeout=90, check=False, capture_output=True, text=True)
    assert done.returncode == -9, done.stderr
    folder = radar.data_dir / "stream" / "ris_live" / "snapshots"
    assert list(folder.glob("*.tmp")), "it was killed while it wrote one"
    before = visible(radar.data_dir)
    assert before
    client.delete(*client.keys("*lease*"))  # it runs out by itself; a test does not wait for it
    with running(radar.process()) as process:
        assert process.streaming.caught_up_from is not None
        wait_for(lambda: is_live(client) and document(client)["totals"]["prefixes_v4"] == 40)
    assert not list(folder.glob("*.tmp"))
    after = visible(radar.data_dir)
    assert {minute: after[minute] for minute in before} == before
    archive = Archive(radar.data_dir)
    counted: Counter[tuple[str, bytes]] = Counter()
    for file in archive.files("ris_live"):
        raw = archive.raw(file)
        counted[raw.name, raw.body] += 1
    assert set(counted.values()) == {1}, "the same minute was archived twice"


def test_a_store_that_is_away_stops_nothing_but_the_telling(radar: Stage, tmp_path: Path) -> None:
    radar.redis_url = f"unix://{tmp_path}/nobody"
    with running(radar.process()):
        wait_for(lambda: visible(radar.data_dir))


def test_only_one_process_listens(radar: Stage, client: store.Store) -> None:
    with running(radar.process()):
        wait_for(lambda: is_live(client))
        second = radar.process()
        with running(second):
            assert second._lease is None
            assert second.listener.messages == 0
