"""``radar backtest``: the production detector over anybody's series, marked against anybody's labels."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from jobs.cli import main
from radar.detect.evaluate import UnknownSignal, backtest, load_labels, load_signals
from radar.errors import SchemaError

START = datetime(2026, 1, 5, tzinfo=UTC)
HOURS = 24 * 40
DOWN = START + timedelta(days=30, hours=5)
SUMMARY = {"recall", "precision", "f1", "false_alarms_per_entity_week", "ttd_p50_s", "ttd_p90_s",
           "duration_error_p50_s", "brier", "entities", "entity_weeks", "events", "scoreable_events"}  # fmt: skip


def _rows(signal: str = "edge.requests", entities: tuple[str, ...] = ("Egypt", "Peru")) -> pl.DataFrame:
    rng = np.random.default_rng(3)
    hour = np.arange(HOURS)
    parts = []
    for entity in entities:
        mean = 900 * (1 + 0.5 * np.sin(2 * np.pi * hour / 24))
        if entity == "Egypt":
            mean[(DOWN - START) // timedelta(hours=1) :][:12] *= 0.05
        parts.append(
            pl.DataFrame({
                "timebin": [START + timedelta(hours=int(h)) for h in hour],
                "entity": entity,
                "signal": signal,
                "value": rng.poisson(mean).astype(float),
            })
        )  # fmt: skip
    return pl.concat(parts)


def _write(folder: Path, rows: pl.DataFrame, labels: str) -> tuple[Path, Path]:
    rows.write_parquet(folder / "signals.parquet")
    (folder / "labels.csv").write_text(labels, encoding="utf-8")
    return folder / "signals.parquet", folder / "labels.csv"


def _label(hours: float = 12, entity: str = "Egypt", start: datetime = DOWN, more: str = "") -> str:
    return f"{entity},{start.isoformat()},{(start + timedelta(hours=hours)).isoformat()}{more}\n"


def test_an_hourly_outage_of_any_entity_is_found_and_marked(tmp_path: Path) -> None:
    card = backtest(*_write(tmp_path, _rows(), "entity,start,end\n" + _label()))
    assert set(card) == {"summary", "by_depth", "by_volume", "by_cause", "entities", "found", "alarms"}
    assert set(card["summary"]) >= SUMMARY
    summary = card["summary"]
    assert (summary["recall"], summary["precision"], summary["f1"]) == (1.0, 1.0, 1.0)
    assert summary["false_alarms_per_entity_week"] == 0.0
    assert summary["ttd_p50_s"] == 7200.0
    assert summary["duration_error_p50_s"] == 0.0
    assert summary["entity_weeks"] == pytest.approx(2 * 26 / 7, abs=0.3)
    assert [(a["entity"], a["outcome"], a["label_rows"]) for a in card["alarms"]] == [("Egypt", "true", [2])]


def test_an_alarm_without_an_event_is_false(tmp_path: Path) -> None:
    card = backtest(*_write(tmp_path, _rows(), "entity,start,end\n" + _label(start=DOWN - timedelta(days=3))))
    assert (card["summary"]["recall"], card["summary"]["precision"]) == (0.0, 0.0)
    assert card["summary"]["false_alarms"] == 1
    assert card["entities"][0]["missed"]


@pytest.mark.parametrize(("gap", "outcome"), [(25, "true"), (35, "false")])
def test_an_alarm_counts_until_half_an_hour_after_the_event(tmp_path: Path, gap: int, outcome: str) -> None:
    event = DOWN - timedelta(hours=2, minutes=gap)
    card = backtest(*_write(tmp_path, _rows(), "entity,start,end\n" + _label(2, start=event)))
    assert [a["outcome"] for a in card["alarms"]] == [outcome]


def test_what_must_not_fire_counts_against_us_when_it_does(tmp_path: Path) -> None:
    labels = "entity,start,end,kind\n" + _label(more=",must_not_fire") + _label(entity="Peru", more=",must_not_fire")
    card = backtest(*_write(tmp_path, _rows(), labels))
    assert (card["summary"]["must_not_fire_events"], card["summary"]["must_not_fire_alarms"]) == (2, 1)
    assert (card["summary"]["recall"], card["summary"]["precision"], card["summary"]["events"]) == (None, 0.0, 0)


def test_events_that_the_data_cannot_show_count_neither_way(tmp_path: Path) -> None:
    labels = "entity,start,end,scoreable\n" + _label(more=",no_coverage") + _label(entity="Mars")
    card = backtest(*_write(tmp_path, _rows(), labels))
    summary = card["summary"]
    assert (summary["events"], summary["scoreable_events"], summary["recall"]) == (2, 0, None)
    assert [a["outcome"] for a in card["alarms"]] == ["excused"]
    assert summary["false_alarms"] == 0


def test_a_missed_event_that_is_said_to_be_scoreable_counts(tmp_path: Path) -> None:
    labels = (
        "entity,start,end,scoreable,depth,cause\n" + _label(start=START, more=",yes,0.9,power") + _label(more=",,,")
    )
    card = backtest(*_write(tmp_path, _rows(), labels))
    assert card["summary"]["recall"] == 0.5
    assert [(r["band"], r["recall"]) for r in card["by_depth"]] == [("80 % and more", 0.0), ("unknown", 1.0)]
    assert [r["band"] for r in card["by_cause"]] == ["power", "unknown"]


def test_a_signal_outside_the_catalogue_needs_a_profile(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    paths = _write(tmp_path, _rows("darknet.sources"), "entity,start,end\n" + _label())
    with pytest.raises(UnknownSignal, match=r"darknet\.sources"):
        load_signals(paths[0])
    call = ["backtest", "--signals", str(paths[0]), "--labels", str(paths[1]), "--json"]
    assert main(call) == 2
    assert "darknet.sources" in capsys.readouterr().err
    assert main([*call, "--profile", "seasonal"]) == 0
    assert json.loads(capsys.readouterr().out)["summary"]["recall"] == 1.0


@pytest.mark.parametrize("profile", ["burst", "latency", "ratio"])
def test_profiles_of_rises_see_rises(tmp_path: Path, profile: str) -> None:
    rows = _rows("probe.trouble")
    normal = pl.lit(0.02) if profile == "ratio" else pl.lit(40.0)
    bad = pl.lit(0.6) if profile == "ratio" else pl.lit(400.0)
    down = (pl.col("entity") == "Egypt") & pl.col("timebin").is_between(DOWN, DOWN + timedelta(hours=12), closed="left")
    rows = rows.with_columns(value=pl.when(down).then(bad).otherwise(normal))
    card = backtest(*_write(tmp_path, rows, "entity,start,end\n" + _label()), profile=profile)
    assert (card["summary"]["recall"], card["summary"]["precision"]) == (1.0, 1.0)


def test_the_card_for_people_names_what_was_missed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    paths = _write(tmp_path, _rows(), "entity,start,end\n" + _label(start=DOWN - timedelta(days=3)))
    assert main(["backtest", "--signals", str(paths[0]), "--labels", str(paths[1])]) == 0
    out = capsys.readouterr().out
    assert "Missed" in out
    assert "False alarms" in out


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda rows: rows.drop("value"), "no column value"),
        (lambda rows: rows.with_columns(value=pl.lit("much")), "column value is String"),
        (lambda rows: rows.with_columns(pl.col("timebin").dt.replace_time_zone(None)), "no time zone"),
        (lambda rows: rows.with_columns(value=pl.when(pl.int_range(pl.len()) == 6).then(float("nan")).otherwise(1.0)),
         "column value, row 7: nan"),
        (lambda rows: rows.with_columns(entity=pl.lit(None, pl.String)), "column entity, row 1: None"),
        (lambda rows: pl.concat([rows, rows.tail(1)]), "column timebin, row 1920: .* repeats"),
        (lambda rows: rows.head(0), "holds no rows"),
        (lambda rows: rows.head(1), "one bin only"),
    ],
)  # fmt: skip
def test_a_bad_signals_file_is_told_with_column_and_row(tmp_path: Path, change: object, message: str) -> None:
    path, _ = _write(tmp_path, change(_rows()), "")
    with pytest.raises(SchemaError, match=message) as raised:
        load_signals(path)
    assert "signals.parquet" in str(raised.value)


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ("entity,start\nEgypt,2026-01-01T00:00:00Z\n", "no column end"),
        ("entity,start,end\nEgypt,yesterday,\n", "column start, row 2: 'yesterday'"),
        ("entity,start,end\n,2026-01-01T00:00:00Z,\n", "column entity, row 2"),
        ("entity,start,end\nEgypt,2026-01-02T00:00:00Z,2026-01-01T00:00:00Z\n", "column end, row 2"),
        ("entity,start,end,depth\nEgypt,2026-01-02T00:00:00Z,,90\n", "column depth, row 2: '90'"),
        ("entity,start,end,scoreable\nEgypt,2026-01-02T00:00:00Z,,maybe\n", "column scoreable, row 2: 'maybe'"),
    ],
)
def test_a_bad_labels_file_is_told_with_column_and_row(tmp_path: Path, labels: str, message: str) -> None:
    path = tmp_path / "labels.csv"
    path.write_text(labels, encoding="utf-8")
    with pytest.raises(SchemaError, match=message):
        load_labels(path)


def test_a_file_that_is_no_parquet_is_told(tmp_path: Path) -> None:
    path = tmp_path / "signals.parquet"
    path.write_bytes(b"PAR1 not at all")
    with pytest.raises(SchemaError, match="cannot be read as Parquet"):
        load_signals(path)


def test_later_received_rows_win(tmp_path: Path) -> None:
    rows = _rows().with_columns(received_at=pl.col("timebin"), n=pl.lit(5, pl.UInt32))
    last = rows.tail(1).with_columns(value=pl.lit(7.0), received_at=pl.col("received_at") + timedelta(hours=1))
    path, _ = _write(tmp_path, pl.concat([last, rows]), "")
    loaded = load_signals(path)
    assert loaded.tapes[0].group.grain_s == 3600
    assert loaded.tapes[0].values[1, -1, 0] == 7.0
    assert loaded.tapes[0].n[0, 0, 0] == 5.0


def test_a_count_below_zero_and_a_time_told_twice_are_refused_by_row(tmp_path: Path) -> None:
    rows = _rows()
    path = tmp_path / "s.parquet"
    rows.with_columns(pl.when(pl.int_range(pl.len()) == 4).then(-3.0).otherwise("value").alias("value")).write_parquet(
        path
    )
    with pytest.raises(SchemaError, match=r"column value, row 5: -3.0 is negative; expected a count"):
        load_signals(path)
    pl.concat([rows, rows.head(1)]).write_parquet(path)
    with pytest.raises(SchemaError, match=r"row 1: 2026-01-05T00:00:00\+00:00 repeats"):
        load_signals(path)
