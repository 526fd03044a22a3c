"""``radar rebuild`` as a command: a bar while it runs, what it did as text or JSON, an end when Ctrl-C asks for it."""

from __future__ import annotations

import signal
import sys
import threading
from datetime import UTC, datetime
from types import FrameType

import orjson

from jobs import logs
from jobs.progress import screen
from jobs.rebuild import rebuild
from jobs.storage import reachable
from radar.errors import ConfigError
from radar.labels import _
from radar.settings import Settings
from radar.store import connect


def run(
    settings: Settings,
    *,
    since: datetime | None,
    until: datetime | None,
    sources: tuple[str, ...],
    replace: bool,
    as_json: bool,
) -> int:
    """Rebuild, and say what came of it; 1 when it was ended before it was complete. Raises what ``rebuild`` raises."""
    logs.configure(settings, process="rebuild")
    if not (settings.data_dir / "archive").is_dir():
        raise ConfigError(f"there is no archive in {settings.data_dir}; RADAR_DATA_DIR names the folder of a radar")
    stop = threading.Event()

    def ask(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        with (
            screen(sys.stderr) as view,
            reachable(settings, new=True) as url,
            connect(url, timeout_s=30) as client,
        ):
            found = rebuild(settings, client, now=datetime.now(UTC), since=since, until=until, sources=sources,
                            replace=replace, progress=view.progress, stop=stop)  # fmt: skip
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    if as_json:
        sys.stdout.buffer.write(orjson.dumps(found, option=orjson.OPT_INDENT_2) + b"\n")
        return 0 if found.complete else 1
    if found.resumed:
        print(_("Went on after {n} ticks that an earlier run had done.").format(n=f"{found.resumed:,}"))
    print(
        _("{ticks} ticks from {since} until {until}: {files} answers, {rows} rows, {outages} outages").format(
            ticks=f"{found.ticks:,}", since=found.since, until=found.until, files=f"{found.files:,}",
            rows=f"{found.rows:,}", outages=f"{found.outages:,}",
        )
    )  # fmt: skip
    made_up = found.ticks - found.written_down
    if made_up:
        print(_("{n} ticks were not written down and were made up: times at which something was known may differ.")
              .format(n=f"{made_up:,}"))  # fmt: skip
    if not found.complete:
        print(_("It was ended before it was complete: the same call goes on from here."))
    return 0 if found.complete else 1
