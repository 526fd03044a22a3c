"""How time and memory grow with the size of the work, as a picture: both axes logarithmic, so that what is linear runs
along the dashed lines.

Drawn with the table by ``python -m tests.benchmarks``; from results of single benchmarks (one JSON object a line, as
``--json`` prints them): ``python -m tests.benchmarks._growth RESULTS OUT.svg``.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from html import escape
from math import ceil, floor, log10
from pathlib import Path
from typing import Any, NamedTuple

from tests.benchmarks._processes import REPO
from tests.benchmarks._report import machine

PICTURE = REPO / "docs" / "images" / "growth.svg"

WIDTH, HEIGHT, GAP = 400, 250, 24
HEAD, FOOT = 56, 48
LEFT, RIGHT, TOP, BOTTOM = 56, 36, 58, 40
TITLE = "How time and memory grow with the work"
KEY = "Both axes are logarithmic. Along a dashed line twice the work takes twice as much, as seen from the largest run."
#: The benchmarks whose results are drawn.
DRAWN = ("aggregate_growth", "store_scale")
#: Safe for all common colour-vision types; lines are told apart by their marks and names too.
COLOURS, MARKS = ("#1f4e79", "#b4531a"), ("circle", "square")


class Panel(NamedTuple):
    """One chart: name of a line -> (size, number) of each run."""

    title: str
    x: str
    y: str
    lines: dict[str, list[tuple[float, float]]]


def panels(results: Mapping[str, Mapping[str, Any]]) -> list[Panel]:
    """What there is to draw of results."""
    found = []
    if rows := results.get("aggregate_growth"):
        runs: dict[str, Sequence[Mapping[str, float]]] = rows["details"]["runs"]
        for title, field, unit in (("Aggregation: time", "s", "seconds"), ("Aggregation: memory", "peak_mb", "MB")):
            lines = {name: [(one["rows"], one[field]) for one in seen] for name, seen in runs.items()}
            found.append(Panel(title, "rows", unit, lines))
    if store := results.get("store_scale"):
        for title, field, unit in (
            ("Store: time to write one bin", "write_s_by_entities", "seconds"),
            ("Store: memory with one day", "server_mb_by_entities", "MB"),
        ):
            seen = store["details"].get(field)
            if seen:
                points = sorted((float(size), number) for size, number in seen.items())
                found.append(Panel(title, "entities with six signals", unit, {"packed rows": points}))
    return found


def svg(found: Sequence[Panel], source: str) -> str:
    """Two panels a row, below a title, above the source."""
    rows = ceil(len(found) / 2)
    width, height = 2 * WIDTH + GAP, HEAD + rows * HEIGHT + (rows - 1) * GAP + FOOT
    body = "".join(
        f'<g transform="translate({(at % 2) * (WIDTH + GAP)} {HEAD + (at // 2) * (HEIGHT + GAP)})">{_panel(panel)}</g>'
        for at, panel in enumerate(found)
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
        ' role="img" font-family="Inter, system-ui, sans-serif" font-size="12" fill="#333">'
        f'<title>{TITLE}</title><rect width="{width}" height="{height}" fill="#fff"/>'
        f'<text x="16" y="24" font-size="17" font-weight="600" fill="#111">{TITLE}</text>'
        f'<text x="16" y="43">{KEY}</text>{body}'
        f'<text x="16" y="{height - 14}" fill="#555">{escape(source)}</text></svg>\n'
    )


def source(results: Mapping[str, Mapping[str, Any]]) -> str:
    """Where the numbers come from: day, machine, benchmarks."""
    drawn = [name for name in DRAWN if name in results]
    return f"{machine({str(results[name]['measured']) for name in drawn})} Benchmarks: {', '.join(drawn)}."


def write(results: Mapping[str, Mapping[str, Any]], file: Path = PICTURE) -> None:
    """Draw what there is; without results the picture stays as it is."""
    found = panels(results)
    if found:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(svg(found, source(results)), encoding="utf-8")


def _panel(panel: Panel) -> str:
    points = [point for line in panel.lines.values() for point in line]
    x, y = (_decades([point[axis] for point in points]) for axis in (0, 1))
    wide, high = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM

    def place(point: tuple[float, float]) -> tuple[float, float]:
        right, up = ((log10(value) - low) / (top - low) for value, (low, top) in zip(point, (x, y), strict=True))
        return round(LEFT + right * wide, 1), round(TOP + (1 - up) * high, 1)

    out = [f'<text x="{LEFT}" y="16" font-size="14" font-weight="600" fill="#111">{escape(panel.title)}</text>',
           f'<text x="{LEFT}" y="{TOP - 8}">{escape(panel.y)}</text>',
           f'<text x="{WIDTH - RIGHT}" y="{HEIGHT - 6}" text-anchor="end">{escape(panel.x)}</text>']  # fmt: skip
    for power in range(x[0], x[1] + 1):
        at = place((10.0**power, 10.0 ** y[0]))
        out.append(f'<path d="M{at[0]} {TOP}V{TOP + high}" stroke="#eee"/>'
                   f'<text x="{at[0]}" y="{TOP + high + 16}" text-anchor="middle">{_short(power)}</text>')  # fmt: skip
    for power in range(y[0], y[1] + 1):
        at = place((10.0 ** x[0], 10.0**power))
        out.append(f'<path d="M{LEFT} {at[1]}H{LEFT + wide}" stroke="#eee"/>'
                   f'<text x="{LEFT - 6}" y="{at[1] + 4}" text-anchor="end">{_short(power)}</text>')  # fmt: skip
    most = max(sorted(line)[-1][1] for line in panel.lines.values())
    for number, (name, line) in enumerate(panel.lines.items()):
        out.append(_line(name, sorted(line), place, number, x, y))
        ends = [sorted(line)[at] for at in (0, -1)]
        for end, anchor in zip(ends, ("start", "end"), strict=True):
            across, down = place(end)
            out.append(f'<text x="{across}" y="{down + (-9 if ends[-1][1] == most else 18)}" font-size="11"'
                       f' text-anchor="{anchor}">{_number(end[1])}</text>')  # fmt: skip
    return "".join(out)


def _line(
    name: str, line: list[tuple[float, float]], place: Any, number: int, x: tuple[int, int], y: tuple[int, int]
) -> str:
    colour = COLOURS[number % len(COLOURS)]
    first, last = line[0], line[-1]
    # linear growth through the largest run, as far as it stays inside
    least = max(10.0 ** x[0], last[0] * 10.0 ** y[0] / last[1])
    straight = [place((least, last[1] * least / last[0])), place(last)]
    path = " ".join(f"{'ML'[bool(at)]}{a} {b}" for at, (a, b) in enumerate(map(place, line)))
    marks = "".join(_mark(place(point), MARKS[number % len(MARKS)], colour, f"{name}: {point[1]:g} at {point[0]:,.0f}")
                    for point in line)  # fmt: skip
    key = LEFT + 140 * number
    return (
        f'<path d="M{straight[0][0]} {straight[0][1]}L{straight[1][0]} {straight[1][1]}" stroke="{colour}"'
        f' stroke-opacity=".6" stroke-dasharray="3 3"/><path d="{path}" fill="none" stroke="{colour}"'
        f' stroke-width="2"/>{marks}{_mark((key + 4, 30), MARKS[number % len(MARKS)], colour, name)}'
        f'<text x="{key + 14}" y="34">{escape(name)}</text>'
        f"<desc>{escape(name)}: {last[1] / first[1]:.1f} times as much for {last[0] / first[0]:g} times the size</desc>"
    )


def _mark(at: tuple[float, float], kind: str, colour: str, title: str) -> str:
    shape = (f'<circle cx="{at[0]}" cy="{at[1]}" r="4" fill="{colour}">' if kind == "circle" else
             f'<rect x="{at[0] - 4}" y="{at[1] - 4}" width="8" height="8" fill="{colour}">')  # fmt: skip
    return f"{shape}<title>{escape(title)}</title></{'circle' if kind == 'circle' else 'rect'}>"


def _decades(numbers: Sequence[float]) -> tuple[int, int]:
    low, high = floor(log10(min(numbers)) + 1e-9), ceil(log10(max(numbers)) - 1e-9)
    return low, max(high, low + 1)


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _short(power: int) -> str:
    if power >= 9:
        return f"{10 ** (power - 9):g} G"
    if power >= 6:
        return f"{10 ** (power - 6):g} M"
    return f"{10**power:,}" if power >= 0 else f"{10.0**power:g}"


if __name__ == "__main__":
    lines = Path(sys.argv[1]).read_text(encoding="utf-8").splitlines()
    write({one["name"]: one for one in map(json.loads, lines)}, Path(sys.argv[2]))
