"""Engines: one suite for both. Whatever runs the steps, the bins are those of one pass; nothing is lost or doubled."""

from __future__ import annotations

import io
import os
import signal
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import httpx
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from jobs import engines
from jobs.aggregate import Report, aggregate
from jobs.engines import Engine, places, plan, steps
from jobs.engines.local import Local
from radar.aggregate.rollup import exact, partials
from radar.aggregate.rollup.rows import Spec
from radar.errors import ConfigError, SchemaError
from radar.settings import load
from tests.aggregate import rows_sample as sample

MINUTE = timedelta(minutes=1)
BY = Spec("geoasn", "5m")


def made(count: int, *, first: int = 0) -> list[sample.Row]:
    """Rows of two hours and a few entities, in the order of time."""
    return [
        {
            "time": sample.T0 + timedelta(seconds=7200 * at / count),
            "country": ("IQ", "ID", "US")[at % 3], "asn": (8075, 1, 65536, 17)[at * 7 % 4], "region": "US-CA",
            "provider": "acme", "status": (200, 200, 503, None, 0)[at % 5], "bytes": at * 31 % 9000,
            "rtt_ms": (at * 7919 % 50_000) / 100, "throughput_mbps": None if at % 4 else at % 80 + 0.5,
            "client": sample.digest(at % 50),
        }
        for at in range(first, first + count)
    ]  # fmt: skip


@pytest.fixture(scope="module")
def scheduler() -> Iterator[str]:
    """The address of a Dask cluster of two worker processes of one thread each."""
    distributed = pytest.importorskip("distributed", reason="the extra internet-radar[cluster] is not installed")
    dask = pytest.importorskip("dask")
    with (
        dask.config.set({"distributed.comm.timeouts.connect": "5s"}),  # to a worker that was killed
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address="127.0.0.1:0", silence_logs=50
        ) as cluster,
    ):
        yield cluster.scheduler_address


@pytest.fixture(params=engines.NAMES)
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    if request.param == "local":
        with Local(2) as local:
            yield local
        return
    settings = replace(load({}), engine_scheduler=request.getfixturevalue("scheduler"))
    with engines.engine("cluster", settings) as cluster:
        yield cluster


def read(folder: Path) -> pl.DataFrame:
    return pl.concat([pl.read_parquet(path) for path in sorted(folder.glob("bins-*.parquet"))])


def one_pass(rows: list[sample.Row], spec: Spec = BY) -> pl.DataFrame:
    return partials.bins(partials.counted(sample.frame(rows).lazy(), spec)[0], spec)


def go(engine: Engine, files: list[str], into: Path, *, is_exact: bool = False, memory_mb: int = 64) -> Report:
    return aggregate(engine, files, BY, str(into), exact=is_exact, memory_mb=memory_mb)


def test_shards_give_the_bins_of_one_pass(engine: Engine, tmp_path: Path) -> None:
    rows = made(900)
    files = [sample.write(tmp_path / f"{at}.parquet", rows[at::4]) for at in range(4)]
    report = go(engine, files, tmp_path / "out")
    assert_frame_equal(read(tmp_path / "out").drop("revision"), one_pass(rows))
    assert set(read(tmp_path / "out")["revision"]) == {1}
    assert (report.rows, report.bins_new, report.bins_changed, report.lost) == (900, 24, [], {})
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        ".lock", "aggregate.json", "bins-20260302T0000Z.parquet", "bins-20260302T0100Z.parquet",
        "partials-20260302T0000Z.parquet", "partials-20260302T0100Z.parquet",
    ]  # fmt: skip


def test_exact_bins_are_those_of_one_pass_however_files_overlap(engine: Engine, tmp_path: Path) -> None:
    rows = made(900)
    cuts = [rows[:300], rows[290:600], rows[600:], [{**rows[0], "time": sample.T0 - timedelta(days=900)}]]
    files = [sample.write(tmp_path / f"{at}.parquet", part) for at, part in enumerate(cuts)]
    report = go(engine, files, tmp_path / "out", is_exact=True)
    assert_frame_equal(read(tmp_path / "out"), exact.aggregate(files, BY).table)
    assert report.rows == sum(map(len, cuts))


def test_late_rows_change_a_closed_bin_and_say_so(engine: Engine, tmp_path: Path) -> None:
    rows, late = made(600), made(5)
    go(engine, [sample.write(tmp_path / "a.parquet", rows)], tmp_path / "out")
    untouched = (tmp_path / "out" / "bins-20260302T0100Z.parquet").read_bytes()
    report = go(engine, [sample.write(tmp_path / "late.parquet", late[:1])], tmp_path / "out")
    found = read(tmp_path / "out")
    assert_frame_equal(found.drop("revision"), one_pass([*rows, *late[:1]]))
    assert report.bins_new == 0
    assert report.bins_changed == [{"bin": sample.T0, "rows_before": 25, "rows": 26, "revision": 2}]
    assert set(found.filter(pl.col("bin") == sample.T0)["revision"]) == {2}
    assert set(found.filter(pl.col("bin") > sample.T0)["revision"]) == {1}
    assert (tmp_path / "out" / "bins-20260302T0100Z.parquet").read_bytes() == untouched


def test_a_file_that_was_counted_is_not_counted_again(engine: Engine, tmp_path: Path) -> None:
    rows = made(300)
    files = [sample.write(tmp_path / f"{at}.parquet", rows[at::2]) for at in range(2)]
    go(engine, files[:1], tmp_path / "out")
    report = go(engine, files, tmp_path / "out")
    assert (report.rows, report.files_again) == (150, 1)
    assert_frame_equal(read(tmp_path / "out").drop("revision"), one_pass(rows))


def test_rows_that_do_not_count_are_told(engine: Engine, tmp_path: Path) -> None:
    rows = [*made(20), {**made(1)[0], "rtt_ms": -1.0}, {**made(1)[0], "time": None}, {**made(1)[0], "country": "ZZ"}]
    file = sample.write(tmp_path / "a.parquet", rows)
    lost = {"no country of ISO 3166-1": 1, "no time from 2000 to 2099": 1, "rtt_ms is not from 0 to 600000": 1}
    assert go(engine, [file], tmp_path / "counted").lost == lost
    assert go(engine, [file], tmp_path / "sorted", is_exact=True).lost == lost


def test_a_wrong_file_ends_the_run_and_is_named(engine: Engine, tmp_path: Path) -> None:
    good = sample.write(tmp_path / "a.parquet", made(10))
    (tmp_path / "b.parquet").write_bytes(Path(good).read_bytes()[:200])
    with pytest.raises(SchemaError, match=r"b\.parquet: no Parquet file"):
        go(engine, [good, str(tmp_path / "b.parquet")], tmp_path / "out")


def test_a_worker_that_is_killed_loses_and_doubles_nothing(scheduler: str, tmp_path: Path) -> None:
    rows = made(6000)
    files = [sample.write(tmp_path / f"{at:02}.parquet", rows[at::40]) for at in range(40)]
    killed: list[int] = []
    settings = replace(load({}), engine_scheduler=scheduler)
    with engines.engine("cluster", settings) as cluster:
        before = cluster._client.run(os.getpid)
        assert len(set(before.values()) - {os.getpid()}) == 2

        def kill(_done: float, _text: str, phase: str) -> None:
            if phase == "count" and not killed:
                busy = next(name for name, work in cluster._client.processing().items() if work)
                os.kill(before[busy], signal.SIGKILL)
                killed.append(before[busy])

        report = aggregate(cluster, files, BY, str(tmp_path / "out"), exact=False, memory_mb=64, progress=kill)
        cluster._client.wait_for_workers(2, timeout=60)
        assert killed[0] not in cluster._client.run(os.getpid).values()
    assert report.rows == 6000
    assert_frame_equal(read(tmp_path / "out").drop("revision"), one_pass(rows))


def test_large_files_are_counted_in_pieces_and_sorted_in_stretches(tmp_path: Path) -> None:
    rows = made(700)
    file = sample.write(tmp_path / "a.parquet", rows)
    one = steps.measure(steps.ToMeasure(file, BY, "bins"))
    pieces = plan.pieces_of([one], 100, BY, str(tmp_path / "counted"), "shuffle-x")
    assert [(piece.start, piece.length) for piece in pieces] == [(at, 100) for at in range(0, 700, 100)]
    counted = [steps.count(piece) for piece in pieces]
    for window in plan.windows_of(counted, BY, str(tmp_path / "counted"), "x", shuffle="shuffle-x", most=100):
        steps.publish(window)
    assert_frame_equal(read(tmp_path / "counted").drop("revision"), one_pass(rows))
    stretches = plan.stretches_of([one], 100, BY, str(tmp_path / "sorted"))
    assert len(stretches) == 8
    assert sum(steps.sort(stretch).rows for stretch in stretches) == 700
    assert_frame_equal(read(tmp_path / "sorted"), exact.aggregate([file], BY).table)


def test_files_that_share_no_bin_are_sorted_one_by_one_and_not_looked_into(tmp_path: Path) -> None:
    rows = made(240)
    files = [
        steps.measure(steps.ToMeasure(sample.write(tmp_path / f"{at}.parquet", rows[at : at + 60]), BY, "span"))
        for at in range(0, 240, 60)
    ]
    assert [(one.rows, one.bins) for one in files] == [(60, {})] * 4
    assert plan.apart(files, 60) == (files, [])
    assert plan.apart(files, 59) == ([], files)  # too large for one step
    wide = sample.write(tmp_path / "wide.parquet", [rows[100], rows[170]])
    over = steps.measure(steps.ToMeasure(wide, BY, "span"))
    alone, others = plan.apart([*files, over], 60)
    assert (alone, len(others)) == ([files[0], files[3]], 3)
    found = plan.stretches_of([steps.measure(steps.ToMeasure(one.file, BY, "bins")) for one in files], 10**6, BY, "out")
    assert [(len(stretch.files), stretch.whole) for stretch in found] == [(1, True)] * 4


def test_a_bin_too_large_for_one_step_is_sorted_by_shares_of_its_keys(tmp_path: Path) -> None:
    rows = made(700)
    file = sample.write(tmp_path / "a.parquet", rows)
    one = steps.measure(steps.ToMeasure(file, BY, "bins"))
    stretches = plan.stretches_of([one], 10, BY, str(tmp_path / "out"))
    assert {stretch.share[1] for stretch in stretches} == {3}  # of 29 or 30 rows of a bin
    assert sum(steps.sort(stretch).rows for stretch in stretches) == 700
    found = read(tmp_path / "out").sort("bin", "country", "asn")
    assert_frame_equal(found, exact.aggregate([file], BY).table)


def test_windows_in_parts_hold_the_same_bins_and_are_added_to(tmp_path: Path) -> None:
    rows = made(400)
    files = [sample.write(tmp_path / f"{at}.parquet", rows[at::2]) for at in range(2)]
    for given in (files[:1], files):
        aggregate(Local(2), given, BY, str(tmp_path / "out"), exact=False, memory_mb=64, parts=3)
    names = sorted(path.name for path in (tmp_path / "out").glob("bins-*"))
    assert names == [
        f"bins-20260302T0{hour}00Z-000{part}.parquet" for hour in range(2) for part in (1, 2)
    ]  # the networks of the sample leave nothing for part 0
    assert_frame_equal(read(tmp_path / "out").drop("revision").sort("bin", "country", "asn"), one_pass(rows))


def test_a_step_that_is_run_twice_leaves_and_says_the_same(tmp_path: Path) -> None:
    into = str(tmp_path / "out")
    go(Local(1), [sample.write(tmp_path / "a.parquet", made(300))], tmp_path / "out")
    late = steps.measure(steps.ToMeasure(sample.write(tmp_path / "b.parquet", made(9)), BY, "rows"))
    counted = [steps.count(piece) for piece in plan.pieces_of([late], 100, BY, into, "shuffle-y")]
    window = plan.windows_of(counted, BY, into, "y", shuffle="shuffle-y", most=1000)[0]
    bins, kept = (tmp_path / "out" / f"{kind}-20260302T0000Z.parquet" for kind in ("bins", "partials"))
    old = kept.read_bytes()
    first = steps.publish(window)
    made_once = bins.read_bytes()
    kept.write_bytes(old)  # as if it had died between its two files
    assert steps.publish(window) == first
    assert bins.read_bytes() == made_once
    assert steps.publish(window) == first  # as if it had died before it could say so
    assert bins.read_bytes() == made_once
    assert first.changed[0]["revision"] == 2


def test_kept_partials_roll_up_to_a_coarser_grain(tmp_path: Path) -> None:
    rows = made(500)
    go(Local(2), [sample.write(tmp_path / "a.parquet", rows)], tmp_path / "fine")
    files = sorted(map(str, (tmp_path / "fine").glob("partials-*.parquet")))
    hours = Spec("geoasn", "1h")
    report = aggregate(Local(2), files, hours, str(tmp_path / "coarse"), exact=False, memory_mb=64)
    assert report.rows == 500
    assert_frame_equal(read(tmp_path / "coarse").drop("revision"), one_pass(rows, hours))
    with pytest.raises(SchemaError, match="partials hold no exact percentiles"):
        aggregate(Local(2), files, hours, str(tmp_path / "exact"), exact=True, memory_mb=64)


def store_suite(root: str) -> None:
    """Rows in an object store to bins in the same one, added to twice; ``root`` is an empty place there."""
    rows = made(200)
    for at in range(2):
        body = io.BytesIO()
        sample.frame(rows[at::2]).write_parquet(body)
        places.write(f"{root}/logs", f"{at}.parquet", body.getvalue())
    files = places.find([f"{root}/logs"])
    assert files == [f"{root}/logs/0.parquet", f"{root}/logs/1.parquet"]
    assert files == places.find([f"{root}/logs/*.parquet"])
    assert places.find([files[1]]) == files[1:]
    report = aggregate(Local(2), files[:1], BY, f"{root}/out", exact=False, memory_mb=64)
    assert report.rows == 100
    report = aggregate(Local(2), files, BY, f"{root}/out", exact=False, memory_mb=64)
    assert (report.rows, report.files_again, {bin_["revision"] for bin_ in report.bins_changed}) == (100, 1, {2})
    bins = [places.read(f"{root}/out", f"bins-20260302T0{hour}00Z.parquet") for hour in range(2)]
    found = pl.concat([pl.read_parquet(io.BytesIO(body or b"")) for body in bins])
    assert_frame_equal(found.drop("revision"), one_pass(rows))
    with pytest.raises(ConfigError, match="no Parquet file; expected a file"):
        places.find([f"{root}/none"])
    report = aggregate(Local(2), files, BY, f"{root}/sorted", exact=True, memory_mb=64)
    assert report.rows == 200


def test_addresses_of_files_work_as_folders_do(tmp_path: Path) -> None:
    store_suite(tmp_path.as_uri())
    assert not list((tmp_path / "out").rglob("*.arrow"))


def test_a_bucket_works_as_a_folder_does(monkeypatch: pytest.MonkeyPatch) -> None:
    moto = pytest.importorskip("moto.server", reason="the package moto is not installed")
    server = moto.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        for name, value in (("ENDPOINT_URL", f"http://{host}:{port}"), ("ALLOW_HTTP", "true"), ("REGION", "us-east-1"),
                            ("ACCESS_KEY_ID", "simulated"), ("SECRET_ACCESS_KEY", "simulated")):  # fmt: skip
            monkeypatch.setenv(f"AWS_{name}", value)
        httpx.put(f"http://{host}:{port}/radar-logs").raise_for_status()
        store_suite("s3://radar-logs/edge")
        left = httpx.get(f"http://{host}:{port}/radar-logs?list-type=2").text
        assert "edge/out/aggregate.json" in left
        assert "shuffle" not in left
    finally:
        server.stop()


def test_an_exact_run_that_ended_early_can_be_started_again(tmp_path: Path) -> None:
    rows = made(200)
    files = [sample.write(tmp_path / f"{at}.parquet", rows[at * 50 : at * 50 + 50]) for at in range(4)]

    def stop(_done: float, _text: str, phase: str) -> None:
        if phase == "sort":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        aggregate(Local(1), files, BY, str(tmp_path / "out"), exact=True, memory_mb=64, progress=stop)
    assert list((tmp_path / "out").glob("bins-*"))
    go(Local(1), files[1:], tmp_path / "out", is_exact=True)
    assert_frame_equal(read(tmp_path / "out"), exact.aggregate(files[1:], BY).table)


def test_a_folder_of_other_results_or_another_run_is_refused(tmp_path: Path) -> None:
    file = sample.write(tmp_path / "a.parquet", made(10))
    go(Local(1), [file], tmp_path / "out")
    with pytest.raises(ConfigError, match=r"expected \{'by': 'asn', 'grain': '5m', 'exact': False, 'parts': 1\}"):
        aggregate(Local(1), [file], Spec("asn", "5m"), str(tmp_path / "out"), exact=False, memory_mb=64)
    with pytest.raises(ConfigError, match="'exact': False"):
        go(Local(1), [file], tmp_path / "out", is_exact=True)
    go(Local(1), [file], tmp_path / "sorted", is_exact=True)
    with pytest.raises(ConfigError, match="exact bins, to which nothing can be added; expected a new folder"):
        go(Local(1), [file], tmp_path / "sorted", is_exact=True)

    def second(_done: float, _text: str, _phase: str) -> None:
        with pytest.raises(ConfigError, match="in use by another run"):
            go(Local(1), [file], tmp_path / "out")

    aggregate(Local(1), [file], BY, str(tmp_path / "out"), exact=False, memory_mb=64, progress=second)


def test_cluster_without_its_extra_or_its_scheduler_says_what_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigError, match="expected tcp://host:port or tls://host:port"):
        load({"RADAR_ENGINE_SCHEDULER": "nonsense"})
    with pytest.raises(ConfigError, match="RADAR_ENGINE_SCHEDULER is empty"):
        engines.engine("cluster", load({}))
    monkeypatch.delitem(sys.modules, "jobs.engines.cluster", raising=False)
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(ConfigError, match=r"needs the package distributed; .*internet-radar\[cluster\]"):
        engines.engine("cluster", replace(load({}), engine_scheduler="tcp://127.0.0.1:1"))


def test_a_scheduler_that_does_not_answer_is_a_wrong_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("distributed")
    from jobs.engines import cluster

    monkeypatch.setattr(cluster, "PATIENCE_S", 1)
    with pytest.raises(ConfigError, match=r"RADAR_ENGINE_SCHEDULER is 'tcp://127\.0\.0\.1:1'; expected a Dask"):
        cluster.Cluster("tcp://127.0.0.1:1")
