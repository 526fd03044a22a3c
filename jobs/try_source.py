"""``radar try NAME``: what a source makes of one upstream answer or one local file. Nothing is kept.

The way to meet an upstream, or to see what became of a file: how many rows, what was rejected and why, how old the
newest bin is.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

import polars as pl
from rich.console import Console
from rich.table import Table

from jobs.consent import require
from radar.aggregate.bins import bin_end
from radar.errors import ConfigError, RadarError, UpstreamUnavailable
from radar.http import Http
from radar.labels import _
from radar.schema import Parsed, check_signals
from radar.settings import Settings
from radar.sources import Answer, Source, SourceModule, Streaming, get
from radar.times import rfc3339
from radar.ws import Ws

#: Of the upstream only so many answers are asked for: this is a look, not a collection.
ANSWERS = 1

#: Of what a source tells beyond its rows, so many are printed.
DETAILS = 50

#: A stream is listened to for so many seconds, and for so many messages at most.
LISTEN_S, LISTEN_MESSAGES = 5.0, 5000

#: A newest bin older than this many times what is usual is late, as on the sources page.
LATE = 2.0


def run(
    name: str,
    settings: Settings,
    *,
    file: Path | None = None,
    as_json: bool = False,
    http: Http | None = None,
    now: datetime | None = None,
) -> int:
    """Fetch or read, parse, check and print. Returns the exit code: 0 done, 1 failed, 2 the call was wrong.

    ``http`` and ``now`` are injected in tests.
    """
    try:
        module = get(name)
    except KeyError as error:
        return _fail(str(error.args[0]), 2)
    if file is not None and not file.is_file():
        return _fail(_("{file} is no file").format(file=file), 2)
    began = time.perf_counter()
    clock = now or datetime.now(UTC)
    try:
        answers = [Answer(file.name, file.read_bytes())] if file else ask(module, settings, clock, http)
        parsed = [(answer, _parse(module, answer)) for answer in answers]
        more = _details(module, answers)
    except ConfigError as error:
        return _fail(str(error), 2)
    except (RadarError, OSError) as error:
        return _fail(str(error), 1)
    found = describe(module.SOURCE, parsed, clock, time.perf_counter() - began) | more
    if as_json:
        print(json.dumps(found, indent=2, ensure_ascii=False))
    else:
        _show(found, Console(highlight=False))
    return 0


def ask(module: SourceModule, settings: Settings, now: datetime, http: Http | None = None) -> list[Answer]:
    """The first answer of the upstream for a short range up to now. Raises what the source's ``fetch`` raises, and
    ConfigError when its terms are not accepted."""
    source = module.SOURCE
    require(source, settings)
    if isinstance(module, Streaming):
        return [listen(module, settings, now)]
    span = max(2 * (source.lag_s + source.cadence_s), 3 * min(source.signals.values(), default=0))
    since = now - timedelta(seconds=span)
    with http or Http(contact=settings.contact) as client:
        answers = list(islice(module.fetch(client, since, now), ANSWERS))
    if not answers:
        raise UpstreamUnavailable(source.name, f"gave no answer for {rfc3339(since)} to {rfc3339(now)}")
    return answers


def listen(module: Streaming, settings: Settings, now: datetime) -> Answer:
    """What a stream says within a few seconds, as one answer. Raises UpstreamUnavailable."""
    lines: list[bytes] = []
    until = time.monotonic() + LISTEN_S
    address = {"url": settings.ris_live_url} if settings.ris_live_url else {}
    for message in module.stream(Ws(contact=settings.contact), **address):
        if message is not None:
            lines.append(message)
        if len(lines) >= LISTEN_MESSAGES or time.monotonic() > until:
            break
    if not lines:
        raise UpstreamUnavailable(module.SOURCE.name, f"said nothing within {LISTEN_S:.0f} s")
    return Answer(f"{module.SOURCE.name} {rfc3339(now)}", b"\n".join(lines))


def _parse(module: SourceModule, answer: Answer) -> Parsed:
    parsed = module.parse(answer.body, name=answer.name)
    check_signals(parsed.rows, source=module.SOURCE.name, signals=set(module.SOURCE.signals))
    return parsed


def _details(module: SourceModule, answers: Sequence[Answer]) -> dict[str, Any]:
    """What the source's own ``details(body, *, name="")`` tells of the answers, where it has one: plain rows."""
    tell = getattr(module, "details", None)
    if tell is None:
        return {}
    rows = [row for answer in answers for row in tell(answer.body, name=answer.name)]
    return {"details": rows[:DETAILS], "details_left_out": max(0, len(rows) - DETAILS)}


def describe(source: Source, parsed: Sequence[tuple[Answer, Parsed]], now: datetime, seconds: float) -> dict[str, Any]:
    """What came out, as the command's JSON.

    ``from`` is the start of the oldest bin, ``until`` the end of the newest; ``lag_s`` is counted from there to
    ``now``. All three are None without rows.
    """
    rows = pl.concat(result.rows for _answer, result in parsed)
    given = rows.drop_nulls("value")
    ends = [bin_end(source.signals[signal], start) for signal, start in
            given.group_by("signal").agg(pl.col("timebin").max()).rows()]  # fmt: skip
    until = max(ends, default=None)
    lag = (now - until).total_seconds() if until else None
    notes: dict[str, int] = {}
    for _answer, result in parsed:
        for note, count in result.notes.items():
            notes[note] = notes.get(note, 0) + count
    return {
        "source": source.name,
        "answers": [{"name": answer.name, "bytes": len(answer.body)} for answer, _result in parsed],
        "rows": rows.height,
        "rejected": sum(result.rejected_count for _answer, result in parsed),
        "rejections": [
            {"reason": item.reason, "count": item.count, "example": item.example}
            for _answer, result in parsed
            for item in result.rejected
        ],
        "from": rfc3339(given["timebin"].min()) if given.height else None,  # type: ignore[arg-type]  # a datetime
        "until": rfc3339(until) if until else None,
        "entities": given["entity"].n_unique(),
        "signals": dict(given.group_by("signal").len().sort("signal").iter_rows()),
        "notes": notes,
        "newest_bin": rfc3339(given["timebin"].max()) if given.height else None,  # type: ignore[arg-type]  # a datetime
        "lag_s": lag,
        "freshness": freshness(source, lag),
        "seconds": round(seconds, 3),
    }


def freshness(source: Source, lag_s: float | None) -> str:
    """ "newest bin 14 min old: ok", in words."""
    if not source.signals:
        return _("happenings, no series")
    if lag_s is None:
        return _("no bin with a value")
    late = lag_s > LATE * (source.lag_s + source.cadence_s)
    return _("newest bin {age} old: {verdict}").format(age=age(lag_s), verdict=_("late") if late else _("ok"))


def age(seconds: float) -> str:
    """A duration in its largest fitting unit: "14 min", "3 h", "12 d"."""
    for unit, size in ((_("d"), 86_400), (_("h"), 3600), (_("min"), 60)):
        if seconds >= 2 * size or (unit == _("min") and seconds >= size):
            return f"{seconds / size:.0f} {unit}"
    return f"{max(seconds, 0):.0f} {_('s')}"


def _show(found: dict[str, Any], console: Console) -> None:
    console.print(f"[bold]{found['source']}[/bold]  {found['freshness']}")
    for answer in found["answers"]:
        console.print(f"  {answer['name']}  {answer['bytes']:,} B", markup=False, soft_wrap=True)
    span = f"{found['from']} … {found['until']}" if found["from"] else _("no rows")
    console.print(
        _("rows {rows}, entities {entities}, rejected {rejected}, {span}, {seconds} s").format(
            rows=f"{found['rows']:,}", entities=found["entities"], rejected=f"{found['rejected']:,}", span=span,
            seconds=f"{found['seconds']:.2f}",
        )
    )  # fmt: skip
    if found["signals"]:
        table = Table(_("signal"), _("values"), box=None, pad_edge=False)
        table.columns[1].justify = "right"
        for signal, count in found["signals"].items():
            table.add_row(signal, f"{count:,}")
        console.print(table)
    if found["rejections"]:
        table = Table(_("rejected because"), _("rows"), _("for example"), box=None, pad_edge=False)
        table.columns[1].justify = "right"
        for item in found["rejections"]:
            table.add_row(item["reason"], f"{item['count']:,}", item["example"].replace("[", r"\["))
        console.print(table)
    if found["notes"]:
        console.print(", ".join(f"{note} {count:,}" for note, count in found["notes"].items()))
    if found.get("details"):
        console.print(_("--json shows {many} more rows of detail").format(many=len(found["details"])))


def _fail(message: str, code: int) -> int:
    print(f"radar try: {message}", file=sys.stderr)
    return code
