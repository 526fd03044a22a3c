"""``radar archive``: what the archive holds, by source; pack its closed days, or delete what is too old, by hand."""

from __future__ import annotations

import sys
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any, Literal

import orjson

from jobs import logs
from jobs.progress import screen
from jobs.storage import reachable
from jobs.upkeep import Kept, before, compact, mb, prune, taken_in
from radar.archive import Archive
from radar.archive.upkeep import held
from radar.errors import ConfigError
from radar.labels import _
from radar.settings import Settings
from radar.store import connect

What = Literal["show", "compact", "prune"]


def run(settings: Settings, what: What, *, dry: bool, as_json: bool) -> int:
    """Print or do it; 1 when a day could not be worked on.

    Raises
    ------
    ConfigError
        There is no archive in the data folder.
    StoreUnavailable, RadarError
        Only the store says what was taken in, and it cannot be asked: nothing was touched.
    """
    logs.configure(settings, process="archive")
    if not (settings.data_dir / "archive").is_dir():
        raise ConfigError(f"there is no archive in {settings.data_dir}; RADAR_DATA_DIR names the folder of a radar")
    archive = Archive(settings.data_dir)
    if what == "show":
        return _show(archive, as_json=as_json)
    now = datetime.now(UTC)
    with reachable(settings) as url, connect(url, timeout_s=10) as client:
        taken = taken_in(client)
    if what == "compact":
        with screen(sys.stderr) as view:
            report = compact(archive, taken, now, dry=dry, progress=view.progress)
    else:
        report = prune(archive, settings, taken, now, dry=dry)
    if as_json:
        _print_json(_plain(report, what, dry=dry, taken=taken.until))
    else:
        _print(report, what, settings, now, dry=dry, nothing=taken.until is None)
    return 1 if report.errors else 0


def _show(archive: Archive, *, as_json: bool) -> int:
    found = held(archive)
    if as_json:
        _print_json([asdict(one) for one in found])
        return 0
    print(f"{_('source'):<22}{_('kind'):<10}{_('days'):>6}{_('files'):>10}{_('size'):>14}  {_('since')}")
    for one in found:
        kind = _("answers") if one.kind == "raw" else _("rows")
        print(f"{one.source:<22}{kind:<10}{one.days:>6,}{one.files:>10,}{mb(one.bytes):>14}  {one.oldest or ''}")
    if not found:
        print(_("Nothing was archived yet."))
    return 0


def _print(report: Kept, what: What, settings: Settings, now: datetime, *, dry: bool, nothing: bool) -> None:
    for one in report.packed:
        after = "" if one.after_bytes is None else f" -> {mb(one.after_bytes)}"
        files = _("{n} files").format(n=f"{one.files:,}")
        print(f"{one.source} {one.day}: {files}, {mb(one.before_bytes)}{after}")
    for gone in report.expired:
        kind = _("answers") if gone.kind == "raw" else _("rows")
        files = _("{n} files").format(n=f"{len(gone.paths):,}")
        print(f"{gone.source} {gone.day}: {kind}, {files}, {mb(gone.bytes)}")
    for error in report.errors:
        print(_("failed: {why}").format(why=error))
    if nothing:
        print(_("Nothing was taken in yet, so nothing is touched."))
    elif what == "prune" and not any(before(settings, now)):
        print(_("Everything is kept for ever: RADAR_ARCHIVE_RAW_DAYS and RADAR_ARCHIVE_ROWS_DAYS are 0."))
    elif not (report.packed or report.expired or report.errors):
        print(_("Nothing to do."))
    elif dry:
        print(_("Nothing was changed: this is what would be done."))


def _plain(report: Kept, what: What, *, dry: bool, taken: str | None) -> dict[str, Any]:
    gone = [
        {"source": one.source, "kind": one.kind, "day": one.day, "files": len(one.paths), "bytes": one.bytes}
        for one in report.expired
    ]
    done = [asdict(one) for one in report.packed]
    return {"what": what, "dry_run": dry, "taken_in_until": taken,
            "days": done if what == "compact" else gone, "errors": report.errors}  # fmt: skip


def _print_json(body: object) -> None:
    sys.stdout.buffer.write(orjson.dumps(body, option=orjson.OPT_INDENT_2) + b"\n")
