"""How long series stay in the store, and what goes first when they take more memory than they may.

A live page is given its time when it is begun, so that the server drops it by itself. A sweep does what that cannot:
it drops pages that a shorter setting has made too old, and, where a budget is set and exceeded, the oldest pages: first
of all those of bins below an hour, then those of hours and days. Months, and the newest two days, are never dropped.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING, TypedDict

from radar.signals import GROUPS, MONTH_S, Group
from radar.store import Store, asking, keys, primaries
from radar.store.wire import command, exchange
from radar.times import rfc3339

if TYPE_CHECKING:
    from radar.settings import Settings

DAY_S = 86_400
#: The newest part of every series, which no budget touches.
SPARED = timedelta(days=2)
#: Pages whose memory is asked for.
SAMPLED = 64
_BATCH = 5000


@dataclass(frozen=True, slots=True)
class Keep:
    """Days for which series are kept, by the grain of their bins; 0 means for ever."""

    minute_days: int  # below 5 minutes
    fine_days: int  # from 5 minutes to below an hour
    coarse_days: int  # hours and days

    @classmethod
    def of(cls, settings: Settings) -> Keep:
        """As the operator set it."""
        return cls(settings.keep_minute_days, settings.keep_fine_days, settings.keep_coarse_days)

    def seconds(self, group: Group) -> int | None:
        """How long pages of this group are kept after they were begun; None for ever."""
        if group.grain_s == MONTH_S:
            return None
        grain = group.grain_s
        days = self.minute_days if grain < 300 else self.fine_days if grain < 3600 else self.coarse_days
        # a page is begun with its first bin, and its last one is to live as long
        return (days * DAY_S + keys.page_bins(grain) * grain) if days else None


class Drop(TypedDict):
    """What a sweep dropped. ``before``: bins that ended by then are the newest of what went; RFC 3339."""

    at: str
    why: str  # "age" or "budget"
    pages: int
    bytes: int
    before: str


class Storage(TypedDict):
    """Document ``storage``: how much the store holds, as of the last sweep."""

    at: str
    used_bytes: int
    budget_bytes: int | None  # None: no budget is set
    met: bool  # within the budget, or none is set
    pages: int
    bytes_per_point: float | None  # None: no page of a series is there
    dropped: list[Drop]  # the newest ones first


Page = tuple[str, int]  # group and number


def sweep(client: Store, keep: Keep, budget_bytes: int | None, now: datetime) -> Storage:
    """Drop what is too old or too much, and say what is there.

    Parameters
    ----------
    budget_bytes
        What all servers together may use; None for no limit. Also what the documents and the servers themselves take
        counts against it, but only pages of series are dropped.
    now
        The clock that the bins' ages are counted from.

    Raises
    ------
    StoreUnavailable
        The store cannot be asked. What was dropped until then stays dropped.
    """
    counts: Counter[Page] = Counter()
    sample: list[tuple[bytes, Group]] = []
    for key, page in _pages(client):
        counts[page] += 1
        if counts[page] == 1 and len(sample) < SAMPLED:
            sample.append((key, GROUPS[page[0]]))
    sizes = _sizes(client, sample)
    per_point = None if not sizes else round(sum(sizes.values()) / sum(keys.page_bytes(g) / 4 for _, g in sample), 2)
    used = memory(client)
    gone: dict[str, list[Page]] = {"age": [page for page in counts if _too_old(page, keep, now)], "budget": []}
    weight = {page: count * keys.page_bytes(GROUPS[page[0]]) / 4 * (per_point or 0) for page, count in counts.items()}
    left = used - sum(weight[page] for page in gone["age"])
    if budget_bytes is not None:
        for page in sorted(counts.keys() - set(gone["age"]), key=_first_to_go):
            if left <= budget_bytes:
                break
            if _end(page) <= now - SPARED and GROUPS[page[0]].grain_s != MONTH_S:
                gone["budget"].append(page)
                left -= weight[page]
    dropped: list[Drop] = []
    total = sum(counts.values())
    for why, pages in gone.items():
        if pages:
            before = sum(counts[page] for page in pages)
            count = _drop(client, set(pages), only_mortal=why == "age")
            total -= count
            if count:
                size = sum(weight[page] for page in pages) * count / before
                dropped.append({"at": rfc3339(now), "why": why, "pages": count, "bytes": round(size),
                                "before": rfc3339(max(map(_end, pages)))})  # fmt: skip
    if dropped:
        used = memory(client)
    return {
        "at": rfc3339(now),
        "used_bytes": used,
        "budget_bytes": budget_bytes,
        "met": budget_bytes is None or used <= budget_bytes,
        "pages": total,
        "bytes_per_point": per_point,
        "dropped": dropped,
    }


def memory(client: Store) -> int:
    """Bytes that the server uses, or all primaries of a Cluster. Raises StoreUnavailable."""
    with asking("server information"):
        return sum(int(node.info("memory")["used_memory"]) for node in primaries(client))


def _pages(client: Store) -> Iterator[tuple[bytes, Page]]:
    """Every page of a series of the catalogue, once or more: a scan may give a key twice."""
    with asking("look at all pages"):
        for node in primaries(client):
            for key in node.scan_iter(match=f"{keys.PAGE_HEAD}*", count=_BATCH):
                page = _page(key)
                if page is not None:
                    yield key, page


def _page(key: bytes) -> Page | None:
    parts = key.rpartition(b"}:")[2].split(b":")
    if len(parts) != 3 or not parts[2].isdigit() or parts[1].decode("ascii", "replace") not in keys.ASPECTS:
        return None
    name = parts[0].decode("ascii", "replace")
    return (name, int(parts[2])) if name in GROUPS else None


def _sizes(client: Store, sample: list[tuple[bytes, Group]]) -> dict[bytes, int]:
    asked = (command(b"MEMORY", b"USAGE", key, b"SAMPLES", b"0") for key, _ in sample)
    replies = exchange(client, asked, reply_bytes=16, what="memory of pages")
    return {key: int(reply or 0) for (key, _), reply in zip(sample, replies, strict=True)}


def _end(page: Page) -> datetime:
    grain = GROUPS[page[0]].grain_s
    return keys.bin_start(grain, (page[1] + 1) * keys.page_bins(grain))


def _too_old(page: Page, keep: Keep, now: datetime) -> bool:
    group = GROUPS[page[0]]
    seconds = keep.seconds(group)
    begun = keys.bin_start(group.grain_s, page[1] * keys.page_bins(group.grain_s))
    return seconds is not None and begun + timedelta(seconds=seconds) < now


def _first_to_go(page: Page) -> tuple[bool, datetime, Page]:
    return GROUPS[page[0]].grain_s >= 3600, _end(page), page


def _drop(client: Store, pages: set[Page], *, only_mortal: bool) -> int:
    """Drop all keys of these pages; ``only_mortal``: but those that were written to stay, such as recorded sets."""
    found = (key for key, page in _pages(client) if page in pages)
    count = 0
    while batch := list(islice(found, _BATCH)):
        if only_mortal:
            lives = exchange(client, (command(b"TTL", key) for key in batch), reply_bytes=8, what="drop pages")
            batch = [key for key, life in zip(batch, lives, strict=True) if int(life or 0) >= 0]
        asked = (command(b"UNLINK", key) for key in batch)
        count += sum(int(reply or 0) for reply in exchange(client, asked, reply_bytes=8, what="drop pages"))
    return count
