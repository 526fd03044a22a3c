"""``radar causes``: files of labelled outages, what is written, and what a wrong file is told."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from jobs import causes, causes_page, cli
from radar.causes import LEARNED_FILE, read_learned
from radar.errors import SchemaError

#: Generated, not real. Of three countries, both kinds in each.
ROWS = [
    f"g{i},2020-0{1 + i % 9}-0{1 + i % 7}T0{i % 6}:{'30' if i % 2 else '17'}:00Z,,{('Iraq', 'Turkey', 'Congo')[i % 3]},"
    f"{'Country' if i % 4 else 'Region (North)'},{'Exams' if i % 2 else 'Cable-Cut'},true"
    for i in range(40)
]
HEAD = "id,begin,end,country,scope,cause,bgp_visible"


@pytest.fixture
def labelled(tmp_path: Path) -> Path:
    path = tmp_path / "outages.csv"
    path.write_text("\n".join([HEAD, *ROWS, "u,2020-01-01T00:00:00Z,2019-12-31T00:00:00Z,Iraq,Country,,",
                               "d,2020-01-09T00:00:00Z,,Iraq,Country,DDoS,"]))  # fmt: skip
    return path


def test_a_file_of_curated_outages_is_read_and_what_is_set_aside_is_counted(labelled: Path) -> None:
    events, left = causes.read(labelled)
    assert len(events) == 42
    assert {e.country for e in events} == {"IQ", "TR", "CG"}
    assert sum(e.directed is None for e in events) == 2
    assert left == {"cause ddos": 1, "end before its start": 1}
    assert events[0].longitude is not None


def test_what_people_said_is_read_too(tmp_path: Path) -> None:
    path = tmp_path / "labels.csv"
    path.write_text("entity,start,end,cause\ncountry/IQ,2026-01-01T00:00:00Z,,shutdown\n"
                    "asn/5089,2026-01-02T00:00:00Z,2026-01-02T01:00:00Z,routing\n")  # fmt: skip
    events, _ = causes.read(path)
    assert [(e.country, e.part, e.directed) for e in events] == [("IQ", False, True), ("GB", True, False)]


def test_learning_writes_weights_that_the_radar_reads(
    labelled: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    into = tmp_path / "causes.json"
    assert cli.main(["causes", "learn", str(labelled), "--into", str(into), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    learnt = read_learned(into)
    assert learnt.weights["half_hour"] > 0
    assert learnt.study["source"] == "outages.csv"
    assert told["study"]["rows_used"] == 40


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("id,begin\n", "no column cause, country, scope"),
        (f"{HEAD}\n1,yesterday,,Iraq,Country,Exams,\n", "row 2: begin is 'yesterday'; expected a time"),
        (f"{HEAD}\n1,2020-01-01T00:00:00,,Iraq,Country,Exams,\n", "row 2: begin is '2020-01-01T00:00:00'"),
        ("entity,start,end,cause\nIraq,2020-01-01T00:00:00Z,,power\n", "row 2: entity is 'Iraq'; expected a key"),
    ],
)
def test_a_file_of_another_form_says_where(tmp_path: Path, text: str, expected: str) -> None:
    path = tmp_path / "outages.csv"
    path.write_text(text)
    with pytest.raises(SchemaError, match=expected):
        causes.read(path)
    with pytest.raises(SchemaError, match="cannot be read"):
        causes.read(tmp_path / "nothing.csv")


def test_too_little_to_learn_from_is_a_failure(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "outages.csv"
    path.write_text("\n".join([HEAD, ROWS[0]]))
    assert cli.main(["causes", "learn", str(path)]) == 1
    assert "1 labelled outages of 1 countries; expected three or more" in capsys.readouterr().err


def test_the_page_holds_the_numbers_of_the_weights_in_the_package() -> None:
    page = causes.PAGE.read_text("utf-8")
    assert causes_page.inserted(page, json.loads(LEARNED_FILE.read_bytes())) == page
    with pytest.raises(ValueError, match=r"docs/causes\.md has no"):
        causes_page.inserted("nothing", {})


def test_validate_shows_rows_used_of_rows_in_all(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["causes", "validate"]) == 0
    assert "161 of 1250 rows" in capsys.readouterr().out


def test_cables_are_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["causes", "cables"]) == 0
    assert "Tonga Cable System" in capsys.readouterr().out
    path = tmp_path / "mine.csv"
    path.write_text("cable,country,landing\nMine,IS,Reykjavik\n")
    assert cli.main(["causes", "cables", str(path), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["cables"] == {"Mine": {"IS": ["Reykjavik"]}}
