"""Partials of raw rows: what they say is right, and they add up however the rows were cut."""

from __future__ import annotations

import random
import tempfile
from collections import Counter
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from radar.aggregate.rollup import exact, partials
from radar.aggregate.rollup.rows import GRAINS, KEYS, Spec
from radar.errors import SchemaError
from radar.sketch import ERROR, SMALLEST, distinct, quantiles
from tests.aggregate import rows_sample as sample

SPECS = st.builds(Spec, st.sampled_from([*KEYS]), st.sampled_from([*GRAINS]))


def counted(rows: list[sample.Row], spec: Spec) -> pl.DataFrame:
    return partials.counted(sample.frame(rows).lazy(), spec)[0]


@given(sample.rows, SPECS, st.randoms(use_true_random=False))
@settings(max_examples=40)
def test_any_cut_in_any_order_adds_up_to_one_pass(rows: list[sample.Row], spec: Spec, draw: random.Random) -> None:
    shards: list[list[sample.Row]] = [[] for _ in range(draw.randint(1, 5))]
    for row in rows:
        draw.choice(shards).append(row)
    parts = [counted(shard, spec) for shard in shards]
    whole = counted(rows, spec)
    assert_frame_equal(partials.merged(draw.sample(parts, len(parts)), spec), whole)
    pairs = [partials.merged(parts[at : at + 2], spec) for at in range(0, len(parts), 2)]  # a tree of merges
    assert_frame_equal(partials.bins(partials.merged(pairs, spec), spec), partials.bins(whole, spec))


@given(sample.rows, SPECS, st.integers(1, 40))
@settings(max_examples=30)
def test_tables_of_a_few_rows_are_in_turn_those_of_one_pass(rows: list[sample.Row], spec: Spec, most: int) -> None:
    tables = list(partials.in_turn(sample.frame(rows).lazy(), spec, Counter(), most=most))
    whole = counted(rows, spec)
    assert_frame_equal(pl.concat(tables), whole)
    largest = whole.group_by("bin", *spec.keys).len()["len"].max()
    assert max(table.height for table in tables) <= most + int(str(largest))
    bounds = [table.select("bin", *spec.keys).row(at) for table in tables for at in (0, -1)]
    assert all(before < after for before, after in zip(bounds[1:-1:2], bounds[2::2], strict=True))


@given(sample.rows, st.sampled_from([*KEYS]))
@settings(max_examples=20)
def test_finer_bins_add_up_to_coarser_ones(rows: list[sample.Row], by: str) -> None:
    minutes = counted(rows, Spec(by, "1m"))
    for grain in ("5m", "1h", "1d"):
        assert_frame_equal(partials.coarser(minutes, Spec(by, grain)), counted(rows, Spec(by, grain)))


@given(sample.rows, SPECS)
@settings(max_examples=30)
def test_bins_say_what_one_finds_row_by_row(rows: list[sample.Row], spec: Spec) -> None:
    table = partials.bins(counted(rows, spec), spec)
    groups = sorted(sample.groups(rows, spec.by, spec.grain_s).items())
    assert table.select("bin", *spec.keys).rows() == [key for key, _ in groups]
    for found, (_, some) in zip(table.iter_rows(named=True), groups, strict=True):
        sizes = sample.values(some, "bytes")
        assert found["rows"] == len(some)
        assert found["bytes"] == (sum(sizes) if sizes else None)
        assert found["error_share"] == sample.error_share(some)
        clients = set(sample.values(some, "client"))
        assert found["clients"] is None if not clients else found["clients"] == pytest.approx(len(clients), abs=0.6)
        for name, column in (("rtt", "rtt_ms"), ("throughput", "throughput_mbps")):
            assert found[f"{name}_n"] == len(sample.values(some, column))
            for share in partials.SHARES:
                right = sample.percentile(some, column, share)
                value = found[f"{name}_p{share * 100:g}"]
                assert value is None if right is None else value == pytest.approx(right, rel=ERROR + 1e-9, abs=SMALLEST)


@given(sample.rows, SPECS)
@settings(max_examples=20)
def test_both_ways_agree(rows: list[sample.Row], spec: Spec) -> None:
    with tempfile.TemporaryDirectory() as folder:
        right = exact.aggregate([sample.write(Path(folder) / "a.parquet", rows)], spec).table
    found = partials.bins(counted(rows, spec), spec)
    for name in ("bin", *spec.keys, "rows", "error_share", "rtt_n"):
        assert found[name].to_list() == right[name].to_list()
    for name in (column for column in right.columns if column.startswith("rtt_p")):
        pairs = [pair for pair in zip(found[name], right[name], strict=True) if pair != (None, None)]
        assert all(value == pytest.approx(truth, rel=ERROR + 1e-9, abs=SMALLEST) for value, truth in pairs)


def test_percentiles_are_those_of_the_sketch() -> None:
    draw = random.Random(4)
    rows = [{**dict.fromkeys(sample.TYPES), "time": sample.T0, "country": draw.choice(["IQ", "ID"]),
             "rtt_ms": draw.lognormvariate(3, 1)} for _ in range(3000)]  # fmt: skip
    spec = Spec("country", "1d")
    cells = counted(rows, spec)
    right = quantiles(cells.filter(pl.col("field") == "rtt").drop("field"), ["bin", "country"], partials.SHARES)
    found = partials.bins(cells, spec)
    for share in ("p25", "p50", "p75", "p95"):
        assert found[f"rtt_{share}"].to_list() == right[share].to_list()


def test_distinct_clients_of_many_rows_are_near_and_add_up() -> None:
    digests = pl.DataFrame({"client": pl.Series(range(30_000)).hash(seed=7)})
    rows = digests.with_columns(time=pl.lit(sample.T0), country=pl.lit("ID"))
    spec = Spec("country", "1h")
    parts = [partials.counted(rows[start : start + 20_000].lazy(), spec)[0] for start in (0, 10_000)]
    both = partials.merged(parts, spec)
    assert partials.bins(both, spec)["clients"][0] == pytest.approx(30_000, rel=0.05)
    assert distinct(both.filter(pl.col("field") == "client").drop("field"), ["bin", "country"]).height == 1


def test_rows_that_do_not_count_are_told_by_reason_and_leave_nothing() -> None:
    base = {"time": sample.T0, "country": "IQ", "asn": 1, "status": 200, "bytes": 1, "rtt_ms": 1.0, "client": 3}
    wrong = [{"time": None}, {"country": "ZZ"}, {"bytes": 2**60}, {"throughput_mbps": float("inf")}]
    rows = [{**dict.fromkeys(sample.TYPES), **base, **change} for change in ({}, *wrong)]
    found, lost = partials.counted(sample.frame(rows).lazy(), Spec("country", "5m"))
    assert lost == {"no time from 2000 to 2099": 1, "no country of ISO 3166-1": 1, "bytes is not from 0 to 2^48": 1,
                    "throughput_mbps is not from 0 to 1000000": 1}  # fmt: skip
    assert_frame_equal(found, counted([rows[0]], Spec("country", "5m")))


def test_partials_that_were_kept_are_read_again_at_a_coarser_grain_only(tmp_path: Path) -> None:
    rows = [{**dict.fromkeys(sample.TYPES), "time": sample.T0, "country": "IQ", "rtt_ms": 4.0}]
    kept = counted(rows, Spec("country", "5m"))
    kept.write_parquet(tmp_path / "kept.parquet", metadata={"grain_s": "300"})
    file = str(tmp_path / "kept.parquet")
    (found,) = partials.of_file(file, Spec("country", "1h"), Counter())
    assert_frame_equal(found, counted(rows, Spec("country", "1h")))
    with pytest.raises(SchemaError, match=r"kept.parquet: partials of 300 s; expected a grain"):
        list(partials.of_file(file, Spec("country", "1m"), Counter()))
    with pytest.raises(SchemaError, match=r"kept.parquet: partials with columns bin, country, field"):
        list(partials.of_file(file, Spec("asn", "1h"), Counter()))
