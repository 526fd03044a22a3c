"""A slot moves to another node of a Cluster while its entity is written and read."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from redis.crc import key_slot

from radar import store
from radar.signals import GROUPS
from radar.store import blocks, series
from tests.store import servers

MONDAY = datetime(2026, 3, 2, tzinfo=UTC)
EDGE = GROUPS["edge"]
ENTITIES = ("country/IQ", "country/PT", "country/TO", "asn/1", "asn/2")


def test_what_moves_is_asked_where_it_goes_and_then_where_it_is(tmp_path: Path) -> None:
    slot = key_slot(b"{country/IQ}")
    values = np.arange(25, dtype=np.float32).reshape(5, 1, 5)
    with servers.cluster(tmp_path) as nodes, store.connect(nodes.url, timeout_s=10) as client:
        store.ping(client)  # the client has its map of the nodes from here on
        source = nodes.holder(slot)
        target = next(server for server in nodes.servers[:3] if server is not source)
        ids = {server.port: server.client().execute_command("CLUSTER MYID").decode() for server in nodes.servers[:3]}
        target.client().execute_command("CLUSTER", "SETSLOT", slot, "IMPORTING", ids[source.port])
        source.client().execute_command("CLUSTER", "SETSLOT", slot, "MIGRATING", ids[target.port])

        def check(bin_: int) -> None:
            start = MONDAY + timedelta(minutes=5 * bin_)
            blocks.write_bins(client, EDGE, "value", ENTITIES, start, values + bin_)
            assert np.array_equal(blocks.read_bins(client, EDGE, "value", ENTITIES, start, 1), values + bin_)
            wanted = [(entity, "edge.requests@edge_logs", "value") for entity in ENTITIES]
            found = series.read_many(client, wanted, start, start + timedelta(minutes=5))
            assert [found[one].values for one in wanted] == [[float(row[0, 0] + bin_)] for row in values]

        check(0)  # the source answers ASK: the page is begun at the target
        for server in (target, source):
            server.client().execute_command("CLUSTER", "SETSLOT", slot, "NODE", ids[target.port])
        check(1)  # the source answers MOVED
        assert nodes.holder(slot) is target


def test_a_map_that_has_not_heard_of_the_move_does_not_matter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A node tells the others by and by: whoever is asked for the map may still name the one before."""
    slot = key_slot(b"{country/IQ}")
    values = np.ones((5, 1, 5), np.float32)
    with servers.cluster(tmp_path) as nodes, store.connect(nodes.url, timeout_s=10) as client:
        store.ping(client)
        source = nodes.holder(slot)
        target = next(server for server in nodes.servers[:3] if server is not source)
        mine = target.client().execute_command("CLUSTER MYID").decode()
        for server in (target, source):
            server.client().execute_command("CLUSTER", "SETSLOT", slot, "NODE", mine)
        monkeypatch.setattr(type(client), "refresh", lambda _self: None)
        blocks.write_bins(client, EDGE, "value", ENTITIES, MONDAY, values)
        assert np.array_equal(blocks.read_bins(client, EDGE, "value", ENTITIES, MONDAY, 1), values)
