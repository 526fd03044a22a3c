"""What people say on the command line: kept, shown, never deleting; and a wrong word is told in one line."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from jobs import cli, reviewed, reviews
from radar import settings
from radar.detect.evaluate import load_labels
from radar.reviews import MOST_NAME, MOST_REASON
from radar.shapes import Outage
from radar.store import Store, documents, keys, lease
from radar.times import rfc3339
from tests import samples

IRAQ, FIJI, PORTUGAL = "IQ-20260302T0500Z", "FJ-20260302T0100Z", "PT-20260301T1000Z"
WHO = ("--by", "Desk", "--reason", "The operator says so.")

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def radar(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    valkey_url: str,
    client: Store,
) -> Run:
    """The command line over a store with the samples; their replay has ended, so that nobody publishes."""
    for row in settings.SETTINGS:
        for variable in (row.variable, *row.aliases):
            monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("RADAR_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("REDIS_URL", valkey_url)
    docs, states = samples.sample_documents()
    docs["clock"]["speed"] = 0
    documents.publish(client, docs, states)

    def run(*arguments: str) -> tuple[int, str, str]:
        try:
            code = cli.main(["outages", *arguments])
        except SystemExit as done:  # argparse's way
            code = int(done.code or 0)
        told = capsys.readouterr()
        return code, told.out, told.err

    return run


def outage(client: Store, id: str = IRAQ) -> Outage:
    found: Outage = documents.get(client, f"outage:{id}")
    listed = {row["id"]: row for row in documents.get(client, "outages")}
    assert found == listed[id], "the list and the outage's own document say the same"
    return found


# -- kept --------------------------------------------------------------------------------------------------------------


def test_an_entry_says_who_when_what_and_why(radar: Run, client: Store, tmp_path: Path) -> None:
    before = datetime.now(UTC).replace(microsecond=0)
    code, out, err = radar("confirm", IRAQ, *WHO, "--json")
    assert (code, err) == (0, "")
    told = json.loads(out)
    entry = told["entry"]
    assert {name: entry[name] for name in ("by", "kind", "outage", "reason", "at")} == {
        "by": "Desk", "kind": "confirm", "outage": IRAQ, "reason": "The operator says so.", "at": rfc3339(samples.NOW),
    }  # fmt: skip
    assert datetime.fromisoformat(entry["wall"]) >= before
    assert told["kept"] == {"store": "synced", "file": str(tmp_path / "journal" / "reviews.ndjson")}
    assert json.loads((tmp_path / "journal" / "reviews.ndjson").read_text()) == entry
    assert client.xlen(keys.journal("reviews")) == 1


def test_people_are_told_where_it_is_kept_and_when_it_shows(radar: Run, client: Store) -> None:
    out = radar("confirm", IRAQ, *WHO)[1]
    assert "reviews.ndjson; on the disk of the store." in out
    assert "brought up to date at once" in out
    clock = documents.get(client, "clock")
    documents.put(client, "clock", {**clock, "mode": "live", "speed": 1, "wall": rfc3339(datetime.now(UTC))})
    assert "It shows with the next publication" in radar("confirm", FIJI, *WHO)[1]
    assert "reviews" not in outage(client, FIJI), "the worker lays it over, not we"


def test_a_radar_whose_worker_is_dead_shows_it_all_the_same(radar: Run, client: Store) -> None:
    clock = documents.get(client, "clock")
    old = rfc3339(datetime.now(UTC) - timedelta(minutes=6))
    documents.put(client, "clock", {**clock, "mode": "live", "speed": 1, "wall": old})
    assert json.loads(radar("confirm", IRAQ, *WHO, "--json")[1])["shown"] is True
    assert outage(client)["reviews"][0]["kind"] == "confirm"


def test_while_a_worker_publishes_it_is_left_to_the_worker(radar: Run, client: Store) -> None:
    with lease.lock(client, "pipeline", 30):
        out = radar("confirm", IRAQ, *WHO)[1]
    assert "it shows once a worker runs" in out
    assert "reviews" not in outage(client)


# -- shown -------------------------------------------------------------------------------------------------------------


def test_a_false_alarm_leaves_the_map_and_stays_in_the_list(radar: Run, client: Store) -> None:
    states = documents.read(client, (), states=True).states
    assert states["country/IQ"]["outage"] == IRAQ
    assert radar("false-alarm", IRAQ, *WHO)[0] == 0
    assert outage(client)["status"] == "retracted"
    state = documents.read(client, (), states=["country/IQ"]).states["country/IQ"]
    assert (state["state"], state["outage"]) == ("insufficient", None)
    assert "taken back" in state["words"]
    assert state["series"] == states["country/IQ"]["series"]


def test_withdrawing_a_false_alarm_brings_back_outage_and_map(radar: Run, client: Store) -> None:
    was = documents.read(client, (), states=["country/IQ"]).states["country/IQ"]
    entry = json.loads(radar("false-alarm", IRAQ, *WHO, "--json")[1])["entry"]["id"]
    assert radar("withdraw", entry, *WHO)[0] == 0
    found = outage(client)
    assert (found["status"], [row["kind"] for row in found["reviews"]]) == ("open", ["false_alarm", "withdraw"])
    state = documents.read(client, (), states=["country/IQ"]).states["country/IQ"]
    assert {name: state[name] for name in ("state", "since", "outage", "series")} == {  # type: ignore[literal-required]
        name: was[name]
        for name in ("state", "since", "outage", "series")  # type: ignore[literal-required]
    }


def test_a_correction_keeps_what_was_published_before_it(radar: Run, client: Store) -> None:
    code, out, _ = radar("correct", IRAQ, "--start", "2026-03-02T07:40:00+03:00", "--cause", "power", *WHO, "--json")
    assert code == 0
    entry = json.loads(out)["entry"]
    assert (entry["start"], entry["cause"]) == ("2026-03-02T04:40:00Z", "power")
    assert entry["before"] == {"start": "2026-03-02T05:00:00Z", "cause": "shutdown"}
    found = outage(client)
    assert found["start"] == "2026-03-02T04:40:00Z"
    assert found["said_before"]["start"] == "2026-03-02T05:00:00Z"
    assert found["causes"][0]["cause"] == "power"


def test_a_mute_may_be_given_a_day_and_be_ended(radar: Run, client: Store) -> None:
    assert radar("mute", IRAQ, "--until", "2026-03-09", *WHO)[0] == 0
    assert outage(client)["muted"]["until"] == "2026-03-09T00:00:00Z"
    assert radar("unmute", IRAQ, *WHO)[0] == 0
    assert "muted" not in outage(client)
    assert radar("unmute", IRAQ, *WHO) == (2, "", f"radar outages unmute: {IRAQ} is not muted\n")


def test_an_outage_that_is_too_old_for_the_list_can_be_spoken_of(radar: Run, client: Store) -> None:
    old: dict[str, Any] = {**samples.sample_outages()[0], "id": "XX-old"}
    documents.put(client, "outage:XX-old", old)
    assert radar("confirm", "XX-old", *WHO)[0] == 0
    assert documents.get(client, "outage:XX-old")["reviews"][0]["by"] == "Desk"
    assert "XX-old" not in {row["id"] for row in documents.get(client, "outages")}


def test_without_a_word_the_list_is_what_it_was(radar: Run) -> None:
    listed = json.loads(radar("--json")[1])
    assert [row["id"] for row in listed] == [row["id"] for row in samples.sample_outages()]
    assert json.loads(radar("--json", "journal")[1]) == []


# -- wrong words -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (("confirm", IRAQ, "--by", "Desk"), "required: --reason"),
        (("confirm", IRAQ, "--reason", "x"), "required: --by"),
        (("mute", IRAQ, *WHO), "required: --until"),
        (("mute", IRAQ, *WHO, "--until", "soon"), "'soon' is no day and no time with a zone"),
        (("mute", IRAQ, *WHO, "--until", "2026-03-09T00:00"), "is no day and no time with a zone"),
        (("mute", IRAQ, *WHO, "--until", "2026-03-02"), "--until 2026-03-02T00:00:00Z is past: the radar's clock is "
         "2026-03-02T12:00:00Z"),
        (("confirm", "IQ-20260302T0501Z", *WHO), f"no outage 'IQ-20260302T0501Z' was published here; the nearest are "
         f"{IRAQ}"),
        (("confirm", "?", *WHO), "there is none like it"),
        (("confirm", IRAQ, "--by", " \t", "--reason", "x"), "--by is empty"),
        (("confirm", IRAQ, "--by", "x" * (MOST_NAME + 1), "--reason", "x"), "--by has 101 characters; at most 100"),
        (("confirm", IRAQ, "--by", "x", "--reason", "y" * 10_240), f"has 10240 characters; at most {MOST_REASON}"),
        (("correct", IRAQ, *WHO), "needs at least one of --start, --end, --level, --cause"),
        (("correct", IRAQ, *WHO, "--cause", "aliens"), "invalid choice: 'aliens'"),
        (("correct", IRAQ, *WHO, "--level", "bad"), "invalid choice: 'bad'"),
        (("correct", IRAQ, *WHO, "--end", "2026-03-02T04:00:00Z"), "the end 2026-03-02T04:00:00Z would lie before the "
         "start 2026-03-02T05:00:00Z"),
        (("correct", IRAQ, *WHO, "--end", "2026-03-02T13:00:00Z"), "--end 2026-03-02T13:00:00Z has not come"),
        (("correct", FIJI, *WHO, "--start", "2026-03-02T11:00:00Z"), "would lie before the start"),
        (("withdraw", "r1", *WHO), "no entry 'r1' in the journal; there is none like it"),
    ],
)  # fmt: skip
def test_what_cannot_be_said_is_told_in_words_and_nothing_is_kept(
    radar: Run, client: Store, tmp_path: Path, call: tuple[str, ...], says: str
) -> None:
    code, out, err = radar(*call)
    assert (code, out) == (2, "")
    assert says in err
    assert "Traceback" not in err
    assert client.xlen(keys.journal("reviews")) == 0
    assert not (tmp_path / "journal" / "reviews.ndjson").exists()


def test_an_entry_is_taken_back_once_and_a_taking_back_is_not(radar: Run) -> None:
    entry = json.loads(radar("confirm", IRAQ, *WHO, "--json")[1])["entry"]["id"]
    back = json.loads(radar("withdraw", entry, *WHO, "--json")[1])["entry"]["id"]
    assert f"entry {entry} was taken back already, by entry {back}" in radar("withdraw", entry, *WHO)[2]
    assert "takes another one back" in radar("withdraw", back, *WHO)[2]
    assert f"the nearest are {entry}" in radar("withdraw", entry[:-1] + "z", *WHO)[2]


def test_before_the_first_publication_there_is_nothing_to_speak_of(radar: Run, client: Store) -> None:
    client.flushall()
    code, out, err = radar("confirm", IRAQ, *WHO)
    assert (code, out) == (1, "")
    assert "nothing was published yet" in err


def test_with_the_store_away_nothing_is_kept_and_that_is_said(radar: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REDIS_URL", "redis://127.0.0.1:1")
    code, out, err = radar("confirm", IRAQ, *WHO)
    assert (code, out) == (1, "")
    assert "the store cannot be reached" in err


# -- the journal -------------------------------------------------------------------------------------------------------


def test_the_journal_lists_all_entries_and_which_were_taken_back(radar: Run) -> None:
    entry = json.loads(radar("confirm", IRAQ, *WHO, "--json")[1])["entry"]["id"]
    radar("withdraw", entry, *WHO)
    radar("correct", FIJI, "--level", "degraded", *WHO)
    lines = radar("journal")[1].splitlines()
    assert len(lines) == 3
    assert lines[0].startswith(f"2026-03-02T12:00:00Z  Confirmed        {IRAQ}  Desk: The operator says so.  {entry}")
    assert "(taken back by r" in lines[0]
    assert "level: degraded instead of outage" in lines[2]
    assert [row["outage"] for row in json.loads(radar("journal", FIJI, "--json")[1])] == [FIJI]
    assert radar("journal", "nothing")[1] == "Nobody has said anything.\n"


def test_a_broken_line_of_the_file_is_told_and_hides_no_entry(radar: Run, tmp_path: Path) -> None:
    radar("confirm", IRAQ, *WHO)
    with (tmp_path / "journal" / "reviews.ndjson").open("a") as file:
        file.write('{"id": "r2"\n{"id": "r3", "at": "2026-03-02T00:00:00Z", "kind": "praise"}\n')
    code, out, err = radar("journal")
    assert (code, len(out.splitlines())) == (0, 1)
    assert "reviews.ndjson, line 2: expected a JSON object" in err
    assert "entry r3: kind is 'praise'" in err


def test_an_emptied_store_gets_the_reviews_back_with_the_outages(
    radar: Run, client: Store, valkey_url: str, tmp_path: Path
) -> None:
    radar("confirm", IRAQ, *WHO)
    client.flushall()
    docs, states = samples.sample_documents()
    documents.publish(client, {**docs, "clock": {**docs["clock"], "speed": 0}}, states)
    assert "reviews" not in outage(client)
    assert reviewed.show_now(client, reviewed.journal_of(client, tmp_path), samples.NOW)
    assert outage(client)["reviews"][0]["by"] == "Desk"


# -- fed back to evaluation --------------------------------------------------------------------------------------------


def label_rows(out: str) -> dict[str, dict[str, str]]:
    return {row["outage"]: row for row in csv.DictReader(io.StringIO(out))}


def test_labels_are_what_backtest_reads(radar: Run, tmp_path: Path) -> None:
    radar("confirm", IRAQ, "--by", "Desk", "--reason", 'A "quoted", reason')
    radar("false-alarm", FIJI, *WHO)
    radar("correct", "AS5089-20260302T1100Z", "--start", "2026-03-02T10:50:00Z", "--cause", "cable_cut", *WHO)
    radar("mute", "IQ-51684-20260302T0510Z", "--until", "2026-03-09", *WHO)
    path = tmp_path / "labels.csv"
    path.write_text(radar("labels", "--csv")[1])
    labels = {label.entity: label for label in load_labels(path)}
    assert set(labels) == {"country/IQ", "country/FJ", "asn/5089"}, "a mute says nothing of whether it was one"
    iraq, fiji, virgin = labels["country/IQ"], labels["country/FJ"], labels["asn/5089"]
    assert (iraq.kind, rfc3339(iraq.start), iraq.end) == ("outage", "2026-03-02T04:54:00Z", None)
    assert iraq.start_latest is not None
    assert rfc3339(iraq.start_latest) == "2026-03-02T05:00:00Z", "the onset lies between what was published"
    assert iraq.cause == "", "who confirms an outage confirms no cause"
    assert (fiji.kind, fiji.end and rfc3339(fiji.end)) == ("must_not_fire", "2026-03-02T10:00:00Z")
    assert (rfc3339(virgin.start), virgin.start_latest, virgin.cause) == ("2026-03-02T10:50:00Z", None, "cable_cut")
    assert json.loads(radar("labels", "--json")[1])[0]["kind"] in ("outage", "must_not_fire")


def test_labels_follow_what_was_taken_back(radar: Run) -> None:
    entry = json.loads(radar("confirm", IRAQ, *WHO, "--json")[1])["entry"]["id"]
    assert label_rows(radar("labels")[1])[IRAQ]["kind"] == "outage"
    radar("withdraw", entry, *WHO)
    assert label_rows(radar("labels")[1]) == {}


def test_labels_of_outages_that_are_gone_are_told(radar: Run, client: Store) -> None:
    radar("confirm", IRAQ, *WHO)
    client.delete(keys.document(f"outage:{IRAQ}"))
    code, out, err = radar("labels")
    assert (code, label_rows(out)) == (0, {})
    assert f"no outage is held of {IRAQ}" in err


def test_a_false_alarm_of_one_signal_is_one_of_that_signal_alone() -> None:
    from radar import reviews as rules

    rows: list[Outage] = samples.sample_outages()  # type: ignore[assignment]  # the samples have the whole shape
    said: Any = {"id": "r1", "at": rfc3339(samples.NOW), "wall": "", "by": "Desk", "kind": "false_alarm", "reason": "x",
                 "outage": "AS5089-20260302T1100Z"}  # fmt: skip
    found = {row["id"]: reviews.label_of(row) for row in rules.apply(rows, [said], samples.NOW)}
    label = found["AS5089-20260302T1100Z"]
    assert label is not None
    assert (label["signal"], label["end"]) == ("edge.requests", "2026-03-02T12:00:00Z")


def test_the_help_names_every_command(radar: Run) -> None:
    out = radar("--help")[1]
    for name in ("confirm", "false-alarm", "correct", "mute", "unmute", "withdraw", "journal", "labels"):
        assert f"    {name}" in out
