"""The write of every bin: many entities at once, among them new ones and ones whose page is not as it should be."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from radar import store
from radar.errors import StoreUnavailable
from radar.signals import GROUPS
from radar.store import Store, blocks, embedded, keys, patches, primaries, series

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


def test_pages_are_asked_for_once_and_many_at_once_where_one_server_holds_them(client: Store, url: str) -> None:
    ones = np.ones((len(ENTITIES), 1, 5))
    blocks.write_bins(client, EDGE, "value", ENTITIES, MONDAY, ones)
    seen = [calls(client)]
    blocks.write_bins(client, EDGE, "value", ENTITIES, at(1), ones)
    blocks.write_bins(client, EDGE, "value", ENTITIES[::2], at(2), ones[::2])
    seen.append(calls(client))
    with store.connect(url, timeout_s=10) as another:
        blocks.write_bins(another, EDGE, "value", ENTITIES, at(3), ones)
    seen.append(calls(client))
    many = len(ENTITIES) if store.kind_of(client) == "cluster" else 6 + 4  # of 512, and a rest of each length
    assert seen[1].get("exists", 0) == seen[0].get("exists", 0)
    assert 0 < seen[2]["exists"] - seen[1].get("exists", 0) <= many
    assert seen[2]["setrange"] - seen[1]["setrange"] == len(ENTITIES)
    assert seen[2].get("copy", 0) == seen[0].get("copy", 0)


@pytest.mark.parametrize("row", [0, 100, 287])
def test_a_page_that_goes_although_it_was_seen_is_begun_anew_and_never_shows_a_zero(
    client: Store, monkeypatch: pytest.MonkeyPatch, row: int
) -> None:
    blocks.write_bins(client, EDGE, "value", ENTITIES, MONDAY, np.ones((len(ENTITIES), 1, 5)))
    gone = keys.page("asn/11000", EDGE, "value", DAY)
    client.delete(gone)
    met: list[int | str] = []
    begin = patches._begin

    def look(*given: Any, **options: Any) -> None:
        try:
            met.append(len(series.read(client, "asn/11000", EDGE.series[0], "value", MONDAY, at(288)).values))
        except StoreUnavailable as error:
            met.append(str(error))
        begin(*given, **options)

    monkeypatch.setattr(patches, "_begin", look)
    written = np.full((len(ENTITIES), 1, 5), 7, np.float32)
    blocks.write_bins(client, EDGE, "value", ENTITIES, at(row), written, ttl_s=5000)
    size = 20 * row + (16 if row == 287 else 20)  # the last value of a page goes by itself, after this
    assert met == [f"page {gone} has {size} bytes, expected 5760"]
    expected = np.full((288, 5), np.nan, np.float32)
    expected[row] = 7
    found = blocks.read_bins(client, EDGE, "value", ["asn/11000", "asn/9500"], MONDAY, 288)
    assert np.array_equal(found[0], expected, equal_nan=True)
    assert found[1, row, 0] == 7
    assert 4900 < client.ttl(gone) <= 5000


def test_no_more_pages_are_remembered_than_may_be(client: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patches, "REMEMBERED", 2)
    for day in range(4):
        blocks.write_bins(client, EDGE, "value", ["asn/1"], MONDAY + timedelta(days=day), np.ones((1, 1, 5)))
    assert len(patches._known[client]) == 2


def test_a_key_with_a_line_break_is_refused(client: Store) -> None:
    for names in (["asn/1", "asn/2\nasn/3"], ["asn/1\nasn/1"], ["asn/2\nasn/1", "asn/1"]):
        with pytest.raises(ValueError, match="there is a line break in it"):
            blocks.write_bins(client, EDGE, "value", names, MONDAY, np.ones((len(names), 1, 5)))


def calls(client: Store) -> dict[str, int]:
    """How often all servers were sent each command."""
    found: dict[str, int] = {}
    for node in primaries(client):
        for name, stats in node.info("commandstats").items():
            command = name.removeprefix("cmdstat_")
            found[command] = found.get(command, 0) + int(stats["calls"])
    return found
