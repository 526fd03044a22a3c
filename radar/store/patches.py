"""The same rows of many pages: the write that every new bin makes, as fast as the server takes it.

The commands of all pages differ in the entity and in the values alone. They are laid out by numpy as tables of bytes,
one command a row, and sent as they lie; the answers are compared with the one that is expected and read one by one
only where they differ. Pages that are not there are begun before: as copies of a page of NaN that the server holds, so
that a reader never meets the zeros which SETRANGE would put before a first value, and neither the wire nor the
append-only file carries a page for each entity.

Whether a page is there is asked once: what a client has found or begun is remembered. A page that went meanwhile shows
itself by the length with which the server answers, and is begun anew; until then it is too short for a page, which
readers are told as an error, never as zeros.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from radar.errors import StoreUnavailable
from radar.signals import Group
from radar.store import Store, asking, keys, kind_of
from radar.store.wire import Guard, Sheet, command, exchange, free, pour

Table = NDArray[np.uint8]

#: About the size of what is laid out and sent at once: the server works on it while the next is laid out.
SHEET_BYTES = 1 << 18

#: Pages asked for in one EXISTS. On a Cluster it is one: the keys of a command must lie in one slot.
ASKED_AT_ONCE = 512

#: Of how many pages a client remembers for which entities they are there; the oldest are forgotten.
REMEMBERED = 256

#: Tail of a page -> entities of which it is there.
_Known = dict[bytes, frozenset[str]]

_known: WeakKeyDictionary[Store, _Known] = WeakKeyDictionary()


class _Shelf(NamedTuple):
    """What is equally long, of some entities."""

    places: NDArray[np.intp]  # of these entities, in the order of the write
    texts: Table  # one a row: their names, or the keys of their pages as bulk strings of RESP


class Roster(NamedTuple):
    """The entities of a write."""

    names: frozenset[str]
    shelves: tuple[_Shelf, ...]


def roster(names: Sequence[str]) -> Roster:
    """Lay out the keys of entities; the same ones, bin after bin, are laid out once.

    Raises ValueError for one that is named twice or has a line break in it.
    """
    found = _roster("\n".join(names))
    if sum(len(places) for places, _ in found.shelves) != len(names):
        broken = next(name for name in names if "\n" in name)
        raise ValueError(f"{broken!r} is no key of an entity: there is a line break in it")
    if len(found.names) != len(names):
        twice = next(name for name, count in Counter(names).items() if count > 1)
        raise ValueError(f"an entity is named twice in one write: {twice}")
    return found


@lru_cache(maxsize=16)
def _roster(lines: str) -> Roster:
    text = np.frombuffer(f"{lines}\n".encode(), np.uint8)
    ends = np.flatnonzero(text == ord("\n"))
    starts = np.concatenate([[0], ends[:-1] + 1])
    lengths = ends - starts
    shelves = []
    for length in np.unique(lengths).tolist():
        places = np.flatnonzero(lengths == length)
        shelves.append(_Shelf(places, text[starts[places, None] + np.arange(length)]))
    return Roster(frozenset(lines.split("\n")), tuple(shelves))


def patch(
    client: Store,
    group: Group,
    tail: bytes,
    row: int,
    names: Sequence[str],
    entities: Roster,
    rows: NDArray[np.float32],
    *,
    ttl_s: int | None,
    what: str,
    guard: Guard = free,
) -> None:
    """Write consecutive rows into the page with this tail of each entity.

    Parameters
    ----------
    tail
        What stands after the entity in the pages' keys, number included.
    row
        First row within the page; what is written must end within it.
    names
        Keys of entities.
    entities
        The same, laid out.
    rows
        ``[entities, rows, group.width]``, little-endian and contiguous.
    ttl_s
        Seconds after which pages begun here are dropped, None for never.
    what
        Named in errors.
    guard
        See ``wire.exchange``.

    Raises
    ------
    StoreUnavailable
        The store cannot be asked or refuses, a page has another length, or pages go while they are written.
    """
    data = rows.reshape(len(names), -1).view(np.uint8)
    offset, size, total = row * keys.row_bytes(group), data.shape[1], keys.page_bytes(group)
    # SETRANGE answers with the page's length. It tells a page that has gone since it was asked for, and was made anew,
    # unless that one is written up to its end: so the last value of a page goes by itself.
    cut = size - keys.SLOT_BYTES if offset + size == total else size
    shelves = _shelves(entities, tail)
    known = _known.setdefault(client, {})
    if not _within(entities.names, known.get(tail, frozenset())):
        _begin(client, group, _missing(client, shelves, what), ttl_s, what, guard)
    gone = _put(client, shelves, names, offset, data[:, :cut], total, what, guard)
    if gone:
        few = [names[i] for i in gone]
        others = _shelves(roster(few), tail)
        _begin(client, group, others, ttl_s, what, guard, anew=True)
        again = _put(client, others, few, offset, data[gone, :cut], total, what, guard)
        if again:
            raise StoreUnavailable(f"{what}: the page of {few[again[0]]} goes while it is written")
    if cut < size:
        _put(client, shelves, names, offset + cut, data[:, cut:], total, what, guard)
    _remember(known, tail, entities.names)


def _remember(known: _Known, tail: bytes, names: frozenset[str]) -> None:
    before = known.pop(tail, frozenset())
    known[tail] = names if _within(before, names) else before | names
    while len(known) > REMEMBERED:
        known.pop(next(iter(known)), None)


def _within(some: frozenset[str], others: frozenset[str]) -> bool:
    return some is others or some <= others


def _missing(client: Store, shelves: list[_Shelf], what: str) -> list[_Shelf]:
    """All pages that are not there; a few that are may be among them."""
    at_once = 1 if kind_of(client) == "cluster" else ASKED_AT_ONCE
    batches = [
        _Shelf(shelf.places[at : at + at_once], shelf.texts[at : at + at_once])
        for shelf in shelves
        for at in range(0, len(shelf.places), at_once)
    ]
    asked = (b"*%d\r\n$6\r\nEXISTS\r\n%b" % (len(batch.places) + 1, batch.texts.tobytes()) for batch in batches)
    counts = exchange(client, asked, reply_bytes=8, what=what)
    return [batch for batch, count in zip(batches, counts, strict=True) if count != len(batch.places)]


def _begin(
    client: Store,
    group: Group,
    shelves: list[_Shelf],
    ttl_s: int | None,
    what: str,
    guard: Guard,
    *,
    anew: bool = False,
) -> None:
    """Make those pages that are not there, all of NaN; ``anew``: also those that are."""
    if not shelves:
        return
    blank = keys.NAN * (keys.page_bytes(group) // keys.SLOT_BYTES)
    if kind_of(client) == "cluster":  # a copy must lie in the slot of what is copied
        more = ([] if anew else [b"NX"]) + ([] if ttl_s is None else [b"EX", b"%d" % ttl_s])
        before, after = b"*%d\r\n$3\r\nSET\r\n" % (3 + len(more)), _bulks(blank, *more)
        pour(client, _sheets(shelves, before, after, None), b"+OK\r\n", what=what, guard=guard)
        return
    model = keys.blank(group, ttl_s)
    with asking(what):
        client.set(model, blank, ex=ttl_s)
    before = b"*%d\r\n$4\r\nCOPY\r\n%b" % (3 + anew, _bulks(model.encode()))
    copies = _sheets(shelves, before, _bulks(b"REPLACE") if anew else b"", None)
    pour(client, copies, b":1\r\n", what=what, guard=guard)


def _put(
    client: Store,
    shelves: list[_Shelf],
    names: Sequence[str],
    offset: int,
    data: Table,
    total: int,
    what: str,
    guard: Guard,
) -> list[int]:
    """Write at this offset. Returns positions of those entities whose page was not there and is too short now."""
    size = data.shape[1]
    after = _bulks(b"%d" % offset) + b"$%d\r\n" % size
    sheets = _sheets(shelves, b"*4\r\n$8\r\nSETRANGE\r\n", after, data)
    odd = pour(client, sheets, b":%d\r\n" % total, what=what, guard=guard)
    order = np.concatenate([shelf.places for shelf in shelves])
    gone: list[int] = []
    for nth, length in odd:
        at = int(order[nth])
        if length not in (0, offset + size):  # 0: nothing was written, as no byte was given
            raise StoreUnavailable(f"{what}, {names[at]}: a page has {length!r} bytes, expected {total}")
        gone.append(at)
    return gone


def _shelves(entities: Roster, tail: bytes) -> list[_Shelf]:
    head = keys.PAGE_HEAD.encode()
    found = []
    for places, letters in entities.shelves:
        before = b"$%d\r\n%b" % (len(head) + letters.shape[1] + len(tail), head)
        found.append(_Shelf(places, _side_by_side(len(places), before, letters, tail + b"\r\n")))
    return found


def _sheets(shelves: list[_Shelf], before: bytes, after: bytes, data: Table | None) -> Iterator[Sheet]:
    """Commands of all pages: before, key, after and, of each entity, its bytes as the end of a bulk string."""
    for places, pages in shelves:
        size = len(before) + pages.shape[1] + len(after) + (0 if data is None else data.shape[1])
        step = max(1, SHEET_BYTES // size)
        for at in range(0, len(places), step):
            part = pages[at : at + step]
            own = () if data is None else (data[places[at : at + step]], b"\r\n")
            yield _side_by_side(len(part), before, part, after, *own).tobytes(), len(part)


def _side_by_side(count: int, *parts: bytes | Table) -> Table:
    """So many rows of bytes: what is bytes stands in each of them, a table gives each its own."""
    columns = [np.frombuffer(part, np.uint8) if isinstance(part, bytes) else part for part in parts]
    out = np.empty((count, sum(column.shape[-1] for column in columns)), np.uint8)
    at = 0
    for column in columns:
        out[:, at : at + column.shape[-1]] = column
        at += column.shape[-1]
    return out


def _bulks(*texts: bytes) -> bytes:
    """Bulk strings of RESP: a command without its head."""
    return command(*texts).partition(b"\r\n")[2]
