"""The MRT reader: each form of RFC 6396 and RFC 8050, and of the BGP messages and attributes inside."""

from __future__ import annotations

import struct

import pytest

from radar.routing.mrt import Tally
from tests.routing import build as b
from tests.routing.build import ASN, NLRI, PEER, PLAIN, elements

T = float(b.T0)
A = (T, PEER, ASN, "A", "198.51.100.0/24", "1 2 3")


def path_of(attributes: bytes, *, subtype: int = 4) -> str | None:
    ((_time, _peer, _asn, _kind, _prefix, path),) = elements(
        b.bgp4mp(b.update(attrs=attributes, nlri=NLRI), subtype=subtype)
    )
    return path


# ------------------------------------------------------------------ updates


def test_update_announces_each_prefix_with_its_path() -> None:
    nlri = b.prefixes("198.51.100.0/24", "0.0.0.0/0", "10.0.0.0/8", "192.0.2.128/25", "192.0.2.1/32", "172.16.0.0/12")
    found = elements(b.bgp4mp(b.update(attrs=b.attributes((1, 2, 3)), nlri=nlri)))
    assert [element[4] for element in found] == [
        "198.51.100.0/24", "0.0.0.0/0", "10.0.0.0/8", "192.0.2.128/25", "192.0.2.1/32", "172.16.0.0/12",
    ]  # fmt: skip
    assert {element[:4] + element[5:] for element in found} == {(T, PEER, ASN, "A", "1 2 3")}


def test_withdrawals_come_before_announcements_and_ipv4_before_other_families() -> None:
    more = b.reach(["2001:db8::/32"]) + b.unreach(["2001:db8:1::/48"])
    update = b.update(withdrawn=b.prefixes("203.0.113.0/24"), attrs=b.attributes((1, 2, 3), more=more), nlri=NLRI)
    assert [element[3:] for element in elements(b.bgp4mp(update))] == [
        ("W", "203.0.113.0/24", None),
        ("W", "2001:db8:1::/48", None),
        ("A", "198.51.100.0/24", "1 2 3"),
        ("A", "2001:db8::/32", "1 2 3"),
    ]


def test_update_of_ipv6_alone_may_withdraw_and_announce() -> None:
    for more in (b.reach(["2001:db8::/32"]) + b.unreach(["::/0"]), b.unreach(["::/0"]) + b.reach(["2001:db8::/32"])):
        found = elements(b.bgp4mp(b.update(attrs=b.attributes((1,), more=more)), peer="2001:db8::7"))
        assert [element[3:] for element in found] == [("W", "::/0", None), ("A", "2001:db8::/32", "1")]
    (element,) = elements(b.bgp4mp(b.update(attrs=b.attributes((1,), more=b.reach(["2001:db8::/32"])))))
    assert element == (T, PEER, ASN, "A", "2001:db8::/32", "1")


def test_update_that_only_withdraws() -> None:
    found = elements(b.bgp4mp(b.update(withdrawn=b.prefixes("10.0.0.0/8", "192.0.2.0/24"))))
    assert [element[3:] for element in found] == [("W", "10.0.0.0/8", None), ("W", "192.0.2.0/24", None)]


def test_withdrawn_prefixes_that_look_like_attributes_are_withdrawn() -> None:
    """Read as if nothing was withdrawn, these octets would be ORIGIN and an empty AS_PATH."""
    withdrawn = bytes([0, 8, 0x40, 1, 1, 1, 0x40, 2, 0])
    found = elements(b.bgp4mp(b.update(withdrawn=withdrawn, attrs=b.attributes((1, 2, 3)), nlri=NLRI)))
    assert [element[3:5] for element in found] == [
        ("W", "0.0.0.0/0"), ("W", "64.0.0.0/8"), ("W", "0.0.0.0/1"), ("W", "0.0.0.0/1"), ("W", "0.0.0.0/2"),
        ("A", "198.51.100.0/24"),
    ]  # fmt: skip


def test_ipv4_prefixes_in_mp_reach_are_read_too() -> None:
    more = b.reach(["198.51.100.0/24"]) + b.unreach(["203.0.113.0/24"])
    found = elements(b.bgp4mp(b.update(attrs=b.attributes((1,), more=more)), peer="2001:db8::7"))
    assert [element[1:5] for element in found] == [
        ("2001:db8::7", ASN, "W", "203.0.113.0/24"),
        ("2001:db8::7", ASN, "A", "198.51.100.0/24"),
    ]


@pytest.mark.parametrize(
    ("written", "text"),
    [
        (bytes([20, 198, 51, 103]), "198.51.96.0/20"),
        (bytes([1, 255]), "128.0.0.0/1"),
        (bytes([31, 192, 0, 2, 255]), "192.0.2.254/31"),
    ],
)
def test_bits_beyond_the_length_are_zero_in_the_text(written: bytes, text: str) -> None:
    (element,) = elements(b.bgp4mp(b.update(attrs=b.attributes((1, 2, 3)), nlri=written)))
    assert element[4] == text
    table = b.peer_index((PEER, ASN)) + b.record(
        13, 2, b"\0\0\0\1" + written + struct.pack(">HHIH", 1, 0, 0, len(b.attributes((1,)))) + b.attributes((1,))
    )
    assert [element[4] for element in elements(table)] == [text]


def test_ipv6_is_written_as_rfc_5952_says_and_always_in_hexadecimal() -> None:
    texts = ["::/0", "2001:db8::/32", "2001:db8:0:1::/64", "2001:db8:1:0:1::/80", "::ffff:c000:200/120", "fe80::1/128"]
    update = b.update(attrs=b.attributes((1,), more=b.reach(texts)))
    found = elements(b.bgp4mp(update, peer="::ffff:192.0.2.7"))
    assert [element[4] for element in found] == texts
    assert {element[1] for element in found} == {"::ffff:c000:207"}
    host_bits = b.attribute(14, b"\0\2\1\0\0" + bytes([33, 0x20, 1, 0x0D, 0xB8, 0xFF]), flags=0x80)
    (element,) = elements(b.bgp4mp(b.update(attrs=b.attributes((1,), more=host_bits))))
    assert element[4] == "2001:db8:8000::/33"


def test_microseconds_of_extended_records_are_part_of_the_time() -> None:
    data = b.bgp4mp(b.update(attrs=b.attributes((1, 2, 3)), nlri=NLRI), micro=509_481) + b.state_change(6, 1, micro=7)
    assert [(round(element[0] - b.T0, 6), element[3]) for element in elements(data)] == [(0.509481, "A"), (7e-6, "S")]


def test_session_is_up_when_established_and_else_down() -> None:
    tally = Tally()
    data = b.state_change(5, 6) + b.state_change(6, 1) + b.state_change(1, 3, subtype=0) + b.state_change(6, 8)
    assert [element[3:] for element in elements(data, tally=tally)] == [
        ("S", "up", None), ("S", "down", None), ("S", "down", None), ("S", "down", None),
    ]  # fmt: skip
    assert tally.states == 4


def test_as_numbers_of_two_octets_are_read_where_the_record_says_so() -> None:
    data = b.bgp4mp(b.update(attrs=b.attributes((1, 2, 3), size=2), nlri=NLRI), subtype=1)
    assert elements(data) == [A]


def test_several_paths_per_prefix_lose_their_identifier_and_are_counted() -> None:
    tally = Tally()
    v4 = b.update(
        withdrawn=b.prefixes("203.0.113.0/24", ids=[7]),
        attrs=b.attributes((1, 2, 3)),
        nlri=b.prefixes("198.51.100.0/24", "198.51.100.0/24", ids=[1, 2]),
    )
    v6 = b.update(attrs=b.attributes((1,), more=b.reach(["2001:db8::/32"], ids=[5]) + b.unreach(["::/0"], ids=[6])))
    old = b.update(attrs=b.attributes((1, 2, 3), size=2), nlri=b.prefixes("198.51.100.0/24", ids=[9]))
    gone = b.update(withdrawn=b.prefixes("10.0.0.0/8", ids=[4]))
    data = b.bgp4mp(v4, subtype=9) + b.bgp4mp(v6, subtype=9) + b.bgp4mp(old, subtype=8) + b.bgp4mp(gone, subtype=9)
    assert [element[3:5] for element in elements(data, tally=tally)] == [
        ("W", "203.0.113.0/24"), ("A", "198.51.100.0/24"), ("A", "198.51.100.0/24"), ("W", "::/0"),
        ("A", "2001:db8::/32"), ("A", "198.51.100.0/24"), ("W", "10.0.0.0/8"),
    ]  # fmt: skip
    assert tally.add_path == 7


def test_sessions_of_both_kinds_with_the_same_ends_are_told_apart() -> None:
    many = b.bgp4mp(b.update(attrs=b.attributes((1,)), nlri=b.prefixes("10.0.0.0/8", ids=[1])), subtype=9)
    assert [element[4] for element in elements(PLAIN + many + PLAIN)] == ["198.51.100.0/24", "10.0.0.0/8", A[4]]


def test_end_of_rib_is_counted_and_is_no_element() -> None:
    tally = Tally()
    assert elements(b.bgp4mp(b.update()) + b.bgp4mp(b.update(attrs=b.unreach([]))), tally=tally) == []
    assert tally.end_of_rib == 2


def test_what_the_collector_sent_says_nothing_of_the_peer() -> None:
    tally = Tally()
    sent = b.bgp4mp(b.update(attrs=b.attributes((1, 2, 3)), nlri=NLRI), subtype=7)
    assert elements(sent, tally=tally) == []
    assert tally.passed_over == {"messages that the collector sent": 1}
    assert elements(sent, everything=True) == [A]


def test_multicast_prefixes_are_counted_and_are_elements_only_when_asked_for() -> None:
    tally = Tally(prefixes=set())
    more = b.reach(["198.51.100.0/24"], safi=2) + b.unreach(["2001:db8::/32"], safi=2)
    data = b.bgp4mp(b.update(attrs=b.attributes((1, 2, 3), more=more)))
    data += b.peer_index((PEER, ASN)) + b.rib("203.0.113.0/24", (0, b.attributes((1,))), subtype=3)
    assert elements(data, tally=tally) == []
    assert (tally.announcements, tally.withdrawals, tally.rib_entries, tally.multicast) == (1, 1, 1, 3)
    assert tally.prefixes == {"198.51.100.0/24", "2001:db8::/32", "203.0.113.0/24"}
    assert [element[3] for element in elements(data, everything=True)] == ["W", "A", "B"]


def test_other_families_and_messages_are_passed_over_and_counted() -> None:
    tally = Tally()
    vpn = b.update(attrs=b.attributes((1,), more=b.reach(["198.51.100.0/24"], safi=128)))
    data = b"".join(map(b.bgp4mp, (vpn, b.message(4), b.message(1, b"\4" + bytes(9)), b.message(3, b"\6\2"))))
    data += b.record(11, 0, b"ospf") + b.record(13, 7, b"geo") + b.record(16, 2, b"entry") + b.record(77, 0, b"?")
    assert elements(data, tally=tally) == []
    assert tally.passed_over == {
        "prefixes of other families": 1, "KEEPALIVE messages": 1, "OPEN messages": 1, "NOTIFICATION messages": 1,
        "OSPFv2 records": 1, "table records of other subtypes": 1, "BGP4MP records of other subtypes": 1,
        "records of unknown type": 1,
    }  # fmt: skip
    assert not tally.rejected
    assert tally.records == 8


# ------------------------------------------------------------------ AS paths


@pytest.mark.parametrize(
    ("parts", "text"),
    [
        (((1, 2, 3),), "1 2 3"),
        ((), ""),
        (((1, 2), (3, 4)), "1 2 3 4"),
        (((1, 2, 3), (b.SET, (64512, 64511))), "1 2 3 {64512,64511}"),
        (((b.SET, (7,)), (1, 2)), "{7} 1 2"),
        (((b.CONFED_SEQUENCE, (65001, 65002)), (b.CONFED_SET, (6, 7)), (1, 2)), "(65001 65002) [6,7] 1 2"),
        (((4294967295,),), "4294967295"),
        (((64511,) * 255,), " ".join(["64511"] * 255)),
    ],
)  # fmt: skip
def test_path_is_written_as_bgpdump_writes_it(parts: tuple[tuple[int, ...], ...], text: str) -> None:
    assert path_of(b.attributes(*parts)) == text


@pytest.mark.parametrize("flags", [0x40, 0x50])
@pytest.mark.parametrize("origin", [0, 1, 2])
def test_path_is_found_however_its_length_is_written(flags: int, origin: int) -> None:
    attributes = b.attribute(1, bytes([origin])) + b.attribute(2, b.path((1, 2, 3)), flags=flags)
    assert path_of(attributes + b.attribute(3, bytes(4))) == "1 2 3"
    assert path_of(attributes + b.attribute(8, bytes(4) * 100, flags=0xC0)) == "1 2 3"
    assert path_of(attributes) == "1 2 3"


def test_path_is_found_wherever_it_stands() -> None:
    attributes = b.attribute(3, bytes(4)) + b.attribute(2, b.path((1, 2, 3))) + b.attribute(1, b"\0")
    assert path_of(attributes) == "1 2 3"


def test_of_an_attribute_that_comes_twice_the_first_counts() -> None:
    assert path_of(b.attributes((1, 2, 3), more=b.attribute(2, b.path((9,))))) == "1 2 3"


def as4(*parts: tuple[int, ...], more: bytes = b"") -> bytes:
    return more + b.attribute(b.AS4_PATH, b.path(*parts), flags=0xC0)


@pytest.mark.parametrize(
    ("old", "new", "text"),
    [
        (((1, 23456, 3, 23456),), ((200000, 3, 400000),), "1 200000 3 400000"),
        (((1, 2),), ((200000, 3, 400000),), "1 2"),  # the old one is shorter: the new one is not believed
        (((1, 23456),), ((200000, 300000),), "200000 300000"),
        (((1, 23456, 3), (b.SET, (7, 23456))), ((3, 4), (b.SET, (7, 400000))), "1 3 4 {7,400000}"),
        (((1, 23456, 3), (b.SET, (7, 23456))), ((b.SET, (7, 400000)),), "1 23456 3 {7,400000}"),
        (((b.CONFED_SEQUENCE, (65001,)), (1, 23456, 3)), ((200000, 3),), "(65001) 1 200000 3"),
        (((1, 23456),), ((b.CONFED_SEQUENCE, (65001,)), (200000,)), "1 200000"),
        (((1, 2, 3),), (), "1 2 3"),
    ],
)  # fmt: skip
def test_two_octet_path_is_put_right_by_as4_path(
    old: tuple[tuple[int, ...], ...], new: tuple[tuple[int, ...], ...], text: str
) -> None:
    """RFC 6793, section 4.2.3."""
    assert path_of(b.attributes(*old, size=2, more=as4(*new)), subtype=1) == text


def test_as4_path_is_not_believed_where_somebody_aggregated_without_it() -> None:
    old = b.attribute(b.AGGREGATOR, struct.pack(">HI", 100, 1))
    kept = b.attribute(b.AGGREGATOR, struct.pack(">HI", 23456, 1))
    new = b.attribute(b.AS4_AGGREGATOR, struct.pack(">II", 200000, 1), flags=0xC0)
    assert path_of(b.attributes((1, 23456, 3), size=2, more=old + as4((200000, 3)) + new), subtype=1) == "1 23456 3"
    assert path_of(b.attributes((1, 23456, 3), size=2, more=kept + as4((200000, 3)) + new), subtype=1) == "1 200000 3"


def test_as4_path_that_is_malformed_is_discarded() -> None:
    broken = b.attribute(b.AS4_PATH, b"\2\5\0\0", flags=0xC0)
    assert path_of(b.attributes((1, 23456, 3), size=2, more=broken), subtype=1) == "1 23456 3"


def test_as4_path_of_a_four_octet_peer_is_discarded() -> None:
    assert path_of(b.attributes((1, 2, 3), more=as4((200000, 3)))) == "1 2 3"


# ------------------------------------------------------------------ tables


def test_table_entries_name_their_peers_by_number() -> None:
    tally = Tally()
    data = b.peer_index((PEER, ASN), ("2001:db8::7", 200000), ("192.0.2.8", 1), view=b"rrc00")
    data += b.rib("198.51.100.0/24", (0, b.attributes((64511, 2))), (1, b.attributes((200000, 2))))
    data += b.rib("2001:db8::/32", (1, b.attributes((200000, 2))))
    assert elements(data, tally=tally) == [
        (T, PEER, ASN, "B", "198.51.100.0/24", "64511 2"),
        (T, "2001:db8::7", 200000, "B", "198.51.100.0/24", "200000 2"),
        (T, "2001:db8::7", 200000, "B", "2001:db8::/32", "200000 2"),
    ]
    assert tally.peers == {(PEER, ASN), ("2001:db8::7", 200000)}
    assert tally.rib_entries == 3


def test_mp_reach_of_a_table_entry_holds_no_prefixes() -> None:
    """RFC 6396, section 4.3.4: only the next hop is kept of it, and what would be prefixes is not read."""
    attributes = b.attributes((1, 2), more=b.attribute(b.MP_REACH, b"\x10" + bytes(16), flags=0x80))
    assert len(elements(b.peer_index((PEER, ASN)) + b.rib("2001:db8::/32", (0, attributes)))) == 1


@pytest.mark.parametrize(("text", "subtype"), [("198.51.100.0/24", 8), ("2001:db8::/32", 10)])
def test_table_entries_with_several_paths_of_one_peer(text: str, subtype: int) -> None:
    tally = Tally()
    entries = ((0, b.attributes((1,))), (0, b.attributes((2,))))
    data = b.peer_index((PEER, ASN)) + b.rib(text, *entries, subtype=subtype, ids=[7, 8])
    assert [element[4:] for element in elements(data, tally=tally)] == [(text, "1"), (text, "2")]
    assert tally.add_path == 2


def test_generic_table_entries_tell_their_family() -> None:
    tally = Tally()

    def generic(afi: int, safi: int, prefix: bytes) -> bytes:
        attributes = b.attributes((1,))
        head = struct.pack(">IHB", 1, afi, safi) + prefix
        return b.record(13, 6, head + struct.pack(">HHIH", 1, 0, 0, len(attributes)) + attributes)

    data = b.peer_index((PEER, ASN)) + generic(1, 1, NLRI) + generic(2, 1, b.prefixes("2001:db8::/32"))
    data += generic(1, 128, bytes([112]) + bytes(14))
    assert [element[4] for element in elements(data, tally=tally)] == ["198.51.100.0/24", "2001:db8::/32"]
    assert tally.passed_over == {"table entries of other families": 1}


def test_the_older_form_of_tables() -> None:
    data = b.table_dump("198.51.100.0/24", b.attributes((1, 2), size=2))
    data += b.table_dump("198.51.100.0/24", b.attributes((1, 23456), size=2, more=as4((200000,))), asn=1)
    data += b.table_dump("2001:db8::/32", b.attributes((1, 2), size=2), peer="2001:db8::9")
    assert elements(data) == [
        (T, PEER, ASN, "B", "198.51.100.0/24", "1 2"),
        (T, PEER, 1, "B", "198.51.100.0/24", "1 200000"),
        (T, "2001:db8::9", ASN, "B", "2001:db8::/32", "1 2"),
    ]


def test_elements_of_a_mixed_file_keep_its_order() -> None:
    table = b.peer_index((PEER, ASN)) + b.rib("10.0.0.0/8", (0, b.attributes((1,))))
    data = PLAIN + b.state_change(6, 1) + table + PLAIN + b.table_dump("11.0.0.0/8", b.attributes((1,), size=2))
    assert "".join(element[3] for element in elements(data)) == "ASBAB"


def test_new_table_of_peers_replaces_the_old_one() -> None:
    entry = b.rib("10.0.0.0/8", (0, b.attributes((1,))))
    data = b.peer_index((PEER, ASN)) + entry + b.peer_index(("192.0.2.77", 7)) + entry
    assert [element[1] for element in elements(data)] == [PEER, "192.0.2.77"]


def test_counts_of_a_file_agree_with_its_elements() -> None:
    tally = Tally(prefixes=set())
    data = PLAIN + b.bgp4mp(b.update(withdrawn=b.prefixes("10.0.0.0/8", "11.0.0.0/8"))) + b.state_change(6, 1)
    found = elements(data, tally=tally)
    assert (tally.records, tally.announcements, tally.withdrawals, tally.states, tally.rib_entries) == (3, 1, 2, 1, 0)
    assert len(found) == 4
    assert tally.prefixes == {"198.51.100.0/24", "10.0.0.0/8", "11.0.0.0/8"}
    assert tally.peers == {(PEER, ASN)}
