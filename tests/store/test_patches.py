"""The write of every bin: many entities at once, among them new ones and ones whose page is not as it should be."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from radar import store
from radar.errors import StoreUnavailable
from radar.signals import GROUPS
from radar.store import Store, blocks, embedded, keys, patches, primaries

MONDAY = datetime(2026, 3, 2, tzinfo=UTC)
EDGE = GROUPS["edge"]
DAY = keys.bin_index(86_400, MONDAY)
#: Keys of every length, not sorted by it, and more than one question and one sheet hold.
ENTITIES = ["country/IQ", *(f"asn/{number}" for number in range(9_500, 12_500)), "provider/aws", "geoasn/ID-23693"]


def values(entities: int, bins: int, width: int, seed: int = 1) -> blocks.Block:
    random = np.random.default_rng(seed)
    found = random.normal(1000, 300, (entities, bins, width)).astype(np.float32)
    found[random.random(found.shape) < 0.2] = np.nan
    return found


def at(row: int, grain_s: int = 300) -> datetime:
    return MONDAY + timedelta(seconds=row * grain_s)


@pytest.mark.parametrize("row", [0, 100, 287])
def test_entities_of_all_lengths_keep_what_is_theirs(client: Store, row: int) -> None:
    first, second = (values(len(ENTITIES), 1, 5, seed) for seed in (1, 2))
    blocks.write_bins(client, EDGE, "value", ENTITIES[::3], at(50), first[::3], ttl_s=5000)
    blocks.write_bins(client, EDGE, "value", ENTITIES, at(row), second, ttl_s=9000)
    expected = np.full((len(ENTITIES), 288, 5), np.nan, np.float32)
    expected[::3, 50] = first[::3, 0]
    expected[:, row] = second[:, 0]
    assert np.array_equal(blocks.read_bins(client, EDGE, "value", ENTITIES, MONDAY, 288), expected, equal_nan=True)
    lives = [client.ttl(keys.page(name, EDGE, "value", DAY)) for name in ENTITIES[:2]]
    assert 4900 < lives[0] <= 5000 < 8900 < lives[1] <= 9000


@pytest.mark.parametrize(("name", "row", "bins"), [
    ("edge", 0, 1), ("edge", 100, 3), ("edge", 287, 1), ("edge", 280, 8), ("ioda10", 143, 1), ("ioda10", 7, 1),
])  # fmt: skip
def test_a_page_that_goes_between_the_question_and_the_write_is_begun_anew(
    client: Store, monkeypatch: pytest.MonkeyPatch, name: str, row: int, bins: int
) -> None:
    group = GROUPS[name]
    entities = ["country/IQ", "asn/1", "asn/2", "asn/33"]
    blocks.write_bins(client, group, "value", entities[:2], MONDAY, np.ones((2, 1, group.width)))
    written = values(4, bins, group.width)
    monkeypatch.setattr(patches, "_missing", lambda *_: [])  # as if all had been there
    blocks.write_bins(client, group, "value", entities, at(row, group.grain_s), written, ttl_s=5000)
    per_page = keys.page_bins(group.grain_s)
    expected = np.full((4, per_page, group.width), np.nan, np.float32)
    expected[:2, 0] = 1
    expected[:, row : row + bins] = written
    found = blocks.read_bins(client, group, "value", entities, MONDAY, per_page)
    assert np.array_equal(found, expected, equal_nan=True)
    page = keys.page("asn/33", group, "value", keys.bin_index(group.grain_s, MONDAY) // per_page)
    assert 4900 < client.ttl(page) <= 5000


def test_one_page_of_another_length_among_many_is_named_and_the_connection_goes_on(client: Store) -> None:
    ones = np.ones((len(ENTITIES), 1, 5))
    blocks.write_bins(client, EDGE, "value", ENTITIES, MONDAY, ones)
    client.set(keys.page("asn/11000", EDGE, "value", DAY), b"\0" * 5000)
    with pytest.raises(StoreUnavailable, match="write edge value, asn/11000: a page has 5000 bytes, expected 5760"):
        blocks.write_bins(client, EDGE, "value", ENTITIES, at(1), ones * 2)
    others = [name for name in ENTITIES if name != "asn/11000"]
    assert (blocks.read_bins(client, EDGE, "value", others, MONDAY, 2)[:, :, 0] == [1, 2]).all()


def test_one_refusal_among_many_answers_is_an_error(client: Store) -> None:
    ones = np.ones((len(ENTITIES), 1, 5))
    blocks.write_bins(client, EDGE, "value", ENTITIES, MONDAY, ones)
    page = keys.page("asn/11000", EDGE, "value", DAY)
    client.delete(page)
    client.lpush(page, "x")
    with pytest.raises(StoreUnavailable, match="WRONGTYPE"):
        blocks.write_bins(client, EDGE, "value", ENTITIES, at(1), ones)
    assert np.isfinite(blocks.read_bins(client, EDGE, "value", ENTITIES[:500], at(1), 1)).all()


def test_new_pages_are_as_small_as_others_and_do_not_fill_the_file(tmp_path: Path) -> None:
    with embedded.start(tmp_path) as server, store.connect(server.url, timeout_s=10) as client:
        blocks.write_bins(client, EDGE, "value", ENTITIES, MONDAY, np.ones((len(ENTITIES), 1, 5)), ttl_s=5000)
        size = client.memory_usage(keys.page("asn/11000", EDGE, "value", DAY), samples=0)
        assert size is not None
        assert size / (288 * 5) < 4.1
        assert client.info("persistence")["aof_current_size"] < 300 * len(ENTITIES)  # a page has 5760 bytes


def test_a_bin_asks_for_pages_many_at_once_where_one_server_holds_them(client: Store) -> None:
    ones = np.ones((len(ENTITIES), 1, 5))
    blocks.write_bins(client, EDGE, "value", ENTITIES, MONDAY, ones)
    before = calls(client)
    blocks.write_bins(client, EDGE, "value", ENTITIES, at(1), ones)
    after = calls(client)
    few = len(ENTITIES) if store.kind_of(client) == "cluster" else 6 + 4  # of 512, and a rest of each length
    assert after["exists"] - before["exists"] <= few
    assert after["setrange"] - before["setrange"] == len(ENTITIES)
    assert after.get("copy", 0) == before.get("copy", 0)


def calls(client: Store) -> dict[str, int]:
    """How often all servers were sent each command."""
    found: dict[str, int] = {}
    for node in primaries(client):
        for name, stats in node.info("commandstats").items():
            command = name.removeprefix("cmdstat_")
            found[command] = found.get(command, 0) + int(stats["calls"])
    return found
