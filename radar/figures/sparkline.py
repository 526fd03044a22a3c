"""A line for a table row: the last hours at a glance, without axes. The newest point carries the state by shape."""

from __future__ import annotations

from collections.abc import Sequence

from radar.figures.chart import last, runs
from radar.figures.text import esc, num
from radar.labels import STATES, _

#: Room around the line, for the mark of the newest point.
_PAD = 4.0


def svg(
    values: Sequence[float | None],
    baseline: Sequence[float | None],
    state: str,
    width: int = 120,
    height: int = 28,
    *,
    what: str = "",
) -> str:
    """A small drawing, ``<svg class="spark s-outage" role="img">``.

    Parameters
    ----------
    values, baseline
        One number per bin, None for no data (a gap). ``baseline`` may be empty: not drawn.
    state
        Of the entity: ok | degraded | outage | insufficient | none.
    width, height
        In pixels.
    what
        What the line is of, for whoever hears it; "": not said.

    The foot is zero, or the smallest number where that is negative. Without any data it says so in words.
    """
    word = _(STATES[state]) if state in STATES else _("No data")
    newest = last(values)
    if newest is None:
        title = _("No data in this period")
        body = f'<line class="nothing" x1="{_PAD:g}" x2="{width - _PAD:g}" y1="{height / 2:g}" y2="{height / 2:g}"/>'
    else:
        title = _("Line of the last hours; now: {state}").format(state=word)
        if what:
            title = _("{what}, line of the last hours; now: {state}").format(what=what, state=word)
        numbers = [v for column in (values, baseline) for v in column if v is not None]
        low, high = min(0.0, *numbers), max(0.0, *numbers)
        size = (high - low) or 1.0

        def y(value: float) -> float:
            return _PAD + (height - 2 * _PAD) * (1 - (value - low) / size)

        def path(column: Sequence[float | None]) -> str:
            step = (width - 2 * _PAD) / max(1, len(column) - 1)
            parts = []
            for begin, end in runs(column):
                points = [f"{num(_PAD + step * i)} {num(y(column[i] or 0.0))}" for i in range(begin, end)]
                parts.append("M" + "L".join(points) + ("h0" if len(points) == 1 else ""))
            return "".join(parts)

        body = f'<path class="baseline" d="{path(baseline)}"/>' if last(baseline) else ""
        body += f'<path class="value" d="{path(values)}"/>'
        i, value = newest
        x = _PAD + (width - 2 * _PAD) * i / max(1, len(values) - 1)
        body += _mark(x, y(value), state)
    return (
        f'<svg class="spark s-{esc(state)}" role="img" width="{width}" height="{height}" viewBox="0 0 {width} {height}"'
        f' xmlns="http://www.w3.org/2000/svg"><title>{esc(title)}</title>{body}</svg>'
    )


def _mark(x: float, y: float, state: str) -> str:
    if state == "outage":
        return f'<rect class="now" x="{num(x - 3)}" y="{num(y - 3)}" width="6" height="6"/>'
    ring = " ring" if state in ("insufficient", "none") else ""
    return f'<circle class="now{ring}" cx="{num(x)}" cy="{num(y)}" r="2.6"/>'
