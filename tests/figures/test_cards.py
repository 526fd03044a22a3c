"""Cards: pictures of the right size that say all they must, drawn from what is known and nothing else."""

from __future__ import annotations

import io
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from PIL import Image

from radar.figures import axes, cardmap, cards, ink
from radar.figures.chart import Chart, Span
from radar.figures.palette import colours
from radar.figures.world import Region, point_of, shapes
from radar.shapes import EntityState
from tests.conftest import REPO

FONTS = REPO / "assets" / "fonts"
LIGHT = colours("light")
START = datetime(2026, 3, 2, tzinfo=UTC)


def state(kind: str) -> EntityState:
    return {"state": kind, "since": None, "outage": None, "words": "", "depth": None, "simulated": False, "series": []}  # type: ignore[typeddict-item]  # the kind is one of them


CARD = cards.Card(
    state="outage", kicker="Outage", headline="Iraq has been mostly offline since 05:00 UTC.", facts="since 05:00 UTC",
    time="2 Mar 2026, 12:00 UTC", credit="Source: Edge logs · CC BY 4.0", address="radar.example.org/country/IQ",
    simulated=False, states={"IQ": state("outage"), "FR": state("ok")},
)  # fmt: skip
CHART = Chart(
    title="Requests", sentence="", unit="requests", start=START, step_s=3600,
    value=[10.0, 10.0, None, None, 2.0, 2.0, 2.0, 2.0], baseline=[10.0] * 8, lo=[9.0] * 8, hi=[11.0] * 8,
    spans=(Span(start=START.replace(hour=4), end=None, level="outage", label="Outage"),),
)  # fmt: skip


def drawn(card: cards.Card) -> Image.Image:
    picture = Image.open(io.BytesIO(cards.png(card, FONTS)))
    assert picture.format == "PNG"
    return picture.convert("RGB")


def near(picture: Image.Image, colour: str) -> int:
    """Pixels of about this colour: a card has 256 colours, chosen from what is drawn."""
    want = tuple(int(colour[i : i + 2], 16) for i in (1, 3, 5))
    counts: Counter[tuple[int, ...]] = Counter(picture.get_flattened_data())
    return sum(n for seen, n in counts.items() if max(abs(a - b) for a, b in zip(seen, want, strict=True)) <= 6)


def test_a_card_has_the_size_that_networks_ask_for_and_is_small() -> None:
    body = cards.png(CARD, FONTS)
    assert Image.open(io.BytesIO(body)).size == (1200, 630)
    assert len(body) < 100_000
    assert cards.png(CARD, FONTS) == body, "the same card is the same picture"


def test_simulated_data_are_said_to_be_so_in_the_picture() -> None:
    assert near(drawn(CARD), LIGHT["simulated"]) == 0
    assert near(drawn(replace(CARD, simulated=True)), LIGHT["simulated"]) > 5000


@pytest.mark.parametrize("part", ["headline", "facts", "kicker", "time", "credit", "address"])
def test_every_part_is_written(part: str) -> None:
    assert cards.png(replace(CARD, **{part: "Something else"}), FONTS) != cards.png(CARD, FONTS)


@pytest.mark.parametrize("headline", ["x" * 400, "word " * 200, "Côte d’Ivoire: Ağrı, Łódź, 中国 \u202e\n\t" * 9, ""])
def test_any_headline_stays_inside(headline: str) -> None:
    picture = drawn(replace(CARD, headline=headline, facts=headline, credit=headline, address=headline))
    for x in (*range(50), *range(1150, 1200)):
        assert {picture.getpixel((x, y)) for y in range(0, 630, 3)} == {picture.getpixel((0, 0))}, f"ink at x={x}"


LONG = {
    "en": "AS3243 MEO - SERVICOS DE COMUNICACOES E MULTIMEDIA S.A. was almost entirely offline from 03:00 to 11:10 UTC "
    "on 2 March 2026: requests at our edge 100 % below normal at the worst.",
    "es": "Los intentos contra “Simulated: remote code execution in a mail gateway of a maker with a long name” (regla "
    "simulated-932999) subieron a 1.234 veces su número habitual desde las 03:55 UTC del 22 de septiembre de 2026: "
    "2.149.111 en una hora.",
}  # fmt: skip
IODA = {
    "en": "Source: IODA outage signals · Copyright Georgia Tech Research Corporation; use with attribution, no open "
    "licence stated · values as known today",
    "es": "Fuente: Señales de interrupciones de IODA · Copyright Georgia Tech Research Corporation; uso con "
    "atribución, sin licencia abierta indicada · valores tal como se conocen hoy",
}  # fmt: skip


@pytest.mark.parametrize("language", ["en", "es"])
def test_headline_facts_and_licence_are_whole(monkeypatch: pytest.MonkeyPatch, language: str) -> None:
    said: list[str] = []
    plain = ink.Paper.text

    def text(self: ink.Paper, at: ink.Point, words: str, *more: object, **named: object) -> float:
        said.append(words)
        return plain(self, at, words, *more, **named)  # type: ignore[arg-type]  # as they came

    monkeypatch.setattr(ink.Paper, "text", text)
    facts = " · ".join(["de 2 sep 2026, 03:00 UTC a 22 sep 2026, 11:10 UTC", "100 % por debajo de lo normal",
                        "12 de 17 señales lo ven, 3 no pueden ver", "confianza alta (99 %)"])  # fmt: skip
    long = replace(CARD, headline=LONG[language], credit=IODA[language], facts=facts, chart=CHART,
                   address="radar.example.org/outage/20260302-as4199999005-ebb3")  # fmt: skip
    cards.png(long, FONTS)
    whole = " ".join(said)
    for part in (long.headline, long.credit, long.facts, long.address):
        assert part in whole
    assert "…" not in whole


def test_a_card_without_chart_and_world_is_words() -> None:
    assert near(drawn(replace(CARD, states=None)), LIGHT["none"]) == 0


def test_a_world_with_simulated_states_is_said_to_be_simulated() -> None:
    made_up: EntityState = {**state("outage"), "simulated": True}  # type: ignore[typeddict-item]  # the rest is there
    assert near(drawn(replace(CARD, states={"IQ": made_up})), LIGHT["simulated"]) > 5000
    assert not replace(CARD, states={"IQ": made_up}, chart=CHART).shows_simulated, "the world is not drawn then"


def test_letters_that_the_face_lacks_are_no_other_letters() -> None:
    face = ink.Face(FONTS, 24)
    assert "".join(letters for _font, letters in face.runs("Łódź Ağrı")) == "Łódź Ağrı"
    assert "".join(letters for _font, letters in face.runs("中")) == "\ufffd"


def test_what_does_not_fit_is_cut_at_a_word_and_says_so() -> None:
    face = ink.Face(FONTS, 24)
    lines = face.lines("one two three four five six seven eight", 120, 2)
    assert len(lines) == 2
    assert lines[-1].endswith("…")
    assert all(face.width(line) <= 120 for line in lines)


def test_the_map_shows_each_state_in_its_colour_and_hatches_what_cannot_be_said() -> None:
    calm = cardmap.world({"FR": state("ok")}, 300)
    assert calm.size[1] == 300

    def at_home(picture: Image.Image, code: str, size: int = 5) -> set[tuple[int, ...]]:
        x, y = (round(n * 300 / 4283) for n in shapes()["countries"][code]["at"])
        return {picture.getpixel((x + i, y + j))[:3] for i in range(size) for j in range(size)}

    def rgb(name: str) -> tuple[int, ...]:
        return tuple(int(LIGHT[name][i : i + 2], 16) for i in (1, 3, 5))

    assert at_home(calm, "BR") == {rgb("none")}, "a country of which nothing is known is not normal"
    assert at_home(cardmap.world({"BR": state("outage")}, 300), "BR") == {rgb("outage")}
    assert at_home(cardmap.world({"BR": state("ok")}, 300), "BR") == {rgb("ok")}
    assert len(at_home(cardmap.world({"BR": state("insufficient")}, 300), "BR", 9)) > 3, "lines on pale ground"


def test_a_region_is_marked_within_its_country_which_keeps_its_colour() -> None:
    region = Region("US-SC", "South Carolina", "outage", "")
    picture = cardmap.world({"US": state("ok")}, 300, regions=[region])

    def at(x: int, y: int) -> tuple[int, ...]:
        return picture.getpixel((round(x * 300 / 4283), round(y * 300 / 4283)))[:3]

    red, blue = (tuple(int(LIGHT[name][i : i + 2], 16) for i in (1, 3, 5)) for name in ("outage", "ok"))
    assert at(*point_of("US-SC")) == red
    assert at(*shapes()["countries"]["US"]["at"]) == blue


def test_a_country_inside_of_another_is_not_covered_by_it() -> None:
    x, y = (round(n * 900 / 4283) for n in shapes()["countries"]["LS"]["at"])
    picture = cardmap.world({"ZA": state("outage"), "LS": state("ok")}, 900)
    want = tuple(int(LIGHT["ok"][i : i + 2], 16) for i in (1, 3, 5))
    assert picture.getpixel((x, y))[:3] == want


def test_a_chart_leaves_its_gap_empty_and_shades_the_outage() -> None:
    wide, high = 800, 200
    lines = cards._lines(CHART, axes.y_axis(CHART), (wide, high))
    dark = tuple(int(LIGHT["ink"][i : i + 2], 16) for i in (1, 3, 5))

    def inked(begin: int, end: int) -> int:
        box = lines.crop((begin * 100 + 8, 0, end * 100 - 8, high))
        return sum(pixel[:3] == dark for pixel in box.get_flattened_data())

    assert inked(0, 1) > 50
    assert inked(2, 4) == 0, "two hours without data have no line"
    assert inked(5, 7) > 200
    assert lines.getpixel((600, 5))[3] > 20, "the outage is shaded"
    assert lines.getpixel((250, 5))[3] == 0
    assert drawn(replace(CARD, chart=CHART)).tobytes() != drawn(CARD).tobytes()


def test_the_fonts_of_the_site_are_where_cards_look_for_them() -> None:
    assert all((Path(FONTS) / name).is_file() for name in ink._FILES)
