"""The store as the jobs see it: how a command reaches it, and the hourly look at its memory.

What is too old or too much goes, and what went is told.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Literal

import structlog

from radar.errors import RadarError, StoreUnavailable
from radar.settings import Settings
from radar.store import Server, Store, documents, embedded, url_of
from radar.store.retention import Keep, Storage, sweep

log = structlog.get_logger(__name__)

#: Time between two sweeps, whichever worker does them.
EVERY = timedelta(hours=1)
#: What was dropped is remembered this often.
REMEMBERED = 20
#: The document that `radar doctor` reads.
DOCUMENT = "storage"


@contextmanager
def reachable(settings: Settings, *, new: bool = False) -> Iterator[str]:
    """The URL of the store. An embedded one that does not run is started for the while: its data is on disk.

    Raises RadarError where no radar has ever run, unless it may be ``new``.
    """
    if settings.redis_url:
        yield url_of(settings)
        return
    if not new and not (settings.data_dir / "store").is_dir():
        hint = settings.data_dir / "demo"
        also = f"; the demo's data is in {hint}: set RADAR_DATA_DIR" if hint.is_dir() else ""
        raise RadarError(f"no radar has run in {settings.data_dir} yet{also}")
    with embedded.start(settings.data_dir) as server:
        yield server.url


class Sweeper:
    """Sweeps when an hour has gone by since the last sweep, whoever did it. Call it under the pipeline's lease."""

    def __init__(self, client: Store, settings: Settings) -> None:
        self._client = client
        self._keep = Keep.of(settings)
        self._budget = settings.store_memory_mb * 10**6 or None
        self._next: datetime | None = None

    def __call__(self, now: datetime) -> Storage | None:
        """Sweep if it is time; what was found, or None. A store that is away is told and tried again."""
        if self._next is not None and now < self._next:
            return None
        try:
            last: Storage | None = documents.get(self._client, DOCUMENT)
            if last is not None and (due := datetime.fromisoformat(last["at"]) + EVERY) > now:
                self._next = due
                return None
            found = sweep(self._client, self._keep, self._budget, now)
            for drop in found["dropped"]:
                log.warning("series dropped from the store", **{k: v for k, v in drop.items() if k != "at"})
            found["dropped"] += last["dropped"][: REMEMBERED - len(found["dropped"])] if last is not None else []
            documents.put(self._client, DOCUMENT, found)
        except StoreUnavailable as error:
            log.warning("store not swept", error=str(error))
            return None
        self._next = now + EVERY
        if not found["met"]:
            log.warning("store above RADAR_STORE_MEMORY_MB, and nothing more may be dropped",
                        used=found["used_bytes"], budget=found["budget_bytes"])  # fmt: skip
        log.info("store swept", used_mb=round(found["used_bytes"] / 1e6, 1), pages=found["pages"],
                 bytes_per_point=found["bytes_per_point"])  # fmt: skip
        return found


def told(
    server: Server, storage: Storage | None, settings: Settings
) -> Iterator[tuple[Literal["ok", "note", "warning"], str, str]]:
    """What `radar doctor` says: memory against its budget, and what had to go for it; with what to do."""
    used, budget = server.memory_bytes, settings.store_memory_mb * 10**6
    of = f"of {_mb(budget)} (RADAR_STORE_MEMORY_MB)" if budget else "without a limit (RADAR_STORE_MEMORY_MB)"
    text = f"{_mb(used)} used {of}"
    if storage is None:
        text += "; not swept yet"
    elif storage["bytes_per_point"] is not None:
        text += f"; {storage['pages']:,} pages of series, {storage['bytes_per_point']:.2f} bytes a point"
    if budget and used > budget:
        yield "warning", text, "give it more, or keep series for less time (RADAR_KEEP_FINE_DAYS)"
    else:
        yield "ok", text, ""
    if server.max_bytes and budget > server.max_bytes:
        yield ("warning", f"maxmemory of the servers is {_mb(server.max_bytes)}: they refuse writes before the budget "
               "is reached", "set RADAR_STORE_MEMORY_MB below it")  # fmt: skip
    for drop in (storage["dropped"] if storage is not None else [])[:3]:
        why = "for the budget" if drop["why"] == "budget" else "by age"
        yield ("warning" if drop["why"] == "budget" else "note",
               f"{drop['pages']:,} pages of series up to {drop['before']} were dropped at {drop['at']} {why}, about "
               f"{_mb(drop['bytes'])}", "")  # fmt: skip


def _mb(size: float) -> str:
    return f"{size / 1e6:,.1f} MB"
