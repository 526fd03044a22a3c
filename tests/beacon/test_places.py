"""The table of places says what the index of ranges says, and a file that is none is not believed."""

from __future__ import annotations

import random
from pathlib import Path

import polars as pl
import pytest

from radar.beacon.door import block_of
from radar.beacon.places import FILE, Place, Places, Shelf
from radar.sources import _beacon_table, _geo


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("beacon")
    assert _beacon_table.keep(place, _geo.index())
    return place


def test_a_block_is_where_the_index_says_its_first_address_is(folder: Path) -> None:
    dice = random.Random(7)
    v4 = [".".join(str(dice.randrange(256)) for _ in range(3)) + ".0" for _ in range(3000)]
    v6 = [f"2{dice.randrange(4096):03x}:{dice.randrange(65536):x}:{dice.randrange(65536):x}::" for _ in range(3000)]
    asked = [*v4, *v6, "8.8.8.0", "2001:4860:4860::", "10.0.0.0", "255.255.255.0", "0.0.0.0", "::", "ffff::"]
    table = Places(folder / FILE)
    found = []
    for text in asked:
        block = block_of(text, [], 0)
        assert block is not None
        found.append(table.find(block))
    # what reads texts takes 6to4 and the like for IPv4, and so does the door: both are asked for the same texts
    expected = _geo.locate(pl.Series(asked))
    assert [(one.cc or None, one.asn or None) for one in found] == expected.select("cc", "asn").rows()
    assert sum(bool(one.cc) for one in found[:3000]) > 1000
    assert found[6000] == Place("US", 15169)


def test_the_table_is_written_only_when_it_changes(folder: Path) -> None:
    before = (folder / FILE).stat().st_mtime_ns
    assert not _beacon_table.keep(folder, _geo.index())
    assert (folder / FILE).stat().st_mtime_ns == before
    assert [path.name for path in folder.iterdir()] == [FILE]


@pytest.mark.parametrize("size", [0, 1, 8, 35, 36, 37, 5000])
def test_a_table_that_was_cut_off_is_refused(folder: Path, tmp_path: Path, size: int) -> None:
    (tmp_path / FILE).write_bytes((folder / FILE).read_bytes()[:size])
    with pytest.raises(ValueError, match=r"table of places|empty"):
        Places(tmp_path / FILE)


def test_a_table_with_one_wrong_byte_is_refused(folder: Path, tmp_path: Path) -> None:
    body = bytearray((folder / FILE).read_bytes())
    for at in (0, 9, 20, 40, len(body) // 2, len(body) - 1):
        body[at] ^= 1
        (tmp_path / FILE).write_bytes(body)
        with pytest.raises(ValueError, match="damaged"):
            Places(tmp_path / FILE)
        body[at] ^= 1


def test_the_shelf_takes_a_new_table_and_keeps_the_old_one_when_the_new_is_none(folder: Path, tmp_path: Path) -> None:
    shelf = Shelf(tmp_path)
    assert shelf.get() is None
    _beacon_table.keep(tmp_path, _geo.index())
    first = shelf.get()
    assert first is not None
    assert shelf.get() is first
    (tmp_path / "draft").write_bytes(b"RADARPL1 and nothing else")
    (tmp_path / "draft").replace(tmp_path / FILE)
    assert shelf.get() is first
    _beacon_table.keep(tmp_path, _geo.index())
    assert shelf.get() not in (None, first)
