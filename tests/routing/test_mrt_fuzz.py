"""Whatever the bytes are, the MRT reader gives sound elements or says that it is no MRT file; it never crashes."""

from __future__ import annotations

import bz2
import gzip
import io
import ipaddress
import random
import re
import struct
from collections.abc import Callable

import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from radar.errors import UpstreamChanged
from radar.routing import Element
from radar.routing.mrt import Limits, Tally, read
from tests.routing import build as b
from tests.routing.build import ASN, PEER, elements
from tests.sources.fixtures import cases

PATH = re.compile(r"((\d+|\{[\d,]+\}|\([\d ]+\)|\[[\d,]+\])( |$))*")
PACKINGS: list[Callable[[bytes], bytes]] = [bytes, gzip.compress, bz2.compress, zstandard.compress]
SMALL = Limits(unpacked_bytes=1 << 22, record_bytes=1 << 14)

numbers2 = st.integers(0, 2**16 - 1)
numbers4 = st.integers(0, 2**32 - 1)


def networks(width: int) -> st.SearchStrategy[str]:
    """Prefixes of addresses of that many bits."""
    make = ipaddress.IPv4Network if width == 32 else ipaddress.IPv6Network
    pairs = st.tuples(st.integers(0, 2**width - 1), st.integers(0, width))
    return pairs.map(lambda pair: str(make(pair, strict=False)))


ipv4, ipv6 = networks(32), networks(128)


def check(data: bytes) -> list[Element] | None:
    """Read it; None when it is no MRT file. Every element is sound, and the counts agree."""
    tally = Tally(prefixes=set())
    said = ""
    try:
        found = elements(data, tally=tally, limits=SMALL)
    except UpstreamChanged as error:
        said = str(error)
    if said:
        assert said.startswith("mrt_files: ")
        assert len(said) < 300
        return None
    for time, peer, asn, kind, prefix, path in found:
        assert isinstance(time, float)
        assert str(ipaddress.ip_address(peer)) == peer
        assert 0 <= asn < 2**32
        if kind == "S":
            assert prefix in ("up", "down")
        else:
            assert str(ipaddress.ip_network(prefix)) == prefix
        if kind in "AB":
            assert path is not None
            assert PATH.fullmatch(path)
        else:
            assert kind in "WS"
            assert path is None
    counted = tally.announcements + tally.withdrawals + tally.states + tally.rib_entries
    assert counted == len(found) + tally.multicast
    assert {element[4] for element in found if element[3] != "S"} <= (tally.prefixes or set())
    return found


# ------------------------------------------------------------------ what is written is read


@settings(max_examples=150, deadline=None)
@given(
    announced=st.lists(ipv4, min_size=1, max_size=12),
    withdrawn=st.lists(ipv4, max_size=5),
    announced6=st.lists(ipv6, max_size=6),
    withdrawn6=st.lists(ipv6, max_size=6),
    hops=st.lists(numbers4, min_size=1, max_size=255),
    peer=st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6)),
    asn=numbers4,
    time=st.integers(0, 2**32 - 1),
    micro=st.one_of(st.none(), st.integers(0, 999_999)),
    others=st.lists(st.tuples(st.sampled_from((4, 8, 16, 32, 35, 99)), st.binary(max_size=300)), max_size=4),
)  # fmt: skip
def test_any_update_is_read_as_it_was_written(
    announced: list[str], withdrawn: list[str], announced6: list[str], withdrawn6: list[str], hops: list[int],
    peer: ipaddress.IPv4Address | ipaddress.IPv6Address, asn: int, time: int, micro: int | None,
    others: list[tuple[int, bytes]],
) -> None:  # fmt: skip
    more = b"".join(b.attribute(kind, value, flags=0xC0) for kind, value in dict(others).items())
    more += b.reach(announced6) if announced6 else b""
    more += b.unreach(withdrawn6) if withdrawn6 else b""
    update = b.update(
        withdrawn=b.prefixes(*withdrawn), attrs=b.attributes(hops, more=more), nlri=b.prefixes(*announced)
    )
    data = b.bgp4mp(update, peer=str(peer), asn=asn, time=time, micro=micro)
    path = " ".join(map(str, hops))
    found = elements(data)
    assert [element[3:] for element in found] == [
        *(("W", prefix, None) for prefix in withdrawn + withdrawn6),
        *(("A", prefix, path) for prefix in announced + announced6),
    ]
    assert {element[1:3] for element in found} == {(str(peer), asn)}
    assert {round(element[0] - time, 6) for element in found} == {(micro or 0) / 1e6}


@settings(max_examples=60, deadline=None)
@given(
    rows=st.lists(
        st.tuples(
            st.one_of(ipv4, ipv6), st.lists(st.tuples(st.integers(0, 3), st.lists(numbers4, max_size=8)), max_size=5)
        ),
        min_size=1, max_size=8,
    )
)  # fmt: skip
def test_any_table_is_read_as_it_was_written(rows: list[tuple[str, list[tuple[int, list[int]]]]]) -> None:
    peers = [("192.0.2.1", 1), ("2001:db8::1", 2), ("192.0.2.2", 4_000_000_000), ("2001:db8::2", 65535)]
    data = b.peer_index(*peers)
    expected = []
    for prefix, entries in rows:
        attributes = [(number, b.attributes(hops) if hops else b.attributes()) for number, hops in entries]
        data += b.rib(prefix, *attributes)
        expected += [(*peers[number], "B", prefix, " ".join(map(str, hops))) for number, hops in entries]
    assert [element[1:] for element in elements(data)] == expected


@settings(max_examples=60, deadline=None)
@given(old=st.lists(numbers2, min_size=1, max_size=9), new=st.lists(numbers4, min_size=1, max_size=9))
def test_merged_path_is_as_long_as_the_old_one_and_ends_as_the_new_one(old: list[int], new: list[int]) -> None:
    attributes = b.attributes(old, size=2, more=b.attribute(b.AS4_PATH, b.path(new), flags=0xC0))
    ((*_, path),) = elements(b.bgp4mp(b.update(attrs=attributes, nlri=b.NLRI), subtype=1))
    assert path is not None
    numbers = [int(word) for word in path.split()]
    assert len(numbers) == len(old)
    assert numbers == (old[: len(old) - len(new)] + new if len(new) <= len(old) else old)


@settings(max_examples=60, deadline=None)
@given(sizes=st.lists(st.integers(1, 5000), min_size=1, max_size=30), packing=st.sampled_from(PACKINGS))
def test_how_the_file_is_given_out_does_not_matter(sizes: list[int], packing: Callable[[bytes], bytes]) -> None:
    """A file may give fewer bytes than it was asked for."""
    data = packing(FILE)

    class Slow(io.BytesIO):
        turn = 0

        def read(self, size: int | None = -1, /) -> bytes:
            self.turn += 1
            return super().read(min(size or 1, sizes[self.turn % len(sizes)]))

    assert [e for batch in read(Slow(data), source="x") for e in batch] == elements(FILE)


# ------------------------------------------------------------------ what is damaged never breaks the reader

UPDATE = b.update(
    withdrawn=b.prefixes("10.0.0.0/8", "192.0.2.128/25"),
    attrs=b.attributes(
        (1, 2, 3), (b.SET, (4, 5)), more=b.reach(["2001:db8::/32"]) + b.unreach(["2001:db8:1::/48"])
        + b.attribute(8, bytes(12), flags=0xC0),
    ),
    nlri=b.prefixes("198.51.100.0/24", "203.0.113.0/25"),
)  # fmt: skip
OLD = b.update(
    attrs=b.attributes((1, 23456), size=2, more=b.attribute(b.AS4_PATH, b.path((200000,)), flags=0xC0)), nlri=b.NLRI
)
FILE = b"".join(
    [
        b.bgp4mp(UPDATE),
        b.bgp4mp(OLD, subtype=1),
        b.bgp4mp(UPDATE, micro=5, peer="2001:db8::7"),
        b.bgp4mp(b.update(attrs=b.attributes((1,)), nlri=b.prefixes("10.0.0.0/8", "0.0.0.0/0", ids=[1, 2])), subtype=9),
        b.state_change(6, 1),
        b.peer_index((PEER, ASN), ("2001:db8::7", 200000)),
        b.rib("198.51.100.0/24", (0, b.attributes((1, 2))), (1, b.attributes((200000, 2)))),
        b.rib("2001:db8::/32", (1, b.attributes((200000, 2))), subtype=10, ids=[7]),
        b.table_dump("198.51.100.0/24", b.attributes((1, 2), size=2)),
        b.bgp4mp(b.update(attrs=b.attributes((1, 2, 3)), nlri=b.NLRI)),
    ]
)  # fmt: skip


def test_the_file_itself_is_sound() -> None:
    assert len(check(FILE) or ()) == 21


@settings(max_examples=400, deadline=None)
@given(data=st.data())
def test_damaged_octets_give_sound_elements_or_a_clear_error(data: st.DataObject) -> None:
    body = bytearray(FILE)
    for place in data.draw(st.lists(st.integers(0, len(body) - 1), min_size=1, max_size=12)):
        body[place] = data.draw(st.integers(0, 255))
    check(bytes(body))


def test_every_octet_set_to_its_extremes() -> None:
    for place in range(len(FILE)):
        for value in (0, 0x80, 0xFF, FILE[place] ^ 0x10):
            check(FILE[:place] + bytes([value]) + FILE[place + 1 :])


def test_file_cut_anywhere_gives_a_beginning_of_its_elements() -> None:
    whole = elements(FILE)
    for end in range(len(FILE)):
        found = check(FILE[:end])
        assert found is None or found == whole[: len(found)]


@settings(max_examples=200, deadline=None)
@given(data=st.data())
def test_pieces_taken_out_put_in_or_doubled(data: st.DataObject) -> None:
    body = FILE
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(body)))
        end = data.draw(st.integers(start, min(len(body), start + 64)))
        body = data.draw(
            st.sampled_from(
                [body[:start] + body[end:], body[:end] + body[start:], body[:start] + b"\xff" * 9 + body[end:]]
            )
        )
    check(body)


@settings(max_examples=300, deadline=None)
@given(
    kind=st.sampled_from((11, 12, 13, 16, 17)), subtype=st.integers(0, 12), body=st.binary(max_size=200),
    before=st.booleans(),
)  # fmt: skip
def test_records_of_random_content(kind: int, subtype: int, body: bytes, before: bool) -> None:
    index = b.peer_index((PEER, ASN)) if before else b""
    check(index + b.record(kind, subtype, body) * 2 + FILE)


@settings(max_examples=300, deadline=None)
@given(attributes=st.binary(max_size=120), nlri=st.binary(max_size=40), subtype=st.sampled_from((1, 4, 8, 9)))
def test_updates_of_random_content(attributes: bytes, nlri: bytes, subtype: int) -> None:
    update = b.update(attrs=b.attributes((1, 2), size=2 if subtype in (1, 8) else 4, more=attributes), nlri=nlri)
    check(b.bgp4mp(update, subtype=subtype) + FILE)
    check(b.bgp4mp(b.update(withdrawn=nlri, attrs=attributes), subtype=subtype) + FILE)
    check(b.peer_index((PEER, ASN)) + b.rib("10.0.0.0/8", (0, attributes)) + FILE)


@settings(max_examples=200, deadline=None)
@given(body=st.binary(max_size=400))
def test_random_octets(body: bytes) -> None:
    for begin in (b"", b"\x1f\x8b\x08\0", b"BZh9", b"\x28\xb5\x2f\xfd", struct.pack(">IHH", b.T0, 16, 4)):
        check(begin + body)


@pytest.mark.parametrize("pack", PACKINGS[1:])
def test_packed_file_with_damaged_octets(pack: Callable[[bytes], bytes]) -> None:
    chance = random.Random(7)
    packed = pack(FILE * 40)
    for _ in range(300):
        body = bytearray(packed)
        for _ in range(chance.randint(1, 5)):
            body[chance.randrange(len(body))] = chance.randrange(256)
        check(bytes(body[: chance.randint(1, len(body))]))


@pytest.mark.parametrize("case", cases("mrt_files"), ids=str)
def test_recorded_file_with_damaged_records(case: object) -> None:
    """Unpacked, damaged, and read: what a disk or a broken transfer does to it."""
    body = gzip.decompress(case.file.read_bytes())  # type: ignore[attr-defined]
    chance = random.Random(11)
    for _ in range(25):
        damaged = bytearray(body)
        for _ in range(chance.randint(1, 40)):
            damaged[chance.randrange(len(damaged))] = chance.randrange(256)
        check(bytes(damaged))


def test_a_run_of_the_shortest_prefixes_is_no_bomb() -> None:
    """One octet a prefix is the densest that BGP has: what a step unpacks to bounds how many there are."""
    message = b.bgp4mp(b.update(attrs=b.attributes((1,)), nlri=bytes(60_000)))
    sizes = [len(batch) for batch in read(gzip.compress(message * 20), source="x")]
    assert sum(sizes) == 1_200_000
    assert max(sizes) < 350_000
