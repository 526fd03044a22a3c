"""Time series: gaps stay gaps, SVG and Plotly draw the same numbers, and the drawing speaks in words."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any
from xml.etree import ElementTree as ET

import plotly.graph_objects as go
import pytest
from hypothesis import given
from hypothesis import strategies as st

from radar.figures import axes, line_svg, timeseries
from radar.figures.chart import gaps, runs
from radar.figures.timeseries import Chart, Span
from radar.signals import MONTH_S

SVG = "{http://www.w3.org/2000/svg}"
START = datetime(2026, 3, 2, tzinfo=UTC)
VALUE = [10.0, 12.0, None, 8.0, None, None, 4.0, 5.0]
CHART = Chart(
    title="Requests at our edge",
    sentence="Requests are 72 % below normal.",
    unit="requests per 5 minutes",
    start=START,
    step_s=300,
    value=VALUE,
    baseline=[11.0] * 8,
    lo=[9.0] * 8,
    hi=[13.0] * 8,
    threshold=[7.0] * 8,
    spans=[
        Span(start=START + timedelta(minutes=15), end=None, level="outage", label="Out since 00:15", href="/outage/x")
    ],
    source="edge_logs",
    licence="CC0-1.0",
    simulated=True,
)  # fmt: skip


def paths(text: str, kind: str) -> list[list[tuple[int, int]]]:
    """The points of a line, read back from its path: a list per unbroken run."""
    root = ET.fromstring(text)
    found = [p for p in root.iter(f"{SVG}path") if p.get("class") == kind]
    out = []
    for run in re.split("M", found[0].attrib["d"])[1:] if found else []:
        head, _l, rest = run.removesuffix("h0").partition("l")
        x, y = map(int, head.split())
        points = [(x, y)]
        numbers = [int(n) for n in re.findall(r"-?\d+", rest)]
        for dx, dy in zip(numbers[::2], numbers[1::2], strict=True):
            x, y = x + dx, y + dy
            points.append((x, y))
        out.append(points)
    return out


def drawn(chart: Chart, kind: str, height: int = 220) -> list[float | None]:
    """The numbers that a line of the SVG shows."""
    axis, scale = axes.y_axis(chart), (height - axes.TOP - axes.BOTTOM) * 10
    values: list[float | None] = [None] * len(chart.value)
    for x, y in (point for run in paths(timeseries.svg(chart, height=height), kind) for point in run):
        values[x] = axis.low + (1 - y / scale) * (axis.high - axis.low)
    return values


def trace(fig: dict[str, Any], name: str) -> dict[str, Any]:
    return next(t for t in fig["data"] if t["meta"] == name)


def test_a_missing_bin_is_a_gap_and_never_zero() -> None:
    assert [[x for x, _y in run] for run in paths(timeseries.svg(CHART), "value")] == [[0, 1], [3], [6, 7]]
    fig = timeseries.figure(CHART, theme="light")
    assert trace(fig, "value")["y"] == VALUE
    assert all(t["connectgaps"] is False for t in fig["data"])
    assert [row["value"] for row in timeseries.table(CHART)] == VALUE


def test_gaps_are_edged_with_dashes_in_both_drawings() -> None:
    root = ET.fromstring(timeseries.svg(CHART))
    edges = [line.attrib["x1"] for line in root.iter(f"{SVG}line") if line.get("class") == "gap"]
    assert edges == ["12.5%", "37.5%", "75%"]
    dashed = [s for s in timeseries.figure(CHART, theme="light")["layout"]["shapes"] if s["line"].get("dash")]
    assert [s["x0"] for s in dashed] == ["2026-03-02T00:05:00", "2026-03-02T00:15:00", "2026-03-02T00:30:00"]


def test_a_point_alone_between_two_gaps_is_still_seen() -> None:
    assert trace(timeseries.figure(CHART, theme="light"), "alone")["y"] == [
        None,
        None,
        None,
        8.0,
        None,
        None,
        None,
        None,
    ]
    line = next(p for p in ET.fromstring(timeseries.svg(CHART)).iter(f"{SVG}path") if p.get("class") == "value")
    assert "h0" in line.attrib["d"]


numbers = st.one_of(st.none(), st.floats(0, 1e9, allow_nan=False, allow_subnormal=False))


@given(st.lists(numbers, min_size=1, max_size=60), st.booleans())
def test_svg_figure_and_table_show_the_same_numbers(values: list[float | None], zero: bool) -> None:
    normal = [None if v is None else v * 1.1 for v in reversed(values)]
    chart = replace(CHART, value=values, baseline=normal, lo=[], hi=[], threshold=[], spans=[], y_from_zero=zero)
    fig, rows = timeseries.figure(chart, theme="dark"), timeseries.table(chart)
    axis = axes.y_axis(chart)
    pixel = (axis.high - axis.low) / (220 - axes.TOP - axes.BOTTOM)
    for name in ("value", "baseline"):
        exact = trace(fig, name)["y"]
        assert [row[name] for row in rows] == exact
        for shown, value in zip(drawn(chart, name), exact, strict=True):
            assert (shown is None) == (value is None)
            assert shown is None or value is None or abs(shown - value) <= 0.06 * pixel + 1e-9 * abs(value)


@given(st.lists(numbers, max_size=40))
def test_runs_and_gaps_cover_every_bin_once(values: list[float | None]) -> None:
    pieces = sorted([*runs(values), *gaps(values)])
    assert [i for begin, end in pieces for i in range(begin, end)] == list(range(len(values)))


def test_both_drawings_share_plot_box_ranges_and_ticks() -> None:
    layout = timeseries.figure(CHART, theme="light")["layout"]
    margin = layout["margin"]
    assert (margin["l"], margin["r"], margin["t"], margin["b"]) == (axes.LEFT, axes.RIGHT, axes.TOP, axes.BOTTOM)
    texts = [t.text for t in ET.fromstring(timeseries.svg(CHART)).iter(f"{SVG}text") if t.get("class") == "tick"]
    assert texts == [*layout["yaxis"]["ticktext"], *layout["xaxis"]["ticktext"], "UTC"]
    assert layout["xaxis"]["range"] == ["2026-03-02T00:00:00", "2026-03-02T00:40:00"]
    assert layout["yaxis"]["range"][0] == 0


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(
    "chart",
    [CHART, replace(CHART, value=[None] * 8), replace(CHART, step_s=MONTH_S, history=True, simulated=False),
     replace(CHART, value=[], baseline=[], lo=[], hi=[], threshold=[]),
     replace(CHART, unit="share", value=[0.01] * 8, baseline=[], lo=[], hi=[], threshold=[], spans=[])],
    ids=["usual", "no data", "months", "no bins", "shares"],
)  # fmt: skip
def test_figure_is_valid_for_plotly_and_svg_is_well_formed(chart: Chart, theme: str) -> None:
    go.Figure(timeseries.figure(chart, theme=theme))
    json.dumps(timeseries.figure(chart, theme=theme), allow_nan=False)
    assert ET.fromstring(timeseries.svg(chart, standalone=True)).attrib["role"] == "img"
    root = ET.fromstring(timeseries.svg(chart))
    linked = any(part.tag == f"{SVG}a" for part in root.iter())
    assert root.attrib["role"] == ("group" if linked else "img"), "nobody is led into an image"


def test_figure_gives_start_and_step_instead_of_a_time_per_point() -> None:
    value = trace(timeseries.figure(CHART, theme="light"), "value")
    assert (value["x0"], value["dx"]) == ("2026-03-02T00:00:00", 300_000)
    assert "x" not in value


def test_months_are_calendar_months_and_never_thirty_days() -> None:
    chart = replace(CHART, step_s=MONTH_S, start=datetime(2024, 11, 1, tzinfo=UTC), spans=[])
    times = [row["time"] for row in timeseries.table(chart)]
    assert times[:4] == ["2024-11-01T00:00:00Z", "2024-12-01T00:00:00Z", "2025-01-01T00:00:00Z", "2025-02-01T00:00:00Z"]
    assert trace(timeseries.figure(chart, theme="light"), "value")["x"][3] == "2025-02-01T00:00:00"


def test_chart_says_in_words_what_is_seen() -> None:
    root = ET.fromstring(timeseries.svg(CHART))
    assert root[0].tag == f"{SVG}title"
    assert root[0].text == CHART.title
    desc = root[1].text or ""
    for part in (CHART.sentence, "5 requests per 5 minutes at 2 Mar 2026, 00:35 UTC; normal is 11",
                 "3 bins of 8 have no data",
                 "Out since 00:15", "still lasting", "All of this is simulated."):  # fmt: skip
        assert part in desc
    assert "no data in this period" in (ET.fromstring(timeseries.svg(replace(CHART, value=[None] * 8)))[1].text or "")


def test_simulated_and_recorded_are_said_on_the_chart_itself() -> None:
    recorded = replace(CHART, simulated=False, history=True)
    assert 'class="flag sim"' in timeseries.svg(CHART)
    assert ">simulated<" in timeseries.svg(CHART)
    assert ">recorded history<" in timeseries.svg(recorded)
    assert "simulated" not in timeseries.svg(recorded)
    assert any(a["text"] == "simulated" for a in timeseries.figure(CHART, theme="light")["layout"]["annotations"])


def test_standalone_chart_can_be_printed_as_it_is() -> None:
    text = " ".join(t.text or "" for t in ET.fromstring(timeseries.svg(CHART, standalone=True)).iter(f"{SVG}text"))
    for part in (CHART.title, CHART.sentence, CHART.unit, "edge_logs", "CC0-1.0", "UTC", "simulated"):
        assert part in text


def test_hostile_texts_are_escaped_in_both_drawings() -> None:
    evil = '"><script>alert(1)</script>%{y}'
    chart = replace(CHART, title=evil, sentence=evil, unit=evil, source=evil,
                    spans=[Span(start=START, end=None, level='x"><b>', label=evil, href='/x"onload="y')])  # fmt: skip
    for text in (timeseries.svg(chart), timeseries.svg(chart, standalone=True)):
        ET.fromstring(text)
        assert "<script" not in text
        assert 'onload="y' not in text
    fig = timeseries.figure(chart, theme="light")
    assert all("<script" not in a["text"] and "%{" not in a["text"] for a in fig["layout"]["annotations"])


def test_spans_are_cut_to_the_chart_and_link_to_their_outage() -> None:
    early = Span(start=START - timedelta(days=3), end=START - timedelta(days=2), level="outage", label="before")
    across = Span(start=START - timedelta(days=3), end=START + timedelta(minutes=10), level="degraded", label="across")
    root = ET.fromstring(timeseries.svg(replace(CHART, spans=[early, across, *CHART.spans])))
    boxes = [(r.attrib["x"], r.attrib["width"]) for r in root.iter(f"{SVG}rect") if r.get("class") == "span"]
    assert boxes == [("0%", "25%"), ("37.5%", "62.5%")]
    assert [a.attrib["href"] for a in root.iter(f"{SVG}a")] == ["/outage/x"]


def test_a_label_without_room_after_the_beginning_of_its_span_stands_before_it_and_points_to_it() -> None:
    start = CHART.at(7) + timedelta(minutes=4)
    late = replace(CHART, spans=[Span(start=start, end=None, label="Outage", level="outage")])
    (shade,) = axes.shades(late)
    assert (shade.label, shade.anchor) == ("Outage ›", "end")
    svg, layout = timeseries.svg(late), timeseries.figure(late, theme="light")["layout"]
    assert re.search(rf'class="span-label" x="{shade.left * 100:g}%" dx="-5" y="14" text-anchor="end">Outage ›<', svg)
    (note,) = [note for note in layout["annotations"] if note["text"] == "Outage ›"]
    assert (note["x"], note["xanchor"]) == (start.strftime("%Y-%m-%dT%H:%M:%S"), "right")


def test_labels_that_would_touch_on_a_phone_stand_in_rows_of_their_own() -> None:
    first = Span(start=CHART.start, end=None, label="Degraded", level="degraded")
    second = Span(start=CHART.at(1), end=None, label="not judged", level="insufficient")
    rows = [shade.row for shade in axes.shades(replace(CHART, spans=[first, second]))]
    assert axes.fraction(CHART, second.start) * axes.NARROW < 8 * 6.6 < axes.fraction(CHART, second.start) * axes.WIDE
    assert rows == [0, 1]


def test_y_starts_at_zero_unless_the_chart_says_otherwise() -> None:
    chart = replace(CHART, value=[1000.0, 1010.0], baseline=[], lo=[], hi=[], threshold=[])
    assert axes.y_axis(chart).low == 0
    assert axes.y_axis(replace(chart, y_from_zero=False)).low > 900


def test_labels_of_lines_never_touch() -> None:
    chart = replace(CHART, value=[5.0] * 8, baseline=[5.0] * 8, threshold=[5.01] * 8)
    labels = axes.line_labels(chart, axes.y_axis(chart), 168.0)
    heights = [label.y for label in labels]
    assert len(heights) == 3
    assert all(b - a >= 14 - 1e-9 for a, b in pairwise(heights))
    assert [label.line_y for label in labels] == sorted(label.line_y for label in labels), "in the order of the lines"


@pytest.mark.parametrize(("wanted", "placed"), [
    ([100.0, 102.0, 104.0], [88.0, 102.0, 116.0]),
    ([10.0, 80.0, 82.0], [10.0, 74.0, 88.0]),
    ([0.0, 1.0], [0.0, 14.0]),
    ([167.0, 168.0], [154.0, 168.0]),
    ([], []),
])  # fmt: skip
def test_labels_that_would_touch_share_the_way(wanted: list[float], placed: list[float]) -> None:
    assert axes.apart(wanted, 168.0) == pytest.approx(placed)


def test_a_label_far_from_its_line_is_led_to_it() -> None:
    near = replace(CHART, value=[1.0] * 8, baseline=[9.0] * 8, threshold=[5.0] * 8)
    far = replace(CHART, value=[5.0] * 8, baseline=[5.0] * 8, threshold=[5.01] * 8)
    assert 'class="lead' not in timeseries.svg(near)
    assert timeseries.svg(far).count('class="lead') == 2
    for chart, leads in ((near, 0), (far, 2)):
        layout = timeseries.figure(chart, theme="light")["layout"]
        assert sum(shape.get("name") == "lead" for shape in layout["shapes"]) == leads
        assert sum(note.get("name", "").startswith("line-") for note in layout["annotations"]) == 3


def test_the_label_of_an_outage_lies_over_the_band_and_the_lines() -> None:
    text = timeseries.svg(CHART)
    assert text.index('class="span-label"') > text.index('class="value"') > text.index('class="band"')
    assert text.index('class="span"') < text.index('class="band"')


@pytest.mark.parametrize(("hours", "labels"), [
    (1, ["2 Mar", "00:15", "00:30", "00:45", "01:00"]),
    (24, ["2 Mar", "06:00", "12:00", "18:00", "3 Mar"]),
    (24 * 28, ["2 Mar", "9 Mar", "16 Mar", "23 Mar", "30 Mar"]),
])  # fmt: skip
def test_times_at_the_axis_are_round_and_few(hours: int, labels: list[str]) -> None:
    chart = replace(CHART, value=[1.0] * (hours * 12), baseline=[], lo=[], hi=[], threshold=[])
    assert [text for _t, text in axes.x_ticks(chart)] == labels


def test_chart_refuses_columns_of_another_length_and_times_without_zone() -> None:
    with pytest.raises(ValueError, match="baseline has 1 bins, value has 8"):
        replace(CHART, baseline=[1.0])
    with pytest.raises(ValueError, match="aware"):
        replace(CHART, start=datetime(2026, 3, 2))  # noqa: DTZ001 - the case under test


def test_drawing_holds_no_colour_so_that_both_themes_can_use_it() -> None:
    assert not re.search(r"#[0-9a-fA-F]{3,8}\b|rgb\(|style=", timeseries.svg(CHART))
    assert "<style>" in line_svg.svg(CHART, standalone=True)
