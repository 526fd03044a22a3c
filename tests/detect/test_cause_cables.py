"""Submarine cables: the few that come with the radar, and what an operator may bring."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from radar.detect.cause import Cables, cables
from radar.detect.cause.names import code_named
from radar.errors import ConfigError


def test_the_cables_that_come_with_the_radar_say_who_says_so() -> None:
    found = cables.read()
    tonga = found.of("TO")
    assert tonga.lands == ("Tonga Cable System",)
    assert tonga.whole
    assert tonga.places == ("Tonga Cable System (Sopu near Nukuʻalofa)",)
    assert found.of("FJ", ["TO", "DE"]).shared == ("Tonga Cable System",)
    rows = [line for line in cables_csv() if line and not line.startswith("#")]
    assert all(row.rpartition(",")[2].startswith("http") for row in rows[1:])


def cables_csv() -> list[str]:
    return (Path(cables.__file__).parents[2] / "data" / "cables.csv").read_text("utf-8").splitlines()


def test_a_country_that_is_not_in_a_list_that_is_not_whole_is_not_known() -> None:
    assert cables.read().of("DE").lands is None


def test_a_table_of_the_operator_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "cables.csv"
    path.write_text("cable,country,landing\nNorth,is,Reykjavik\nNorth,FO,\nSouth,IS,Selfoss\n")
    found = cables.read(path)
    assert found.of("IS", ["FO"]) == Cables(
        ("North", "South"), whole=True, shared=("North",), places=("North (Reykjavik)", "South (Selfoss)")
    )
    assert found.of("CH").lands == ()


def test_one_file_for_each_cable(tmp_path: Path) -> None:
    points = [{"name": "Suva, Fiji"}, {"name": "Hilo, HI, United States"}, {"name": "Pointe-Noire, Congo, Rep."},
              {"name": "Rome"}, {"name": "Sopu", "country": "Tonga"}]  # fmt: skip
    (tmp_path / "a.json").write_text(json.dumps({"id": "a", "name": "A", "landing_points": points}))
    (tmp_path / "all.json").write_text("[]")
    found = cables.read(tmp_path)
    assert {code: towns for code, towns in found.cables["A"].items() if code != "TO"} == {
        "FJ": ["Suva"], "US": ["Hilo"], "CG": ["Pointe-Noire"],
    }  # fmt: skip
    assert found.left_out == ["A: Rome, "]


def _map(folder: Path, line: list[list[float]]) -> Path:
    lines = {"features": [{"properties": {"slug": "ab-c"}, "geometry": {"type": "MultiLineString",
                                                                         "coordinates": [line]}}]}  # fmt: skip
    points = {"features": [
        {"properties": {"name": name}, "geometry": {"coordinates": at}}
        for name, at in (("Suva, Fiji", [178.4, -18.1]), ("Sopu, Tonga", [-175.2, -21.1]), ("Apia, Samoa", [-171, -13]))
    ]}  # fmt: skip
    (folder / "cable-geo.json").write_text(json.dumps(lines))
    (folder / "landing-point-geo.json").write_text(json.dumps(points))
    return folder


def test_a_line_lands_where_it_comes_near_a_point_across_the_date_line_too(tmp_path: Path) -> None:
    folder = _map(tmp_path, [[178.45, -18.15], [180.0, -19.0], [-175.25, -21.15]])
    assert cables.read(folder).cables == {"ab c": {"FJ": ["Suva"], "TO": ["Sopu"]}}
    (folder / "cable-all.json").write_text('[{"id": "ab-c", "name": "Alpha-Beta"}]')
    assert list(cables.read(folder).cables) == ["Alpha-Beta"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("cable,place\nA,B\n", "no column country, landing"),
        ("cable,country,landing\nA,Fiji,Suva\n", "row 2: cable 'A' in country 'Fiji'; expected a name and a code"),
        ("cable,country,landing\n", "no rows"),
    ],
)
def test_a_table_that_is_wrong_says_where(tmp_path: Path, text: str, expected: str) -> None:
    path = tmp_path / "cables.csv"
    path.write_text(text)
    with pytest.raises(ConfigError, match=expected):
        cables.read(path)


def test_a_folder_or_a_file_that_is_something_else_says_so(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="expected one JSON file per cable"):
        cables.read(tmp_path)
    with pytest.raises(ConfigError, match="cannot be read"):
        cables.read(tmp_path / "nothing.csv")
    folder = _map(tmp_path, [[0.0, 0.0]])
    with pytest.raises(ConfigError, match="no line comes near"):
        cables.read(folder)
    (folder / "cable-geo.json").write_text('{"features": [{"properties": {}}]}')
    with pytest.raises(ConfigError, match=r"KeyError.*expected GeoJSON features"):
        cables.read(folder)


def test_names_of_countries_on_maps_are_read() -> None:
    said = ("Congo, Dem. Rep.", "Curaçao", "Réunion", "United States", "Sao Tome And Principe", "Turkey", "nowhere")
    assert [code_named(text) for text in said] == ["CD", "CW", "RE", "US", "ST", "TR", None]


@pytest.mark.shared
def test_a_whole_map_of_cables_is_read(shared_data: Path) -> None:
    found = cables.read(shared_data / "submarine-cables-telegeography-2021")
    assert len(found.cables) > 440
    assert len(found.left_out) < 5
    assert "Tonga Cable" in (found.of("TO").lands or ())
    assert found.of("CH").lands == ()
