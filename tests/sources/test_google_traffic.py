"""Google's YouTube traffic: two CSV forms and the raw answer."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import polars as pl
import pytest

from radar.errors import UpstreamChanged
from radar.http import Http, Limits
from radar.sources import google_traffic
from radar.sources._recorded import recorded

T = 1_772_409_600_000  # 2026-03-02T00:00:00Z


def raw(*points: Any) -> bytes:
    return b")]}'\n\n" + json.dumps([["tr.atsr", list(points), None, [0, 1]]]).encode()


def csv(*lines: str) -> bytes:
    return "\n".join(["date and time,value", *lines]).encode()


def values(body: bytes, name: str = "RU.csv") -> list[tuple[str, float]]:
    rows = google_traffic.parse(body, name=name).rows
    return [(f"{time:%d %H:%M}", value) for time, value in rows.select("timebin", "value").iter_rows()]


def test_samples_between_the_bins_are_averaged_into_them() -> None:
    body = csv("2025-01-01 00:00:00.000,10", "2025-01-01 01:30:00.000,20", "2025-01-01 03:00:00.000,40")
    assert values(body) == [("01 00:00", 15.0), ("01 02:00", 40.0)]


def test_bin_without_a_sample_has_no_row() -> None:
    assert values(csv("2025-01-01 00:00:00.000,1", "2025-01-02 02:00:00.000,2")) == [
        ("01 00:00", 1.0),
        ("02 02:00", 2.0),
    ]


def test_same_moment_twice_keeps_the_last_and_is_counted() -> None:
    body = csv("2025-01-01 00:00:00.000,1", "2025-01-01 00:00:00.000,5")
    assert values(body) == [("01 00:00", 5.0)]
    assert google_traffic.parse(body, name="RU.csv").rejected_count == 1


def test_order_of_lines_does_not_matter() -> None:
    lines = [f"2025-01-0{day} 0{hour}:00:00.000,{day + hour}" for day in (1, 2, 3) for hour in (0, 2, 4)]
    assert values(csv(*lines)) == values(csv(*reversed(lines)))


@pytest.mark.parametrize("value", ["NaN", "inf", "-1", "x", "1e999"])
def test_value_that_is_no_share_is_rejected(value: str) -> None:
    parsed = google_traffic.parse(csv(f"2025-01-01 00:00:00.000,{value}", "2025-01-01 02:00:00.000,3"), name="RU.csv")
    assert parsed.rows.height == 1
    assert [item.reason for item in parsed.rejected] == ["value is not a number of zero or more"]
    assert parsed.rejected[0].example.startswith("line 2: ")


def test_merged_file_of_countries_knows_namibia_from_a_missing_value() -> None:
    body = b"date and time,RU,NA\n2025-01-01 00:00:00,NA,4\n2025-01-01 02:00:00,2,\n"
    rows = google_traffic.parse(body, name="merged.csv").rows
    assert rows.select("entity", "value").rows() == [("country/NA", 4.0), ("country/RU", 2.0)]


def test_unknown_country_in_a_heading_is_named() -> None:
    with pytest.raises(UpstreamChanged, match="line 1: column 'ZZ' is no country"):
        google_traffic.parse(b"date and time,RU,ZZ\n", name="merged.csv")


def test_country_comes_from_the_address_or_the_file_name_and_nowhere_else() -> None:
    point = [T, [[None, 3.5]]]
    asked = f"{google_traffic.API}?start=1&end=2&region=NL&product=21"
    assert google_traffic.parse(raw(point), name=asked).rows["entity"].to_list() == ["country/NL"]
    with pytest.raises(UpstreamChanged, match=r"'raw_api_response_example\.txt' names no country"):
        google_traffic.parse(raw(point), name="raw_api_response_example.txt")
    with pytest.raises(UpstreamChanged, match="names no country"):
        google_traffic.parse(raw(point), name=asked.replace("NL", "ZZ"))


def test_point_without_a_value_is_no_data_and_a_broken_point_is_counted() -> None:
    points = [[T, [[None, None]]], [T, [[None, 1.5]]], [T], "x", [T, [[None, "y"]]], [True, [[0, 1]]]]
    parsed = google_traffic.parse(raw(*points), name="RU.txt")
    assert parsed.rows["value"].to_list() == [1.5]
    assert [(item.reason, item.count) for item in parsed.rejected] == [("not a point", 4)]


def test_time_outside_of_any_youtube_is_rejected() -> None:
    parsed = google_traffic.parse(raw([0, [[None, 1]]], [10**30, [[None, 1]]], [-(10**30), [[None, 1]]]), name="RU.txt")
    assert [(item.reason, item.count) for item in parsed.rejected] == [("time cannot be read", 3)]


def test_samples_coarser_than_the_bins_are_said_so() -> None:
    points = [[T + hour * 3_600_000, [[None, 1.0]]] for hour in range(0, 48, 3)]
    assert google_traffic.parse(raw(*points), name="RU.txt").notes["step_s"] == 10_800


def test_compressed_file_that_ends_early_is_refused() -> None:
    packed = gzip.compress(csv(*(f"2025-01-01 00:00:0{i}.000,{i}" for i in range(9))))
    with pytest.raises(UpstreamChanged, match="ends early"):
        google_traffic.parse(packed[:-9], name="RU.csv.gz")


def test_recorded_russia_falls_in_august_2024_and_its_controls_do_not() -> None:
    means: dict[str, dict[str, float]] = {}
    for source, answer in recorded():
        if source == "google_traffic":
            rows = google_traffic.parse(answer.body, name=answer.name).rows
            by_month = rows.group_by(pl.col("timebin").dt.strftime("%Y-%m")).agg(pl.col("value").mean())
            means[answer.name[:2]] = dict(by_month.iter_rows())
    assert set(means) == {"RU", "NL", "GE"}
    assert means["RU"]["2024-07"] == pytest.approx(39.5, abs=0.2)
    assert means["RU"]["2024-12"] < 0.5 * means["RU"]["2024-07"]
    for control in ("NL", "GE"):
        assert means[control]["2024-12"] > 0.9 * means[control]["2024-07"]


def test_fetch_asks_country_by_country_in_whole_bins_and_parse_reads_what_comes() -> None:
    asked: list[httpx.Request] = []

    def handle(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(200, content=raw([T, [[None, 7.5]]]))

    http = Http(transport=httpx.MockTransport(handle), sleep=lambda _s: None, limits=Limits(interval_s=0))
    since = datetime(2026, 3, 1, 1, 30, tzinfo=UTC)
    answers = list(google_traffic.fetch(http, since, since + timedelta(hours=5)))
    assert len(answers) == 250
    params = asked[0].url.params
    assert (params["region"], params["product"]) == ("AD", "21")
    assert (int(params["start"]), int(params["end"])) == (T - 86_400_000, T - 86_400_000 + 6 * 3_600_000)
    assert google_traffic.parse(answers[0].body, name=answers[0].name).rows["entity"].to_list() == ["country/AD"]
