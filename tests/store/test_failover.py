"""A primary dies by SIGKILL in mid-write: errors say so, no reader meets half of anything, and nothing stays lost."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from redis.crc import key_slot

from jobs import writeback
from jobs.ingest import Pipeline
from radar import store
from radar.errors import StoreUnavailable
from radar.signals import GROUPS
from radar.store import Store, blocks, documents, keys
from tests.jobs.test_pipeline import COUNTRIES, NOW, make, play, warmed
from tests.store import servers
from tests.store.test_connection import CALLS

GROUP = GROUPS["ioda10"]
#: One that shares no shard with the published documents, and one that does.
FAR, NEAR = "country/PT", "country/IQ"


@dataclass
class Stage:
    """Servers that can fail over, and who holds a key."""

    url: str
    holder: Callable[[str], servers.Server]
    healthy: Callable[[], bool]
    all: list[servers.Server]

    def cut(self, key: str) -> servers.Server:
        """Cut the replica off from the primary of a key, so that it stays behind; the primary."""
        primary = self.holder(key)
        primary.client().execute_command("ACL", "SETUSER", "default", "-psync", "-sync")
        primary.client().execute_command("CLIENT", "KILL", "TYPE", "replica")
        return primary

    def wait(self, key: str, dead: servers.Server) -> None:
        """Wait until another one holds the key."""
        servers.until(lambda: self.holder(key) is not dead, "the failover")

        def writes() -> bool:
            with store.connect(self.url) as client:
                return bool(client.set(f"radar:v1:{{{key.partition('{')[2].partition('}')[0]}}}:probe", b"1"))

        servers.until(writes, "the new primary")


@pytest.fixture(params=["sentinel", "cluster"])
def stage(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Stage]:
    """Servers of this test alone: it kills some."""
    if request.param == "sentinel":
        with servers.sentinel(tmp_path / "servers") as watched:
            yield Stage(watched.url, lambda _key: watched.primary(), lambda: True, [*watched.nodes, *watched.sentinels])
    else:
        with servers.cluster(tmp_path / "servers") as nodes:
            yield Stage(nodes.url, lambda key: nodes.holder(key_slot(key.encode())), nodes.healthy, nodes.servers)


def everything(client: Store) -> dict[str, object]:
    """All that a pipeline wrote, but for what only says when or how often."""
    start = NOW - timedelta(days=1)
    found: dict[str, object] = {
        aspect: blocks.read_bins(client, GROUP, aspect, COUNTRIES, start, 288).tobytes()
        for aspect in keys.ASPECTS
        if aspect != "score"
    }
    found["states"] = documents.states(client)
    found["outages"] = documents.get(client, "outages")
    for outage in documents.get(client, "outages"):
        found[outage["id"]] = documents.get(client, f"outage:{outage['id']}")
    return found


def scores(client: Store) -> blocks.Block:
    """Scores of the same bins."""
    return blocks.read_bins(client, GROUP, "score", COUNTRIES, NOW - timedelta(days=1), 288)


def test_every_call_says_that_nobody_answers(stage: Stage) -> None:
    with store.connect(stage.url, timeout_s=2) as client:
        for call in CALLS.values():
            call(client)
        for server in stage.all:
            server.kill()
        for name, call in CALLS.items():
            with pytest.raises(StoreUnavailable, match="cannot be reached"):
                call(client)
            assert name


def test_readers_and_writers_meet_errors_and_never_half_a_publication(stage: Stage) -> None:
    """The primary of the documents dies while a writer publishes and a reader reads."""
    done = threading.Event()
    acknowledged: list[int] = []
    read: list[int] = []
    errors: list[str] = []
    failed: list[BaseException] = []

    def loop(step: Callable[[Store, int], None]) -> None:
        number = 0
        try:
            with store.connect(stage.url, timeout_s=2) as client:
                while not done.is_set():
                    number += 1
                    try:
                        step(client, number)
                    except StoreUnavailable as error:
                        errors.append(str(error))
                        time.sleep(0.05)
        except BaseException as error:
            failed.append(error)

    def write(client: Store, n: int) -> None:
        blocks.write_bins(client, GROUP, "value", COUNTRIES, NOW, np.full((3, 1, 1), float(n)))
        documents.publish(client, {"a": n, "b": [n] * 20_000}, blobs={"m": b"%d" % n})
        acknowledged.append(n)

    def look(client: Store, _n: int) -> None:
        found = documents.read(client, ["a", "b"])
        n = found.docs["a"]
        assert found.docs["b"] == (None if n is None else [n] * 20_000)
        if n is None:
            assert not read, "a document that was there is never missed"
        else:
            read.append(n)

    threads = [threading.Thread(target=loop, args=(step,)) for step in (write, look)]
    for thread in threads:
        thread.start()
    try:
        servers.until(lambda: len(acknowledged) > 20 and len(read) > 20, "some publications")
        dead = stage.holder(keys.VERSION)
        dead.kill()
        before = len(acknowledged)
        servers.until(lambda: len(acknowledged) > before + 20, "publications after the failover")
        newest = acknowledged[-1]
        servers.until(lambda: read[-1] >= newest, "a reader of them")
    finally:
        done.set()
        for thread in threads:
            thread.join()
    assert not failed
    assert errors, "the failover was felt"
    assert stage.holder(keys.VERSION) is not dead


def ticks(line: Pipeline, now: datetime) -> None:
    """The first ones may find connections of the dead primary, the next one finds another primary."""
    for _ in range(3):
        line.tick(now)


@pytest.mark.parametrize("lost", ["series", "documents"])
def test_what_a_replica_lacked_is_written_back_from_the_archive(
    stage: Stage, lost: str, valkey_url: str, tmp_path: Path
) -> None:
    """Two ticks are published and acknowledged, and the replica that takes over has neither."""
    key = keys.page(FAR, GROUP, "value", 1) if lost == "series" else keys.VERSION
    with store.connect(valkey_url, timeout_s=10) as control:
        control.flushall()
        line = warmed(make(control, tmp_path / "control"))
        now = play(line, NOW, 5)
        play(line, now, 3, PT=20.0, IQ=500.0)
        wanted, wanted_scores = everything(control), scores(control)

    with store.connect(stage.url, timeout_s=2) as client:
        line = warmed(make(client, tmp_path / "radar"))
        now = play(line, NOW, 5)
        now = play(line, now, 1, PT=20.0, IQ=500.0)
        primary = stage.cut(key)
        now = play(line, now, 2, PT=20.0, IQ=500.0)
        assert everything(client) == wanted, "acknowledged: a reader saw all of it"
        seen = documents.version(client)
        primary.kill()
        stage.wait(key, primary)
        with store.connect(stage.url) as other:
            assert everything(other) != wanted, "the replica was behind"
            assert (documents.version(other) < seen) == (lost == "documents" or store.kind_of(other) == "sentinel")

        with pytest.raises(StoreUnavailable):
            ticks(line, now)
        anew = make(client, tmp_path / "radar")
        anew.tick(now)
        assert everything(client) == wanted
        assert anew.cursor == line.cursor
        # scores of bins that are scored again use what was learnt since, as they do after late data
        np.testing.assert_allclose(scores(client), wanted_scores, rtol=0.01, atol=0.2)


def test_a_pipeline_that_saw_no_failover_takes_nothing_in_twice(cluster_url: str, tmp_path: Path) -> None:
    with store.connect(cluster_url, timeout_s=10) as client:
        client.flushall()
        line = warmed(make(client, tmp_path))
        now = play(line, NOW, 5)
        again = make(client, tmp_path)
        assert again.went_back is None
        assert again.tick(now).files == 0


def test_marks_reach_back_for_as_long_as_a_replica_can_be_behind(cluster_url: str, tmp_path: Path) -> None:
    with store.connect(cluster_url, timeout_s=10) as client:
        client.flushall()
        back = writeback.WriteBack(client)
        kept: dict[str, object] = {}
        for minute in range(120):
            kept = back.state(NOW + timedelta(minutes=minute), str(minute), [])
        assert len(kept["marks"]) == 31  # type: ignore[arg-type]
        moved = {**kept, "primaries": ["others"]}
        found = writeback.WriteBack(client).restore(moved)
        nothing = writeback.WriteBack(client).restore({**moved, "empty": 2})
    assert found is not None
    assert found["cursor"] == "89"
    assert nothing is not None
    assert nothing["cursor"] is None, "a primary that came back empty lacks everything"
