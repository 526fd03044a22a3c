"""The command line of the archive and of history: ``radar archive``, ``radar rebuild``, ``radar backfill``."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from jobs.cli_times import moment
from radar.errors import ConfigError

if TYPE_CHECKING:
    from radar.settings import Settings
    from radar.sources import SourceModule


def add_to(add: Callable[..., argparse.ArgumentParser]) -> None:
    """Add the commands; ``add`` takes name, handler, help and examples."""
    archive = add("archive", _archive, "show what the archive holds; pack its days, or delete what is too old",
                  "examples:\n  radar archive                      sources, days, files, bytes\n"
                  "  radar archive compact --dry-run    the worker does it once a day\n"
                  "  radar archive prune                as RADAR_ARCHIVE_RAW_DAYS and _ROWS_DAYS say")  # fmt: skip
    archive.add_argument("what", nargs="?", choices=("show", "compact", "prune"), default="show")
    archive.add_argument("--dry-run", action="store_true", help="only say what would be done")

    rebuild = add("rebuild", _rebuild, "work out again, from the archive, what was published; into an empty store",
                  "examples:\n  radar rebuild                      everything, up to now\n"
                  "  RADAR_DATA_DIR=/data REDIS_URL=redis://other:6379/0 \\\n"
                  "    radar rebuild --from 2026-01-01T00:00:00Z --until 2026-02-01T00:00:00Z\n\n"
                  "One that was killed goes on where it was: give the same arguments again.")  # fmt: skip
    rebuild.add_argument("--from", dest="since", type=moment, metavar="T", help="first moment (the first there is)")
    rebuild.add_argument("--until", type=moment, metavar="T", help="last moment (now)")
    rebuild.add_argument("--source", action="append", default=[], metavar="S", help="only this one; may be repeated")
    rebuild.add_argument("--replace", action="store_true", help="delete what the store holds; what people said stays")

    backfill = add("backfill", _backfill, "ask a source for months of history, and archive what it says",
                   "example:\n  radar backfill ioda_signals --from 2025-01 --until 2025-12\n\n"
                   "Months that are complete are remembered and not asked for again.")  # fmt: skip
    backfill.add_argument("name", metavar="SOURCE", help="the source")
    backfill.add_argument("--from", dest="since", type=_month, required=True, metavar="YYYY-MM", help="first month")
    backfill.add_argument("--until", type=_month, metavar="YYYY-MM", help="last month (this one)")

    for command in (archive, rebuild, backfill):
        command.add_argument("--json", action="store_true", help="print JSON instead of text")


def _archive(args: argparse.Namespace, settings: Settings) -> int:
    from jobs import archive

    return archive.run(settings, args.what, dry=args.dry_run, as_json=args.json)


def _rebuild(args: argparse.Namespace, settings: Settings) -> int:
    for name in args.source:
        _check(name)
    from jobs import rebuild_command

    return rebuild_command.run(settings, since=args.since, until=args.until, sources=tuple(args.source),
                               replace=args.replace, as_json=args.json)  # fmt: skip


def _backfill(args: argparse.Namespace, settings: Settings) -> int:
    module = _check(args.name)
    from jobs import backfill

    return backfill.run(settings, module, since=args.since, until=args.until, as_json=args.json)


def _check(name: str) -> SourceModule:
    from radar.sources import get

    try:
        return get(name)
    except KeyError as error:
        raise ConfigError(error.args[0]) from None


def _month(text: str) -> datetime:
    try:
        return datetime.strptime(text, "%Y-%m").replace(tzinfo=UTC)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no month; expected e.g. 2025-01") from None
