"""Request logs read column by column: all lines of one template at once, in arrays.

A chunk's lines are taken by the template of the first of them (``_edge_template``), what is left by the template of the
first that is left, and so on; lines of no template, and those with anything that is not exactly as it should be (a
backslash, a control byte, a number of another spelling), are left to the readers that look at each line. What is taken
is what those readers would say.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from radar.sources import _edge_words as words
from radar.sources._edge_template import EPOCH, SAMPLE, Segment, Template, Value, of
from radar.sources._edge_times import FIRST_S, LAST_S, moments
from radar.sources._edge_words import Flags, Rows, Words

#: Lines that are read together: their words stay in the processor's cache.
_BATCH = 16_384
#: Bytes in which line breaks are looked for at a time.
_STEP = 1 << 18
#: So many templates are looked for, as long as each takes at least one in so many of the lines that are left.
_TEMPLATES, _SHARE = 8, 16
#: Lines shorter than this on average are no requests: positions of their ends would take more memory than they do.
_SHORTEST = 32
#: A text of more bytes than this is not read to its end.
_LONGEST = 16_384
#: Words in which its end is looked for at a time.
_FAR = 16
#: Up to so many texts that differ, a column of text is one of numbers of texts.
_FEW = 4096

_NEWLINE, _BACKSLASH, _SPACE = ord("\n"), ord("\\"), ord(" ")
_TEXT = re.compile(rb"[^\x00-\x1f\"\\\x7f]*")
_WORD = re.compile(rb"[!#-\[\]-~]*")
_PROTOCOL, _PERHAPS = re.compile(rb" (HTTP/[0-9.]+)$"), re.compile(rb"[0-9.]$")


@dataclass(frozen=True, slots=True)
class Part:
    """Lines of one template: their numbers from 0, and a row for each. ``form``: see ``Template``."""

    lines: Rows
    table: pl.DataFrame
    form: str | None


@dataclass(slots=True)
class _Lines:
    """Lines of a chunk: where each begins, and where its line break is."""

    data: bytes
    begins: Rows
    ends: Rows


def read(data: bytes) -> tuple[list[Part], Rows | None]:
    """The parts of a chunk that have a template, and the numbers of the lines that have not; null: none has one."""
    found = _lines(data)
    if found is None:
        return [], None
    lines, odd = found
    left = np.flatnonzero(~odd) if odd.any() else np.arange(len(lines.begins))
    parts: list[Part] = []
    rest: list[Rows] = [np.flatnonzero(odd)]
    for _ in range(_TEMPLATES):
        template = of([data[lines.begins[row] : lines.ends[row] + 1] for row in left[:SAMPLE]]) if len(left) else None
        if template is None:
            break
        taken, table = _table(template, lines, left)
        if len(taken):
            parts.append(Part(taken, table, template.form))
        before, left = len(left), np.setdiff1d(left, taken, assume_unique=True) if len(taken) < len(left) else left[:0]
        if len(taken) * _SHARE < before:
            break
    if not data.endswith(b"\n"):
        rest.append(np.array([len(lines.begins)]))
    return parts, np.sort(np.concatenate([left, *rest])) if parts else None


def fits(data: bytes) -> bool:
    """Whether the first lines have a template, so that most of the chunk will be read here, on all cores."""
    return of(data[: SAMPLE * _LONGEST].splitlines(keepends=True)[:SAMPLE]) is not None


def lines(data: bytes, numbers: Rows) -> bytes:
    """The lines of a chunk with those numbers, in their order."""
    ends = np.flatnonzero(np.frombuffer(data, np.uint8) == _NEWLINE) + 1
    if len(data) and not data.endswith(b"\n"):
        ends = np.append(ends, len(data))
    places = zip(np.concatenate([[0], ends[:-1]])[numbers].tolist(), ends[numbers].tolist(), strict=True)
    return b"".join([data[begin:end] for begin, end in places])


def _lines(data: bytes) -> tuple[_Lines, Flags] | None:
    """The whole lines of a chunk, and which of them have a byte that asks for a closer look; null where none can be
    read here."""
    letters = np.frombuffer(data, np.uint8)
    found = [np.flatnonzero(letters[at : at + _STEP] < _SPACE) + at for at in range(0, len(data), _STEP)]
    ends = np.concatenate(found) if found else np.zeros(0, np.int64)
    if not len(ends) or len(ends) * _SHORTEST > len(data) or not _is_text(data):
        return None
    breaks = letters.take(ends) == _NEWLINE
    close = ends[~breaks]
    ends = ends[breaks]
    if not len(ends):
        return None
    begins = np.empty_like(ends)
    begins[0], begins[1:] = 0, ends[:-1] + 1
    odd = np.zeros(len(ends), np.bool_)
    if b"\\" in data:
        close = np.concatenate([close, np.flatnonzero(letters == _BACKSLASH)])
    if len(close):
        odd[(np.searchsorted(ends, close[close < ends[-1]]))] = True
    return _Lines(data, begins, ends), odd


def _is_text(data: bytes) -> bool:
    if data.isascii():
        return True
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


# -- lines to arrays -------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Column:
    """What the lines say in one place: numbers, or the words of texts; ``none`` where they say nothing."""

    value: Value
    values: list[NDArray[Any]]
    none: Flags | None
    #: By the first row of a batch: texts of times, and how many lines in a row have each.
    times: dict[int, list[tuple[bytes, int]]] = field(default_factory=dict)


def _table(template: Template, lines: _Lines, rows: Rows) -> tuple[Rows, pl.DataFrame]:
    """Which of the rows are of the template, and what they say."""
    columns = {value.field: _column(value, len(rows)) for value in _values(template) if value.kind in _KINDS}
    wrong = np.zeros(len(rows), np.bool_)
    begins, ends = lines.begins[rows], lines.ends[rows]
    inside = int(np.searchsorted(ends, len(lines.data) - template.reach))

    def some(first: int) -> None:
        for at in range(first, inside, _BATCH * threads):
            part = slice(at, min(at + _BATCH, inside))
            wrong[part] = _batch(template, lines.data, begins[part], ends[part], columns, part)

    threads = min(pl.thread_pool_size(), -(-inside // _BATCH) or 1)
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(some, range(0, _BATCH * threads, _BATCH)))
    if inside < len(rows):  # near the end of the data, with room after it
        part, base = slice(inside, len(rows)), int(begins[inside])
        data = lines.data[base:] + bytes(template.reach)
        wrong[part] = _batch(template, data, begins[part] - base, ends[part] - base, columns, part)
    made = [_series(column, wrong, template.form is not None) for column in columns.values()]
    if wrong.any():
        return rows[~wrong], pl.DataFrame(made).filter(pl.Series(~wrong))
    return rows, pl.DataFrame(made)


def _values(template: Template) -> Iterator[Value]:
    for segment in template.segments:
        yield from (value for _, value in segment.fixed)
        if segment.end is not None:
            yield segment.end


#: What is kept of a value.
_KINDS: dict[str, type[np.generic]] = {
    "time": np.uint64, "whole": np.uint64, "real": np.float64, "text": np.uint64, "request": np.uint64,
}  # fmt: skip


def _column(value: Value, rows: int) -> _Column:
    number = {"text": (value.room + 7) // 8, "request": 2, "time": 0}.get(value.kind, 1)
    none = np.zeros(rows, np.bool_) if value.none else None
    return _Column(value, [np.zeros(rows, _KINDS[value.kind]) for _ in range(number)], none)


def _batch(
    template: Template, data: bytes, places: Rows, ends: Rows, columns: dict[str, _Column], part: slice
) -> Flags:
    """Read some lines into the columns; which of them are not of the template."""
    differs = np.zeros(len(places), np.uint64)
    wrong = np.zeros(len(places), np.bool_)
    for segment in template.segments:
        block = words.gathered(data, places, segment.words)
        for check in segment.checks:
            differs |= (block[check.at] ^ check.want) & check.mask
        for offset, value in segment.fixed:
            assert value.size is not None
            count = np.full(len(places), value.size)
            wrong |= _read(value, block, offset, count, columns, part)
        places = places + segment.offset
        if segment.end is None:
            continue
        count = words.length(block, segment.offset, segment.end.room // 8, segment.stop)
        if segment.end.kind in ("skip", "request"):
            count = _further(data, places, ends, count, segment)
            if segment.end.kind == "request":
                _request(data, places + count, columns[segment.end.field], part)
            for byte in segment.end.forbidden:
                if byte != segment.stop:
                    wrong |= words.length(block, segment.offset, segment.end.room // 8, byte) < np.minimum(
                        count, segment.end.room
                    )
            if segment.end.forbidden:
                wrong |= count >= segment.end.room
        else:
            wrong |= count >= segment.end.room
            wrong |= _read(segment.end, block, segment.offset, count, columns, part)
        places = places + count
    wrong |= (differs != 0) | (places != ends + 1)
    return wrong


def _further(data: bytes, places: Rows, ends: Rows, count: Rows, segment: Segment) -> Rows:
    """Sizes of texts, where those that did not end among the words of the segment are followed to their end."""
    assert segment.end is not None
    left = np.flatnonzero(count >= segment.end.room)
    while len(left):
        left = left[(places[left] + count[left] < ends[left]) & (count[left] < _LONGEST)]
        block = words.gathered(data, places[left] + count[left], _FAR)
        found = words.length(block, 0, _FAR, segment.stop)
        count[left] += found
        left = left[found == 8 * _FAR]
    return count


def _read(value: Value, block: Words, offset: int, count: Rows, columns: dict[str, _Column], part: slice) -> Flags:
    """Read one value of some lines; which of them do not spell one."""
    if value.kind == "time":
        return _time(value, block, offset, columns[value.field], part)
    room = [words.at(block, offset + 8 * number) for number in range((value.room + 7) // 8)]
    if value.kind == "null":
        return ~_spelled(room[0], count, b"null")
    if value.kind == "text":
        for number, (one, kept) in enumerate(zip(room, columns[value.field].values, strict=True)):
            kept[part] = words.shortened(one, np.clip(count - 8 * number, 0, 8) if number or value.room > 8 else count)
        return np.zeros(len(count), np.bool_)
    if value.kind == "whole":
        found: NDArray[Any]
        found, wrong = words.whole(room, count)
    else:
        found, wrong = words.decimal(room, count)
    if value.kind != "bare":
        columns[value.field].values[0][part] = found
    if not wrong.any():
        return wrong
    none = np.zeros(len(count), np.bool_)
    for text in (b"true", b"false", b"null") if value.kind == "bare" else value.none:
        none |= _spelled(room[0], count, text)
    missing = columns[value.field].none if value.kind != "bare" else None
    if missing is not None:
        missing[part] = none
    return wrong & ~none


def _spelled(first: Words, count: Rows, text: bytes) -> Flags:
    spelled: Flags = (words.shortened(first, np.minimum(count, 8)) == words.word(text)) & (count == len(text))
    return spelled


def _time(value: Value, block: Words, offset: int, column: _Column, part: slice) -> Flags:
    """Keep times without their seconds, once for lines of the same minute in a row. Bins are of whole minutes."""
    wrong = np.zeros(block.shape[1], np.uint64)
    changes = np.ones(block.shape[1], np.bool_)
    changes[1:] = False
    kept: list[Words] = []
    for at in range(0, value.room, 8):
        size = min(8, value.room - at)
        inside, add = bytearray(8), bytearray(b"\x76" * 8)
        for number, (begin, end) in enumerate(value.digits):
            for byte in range(max(begin, at), min(end, at + size)):
                inside[byte - at] = 0xFF
                if not number and byte == begin:
                    add[byte - at] = 0x7A  # tens of seconds end with 5
        digits, all_of_it = words.word(bytes(inside)), words.word(b"\xff" * size)
        read = words.at(block, offset + at)
        if digits:
            x = (read ^ words.ZEROS) & digits
            wrong |= ((x + words.word(bytes(add))) | x) & digits & words.HIGH
        key = (read & ~digits & all_of_it) | (words.ZEROS & digits)
        changes[1:] |= key[1:] != key[:-1]
        kept.append(key)
    starts = np.flatnonzero(changes)
    texts = np.stack([key[starts] for key in kept], axis=1).tobytes()
    size = 8 * len(kept)
    lengths = np.diff(starts, append=len(changes)).tolist()
    column.times[part.start] = [
        (texts[size * number : size * number + value.room], length) for number, length in enumerate(lengths)
    ]
    unfit: Flags = wrong != 0
    return unfit


def _request(data: bytes, ends: Rows, column: _Column, part: slice) -> None:
    """Keep the last bytes of what was asked for: the protocol stands there, after a space."""
    block = words.gathered(data, ends - 16, 2)
    column.values[0][part] = block[0] >> np.uint64(40)
    column.values[1][part] = block[1]


# -- arrays to columns -----------------------------------------------------------------------------------------------


def _series(column: _Column, wrong: Flags, is_object: bool) -> pl.Series:
    """A column of what was read. Lines with a text that is none are marked in ``wrong``."""
    value = column.value
    if value.kind == "time":
        return _moments_of(column, wrong)
    if value.kind == "text":
        return _texts(column, wrong, _TEXT if is_object else _WORD)
    if value.kind == "request":
        return _protocols(column, wrong)
    numbers = column.values[0]
    if value.kind == "real" and value.scale is not None:
        numbers = numbers * value.scale
    kind = np.float64 if value.kind == "real" or value.room == EPOCH else np.int64
    series = pl.Series(value.field, numbers.astype(kind, copy=False))
    if value.room == EPOCH:
        wrong |= numbers < FIRST_S
    elif value.kind == "whole":
        wrong |= numbers > np.uint64(2**63 - 1)
    if column.none is None or not column.none.any():
        return series
    return series.zip_with(pl.Series(~column.none), pl.Series(value.field, [None], series.dtype))


def _moments_of(column: _Column, wrong: Flags) -> pl.Series:
    times = [run for _, batch in sorted(column.times.items()) for run in batch]
    texts = pl.Series([text.decode("utf-8", "replace") for text, _ in times], dtype=pl.String)
    known = texts.unique()
    seconds = known.to_frame("text").with_columns(second=moments(pl.col("text")))
    found = texts.to_frame("text").join(seconds, on="text", how="left", maintain_order="left")["second"]
    runs = np.array([length for _, length in times])
    inside = found.is_between(FIRST_S, LAST_S, closed="left").fill_null(False)
    if not inside.all():
        wrong |= np.repeat(~inside.to_numpy(), runs)
    each = np.repeat(found.fill_null(0).to_numpy(), runs)
    return pl.Series(column.value.field, each * 1_000_000).cast(pl.Datetime("us", "UTC"))


def _texts(column: _Column, wrong: Flags, fits: re.Pattern[bytes]) -> pl.Series:
    """Texts by number: each that occurs is looked at once."""
    firsts, codes = words.distinct(column.values)
    size = 8 * len(column.values)
    body = np.stack([key[firsts] for key in column.values], axis=1).astype("<u8", copy=False).tobytes()
    found = [body[at : at + size].rstrip(b"\0") for at in range(0, len(body), size)]
    bad = np.array([fits.fullmatch(text) is None for text in found])
    if bad.any():
        wrong |= bad[codes]
    none = set(column.value.none) - {b"null"}
    texts = [None if text in none else text.decode("utf-8", "replace") for text in found]
    return _numbered(column.value.field, texts, codes)


def _numbered(name: str, texts: list[str | None], codes: NDArray[np.uint32]) -> pl.Series:
    """A column of the texts with those numbers."""
    if len(texts) <= _FEW and None not in texts and len(set(texts)) == len(texts):
        return pl.Series(name, codes).cat.to(pl.Enum([text for text in texts if text is not None]))
    return pl.Series(name, texts, pl.String).gather(codes)


def _protocols(column: _Column, wrong: Flags) -> pl.Series:
    """Protocols at the ends of what was asked for; null where there is none."""
    firsts, codes = words.distinct(column.values)
    body = np.stack([key[firsts] for key in column.values], axis=1).astype("<u8", copy=False)
    texts: list[str | None] = []
    unsure = np.zeros(len(firsts), np.bool_)
    for number, (before, last) in enumerate(body):
        text = int(before).to_bytes(8, "little")[:3] + int(last).to_bytes(8, "little")
        match = _PROTOCOL.search(text)
        texts.append(match.group(1).decode() if match else None)
        # a longer one may begin before these bytes
        unsure[number] = match is None and _PERHAPS.search(text) is not None
    if unsure.any():
        wrong |= unsure[codes]
    return _numbered("request", texts, codes)
