"""``radar try`` and ``radar record``: what people use to meet a source."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from jobs import record, try_source
from radar.http import Http, Limits
from radar.settings import load
from radar.shapes.context import SOURCES as HAPPENINGS
from radar.sources import discover, get
from tests.sources.fixtures import FIXTURES, cases

SETTINGS = load({"RADAR_ACCEPT_TERMS": "all"})
NOW = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
ANSWER = (FIXTURES / "ioda_signals" / "api_answer" / "country-IR-NA.json").read_bytes()


def upstream(status: int = 200, body: bytes = ANSWER) -> Http:
    def answer(_request: httpx.Request) -> httpx.Response:
        return httpx.Response(status, content=body)

    return Http(transport=httpx.MockTransport(answer), sleep=lambda _s: None, limits=Limits(tries=1))


def told(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


@pytest.mark.parametrize("name", sorted(discover()))
def test_every_recorded_case_can_be_tried_from_its_file(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    for case in cases(name):
        assert try_source.run(name, SETTINGS, file=case.file, as_json=True, now=NOW) == 0
        found = told(capsys)
        assert found["source"] == name
        assert found["rejected"] == sum(item["count"] for item in found["rejections"])
        if name in HAPPENINGS:
            assert found["notes"]["happenings"] > 0
            assert found["details"]
            continue
        assert found["rows"] >= sum(found["signals"].values()) > 0, "a row may say that a value is not known"
        assert found["from"] < found["until"]
        assert found["seconds"] >= 0


def test_fetched_answer_is_described_with_lag_and_reasons(capsys: pytest.CaptureFixture[str]) -> None:
    now = datetime(2026, 1, 8, 10, 14, tzinfo=UTC)
    assert try_source.run("ioda_signals", SETTINGS, as_json=True, http=upstream(), now=now) == 0
    found = told(capsys)
    assert (found["from"], found["until"]) == ("2026-01-08T09:00:00Z", "2026-01-08T10:00:00Z")
    assert found["newest_bin"] == "2026-01-08T09:30:00Z"
    assert found["lag_s"] == 840
    assert found["freshness"] == "newest bin 14 min old: ok"
    assert {item["reason"] for item in found["rejections"]} >= {"unknown entity", "step is not the native step"}
    assert found["signals"]["ping.up_24s"] == 3


@pytest.mark.parametrize(
    ("lag", "words"),
    [(None, "no bin with a value"), (-30, "newest bin 0 s old: ok"), (59, "newest bin 59 s old: ok"),
     (840, "newest bin 14 min old: ok"), (4801, "newest bin 80 min old: late"), (90_000, "newest bin 25 h old: late"),
     (10 * 86_400, "newest bin 10 d old: late")],
)  # fmt: skip
def test_freshness_is_said_in_words(lag: float | None, words: str) -> None:
    assert try_source.freshness(get("ioda_signals").SOURCE, lag) == words


def test_table_for_people_says_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    case = cases("edge_logs")[0]
    assert try_source.run("edge_logs", SETTINGS, file=case.file, now=NOW) == 0
    out = capsys.readouterr().out
    for words in ("edge_logs", "newest bin 50 min old: late", "edge.requests", "not an AS number", "rejected because"):
        assert words in out


def test_answer_without_rows_is_no_failure(capsys: pytest.CaptureFixture[str]) -> None:
    body = b'{"error":null,"data":[[]]}'
    assert try_source.run("ioda_signals", SETTINGS, as_json=True, http=upstream(body=body), now=NOW) == 0
    found = told(capsys)
    assert (found["rows"], found["from"], found["until"], found["lag_s"]) == (0, None, None, None)
    assert found["freshness"] == "no bin with a value"


@pytest.mark.parametrize("http", [lambda: upstream(503), lambda: upstream(404), lambda: upstream(body=b"<html>")])
def test_failure_of_the_upstream_is_exit_code_1_and_one_line(http: Any, capsys: pytest.CaptureFixture[str]) -> None:
    assert try_source.run("google_traffic", SETTINGS, http=http(), now=NOW) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("radar try: google_traffic: ")
    assert said.err.count("\n") == 1


def test_wrong_call_is_exit_code_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert try_source.run("moon", SETTINGS) == 2
    assert "edge_logs, google_traffic" in capsys.readouterr().err
    assert try_source.run("ioda_signals", SETTINGS, file=tmp_path / "none") == 2
    assert "is no file" in capsys.readouterr().err
    assert record.run("moon", SETTINGS) == 2


def test_recording_writes_an_answer_its_rows_and_its_rejections(tmp_path: Path) -> None:
    assert record.run("ioda_signals", SETTINGS, http=upstream(), into=tmp_path, now=NOW) == 0
    folder = tmp_path / "ioda_signals" / "recorded"
    (answer,) = (file for file in folder.iterdir() if file.suffix != ".csv")
    parsed = get("ioda_signals").parse(answer.read_bytes(), name=answer.name)
    assert record.golden(parsed.rows) == (folder / "golden.csv").read_text()
    assert (folder / "rejected.csv").read_text().startswith("reason,count,example\n")


def test_recording_of_a_long_file_keeps_its_first_lines(tmp_path: Path) -> None:
    from radar.sources._recorded import recorded

    for source, answer in recorded():
        file = tmp_path / answer.name
        file.write_bytes(answer.body)
        assert record.run(source, SETTINGS, file=file, into=tmp_path / "out") == 0
        kept = tmp_path / "out" / source / "recorded" / answer.name
        assert 0 < kept.stat().st_size < 40_000
        assert (kept.parent / "golden.csv").read_text().count("\n") > 30


def test_recording_keeps_the_country_of_an_address_in_the_file_name(tmp_path: Path) -> None:
    raw = (FIXTURES / "google_traffic" / "raw_answer" / "RU.txt").read_bytes()
    assert record.run("google_traffic", SETTINGS, http=upstream(body=raw), into=tmp_path, now=NOW) == 0
    assert (tmp_path / "google_traffic" / "recorded" / "AD.txt").is_file()


def test_recording_of_what_no_one_can_read_fails_in_words(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "RU.csv"
    file.write_bytes(b"<html>")
    assert record.run("google_traffic", SETTINGS, file=file, into=tmp_path / "out") == 1
    assert "radar record: google_traffic: byte 0" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_edge_logs_without_the_setting_is_a_wrong_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RADAR_EDGE_LOGS", raising=False)
    assert try_source.run("edge_logs", SETTINGS, http=upstream(), now=NOW) == 2


def test_a_source_that_has_more_to_tell_tells_its_first_fifty_rows(capsys: pytest.CaptureFixture[str]) -> None:
    case = next(case for case in cases("atlas_results") if case.folder.name == "pings")
    assert try_source.run("atlas_results", SETTINGS, file=case.file, as_json=True, now=NOW) == 0
    found = told(capsys)
    assert len(found["details"]) == 23
    assert found["details_left_out"] == 0
    assert {"asn", "country", "target", "rtt_p50_ms", "rtt_lo_ms", "rtt_hi_ms", "loss"} <= set(found["details"][0])
    assert try_source.run("atlas_results", SETTINGS, file=case.file, as_json=False, now=NOW) == 0
    assert "23 more rows of detail" in capsys.readouterr().out


def test_a_recorded_answer_keeps_no_address_of_a_host(tmp_path: Path) -> None:
    file = tmp_path / "results.ndjson"
    line = {"type": "ping", "timestamp": 1772452800, "prb_id": 1, "from": "193.0.0.9", "src_addr": "192.168.3.4",
            "dst_name": "k", "sent": 1, "rcvd": 1, "result": [{"rtt": 5.0}]}  # fmt: skip
    file.write_text(json.dumps(line) + "\n")
    assert record.run("atlas_results", SETTINGS, file=file, into=tmp_path / "out") == 0
    kept = (tmp_path / "out" / "atlas_results" / "recorded" / "results.ndjson").read_text()
    assert "193.0.0.9" not in kept
    assert "192.168.3.4" not in kept
    assert "asn/3333" in (tmp_path / "out" / "atlas_results" / "recorded" / "golden.csv").read_text()


def test_a_recorded_list_is_cut_until_it_can_be_read(tmp_path: Path) -> None:
    file = tmp_path / "probes.json"
    probes = [{"id": n, "status": {"id": 1}, "status_since": 1, "country_code": "AT", "last_connected": 1772452800,
               "address_v4": "193.0.0.9", "x": "x" * 900} for n in range(400)]  # fmt: skip
    file.write_text(json.dumps({"count": 400, "next": None, "results": probes}))
    assert record.run("atlas_probes", SETTINGS, file=file, into=tmp_path / "out") == 0
    kept = (tmp_path / "out" / "atlas_probes" / "recorded" / "probes.json").read_text()
    assert len(kept) < 20_000
    assert "193.0.0.9" not in kept


def test_an_upstream_with_terms_is_not_asked_before_they_are_accepted_and_a_file_is_read(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    bare = load({})
    for call in (try_source.run, record.run):
        more: dict[str, Any] = {"as_json": True} if call is try_source.run else {"into": tmp_path}
        assert call("ioda_signals", bare, http=upstream(), now=NOW, **more) == 2
        assert "add ioda_signals to RADAR_ACCEPT_TERMS" in capsys.readouterr().err
    file = FIXTURES / "ioda_signals" / "api_answer" / "country-IR-NA.json"
    assert try_source.run("ioda_signals", bare, file=file, as_json=True, now=NOW) == 0
