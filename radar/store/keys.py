"""Every key of the store, and how time is cut into pages. Nothing else in the project builds a key.

A *page* is one string value: the packed float32 rows of one (entity, group, aspect) over one span of time. Its span
depends on the group's grain, so that a page stays between 4 bytes and some 30 kB:

============== ============ ========================================
grain          page         bin index counts
============== ============ ========================================
up to 30 min   1 day        grains since 1970-01-01T00:00Z
up to 2 hours  28 days      grains since 1970-01-01T00:00Z
1 day          364 days     days since 1970-01-01
a month        120 months   year * 12 + month - 1
============== ============ ========================================

The part of a key in braces is its hash tag: all keys of one entity lie on one node of a cluster, and so do all
published documents, which are written in one transaction.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from radar.signals import MONTH_S, SLOTS, Group

PREFIX = "radar:v1:"

#: What is kept about each bin of a series. ``value`` and ``n``: as observed. ``baseline``: what was expected.
#: ``spread``: robust sigma of the expectation. ``score``: signed distance in sigmas, negative in the bad direction.
#: ``clean``: the value where it was normal, else the baseline; the detector learns from it.
ASPECTS: tuple[str, ...] = ("value", "n", "baseline", "spread", "score", "clean")

#: One slot of a row: a little-endian float32, of which NaN means "no data".
SLOT_BYTES = 4
NAN = b"\x00\x00\xc0\x7f"

_DAY_S = 86_400
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def page_bins(grain_s: int) -> int:
    """Number of bins in one page of this grain. Raises ValueError for a grain that has no page."""
    if grain_s == MONTH_S:
        return 120
    if grain_s == _DAY_S:
        return 364
    if 0 < grain_s <= 1800 and _DAY_S % grain_s == 0:
        return _DAY_S // grain_s
    if 1800 < grain_s <= 7200 and _DAY_S % grain_s == 0:
        return 28 * _DAY_S // grain_s
    raise ValueError(f"no page for a grain of {grain_s} s; expected a part of a day up to 2 h, a day, or MONTH_S")


def bin_index(grain_s: int, moment: datetime) -> int:
    """Index of the bin that holds the moment. Raises ValueError for a time without zone."""
    if moment.tzinfo is None:
        raise ValueError(f"{moment!r} has no zone; expected an aware time")
    if grain_s == MONTH_S:
        utc = moment.astimezone(UTC)
        return utc.year * 12 + utc.month - 1
    return (moment - _EPOCH) // timedelta(seconds=grain_s)


def bin_start(grain_s: int, index: int) -> datetime:
    """First moment of the bin with this index; the inverse of ``bin_index``."""
    if grain_s == MONTH_S:
        return datetime(index // 12, index % 12 + 1, 1, tzinfo=UTC)
    return _EPOCH + timedelta(seconds=grain_s * index)


def exact_index(grain_s: int, start: datetime) -> int:
    """Index of the bin that starts at this moment. Raises ValueError when no bin starts there."""
    index = bin_index(grain_s, start)
    if bin_start(grain_s, index) != start:
        raise ValueError(f"no bin of {grain_s} s starts at {start.isoformat()}; the one that holds it starts at "
                         f"{bin_start(grain_s, index).isoformat()}")  # fmt: skip
    return index


def bin_range(grain_s: int, since: datetime, until: datetime) -> range:
    """Indices of the bins that start in ``[since, until)``."""

    def first_from(moment: datetime) -> int:
        index = bin_index(grain_s, moment)
        return index if bin_start(grain_s, index) == moment else index + 1

    return range(first_from(since), max(first_from(since), first_from(until)))


def spans(group: Group, bins: range) -> list[tuple[int, int, int]]:
    """Cut a range of bin indices at the borders of pages: (page number, first row in the page, number of rows)."""
    per_page = page_bins(group.grain_s)
    found: list[tuple[int, int, int]] = []
    at = bins.start
    while at < bins.stop:
        number, row = divmod(at, per_page)
        count = min(per_page - row, bins.stop - at)
        found.append((number, row, count))
        at += count
    return found


def runs(group: Group, indices: Sequence[int]) -> list[tuple[int, int, int]]:
    """Cut strictly rising bin indices into contiguous runs within one page.

    Returns
    -------
    list
        Of (page number, first row within the page, number of rows).
    """
    per_page = page_bins(group.grain_s)
    found: list[tuple[int, int, int]] = []
    for index in indices:
        page, row = divmod(index, per_page)
        if found and found[-1][0] == page and found[-1][1] + found[-1][2] == row:
            found[-1] = (page, found[-1][1], found[-1][2] + 1)
        else:
            found.append((page, row, 1))
    return found


def row_bytes(group: Group) -> int:
    """Bytes of one row: one bin of all the group's slots."""
    return group.width * SLOT_BYTES


def page_bytes(group: Group) -> int:
    """Bytes of one page of this group."""
    return page_bins(group.grain_s) * row_bytes(group)


def page_tail(group: Group, aspect: str) -> str:
    """What stands after the entity in a page's key, but for the page number. Raises KeyError for no aspect."""
    if aspect not in ASPECTS:
        raise KeyError(f"no aspect {aspect!r}; there are {', '.join(ASPECTS)}")
    return f"}}:{group.name}:{aspect}:"


#: What stands before the entity in a page's key.
PAGE_HEAD = f"{PREFIX}{{"


def page(entity: str, group: Group, aspect: str, number: int) -> str:
    """Key of one page: ``radar:v1:{country/IQ}:edge:value:20514``. Raises KeyError for an unknown aspect."""
    return f"{PAGE_HEAD}{entity}{page_tail(group, aspect)}{number}"


def blank(group: Group, ttl_s: int | None) -> str:
    """Key of a page of this group's size without data, from which others are begun; it lives as long as they."""
    return f"{PREFIX}{{blank}}:{page_bytes(group)}:{ttl_s or 0}"


def slot(series: str) -> tuple[Group, int]:
    """Group and slot of a series id. Raises KeyError for one that is not in the catalogue."""
    try:
        return SLOTS[series]
    except KeyError:
        raise KeyError(f"no series {series!r} in the catalogue; expected e.g. {next(iter(SLOTS))!r}") from None


#: Sorted sets: index of the oldest and of the newest bin written, by "group:aspect".
OLDEST = f"{PREFIX}{{span}}:oldest"
NEWEST = f"{PREFIX}{{span}}:newest"


def span_member(group: Group, aspect: str) -> str:
    """Member of ``OLDEST`` and ``NEWEST``. Raises KeyError for no aspect."""
    page_tail(group, aspect)
    return f"{group.name}:{aspect}"


#: The published state: a counter that grows with each publication, and the hash of entity states.
VERSION = f"{PREFIX}{{pub}}:version"
STATES = f"{PREFIX}{{pub}}:states"


def document(name: str) -> str:
    """Key of a published JSON document."""
    return f"{PREFIX}{{pub}}:doc:{name}"


def blob(name: str) -> str:
    """Key of bytes that belong to a publication, such as a detector's memory."""
    return f"{PREFIX}{{pub}}:blob:{name}"


#: Hash of the routing table's view of each entity, JSON by entity key; one field a network, so that a page reads one.
ROUTES = f"{PREFIX}{{routes}}:now"
#: The same of who depends on whom.
PATHS = f"{PREFIX}{{routes}}:paths"

#: Hash of how packets travelled in the last hour, JSON by entity key.
PERFORMANCE = f"{PREFIX}{{performance}}:now"

#: Hash of how reliable each entity was over twelve months, JSON by entity key; and up to when all are counted.
RELIABILITY = f"{PREFIX}{{reliability}}:year"
RELIABILITY_UNTIL = f"{PREFIX}{{reliability}}:until"


#: What was published when: the index of all segments, scored by the second in which each begins, and the hash of those
#: that somebody waits for. They lie beside the documents, as each publication adds to them.
TRAVEL = f"{PREFIX}{{pub}}:travel"
TRAVEL_WANTED = f"{PREFIX}{{pub}}:travel:wanted"


def travel(segment: str) -> str:
    """Key of the list of frames of one segment: ``radar:v1:{pub}:travel:1772409600``."""
    return f"{TRAVEL}:{segment}"


def lease(name: str) -> str:
    """Key of a lease. It lies beside the documents, so that a publication can be refused when the lease is lost."""
    return f"{PREFIX}{{pub}}:lease:{name}"


#: Hash of who took which lease, until it is given back. It lies beside the leases.
HOLDERS = lease("holders")


#: Pages of live 5- to 30-minute bins are dropped this long after they were begun: over three times what the
#: detector looks back on. Coarser pages are small and kept for ever. Loads of history pass None.
LIVE_TTL_S = 90 * _DAY_S
#: Those of a stream's minutes, of which there are five times as many: they are held against their last day alone.
STREAM_TTL_S = 4 * _DAY_S


def live_ttl_s(group: Group) -> int | None:
    """How long live pages of this group are kept, in seconds after they were begun; None for ever."""
    if group.grain_s < 300:
        return STREAM_TTL_S
    return LIVE_TTL_S if group.grain_s <= 1800 else None


def queue(part: str) -> str:
    """Key of the job queue's own data: ``radar:v1:{jobs}:schedule``."""
    return f"{PREFIX}{{jobs}}:{part}"


def beacon(part: str) -> str:
    """Key of a count of the beacon's, dropped after an hour: ``radar:v1:{beacon}:result:<number>``."""
    return f"{PREFIX}{{beacon}}:{part}"


#: What stands before the name of a journal. Journals cannot be rebuilt: ``store.clear`` leaves them alone.
JOURNALS = f"{PREFIX}{{journal}}:"


def journal(name: str) -> str:
    """Key of the stream of a journal: ``radar:v1:{journal}:reviews``."""
    return f"{JOURNALS}{name}"
