"""Style sheets speak of start and end, never of left and right, so that a language that runs the other way needs none
of them changed."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

SHEETS = sorted((Path(__file__).resolve().parent.parent / "assets").glob("*.css"))

#: Properties of a physical side or direction, each of which has a logical twin.
PHYSICAL = re.compile(
    r"(?:(?:margin|padding|border|inset|scroll-margin|scroll-padding)-)?(?:left|right|top|bottom)(?:-(?:width|style|color))?"
    r"|border-(?:top|bottom)-(?:left|right)-radius|(?:min-|max-)?(?:width|height)"
)
#: Properties whose one to four values go round the box; with four, or with two radii, a side differs from its other.
ROUND = ("margin", "padding", "inset", "border-width", "border-style", "border-color", "border-radius")
SIDED = ("text-align", "float", "clear")


def physical(css: str) -> list[str]:
    """Declarations that would not turn round with the language."""
    bare = re.sub(r"/\*.*?\*/|@media[^{]*|\([^()]*\)", "", css, flags=re.S)
    found = []
    for name, value in re.findall(r"(?<=[{;\s])([a-z-]+)\s*:\s*([^;{}]+)", bare):
        values = value.split()
        turned = len(values) == 4 and values[1] != values[3]
        if name == "border-radius":
            turned = len(values) > 1
        if (
            PHYSICAL.fullmatch(name)
            or (name in ROUND and turned)
            or (name in SIDED and value.strip() in ("left", "right"))
        ):
            found.append(f"{name}: {value.strip()}")
    return found


@pytest.mark.parametrize("sheet", SHEETS, ids=lambda sheet: sheet.name)
def test_a_style_sheet_names_no_physical_side(sheet: Path) -> None:
    assert physical(sheet.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    "css",
    ["a { margin-left: 1px; }", "a{color:red;left:0}", "a { padding: 0 1px 2px 3px }", "a { text-align: right; }",
     "a { border-radius: 0 2px 2px 0; }", "a { max-width: 3em; }", "a { border-top: 1px solid; }"],
)  # fmt: skip
def test_the_check_finds_a_physical_side(css: str) -> None:
    assert physical(css)


@pytest.mark.parametrize(
    "css",
    ["a { margin-inline-start: 1px; inset-inline: 0; inline-size: 3em }", "a { padding: 0 1px 2px 1px; }",
     "@media (max-width: 600px) { a { text-align: start } }", "a { stroke-width: 2px; border-radius: 4px }"],
)  # fmt: skip
def test_the_check_leaves_logical_sides_alone(css: str) -> None:
    assert physical(css) == []


def test_figures_of_one_width_are_not_for_sentences_whose_hyphens_would_be_as_wide() -> None:
    sheet = next(sheet for sheet in SHEETS if sheet.name == "site.css").read_text(encoding="utf-8")
    body = sheet.partition("body {")[2].partition("}")[0]
    assert "font:" in body
    assert "tnum" not in body
    assert "tabular" not in body


def test_a_table_that_is_a_part_of_the_page_is_shown_whole() -> None:
    sheet = next(sheet for sheet in SHEETS if sheet.name == "site.css").read_text(encoding="utf-8")
    cut = sheet.partition(".scroll { overflow-x: auto; max-block-size: 420px; }")[2]
    assert re.match(r"\s*:is\(\.section, \.page\) > \.scroll, [^{]*\{ max-block-size: none; \}", cut)
