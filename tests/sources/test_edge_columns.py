"""Request logs read column by column: what is taken there is what the readers that look at each line say."""

from __future__ import annotations

import json
import random
from collections.abc import Callable

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from radar.sources import _edge_columns as columns
from radar.sources import _edge_forms, _edge_tally, edge_logs
from radar.sources._edge_counts import counted, merged
from radar.sources._edge_forms import _whole
from radar.sources._edge_rows import checked
from radar.sources._log_files import Chunk
from radar.sources._rejections import Rejections

Log = Callable[[random.Random], str]

TIMES = ["2026-03-02T00:00:{:02}Z", "2026-03-02T01:00:{:02}+01:00"]
SECONDS = ["07", "59", "60", "61", "5x", "99", " 1", "-1"]
NUMBERS = ["0", "7", "503", "12345678", "123456789", "1234567890123456", "007", "-1", "1e3", "1.5", "0.25", "00.5",
           "1.", ".5", "12345678.25", "1234567.891", "104.123456789", "0.1234567890123456", "99999999999999999999",
           "null", "true", '"5"', '""', "[]", "NaN"]  # fmt: skip
TEXTS = ['"DE"', '"FR"', '"de"', '"XX"', '"-"', '""', "null", "5", r'"\"a"', '"D\\u0045"', '"é"', '"a b"', '"{"',
         '"x" ', '"status\\":500"', '"' + "y" * 70 + '"']  # fmt: skip


def own(draw: random.Random) -> str:
    """A line with our names: most of them as they should be."""
    row = {
        "time": json.dumps(TIMES[0].format(draw.choice(SECONDS) if draw.random() < 0.1 else draw.randrange(60))),
        "country": draw.choice(['"DE"', '"FR"', draw.choice(TEXTS)]),
        "asn": draw.choice(["3320", "8075", draw.choice(NUMBERS)]),
        "status": draw.choice(["200", "503", draw.choice(NUMBERS)]),
        "agent": draw.choice(['"Mozilla, like"', '"' + "z" * draw.randrange(300) + '"', draw.choice(TEXTS)]),
        "bytes": str(draw.randrange(10**6)) if draw.random() < 0.8 else draw.choice(NUMBERS),
        "rtt_ms": f"{draw.random() * 100:.{draw.randrange(1, 9)}f}" if draw.random() < 0.8 else draw.choice(NUMBERS),
        "took": draw.choice(["0.012", "3", draw.choice(NUMBERS)]),
        "provider": draw.choice(['"fastly"', '"google-cloud"', draw.choice(TEXTS)]),
        "protocol": draw.choice(['"HTTP/2.0"', '"HTTP/1.1"', '"HTTP/3"']),
        "client": draw.choice(['"8.8.8.8"', '"2001:4860:4860::8888"', '"8.8.4.4"', draw.choice(TEXTS)]),
    }
    if draw.random() < 0.05:
        del row[draw.choice(list(row))]
    return "{" + ",".join(f'"{key}":{value}' for key, value in row.items()) + "}"


def nginx(draw: random.Random) -> str:
    return json.dumps({
        "msec": f"17724096{draw.randrange(100):02}.{draw.randrange(1000):03}",
        "remote_addr": f"8.8.{draw.randrange(9)}.8",
        "request": draw.choice(["GET / HTTP/1.1", "é", 'a"b']), "status": draw.choice(["200", "404", "000", "-"]),
        "body_bytes_sent": str(draw.randrange(5000)), "tcpinfo_rtt": draw.choice(["0", "20000", ""]),
        "server_protocol": "HTTP/1.1", "country": draw.choice(["DE", ""]),
    }, ensure_ascii=False)  # fmt: skip


def logpush(draw: random.Random) -> str:
    return json.dumps({
        "ClientIP": f"8.8.{draw.randrange(300)}.8", "ClientCountry": draw.choice(["de", "xx", "T1"]),
        "ClientASN": draw.choice([0, 3320]), "EdgeResponseStatus": draw.choice([200, 599, 600]),
        "EdgeResponseBytes": draw.randrange(10**9), "ClientRequestProtocol": draw.choice(["HTTP/3", "HTTP/1.1"]),
        "ClientTCPRTTMs": draw.choice([0, 12]), "EdgeStartTimestamp": 1772409607123456789 + draw.randrange(10**11),
    }, separators=(",", ":"))  # fmt: skip


def apache(draw: random.Random) -> str:
    return json.dumps({
        "timestamp": TIMES[1].format(draw.randrange(60)), "client_ip": "8.8.8.8", "clientip": "8.8.4.4",
        "response": draw.choice([200, 404]), "size": draw.choice([None, 5]), "asn": "AS3320",
    })  # fmt: skip


def combined(draw: random.Random) -> str:
    request = draw.choice(
        ["GET /{} HTTP/2.0", "GET /{} HTTP/3", "GET /{}", "", "HTTP/1.1", "GET / HTTP/1.10", r"\x22 {}"]
    )
    client = draw.choice(["8.8.8.8", "2001:db8::1", "-", 'a"b'] if draw.random() < 0.2 else ["8.8.8.8"])
    user = draw.choice(["- -", "- frank", "- [x", '- a"b'] if draw.random() < 0.2 else ["- -"])
    rtt = draw.choice(["20ms", "1.5ms", "-", "20000us", "3", "", "x"] if draw.random() < 0.3 else ["20ms"])
    tail = draw.choice(["country=FR asn=1", 'a "b', " ", "1 2"] if draw.random() < 0.1 else ["x"])
    return (
        f"{client} {user} [02/Mar/2026:00:00:{draw.randrange(61):02} +0000] "
        f'"{request.format("q=1" * draw.randrange(80))}" {draw.choice(["200", "503", "000", "-", "20"])} '
        f'{draw.choice(["0", "12345", "-", "123456789", "007"])} "-" '
        f'"{draw.choice(["agent", "country=FR", "é" * 90])}" '
        f"id={tail} country={draw.choice(['DE', 'FR', '-', 'XX'])} asn={draw.choice(['3320', 'AS8075', '-'])} rtt={rtt}"
    )


LOGS: dict[str, Log] = {"own": own, "nginx": nginx, "logpush": logpush, "apache": apache, "combined": combined}


@pytest.fixture(autouse=True)
def small_ones_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_edge_forms, "COMPILED", 0)
    monkeypatch.setattr(edge_logs, "COMPILED", 0)
    monkeypatch.setattr(_edge_tally, "_LEAST", 0)


def both(body: bytes) -> list[tuple[pl.DataFrame, dict[str, int]]]:
    """What is counted of it by columns, with the readers after them, and by the readers alone."""
    made = []
    count = body.count(b"\n") + (not body.endswith(b"\n"))
    for compiled in (True, False):
        lost = Rejections()
        if compiled:
            parts = [edge_logs.count(Chunk("log", "lines", body, 1), lost, key=7)]
        else:
            numbers = pl.int_range(1, count + 1, dtype=pl.Int64, eager=True)
            parts = [counted(checked(table, lost), 7) for table in _whole(body, lost, numbers, b"")]
        names = ["bin", "cc", "asn", "provider", "field", "cell"]
        made.append((merged(parts).sort(names), {item.reason: item.count for item in lost.done()}))
    return made


@settings(
    max_examples=120, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    form=st.sampled_from(sorted(LOGS)), seed=st.integers(0, 1 << 30), odd=st.booleans(), end=st.booleans(),
    few=st.sampled_from([2, 4096]),
)  # fmt: skip
def test_the_columns_say_what_the_readers_of_lines_say(
    monkeypatch: pytest.MonkeyPatch, form: str, seed: int, odd: bool, end: bool, few: int
) -> None:
    monkeypatch.setattr(columns, "_FEW", few)  # more texts than that are looked at all together
    draw = random.Random(seed)
    lines = [LOGS[form](draw) for _ in range(draw.choice([1, 3, 40]))]
    if odd:
        for broken in ("", "nonsense", "{", "\x00", lines[0][:-4], lines[0] + " ", lines[0] + "\r", own(draw)):
            lines.insert(draw.randrange(len(lines) + 1), broken)
    body = "\n".join(lines).encode() + b"\n" * end
    (found, lost), (expected, refused) = both(body)
    assert_frame_equal(found, expected)
    assert lost == refused


@pytest.mark.parametrize("form", ["own", "logpush", "combined"])
def test_a_log_of_one_form_is_taken_by_columns_and_an_odd_line_costs_no_other(form: str) -> None:
    plain = {
        "own": '{{"time":"2026-03-02T00:00:07Z","agent":"{0}","bytes":{1},"client":"8.8.8.{1}"}}',
        "logpush": '{{"EdgeStartTimestamp": 1772409607{1:03}000000, "uri": "{0}", "ClientIP": "8.8.8.{1}"}}',
        "combined": '8.8.8.{1} - - [02/Mar/2026:01:00:07 +0100] "GET /{0} HTTP/2.0" 200 {1} "-" "{0}" rtt={1}ms',
    }
    lines = [plain[form].format("x" * (number % 200), number) for number in range(200)]
    lines[77] = "odd"
    lines[99] = lines[99].replace("xx", r"\x22", 1)
    parts, left, _ = columns.read("\n".join(lines).encode() + b"\n")
    assert left is not None
    assert left.tolist() == [77, 99]
    assert [len(part.lines) for part in parts] == [198]
    assert parts[0].table["bytes" if form != "logpush" else "EdgeStartTimestamp"].null_count() == 0


def test_seconds_that_are_none_are_left_to_the_readers() -> None:
    lines = [json.dumps({"time": TIMES[0].format(second), "asn": 7}) for second in (*range(60), *SECONDS)]
    assert columns.read("\n".join(lines).encode() + b"\n")[1].tolist() == list(range(62, 68))  # type: ignore[union-attr]


def test_a_text_that_goes_on_in_the_next_line_is_no_line() -> None:
    line = '{"time":"2026-03-02T00:00:07Z","agent":"x","asn":7}'
    before, after = line.split("x")
    parts, left, _ = columns.read("\n".join([*[line] * 20, before, after, *[line] * 20]).encode() + b"\n")
    assert left is not None
    assert left.tolist() == [20, 21]
    assert len(parts[0].lines) == 40


@pytest.mark.parametrize("blank", ["\n", "\t"])
def test_a_time_that_goes_on_after_a_control_byte_is_no_time(blank: str) -> None:
    line = '8.8.8.8 - - [02/Mar/2026:00:00:07 +0000] "GET / HTTP/1.1" 200 5 "-" "x"'
    odd = line.replace(" +0000", f"{blank}+0000")
    parts, left, rest = columns.read("\n".join([*[line] * 5, odd, *[line] * 5]).encode() + b"\n")
    assert left is not None
    assert left.tolist() == ([5, 6] if blank == "\n" else [5])
    assert rest == f"{odd}\n".encode()
    assert len(parts[0].lines) == 10


def test_lines_of_several_forms_are_told_apart() -> None:
    draw = random.Random(4)
    lines = [log(draw) for _ in range(50) for log in (apache, logpush)]
    parts, *_ = columns.read("\n".join(lines).encode() + b"\n")
    assert {part.form for part in parts} == {"timestamp", "EdgeStartTimestamp"}


@pytest.mark.parametrize(
    "data", [b"", b"\n", b"\n" * 4000, b"\x00" * 999, b"x" * 999, b"{}\n" * 99, b"\xff" * 99 + b"\n"]
)
def test_what_is_no_log_is_left_whole(data: bytes) -> None:
    assert columns.read(data) == ([], None, b"")


@settings(
    max_examples=300, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.one_of(st.from_regex(r"[0-9]{1,20}(\.[0-9]{0,16})?", fullmatch=True), st.text("019.-e", max_size=20)))
def test_numbers_are_those_that_any_reader_gives(text: str) -> None:
    plain = '{{"time":"2026-03-02T00:00:07Z","status":{},"rtt_ms":{},"agent":"{}"}}'
    lines = [plain.format(5, 5, "x" * 40), plain.format(text, 5, ""), plain.format(5, text, "")]
    parts, left, _ = columns.read("\n".join(lines).encode() + b"\n")
    assert left is not None
    (part,) = parts
    digits = text.isdigit() and (text == "0" or text[0] != "0") and len(text) <= 19 and int(text) < 2**63
    assert (1 in part.lines) == digits
    assert not digits or part.table["status"][1] == int(text)
    first, point, rest = text.partition(".")
    fits = (first.isdigit() and (first == "0" or first[0] != "0") and (rest.isdigit() or not point)
            and len(first + rest) <= 15)  # fmt: skip
    assert (2 in part.lines) == fits
    assert not fits or part.table["rtt_ms"][-1] == float(text)


@settings(max_examples=50, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.integers(1, 3000), most=st.sampled_from([1, 3, 2000, 1 << 60]), seed=st.integers(0, 99))
def test_every_row_has_its_own_text(monkeypatch: pytest.MonkeyPatch, rows: int, most: int, seed: int) -> None:
    monkeypatch.setattr(columns, "_FEW", 200)
    draw = random.Random(seed)
    texts = [f"{draw.randrange(most):x}"[: draw.randrange(1, 16)] for _ in range(rows)]
    lines = [f'{{"time":"2026-03-02T00:00:07Z","client":"{text}","asn":7}}' for text in texts]
    parts, *_ = columns.read("\n".join(lines).encode() + b"\n")
    assert parts[0].table["client"].cast(pl.String).to_list() == texts


@pytest.mark.parametrize("rows", [3, 30])
@pytest.mark.parametrize("odd", ["8.8.8.8\x7f", "é", "-", ""])
def test_an_odd_text_among_many_is_told_as_among_few(monkeypatch: pytest.MonkeyPatch, rows: int, odd: str) -> None:
    monkeypatch.setattr(columns, "_FEW", 10)
    texts = [*(f"8.8.{number}.8" for number in range(rows)), odd]
    lines = [f'{text} - - [02/Mar/2026:01:00:07 +0100] "GET / HTTP/2.0" 200 7 "-" "x" rtt={5}ms' for text in texts]
    parts, left, _ = columns.read("\n".join(lines).encode() + b"\n")
    assert left is not None
    (part,) = parts
    kept = odd in ("-", "")
    assert left.tolist() == ([] if kept else [rows])
    (client,) = (column for column in part.table if str(column[0]).startswith("8.8."))
    assert client.cast(pl.String).to_list() == (texts if kept else texts[:rows])


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.one_of(st.binary(max_size=99), st.lists(st.sampled_from([b"\n", b"\x0b", b"\x8a", b"a\n"])).map(b"".join)),
       st.sampled_from([1, 40, 900]))  # fmt: skip
def test_line_breaks_are_counted(part: bytes, times: int) -> None:
    data = part * times
    assert columns._breaks(data) == (data.count(b"\n"), data.isascii())


def test_texts_that_share_the_end_of_a_word_are_told_apart() -> None:
    texts = ["", "a", "a" * 7, "a" * 8, "a" * 9, "a" * 15 + "b", "a" * 16, "b" + "a" * 15] * 3
    lines = [f'{{"time":"2026-03-02T00:00:07Z","client":"{text}","asn":7,"agent":"some words"}}' for text in texts]
    parts, *_ = columns.read("\n".join(lines).encode() + b"\n")
    assert parts[0].table["client"].cast(pl.String).to_list() == texts


def test_each_line_of_a_large_chunk_has_its_own_time_and_number() -> None:
    lines = [
        f'{{"time":"2026-03-02T{n // 3600:02}:{n // 60 % 60:02}:{n % 60:02}Z","asn":{n + 1}}}' for n in range(40_000)
    ]
    parts, left, _ = columns.read("\n".join(lines).encode() + b"\n")
    assert left is not None
    assert (len(parts), len(left)) == (1, 0)
    minute = parts[0].table.select((pl.col("time").dt.epoch("s") - 1_772_409_600) // 60).to_series()
    assert minute.to_list() == [n // 60 for n in range(40_000)]
    assert parts[0].table["asn"].to_list() == list(range(1, 40_001))
