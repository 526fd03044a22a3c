"""Bins of many entities at once, for jobs: numpy in, numpy out.

Blocks are float32 arrays ``[entity, bin, slot]``; NaN is "no data". A write is addressed by position: writing the
same block again changes nothing, so a job that died half-way is simply run again. A page of which all is given is set
as a whole; into others rows are patched (``store.patches``). After each write a sample is read back and compared.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from radar.errors import StoreUnavailable
from radar.signals import Group
from radar.store import Store, asking, keys, patches
from radar.store.wire import Guard, Reply, command, exchange, free

Block = NDArray[np.float32]

#: How many written pieces are read back and compared after each write.
SAMPLE = 16

_LITTLE = np.dtype("<f4")


def write_bins(
    client: Store,
    group: Group,
    aspect: str,
    entities: Sequence[str],
    start: datetime,
    block: NDArray[np.floating],
    *,
    ttl_s: int | None = None,
    guard: Guard = free,
) -> int:
    """Write consecutive bins of many entities.

    Parameters
    ----------
    aspect
        One of ``keys.ASPECTS``.
    entities
        Keys of entities, without repetition; the first axis of the block.
    start
        Start of the first bin; must be the start of a bin of the group's grain.
    block
        ``[entities, bins, group.width]`` in the units of the catalogue, kept as float32. All of it is written: a NaN
        replaces what was there.
    ttl_s
        Seconds after which pages begun by this write are dropped, None for never; see ``keys.live_ttl_s``. A page
        that exists keeps the time it was given, unless the block covers all of it.
    guard
        Raises when this must not be written any more, such as ``Lease.check``; see ``wire.exchange``.

    Returns
    -------
    int
        Number of values written, NaN included.

    Raises
    ------
    ValueError
        A shape, a start or a value (infinite, or beyond float32) that does not fit; names which.
    KeyError
        No such aspect.
    StoreUnavailable
        The store cannot be asked, refuses, or holds something else than was written.
    """
    rows = _checked(group, entities, block)
    first = keys.exact_index(group.grain_s, start)
    tail = keys.page_tail(group, aspect)
    if not rows.size:
        return 0
    if ttl_s is not None and ttl_s <= 0:
        raise ValueError(f"ttl_s is {ttl_s}; expected seconds above 0, or None")
    bins = range(first, first + rows.shape[1])
    pieces = keys.spans(group, bins)
    laid_out = patches.roster(entities)
    what = f"write {group.name} {aspect}"
    whole = keys.page_bins(group.grain_s)
    at = 0
    for number, row, count in pieces:
        part = np.ascontiguousarray(rows[:, at : at + count])
        page = f"{tail}{number}".encode()
        if count == whole:
            exchange(client, _pages(page, entities, part, ttl_s), reply_bytes=16, what=what, guard=guard)
        else:
            patches.patch(client, group, page, row, entities, laid_out, part, ttl_s=ttl_s, what=what, guard=guard)
        at += count
    _compare_sample(client, group, tail, entities, pieces, rows, what)
    member = keys.span_member(group, aspect)
    with asking(what):
        pipe = client.pipeline(transaction=False)
        pipe.zadd(keys.OLDEST, {member: bins.start}, lt=True)
        pipe.zadd(keys.NEWEST, {member: bins.stop - 1}, gt=True)
        pipe.execute()
    return int(rows.size)


def read_bins(client: Store, group: Group, aspect: str, entities: Sequence[str], start: datetime, bins: int) -> Block:
    """Consecutive bins of many entities.

    Returns
    -------
    float32[entities, bins, group.width]
        NaN where there is no data, for whatever reason.

    Raises
    ------
    ValueError, KeyError, StoreUnavailable
        As ``write_bins``.
    """
    first = keys.exact_index(group.grain_s, start)
    return _fetch(client, group, aspect, entities, keys.spans(group, range(first, first + bins)))


def gather(client: Store, group: Group, aspect: str, entities: Sequence[str], starts: Sequence[datetime]) -> Block:
    """Any bins of many entities, such as "this hour of the last four weeks", in one pipeline.

    Neighbouring bins are fetched together. ``starts`` may come in any order and repeat.

    Returns
    -------
    float32[entities, len(starts), group.width]
        In the order of ``starts``; NaN where there is no data.

    Raises
    ------
    ValueError, KeyError, StoreUnavailable
        As ``write_bins``.
    """
    indices = np.array([keys.exact_index(group.grain_s, start) for start in starts], dtype=np.int64)
    distinct, back = np.unique(indices, return_inverse=True)
    block = _fetch(client, group, aspect, entities, keys.runs(group, [int(index) for index in distinct]))
    if len(distinct) == len(indices) and bool((back == np.arange(len(indices))).all()):
        return block
    return block[:, back]


def _checked(group: Group, entities: Sequence[str], block: NDArray[np.floating]) -> Block:
    if block.ndim != 3 or block.shape[0] != len(entities) or block.shape[2] != group.width:
        raise ValueError(
            f"block of {group.name} has shape {block.shape}, expected ({len(entities)}, bins, {group.width})"
        )
    with np.errstate(over="ignore"):
        rows = np.ascontiguousarray(block, dtype=_LITTLE)
    infinite = np.isinf(rows)
    if infinite.any():
        entity, bin_, slot = (int(axis[0]) for axis in np.nonzero(infinite))
        raise ValueError(
            f"value {block[entity, bin_, slot]} of {entities[entity]}, {group.name} slot {slot}, does not fit float32"
        )
    return rows


def _pages(tail: bytes, entities: Sequence[str], rows: Block, ttl_s: int | None) -> Iterator[bytes]:
    """One SET for each entity, of a page of which all is given."""
    head = keys.PAGE_HEAD.encode()
    extra, size = len(head) + len(tail), rows[0].nbytes
    life = b"" if ttl_s is None else b"$2\r\nEX\r\n$%d\r\n%d\r\n" % (len(str(ttl_s)), ttl_s)
    start = b"*%d\r\n$3\r\nSET\r\n$" % (3 if ttl_s is None else 5)
    for name, body in zip(map(str.encode, entities), rows, strict=True):
        yield b"%b%d\r\n%b%b%b\r\n$%d\r\n%b\r\n%b" % (
            start, extra + len(name), head, name, tail, size, body.tobytes(), life,
        )  # fmt: skip


def _compare_sample(
    client: Store,
    group: Group,
    tail: str,
    entities: Sequence[str],
    pieces: list[tuple[int, int, int]],
    rows: Block,
    what: str,
) -> None:
    starts = np.cumsum([0, *(count for _, _, count in pieces)])
    total = len(pieces) * len(entities)
    chosen = sorted({int(i) for i in np.linspace(0, total - 1, min(SAMPLE, total))})
    asked: list[bytes] = []
    expected: list[bytes] = []
    for nth in chosen:
        piece, entity = divmod(nth, len(entities))
        number, row, count = pieces[piece]
        asked.append(_getrange(group, f"{tail}{number}".encode(), entities[entity].encode(), row, count))
        expected.append(rows[entity, starts[piece] : starts[piece] + count].tobytes())
    replies = exchange(client, asked, reply_bytes=max(map(len, expected)), what=what)
    for nth, got, want in zip(chosen, replies, expected, strict=True):
        if got != want:
            name = entities[nth % len(entities)]
            raise StoreUnavailable(f"{what}: what is read back for {name} is not what was written")


def _getrange(group: Group, tail: bytes, name: bytes, row: int, count: int) -> bytes:
    size = keys.row_bytes(group)
    key = keys.PAGE_HEAD.encode() + name + tail
    return command(b"GETRANGE", key, b"%d" % (row * size), b"%d" % ((row + count) * size - 1))


def _reads(group: Group, tail: str, names: list[bytes], pieces: list[tuple[int, int, int]]) -> Iterator[bytes]:
    """What ``_getrange`` gives for each piece of each entity; all that entities share is put together once."""
    size = keys.row_bytes(group)
    head = keys.PAGE_HEAD.encode()
    for number, row, count in pieces:
        page = f"{tail}{number}".encode()
        low, high = b"%d" % (row * size), b"%d" % ((row + count) * size - 1)
        rest = b"%b\r\n$%d\r\n%b\r\n$%d\r\n%b\r\n" % (page, len(low), low, len(high), high)
        extra = len(head) + len(page)
        for name in names:
            yield b"*4\r\n$8\r\nGETRANGE\r\n$%d\r\n%b%b%b" % (extra + len(name), head, name, rest)


def _fetch(
    client: Store, group: Group, aspect: str, entities: Sequence[str], pieces: list[tuple[int, int, int]]
) -> Block:
    tail = keys.page_tail(group, aspect)
    names = [name.encode() for name in entities]
    total = sum(count for _, _, count in pieces)
    block = np.full((len(names), total, group.width), np.nan, dtype=np.float32)
    if not block.size:
        return block
    longest = max(count for _, _, count in pieces) * keys.row_bytes(group)
    replies = exchange(
        client, _reads(group, tail, names, pieces), reply_bytes=longest, what=f"read {group.name} {aspect}"
    )
    at = 0
    for nth, (_, _, count) in enumerate(pieces):
        answers = replies[nth * len(names) : (nth + 1) * len(names)]
        block[:, at : at + count] = _decode(group, count, answers, f"read {group.name} {aspect}")
        at += count
    return block


def _decode(group: Group, count: int, answers: list[Reply], what: str) -> Block:
    size = count * keys.row_bytes(group)
    blank = keys.NAN * (count * group.width)
    # GETRANGE of a key that is not there gives an empty string.
    parts = [answer or blank for answer in answers]
    raw = b"".join(part for part in parts if isinstance(part, bytes))
    if len(raw) != size * len(answers) or any(isinstance(part, int) or len(part) != size for part in parts):
        raise StoreUnavailable(f"{what}: a page is shorter than a page of {group.name} is")
    return np.frombuffer(raw, dtype=_LITTLE).astype(np.float32).reshape(len(answers), count, group.width)
