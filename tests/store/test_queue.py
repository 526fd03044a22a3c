"""The job queue on Sentinels: what is planned after a failover is worked; on a Cluster it is refused at the start."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from redis.exceptions import RedisError

from jobs.worker import AFTER, queue_of, run, tasks
from radar import store
from radar.errors import ConfigError
from radar.settings import load
from tests.jobs.test_work import Stage, drain
from tests.store import servers


def test_the_queue_goes_on_after_its_primary_died(valkey_url: str, tmp_path: Path) -> None:
    with servers.sentinel(tmp_path) as watched, store.connect(valkey_url) as client:
        client.flushall()
        stage = Stage(client)
        todo = tasks(stage.work, watched.url, now=stage.clock)
        todo.huey.storage.blocking = False
        later = AFTER + timedelta(seconds=1)
        todo.plan()
        first = [name for name, _ in drain(todo.huey, lambda: stage.clock.now + later)]
        assert sorted(first) == ["archive", "collect", "collect", "tick"]
        dead = watched.primary()
        dead.kill()
        with pytest.raises(RedisError):
            todo.plan()
        servers.until(lambda: watched.primary() is not dead, "the failover")
        stage.clock.now += timedelta(seconds=300)

        def planned() -> bool:
            todo.plan()
            return True

        servers.until(planned, "the queue")
        assert {name for name, _ in drain(todo.huey, lambda: stage.clock.now + later)} == {"tick", "collect"}
        assert [name for name, _ in stage.collector.asked] == ["slow", "quick", "quick"]
        todo.huey.storage.pool.close()
        todo.huey.storage.pool.sentinel_manager.close()


def test_a_queue_on_a_cluster_is_refused_at_the_start() -> None:
    both = load({"REDIS_URL": "redis+cluster://a:7000", "RADAR_QUEUE_URL": "redis+sentinel://a/main"})
    assert queue_of(both) == "redis+sentinel://a/main"
    with pytest.raises(ConfigError, match="expected RADAR_QUEUE_URL"):
        run(load({"REDIS_URL": "redis+cluster://a:7000"}))
    with pytest.raises(ConfigError, match=r"RADAR_QUEUE_URL is .*cannot lie on a Cluster"):
        load({"RADAR_QUEUE_URL": "redis+cluster://a:7000"})
    assert queue_of(load({"REDIS_URL": "redis://a"})) == "redis://a"
