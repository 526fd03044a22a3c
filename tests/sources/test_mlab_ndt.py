"""M-Lab: percentiles per country and raw tests."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import polars as pl
import pytest

from radar.errors import UpstreamChanged
from radar.http import Http, Limits
from radar.schema import Parsed, check_signals
from radar.signals import NDT_PERCENTILES
from radar.sources import mlab_ndt
from radar.sources._recorded import recorded

NAME = "uploads_by_country_2025_10.parquet"
CLIENT = "81.2.69.142"


def percentiles(rows: int = 1, **more: Any) -> bytes:
    columns: dict[str, Any] = {"country_code": ["DE", "NA", "FJ"][:rows], "sample_count": [100, 50, 7][:rows]}
    columns |= {f"upload_p{p}": [float(p)] * rows for p in NDT_PERCENTILES}
    out = io.BytesIO()
    pl.DataFrame({**columns, **more}).write_parquet(out)
    return out.getvalue()


def parse(body: bytes, name: str = NAME) -> Parsed:
    parsed = mlab_ndt.parse(body, name=name)
    check_signals(parsed.rows, source="mlab_ndt", signals=set(mlab_ndt.SOURCE.signals))
    return parsed


def download(**more: Any) -> dict[str, Any]:
    info = {
        "ElapsedTime": 10_000_000,
        "BytesAcked": 12_500_000,
        "MinRTT": 20_000,
        "BytesSent": 1000,
        "BytesRetrans": 10,
    }
    info |= more.pop("info", {})
    measurements = [{"TCPInfo": {"BytesAcked": 1}}, {"TCPInfo": info}, {"BBRInfo": {}}]
    leg = {"UUID": "a", "ServerMeasurements": measurements}
    return {"ClientIP": CLIENT, "StartTime": "2025-10-31T23:59:59.5Z", "Download": leg, **more}


def lines(*records: dict[str, Any]) -> bytes:
    return b"\n".join(json.dumps(record).encode() for record in records)


def test_namibia_is_a_country_and_not_null() -> None:
    rows = parse(percentiles(2)).rows
    assert set(rows["entity"]) == {"country/DE", "country/NA"}
    assert rows.height == 2 * 9
    assert set(rows.filter(pl.col("entity") == "country/NA")["n"]) == {50}


def test_month_is_read_from_a_file_name_or_from_upstreams_path() -> None:
    path = "cache/v1/20251001T000000Z/20251101T000000Z/uploads_by_country/data.parquet"
    for name in (NAME, path, f"/some/where/{NAME}"):
        assert parse(percentiles(), name).rows["timebin"][0] == datetime(2025, 10, 1, tzinfo=UTC)
    for name in ("data.parquet", "uploads_2025_13.parquet", path.replace("20251101", "20251008"), ""):
        with pytest.raises(UpstreamChanged, match="names no month"):
            parse(percentiles(), name)


def test_rows_that_cannot_be_are_rejected_and_the_others_kept() -> None:
    parsed = parse(percentiles(3, country_code=["DE", "ZZ", "DE"], sample_count=[10, 10, 10]))
    assert {item.reason: item.count for item in parsed.rejected} == {"unknown country": 1, "the same country twice": 1}
    parsed = parse(
        percentiles(3, sample_count=[10, 0, None], upload_p50=[float("nan"), 1.0, 1.0], upload_p90=[-1.0, 1, 1])
    )
    assert {item.reason: item.count for item in parsed.rejected} == {
        "number of tests is not 1 or more": 2,
        "value is not in its range": 2,
    }
    assert parsed.rows.height == 7


def test_null_percentile_is_no_row_and_no_rejection() -> None:
    parsed = parse(percentiles(1, upload_p50=pl.Series([None], dtype=pl.Float64)))
    assert parsed.rows.height == 8
    assert parsed.rejected == ()


def test_missing_column_is_named() -> None:
    with pytest.raises(UpstreamChanged, match=r"missing \['upload_p99'\]"):
        parse(_without(percentiles(), "upload_p99"))
    with pytest.raises(UpstreamChanged, match="column upload_p50 is String"):
        parse(percentiles(1, upload_p50=["fast"]))


def _without(body: bytes, column: str) -> bytes:
    out = io.BytesIO()
    pl.read_parquet(io.BytesIO(body)).drop(column).write_parquet(out)
    return out.getvalue()


def test_the_pack_holds_all_countries_and_keeps_upstreams_order_of_percentiles() -> None:
    rows = pl.concat(parse(a.body, a.name).rows for source, a in recorded() if source == "mlab_ndt")
    assert rows.height == 6372 + 6426 + 2133 + 2142
    germany = rows.filter(pl.col("entity") == "country/DE", pl.col("timebin") == datetime(2025, 10, 1, tzinfo=UTC))
    value = dict(germany.select("signal", "value").iter_rows())
    assert value["ndt.download_p50"] == pytest.approx(51.37, abs=0.01)
    assert value["ndt.rtt_p50"] == pytest.approx(17.35, abs=0.01)
    assert value["ndt.download_p1"] < value["ndt.download_p99"], "worst to best: the slowest per cent first"
    assert value["ndt.rtt_p1"] > value["ndt.rtt_p99"]
    assert value["ndt.loss_p1"] > value["ndt.loss_p99"]
    assert set(germany.filter(pl.col("signal") == "ndt.download_p50")["n"]) == {6_583_818}


def test_download_gives_throughput_smallest_rtt_and_loss_of_the_last_measurement() -> None:
    rows = parse(lines(download())).rows
    assert rows.select("signal", "value", "n").rows() == [
        ("ndt.download_p50", 10.0, 1), ("ndt.loss_p50", 0.01, 1), ("ndt.rtt_p50", 20.0, 1),
    ]  # fmt: skip
    assert set(rows["entity"]) == {"country/GB"}
    assert set(rows["timebin"]) == {datetime(2025, 10, 1, tzinfo=UTC)}


def test_no_retransmission_is_a_loss_of_zero_and_not_unknown() -> None:
    rows = parse(lines(download(info={"BytesRetrans": 0}))).rows
    assert rows.filter(pl.col("signal") == "ndt.loss_p50")["value"].to_list() == [0.0]


@pytest.mark.parametrize("info", [{"MinRTT": -5}, {"MinRTT": None}, {"MinRTT": "x"}, {"MinRTT": True}, {"MinRTT": 0}])
def test_quantity_that_cannot_be_is_left_out_and_the_others_kept(info: dict[str, Any]) -> None:
    assert set(parse(lines(download(info=info))).rows["signal"]) == {"ndt.download_p50", "ndt.loss_p50"}


def test_median_is_of_the_tests_of_one_country_and_month() -> None:
    tests = [download(info={"BytesAcked": 1_250_000 * n}) for n in (1, 2, 9)]
    for number, test in enumerate(tests):
        test["Download"]["UUID"] = str(number)
    rows = parse(lines(*tests)).rows
    assert rows.filter(pl.col("signal") == "ndt.download_p50").select("value", "n").rows() == [(2.0, 3)]


def test_annotation_goes_before_the_address() -> None:
    geo = {"Client": {"Geo": {"CountryCode": "FJ"}}}
    assert set(parse(lines(download(**geo))).rows["entity"]) == {"country/FJ"}
    assert set(parse(lines({"UUID": "a", **geo}, download())).rows["entity"]) == {"country/FJ"}


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("192.168.0.1", "client address is private or reserved"),
        ("fe80::1", "client address is private or reserved"),
        ("127.0.0.1", "client address is private or reserved"),
        ("::ffff:10.0.0.1", "client address is private or reserved"),
        ("", "no client address"),
        (None, "no client address"),
        ("1.2.3", "no client address"),
    ],
)
def test_test_without_a_country_is_rejected_with_its_reason(address: str | None, reason: str) -> None:
    parsed = parse(lines(download(ClientIP=address)))
    assert parsed.rows.is_empty()
    assert [(item.reason, item.count) for item in parsed.rejected] == [(reason, 1)]


def test_same_test_twice_counts_once() -> None:
    parsed = parse(lines(download(), download()))
    assert set(parsed.rows["n"]) == {1}
    assert [item.reason for item in parsed.rejected] == ["the same test twice"]


@pytest.mark.parametrize("time", ["2025-10-31T23:59:59", "yesterday", "", None, 5, "1999-01-01T00:00:00Z"])
def test_time_without_a_zone_is_no_time(time: Any) -> None:
    parsed = parse(lines(download(StartTime=time)))
    assert [item.reason for item in parsed.rejected] == ["time cannot be read"]


def test_no_address_leaves_the_answer_it_came_in() -> None:
    private = download(ClientIP="10.9.8.7")
    body = lines(download(), download(), private, {"ClientIP": CLIENT, CLIENT: 1}) + b"\n{" + CLIENT.encode()
    parsed = parse(body)
    assert parsed.rejected_count == 4
    said = f"{[(item.reason, item.example) for item in parsed.rejected]} {parsed.notes} {parsed.rows.write_csv()}"
    assert CLIENT not in said
    assert "10.9.8.7" not in said
    for foreign in (
        lines({CLIENT: CLIENT}),
        b'{"ClientIP":"' + CLIENT.encode(),
        CLIENT.encode() + b" - - [access log]",
    ):
        with pytest.raises(UpstreamChanged) as raised:
            parse(foreign)
        assert CLIENT[:8] not in str(raised.value)


@pytest.mark.shared
def test_the_raw_samples_are_read(shared_data: Path) -> None:
    folder = shared_data / "mlab-ndt-by-country"
    rows = parse((folder / "raw-sample-ndt7-download.json").read_bytes()).rows
    assert dict(rows.select("signal", "value").iter_rows()) == {
        "ndt.download_p50": pytest.approx(76.656, abs=0.001),
        "ndt.loss_p50": pytest.approx(0.021457, abs=1e-6),
        "ndt.rtt_p50": 2.959,
    }
    assert set(rows["entity"]) == {"country/FR"}
    upload = parse((folder / "raw-sample-ndt7-upload.json").read_bytes())
    assert [item.reason for item in upload.rejected] == ["client address is private or reserved"]


def test_fetch_reads_the_manifest_and_asks_for_the_months_of_the_range_only() -> None:
    def path(start: str, end: str, kind: str) -> str:
        return f"cache/v1/{start}01T000000Z/{end}01T000000Z/{kind}/data.parquet"

    files = {
        path(start, end, kind): {"sha256": "", "url": f"https://files.example/{start}-{kind}"}
        for start, end in (("202509", "202510"), ("202510", "202511"), ("202511", "202512"))
        for kind in ("downloads_by_country", "uploads_by_country", "uploads_by_country_asn")
    }

    def handle(request: httpx.Request) -> httpx.Response:
        if str(request.url) == mlab_ndt.MANIFEST:
            return httpx.Response(200, json={"v": 0, "files": files})
        return httpx.Response(200, content=percentiles())

    http = Http(transport=httpx.MockTransport(handle), sleep=lambda _s: None, limits=Limits(interval_s=0))
    answers = list(mlab_ndt.fetch(http, datetime(2025, 10, 1, tzinfo=UTC), datetime(2025, 11, 1, tzinfo=UTC)))
    assert [answer.name.split("/")[-2] for answer in answers] == ["downloads_by_country", "uploads_by_country"]
    assert parse(answers[1].body, answers[1].name).rows["timebin"][0] == datetime(2025, 10, 1, tzinfo=UTC)


PATH = "cache/v1/20251001T000000Z/20251101T000000Z/uploads_by_country/data.parquet"


@pytest.mark.parametrize("manifest", [[], {"files": []}, {"files": {PATH: {"url": "http://plain.example/"}}}])
def test_manifest_in_another_form_is_told(manifest: Any) -> None:
    http = Http(transport=httpx.MockTransport(lambda _r: httpx.Response(200, json=manifest)), sleep=lambda _s: None)
    with pytest.raises(UpstreamChanged, match="manifest"):
        list(mlab_ndt.fetch(http, datetime(2025, 10, 1, tzinfo=UTC), datetime(2025, 11, 1, tzinfo=UTC)))
