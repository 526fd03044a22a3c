"""The reference tables: what the package holds, and which file is read where a newer one was put."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from importlib.resources import files
from pathlib import Path

import pytest

from radar import entities, people, reference
from scripts import reference as manifest

HEADER = "provider,region,name,lat,lon"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder of refreshed tables of an empty data folder."""
    monkeypatch.setenv("RADAR_DATA_DIR", str(tmp_path))
    reference.forget()
    yield tmp_path / "reference"
    reference.forget()


def put(folder: Path, text: str, **changed: object) -> None:
    """Put a refreshed table of cloud regions there."""
    place = folder / "cloud_regions"
    place.mkdir(parents=True)
    (place / "new.csv").write_text(text, "utf-8")
    note = {
        "file": "new.csv",
        "sha256": reference.sha256(text.encode()),
        "version": "v2",
        "date": "2027-01-01",
        "rows": 1,
    }
    (place / reference.CURRENT).write_text(json.dumps(note | changed), "utf-8")


@pytest.mark.parametrize("name", reference.names())
def test_each_table_is_what_the_manifest_says(name: str, folder: Path) -> None:
    said = reference.info(name)
    raw = files("radar").joinpath("data", said.file).read_bytes()
    assert reference.sha256(raw) == said.sha256
    assert len(reference.lines(name)) == said.rows
    assert tuple(next(reference.table(name))) == said.columns
    assert said.licence_url.startswith("https://")
    assert not said.refreshed
    assert not said.trouble


def test_the_script_that_writes_the_manifest_finds_nothing_to_change() -> None:
    text = (manifest.DATA / "reference.toml").read_text("utf-8")
    assert manifest.current(text) == text
    assert manifest.current(text.replace("rows = 250", "rows = 1")) == text


def test_tables_name_only_countries_that_exist(folder: Path) -> None:
    known = entities.countries()
    assert {row["cc"] for row in reference.table("cities")} <= known.keys()
    assert all(entities.is_entity(f"region/{row['code']}") for row in reference.table("regions"))
    assert {row["owner_cc"] for row in reference.table("state_owned")} <= known.keys()
    assert {row["abroad_cc"] for row in reference.table("state_owned")} <= {*known, ""}


def test_namibia_is_a_country_and_not_a_missing_value(folder: Path) -> None:
    assert {row["asn"] for row in reference.table("state_owned") if row["owner_cc"] == "NA"} >= {"36996"}
    assert any(row["cc"] == "NA" for row in reference.table("cities"))


def test_a_refreshed_table_is_read_in_place_of_the_packaged_one(folder: Path) -> None:
    put(folder, f"{HEADER}\naws,here,Here,1,2\n")
    said = reference.info("cloud_regions")
    assert (said.refreshed, said.version, said.date, said.rows) == (True, "v2", "2027-01-01", 1)
    assert [row["name"] for row in reference.table("cloud_regions")] == ["Here"]


@pytest.mark.parametrize(
    ("text", "changed"),
    [
        (f"{HEADER}\naws,here,Here,1,2\n", {"sha256": "0"}),
        (f"{HEADER}\naws,here,Here,1,2\n", {"file": "none.csv"}),
        ("a,b\n1,2\n", {}),
        ("", {}),
    ],
    ids=["another hash", "no file", "other columns", "empty"],
)
def test_a_refreshed_table_that_is_broken_is_passed_over_and_told_of(
    text: str, changed: dict[str, str], folder: Path
) -> None:
    put(folder, text, **changed)
    said = reference.info("cloud_regions")
    assert not said.refreshed
    assert "is not used" in said.trouble
    assert len(list(reference.table("cloud_regions"))) == said.rows


@pytest.mark.parametrize("note", ["", "[]", "null", "{", '{"columns": 1, "file": "x"}', "\udcff"])
def test_a_note_of_any_bytes_leaves_the_packaged_table(note: str, folder: Path) -> None:
    put(folder, f"{HEADER}\naws,here,Here,1,2\n")
    (folder / "cloud_regions" / reference.CURRENT).write_bytes(note.encode("utf-8", "surrogateescape"))
    assert not reference.info("cloud_regions").refreshed


def test_a_note_cannot_name_a_file_elsewhere(folder: Path) -> None:
    put(folder, f"{HEADER}\naws,here,Here,1,2\n", file="../../secret.csv")
    (folder.parent / "secret.csv").write_text(f"{HEADER}\naws,here,Here,1,2\n", "utf-8")
    assert not reference.info("cloud_regions").refreshed


@pytest.mark.parametrize(("said", "days"), [("2026-11-26", 0), ("2026-11", 0), ("2025-12", 330), ("2021", 1791)])
def test_a_date_that_is_not_exact_is_as_young_as_it_may_be(said: str, days: int) -> None:
    assert reference.age_days(said, date(2026, 11, 26)) == days


def test_users_of_a_country_are_not_zero_where_they_are_not_known(folder: Path) -> None:
    assert people.of_country("TW") is None
    assert 900_000 < (people.of_country("TT") or 0) < 1_600_000


def test_no_users_are_estimated_where_addresses_say_little_of_people(folder: Path) -> None:
    assert people.of_network(7922) is None, "a country with four addresses for each user"
    assert people.of_network(64512) is None, "a network that is not in the table"
    assert people.of_network(12479) is None, "a network of several countries"


def test_users_of_the_networks_of_a_country_do_not_exceed_its_users(folder: Path) -> None:
    iraq = [n.asn for n in entities.networks().values() if n.home == "IQ"]
    total = sum(people.of_network(asn) or 0 for asn in iraq)
    assert 0 < total <= (people.of_country("IQ") or 0) + len(iraq)


def test_a_name_that_a_registry_holds_in_quotes_is_told_without_them() -> None:
    lines = [
        '57218,"""Rightel PJS""",IR,1.0,256',
        '3216,"PJSC ""Vimpelcom""",RU,1.0,256',
        '3276,"""OBIT"" Ltd.",RU,1.0,256',
    ]
    names = [network.name for network in entities.Networks(lines).values()]
    assert names == ["Rightel PJS", 'PJSC "Vimpelcom"', '"OBIT" Ltd.']
