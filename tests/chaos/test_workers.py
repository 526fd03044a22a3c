"""Two workers over one store and one archive: one is killed, the other goes on, no bucket is done twice."""

from __future__ import annotations

import sys
from pathlib import Path

import orjson
import pytest

from jobs import folder
from radar.store import connect, embedded, keys
from tests.chaos.stage import Radar, kill, until, upstream

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc")

COLLECT, TICK = keys.queue("runs:collect:ioda_signals"), keys.queue("runs:tick")


def test_a_worker_goes_on_alone_when_the_other_one_is_killed(tmp_path: Path) -> None:
    url = f"unix://{tmp_path}/s/store/s"
    with upstream() as source, embedded.start(tmp_path / "s"), connect(url) as client:
        radar = Radar(tmp_path / "radar", source, redis_url=url)

        def runs(key: str) -> list[dict[str, str]]:
            return [orjson.loads(raw) for raw in client.lrange(key, 0, -1)]

        def workers() -> list[dict[str, str]]:
            return [orjson.loads(raw) for raw in client.hgetall(keys.queue("workers")).values()]

        try:
            first, second = radar.start("jobs"), radar.start("jobs")
            until("both are heard of", lambda: len(workers()) == 2, 60)
            assert {row["archive"] for row in workers()} == {folder.identity(radar.data)}
            until("history is taken in", lambda: len(runs(TICK)) >= 2, 40)
            source.free.clear()
            until("a collection is under way", lambda: source.held >= 1, 30)
            kill(first.pid)
            first.wait()
            source.free.set()
            died = len(runs(COLLECT)), len(runs(TICK))
            until(
                "the other one goes on", lambda: len(runs(COLLECT)) > died[0] + 1 and len(runs(TICK)) > died[1] + 1, 60
            )
            for key in (COLLECT, TICK):
                done = runs(key)
                assert done[0]["worker"].endswith(f":{second.pid}")
                assert len({run["start"] for run in done}) == len(done), "no bucket was done twice"
        finally:
            source.free.set()
            radar.stop()
        assert "Traceback" not in radar.log("jobs")
