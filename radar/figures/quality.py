"""How well packets travel, as finished SVG: the world in five shades, and a day of hours against its month.

Shades are of one colour, from pale (worst) to dark (best), so that none of them looks like a state. A country without
a rank is hatched, one without data blank. Classes are in ``assets/figures.css``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from radar.figures.axes import BOTTOM, TOP, y_axis
from radar.figures.chart import Chart
from radar.figures.text import clock, esc, num, short
from radar.figures.world import neutral_words, shapes
from radar.labels import _

#: Shades of the map, worst first.
SHADES = 5


def world(kinds: Mapping[str, str], words: Mapping[str, str], title: str) -> str:
    """The map. ``kinds`` by alpha-2 code: "q0" (worst) to "q4", or "insufficient"; absent: no data."""
    drawing = shapes()
    large: list[str] = []
    small: list[str] = []
    for code, place in drawing["countries"].items():
        kind = kinds.get(code, "none")
        x, y = place["at"]
        parts = [
            f'<a href="/country/{code}" class="c s-{kind}" tabindex="-1"><title>{esc(words.get(code, code))}</title>'
        ]
        if place["d"]:
            parts.append(f'<path d="{place["d"]}"/>')
        if place["dot"]:
            parts.append(f'<path class="t" d="M{x} {y}h0"/><path class="p" d="M{x} {y}h0"/>')
            if kind == "insufficient":
                parts.append(f'<path class="o" d="M{x} {y}h0"/>')
        (small if place["dot"] else large).append("".join([*parts, "</a>"]))
    neutral = "".join(
        f'<g class="c s-none"><title>{esc(neutral_words(n))}</title><path d="{n["d"]}"/></g>'
        for n in drawing["neutral"]
    )
    return (
        f'<svg class="map" role="group" viewBox="0 0 {drawing["width"]} {drawing["height"]}"'
        f' xmlns="http://www.w3.org/2000/svg"><title>{esc(title)}</title>'
        '<defs><pattern id="hatch" width="48" height="48" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
        '<rect class="hatch-0" width="48" height="48"/><path class="hatch-1" d="M12 0v48"/></pattern></defs>'
        f'{neutral}{"".join(large)}<path class="disputed" d="{drawing["disputed"]["d"]}"/>{"".join(small)}</svg>'
    )


def cuts(values: Sequence[float]) -> list[float]:
    """The four values between five shades that hold about as many countries each; fewer where values repeat."""
    ordered = sorted(values)
    return sorted({ordered[len(ordered) * i // SHADES] for i in range(1, SHADES)}) if ordered else []


def shade(value: float, between: Sequence[float], *, lower_is_better: bool) -> str:
    """The shade of a value: "q4" is best."""
    place = sum(value >= cut for cut in between)
    place = place * (SHADES - 1) // max(1, len(between))
    return f"q{SHADES - 1 - place if lower_is_better else place}"


def day(
    start: datetime,
    columns: Mapping[str, Sequence[float | None]],
    *,
    title: str,
    sentence: str,
    unit: str,
    simulated: bool,
    height: int = 220,
) -> str:
    """Hours as points with whiskers (the 95 % interval of the median) on the band of the month's middle half.

    ``columns``: median, low, high, usual, usual_low, usual_high; one number an hour, None is no data and stays a gap.
    """
    n = len(columns["median"])
    chart = Chart(title=title, sentence=sentence, unit=unit, start=start, step_s=3600, value=columns["median"],
                  lo=[*columns["low"]], hi=[*columns["high"]], baseline=columns["usual_low"],
                  threshold=columns["usual_high"], y_from_zero=True)  # fmt: skip
    axis, plot = y_axis(chart), height - TOP - BOTTOM

    def y(value: float) -> str:
        return num((1 - axis.up(value)) * plot)

    out = [f"<title>{esc(title)}</title><desc>{esc(sentence)}</desc>"]
    for i, (low, high) in enumerate(zip(columns["usual_low"], columns["usual_high"], strict=True)):
        if low is not None and high is not None:
            out.append(f'<rect class="usual" x="{_pc(i / n)}" width="{_pc(1 / n)}" y="{y(high)}" '
                       f'height="{num(max((axis.up(high) - axis.up(low)) * plot, 1))}"/>')  # fmt: skip
    for mark, text in axis.ticks:
        kind = "zero" if abs(mark) < 1e-12 else "grid"
        out.append(
            f'<line class="{kind}" x2="100%" y1="{y(mark)}" y2="{y(mark)}"/>'
            f'<text class="tick" x="-8" y="{y(mark)}" dy=".35em" text-anchor="end">{esc(text)}</text>'
        )
    for i, usual in enumerate(columns["usual"]):
        if usual is not None:
            out.append(
                f'<line class="middle" x1="{_pc(i / n)}" x2="{_pc((i + 1) / n)}" y1="{y(usual)}" y2="{y(usual)}"/>'
            )
    for i in range(n):
        at = start + timedelta(hours=i)
        middle = _pc((i + 0.5) / n)
        if at.hour % 6 == 0:
            out.append(f'<text class="tick" x="{middle}" y="{plot + 19}" text-anchor="middle">{at:%H:%M}</text>')
        median, low, high = (columns[name][i] for name in ("median", "low", "high"))
        if median is None:
            continue
        told = _("{time}: {value} {unit}").format(time=clock(at), value=short(median), unit=unit)
        whisker = ""
        if low is not None and high is not None:
            whisker = f'<line class="whisker" x1="{middle}" x2="{middle}" y1="{y(low)}" y2="{y(high)}"/>'
            told += " " + _("({low} to {high})").format(low=short(low), high=short(high))
        out.append(
            f'<g class="hour"><title>{esc(told)}</title>{whisker}<circle cx="{middle}" cy="{y(median)}" r="3"/></g>'
        )
    out.append(f'<text class="tick" x="100%" dx="62" y="{plot + 19}" text-anchor="end">UTC</text>')
    out.append(f'<text class="unit" x="0" y="-10">{esc(unit)}</text>')
    if simulated:
        out.append(f'<text class="flag sim" x="100%" y="-10" text-anchor="end">{esc(_("simulated"))}</text>')
    usual = next((v for v in reversed(columns["usual"]) if v is not None), None)
    if usual is not None:
        out.append(f'<text class="name" x="100%" dx="6" y="{y(usual)}" dy=".35em">{esc(_("usual"))}</text>')
    return f'<svg class="ts hours" role="img" height="{height}" xmlns="http://www.w3.org/2000/svg">{"".join(out)}</svg>'


def _pc(part: float) -> str:
    return f"{num(part * 100)}%"
