"""Logs and results of every form become the bins that their sources count; what gives no row is told."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.aggregate import Report, aggregate
from jobs.engines.convert import ANY, look
from jobs.engines.local import Local
from radar.aggregate.rollup.rows import Spec
from radar.errors import SchemaError
from radar.sources import dns_logs, edge_logs
from radar.sources._log_files import Chunk
from radar.sources._rejections import Rejections

FIXTURES = Path(__file__).resolve().parent.parent / "fixtures"
REQUESTS = FIXTURES / "edge_logs" / "ndjson" / "requests.ndjson"
KEY = 7


def run(file: Path, into: Path, by: str = "country", grain: str = "5m", *, form: str = ANY, exact: bool = False,
        memory_mb: int = 64) -> tuple[pl.DataFrame, Report]:  # fmt: skip
    """The bins of one file, and the report."""
    report = aggregate(Local(2), [str(file)], Spec(by, grain), str(into), exact=exact, memory_mb=memory_mb, form=form,
                       key=lambda: KEY)  # fmt: skip
    return pl.read_parquet(into / "bins-*.parquet"), report


def of(table: pl.DataFrame, *place: object) -> dict[str, object]:
    """The bin of an entity: the columns of the key after the bin are ``place``."""
    keys = table.columns[2 : 2 + len(place)]
    (row,) = table.filter(pl.all_horizontal(pl.col(k) == v for k, v in zip(keys, place, strict=True))).to_dicts()
    return row


@pytest.mark.parametrize(
    ("name", "form"),
    [
        ("edge_logs/ndjson/requests.ndjson", "edge_logs"),
        ("edge_logs/parquet", "edge_logs"),
        ("dns_logs/ndjson/queries.ndjson", "dns_logs"),
        ("dns_logs/text/queries.log", "dns_logs"),
        ("dns_logs/dnstap/day.dnstap", "dns_logs"),
        ("atlas_results/pings/pings.ndjson", "atlas_results"),
        ("atlas_results/dns/dns.ndjson", "atlas_results"),
        ("mlab_ndt/raw_tests/tests.ndjson", "speed"),
        ("speed_beacon/hour/2026-03-01T13.ndjson", "speed"),
    ],
)
@pytest.mark.parametrize("packed", [False, True])
def test_the_form_of_a_file_is_told_by_what_it_holds(name: str, form: str, packed: bool, tmp_path: Path) -> None:
    path = FIXTURES / name
    path = next(path.glob("*.parquet")) if path.is_dir() else path
    if packed and path.suffix != ".parquet":
        path = tmp_path / "packed"
        path.write_bytes(gzip.compress((FIXTURES / name).read_bytes()))
    assert look(str(path)) == (str(path), form)


def test_lines_of_servers_and_csv_are_edge_logs(tmp_path: Path) -> None:
    path = tmp_path / "log"
    for text in (
        '192.0.2.7 - - [02/Mar/2026:00:05:01 +0000] "GET / HTTP/1.1" 200 12 "-" "x"\n',
        "time,country,asn,status\n2026-03-02T00:05:01Z,DE,3320,200\n",
    ):
        path.write_text(text)
        assert look(str(path))[1] == "edge_logs"


def test_a_file_of_no_form_and_one_without_any_row_end_the_run_and_are_named(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("dear reader\n")
    with pytest.raises(SchemaError, match=r"notes\.txt: of no form that is known; expected one of rows, edge_logs"):
        run(path, tmp_path / "out")
    with pytest.raises(SchemaError, match=r"notes\.txt: no row of edge_logs is in it: line is of no form"):
        run(path, tmp_path / "other", form="edge_logs")
    with pytest.raises(SchemaError, match=r"requests\.ndjson: edge_logs say no region; expected rows with that column"):
        run(REQUESTS, tmp_path / "regions", by="region")


REQUEST = st.fixed_dictionaries(
    {
        "time": st.integers(0, 1199).map(lambda s: datetime.fromtimestamp(1_772_409_600 + s, UTC).isoformat()),
        "client": st.sampled_from([f"198.51.100.{n}" for n in range(30)] + ["2001:db8::1"]),
        "country": st.sampled_from(["DE", "IQ", "ID"]),
        "asn": st.sampled_from([3320, 51684, 23693]),
        "status": st.sampled_from([0, 200, 200, 404, 500, 503]),
    },
    optional={
        "bytes": st.integers(0, 10**6),
        "rtt_ms": st.integers(1, 400_000).map(lambda tick: tick / 1000),
        "throughput_mbps": st.integers(1, 900),
        "provider": st.sampled_from(["fastly", "acme-dns"]),
    },
)


@given(st.lists(REQUEST, min_size=1, max_size=60), st.sampled_from(["country", "asn", "geoasn", "provider"]))
@settings(max_examples=15, deadline=None)
def test_bins_of_a_request_log_are_those_that_edge_logs_counts(
    tmp_path_factory: pytest.TempPathFactory, requests: list[dict[str, object]], by: str
) -> None:
    folder = tmp_path_factory.mktemp("same")
    requests.append({**requests[0], "provider": "fastly"})
    lines = b"\n".join(json.dumps(one).encode() for one in requests) + b"\n"
    (folder / "log").write_bytes(lines)
    table, _ = run(folder / "log", folder / "out", by)
    partials = edge_logs.count(Chunk("log", "lines", lines, 1), Rejections(), key=KEY)
    counted = edge_logs.signals(partials)
    found = {(row["timebin"], row["entity"], row["signal"]): (row["value"], row["n"]) for row in counted.to_dicts()}
    keys = table.columns[2 : 2 + len(Spec(by, "5m").keys)]
    checked = 0
    for row in table.to_dicts():
        entity = f"{by}/" + "-".join(str(row[key]) for key in keys)
        said = {name: value for (at, who, name), value in found.items() if (at, who) == (row["bin"], entity)}
        if by == "geoasn" and not said:
            continue  # a network in its home country is counted once by the source
        checked += 1
        assert said["edge.requests"][0] == row["rows"]
        assert said.get("edge.bytes", (None,))[0] == row["bytes"]
        assert said["edge.error_share"][0] == pytest.approx(row["error_share"])
        assert said["edge.clients"][0] == round(row["clients"])
        for name in ("rtt", "throughput"):
            if row[f"{name}_n"] >= edge_logs.ENOUGH:
                for share in ("p25", "p50", "p75", "p95"):
                    assert said[f"edge.{name}_{share}"] == (pytest.approx(row[f"{name}_{share}"]), row[f"{name}_n"])
    assert checked or by == "geoasn"
    assert by == "geoasn" or {who for _, who, _ in found if who.startswith(f"{by}/")} == {
        f"{by}/" + "-".join(str(row[key]) for key in keys) for row in table.to_dicts()
    }


def test_minutes_are_kept_and_add_up(tmp_path: Path) -> None:
    lines = [
        {"time": 1_772_409_600 + second, "country": "DE", "asn": 3320, "status": 200} for second in range(0, 900, 7)
    ]
    (tmp_path / "log").write_text("\n".join(map(json.dumps, lines)))
    minutes, _ = run(tmp_path / "log", tmp_path / "out", grain="1m")
    assert minutes["rows"].to_list() == [sum(s // 60 == at for s in range(0, 900, 7)) for at in range(15)]
    assert minutes["bin"][3] == datetime(2026, 3, 2, 0, 3, tzinfo=UTC)


def test_rows_that_cannot_be_used_are_told_by_the_reasons_of_the_source(tmp_path: Path) -> None:
    _, report = run(REQUESTS, tmp_path / "out")
    told = pl.read_csv(REQUESTS.with_name("rejected.csv"))
    lost = dict(told.filter(pl.col("reason") != "blank line").select("reason", "count").rows())
    lost.pop("stray row of a bin that the file does not hold", None)  # whole bins are no matter here
    assert {reason: report.lost.get(reason) for reason in lost} == lost
    assert report.forms == {"edge_logs": 1}


def test_a_log_of_many_pieces_gives_what_one_piece_gives(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = [{"time": 1_772_409_600 + at % 3000, "client": f"198.51.100.{at % 250}", "country": "DE", "status": 200,
              "rtt_ms": at % 90 + 1} for at in range(4000)]  # fmt: skip
    (tmp_path / "log").write_text("\n".join(map(json.dumps, lines)))
    whole, _ = run(tmp_path / "log", tmp_path / "whole")
    monkeypatch.setattr("jobs.engines.convert.ROW_B", 1 << 15)
    monkeypatch.setattr("jobs.engines.convert.PART", 1 << 20)
    cut, report = run(tmp_path / "log", tmp_path / "cut")
    assert cut.equals(whole)
    assert report.rows == 4000
    _, report = run(tmp_path / "log", tmp_path / "cut")
    assert (report.rows, report.files_again, report.lost) == (0, 1, {})
    assert sorted(path.name[:4] for path in (tmp_path / "cut").iterdir() if path.is_dir()) == []


def test_exact_bins_are_made_of_logs_as_well(tmp_path: Path) -> None:
    right, _ = run(REQUESTS, tmp_path / "counted")
    found, report = run(REQUESTS, tmp_path / "sorted", exact=True)
    assert found.select("bin", "country", "rows", "error_share").equals(
        right.select("bin", "country", "rows", "error_share")
    )
    assert report.lost["line is no JSON object"] == 2


def test_a_query_counts_once_and_fails_when_it_is_servfail_or_not_answered(tmp_path: Path) -> None:
    ends = ("NOERROR", "SERVFAIL", "NXDOMAIN", "TIMEOUT")
    lines = [{"time": 1_772_409_600 + at, "name": "www.example.com", "client": f"198.51.100.{at % 3}", "country": "DE",
              "asn": 3320, "rcode": ends[at % 4]} for at in range(40)]  # fmt: skip
    asked = [{key: value for key, value in line.items() if key != "rcode"} for line in lines]
    (tmp_path / "log").write_text("\n".join(map(json.dumps, lines + asked)))
    table, report = run(tmp_path / "log", tmp_path / "out", "geoasn")
    row = of(table, "DE", 3320)
    assert (row["rows"], row["error_share"], round(float(str(row["clients"])))) == (40, 0.5, 3)
    assert report.lost == {"query, and the file tells answers, which count": 40}
    (tmp_path / "log").write_text("\n".join(map(json.dumps, asked)))
    table, _ = run(tmp_path / "log", tmp_path / "asked", "geoasn")
    assert (of(table, "DE", 3320)["rows"], of(table, "DE", 3320)["error_share"]) == (40, None)


@pytest.mark.parametrize("form", ["ndjson/queries.ndjson", "dnstap/day.dnstap"])
def test_shares_of_failed_queries_are_those_of_dns_logs(form: str, tmp_path: Path) -> None:
    path = FIXTURES / "dns_logs" / form
    counted = dns_logs.parse(path.read_bytes()).rows
    table, _ = run(path, tmp_path / "out")
    right = counted.filter((pl.col("signal") == "dns.servfail_share") & pl.col("entity").str.starts_with("country/"))
    found = {(row["bin"], f"country/{row['country']}"): row["error_share"] for row in table.to_dicts()}
    shares = {(row["timebin"], row["entity"]): row["value"] for row in right.to_dicts()}
    assert shares
    assert {place: found[place] for place in shares} == pytest.approx(shares)


def listed(data: bytes) -> bytes:
    return b"[\n " + b",\n ".join(data.strip().split(b"\n")) + b"]"


def spread(data: bytes) -> bytes:
    return json.dumps([json.loads(line) for line in data.strip().split(b"\n")], indent=2).encode()


@pytest.mark.parametrize("shape", [bytes, listed, spread])
def test_atlas_results_say_times_and_what_was_lost(shape: Callable[[bytes], bytes], tmp_path: Path) -> None:
    head = {"type": "ping", "msm_id": 1, "dst_addr": "192.0.2.9", "from": "8.8.8.8", "timestamp": 1_772_409_601}
    lines = [
        {**head, "prb_id": probe, "sent": 3, "rcvd": 3 if probe % 2 else 0,
         "result": [{"rtt": probe + n} for n in range(3)] if probe % 2 else [{"x": "*"}] * 3}
        for probe in range(1, 11)
    ]  # fmt: skip
    (tmp_path / "results").write_bytes(shape("\n".join(map(json.dumps, lines)).encode()))
    table, report = run(tmp_path / "results", tmp_path / "out", "asn", "1m")
    row = of(table, 15169)
    assert (row["rows"], row["error_share"], row["rtt_n"], round(float(str(row["clients"])))) == (10, 0.5, 5, 10)
    assert row["rtt_p50"] == pytest.approx(6, rel=0.01)  # the median of the medians 2, 4, 6, 8 and 10
    assert report.forms == {"atlas_results": 1}


def test_speed_tests_and_the_beacons_lines_say_rates(tmp_path: Path) -> None:
    tests, report = run(FIXTURES / "mlab_ndt" / "raw_tests" / "tests.ndjson", tmp_path / "ndt", grain="1d")
    us = tests.filter(pl.col("country") == "US").sort("bin")
    assert us["throughput_p50"].to_list() == pytest.approx([0.423044, 76.656334], rel=0.01)
    assert us["rtt_p50"][0] == pytest.approx(40.788, rel=0.01)
    assert report.lost["the same test twice"] == 1
    lines = FIXTURES / "speed_beacon" / "hour" / "2026-03-01T13.ndjson"
    hours, _ = run(lines, tmp_path / "beacon", "asn", "1h")
    assert of(hours, 3320)["rtt_p50"] == pytest.approx(25, rel=0.01)
    with pytest.raises(SchemaError, match="the line tells the hour only, and the bins are shorter"):
        run(lines, tmp_path / "minutes", "asn", "5m")
