"""The door: of an address only its block comes in, whoever wrote what in front of it."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from radar.beacon.door import block_of

V4, V6 = "77.111.246.53", "2a02:26f7:c9c4:4000:9a7:51c3:6f2e:8d14"


def test_a_block_is_the_first_three_numbers_or_the_first_48_bits() -> None:
    assert block_of(V4, [], 0) == block_of("77.111.246.200", [], 0)
    assert block_of(V4, [], 0) != block_of("77.111.247.53", [], 0)
    assert block_of(V6, [], 0) == block_of("2a02:26f7:c9c4:ffff::1", [], 0)
    assert block_of(V6, [], 0) != block_of("2a02:26f7:c9c5::1", [], 0)


def test_a_block_has_no_text_of_its_number() -> None:
    for address in (V4, V6):
        block = block_of(address, [], 0)
        assert block is not None
        assert str(block.number) not in f"{block!r} {block}"


@pytest.mark.parametrize("text", [f"::ffff:{V4}", "2002:4d6f:f635::1", f"64:ff9b::{V4}", f"{V4}:53124"])
def test_ipv4_inside_ipv6_or_with_a_port_is_ipv4(text: str) -> None:
    assert block_of(text, [], 0) == block_of(V4, [], 0)


def test_ipv6_may_have_brackets_a_port_or_a_zone() -> None:
    assert block_of(f"[{V6}]:443", [], 0) == block_of(f"{V6}%eth0", [], 0) == block_of(V6, [], 0)


def test_only_what_our_own_servers_wrote_is_believed() -> None:
    invented = ["203.0.113.1, 203.0.113.2", V4]
    assert block_of("10.0.0.1", invented, 1) == block_of(V4, [], 0)
    assert block_of("10.0.0.1", [f"203.0.113.1, {V4}, 10.0.0.7"], 2) == block_of(V4, [], 0)
    assert block_of(V4, invented[:1], 0) == block_of(V4, [], 0), "without a server in front the header is the reader's"


@pytest.mark.parametrize(
    ("remote", "forwarded", "proxies"),
    [(None, [], 0), ("", [], 0), ("unix:", [], 0), ("10.0.0.1", [], 1), ("10.0.0.1", [V4], 2), (V4, ["unknown"], 1),
     (V4, ["_hidden"], 1), (V4, [", ,"], 1), ("1.2.3", [], 0), ("1.2.3.4.5", [], 0), ("[", [], 0), (":::", [], 0)],
)  # fmt: skip
def test_what_is_no_address_is_no_block(remote: str | None, forwarded: list[str], proxies: int) -> None:
    assert block_of(remote, forwarded, proxies) is None


@given(text=st.text(max_size=80), forwarded=st.lists(st.text(max_size=80), max_size=3), proxies=st.integers(0, 5))
def test_any_text_gives_a_block_or_none(text: str, forwarded: list[str], proxies: int) -> None:
    block = block_of(text, forwarded, proxies)
    assert block is None or block.packed


@given(address=st.ip_addresses())
def test_an_address_cannot_be_found_again(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> None:
    block = block_of(str(address), [], 0)
    assert block is not None
    assert len(block.packed) == (4 if block.family == 4 else 7)
