"""The agreement matrix: which sources see an outage, which do not, which cannot see, over time.

Rows are sources, columns are time. A cell speaks by shape and shade: a tall dark bar sees it, a low pale one does not,
a hatched one cannot see; an empty place was not asked. Every row says the same in words for those who do not see it.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import groupby
from math import floor
from typing import Literal

from radar import cldr
from radar.figures import sheet
from radar.figures.text import day, esc
from radar.labels import N_, VERDICTS, _
from radar.shapes import OutageSignal, Verdict
from radar.signals import SIGNALS

_STEPS = (300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400, 2 * 86400, 7 * 86400, 28 * 86400)


#: A cell: what the source says of that time. "small": out of its range, but not by what counts as seeing it.
Cell = Literal["affected", "not_affected", "insufficient", "small"]

#: What is said of a signal that saw it and has had no data since, in place of "cannot see".
WENT_DARK = N_("saw it, then no data")

WORDS: dict[str, str] = {**VERDICTS, "small": N_("a small deviation, which is not counted")}


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One source of the matrix: what it says per cell; None = the cell lies outside of what was asked."""

    label: str
    cells: Sequence[Cell | None]
    note: str = ""
    simulated: bool = False
    source: str = ""
    title: str = ""  # what its source is called; "": by its name
    signal: str = ""
    verdict: Verdict | None = None
    went_dark: bool = False  # it saw it, and cannot see any more
    terms: str = ""  # how far behind its source is, and under which licence


def rows_of(
    signals: Sequence[OutageSignal], *, start: datetime, end: datetime, cells: int = 24
) -> tuple[list[Row], datetime, int]:
    """Rows from an outage's signals.

    Parameters
    ----------
    signals
        As published. A signal is affected from ``first_seen`` through ``last_seen`` (to the end where that is absent),
        and not affected outside of it; one whose verdict is "insufficient" cannot see after its last affected bin, or
        at all when there is none.
    start, end
        The time to show, aware.
    cells
        At most so many columns; their width is a round number of minutes, hours or days.

    Returns
    -------
    tuple
        Rows (those that see it first), the start of the first cell, the width of a cell in seconds.
    """
    seconds = max(1.0, (end - start).total_seconds())
    step = next((s for s in _STEPS if seconds / s <= cells), _STEPS[-1])
    first = datetime.fromtimestamp(floor(start.timestamp() / step) * step, UTC)
    count = max(1, -(-int((end - first).total_seconds()) // step))
    order = {"affected": 0, "insufficient": 1, "not_affected": 2}
    rows = []
    for row in sorted(signals, key=lambda r: (order[r["verdict"]], r["first_seen"] or "~", r["signal"], r["source"])):
        title = _(SIGNALS[row["signal"]].title) if row["signal"] in SIGNALS else row["signal"]
        rows.append(
            Row(
                label=title,
                cells=[_cell(row, first + timedelta(seconds=step * i), step) for i in range(count)],
                note=row.get("note", ""),
                simulated=row.get("simulated", False),
                source=row["source"],
                signal=row["signal"],
                verdict=row["verdict"],
                went_dark=went_dark(row),
            )
        )
    return rows, first, step


def went_dark(row: OutageSignal) -> bool:
    """Whether a signal saw it and has had no data since."""
    return row["verdict"] == "insufficient" and row["first_seen"] is not None


def _cell(row: OutageSignal, at: datetime, step: int) -> Verdict:
    begin, final = _time(row["first_seen"]), _time(row.get("last_seen"))
    if begin is None:
        return "affected" if row["verdict"] == "affected" else row["verdict"]
    if begin < at + timedelta(seconds=step) and (final is None or final >= at):
        return "affected"
    if row["verdict"] == "insufficient" and at > begin:
        return "insufficient"
    return "not_affected"


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def html(rows: Sequence[Row], *, start: datetime, step_s: int, year: int) -> str:
    """The matrix as an HTML table (class ``agree``), each row with its strip as SVG and the same in words.

    ``start`` is the start of the first cell, ``step_s`` the width of a cell in seconds, ``year`` the one that need not
    be named: that of the clock. Without rows, a sentence.
    """
    if not rows:
        return f'<p class="agree-none">{esc(_("No source has been asked about this yet."))}</p>'
    body = "".join(_row(row, start, step_s, year) for row in rows)
    count = max(len(row.cells) for row in rows)
    there = {cell for row in rows for cell in row.cells}
    key = "".join(f"<li>{mark} {esc(words)}</li>" for mark, words in _key(there, 16))
    return (
        f'<table class="agree"><caption class="vh">{esc(_("Which sources see it, over time (UTC)"))}</caption>'
        f'<thead><tr><th scope="col">{esc(_("Source"))}</th><th scope="col">'
        f'<span class="vh">{esc(_("Over time"))}</span>'
        f"{_axis(start, step_s, count, year)}</th></tr></thead><tbody>{body}</tbody></table>"
        f'<ul class="agree-key">{key}</ul>'
    )


def _key(there: Collection[Cell | None], high: int) -> list[tuple[str, str]]:
    """A mark and its words for each kind of cell; small deviations only where there are some."""
    return [
        (f'<svg width="12" height="{high}" aria-hidden="true">{_bar(cell, "0", "12", high)}</svg>', _(said))
        for cell, said in WORDS.items()
        if cell in VERDICTS or cell in there
    ]


def sheet_of(rows: Sequence[Row], *, start: datetime, step_s: int, year: int) -> tuple[str, int]:
    """The same for a file (``sheet.svg``): the drawing with its axis and key, and its height."""
    count = max(len(row.cells) for row in rows)
    lines = [sheet.Bar("", _axis(start, step_s, count, year), 18)]
    lines += [sheet.Bar(row.label, _strip(row, start, step_s, year), 28, _small(row)) for row in rows]
    drawing, high = sheet.bars(lines)
    key, room = sheet.legend(_key({cell for row in rows for cell in row.cells}, 12))
    return f'{drawing}<g transform="translate(0,{high})">{key}</g>', high + room


def words(row: Row, start: datetime, step_s: int, year: int) -> str:
    """A row in words: "sees it 05:00 to 09:00; cannot see 09:00 to 14:00 (UTC)"."""
    parts, i = [], 0
    whole_days = step_s >= 86400
    for verdict, run in groupby(row.cells):
        length = len(list(run))
        if verdict is not None:
            a, b = start + timedelta(seconds=step_s * i), start + timedelta(seconds=step_s * (i + length))
            parts.append(
                _("{verdict} {start} to {end}").format(
                    verdict=_(WORDS[verdict]),
                    start=_moment(a, whole_days, year),
                    end=_moment(b, whole_days, year),
                )
            )
        i += length
    return "; ".join(parts) + " (UTC)" if parts else _("not asked")


def table(rows: Sequence[Row], start: datetime, step_s: int, year: int) -> str:
    """The same as a table of words, a line for each time and a column for each source (class ``figures``)."""
    count = max((len(row.cells) for row in rows), default=0)
    whole_days = step_s >= 86400
    heads = ((row.label, row.title or row.source) for row in rows)
    names = "".join(f'<th scope="col">{esc(label)}<small>{esc(source)}</small></th>' for label, source in heads)
    lines = []
    for i in range(count):
        said = (row.cells[i] if i < len(row.cells) else None for row in rows)
        cells = "".join(f"<td>{esc(_(WORDS[verdict]) if verdict else _('not asked'))}</td>" for verdict in said)
        moment = _moment(start + timedelta(seconds=step_s * i), whole_days, year, dated=True)
        lines.append(f'<tr><th scope="row">{esc(moment)}</th>{cells}</tr>')
    return (
        f'<table class="figures"><thead><tr><th scope="col">{esc(_("From (UTC)"))}</th>{names}</tr></thead>'
        f"<tbody>{''.join(lines)}</tbody></table>"
    )


def _row(row: Row, start: datetime, step_s: int, year: int) -> str:
    terms = f"<small>{esc(row.terms)}</small>" if row.terms else ""
    return (
        f'<tr><th scope="row">{esc(row.label)}<small>{esc(_small(row))}</small>{terms}</th>'
        f"<td>{_strip(row, start, step_s, year)}</td></tr>"
    )


def _small(row: Row) -> str:
    """What stands under the name of a row: "RIS Live · sees it · simulated"."""
    verdict = _(WENT_DARK) if row.went_dark else _(VERDICTS[row.verdict]) if row.verdict is not None else ""
    parts = [row.title or row.source, verdict, _("simulated") if row.simulated else "", row.note]
    return " · ".join(part for part in parts if part)


def _strip(row: Row, start: datetime, step_s: int, year: int) -> str:
    n = max(1, len(row.cells))
    bars, i = [], 0
    for verdict, run in groupby(row.cells):
        length = len(list(run))
        if verdict is not None:
            bars += [_bar(verdict, f"{100 * k / n:.2f}%", f"{100 / n:.2f}%", 28) for k in range(i, i + length)]
        i += length
    return (
        f'<svg class="strip" role="img" width="100%" height="28" xmlns="http://www.w3.org/2000/svg">'
        f"<title>{esc(words(row, start, step_s, year))}</title>{''.join(bars)}</svg>"
    )


def _bar(verdict: str, x: str, width: str, height: int) -> str:
    """One cell: tall for "sees it", low for "does not", a little higher for a small deviation, hatched for "cannot
    see"."""
    tall = {"not_affected": 5, "small": round(height * 0.4)}.get(verdict, height)
    lines = f'<rect class="v-hatch" x="{x}" width="{width}" height="{height}"/>' if verdict == "insufficient" else ""
    return f'<rect class="v-{verdict}" x="{x}" y="{height - tall}" width="{width}" height="{tall}"/>{lines}'


def _axis(start: datetime, step_s: int, count: int, year: int) -> str:
    every = max(1, -(-count // 3))
    whole_days = step_s >= 86400
    marks = [(i, start + timedelta(seconds=step_s * i)) for i in range(0, count, every)]
    labels = "".join(
        f'<text x="{100 * i / count:.2f}%" y="12">'
        f"{esc(_moment(moment, whole_days, year, dated=i == 0) + ' UTC' * (i == marks[-1][0]))}</text>"
        for i, moment in marks
    )
    return (
        '<svg class="strip" width="100%" height="18" aria-hidden="true"><defs>'
        '<pattern id="agree-hatch" width="5" height="5" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
        f'<path d="M1 0v5"/></pattern></defs>{labels}</svg>'
    )


def _moment(moment: datetime, whole_days: bool, year: int, dated: bool = False) -> str:
    date = cldr.short_day_month(moment) if moment.year == year else day(moment)
    if whole_days:
        return date
    return f"{date}, {moment:%H:%M}" if dated or (moment.hour, moment.minute) == (0, 0) else f"{moment:%H:%M}"
