"""``radar collect`` and ``radar replay``: what their steps found, as text or JSON."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType

import orjson

from jobs import logs
from jobs.collect import enabled
from jobs.collector import Collector
from jobs.ledger import Ledger
from jobs.outages import line
from jobs.progress import screen
from radar.archive import Archive
from radar.http import Http
from radar.labels import _
from radar.settings import Settings, load


def collect(settings: Settings, *, only: Sequence[str] = (), as_json: bool) -> int:
    """Ask sources once; 1 when one of them failed. The others are archived all the same."""
    logs.configure(settings, process="collect")
    modules = enabled(settings, only or None)
    with Http(contact=settings.contact, cache=settings.data_dir / "http") as http:
        collector = Collector(http=http, archive=Archive(settings.data_dir), ledger=Ledger(settings.data_dir))
        reports = collector.run(modules, datetime.now(UTC))
    if as_json:
        _print_json([asdict(report) for report in reports])
    else:
        for report in reports:
            told = report.error or f"{report.rows} rows, {report.rejected} rejected, newest bin {report.newest_bin}"
            print(f"{'ok' if report.ok else 'failed':<7} {report.source:<16} {told} ({report.seconds:.1f} s)")
        if not reports:
            print(_("No source is switched on; `radar doctor` says why not."))
    return 0 if all(report.ok for report in reports) else 1


def replay(
    path: Path,
    source: str,
    *,
    into: Path | None,
    speed: float | None,
    until: datetime | None,
    as_json: bool,
) -> int:
    """Replay recorded bytes. Ctrl-C ends it early; what was played is kept. Raises RadarError."""
    logs.configure(load(), process="replay")
    from jobs.replay import replay as play  # the whole pipeline, which `collect` does not need

    stop = threading.Event()

    def ask(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        with screen(sys.stderr) as view:
            found = play(path, source, into=into, speed=speed, until=until, progress=view.progress, stop=stop)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    if as_json:
        _print_json(found)
        return 0
    print(f"{found['rows']} rows, {found['rejected']} rejected, from {found['from']} until {found['until']}")
    for outage in found["outages"]:
        print(line(outage))
    if not found["outages"]:
        print("No outages.")
    if into is not None:
        print(f"See it: RADAR_DATA_DIR={into} radar web")
    return 0


def _print_json(body: object) -> None:
    sys.stdout.buffer.write(orjson.dumps(body, option=orjson.OPT_INDENT_2) + b"\n")
