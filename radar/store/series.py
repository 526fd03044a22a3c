"""One series of one entity, for readers: pages, API, feeds. Standard library only.

Values come back exactly as float32 stores them. A bin without data is None; so is every bin of an entity or of a
time that nothing was ever written for. That is "no data", not an error.
"""

from __future__ import annotations

import sys
from array import array
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import cast

from radar.errors import StoreUnavailable
from radar.signals import Group
from radar.store import Store, asking, keys, transaction
from radar.store.wire import fetch

#: How many pages are asked for at once when the newest value is looked for.
_LOOK_BACK = 8

#: About the size of a page, by which a large question is cut.
_PAGE_BYTES = 6000


@dataclass(frozen=True, slots=True)
class SeriesSlice:
    """Evenly spaced bins of one series.

    ``start`` is the first bin's start, ``step_s`` the grain (``MONTH_S``: calendar months). ``values`` are in the
    unit of the catalogue; None is "no data".
    """

    start: datetime
    step_s: int
    values: list[float | None]

    def times(self) -> list[datetime]:
        """Start of each bin, also where a bin is a calendar month."""
        first = keys.bin_index(self.step_s, self.start)
        return [keys.bin_start(self.step_s, first + i) for i in range(len(self.values))]

    @property
    def empty(self) -> bool:
        """Whether no bin holds a value."""
        return all(value is None for value in self.values)


Wanted = tuple[str, str, str]

#: Key of a page, first row in it, number of rows.
Cut = tuple[str, int, int]


def read(client: Store, entity: str, series: str, aspect: str, since: datetime, until: datetime) -> SeriesSlice:
    """The bins of one series that start in ``[since, until)``.

    Parameters
    ----------
    entity
        Its key, such as ``country/IQ``.
    series
        A series id, such as ``edge.requests@edge_logs``.
    aspect
        One of ``keys.ASPECTS``.
    since, until
        Aware times; they need not lie on the borders of bins.

    Raises
    ------
    KeyError
        No such series or aspect in the catalogue.
    StoreUnavailable
        The store cannot be asked.
    """
    return read_many(client, [(entity, series, aspect)], since, until)[entity, series, aspect]


def read_many(client: Store, wanted: Iterable[Wanted], since: datetime, until: datetime) -> dict[Wanted, SeriesSlice]:
    """Several (entity, series, aspect) over the same time in one round trip; otherwise as ``read``.

    Series of one group and aspect share their pages, so asking for all of them costs no more than asking for one.
    """
    plans: dict[tuple[str, str, str], tuple[Group, range, list[Cut], list[tuple[Wanted, int]]]] = {}
    pages: dict[str, bytes | None] = {}
    for item in wanted:
        entity, series, aspect = item
        group, slot = keys.slot(series)
        plan = plans.get((entity, group.name, aspect))
        if plan is None:
            bins = keys.bin_range(group.grain_s, since, until)
            cuts = [
                (keys.page(entity, group, aspect, number), row, count) for number, row, count in keys.spans(group, bins)
            ]
            plan = plans[entity, group.name, aspect] = group, bins, cuts, []
            pages.update(dict.fromkeys(key for key, _, _ in cuts))
        plan[3].append((item, slot))
    names = list(pages)
    pages = dict(zip(names, fetch(client, names, reply_bytes=_PAGE_BYTES, what="read series"), strict=True))
    found: dict[Wanted, SeriesSlice] = {}
    for group, bins, cuts, items in plans.values():
        start = keys.bin_start(group.grain_s, bins.start)
        rows = _rows(group, cuts, pages)
        for item, slot in items:
            found[item] = SeriesSlice(start, group.grain_s, _column(rows, group, slot))
    return found


def span(client: Store, series: str, aspect: str = "value") -> tuple[datetime, datetime] | None:
    """Start of the oldest and of the newest bin ever written in the series' group, for any entity; None for none.

    A bin was written; this does not say that it holds a value. Raises KeyError, StoreUnavailable.
    """
    group, _ = keys.slot(series)
    member = keys.span_member(group, aspect)
    with asking("read span of series"), transaction(client, keys.OLDEST) as pipe:
        pipe.zscore(keys.OLDEST, member)
        pipe.zscore(keys.NEWEST, member)
        oldest, newest = pipe.execute()
    if oldest is None or newest is None:
        return None
    return keys.bin_start(group.grain_s, int(oldest)), keys.bin_start(group.grain_s, int(newest))


def newest(client: Store, entity: str, series: str, aspect: str = "value") -> tuple[datetime, float] | None:
    """Start and value of the newest bin that holds a value for this entity, or None. Raises as ``read``."""
    group, slot = keys.slot(series)
    written = span(client, series, aspect)
    if written is None:
        return None
    per_page = keys.page_bins(group.grain_s)
    first, last = (keys.bin_index(group.grain_s, moment) // per_page for moment in written)
    for top in range(last, first - 1, -_LOOK_BACK):
        numbers = list(range(top, max(top - _LOOK_BACK, first - 1), -1))
        names = [keys.page(entity, group, aspect, number) for number in numbers]
        found = fetch(client, names, reply_bytes=_PAGE_BYTES, what="read newest value")
        for number, name, raw in zip(numbers, names, found, strict=True):
            column = _column(_rows(group, [(name, 0, per_page)], {name: raw}), group, slot)
            for row in range(per_page - 1, -1, -1):
                value = column[row]
                if value is not None:
                    return keys.bin_start(group.grain_s, number * per_page + row), value
    return None


def _rows(group: Group, cuts: Iterable[Cut], pages: Mapping[str, bytes | None]) -> array[float]:
    """The rows of these pieces one after another, all slots side by side; NaN where there is no page."""
    size = keys.row_bytes(group)
    parts: list[bytes] = []
    for key, row, count in cuts:
        raw = pages[key]
        if raw is None:
            parts.append(keys.NAN * (count * group.width))
            continue
        if len(raw) != keys.page_bytes(group):
            raise StoreUnavailable(f"page {key} has {len(raw)} bytes, expected {keys.page_bytes(group)}")
        parts.append(raw[row * size : (row + count) * size])
    rows = array("f", b"".join(parts))
    if sys.byteorder == "big":
        rows.byteswap()
    return rows


def _column(rows: array[float], group: Group, slot: int) -> list[float | None]:
    column = rows[slot :: group.width]
    with memoryview(column) as seen:
        gapless = seen == seen  # a NaN equals nothing: most series have none, and are not looked at bin by bin
    values = column.tolist()
    if gapless:
        return cast("list[float | None]", values)
    return [None if value != value else value for value in values]
