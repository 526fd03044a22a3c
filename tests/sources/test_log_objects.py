"""Objects of a store that speaks S3: a server of moto in this process, asked over HTTP as any bucket is."""

from __future__ import annotations

import gzip
import logging
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import polars as pl
import pytest

from radar.errors import UpstreamUnavailable
from radar.sources._log_files import Chunk, Seen, news
from radar.sources._log_places import LogFile, find
from radar.sources._log_source import answers, unpacked
from radar.sources._rejections import Rejections

moto = pytest.importorskip("moto.server", reason="the package moto speaks S3 in these tests")

LATER = 4e9


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    running = moto.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    running.start()
    host, port = running.get_host_and_port()
    yield f"http://{host}:{port}"
    running.stop()


@pytest.fixture
def bucket(server: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A bucket ``logs`` without anything in it; the environment is that of whoever may read it."""
    for name, value in {
        "AWS_ENDPOINT": server, "AWS_ALLOW_HTTP": "true", "AWS_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "hush-hush",
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    import boto3

    client = boto3.client("s3", endpoint_url=server, region_name="us-east-1")
    client.create_bucket(Bucket="logs")
    yield client
    client.close()
    httpx.post(f"{server}/moto-api/reset").raise_for_status()


def put(bucket: Any, key: str, body: bytes) -> None:
    bucket.put_object(Bucket="logs", Key=key, Body=body)


def chunks(file: LogFile, known: dict[str, Seen], lost: Rejections, limit: int = 1 << 20) -> list[Chunk]:
    found = []
    for chunk, seen in news("s", file, known, lost, limit=limit, now_s=LATER):
        known[file.key] = seen
        if chunk is not None:
            found.append(chunk)
    return found


def test_a_listing_of_several_pages_is_read_whole_and_the_glob_chooses(
    bucket: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MOTO_S3_DEFAULT_MAX_KEYS", "10")
    assert bucket.list_objects_v2(Bucket="logs")["MaxKeys"] == 10, "a page of this server"
    for number in range(35):
        put(bucket, f"edge/{number:04d}.{'log' if number % 2 else 'txt'}", b"x\n")
    put(bucket, "other/a.log", b"x\n")
    found = find("s", "s3://logs/edge/*.log")
    assert sorted(file.name for file in found) == [f"{number:04d}.log" for number in range(1, 35, 2)]
    assert [file.name for file in find("s", "s3://logs/edge/0007.log")] == ["0007.log"]


def test_an_object_is_read_in_ranges_and_again_only_from_where_it_had_grown(bucket: Any) -> None:
    lines = b"".join(b"%06d\n" % number for number in range(600_000))
    put(bucket, "a.log", lines)
    known: dict[str, Seen] = {}
    (file,) = find("s", "s3://logs/a.log")
    assert b"".join(chunk.data for chunk in chunks(file, known, Rejections())) == lines
    put(bucket, "a.log", lines + b"more\n")
    (file,) = find("s", "s3://logs/a.log")
    (chunk,) = chunks(file, known, Rejections())
    assert (chunk.data, chunk.first_line) == (b"more\n", 600_001)


def test_a_packed_object_that_was_cut_gives_what_came_before(bucket: Any) -> None:
    whole = gzip.compress(b"".join(b"%d\n" % (number * 7919) for number in range(100_000)), mtime=0)
    put(bucket, "a.log.gz", whole[: len(whole) // 2])
    lost = Rejections()
    (file,) = find("s", "s3://logs/*")
    data = b"".join(chunk.data for chunk in chunks(file, {}, lost))
    assert data.startswith(b"0\n7919\n")
    assert [item.reason for item in lost.done()] == ["compressed file ends early"]


def test_an_object_that_is_shorter_than_it_was_listed_ends_where_it_ends(bucket: Any) -> None:
    put(bucket, "a.log", b"one\n" * 1000)
    (file,) = find("s", "s3://logs/a.log")
    put(bucket, "a.log", b"one\n" * 10)
    assert b"".join(chunk.data for chunk in chunks(file, {}, Rejections())) == b"one\n" * 10


def test_an_object_that_is_gone_is_told_after_the_others_were_counted(
    bucket: Any, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RADAR_DATA_DIR", str(tmp_path))
    start = datetime(2026, 3, 2, tzinfo=UTC)
    put(bucket, "a.log", b"1\n")
    put(bucket, "b.log", b"1\n2\n3\n")

    def count(chunk: Chunk, rejected: Rejections) -> pl.DataFrame:
        bucket.delete_object(Bucket="logs", Key="b.log")  # while the first one is read
        rows = chunk.data.count(b"\n")
        return pl.DataFrame({"bin": [int(start.timestamp())], "field": ["rows"], "cell": [0], "amount": [rows]})

    taken = answers("s", "s3://logs/*.log", start, start + timedelta(minutes=5), count=count, prefix="s")
    told = unpacked(next(taken).body)
    assert told is not None
    assert told[0]["amount"].to_list() == [1]
    with pytest.raises(UpstreamUnavailable, match=r"1 files cannot be read, first b\.log"):
        next(taken)


def test_without_credentials_the_error_says_what_is_expected_and_no_secret(
    bucket: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    monkeypatch.setenv("AWS_METADATA_ENDPOINT", "http://127.0.0.1:9")  # where a cloud's machine would be asked
    with pytest.raises(UpstreamUnavailable) as told:
        find("s", "s3://logs/*.log")
    assert "s3://logs cannot be asked: no credentials; expected" in str(told.value)


@pytest.mark.parametrize("place", ["s3://absent/*.log", "s3://logs/absent.log"])
def test_what_is_not_there_is_told_without_a_secret(bucket: Any, place: str) -> None:
    with pytest.raises(UpstreamUnavailable, match="it is not there") as told:
        find("s", place)
    assert "hush" not in str(told.value)


def test_a_store_over_plain_http_is_asked_only_where_the_environment_allows_it(
    bucket: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(bucket, "a.log", b"x\n")
    monkeypatch.setenv("AWS_ALLOW_HTTP", "false")
    with pytest.raises(UpstreamUnavailable, match="cannot be asked"):
        find("s", "s3://logs/*.log")
