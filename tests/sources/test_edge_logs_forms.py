"""Request logs of other programs, and that any cut of a log gives the same series."""

from __future__ import annotations

import json
import random
from itertools import pairwise
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from radar.sources import edge_logs
from radar.sources._edge_counts import counted, merged, signals
from radar.sources._edge_forms import from_lines
from radar.sources._edge_rows import checked
from radar.sources._rejections import Rejections

OWN = {"time": "2026-03-02T00:00:07.5Z", "country": "DE", "asn": 3320, "status": 503, "bytes": 10, "rtt_ms": 20.0,
       "protocol": "HTTP/3.0"}  # fmt: skip
ACCESS = '8.8.8.8 - - [02/Mar/2026:01:00:07 +0100] "GET /{} HTTP/3.0" 503 10 "-" "{}" country=DE asn=3320 rtt=20000us'


def count(body: bytes) -> tuple[pl.DataFrame, Rejections]:
    rejected = Rejections()
    return merged([counted(checked(table, rejected), 7) for table in from_lines(body, rejected)]), rejected


def values(body: bytes, entity: str = "country/DE") -> dict[str, float]:
    rows = signals(count(body)[0]).filter(pl.col("entity") == entity)
    return dict(rows.select("signal", "value").iter_rows())


@pytest.mark.parametrize(
    "line",
    [
        json.dumps(OWN),
        json.dumps({"time_iso8601": "2026-03-02T01:00:07+01:00", "country": "DE", "asn": "3320", "status": "503",
                    "body_bytes_sent": "10", "tcpinfo_rtt": "20000", "server_protocol": "HTTP/3.0"}),
        json.dumps({"msec": "1772409607.123", "country": "DE", "status": 503, "bytes_sent": 10,
                    "server_protocol": "HTTP/3.0"}),
        json.dumps({"EdgeStartTimestamp": 1772409607123456789, "ClientCountry": "de", "ClientASN": 3320,
                    "EdgeResponseStatus": 503, "EdgeResponseBytes": 10, "ClientRequestProtocol": "HTTP/3",
                    "ClientTCPRTTMs": 0}),
        json.dumps({"@timestamp": "2026-03-02T00:00:07Z", "country": "DE", "response": 503, "bytes": 10,
                    "protocol": "HTTP/3"}),
        ACCESS.format("", ""),
    ],
)  # fmt: skip
def test_each_program_s_line_says_the_same(line: str) -> None:
    found = values(line.encode() + b"\n")
    assert (found["edge.requests"], found["edge.bytes"], found["edge.error_share"]) == (1.0, 10.0, 1.0)
    assert found["edge.http3_share"] == 1.0


def test_csv_is_read_by_its_header() -> None:
    body = b'status,time,country,unknown\n503,2026-03-02T00:00:07Z,DE,x\n200,1772409608,DE,"a,b"\n1,2\n'
    rejected = count(body)[1]
    assert values(body)["edge.requests"] == 2.0
    assert [(item.reason, item.count) for item in rejected.done()] == [("line of CSV does not fit its header", 1)]
    assert count(b"time,country\n")[0].is_empty()


def test_each_line_of_a_mixed_file_is_read_by_what_it_is() -> None:
    lines = [json.dumps(OWN), ACCESS.format("", ""), "nonsense", "", '{"ts":1772409607.5,"status":503,"size":10}',
             json.dumps({"time_iso8601": "2026-03-02T00:00:08Z", "country": "DE", "status": 200})]  # fmt: skip
    rejected = count("\n".join(lines).encode() + b"\n")[1]
    assert values("\n".join(lines).encode())["edge.requests"] == 3.0
    assert {item.reason: item.count for item in rejected.done()} == {
        "line is of no form that is read": 1, "blank line": 1, "no country, AS number or provider": 1,
    }  # fmt: skip


@pytest.mark.parametrize(
    "inside",
    [r"a\x22 200 99 \x22-", r"a\" 200 99 \"-", "\x1b[31mred", r"\x0a" + ACCESS.format("", "").replace('"', r"\x22"),
     "[02/Mar/2030:00:00:00 +0000]", "é\u202e", "country=FR status=200"],
)  # fmt: skip
def test_what_a_client_writes_is_no_other_field(inside: str) -> None:
    for line in (ACCESS.format(inside, ""), ACCESS.format("", inside)):
        assert values(line.encode() + b"\n") == values(ACCESS.format("", "").encode() + b"\n")


@pytest.mark.parametrize(
    "broken",
    [b"\xff\xfe\xfd", b'{"time":"2026-\xc3', b"\x00" * 40, b'{"a":"' + b"x" * 1_000_000, b"y" * 1_000_000,
     b'8.8.8.8 - - [02/Mar/2026:00:00:07 +0000] "GET', b"\x01\x01"],
)  # fmt: skip
def test_broken_line_costs_itself_alone(broken: bytes) -> None:
    good = json.dumps(OWN).encode() + b"\n"
    partials, rejected = count(good + broken + b"\n" + good)
    assert partials.filter(pl.col("field") == "requests")["amount"].sum() == 2
    assert sum(item.count for item in rejected.done()) == 1


def log(seed: int, rows: int = 60) -> list[str]:
    draw = random.Random(seed)
    lines = []
    for _ in range(rows):
        row: dict[str, Any] = {
            "time": 1772409600 + draw.randrange(600),
            "country": draw.choice(["DE", "FR"]),
            "asn": draw.choice([3320, 8075]),
            "status": draw.choice([0, 200, 404, 503, None]),
            "bytes": draw.choice([None, draw.randrange(10**6)]),
            "rtt_ms": draw.random() * 200,
            "client": f"8.8.{draw.randrange(4)}.8",
            "tcp_end": draw.choice(["reset", "FIN", None]),
        }
        lines.append(json.dumps(row) if draw.random() < 0.7 else ACCESS.format("", ""))
    return lines  # fmt: skip


@settings(max_examples=15, deadline=None, derandomize=True)
@given(seed=st.integers(0, 99), cuts=st.sets(st.integers(1, 59), max_size=4))
def test_any_cut_and_any_order_of_a_log_gives_the_same_series(seed: int, cuts: set[int]) -> None:
    lines = log(seed)
    whole = count("\n".join(lines).encode())[0]
    random.Random(seed).shuffle(lines)
    ends = [0, *sorted(cuts), len(lines)]
    pieces = [count("\n".join(lines[a:b]).encode() + b"\n")[0] for a, b in pairwise(ends)]
    for hour in (False, True):
        assert_frame_equal(signals(merged(pieces), hour=hour), signals(whole, hour=hour))
    assert whole.filter(pl.col("field") == "client").height > 0


def test_hour_gives_its_own_series_with_the_interval_of_the_median() -> None:
    partials = count("\n".join(log(1)).encode())[0]
    found = signals(merged([partials.with_columns(bin=pl.lit(1772409600, pl.Int64))]), hour=True)
    assert set(found["signal"]) <= {signal for signal in edge_logs.SOURCE.signals if signal.endswith("_hour")}
    rtt = {s: v for s, e, v in found.select("signal", "entity", "value").iter_rows() if e == "country/DE"}
    assert rtt["edge.rtt_low_hour"] <= rtt["edge.rtt_p50_hour"] <= rtt["edge.rtt_high_hour"]


def test_partials_hold_no_address() -> None:
    assert "8.8." not in count("\n".join(log(2)).encode())[0].write_csv()


def test_times_and_networks_too_far_apart_for_packed_keys_are_counted_as_others_are() -> None:
    far = [{**OWN, "time": time, "asn": asn, "client": "8.8.8.8"}
           for time in ("2000-01-01T00:00:00Z", "2099-12-31T23:59:00Z") for asn in (1, 2**32 - 1)]  # fmt: skip
    body = "".join(json.dumps(row) + "\n" for row in [*far, *far, far[0]]).encode()
    asked = count(body)[0].filter(pl.col("field") == "requests")
    assert sorted(asked.select("bin", "asn", "amount").rows()) == [
        (946684800, 1, 3), (946684800, 2**32 - 1, 2), (4102444500, 1, 2), (4102444500, 2**32 - 1, 2),
    ]  # fmt: skip
    assert asked["cc"].unique().to_list() == ["DE"]
