"""Where MRT files lie: addresses with the time in them, or a folder; and which of them belong to a span of time.

An address is a pattern with the codes of strftime, ``https://data.ris.ripe.net/rrc00/%Y.%m/updates.%Y%m%d.%H%M.gz``.
How often there is a file is known of RIPE RIS and RouteViews, by what the pattern says:

============================= =========================================
``bview``                      a table dump of RIPE RIS every 8 hours
``rib``                        a table dump of RouteViews every 2 hours
``updates`` and "routeviews"   updates of 15 minutes
``updates``                    updates of 5 minutes
============================= =========================================

Elsewhere a number of seconds behind ``#`` says it: ``https://archive.example/%Y/updates.%Y%m%d.%H%M.bz2#3600``.
"""

from __future__ import annotations

import glob
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from radar.errors import ConfigError, UpstreamUnavailable

#: Seconds after its end until a file of updates, or a dump, is there.
PUBLISHED_S = 420
#: Updates further back than this are not asked for: a day of one collector is a gigabyte.
REACH = timedelta(hours=6)

_SUFFIXES = (".gz", ".bz2", ".zst", ".mrt")
_STAMP = re.compile(r"(?<!\d)(\d{8})\.?(\d{4})(?!\d)")
_COLLECTOR = re.compile(r"(?<![a-z0-9])(rrc\d\d|route-views\d?(?:\.[a-z0-9-]+)?)(?![a-z0-9])")


@dataclass(frozen=True, slots=True)
class Pattern:
    """An address with the time in it. ``step``: seconds between two files; ``dump``: they are table dumps."""

    url: str
    step: int
    dump: bool

    def files(self, since: datetime, until: datetime) -> list[tuple[datetime, str]]:
        """Time and address of each file that belongs to the span and must be there by now, oldest first.

        Updates belong to it when they begin in it or run into it; of dumps only the newest is asked for.
        """
        ready = until.timestamp() - PUBLISHED_S - (0 if self.dump else self.step)
        begin = since if self.dump else max(since, until - REACH)
        first = -(-int(begin.timestamp()) // self.step) if self.dump else int(begin.timestamp()) // self.step
        last = int(ready // self.step)
        times = [datetime.fromtimestamp(number * self.step, UTC) for number in range(first, last + 1)]
        return [(time, time.strftime(self.url)) for time in (times[-1:] if self.dump else times)]


def patterns(setting: str) -> list[Pattern]:
    """The addresses of the setting, which stand between spaces; none when it is a folder or a glob.

    Raises ConfigError for an address without a time, or one of which it is not known how often there is a file.
    """
    if "://" not in setting:
        return []
    found = []
    for text in setting.split():
        url, _, seconds = text.partition("#")
        if not url.startswith(("https://", "http://")) or "%" not in url:
            raise ConfigError(
                f"RADAR_MRT_FILES has {text!r}; expected an http address with codes of strftime such as %Y%m%d.%H%M"
            )
        name = url.rpartition("/")[2]
        dump = "bview" in name or name.startswith("rib")
        if seconds:
            if not seconds.isdigit() or not 60 <= int(seconds) <= 86_400:
                raise ConfigError(f"RADAR_MRT_FILES has {text!r}; expected 60 to 86400 seconds behind '#'")
            step = int(seconds)
        elif "bview" in name:
            step = 8 * 3600
        elif dump:
            step = 2 * 3600
        elif "updates" in name:
            step = 900 if "routeviews" in url else 300
        else:
            raise ConfigError(
                f"RADAR_MRT_FILES has {text!r}; expected 'updates', 'bview' or 'rib' in its name, or the seconds "
                "between two files behind '#'"
            )
        found.append(Pattern(url, step, dump))
    return found


def files_in(place: str, since: datetime, until: datetime, *, source: str) -> list[Path]:
    """Files of a folder or a glob that belong to the span, oldest first.

    By the time in a file's name (``updates.20260101.0005.gz``), or when it has none by when it was written. Raises
    UpstreamUnavailable when there is none at all.
    """
    found = Path(place).rglob("*") if Path(place).is_dir() else map(Path, glob.glob(place, recursive=True))
    files = [path for path in found if path.is_file() and path.name.endswith(_SUFFIXES)]
    if not files:
        raise UpstreamUnavailable(source, f"no MRT file at {place!r}; expected names ending in {', '.join(_SUFFIXES)}")
    timed = sorted((time_in(path.name) or datetime.fromtimestamp(path.stat().st_mtime, UTC), path) for path in files)
    return [path for time, path in timed if since <= time < until]


def time_in(name: str) -> datetime | None:
    """The time in a file's name, or None."""
    found = _STAMP.search(name)
    if not found:
        return None
    try:
        return datetime.strptime(found[1] + found[2], "%Y%m%d%H%M").replace(tzinfo=UTC)
    except ValueError:
        return None


def collector_in(name: str) -> str:
    """The route collector that a name or an address speaks of; "" when it names none.

    Examples
    --------
    >>> collector_in("https://data.ris.ripe.net/rrc00/2026.01/updates.20260101.0000.gz")
    'rrc00'
    """
    found = _COLLECTOR.search(name)
    return found[1] if found else ""
