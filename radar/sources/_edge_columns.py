"""Request logs read column by column: all lines of one template at once, in arrays.

A chunk's lines are taken by the template of the first of them (``_edge_template``), what is left by the template of the
first that is left, and so on; lines of no template, and those with anything that is not exactly as it should be (a
backslash, a control byte, a number of another spelling), are left to the readers that look at each line. What is taken
is what those readers would say. Lines are read in ``_edge_scan``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from radar.sources import _edge_scan as scanning
from radar.sources._edge_scan import Flags, Found, Rows, Steps
from radar.sources._edge_template import SAMPLE, Template, Value, of
from radar.sources._edge_times import FIRST_S, LAST_S, moments
from radar.sources._remembered import Remembered

#: So many templates are looked for, as long as each takes at least one in so many of the lines that are left.
_TEMPLATES, _SHARE = 8, 16
#: Lines shorter than this on average are no requests: positions of their ends would take more memory than they do.
_SHORTEST = 32
#: Bytes in which the first lines are looked for.
_HEAD = 1 << 18
#: Up to so many texts that differ, a column of text is one of numbers of texts.
_FEW = 4096

#: Kinds of values that are kept as numbers of texts.
_TEXT_KINDS = ("text", "request")
_TEXT = re.compile(rb"[^\x00-\x1f\"\\\x7f]*")
_WORD = re.compile(rb"[!#-\[\]-~]*")
_PROTOCOL = re.compile(rb"HTTP/[0-9.]+")
#: The bytes that such texts may have, and the line break that ends each.
_BYTES_OF = {fits: bytes(byte for byte in range(256) if byte == 10 or fits.fullmatch(bytes([byte])))
             for fits in (_TEXT, _WORD)}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Part:
    """Lines of one template: their numbers from 0, and a row for each. ``form``: see ``Template``."""

    lines: Rows
    table: pl.DataFrame
    form: str | None


def read(data: bytes) -> tuple[list[Part], Rows | None, bytes]:
    """The parts of a chunk that have a template, the numbers of the lines that have not, and those lines; null: none
    has one."""
    finish = data.rfind(b"\n") + 1
    count, plain = _breaks(data)
    if not count or count * _SHORTEST > len(data) or not (plain or _is_text(data)):
        return [], None, b""
    template = of([*_first_lines(data, 0), *_first_lines(data, finish // 2)])
    if template is None:
        return [], None, b""
    begins, odd = np.zeros(count + 1, np.int64), np.zeros(count, np.bool_)
    found = _scanned(template, data, begins, odd, np.zeros(0, np.int64), finish, count)
    parts, left = _taken(template, data, found, np.arange(count))
    left, rest = left[~odd[left]], [left[odd[left]]]
    for _ in range(_TEMPLATES - 1):
        template = of([data[begins[row] : begins[row + 1]] for row in left[:SAMPLE]])
        if template is None:
            break
        found = _scanned(template, data, begins, odd, left, finish, len(left))
        before = len(left)
        more, left = _taken(template, data, found, left)
        parts += more
        if (before - len(left)) * _SHARE < before:
            break
    if not parts:
        return [], None, b""
    left = np.sort(np.concatenate([left, *rest]))
    others = [data[begins[row] : begins[row + 1]] for row in left]
    if finish < len(data):
        left, others = np.append(left, count), [*others, data[finish:]]
    return parts, left, b"".join(others)


def _first_lines(data: bytes, at: int) -> list[bytes]:
    """Some lines from the first that begins there or after it."""
    begin = data.find(b"\n", at - 1) + 1 if at else 0
    lines: list[bytes] = []
    stop = begin + _HEAD
    while len(lines) < SAMPLE and (end := data.find(b"\n", begin, stop) + 1):
        lines.append(data[begin:end])
        begin = end
    return lines


def _breaks(data: bytes) -> tuple[int, bool]:
    """Line breaks in the data, and whether all of it is ASCII."""
    words = len(data) // 8
    count, plain = scanning.breaks(np.frombuffer(data, np.uint64, words))
    rest = data[8 * words :]
    return int(count) + rest.count(b"\n"), bool(plain) and rest.isascii()


def _is_text(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


# -- lines to arrays -------------------------------------------------------------------------------------------------


def _scanned(template: Template, data: bytes, begins: Rows, odd: Flags, numbers: Rows, finish: int, rows: int) -> Found:
    """What the lines up to ``finish`` say, or those of them with these numbers, in so many rows.

    Words are looked at beyond the end of a line: lines are read where they lie, but for the last ones of the data.
    """
    words = max((value.size + 7) // 8 for _, value in template.steps)
    texts = sum(value.kind in _TEXT_KINDS for _, value in template.steps)
    found, program = scanning.room(rows, len(template.steps), texts, words), _steps(template)
    reach = max(len(template.tail), *(max(len(lead), value.size) for lead, value in template.steps)) + 16
    safe = finish if finish + reach <= len(data) else data.rfind(b"\n", 0, max(len(data) - reach, 0)) + 1
    body = np.frombuffer(data, np.uint8)
    tail = np.zeros(finish - safe + reach, np.uint8)
    tail[: finish - safe] = body[safe:finish]
    row = scanning.scan(body.ctypes.data, safe, 0, program, found, begins, odd, numbers)
    scanning.scan(tail.ctypes.data - safe, finish, row, program, found, begins, odd, numbers)
    for column, made in enumerate(found.made):
        places = found.first[column, :made]
        there = (places >= tail.ctypes.data) & (places < tail.ctypes.data + len(tail))
        places -= np.where(there, tail.ctypes.data - safe, body.ctypes.data)
    return found


def _steps(template: Template) -> Steps:
    """A template as numbers. Each value is kept in the column of its step."""
    steps = np.zeros((len(template.steps) + 1, scanning.COLUMNS), np.int64)
    leads, masks = bytearray(), bytearray()
    last: tuple[bytes, Value | None] = (template.tail, None)
    for number, (lead, value) in enumerate([*template.steps, last]):
        row = steps[number]
        row[scanning.LEAD], row[scanning.SIZE], row[scanning.KIND] = len(leads) // 8, len(lead), -1
        spare = bytes(-len(lead) % 8)
        leads += lead + spare
        masks += b"\xff" * len(lead) + spare
        if value is not None:
            after = [*(lead for lead, _ in template.steps), template.tail][number + 1]
            spellings = {"bare": (b"null", b"true", b"false"), "null": (b"null",)}.get(value.kind, value.none)
            others = value.forbidden.replace(after[:1], b"")
            row[scanning.KIND], row[scanning.STOP], row[scanning.COLUMN] = scanning.KINDS[value.kind], after[0], number
            row[scanning.SLOTS] = sum(value.kind in _TEXT_KINDS for _, value in template.steps[:number])
            row[scanning.NONE] = sum(scanning.NONES[text] for text in spellings)
            row[scanning.FORBIDDEN], row[scanning.BLANK] = (others or b"\0")[0], b" " in others[1:]
            row[scanning.LENGTH] = value.size
    return Steps(steps, _words(leads), _words(masks), *_words_of_time(template))


def _words(data: bytes | bytearray) -> NDArray[np.uint64]:
    return np.frombuffer(bytes(data) + bytes(-len(data) % 8), "<u8").astype(np.uint64)


def _words_of_time(template: Template) -> tuple[NDArray[np.uint64], NDArray[np.uint64], NDArray[np.uint64]]:
    value = next((value for _, value in template.steps if value.kind == "time"), Value("", "time"))
    digits, adds = bytearray(value.size), bytearray(b"\x76" * value.size)
    for number, (begin, end) in enumerate(value.digits):
        digits[begin:end] = b"\xff" * (end - begin)
        if not number:
            adds[begin] = 0x7A  # tens of seconds end with 5
    return _words(digits), _words(adds), _words(b"\xff" * value.size)


# -- arrays to columns -----------------------------------------------------------------------------------------------


def _taken(template: Template, data: bytes, found: Found, numbers: Rows) -> tuple[list[Part], Rows]:
    """The part of the lines that are of the template (none where no line is), and the numbers of the others."""
    if not found.ok.any():
        return [], numbers
    read = {"time", "whole", "real", "text", "request"}
    steps = [(at, value) for at, (_, value) in enumerate(template.steps) if value.kind in read]
    fits = _WORD if template.form is None else _TEXT
    made = [_series(value, data, found, at, fits) for at, value in steps]  # may find more that are not of the template
    table = pl.DataFrame([series for series, _ in made])
    kinds = {series.name: texts for series, texts in made if texts is not None}
    if kinds:
        table = table.with_columns(pl.col(name).cat.to(texts) for name, texts in kinds.items())
    if not found.ok.all():
        table = table.filter(pl.Series(found.ok))
    return [Part(numbers[found.ok], table, template.form)] if table.height else [], numbers[~found.ok]


#: A column; of numbers of texts also the texts.
_Column = tuple[pl.Series, pl.Enum | None]


def _series(value: Value, data: bytes, found: Found, column: int, fits: re.Pattern[bytes]) -> _Column:
    """A column of what was read. Lines with a text that is none are no longer ``ok``."""
    if value.kind == "time":
        return _moments_of(value, found), None
    if value.kind in _TEXT_KINDS:
        return _texts(value, data, found, column, _PROTOCOL if value.kind == "request" else fits)
    numbers = found.real[column] if value.kind == "real" else found.whole[column]
    if value.scale is not None and value.kind == "real":
        numbers = numbers * value.scale
    if value.epoch:
        found.ok[:] &= numbers >= FIRST_S
    numbers = numbers.astype(np.float64, copy=False) if value.kind == "real" or value.epoch else numbers.view(np.int64)
    series = pl.Series(value.field, numbers)
    if not value.none or not (found.none[column] & found.ok).any():
        return series, None
    return series.zip_with(pl.Series(~found.none[column]), pl.Series(value.field, [None], series.dtype)), None


def _moments_of(value: Value, found: Found) -> pl.Series:
    """Times without their seconds: bins are of whole minutes."""
    runs = int(found.runs[0])
    keys = found.key[:runs].astype("<u8", copy=False).tobytes()
    size = 8 * found.key.shape[1]
    spelled = [keys[at : at + value.size].decode("utf-8", "replace") for at in range(0, size * runs, size)]
    told = np.array([0 if second is None else second for second in _seconds.of(spelled)], np.int64)
    inside = (told >= FIRST_S) & (told < LAST_S)
    begins = found.run[:runs].copy()
    begins[0] = 0  # lines before it are not ``ok``
    lengths = np.diff(begins, append=len(found.ok))
    if not inside.all():
        found.ok[:] &= np.repeat(inside, lengths)
    each = np.repeat(told * 1_000_000, lengths)
    return pl.Series(value.field, each).cast(pl.Datetime("us", "UTC"))


#: Epoch seconds of times without their seconds; null: of no time.
_seconds = Remembered(lambda texts: texts.to_frame("text").select(moments(pl.col("text"))).to_series())


def _texts(value: Value, data: bytes, found: Found, column: int, fits: re.Pattern[bytes]) -> _Column:
    """Texts by number: each that occurs is looked at once. Of what was asked for, the protocol."""
    made = int(found.made[column])
    if made > _FEW and value.kind == "text":
        many = _many_texts(value, data, found, column, fits)
        if many is not None:
            return many, None
    first, sizes = found.first[column, :made].tolist(), found.size[column, :made].tolist()
    spelled = [data[at : at + size] for at, size in zip(first, sizes, strict=True)]
    codes = found.code[column]
    bad = np.array([fits.fullmatch(text) is None for text in spelled], np.bool_)
    none = set(value.none) - {b"null"}
    texts = [None if text in none else text.decode("utf-8", "replace") for text in spelled]
    if value.kind == "request":
        texts = [None if odd else text for text, odd in zip(texts, bad, strict=True)] + [None]
        codes = np.minimum(codes, made)
    elif bad.any():
        found.ok[:] &= ~bad[np.minimum(codes, made - 1)]
    return _column(value.field, texts, codes, found.ok)


def _many_texts(value: Value, data: bytes, found: Found, column: int, fits: re.Pattern[bytes]) -> pl.Series | None:
    """The same where there are many, looked at all together; null: one of them is no text."""
    made = int(found.made[column])
    places = found.first[column, :made] + np.frombuffer(data, np.uint8).ctypes.data
    sizes = found.size[column, :made]
    out = np.empty(int(sizes.sum()) + made, np.uint8)
    scanning.joined(places, sizes, out)
    joined = out.tobytes()
    if joined.translate(None, _BYTES_OF[fits]):
        return None
    texts = pl.Series(value.field, [joined[:-1].decode()]).str.split("\n").explode()
    none = [text.decode() for text in value.none if text != b"null"]
    if none and (nothing := texts.is_in(none)).any():
        texts = texts.set(nothing, None)
    codes = found.code[column]
    return texts.gather(codes if found.ok.all() else np.where(found.ok, codes, 0).astype(np.uint32))


def _column(name: str, texts: list[str | None], codes: NDArray[np.uint32], ok: Flags) -> _Column:
    """A column of the texts with those numbers; of lines that are not ``ok`` the numbers mean nothing."""
    if not ok.all():
        codes = np.where(ok, codes, 0).astype(np.uint32)
    kept = [text for text in texts if text is not None]
    if len(texts) <= _FEW and len(set(kept)) == len(kept):
        if len(kept) == len(texts):
            return pl.Series(name, codes), pl.Enum(kept)
        places = iter(range(len(kept)))
        numbers = pl.Series(name, [None if text is None else next(places) for text in texts], pl.UInt32)
        return numbers.gather(codes), pl.Enum(kept)
    return pl.Series(name, texts, pl.String).gather(codes), None
