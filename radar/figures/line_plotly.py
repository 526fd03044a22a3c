"""A chart as a Plotly dict figure that lies over its SVG: same plot box, same ranges, same ticks, same words.

Bins are ``x0`` and ``dx``, not a time per point: a week of five-minute bins is 12 kB instead of 100. Calendar months,
which have no fixed length, are given as dates. Plotly reads times without a zone as they stand: all are UTC.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from radar.figures.axes import (
    BESIDE,
    BOTTOM,
    LEAD,
    LEFT,
    RIGHT,
    TOP,
    YAxis,
    line_labels,
    shades,
    wide_gap,
    x_ticks,
    y_axis,
)
from radar.figures.chart import Chart, Values, gap_edges, gaps, runs
from radar.figures.palette import FONT, colours
from radar.figures.text import bare, is_share, unit_words
from radar.labels import _
from radar.signals import MONTH_S

#: Plotly's ``config`` for all charts: no bar of buttons over the drawing, no wheel that traps the page.
CONFIG: dict[str, Any] = {
    "displayModeBar": False,
    "displaylogo": False,
    "responsive": True,
    "scrollZoom": False,
    "doubleClick": "reset",
    "showTips": False,  # in English, and the way back stands beside the ranges
}

#: Colours of the names of lines.
_INKS = {"value": "ink", "baseline": "ink-3", "threshold": "threshold-ink"}


def figure(chart: Chart, *, theme: str, height: int = 220) -> dict[str, Any]:
    """The chart as ``{"data": [...], "layout": {...}}`` of plain lists.

    Parameters
    ----------
    chart
        What to draw; None stays None (``connectgaps`` is False).
    theme
        "light" or "dark": Plotly cannot read CSS variables, so a change of theme needs a new figure.
    height
        In pixels, the same as given to the SVG.

    Returns
    -------
    dict
        The traces are, in order: pairs of ``lo`` and ``hi`` per unbroken stretch, ``baseline``, ``threshold``,
        ``value``, and the values that stand alone between two gaps; each is named so in ``meta``. Ticks are those of
        the SVG; of a part of the chart ``assets/site/zoom.js`` makes them anew.
    """
    paint, axis, plot = colours(theme), y_axis(chart), height - TOP - BOTTOM
    data: list[dict[str, Any]] = []
    for begin, end in runs(chart.lo, chart.hi) if chart.lo and chart.hi else ():
        for name, values, more in (
            ("lo", chart.lo, {}),
            ("hi", chart.hi, {"fill": "tonexty", "fillcolor": paint["band"]}),
        ):
            data.append(
                _trace(chart, name, values[begin:end], begin) | {"line": {"width": 0}, "hoverinfo": "skip"} | more
            )
    number = ".2%" if is_share(chart.unit) else ",.0f" if axis.high - axis.low >= 50 else ",.2f"
    if chart.baseline:
        data.append(
            _trace(chart, "baseline", chart.baseline)
            | {
                "line": {"color": paint["ink-3"], "width": 1, "dash": "1.5px,3px"},
                "name": chart.baseline_name or _("normal"),
            }
            | _usual(chart, number)
        )
    if chart.threshold:
        data.append(
            _trace(chart, "threshold", chart.threshold)
            | {"line": {"color": paint["threshold"], "width": 0.8}, "name": _("threshold"), "hoverinfo": "skip"}
        )
    template = f"<b>%{{y:{number}}}</b><extra>{bare(_('observed'))}</extra>"
    data.append(
        _trace(chart, "value", chart.value)
        | {"line": {"color": paint["ink"], "width": 1.8}, "name": _("observed"), "hovertemplate": template}
    )
    alone = {begin for begin, end in runs(chart.value) if end - begin == 1}
    if alone:
        points = [v if i in alone else None for i, v in enumerate(chart.value)]
        dots = {"mode": "markers", "marker": {"size": 2.5, "color": paint["ink"]}, "hoverinfo": "skip"}
        data.append(_trace(chart, "alone", points) | dots)
    return {"data": data, "layout": _layout(chart, axis, plot, height, paint)}


def _trace(chart: Chart, name: str, values: Values, begin: int = 0) -> dict[str, Any]:
    trace: dict[str, Any] = {"type": "scatter", "mode": "lines", "y": list(values), "meta": name, "connectgaps": False}
    if chart.step_s == MONTH_S:
        trace["x"] = [_naive(chart.at(begin + i)) for i in range(len(values))]
    else:
        trace |= {"x0": _naive(chart.at(begin)), "dx": chart.step_s * 1000}
    return trace


def _usual(chart: Chart, number: str) -> dict[str, Any]:
    """Hover text of the baseline, with what is usual around it where it is known."""
    extra = f"<extra>{bare(chart.baseline_name or _('normal'))}</extra>"
    if not (chart.lo and chart.hi) or any(
        (low is None or high is None) and v is not None
        for low, high, v in zip(chart.lo, chart.hi, chart.baseline, strict=True)
    ):
        return {"hovertemplate": f"%{{y:{number}}}{extra}"}
    return {
        "customdata": [[low, high] for low, high in zip(chart.lo, chart.hi, strict=True)],
        "hovertemplate": f"%{{y:{number}}} (%{{customdata[0]:{number}}}–%{{customdata[1]:{number}}}){extra}",
    }


def _layout(chart: Chart, axis: YAxis, plot: int, height: int, paint: dict[str, str]) -> dict[str, Any]:
    shapes, notes = _marks(chart, plot, paint)
    ticks = x_ticks(chart)
    common = {
        "showgrid": False,
        "zeroline": False,
        "fixedrange": True,
        "tickfont": {"size": 12, "color": paint["ink-3"]},
    }
    return {
        "height": height,
        "margin": {"l": LEFT, "r": RIGHT, "t": TOP, "b": BOTTOM, "pad": 0, "autoexpand": False},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"family": FONT, "size": 12, "color": paint["ink-3"]},
        "showlegend": False,
        "hovermode": "x unified",
        "dragmode": "zoom",
        "uirevision": chart.title,
        "hoverlabel": {
            "bgcolor": paint["paper"],
            "bordercolor": paint["line"],
            "font": {"family": FONT, "size": 13, "color": paint["ink"]},
        },
        "xaxis": common
        | {
            "type": "date",
            "range": [_naive(chart.start), _naive(chart.end)],
            "fixedrange": False,
            "tickmode": "array",
            "tickvals": [_naive(t) for t, _text in ticks],
            "ticktext": [bare(text) for _t, text in ticks],
            "ticks": "outside",
            "ticklen": 4,
            "tickcolor": paint["line"],
            "tickangle": 0,
            "hoverformat": "%-d %b %Y, %H:%M UTC" if chart.step_s < 86400 else "%-d %b %Y",
            "showspikes": True,
            "spikemode": "across",
            "spikethickness": 1,
            "spikedash": "solid",
            "spikecolor": paint["ink-3"],
            "spikesnap": "data",
        },
        "yaxis": common
        | {
            "range": [axis.low, axis.high],
            "tickmode": "array",
            "tickvals": [m for m, _text in axis.ticks],
            "ticktext": [bare(text) for _m, text in axis.ticks],
            "ticks": "outside",
            "ticklen": 5,
            "tickcolor": "rgba(0,0,0,0)",
        },
        "shapes": shapes,
        "annotations": notes,
    }


def _marks(chart: Chart, plot: int, paint: dict[str, str]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    axis = y_axis(chart)
    shapes: list[dict[str, Any]] = []
    notes: list[dict[str, Any]] = []
    for shade in shades(chart):
        colour = paint.get(shade.span.level, paint["ink-3"])
        left, right = (_naive(chart.start + (chart.end - chart.start) * part) for part in (shade.left, shade.right))
        shapes.append(_shape("rect", left, right) | {"fillcolor": colour, "opacity": 0.14, "line": {"width": 0}})
        shapes.append(_shape("line", left, left) | {"line": {"color": colour, "width": 1}})
        if shade.label:
            ink = paint.get(f"{shade.span.level}-ink", colour)
            text = bare(shade.label)
            side = ("left", 4) if shade.anchor == "start" else ("right", -4)
            notes.append(_note(text, left, "x", 10 + 15 * shade.row, ink, side[0], side[1], plot))
    for mark, _text in axis.ticks:
        colour = paint["ink-3"] if abs(mark) < 1e-12 else paint["line"]
        line = {"color": colour, "width": 1}
        shapes.append(
            {"type": "line", "xref": "paper", "x0": 0, "x1": 1, "y0": mark, "y1": mark, "layer": "below", "line": line}
        )
    for i in gap_edges(chart.value):
        at = _naive(chart.at(i))
        shapes.append(_shape("line", at, at) | {"line": {"color": paint["ink-3"], "width": 1, "dash": "3px,3px"}})
    n = max(1, len(chart.value))
    for begin, end in gaps(chart.value):
        if wide_gap(chart, begin, end):
            at = _naive(chart.start + (chart.end - chart.start) * ((begin + end) / 2 / n))
            notes.append(_note(bare(_("no data")), at, "x", plot - 12, paint["ink-3"], "center", 0, plot))
    labels = line_labels(chart, axis, plot)
    beside = LEAD if any(label.astray for label in labels) else BESIDE
    for label in labels:
        bold = f"<b>{bare(label.text)}</b>" if label.name == "value" else bare(label.text)
        ink = paint[_INKS[label.name]]
        # assets/site/zoom.js moves what is named so to where the lines end in a part of the chart
        note = _note(bold, 1, "paper", label.y, ink, "left", beside, plot)
        notes.append(note | {"name": f"line-{label.name}"})
        if label.astray:
            shapes.append(_lead(label.line_y, label.y, beside - 2, ink))
    notes.append(_note("UTC", 1, "paper", plot + 14, paint["ink-3"], "right", RIGHT - 4, plot))
    notes.append(_note(bare(unit_words(chart.unit)), 0, "paper", -15, paint["ink-3"], "left", 0, plot))
    if chart.simulated or chart.history:
        flag = _("simulated") if chart.simulated else _("recorded history")
        notes.append(
            _note(bare(flag), 1, "paper", -15, paint["simulated" if chart.simulated else "ink-3"], "right", 0, plot)
        )
    return shapes, notes


def _lead(start: float, end: float, across: int, colour: str) -> dict[str, Any]:
    """A short line from the end of a line of the chart to its name; pixels from the upper right of the plot box."""
    return {
        "type": "line", "name": "lead", "xref": "paper", "yref": "paper", "xsizemode": "pixel", "ysizemode": "pixel",
        "xanchor": 1, "yanchor": 1, "x0": 1, "x1": across, "y0": -start, "y1": -end,
        "line": {"color": colour, "width": 0.8},
    }  # fmt: skip


def _shape(kind: str, left: str, right: str) -> dict[str, Any]:
    return {"type": kind, "x0": left, "x1": right, "yref": "paper", "y0": 0, "y1": 1, "layer": "below"}


def _note(
    text: str, x: str | float, xref: str, y_px: float, colour: str, anchor: str, shift: float, plot: int
) -> dict[str, Any]:
    """A text whose middle lies ``y_px`` pixels below the top of the plot box. Plotly keeps a pixel around texts."""
    shift += {"left": -1, "right": 1}.get(anchor, 0)
    return {
        "text": text, "x": x, "xref": xref, "xanchor": anchor, "xshift": shift, "y": 1, "yref": "paper",
        "yanchor": "middle", "yshift": -y_px, "showarrow": False, "borderpad": 0,
        "font": {"size": 12, "color": colour},
    }  # fmt: skip


def _naive(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S")
