from __future__ import annotations

import struct

import pytest

from radar.sources import _dns_tap as tap
from radar.sources._rejections import Rejections
from tests.sources import dns_build as build


def read(data: bytes) -> tuple[list[tap.Tapped], dict[str, int]]:
    rejected = Rejections()
    return list(tap.messages(data, rejected)), {item.reason: item.count for item in rejected.done()}


ONE = build.message(6, build.question("www.shop.example", 2))


def test_concatenated_streams_are_read_as_one() -> None:
    found, wrong = read(build.stream(ONE) + build.stream(ONE, ONE))
    assert [m.rcode for m in found] == [2, 2, 2]
    assert wrong == {}


def test_a_piece_may_begin_between_two_frames() -> None:
    found, _ = read(build.frame(ONE))
    assert [(m.name, m.address, m.second) for m in found] == [("www.shop.example", "8.8.8.7", build.START_S)]


@pytest.mark.parametrize("kept", range(1, len(build.stream(ONE)), 3))
def test_a_stream_cut_anywhere_gives_whole_frames_only(kept: int) -> None:
    found, wrong = read(build.stream(ONE)[:kept])
    assert len(found) <= 1
    assert set(wrong) <= {"stream ends in mid-frame"}


def test_after_an_absurd_length_reading_goes_on_at_the_next_stream() -> None:
    found, wrong = read(build.stream(ONE)[:-12] + struct.pack(">I", 0xFFFFFFF0) + b"noise" * 9 + build.stream(ONE))
    assert len(found) == 2
    assert wrong == {"frame length makes no sense": 1}


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"\x0b", "field has a wire type that dnstap does not use"),
        (build.field(15, 1) + b"\x72\x7f\x01", "field is longer than its message"),
        (build.field(14, ONE), "frame is no dnstap message"),
        (build.field(15, 1) + build.field(14, 7), "frame is no dnstap message"),
        (build.field(15, 1) + build.field(14, build.field(1, b"six")), "message has no type"),
        (build.field(15, 1) + build.field(14, build.field(1, 6)), "message has no time"),
        (build.field(15, 1) + build.field(14, build.field(1, 6) + build.field(12, 5)), "message holds no DNS message"),
        (b"\x80" * 12, "number has more than 64 bits"),
        (b"\x80", "message ends early"),
        (build.message(6, b"\0" * 11), "DNS message is shorter than its header"),
        (build.message(6, b"\0" * 12), "DNS message has no question"),
        (build.message(6, build.question("a")[:-3]), "DNS message ends early"),
        (build.message(6, build.question([b"x" * 63] * 4 + [b"y"])), "name is longer than 255 octets"),
        (
            build.message(6, build.question("a")[:12] + b"\xc0\x0c\0\1\0\1"),
            "name in a question is compressed or damaged",
        ),
    ],
)
def test_a_broken_frame_is_counted_with_what_is_wrong(data: bytes, reason: str) -> None:
    found, wrong = read(build.stream(data, ONE))
    assert wrong == {reason: 1}
    assert len(found) == 1


def test_odd_bytes_of_a_name_are_escaped() -> None:
    name, _ = tap.question(build.question([b"a\n2026 x", b"WWW", b"\xff\x00.b"]))
    assert name == "a\\0102026\\032x.www.\\255\\000\\046b"


def test_messages_between_others_are_passed_over() -> None:
    assert read(build.stream(build.message(1, build.question("a")))) == ([], {})
