"""The MRT reader on packed, cut, damaged, huge and foreign files: what can be read is read, the rest is told."""

from __future__ import annotations

import bz2
import gc
import gzip
import io
import struct
import tracemalloc
from collections.abc import Callable

import pytest
import zstandard

from radar.errors import UpstreamChanged
from radar.routing.mrt import Limits, Tally, read
from tests.routing import build as b
from tests.routing.build import ASN, NLRI, PEER, PLAIN, elements

T = float(b.T0)
A = (T, PEER, ASN, "A", "198.51.100.0/24", "1 2 3")

Pack = Callable[[bytes], bytes]


@pytest.mark.parametrize(
    "pack",
    [bytes, gzip.compress, bz2.compress, zstandard.compress],
    ids=["plain", "gzip", "bzip2", "zstd"],
)  # fmt: skip
def test_packing_is_told_by_the_first_bytes(pack: Pack) -> None:
    data = PLAIN * 5000
    packed = pack(data)
    assert len(elements(packed)) == 5000
    with io.BytesIO(packed) as file:
        assert sum(map(len, read(file, source="x"))) == 5000


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, zstandard.compress], ids=["gzip", "bzip2", "zstd"])
def test_members_after_one_another_are_one_file(pack: Pack) -> None:
    tally = Tally()
    whole = PLAIN * 100
    packed = pack(whole[:2500]) + pack(whole[2500:]) + bytes(512) + gzip.compress(PLAIN) + bytes(3)
    assert len(elements(packed, tally=tally)) == 101
    assert tally.cut_short == ""


@pytest.mark.parametrize("pack", [bytes, gzip.compress, bz2.compress, zstandard.compress])
def test_file_that_ends_early_gives_what_came_before(pack: Pack) -> None:
    records = b"".join(
        b.bgp4mp(b.update(attrs=b.attributes((n, n * 7919 % 65536)), nlri=NLRI), time=b.T0 + n) for n in range(20000)
    )
    tally = Tally()
    packed = pack(records)
    found = elements(packed[: len(packed) * 3 // 4 - 5], tally=tally)
    assert 0 < len(found) < 20000
    assert [element[0] for element in found] == [T + n for n in range(len(found))]
    assert "early" in tally.cut_short


def test_damaged_packing_gives_what_came_before() -> None:
    packed = bytearray(gzip.compress(PLAIN * 3000 + bytes(range(256)) * 500, mtime=0))
    packed[-300] ^= 0xFF
    tally = Tally()
    assert elements(bytes(packed), tally=tally)
    assert tally.cut_short


def test_something_else_after_the_packed_data_is_told() -> None:
    tally = Tally()
    assert elements(gzip.compress(PLAIN) + b"\n<html>", tally=tally) == [A]
    assert tally.cut_short.startswith("something else follows")


def test_record_larger_than_the_limit_is_rejected_and_passed_over() -> None:
    big = b.bgp4mp(b.update(attrs=b.attributes((1,)), nlri=NLRI * 900))
    tally = Tally()
    found = elements(PLAIN + big + PLAIN, tally=tally, limits=Limits(record_bytes=1000))
    assert found == [A, A]
    assert tally.rejected == {"record larger than 1000 bytes": (1, f"record 2, byte {len(PLAIN)}")}
    assert tally.records == 3
    assert len(elements(PLAIN + big + PLAIN)) == 902


def test_record_that_claims_gigabytes_is_not_waited_for() -> None:
    tally = Tally()
    claims = struct.pack(">IHHI", b.T0, 16, 4, 0xFFFFFFF0)
    assert elements(PLAIN + claims + PLAIN * 1000, tally=tally) == [A]
    assert list(tally.rejected) == [f"record larger than {Limits().record_bytes} bytes"]
    assert tally.cut_short


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, zstandard.compress], ids=["gzip", "bzip2", "zstd"])
def test_a_bomb_is_given_up_without_filling_the_memory(pack: Pack) -> None:
    packed = pack(PLAIN + b.record(16, 99, bytes(1 << 20)) * 80)
    tracemalloc.start()
    try:
        with pytest.raises(UpstreamChanged, match=r"mrt_files: \d+ packed bytes unpack to"):
            elements(packed)
        assert tracemalloc.get_traced_memory()[1] < 60 << 20
    finally:
        tracemalloc.stop()


def test_file_that_unpacks_to_more_than_the_limit_is_given_up() -> None:
    with pytest.raises(UpstreamChanged, match="unpacks to more than 100000 bytes"):
        elements(gzip.compress(PLAIN * 5000), limits=Limits(unpacked_bytes=100_000))
    with pytest.raises(UpstreamChanged, match="unpacks to more than 100000 bytes"):
        elements(PLAIN * 5000, limits=Limits(unpacked_bytes=100_000))


def test_memory_does_not_grow_with_the_file() -> None:
    """Every path and prefix is new, so nothing that is remembered helps."""

    def file() -> bytes:
        return b"".join(
            b.bgp4mp(b.update(attrs=b.attributes((n, n + 1)), nlri=b"\x20" + n.to_bytes(4, "big"))) for n in range(3000)
        )  # fmt: skip

    peaks = []
    for times in (5, 20):
        packed = gzip.compress(file()) * times
        tracemalloc.start()
        for batch in read(packed, source="x"):
            assert batch
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < peaks[0] * 1.3


@pytest.mark.parametrize(
    "data",
    [
        b"", b"\0", bytes(12), bytes(4096), b"<!DOCTYPE html><html></html>", b"PAR1" + bytes(40), b"{}" * 40,
        gzip.compress(b"", mtime=0), gzip.compress(b"not at all MRT", mtime=0), b"\x1f\x8b", b"BZh9",
        b"\x28\xb5\x2f\xfd", struct.pack(">IHHI", b.T0, 16, 12, 0), struct.pack(">IHHI", b.T0, 18, 0, 0),
        struct.pack(">IHHI", b.T0, 16, 4, 1 << 30), struct.pack(">IHHI", b.T0, 16, 4, 0),
    ],
    ids=lambda data: repr(data[:12]),
)  # fmt: skip
def test_what_is_no_mrt_file_is_told(data: bytes) -> None:
    with pytest.raises(UpstreamChanged, match=r"mrt_files: byte 0: begins with .*; expected the header of an MRT"):
        elements(data)


def test_collector_of_garbage_is_left_as_it_was() -> None:
    for was in (True, False):
        (gc.enable if was else gc.disable)()
        try:
            elements(PLAIN)
            assert gc.isenabled() is was
        finally:
            gc.enable()


UNFILLED = "path attributes do not fill their field"
UNFILLED4 = "IPv4 prefixes do not fill their field"
MALFORMED = "prefixes of other families are malformed"


def shorter(record: bytes) -> bytes:
    """The record without its last octet, and its length told so."""
    return record[:8] + struct.pack(">I", len(record) - 13) + record[12:-1]


@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        (b.record(16, 4, b""), "record ends early"),
        (b.record(16, 4, b.ends(PEER, ASN)[:-1]), "record ends early"),
        (b.record(16, 4, b.ends(PEER, ASN)), "BGP message is not as long as it says"),
        (b.record(16, 4, bytes(10) + b"\0\3" + bytes(40)), "peer's address is neither IPv4 nor IPv6"),
        (b.record(17, 4, b"\0"), "record ends early"),
        (b.bgp4mp(b.message(2, b"\0\0")), "update is malformed"),
        (b.bgp4mp(b.message(2, b"\0\5\0\0")), "fields of an update are longer than it"),
        (b.bgp4mp(b.message(2, b"\0\0\0\5")), "fields of an update are longer than it"),
        (b.bgp4mp(b.update(attrs=b.attributes((1,)), nlri=NLRI)[:-1]), "BGP message is not as long as it says"),
        (b.bgp4mp(b.update(attrs=b.attributes((1,)), nlri=NLRI[:-1])), UNFILLED4),
        (b.bgp4mp(b.update(attrs=b.attributes((1,)), nlri=b"\x21" + bytes(5))), UNFILLED4),
        (b.bgp4mp(b.update(withdrawn=b"\xff\0")), UNFILLED4),
        (b.bgp4mp(b.update(attrs=b.attribute(1, b"\0"), nlri=NLRI)), "route without an AS path"),
        (b.bgp4mp(b.update(attrs=b.attribute(2, b"\2\2\0\0\0\1"), nlri=NLRI)), "AS path is malformed"),
        (b.bgp4mp(b.update(attrs=b.attribute(2, b"\2\0"), nlri=NLRI)), "AS path is malformed"),
        (b.bgp4mp(b.update(attrs=b.attribute(2, b"\5\1\0\0\0\1"), nlri=NLRI)), "AS path is malformed"),
        (b.bgp4mp(b.update(attrs=b.attribute(2, b"\2"), nlri=NLRI)), "AS path is malformed"),
        (b.bgp4mp(b.update(attrs=b.attributes((1,), more=b"\xc0\x08\xff\0"), nlri=NLRI)), UNFILLED),
        (b.bgp4mp(b.update(attrs=b.attributes((1,), more=b"\xc0"), nlri=NLRI)), UNFILLED),
        (b.bgp4mp(b.update(attrs=b.attributes((1,), more=b.reach(["::/0"]) + b"\xc0"))), UNFILLED),
        (b.bgp4mp(b.update(attrs=b.attribute(1, b"\0") + b"\x40\x02\x0a" + b.path((1,)), nlri=NLRI)), UNFILLED),
        (b.bgp4mp(b.update(attrs=b.attributes((1,), more=b.reach(["::/0"]) * 2))), "attribute given twice"),
        (b.bgp4mp(b.update(attrs=b.attributes((1,), more=b.attribute(14, b"\0\2\1\xff\0")))), MALFORMED),
        (b.bgp4mp(b.update(attrs=b.attributes((1,), more=b.attribute(14, b"\0\2")))), MALFORMED),
        (b.bgp4mp(b.update(attrs=b.attribute(15, b"\0"))), MALFORMED),
        (b.bgp4mp(b.update(attrs=b.attribute(15, b"\0\2\1\x81" + bytes(17)))), "IPv6 prefixes do not fill their field"),
        (b.bgp4mp(b.update(attrs=b.attribute(15, b"\0\2\1\x80" + bytes(3)))), "IPv6 prefixes do not fill their field"),
        (b.bgp4mp(b"\0\1", subtype=5), "state change is malformed"),
        (b.rib("10.0.0.0/8", (0, b.attributes((1,)))), "table entry before the table of peers"),
        (b.record(13, 1, b"\0\0\0\0\0\xff"), "table of peers is malformed"),
        (b.record(13, 1, bytes(6) + b"\0\5" + bytes(20)), "table of peers is malformed"),
        (shorter(b.table_dump("10.0.0.0/8", b.attributes((1,), size=2))), UNFILLED),
        (shorter(PLAIN), "BGP message is not as long as it says"),
        (shorter(b.state_change(6, 1)), "state change is malformed"),
        (b.record(12, 1, bytes(20)), UNFILLED),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_broken_record_is_rejected_by_reason_and_the_rest_is_read(broken: bytes, reason: str) -> None:
    tally = Tally()
    assert elements(PLAIN + broken + PLAIN, tally=tally) == [A, A]
    place = f"record 2, byte {len(PLAIN)}: type "
    ((found, (count, example)),) = tally.rejected.items()
    assert (found, count) == (reason, 1)
    assert example.startswith(place)
    assert tally.records == 3


@pytest.mark.parametrize(
    ("entries", "reason"),
    [
        (((9, b.attributes((1,))),), "table entry of a peer that the table of peers does not hold"),
        (((0, b.attributes((1,))), (0, b.attribute(1, b"\0"))), "route without an AS path"),
        (((0, b.attributes((1,))),), "table entries do not fill their record"),
    ],
)
def test_table_entry_that_is_broken_takes_its_record_with_it(
    entries: tuple[tuple[int, bytes], ...], reason: str
) -> None:
    good = b.rib("10.0.0.0/8", (0, b.attributes((1,))))
    broken = b.rib("11.0.0.0/8", *entries)
    if len(entries) == 1 and entries[0][0] == 0:  # sound so far: one octet too many
        broken = broken[:8] + struct.pack(">I", len(broken) - 11) + broken[12:] + b"\0"
    data = b.peer_index((PEER, ASN)) + good + broken + good
    tally = Tally()
    assert [element[4] for element in elements(data, tally=tally)] == ["10.0.0.0/8"] * 2
    assert list(tally.rejected) == [reason]
    assert tally.rib_entries == 2


def test_nothing_of_an_update_is_given_when_a_part_of_it_is_broken() -> None:
    """What is withdrawn there too: where a field begins is told by the fields before it."""
    broken = b.update(withdrawn=NLRI, attrs=b.attributes((1,), more=b.unreach(["::/0"])), nlri=b"\x21")
    tally = Tally()
    assert elements(b.bgp4mp(broken) + PLAIN, tally=tally) == [A]
    assert list(tally.rejected) == [UNFILLED4]
    assert (tally.announcements, tally.withdrawals) == (1, 0)
