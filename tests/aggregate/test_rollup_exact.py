"""Exact bins of raw rows: as worked out one by one, whatever the files, the widths of the keys and the gaps."""

from __future__ import annotations

import random
import tempfile
from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from radar.aggregate.rollup import exact
from radar.aggregate.rollup.rows import GRAINS, KEYS, Spec
from radar.errors import SchemaError
from tests.aggregate import rows_sample as sample

ROW: sample.Row = {"time": sample.T0, "country": "IQ", "asn": 203214, "region": "US-CA", "provider": "acme",
                   "status": 200, "bytes": 10, "rtt_ms": 20.0, "throughput_mbps": 8.0, "client": 1}  # fmt: skip


def expected(rows: list[sample.Row], spec: Spec) -> list[tuple[object, ...]]:
    return [
        (*key, len(some), sample.error_share(some), len(sample.values(some, "rtt_ms")),
         *(sample.percentile(some, "rtt_ms", share) for share in exact.SHARES))
        for key, some in sorted(sample.groups(rows, spec.by, spec.grain_s).items())
    ]  # fmt: skip


@given(sample.rows, st.sampled_from([*KEYS]), st.sampled_from([*GRAINS]), st.randoms(use_true_random=False))
@settings(max_examples=30)
def test_any_files_give_what_one_finds_row_by_row(
    rows: list[sample.Row], by: str, grain: str, draw: random.Random
) -> None:
    spec = Spec(by, grain)
    cuts = sorted(draw.randint(0, len(rows)) for _ in range(2))
    shuffled = draw.sample(rows, len(rows))
    parts = [shuffled[: cuts[0]], shuffled[cuts[0] : cuts[1]], shuffled[cuts[1] :]]
    with tempfile.TemporaryDirectory() as folder:
        files = [sample.write(Path(folder) / f"{at}.parquet", part) for at, part in enumerate(parts)]
        found = exact.aggregate(files, spec)
    assert found.table.rows() == expected(rows, spec)
    assert (found.rows, found.lost) == (len(rows), {})


def test_bins_that_do_not_fit_into_one_number_are_cut_and_numbered(tmp_path: Path) -> None:
    rows = [
        {**ROW, "time": sample.T0 + timedelta(minutes=minute), "asn": 4_294_967_295 - at, "rtt_ms": 600_000.0 - at}
        for minute in range(0, 3000, 37)
        for at in range(4)
    ]
    spec = Spec("geoasn", "1m")
    found = exact.aggregate([sample.write(tmp_path / "a.parquet", rows)], spec)
    assert found.table.rows() == expected(rows, spec)


def test_only_the_stretch_of_time_that_is_asked_for_counts(tmp_path: Path) -> None:
    rows = [{**ROW, "time": sample.T0 + timedelta(minutes=minute)} for minute in range(20)]
    since = int(sample.T0.timestamp())
    found = exact.aggregate(
        [sample.write(tmp_path / "a.parquet", rows)], Spec("country", "5m"), since_s=since + 300, until_s=since + 900
    )
    assert found.table["bin"].to_list() == [sample.T0 + timedelta(minutes=5), sample.T0 + timedelta(minutes=10)]


def test_what_is_not_said_is_null_and_not_zero(tmp_path: Path) -> None:
    table = pl.DataFrame({"time": [sample.T0], "country": ["IQ"]}, schema_overrides={"time": sample.TYPES["time"]})
    table.write_parquet(tmp_path / "bare.parquet")
    found = exact.aggregate([str(tmp_path / "bare.parquet")], Spec("country", "1h"))
    assert found.table.row(0) == (sample.T0, "IQ", 1, None, 0, None, None, None, None)


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"time": None}, "no time from 2000 to 2099"),
        ({"country": None}, "no country of ISO 3166-1"),
        ({"country": "iq"}, "no country of ISO 3166-1"),
        ({"country": "Iraq"}, "no country of ISO 3166-1"),
        ({"asn": None}, "no AS number"),
        ({"asn": 0}, "no AS number"),
        ({"status": 99}, "status is not 0 or 100 to 599"),
        ({"rtt_ms": -1.0}, "rtt_ms is not from 0 to 600000"),
        ({"rtt_ms": float("nan")}, "rtt_ms is not from 0 to 600000"),
    ],
)
def test_a_row_that_is_wrong_is_left_out_and_counted_by_reason(wrong: sample.Row, reason: str, tmp_path: Path) -> None:
    found = exact.aggregate([sample.write(tmp_path / "a.parquet", [ROW, {**ROW, **wrong}])], Spec("geoasn", "5m"))
    assert found.table["rows"].to_list() == [1]
    assert (found.rows, found.lost) == (1, {reason: 1})


def test_a_file_of_no_rows_and_one_of_wrong_rows_give_no_bins(tmp_path: Path) -> None:
    files = [sample.write(tmp_path / "a.parquet", []), sample.write(tmp_path / "b.parquet", [{**ROW, "rtt_ms": -5.0}])]
    found = exact.aggregate(files, Spec("country", "5m"))
    assert found.table.is_empty()
    assert found.lost == {"rtt_ms is not from 0 to 600000": 1}


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        (pl.col("time").dt.replace_time_zone(None), r"column time is Datetime.*; expected Datetime with a time zone"),
        (pl.col("country").str.len_chars().alias("country"), "column country is UInt32; expected String"),
        (pl.lit("fast").alias("rtt_ms"), "column rtt_ms is String; expected a number"),
        (pl.lit("192.0.2.1").alias("client"), "column client is String; expected Int64 or UInt64: a keyed digest"),
    ],
)
def test_a_column_of_another_type_is_named(changed: pl.Expr, told: str, tmp_path: Path) -> None:
    sample.frame([ROW]).with_columns(changed).write_parquet(tmp_path / "odd.parquet")
    with pytest.raises(SchemaError, match=f"odd.parquet: {told}"):
        exact.aggregate([str(tmp_path / "odd.parquet")], Spec("country", "5m"))


def test_a_missing_column_and_a_damaged_file_are_named(tmp_path: Path) -> None:
    sample.frame([ROW]).drop("asn").write_parquet(tmp_path / "short.parquet")
    with pytest.raises(SchemaError, match=r"short\.parquet: no column asn"):
        exact.aggregate([str(tmp_path / "short.parquet")], Spec("asn", "5m"))
    whole = Path(sample.write(tmp_path / "whole.parquet", [ROW] * 50)).read_bytes()
    for cut in (0, 3, 100, len(whole) - 9):
        (tmp_path / "cut.parquet").write_bytes(whole[:cut])
        with pytest.raises(SchemaError, match=r"cut\.parquet"):
            exact.aggregate([str(tmp_path / "cut.parquet")], Spec("asn", "5m"))


def test_categories_and_small_types_count_as_texts_and_wide_numbers(tmp_path: Path) -> None:
    table = sample.frame([ROW] * 3)
    table.write_parquet(tmp_path / "a.parquet")
    other = table.with_columns(pl.col("country").cast(pl.Categorical), pl.col("asn").cast(pl.Int64),
                               pl.col("rtt_ms").cast(pl.Int16))  # fmt: skip
    other.write_parquet(tmp_path / "b.parquet")
    spec = Spec("geoasn", "5m")
    first, second = (exact.aggregate([str(tmp_path / name)], spec).table for name in ("a.parquet", "b.parquet"))
    assert_frame_equal(first, second)
