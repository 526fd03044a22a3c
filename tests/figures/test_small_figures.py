"""Sparklines, the agreement matrix, the palette and how numbers are written."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import cast
from xml.etree import ElementTree as ET

import pytest

from radar.figures import chart, matrix, palette, sparkline, style
from radar.figures.text import bin_time, esc, short
from radar.shapes import OutageSignal
from radar.signals import MONTH_S

SVG = "{http://www.w3.org/2000/svg}"
REPO = Path(__file__).resolve().parents[2]
START, END = datetime(2026, 3, 2, 2, tzinfo=UTC), datetime(2026, 3, 2, 14, tzinfo=UTC)


def signal(name: str, verdict: str, first: str | None = None, last: str | None = None) -> OutageSignal:
    return cast(
        "OutageSignal",
        {"signal": name, "source": "s", "verdict": verdict, "first_seen": first, "last_seen": last},
    )


SIGNALS = [
    signal("bgp.visible_24s", "not_affected"),
    signal("ping.up_24s", "affected", "2026-03-02T05:40:00Z", "2026-03-02T09:50:00Z"),
    signal("edge.requests", "affected", "2026-03-02T05:00:00Z"),
    signal("telescope.sources", "insufficient", "2026-03-02T05:30:00Z", "2026-03-02T07:55:00Z"),
    signal("google.search", "insufficient"),
]


def test_sparkline_leaves_gaps_and_marks_the_newest_value_by_shape() -> None:
    root = ET.fromstring(sparkline.svg([1.0, None, 3.0, 4.0, None], [2.0] * 5, "outage"))
    line = next(p for p in root.iter(f"{SVG}path") if p.get("class") == "value")
    assert line.attrib["d"].count("M") == 2
    assert next(root.iter(f"{SVG}rect")).get("class") == "now"
    assert "Outage" in (root[0].text or "")
    assert next(ET.fromstring(sparkline.svg([1.0], [], "ok")).iter(f"{SVG}circle")).get("class") == "now"


def test_sparkline_without_data_says_so_and_draws_no_line() -> None:
    root = ET.fromstring(sparkline.svg([None, None], [None, None], "insufficient"))
    assert not list(root.iter(f"{SVG}path"))
    assert root[0].text == "No data in this period"


def test_matrix_names_the_year_where_it_is_another() -> None:
    rows, first, step = matrix.rows_of(SIGNALS, start=START, end=END)
    assert "2026" not in matrix.html(rows, start=first, step_s=step, year=2026)
    assert "2 Mar 2026, 02:00" in matrix.html(rows, start=first, step_s=step, year=2028)


def test_matrix_says_of_what_saw_it_and_fell_silent_that_it_did() -> None:
    went = [{**row, "verdict": "insufficient"} for row in SIGNALS if row["first_seen"]]
    rows, first, step = matrix.rows_of(went, start=START, end=END)  # type: ignore[arg-type]  # rows with another verdict
    text = matrix.html(rows, start=first, step_s=step, year=2026)
    assert text.count("saw it, then no data") == len(went)


def test_matrix_tells_affected_from_not_affected_from_cannot_see() -> None:
    rows, first, step = matrix.rows_of(SIGNALS, start=START, end=END)
    assert (first, step) == (START, 1800)
    said = {row.label: matrix.words(row, first, step, 2026) for row in rows}
    assert said["Requests at our edge"] == "does not see it 02:00 to 05:00; sees it 05:00 to 14:00 (UTC)"
    assert said["Blocks that answer pings"].startswith(
        "does not see it 02:00 to 05:30; sees it 05:30 to 10:00; does not"
    )
    assert said["Sources seen by a telescope"].endswith("sees it 05:30 to 08:00; cannot see 08:00 to 14:00 (UTC)")
    assert said["Google Search traffic"] == "cannot see 02:00 to 14:00 (UTC)"
    assert said["Announced IPv4 space"] == "does not see it 02:00 to 14:00 (UTC)"
    assert [row.verdict for row in rows] == ["affected", "affected", "insufficient", "insufficient", "not_affected"]


def test_matrix_is_well_formed_with_a_text_for_every_row_and_a_shape_per_verdict() -> None:
    rows, first, step = matrix.rows_of(SIGNALS, start=START, end=END)
    root = ET.fromstring(f"<div>{matrix.html(rows, start=first, step_s=step, year=2026)}</div>")
    strips = [s for s in root.iter(f"{SVG}svg") if s.get("role") == "img"]
    assert len(strips) == 5
    assert all(s[0].text for s in strips)
    tall = {r.attrib["class"]: r.attrib["height"] for r in root.iter(f"{SVG}rect")}
    assert (tall["v-affected"], tall["v-not_affected"], tall["v-hatch"]) == ("28", "5", "28")
    assert matrix.html([], start=first, step_s=step, year=2026).startswith('<p class="agree-none">')


def test_hostile_notes_are_escaped_in_the_matrix() -> None:
    rows = [matrix.Row(label="<script>", cells=["affected"], note='"><img>', source="&")]
    text = matrix.html(rows, start=START, step_s=300, year=2026)
    assert "<script>" not in text
    assert "<img" not in text


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_style_sheet_and_palette_say_the_same_colours(theme: str) -> None:
    css = (REPO / "assets/figures.css").read_text()
    blocks = re.findall(r"([^{}]*)\{([^{}]*--paper:[^{}]*)\}", css)
    wanted = [body for selector, body in blocks if ("dark" in selector or "light" in selector) == (theme == "dark")]
    assert len(wanted) == (2 if theme == "dark" else 1)
    for body in wanted:
        assert dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", body)) == palette.PALETTE[theme]  # type: ignore[index]


def test_a_file_is_painted_by_the_style_sheet_in_light_colours() -> None:
    painted = style.of('<g class="map"><path class="s-q0"/></g><rect class="swatch s-q0"/>')
    assert ".map .s-q0{fill:#dfe6ed}" in painted
    assert ".swatch.s-q0{fill:#dfe6ed}" in painted
    assert not re.search(r"var\(|:hover|inline-size|\.ts\b|#26323e", painted)


def test_a_light_colour_has_one_dark_counterpart() -> None:
    pairs = set(zip(palette.PALETTE["light"].values(), palette.PALETTE["dark"].values(), strict=True))
    assert len({light for light, _dark in pairs}) == len(pairs)


def luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    r, g, b = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * r + 0.7152 * g + 0.0722 * b


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(
    "ink",
    ["ink", "ink-2", "ink-3", "ok-ink", "degraded-ink", "outage-ink", "insufficient-ink", "simulated", "threshold-ink"],
)
def test_texts_have_aa_contrast_on_both_papers(theme: str, ink: str) -> None:
    colours = palette.colours(theme)
    for paper in ("paper", "paper-2"):
        assert contrast(colours[ink], colours[paper]) >= 4.5, (theme, ink, paper)


def contrast(a: str, b: str) -> float:
    bright, dark = sorted((luminance(a), luminance(b)), reverse=True)
    return (bright + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_lines_and_texts_of_a_chart_are_seen_on_paper_band_and_shade(theme: str) -> None:
    colours = palette.colours(theme)
    assert contrast(colours["threshold"], colours["paper"]) >= 3
    assert contrast(colours["ink-3"], colours["band"]) >= 4.5
    for level in ("outage", "degraded", "insufficient", "simulated"):
        over = zip(bytes.fromhex(colours[level][1:]), bytes.fromhex(colours["paper"][1:]), strict=True)
        shade = "#" + bytes(round(0.14 * top + 0.86 * below) for top, below in over).hex()
        assert contrast(colours["ink-3"], shade) >= 4.5, level
        assert contrast(colours.get(f"{level}-ink", colours[level]), shade) >= 4.5, level


@pytest.mark.parametrize(("value", "unit", "text"), [
    (0, "", "0"), (999.6, "", "1k"), (12_500, "", "12.5k"), (3_200_000, "", "3.2M"), (0.042, "share", "4.2 %"),
    (1, "ratio", "100 %"), (0.25, "ms", "0.25"), (-1500, "", "-1.5k"),
])  # fmt: skip
def test_numbers_are_short_and_never_lose_their_size(value: float, unit: str, text: str) -> None:
    assert short(value, unit) == text


def test_months_are_counted_in_the_calendar() -> None:
    assert bin_time(datetime(2024, 11, 1, tzinfo=UTC), MONTH_S, 15) == datetime(2026, 2, 1, tzinfo=UTC)


def test_characters_that_xml_forbids_are_dropped() -> None:
    assert ET.fromstring("<a>" + esc("a\x00b\x1fc<d") + "</a>").text == "abc<d"


def test_a_recording_is_credited_to_its_last_value_and_not_to_the_end_of_what_is_drawn() -> None:
    recorded = chart.Chart(
        title="YouTube traffic", sentence="", unit="index", start=START, step_s=86400, value=[2.0, 1.0, None, None],
        updated=START + timedelta(days=1), history=True,
        spans=(chart.Span(start=START, end=None, level="degraded", label="Degraded"),),
    )  # fmt: skip
    assert "recorded 2 Mar 2026 to 3 Mar 2026" in chart.credit(recorded)
    assert "data until" not in chart.credit(recorded)
    assert "to the end of the recording" in chart.describe(recorded)
    assert "still lasting" not in chart.describe(recorded)


def test_the_axis_of_the_matrix_says_its_zone_to_eyes() -> None:
    drawn = matrix.html(
        [matrix.Row(label="a", cells=["affected"] * 12)], start=datetime(2026, 3, 2, 5, tzinfo=UTC), step_s=900,
        year=2026,
    )  # fmt: skip
    seen = re.sub(r'<(caption|span) class="vh">[^<]*</\1>', "", drawn)
    assert re.findall(r"<text[^>]*>([^<]*)</text>", seen) == ["2 Mar, 05:00", "06:00", "07:00 UTC"]
