"""What a validator's file says of an origin: RFC 6811, and files that are not as they should be."""

from __future__ import annotations

import bz2
import gzip
import ipaddress
import random
import time
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from radar.errors import UpstreamChanged
from radar.routing._unpack import Limits
from radar.routing.packed import unpack
from radar.routing.rpki import FRESH_S, Vrps
from tests.routing.rehearsal import refusal


def vrp(prefix: str, asn: int | str, longest: int | None = None) -> dict[str, Any]:
    row: dict[str, Any] = {"asn": asn, "prefix": prefix, "ta": "test"}
    return row if longest is None else {**row, "maxLength": longest}


def loaded(*rows: object, **metadata: object) -> Vrps:
    return Vrps.load(orjson.dumps({"metadata": metadata, "roas": list(rows)}))


RFC_6811 = loaded(vrp("10.0.0.0/16", "AS64496", 20), vrp("10.0.128.0/17", 64497), vrp("2001:db8::/32", 64496, 48))


@pytest.mark.parametrize(
    ("prefix", "origin", "expected"),
    [
        ("10.0.0.0/16", 64496, "valid"),
        ("10.0.16.0/20", 64496, "valid"),  # within maxLength
        ("10.0.16.0/21", 64496, "invalid"),  # covered, matched by nobody: too long
        ("10.0.0.0/16", 64499, "invalid"),  # covered, another origin
        ("10.0.128.0/17", 64497, "valid"),  # the second VRP matches, the first only covers
        ("10.0.128.0/17", 64496, "valid"),
        ("10.0.128.0/18", 64497, "invalid"),
        ("10.0.0.0/15", 64496, "not_found"),  # shorter than every VRP: nothing covers it
        ("10.1.0.0/16", 64496, "not_found"),
        ("2001:db8:1::/48", 64496, "valid"),
        ("2001:db8:1::/49", 64496, "invalid"),
        ("2001:db9::/32", 64496, "not_found"),
    ],
)
def test_an_origin_is_judged_as_rfc_6811_says(prefix: str, origin: int, expected: str) -> None:
    assert RFC_6811.validate(prefix, origin) == expected


def test_as_0_covers_and_never_matches() -> None:
    vrps = loaded(vrp("192.0.2.0/24", 0))
    assert vrps.validate("192.0.2.0/24", 64496) == "invalid"
    assert vrps.validate("192.0.2.0/24", 0) == "invalid"


def test_a_route_without_one_origin_is_never_valid() -> None:
    assert RFC_6811.validate("10.0.0.0/16", 0) == "invalid"


def test_without_a_file_everything_is_unknown() -> None:
    assert Vrps().validate("10.0.0.0/16", 64496) == "unknown"
    assert not Vrps().speaks_of(0.0)


def test_a_text_that_is_no_prefix_is_named() -> None:
    with pytest.raises(ValueError, match=r"'10\.0\.0/16' is no prefix"):
        RFC_6811.validate("10.0.0/16", 64496)


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_lookups_agree_with_going_through_all_rows(data: st.DataObject) -> None:
    networks = st.builds(
        lambda number, length: ipaddress.ip_network((number << 24 & 0xFFFFFFFF, length), strict=False),
        st.integers(0, 3), st.integers(6, 12),
    )  # fmt: skip
    rows = data.draw(st.lists(st.tuples(networks, st.integers(0, 3), st.integers(0, 8)), min_size=1, max_size=12))
    roas = [(net, asn, min(32, net.prefixlen + more)) for net, asn, more in rows]
    asked, origin = data.draw(networks), data.draw(st.integers(0, 3))
    covering = [(asn, longest) for net, asn, longest in roas if asked.subnet_of(net)]
    matched = any(asn == origin and origin and asked.prefixlen <= longest for asn, longest in covering)
    expected = "valid" if matched else "invalid" if covering else "not_found"
    assert loaded(*(vrp(str(n), a, m) for n, a, m in roas)).validate(str(asked), origin) == expected


def test_rows_that_cannot_be_used_are_counted_with_their_reason() -> None:
    good = vrp("10.0.0.0/8", 64496)
    vrps = loaded(
        good,
        good,  # the same again is no fault: several ROAs may say it
        "row",
        vrp("10.0.0.0/8", "AS-1"),
        vrp("10.0.0.0/8", 2**32),
        vrp("10.0.0.0/8", True),
        vrp("10.0.0.1/8", 64496),
        vrp("10.0.0.0", 64496),
        {"asn": 64496},
        vrp("10.0.0.0/8", 64496, 33),
        vrp("10.0.0.0/8", 64496, 7),
        {**good, "maxLength": "24"},
    )
    assert vrps.count == 1
    assert {(row.reason, row.count) for row in vrps.rejected} == {
        ("no object", 1),
        ("no AS number", 3),
        ("no prefix, or bits set behind its length", 3),
        ("maxLength out of range", 3),
    }


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"", "no JSON"),
        (b'{"roas": [{"asn": 1,', "line 1 column"),
        (b"[]", "no list 'roas'"),
        (b'{"roas": {}}', "no list 'roas'"),
        (b'{"roas": []}', "none of its rows can be used"),
        (b'{"roas": [7]}', "none of its rows can be used, first no object: 7"),
        (b"[" * 100_000, "no JSON"),
        (gzip.compress(b'{"roas": []}', mtime=0)[:-9], "end early"),
        (b"BZh9" + b"\0" * 40, "damaged"),
    ],
)
def test_a_file_that_is_no_validators_is_refused_with_the_place(body: bytes, says: str) -> None:
    with pytest.raises(UpstreamChanged, match=f"vrps_file: .*{says}"):
        Vrps.load(body)


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress])
def test_a_packed_file_is_read(pack: Any) -> None:
    body = orjson.dumps({"roas": [vrp("10.0.0.0/8", 64496)]})
    assert Vrps.load(pack(body)).count == 1


def test_a_file_that_unpacks_beyond_all_measure_is_refused() -> None:
    bomb = gzip.compress(b"\0" * 300_000)
    with pytest.raises(UpstreamChanged, match=r"vrps_file: .*unpacks to more than 100000 bytes"):
        unpack(bomb, source="vrps_file", limits=Limits(unpacked_bytes=100_000))


@settings(max_examples=150, deadline=None)
@given(body=st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(body: bytes) -> None:
    for head in (b"", b'{"roas":[', b'{"roas":[{"asn":1,"prefix":"10.0.0.0/8"},'):
        says = refusal(Vrps.load, head + body)
        assert says is None or says.startswith("vrps_file: ")


@settings(max_examples=100, deadline=None)
@given(st.recursive(st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
                    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(
                        st.sampled_from(["roas", "asn", "prefix", "maxLength", "metadata", "x"]), inner, max_size=4),
                    max_leaves=12))  # fmt: skip
def test_any_json_is_read_or_refused(value: Any) -> None:
    for document in (value, {"roas": value}, {"roas": [value]}, {"roas": [vrp("10.0.0.0/8", 1)], "metadata": value}):
        try:
            body = orjson.dumps(document)
        except TypeError:  # an integer that JSON readers do not take
            continue
        says = refusal(Vrps.load, body)
        assert says is None or says.startswith("vrps_file: ")


@pytest.mark.parametrize(
    "metadata",
    [
        {"generated": 1_700_000_000},
        {"generatedTime": "2023-11-14T22:13:20Z"},
        {"buildtime": "2023-11-14T22:13:20Z"},
    ],
)
def test_a_file_speaks_of_the_days_around_its_making(metadata: dict[str, object]) -> None:
    vrps = loaded(vrp("10.0.0.0/8", 64496), **metadata)
    assert vrps.generated == 1_700_000_000
    assert vrps.speaks_of(1_700_000_000 + FRESH_S - 1)
    assert not vrps.speaks_of(1_700_000_000 + FRESH_S + 1)
    assert not vrps.speaks_of(1_700_000_000 - FRESH_S - 1)


def test_a_file_that_does_not_say_when_it_was_made_is_believed() -> None:
    assert loaded(vrp("10.0.0.0/8", 64496), generated="soon", buildtime="yesterday").speaks_of(1e9)


def test_a_large_file_is_read_in_seconds() -> None:
    draw = random.Random(1)
    rows = [vrp(f"{a}.{b}.{c}.0/24", draw.randrange(1, 70_000)) for a in range(1, 5) for b in range(100)
            for c in range(100)]  # fmt: skip
    began = time.perf_counter()
    assert loaded(*rows).count == 40_000
    assert time.perf_counter() - began < 5  # 0.2 s on an idle core
