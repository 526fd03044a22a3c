"""Request logs: what counts, what is rejected, and that no client's address gets out."""

from __future__ import annotations

import gzip
import io
import json
import os
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import polars as pl
import pytest
import zstandard
from polars.testing import assert_frame_equal

from radar.errors import UpstreamChanged
from radar.schema import Parsed, check_signals
from radar.sources import edge_logs

T = datetime(2026, 3, 2, tzinfo=UTC)
BIN = timedelta(minutes=5)
ADDRESS = "198.51.100.7"


def line(second: float = 0, **more: Any) -> dict[str, Any]:
    time = (T + timedelta(seconds=second)).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {"time": time, "country": "DE", "asn": 3320, "status": 200, "bytes": 10, "rtt_ms": 20.0, **more}


def ndjson(*rows: dict[str, Any] | str) -> bytes:
    return "\n".join(row if isinstance(row, str) else json.dumps(row) for row in rows).encode() + b"\n"


def parse(body: bytes) -> Parsed:
    parsed = edge_logs.parse(body)
    check_signals(parsed.rows, source="edge_logs", signals=set(edge_logs.SOURCE.signals))
    return parsed


def value(parsed: Parsed, signal: str, entity: str = "country/DE") -> tuple[float, int] | None:
    found = parsed.rows.filter(pl.col("signal") == signal, pl.col("entity") == entity)
    return cast("tuple[float, int]", found.select("value", "n").row(0)) if found.height else None


def test_request_counts_for_its_country_its_network_both_together_and_its_provider() -> None:
    rows = parse(ndjson(line(provider="fastly"))).rows.filter(pl.col("signal") == "edge.requests")
    assert rows["entity"].to_list() == ["asn/3320", "country/DE", "provider/fastly"]
    assert set(rows["n"]) == {1}


def test_a_network_in_a_country_is_counted_apart_only_where_the_network_lies_in_several() -> None:
    rows = parse(ndjson(line(), line(country="FR"), line(asn=8075))).rows.filter(pl.col("signal") == "edge.requests")
    apart = rows.filter(pl.col("entity").str.starts_with("geoasn/"))["entity"].to_list()
    assert apart == ["geoasn/DE-8075", "geoasn/FR-3320"], "AS3320 in Germany is AS3320"


def test_what_a_row_does_not_say_is_not_counted_for_it() -> None:
    parsed = parse(ndjson({"time": "2026-03-02T00:00:00Z", "country": "DE"}))
    assert parsed.rows["signal"].to_list() == ["edge.requests"]
    assert parsed.rejected == ()


def test_failed_are_server_errors_and_requests_without_an_answer() -> None:
    parsed = parse(ndjson(*(line(status=status) for status in (0, 500, 599, 499, 404, 200, 100, None))))
    assert value(parsed, "edge.error_share") == (3 / 7, 7)
    assert value(parsed, "edge.requests") == (8.0, 8)


def test_median_of_four_is_no_median_and_of_five_it_is() -> None:
    rows = [line(rtt_ms=rtt) for rtt in (10, 11, 90, 91)]
    assert value(parse(ndjson(*rows)), "edge.rtt_p50") is None
    assert value(parse(ndjson(*rows, line(rtt_ms=12))), "edge.rtt_p50") == (pytest.approx(12.0, rel=0.01), 5)
    assert value(parse(ndjson(*rows, line(rtt_ms=None))), "edge.rtt_p50") is None


def test_country_called_na_is_namibia() -> None:
    assert value(parse(ndjson(line(country="NA"))), "edge.requests", "country/NA") == (1.0, 1)


@pytest.mark.parametrize(
    "time",
    ["2026-03-02T00:04:59Z", "2026-03-02T00:04:59.999999Z", "2026-03-02T05:34:59+05:30", "2026-03-01T19:04:59-05:00",
     "2026-03-02 00:04:59Z", 1_772_409_899, 1_772_409_899.5, 1_772_409_899_999, "1772409899"],
)  # fmt: skip
def test_time_is_read_in_all_documented_forms(time: Any) -> None:
    assert set(parse(ndjson(line(time=time))).rows["timebin"]) == {T}


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"time": None}, "no time"),
        ({"time": "2026-03-02T00:00:00"}, "time cannot be read or has no zone"),
        ({"time": "2026-03-02"}, "time cannot be read or has no zone"),
        ({"time": "noon"}, "time cannot be read or has no zone"),
        ({"time": True}, "time cannot be read or has no zone"),
        ({"time": "2026-02-30T00:00:00Z"}, "time cannot be read or has no zone"),
        ({"time": -1}, "time cannot be read or has no zone"),
        ({"time": 1e300}, "time cannot be read or has no zone"),
        ({"time": 5}, "time cannot be read or has no zone"),
        ({"time": "9999-12-31T23:59:59-12:00"}, "time cannot be read or has no zone"),
        ({"country": "XX"}, "unknown country"),
        ({"country": "Germany"}, "unknown country"),
        ({"country": 49}, "unknown country"),
        ({"country": ""}, "unknown country"),
        ({"country": ["DE"]}, "unknown country"),
        ({"asn": "abc"}, "not an AS number"),
        ({"asn": 0}, "not an AS number"),
        ({"asn": -1}, "not an AS number"),
        ({"asn": 2**32}, "not an AS number"),
        ({"asn": 2**70}, "not an AS number"),
        ({"asn": 1.5}, "not an AS number"),
        ({"asn": False}, "not an AS number"),
        ({"asn": ""}, "not an AS number"),
        ({"status": 600}, "status is not 0 or 100 to 599"),
        ({"status": 99}, "status is not 0 or 100 to 599"),
        ({"status": "OK"}, "status is not 0 or 100 to 599"),
        ({"bytes": -1}, "bytes is not a whole number of zero or more"),
        ({"bytes": 2**63}, "bytes is not a whole number of zero or more"),
        ({"rtt_ms": -0.1}, "rtt_ms is not a number from 0 to 600000"),
        ({"rtt_ms": "NaN"}, "rtt_ms is not a number from 0 to 600000"),
        ({"rtt_ms": "inf"}, "rtt_ms is not a number from 0 to 600000"),
        ({"rtt_ms": {"p50": 3}}, "rtt_ms is not a number from 0 to 600000"),
        ({"throughput_mbps": -5}, "throughput_mbps is not a number from 0 to 1000000"),
        ({"provider": "Google Cloud"}, "provider is not a slug"),
        ({"provider": "-"}, "provider is not a slug"),
        ({"country": None, "asn": None}, "no country, AS number or provider"),
    ],
)
def test_wrong_field_costs_its_row_with_a_reason_and_the_others_stay(more: dict[str, Any], reason: str) -> None:
    parsed = parse(ndjson(line(), line(**more), line()))
    assert [(item.reason, item.count) for item in parsed.rejected] == [(reason, 1)]
    assert parsed.rejected[0].example.startswith("row 2")
    assert value(parsed, "edge.requests") == (2.0, 2)


@pytest.mark.parametrize(
    "broken", ['{"time":"2026-', '{"rtt_ms":NaN}', "[1]", '"x"', "7", "}{", '{"a":1}{"b":2}', "\x00"]
)
def test_line_that_is_no_object_is_counted_by_its_line_and_the_rest_is_kept(broken: str) -> None:
    parsed = parse(ndjson(line(), broken, line()))
    assert parsed.rejected_count == 1
    assert parsed.rejected[0].example.startswith("line 2")
    assert value(parsed, "edge.requests") == (2.0, 2)


def test_last_line_that_was_cut_off_is_counted_and_the_rest_is_kept() -> None:
    whole = ndjson(*(line(n) for n in range(50)))
    parsed = parse(whole[:-20])
    assert [(item.reason, item.count) for item in parsed.rejected] == [("line is no JSON object", 1)]
    assert parsed.rejected[0].example.startswith("line 50: ")
    assert value(parsed, "edge.requests") == (49.0, 49)


def test_blank_lines_are_counted_and_line_numbers_stay_true() -> None:
    parsed = parse(b"\n" + ndjson(line(), "", "   ", "{", line()))
    assert {item.reason: (item.count, item.example[:6]) for item in parsed.rejected} == {
        "blank line": (3, "line 1"),
        "line is no JSON object": (1, "line 5"),
    }


def test_many_broken_lines_among_many_good_ones_cost_only_themselves() -> None:
    rows: list[dict[str, Any] | str] = [line(n % 300) for n in range(20_000)]
    for at in range(7, 20_000, 4001):
        rows[at] = '{"time":"2026'
    rows[12_345] = '{"asn":1e999}'
    parsed = parse(ndjson(*rows))
    assert parsed.notes["requests"] == 20_000 - 6
    assert {item.reason: item.count for item in parsed.rejected} == {"line is no JSON object": 6}


def test_empty_file_is_a_file_without_requests() -> None:
    assert parse(b"").rows.is_empty()
    assert parse(b"\n\n").rows.is_empty()


@pytest.mark.parametrize("body", [b"<html>", b'{"error":"quota"}\n', b"[{}]"])
def test_file_without_a_single_request_is_told(body: bytes) -> None:
    with pytest.raises(UpstreamChanged, match=r"edge_logs: line 1: no request log"):
        parse(body)


def test_no_address_gets_out() -> None:
    rows: list[dict[str, Any] | str] = [
        line(n, client_ip=ADDRESS, ip="2001:db8::7", remote_addr=ADDRESS) for n in range(9)
    ]
    rows += [
        line(country=ADDRESS),
        line(time=f"{ADDRESS} x"),
        line(asn="2001:db8::7"),
        f'{{"ip":"{ADDRESS}"',
        f'"{ADDRESS}"',
    ]
    parsed = parse(ndjson(*rows))
    assert parsed.rejected_count == 5
    said = f"{parsed.rejected} {parsed.notes} {parsed.rows.write_csv()}"
    assert ADDRESS not in said
    assert "2001:db8" not in said
    with pytest.raises(UpstreamChanged) as raised:
        parse(f'{ADDRESS} - - [02/Mar/2026:00:00:00] "GET /"'.encode())
    assert "198.51" not in str(raised.value)


def test_stray_rows_of_a_neighbouring_bin_do_not_stand_for_that_bin() -> None:
    rows = [line(-3), line(-2), *(line(n % 300) for n in range(300)), line(301)]
    parsed = parse(ndjson(*rows))
    assert set(parsed.rows["timebin"]) == {T}
    assert [(item.reason, item.count) for item in parsed.rejected] == [
        ("stray row of a bin that the file does not hold", 3)
    ]  # fmt: skip


def test_quiet_bin_in_the_middle_of_a_file_is_kept() -> None:
    rows = [*(line(n) for n in range(300)), line(301), *(line(600 + n) for n in range(300))]
    counts = parse(ndjson(*rows)).rows.filter(pl.col("signal") == "edge.requests", pl.col("entity") == "country/DE")
    assert counts["value"].to_list() == [300.0, 1.0, 300.0]


def parquet(rows: pl.DataFrame) -> bytes:
    out = io.BytesIO()
    rows.write_parquet(out)
    return out.getvalue()


def test_every_packing_gives_the_same_rows() -> None:
    rows = [line(n, throughput_mbps=3.5, provider="fastly", ip=ADDRESS) for n in range(20)]
    plain = ndjson(*rows)
    expected = parse(plain).rows
    table = pl.DataFrame(rows)
    typed = table.with_columns(pl.col("time").str.to_datetime("%+", time_zone="UTC"), pl.col("asn").cast(pl.UInt32))
    epoch = typed.with_columns(
        pl.col("time").dt.epoch("ms"), pl.col("asn").cast(pl.Float64), pl.col("country").cast(pl.Categorical)
    )
    zoned = typed.with_columns(pl.col("time").dt.convert_time_zone("Asia/Kathmandu"))
    packed = [gzip.compress(plain), zstandard.compress(plain), gzip.compress(plain[:500]) + gzip.compress(plain[500:])]
    for body in (*packed, *map(parquet, (table, typed, epoch, zoned))):
        assert_frame_equal(parse(body).rows, expected)


def test_parquet_times_without_a_zone_are_rejected() -> None:
    table = pl.DataFrame({"time": [datetime(2026, 3, 2)], "country": ["DE"]})  # noqa: DTZ001 - the case itself
    assert [item.reason for item in parse(parquet(table)).rejected] == ["time cannot be read or has no zone"]


def test_parquet_of_another_form_is_told() -> None:
    with pytest.raises(UpstreamChanged, match="no column 'time'"):
        parse(parquet(pl.DataFrame({"t": [1]})))
    with pytest.raises(UpstreamChanged, match="column 'country' of the Parquet file is List"):
        parse(parquet(pl.DataFrame({"time": [1], "country": [["DE"]]})))


def test_packed_file_that_ends_early_keeps_what_can_be_read() -> None:
    packed = gzip.compress(ndjson(*(line(n % 300, ip=os.urandom(30).hex()) for n in range(2000))))
    parsed = parse(packed[: len(packed) // 2])
    assert 100 < parsed.notes["requests"] < 2000
    assert "compressed file ends early" in {item.reason for item in parsed.rejected}
