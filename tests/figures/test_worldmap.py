"""The world map: every country once, honest about what is not known, small enough."""

from __future__ import annotations

import gzip
import re
from collections import Counter
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

from radar.entities import countries
from radar.figures import worldmap
from radar.figures.world import Region, point, point_of, shapes
from radar.shapes import EntityState

SVG = "{http://www.w3.org/2000/svg}"
REPO = Path(__file__).resolve().parents[2]

#: Bytes of the gzipped map with all titles. Raise it only with a reason: it is in the first response of the home page.
BUDGET = 24_500
#: The same of the file that is downloaded, with its shapes as they are packaged.
FILE_BUDGET = 30_000


def state(kind: Any, words: str = "", *, simulated: bool = False) -> EntityState:
    return EntityState(
        state=kind, since=None, outage=None, words=words, depth=None, simulated=simulated, series=[]
    )  # fmt: skip


def world(**kinds: Any) -> dict[str, EntityState]:
    return {code: state(kinds.get(code, "ok")) for code in countries()}


def links(text: str) -> dict[str, ET.Element]:
    found = [a for a in ET.fromstring(text).iter(f"{SVG}a") if a.attrib["class"] != "g"]
    codes = [a.attrib["href"].removeprefix("/country/") for a in found]
    assert max(Counter(codes).values()) == 1
    return dict(zip(codes, found, strict=True))


def test_every_country_is_a_link_exactly_once() -> None:
    assert set(links(worldmap.svg(world()))) == set(countries())
    assert len(countries()) == 250


def test_every_country_can_be_seen_as_a_shape_or_a_dot() -> None:
    for code, link in links(worldmap.svg(world())).items():
        assert [p for p in link.iter(f"{SVG}path") if p.attrib["d"]], code


def test_places_too_small_to_see_are_dots_with_a_touch_target() -> None:
    found = [a for a in ET.fromstring(worldmap.svg(world())).iter(f"{SVG}a") if a.attrib["class"] == "g"]
    assert all(a[0].attrib["class"] == "t" and a.attrib["tabindex"] == "-1" for a in found)
    targets = [a.attrib["href"].removeprefix("/country/") for a in found]
    assert sorted(targets) == sorted(code for code, place in shapes()["countries"].items() if place["dot"])
    assert shapes()["countries"]["MT"]["dot"]
    assert not shapes()["countries"]["BR"]["dot"]


def test_a_country_that_is_absent_is_no_data_and_never_normal() -> None:
    states = world()
    del states["NA"]
    link = links(worldmap.svg(states))["NA"]
    assert link.attrib["class"] == "c s-none"
    assert link[0].text == "Namibia: no data"
    assert all(a.attrib["class"] == "c s-none" for a in links(worldmap.svg({})).values())


def test_state_name_words_and_simulation_are_in_the_title() -> None:
    states = world() | {"IQ": state("outage", "Requests are 72 % below normal", simulated=True)}
    link = links(worldmap.svg(states))["IQ"]
    assert link.attrib["class"] == "c s-outage"
    assert link[0].text == "Iraq: Outage. Requests are 72 % below normal (simulated)"


def test_hostile_names_and_words_are_escaped() -> None:
    evil = '"><script>alert(1)</script>&\x00\x0b'
    states = world() | {"FR": state("degraded", evil)}
    text = worldmap.svg(states, names={"FR": evil})
    assert "<script" not in text
    title = links(text)["FR"][0].text or ""
    assert title.startswith('"><script>alert(1)</script>&: Degraded')


def test_map_is_described_in_words_with_the_worst_first() -> None:
    root = ET.fromstring(worldmap.svg(world(IQ="outage", PT="degraded", NR="insufficient")))
    assert root.attrib["role"] == "group"
    assert root[0].tag == f"{SVG}title"
    desc = root[1].text or ""
    assert desc.index("Outage: Iraq.") < desc.index("Degraded: Portugal.")
    assert "Of 1 we have too little data" in desc
    assert "247 countries are normal." in desc


def test_what_is_broken_is_drawn_last_so_that_it_lies_on_top() -> None:
    codes = list(links(worldmap.svg(world(AF="outage", CN="degraded", ZW="insufficient"))))
    large = [code for code in codes if not shapes()["countries"][code]["dot"]]
    assert large[-3:] == ["ZW", "CN", "AF"]


def test_a_region_is_the_shape_of_its_level_within_a_ring_on_top_of_all() -> None:
    regions = [Region("US-SC", "South Carolina", "outage", "<b>"), Region("ES-CT", "Catalonia", "degraded", "here"),
               Region("US-CA", "California", "none", "no more")]  # fmt: skip
    drawn = worldmap.svg(world(TO="outage"), regions=regions)
    found = list(ET.fromstring(drawn).iter(f"{SVG}a"))[-3:]
    assert [(a.attrib["href"], a.attrib["class"], a[0].text) for a in found] == [
        ("/region/US-CA", "r s-none off", "no more"),
        ("/region/ES-CT", "r s-degraded", "here"),
        ("/region/US-SC", "r s-outage", "<b>"),
    ]
    assert [path.attrib["class"] for path in found[-1].iter(f"{SVG}path")] == ["t", "h", "w", "p", "o"]
    assert "Outage: Tonga. Outage in a region: South Carolina. Degraded in a region: Catalonia. 249 countries" in drawn
    calm = worldmap.svg(world(), regions=regions[:1])
    assert "No country is in outage or degraded as far as we can see. Outage in a region: South Carolina." in calm
    said = [(words, n) for _mark, words, n in worldmap.key(world(), regions)]
    assert said[-2:] == [("Region in outage", 1), ("Region degraded", 1)]


def test_a_place_on_earth_lies_where_the_drawing_has_it() -> None:
    for code, place in shapes()["countries"].items():
        x, y = point(place["lonlat"][1], place["lonlat"][0])
        assert max(abs(x - place["at"][0]), abs(y - place["at"][1])) <= 1, code


def test_a_region_lies_among_its_people_and_one_that_is_not_known_at_the_point_of_its_country() -> None:
    assert point_of("US-SC") == point(33.9, -80.9)
    assert point_of("US-ZZ") == tuple(shapes()["countries"]["US"]["at"])


def test_targets_take_no_ground_from_a_large_country_unless_they_are_broken_and_it_is_calm() -> None:
    """The order in the document is the order of painting: later ones lie on top, and a pointer meets them first."""
    drawn = worldmap.svg(world(MT="outage", ES="outage"))
    order = re.findall(r'<a href="/country/(\w\w)" class="(g|c) ', drawn.replace('class="g"', 'class="g "'))
    place = {pair: i for i, pair in enumerate(order)}
    large = [code for code in countries() if not shapes()["countries"][code]["dot"]]
    assert all(place["GI", "g"] < place[code, "c"] for code in large)
    assert all((place[code, "c"] < place["MT", "g"]) == (code != "ES") for code in large)
    assert place["MT", "g"] < place["MT", "c"]


def test_drawing_holds_no_colour_so_that_both_themes_can_use_it() -> None:
    assert not re.search(r"#[0-9a-fA-F]{3,8}\b|rgb\(|style=", worldmap.svg(world(IQ="outage")).replace("url(#", ""))


def test_map_stays_within_its_byte_budget() -> None:
    states = {c: state("insufficient", "We have too little data on this country to say") for c in countries()}
    assert len(gzip.compress(worldmap.svg(states).encode(), 9)) <= BUDGET
    assert len(gzip.compress(worldmap.svg(world(), compact=True).encode(), 9)) <= FILE_BUDGET


def test_every_country_has_the_marks_of_all_states_so_that_another_moment_needs_classes_alone() -> None:
    for code, link in links(worldmap.svg(world(IQ="outage"))).items():
        classes = [p.attrib.get("class", "") for p in link.iter(f"{SVG}path")]
        wanted = ["p", "o"] if shapes()["countries"][code]["dot"] else ["p b"]
        assert [name for name in classes if name] == wanted, code


def test_disputed_places_without_a_code_have_no_state_and_their_borders_are_dashed() -> None:
    root = ET.fromstring(worldmap.svg(world()))
    neutral = [g for g in root.iter(f"{SVG}g") if "c" in g.get("class", "").split()]
    assert [g.attrib["class"] for g in neutral] == ["c s-none"] * 3
    assert {(g[0].text or "").split(":")[0] for g in neutral} == {"Somaliland", "Northern Cyprus", "Siachen Glacier"}
    assert any(p.get("class") == "disputed" and p.attrib["d"] for p in root.iter(f"{SVG}path"))
    assert "disputed" in worldmap.note()


def test_box_of_the_map_is_the_same_everywhere() -> None:
    data = shapes()
    assert (data["width"], data["height"]) == worldmap.ASPECT
    css = (REPO / "assets/figures.css").read_text()
    assert set(re.findall(r"aspect-ratio: (\d+) / (\d+)", css)) == {tuple(map(str, worldmap.ASPECT))}


def test_no_shape_crosses_the_whole_map_at_the_dateline() -> None:
    """A line of half the map's width would be a streak: Russia, Fiji and the Aleutians are cut at the edge."""
    for code, place in shapes()["countries"].items():
        numbers = [int(n) for n in re.findall(r"-?\d+", place["d"].replace("m", " m "))]
        assert all(abs(n) < shapes()["width"] / 4 for n in numbers[2::2]) or code in (
            "RU",
            "US",
            "FJ",
            "NZ",
            "AQ",
            "KI",
        ), code
    steps = re.split(r"m", shapes()["countries"]["RU"]["d"])[1:]
    assert all(abs(int(n)) < 2400 for ring in steps for n in re.findall(r"-?\d+", ring)[2:])


def test_the_grid_of_the_shapes_loses_less_than_a_pixel_and_the_style_scales_it_back() -> None:
    css = (REPO / "assets/figures.css").read_text()
    assert f".disputed) {{ transform: scale({worldmap.GRID}); }}" in css
    for code, place in shapes()["countries"].items():
        fine, coarse = corners(place["d"]), corners(worldmap.coarse(place["d"]))
        for low, high in ((0, min), (1, min), (0, max), (1, max)):
            if fine:
                exact = high(point[low] for point in fine)
                assert abs(high(point[low] for point in coarse) * worldmap.GRID - exact) <= 10, code


def corners(d: str) -> list[tuple[int, int]]:
    """All points of a path of relative lines."""
    found, x, y = [], 0, 0
    for ring in d.split("m")[1:]:
        numbers = [int(n) for n in re.findall(r"-?\d+", ring)]
        begin = (x + numbers[0], y + numbers[1])
        for dx, dy in zip(numbers[::2], numbers[1::2], strict=True):
            x, y = x + dx, y + dy
            found.append((x, y))
        if ring.endswith("z"):
            x, y = begin
    return found


def test_a_path_on_the_grid_keeps_its_rings_closed_and_drops_what_has_no_area() -> None:
    assert worldmap.coarse("m30 30 30 0 0 30zm60 60 1 0 0 1zm90 90 60 0") == "m10 10 10 0 0 10zm50 50 20 0"
    assert worldmap.coarse("m3 3 1 0 0 1z") == ""


def test_a_file_with_a_style_of_its_own_has_the_shapes_in_full_size() -> None:
    drawn = worldmap.svg({}, compact=True)
    assert '<svg class="map" ' in drawn
    assert all(f'd="{place["d"]}"' in drawn for place in shapes()["countries"].values() if place["d"])
