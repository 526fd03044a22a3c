"""Addresses become a country and a network, by the radar's tables or one's own."""

from __future__ import annotations

import ipaddress
import os
import random
from bisect import bisect_right
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from mmdb_writer import MMDBWriter
from netaddr import IPSet
from structlog.testing import capture_logs

from jobs import doctor
from radar.errors import ConfigError
from radar.settings import load
from radar.sources import _geo, _mmdb
from radar.sources import _range_tables as tables
from radar.sources._geo import NO_ADDRESS, NOWHERE, SPECIAL, locate

#: Blocks that ``ipaddress`` calls global (or did before a later Python) and that are still not one client's: multicast,
#: relays' anycast, protocols' own, documentation.
_MORE = [ipaddress.ip_network(text)
         for text in ("224.0.0.0/4", "192.88.99.0/24", "192.0.0.0/24", "2001::/23", "3fff::/20")]  # fmt: skip
_OPEN = ipaddress.ip_network("2000::/3")


@cache
def _table(kind: str, family: int) -> tuple[list[int], list[int], list[Any]]:
    table = tables.own(kind, family)
    return table["start"].to_list(), table["end"].to_list(), table[table.columns[2]].to_list()


def expected(text: str) -> tuple[str | None, int | None, str | None]:
    """The plain way: ``ipaddress``, then a search of each table."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None, None, NO_ADDRESS
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if address in ipaddress.ip_network("64:ff9b::/96"):
            inner = ipaddress.ip_address(int(address) & 0xFFFFFFFF)
        address = inner or address
    odd = address.version == 6 and address not in _OPEN
    if odd or not address.is_global or any(address.version == net.version and address in net for net in _MORE):
        return None, None, SPECIAL
    number = int(address) >> (0 if address.version == 4 else 64)
    found = []
    for kind in ("country", "asn"):
        start, end, value = _table(kind, address.version)
        place = bisect_right(start, number) - 1
        found.append(value[place] if place >= 0 and number <= end[place] else None)
    return found[0], found[1], NOWHERE if found == [None, None] else None


def same(texts: list[str]) -> None:
    found = locate(pl.Series(texts, dtype=pl.String)).rows()
    assert [(text, row) for text, row in zip(texts, found, strict=True) if row != expected(text)] == []


def test_random_addresses_are_found_as_by_a_plain_search() -> None:
    draw = random.Random(1)
    same([str(ipaddress.IPv4Address(draw.getrandbits(32))) for _ in range(3000)])
    same([str(ipaddress.IPv6Address(0x2 << 124 | draw.getrandbits(124))) for _ in range(1000)])


@pytest.mark.parametrize("kind", ["country", "asn"])
@pytest.mark.parametrize("family", [4, 6])
def test_both_ends_of_ranges_and_their_neighbours_are_found_as_by_a_plain_search(kind: str, family: int) -> None:
    texts = []
    for start, end in tables.own(kind, family).sample(300, seed=2).select("start", "end").rows():
        for number in (start - 1, start, end, end + 1):
            texts += [str(ipaddress.IPv4Address(number) if family == 4 else ipaddress.IPv6Address(number << 64))]
    same(texts)


@pytest.mark.parametrize("family", [4, 6])
def test_both_ends_of_special_blocks_and_their_neighbours_are_as_ipaddress_says(family: int) -> None:
    blocks = [ipaddress.ip_network(text) for text in (tables.SPECIAL_V4 if family == 4 else tables.SPECIAL_V6)]
    step, last = (1, 2**32) if family == 4 else (2**64, 2**128)
    ends = [number for net in blocks for number in (int(net[0]) - step, int(net[0]), int(net[-1]), int(net[-1]) + step)]
    kind = ipaddress.IPv4Address if family == 4 else ipaddress.IPv6Address
    same([str(kind(number)) for number in ends if 0 <= number < last])


def test_texts_that_look_like_addresses_are_read_as_strictly_as_by_ipaddress() -> None:
    draw = random.Random(3)
    parts = ["", "0", "9", "10", "99", "100", "255", "256", "00", "01", "001", "1000", "x", " 1", "٣", "/", ":"]
    texts = [".".join(draw.choices(parts[:9] if draw.random() < 0.7 else parts, k=draw.choice((3, 4, 4, 4, 5))))
             for _ in range(3000)]  # fmt: skip
    texts += ["".join(draw.choices("0123456789.:af%\n\0", k=draw.randrange(18))) for _ in range(3000)]
    texts += ["::ffff:1.2.3.04", "fe80::1%", "fe80::1%a%b", "2a00:1450::1%eth0", "1.2.3.4%a", "1.1.1.1\n", "\n1.1.1.1",
              "1.1\n1.1", "1" * 100_000, ":" * 100_000]  # fmt: skip
    same(texts)


@pytest.mark.parametrize("odd", ["x", "", "2001:4860:4860::8888", "1.2.3.4.5", None, "1" * 40])
def test_an_odd_row_leaves_its_neighbours_as_they_are(odd: str | None) -> None:
    found = locate(pl.Series(["8.8.8.8", odd, "1.1.1.1", odd, "8.8.8.8"]))["asn"].to_list()
    assert [found[0], found[2], found[4]] == [15169, 13335, 15169]


def test_more_texts_than_are_read_at_once_keep_their_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("radar.sources._addresses.PIECE", 3)
    monkeypatch.setattr("radar.sources._range_index.PIECE", 2)
    same(["8.8.8.8", "x", "1.1.1.1", "2001:4860:4860::8888", "::ffff:8.8.8.8", "9.9.9.9", "10.0.0.1"])
    assert locate(pl.Series([0x08080808] * 5))["asn"].to_list() == [15169] * 5


def test_whole_numbers_are_ipv4() -> None:
    found = locate(pl.Series([0x08080808, None, 10 << 24, -1, 2**32]))
    assert found["asn"].to_list() == [15169, None, None, None, None]
    assert found["reason"].to_list() == [None, NO_ADDRESS, SPECIAL, NO_ADDRESS, NO_ADDRESS]


def test_addresses_inside_addresses_are_found() -> None:
    asked = ["8.8.8.8", "::ffff:8.8.8.8", "64:ff9b::808:808", "2002:808:808::1", "2001:4860:4860::8888"]
    found = locate(pl.Series(asked))
    assert found["asn"].to_list() == [15169] * 5
    assert found["reason"].null_count() == 5


@pytest.mark.parametrize("text", ["10.1.2.3", "::1", "fe80::1%eth0", "192.0.2.1", "2001:db8::1", "::ffff:10.0.0.1",
                                  "255.255.255.255", "224.0.0.1", "2002:a00:1::"])  # fmt: skip
def test_special_addresses_belong_to_nobody(text: str) -> None:
    assert locate(pl.Series([text])).rows() == [(None, None, SPECIAL)]


@pytest.mark.parametrize("text", ["", "x", "1.2.3", "256.1.1.1", "01.2.3.4", "1.2.3.4.5", ":::", "1.2.3.4:80", "\0:"])
def test_what_is_no_address_says_so(text: str) -> None:
    assert locate(pl.Series([text])).rows() == [(None, None, NO_ADDRESS)]


def test_nulls_repeats_and_order_are_kept() -> None:
    found = locate(pl.Series(["8.8.8.8", None, "x", "8.8.8.8"]))
    assert found["asn"].to_list() == [15169, None, None, 15169]
    assert locate(pl.Series([], dtype=pl.String)).height == 0
    assert locate(pl.Series([None, None])).height == 2


def test_the_index_is_small() -> None:
    assert _geo._own().bytes_kept < 40_000_000


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("RADAR_RANGES", str(tmp_path))
    monkeypatch.setattr(_geo, "_kept", {})
    return tmp_path


def one_range(path: Path, cc: str) -> None:
    first = int(ipaddress.ip_address("8.8.8.0"))
    pl.DataFrame({"start": [first], "end": [first + 255], "cc": [cc]}).write_parquet(path)


def database(path: Path, cc: str = "IS", asn: int = 64512) -> bytes:
    """A MaxMind DB of two blocks."""
    writer = MMDBWriter(ip_version=6, ipv4_compatible=True, database_type="Test")
    writer.insert_network(IPSet(["8.8.8.0/25"]), {"country": {"iso_code": cc}, "autonomous_system_number": asn})
    writer.insert_network(IPSet(["2001:4860::/32"]), {"country": {"iso_code": cc}})
    writer.to_db_file(str(path))
    return path.read_bytes()


def places(*texts: str) -> list[tuple[Any, ...]]:
    return [row[:2] for row in locate(pl.Series(texts)).rows()]


def test_tables_of_ones_own_are_used_and_damaged_ones_leave_those_before(folder: Path) -> None:
    path = folder / "countries.parquet"
    one_range(path, "IS")
    assert places("8.8.8.8") == [("IS", 15169)]
    path.write_bytes(b"PAR1 damaged PAR1")
    with capture_logs() as logged:
        assert places("8.8.8.8") == places("8.8.8.8") == [("IS", 15169)]
    assert [line["log_level"] for line in logged] == ["error"]
    assert "countries.parquet" in logged[0]["error"]
    assert logged[0]["instead"] == "the ones before"
    one_range(path, "NO")
    assert places("8.8.8.8") == [("NO", 15169)]


def test_tables_that_were_never_good_leave_those_of_the_radar(folder: Path) -> None:
    (folder / "a.mmdb").write_bytes(b"no database")
    with capture_logs() as logged:
        assert places("8.8.8.8") == [("US", 15169)]
    assert logged[0]["instead"] == "those of the radar"


def test_an_index_is_made_again_only_when_a_file_changes(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = folder / "a.mmdb"
    database(path)
    made: list[Path] = []
    read = tables.read
    monkeypatch.setattr(tables, "read", lambda place: made.append(place) or read(place))
    places("8.8.8.8")
    places("8.8.8.8")
    assert len(made) == 1
    os.utime(path, (1, 1))
    places("8.8.8.8")
    assert len(made) == 2


def test_a_maxmind_database_is_used(folder: Path) -> None:
    database(folder / "a.mmdb")
    assert places("8.8.8.8", "2001:4860::1") == [("IS", 64512), ("IS", 15169)]
    assert places("8.8.8.200", "1.1.1.1") == [(None, None), (None, None)]


@pytest.mark.parametrize(
    "damage",
    [
        lambda body: b"",
        lambda body: body[: len(body) // 2],
        lambda body: body[:-30],
        lambda body: body.replace(b"iso_code", b"\xff" * 8),
        lambda body: b"\xff" * 300 + body[300:],
        lambda body: body.replace(b"node_count", b"node_cnont"),
        lambda body: body.replace(b"country", b"kountry").replace(b"autonomous", b"autonomoos"),
    ],
    ids=["empty", "half", "cut", "no UTF-8", "wild tree", "no node_count", "other words"],
)
def test_a_damaged_maxmind_database_is_named(tmp_path: Path, damage: Callable[[bytes], bytes]) -> None:
    path = tmp_path / "places.mmdb"
    path.write_bytes(damage(database(path)))
    with pytest.raises(ConfigError, match=r"RADAR_RANGES: places\.mmdb cannot be used: "):
        tables.read(tmp_path)


def test_bytes_of_a_maxmind_database_changed_at_random_are_read_or_named(tmp_path: Path) -> None:
    path, draw = tmp_path / "places.mmdb", random.Random(4)
    whole = database(path)
    for _ in range(200):
        body = bytearray(whole)
        for _ in range(draw.choice((1, 3, 20))):
            body[draw.randrange(len(body))] = draw.randrange(256)
        path.write_bytes(body)
        try:
            found = _mmdb.read(path)
        except ValueError:
            continue
        assert found


@pytest.mark.parametrize(
    "table",
    [
        {"start": [1], "end": [2]},
        {"start": [5], "end": [2], "cc": ["IS"]},
        {"start": [1, 2], "end": [2, 3], "cc": ["IS", "NO"]},
        {"start": ["a"], "end": ["b"], "asn": [1]},
        {"start": [-1], "end": [2], "asn": [1]},
        {"start": [1], "end": [2**40], "cc": ["IS"]},
    ],
    ids=["no value", "turned round", "overlap", "text", "negative", "beyond IPv4"],
)
def test_a_table_of_no_ranges_is_refused(table: dict[str, list[Any]]) -> None:
    with pytest.raises(ValueError, match=r"it has |columns are |no number that fits"):
        tables._checked(pl.DataFrame(table), 4)


def test_a_file_of_no_ranges_is_named(tmp_path: Path) -> None:
    pl.DataFrame({"start": [5], "end": [2], "cc": ["IS"]}).write_parquet(tmp_path / "a.parquet")
    with pytest.raises(ConfigError, match=r"RADAR_RANGES: a\.parquet cannot be used: it has no ranges"):
        tables.read(tmp_path)


def test_the_doctor_says_which_table_cannot_be_used(tmp_path: Path) -> None:
    settings = load({"RADAR_DATA_DIR": str(tmp_path), "RADAR_RANGES": str(tmp_path)})
    database(tmp_path / "a.mmdb")
    assert doctor._ranges(settings).level == "ok"
    (tmp_path / "a.mmdb").write_bytes(b"damaged")
    found = doctor._ranges(settings)
    assert found.level == "broken"
    assert "a.mmdb" in found.text
    assert doctor._ranges(load({"RADAR_DATA_DIR": str(tmp_path)})).level == "ok"
