"""Request logs from a folder to series, by way of the counts that are archived."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import cast

import polars as pl
import pytest

from radar.errors import ConfigError
from radar.http import Http
from radar.sources import Answer, edge_logs
from radar.sources._log_files import news
from radar.sources._log_places import find
from radar.sources._rejections import Rejections

T = datetime(2026, 3, 2, tzinfo=UTC)
ADDRESS = "8.8.8.8"


def fetch(monkeypatch: pytest.MonkeyPatch, place: str, data: Path, minutes: int = 61) -> list[Answer]:
    monkeypatch.setenv("RADAR_EDGE_LOGS", place)
    monkeypatch.setenv("RADAR_DATA_DIR", str(data))
    return list(edge_logs.fetch(cast(Http, None), T, T + timedelta(minutes=minutes)))


def lines(count: int = 40) -> str:
    rows = [
        {"time": int(T.timestamp()) + n * 60, "client": ADDRESS, "country": "DE", "rtt_ms": 20} for n in range(count)
    ]
    return "".join(json.dumps(row) + "\n" for row in rows)


def test_fetched_counts_give_the_series_of_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.log").write_text(lines() + "nonsense\n")
    answers = fetch(monkeypatch, str(tmp_path / "in"), tmp_path / "data")
    parsed = [edge_logs.parse(answer.body, name=answer.name) for answer in answers]
    bins = pl.concat([item.rows for item in parsed])
    whole = edge_logs.parse(lines().encode())
    five = bins.filter(~pl.col("signal").str.ends_with("_hour")).sort("timebin", "entity", "signal")
    assert five.rows() == whole.rows.rows()
    hour = bins.filter(pl.col("signal") == "edge.requests_hour", pl.col("entity") == "country/DE")
    assert hour["value"].to_list() == [40.0]
    assert sum(item.rejected_count for item in parsed) == 1
    assert not any(ADDRESS.encode() in answer.body for answer in answers)


def test_what_comes_within_a_minute_of_a_bin_s_end_makes_no_second_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.log"
    path.write_text(lines(4))
    assert fetch(monkeypatch, str(path), tmp_path / "data", minutes=5) == []
    with path.open("a") as file:
        file.write(lines(5).splitlines()[-1] + "\n")
    (answer,) = fetch(monkeypatch, str(path), tmp_path / "data", minutes=6)
    rows = edge_logs.parse(answer.body, name=answer.name).rows
    assert rows.filter(entity="country/DE", signal="edge.requests")["value"].to_list() == [5.0]
    with path.open("a") as file:
        file.write(lines(1))
    (again,) = fetch(monkeypatch, str(path), tmp_path / "data", minutes=7)
    rows = edge_logs.parse(again.body, name=again.name).rows
    assert rows.filter(entity="country/DE", signal="edge.requests")["value"].to_list() == [6.0]


def test_a_csv_file_is_read_whole_in_pieces_and_in_several_fetches(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [f"{int(T.timestamp()) + n},DE,{n % 90}\n" for n in range(600)]
    path = tmp_path / "a.csv"
    path.write_text("time,country,rtt_ms\n" + "".join(rows[:300]))
    first = fetch(monkeypatch, str(path), tmp_path / "data")
    with path.open("a") as file:
        file.write("".join(rows[300:]))
    second = fetch(monkeypatch, str(path), tmp_path / "data")
    parsed = [edge_logs.parse(answer.body, name=answer.name) for answer in [*first, *second]]
    assert sum(item.rejected_count for item in parsed) == 0
    seen = pl.concat([item.rows for item in parsed]).filter(
        pl.col("signal") == "edge.requests", pl.col("entity") == "country/DE"
    )
    assert seen["value"].sum() == 600
    path.write_text("time,country,rtt_ms\n" + "".join(rows) * 80)
    pieces = [piece for file in find("edge_logs", str(path)) for piece, _ in news(
        "edge_logs", file, {}, Rejections(), limit=2000, now_s=0) if piece]  # fmt: skip
    assert len(pieces) > 2
    rejected = Rejections()
    whole = pl.concat([edge_logs.count(piece, rejected) for piece in pieces])
    assert whole.filter(pl.col("field") == "requests")["amount"].sum() == 600 * 80
    assert not rejected.done()


def test_key_of_the_clients_stays_and_is_nobody_else_s(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.log").write_text(lines())
    for _ in range(2):
        fetch(monkeypatch, str(tmp_path / "a.log"), tmp_path / "data")
    key = tmp_path / "data" / "logs" / "clients.key"
    assert len(key.read_bytes()) == 8
    assert key.stat().st_mode & 0o077 == 0
    assert edge_logs.client_key(tmp_path / "data") == int.from_bytes(key.read_bytes(), "big")


def test_fetch_without_a_setting_says_what_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigError, match="RADAR_EDGE_LOGS is empty"):
        fetch(monkeypatch, "", tmp_path)
