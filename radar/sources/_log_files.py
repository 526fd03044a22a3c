"""Log files in pieces: what is new in each since the last time, in bounded memory.

Files (``radar.sources._log_places`` finds them) are lines of text, Parquet, or a stream of frames (dnstap), plain or
packed by gzip, zstd or bzip2; what they are is seen from their first bytes.

A file is known by device and inode (an object by its address) and by its content: a digest of its first bytes and of
the last bytes before the place that was reached. So a file goes on after it was renamed, packed or copied, and begins
anew where it was truncated or replaced.
"""

from __future__ import annotations

import io
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np

from radar.errors import UpstreamChanged
from radar.sources._dns_tap import CONTENT
from radar.sources._log_places import LogFile, digest
from radar.sources._log_unpacked import PACKINGS, STEP, Unpacked
from radar.sources._rejections import Rejections

#: Bytes of a file's beginning, and of what lies before the place reached, that say which file it is.
HEAD = TAIL = 4096
#: A last line without its end, or a Parquet file without its footer, is waited for this long, in seconds.
STILL_S = 600
#: Lines and rows count for so many bytes at least: whatever a line holds, its row takes as much.
ROW_BYTES = 64
#: Control frames of Frame Streams: sizes that they have, and the type of the first one of a stream.
_CONTROL, _START = (4, 512), 2
_NEWLINE = ord("\n")
_READER = Path(__file__).with_name("_parquet_rows.py")


@dataclass(frozen=True, slots=True)
class Chunk:
    """A piece of a file.

    ``file``: what a reader may be told of it. ``lines``: whole lines that end with a line's end; ``parquet``: a file of
    its own; ``binary``: whole frames. ``first_line``: number of its first line or row, from 1, or its offset in bytes.
    ``head``: the file's first line, the header of a CSV file, where ``data`` is not its beginning (at most ``HEAD``
    bytes; else empty).
    """

    file: str
    kind: Literal["lines", "parquet", "binary"]
    data: bytes
    first_line: int
    head: bytes = b""


@dataclass(frozen=True, slots=True)
class Seen:
    """How far a file was read. ``offset``: bytes of its unpacked content; ``lines``: as many."""

    key: str
    name: str
    offset: int = 0
    lines: int = 0
    head: str = ""
    tail: str = ""
    size: int = -1
    changed_ns: int = -1


def news(
    source: str, file: LogFile, known: dict[str, Seen], rejected: Rejections, *, limit: int, now_s: float
) -> Iterator[tuple[Chunk | None, Seen]]:
    """What is new in a file: chunks of about ``limit`` bytes at most, each with how far the file is read then.

    ``known``: all that was read before, by key. The last item has no chunk and is what to remember; there is none where
    the file has not changed. Damaged content is counted in ``rejected``. Raises OSError.
    """
    before = known.get(file.key)
    still = now_s - file.changed_ns / 1e9 >= STILL_S
    same = before is not None and (before.size, before.changed_ns) == (file.size, file.changed_ns)
    with file.open() as opened:
        first = opened.read(8)
        packing = first if first.startswith(PACKINGS) else b""
        if same and before is not None and (packing or before.offset >= before.size or not still):
            return
        place = replace(_reached(file, known, packing), key=file.key, name=file.name)
        marks = _Marks(place)
        try:
            if first.startswith(b"PAR1"):
                if place.offset != file.size:
                    yield from _parquet(source, file, opened, marks, rejected, limit=limit, still=still)
            else:
                stream = _content(opened, packing)
                binary = _begins_frames(_exactly(stream, 12))
                line = b"" if binary else _first_line(_content(opened, packing))
                stream = _content(opened, packing)
                _skip(stream, place.offset, seek=not packing)
                ended = bool(packing) or still
                yield from _pieces(file, stream, marks, rejected, limit, head=line, binary=binary, ended=ended)
                if isinstance(stream, Unpacked) and stream.cut and still:
                    rejected.add("compressed file ends early", f"{file.name} after {marks.seen.offset} unpacked bytes")
        except UpstreamChanged as error:
            rejected.add("file is damaged", f"{file.name}: {error}")
    seen = replace(marks.seen, size=file.size, changed_ns=file.changed_ns)
    with file.open() as opened:
        head, tail = _digests(opened, packing, seen.offset)
    seen = replace(seen, head=head, tail=tail)
    yield None, seen


def _pieces(
    file: LogFile,
    stream: Any,
    marks: _Marks,
    rejected: Rejections,
    limit: int,
    *,
    head: bytes,
    binary: bool,
    ended: bool,
) -> Iterator[tuple[Chunk, Seen]]:
    for data, skipped in _frames(stream, limit) if binary else _lines(stream, limit, ended=ended):
        before = marks.seen
        if skipped:
            marks.moved(skipped, 1)
            rejected.add("line is too long", f"{file.name} line {before.lines + 1}: {skipped} bytes; expected at most "
                         f"{limit}")  # fmt: skip
        elif binary:
            marks.moved(len(data), 0)
            yield Chunk(file.name, "binary", data, before.offset), marks.seen
        else:
            for some, lines in _few_lines(data, limit):
                before = marks.seen
                marks.moved(len(some), lines)
                whole = some if some.endswith(b"\n") else some + b"\n"
                yield Chunk(file.name, "lines", whole, before.lines + 1, head if before.offset else b""), marks.seen


def _first_line(stream: Any) -> bytes:
    """The first line without its end; empty where it is longer than ``HEAD`` bytes or has no end yet."""
    line, end, _ = _exactly(stream, HEAD).partition(b"\n")
    return line.rstrip(b"\r") if end else b""


def _lines(stream: Any, limit: int, *, ended: bool) -> Iterator[tuple[bytes, int]]:
    """(whole lines, 0), or (nothing, size of a line that is too long)."""
    parts: list[bytes] = []
    size = 0
    while True:
        if not size and isinstance(stream, io.BufferedReader):
            data = _at_once(stream, limit)
            if data.endswith(b"\n"):
                yield data, 0
                del data
                continue
            parts, size = [data], len(data)  # the file is at its end, or was changed under way
        if size < limit:
            if not (part := stream.read(min(limit - size, STEP))):
                break
            parts.append(part)
            size += len(part)
            continue
        whole, parts = _up_to_a_break(parts)
        if whole:
            yield _joined(whole), 0
            size = sum(map(len, parts))
            continue
        end, part = -1, b""
        while end < 0 and (part := stream.read(STEP)):
            end = part.find(b"\n")
            size += len(part) if end < 0 else end + 1
        if end >= 0 or ended:
            yield b"", size
        if end < 0:
            return
        parts = [part[end + 1 :]]
        size = len(parts[0])
    whole, _ = (parts, []) if ended else _up_to_a_break(parts)
    if any(whole):
        yield _joined(whole), 0


def _at_once(opened: io.BufferedReader, limit: int) -> bytes:
    """The next lines of a file on disk up to the last break that is surely within the limit: read where they stay, and
    copied nowhere. Empty where no break is seen there."""
    begin = opened.tell()
    opened.seek(begin + max(limit - STEP, 0))
    last = opened.read(STEP)
    opened.seek(begin)
    cut = last.rfind(b"\n") + 1
    return opened.read(limit - STEP + cut) if cut and len(last) == STEP <= limit else b""


def _up_to_a_break(parts: list[bytes]) -> tuple[list[bytes], list[bytes]]:
    """Parts up to the last line break in them, and what follows: what is to be one piece is copied once."""
    for number in reversed(range(len(parts))):
        cut = parts[number].rfind(b"\n") + 1
        if cut:
            return [*parts[:number], parts[number][:cut]], [parts[number][cut:], *parts[number + 1 :]]
    return [], parts


def _joined(parts: list[bytes]) -> bytes:
    """The parts as one, which then are no longer there."""
    data = b"".join(parts)
    parts.clear()
    return data


def _few_lines(data: bytes, limit: int) -> Iterator[tuple[bytes, int]]:
    """The lines and how many they are, in smaller pieces where they are many and short."""
    lines = lines_in(data) + (not data.endswith(b"\n"))
    if lines * ROW_BYTES <= limit or lines == 1:
        yield data, lines
        return
    middle = data.find(b"\n", len(data) // 2, len(data) - 1) + 1 or data.rfind(b"\n", 0, len(data) - 1) + 1
    yield from _few_lines(data[:middle], limit)
    yield from _few_lines(data[middle:], limit)


def lines_in(data: bytes) -> int:
    """Line breaks in the data: faster than their own method, and other threads go on meanwhile."""
    seen = np.frombuffer(data, np.uint8)
    return sum(int(np.count_nonzero(seen[at : at + STEP] == _NEWLINE)) for at in range(0, len(seen), STEP))


def _frames(stream: Any, limit: int) -> Iterator[tuple[bytes, int]]:
    """Whole frames (Frame Streams: four bytes of length, 0 for a control frame, whose length follows)."""
    rest = bytearray()
    ended = False
    while not ended:
        part = stream.read(STEP)
        ended = not part
        rest += part
        if len(rest) < limit and not ended:
            continue
        at = 0
        while at + 8 <= len(rest):
            size = int.from_bytes(rest[at : at + 4])
            if size == 0:
                size = 4 + int.from_bytes(rest[at + 4 : at + 8])
                if not _CONTROL[0] <= size - 4 <= _CONTROL[1]:  # lost: the reader goes on at the next stream as well
                    start = rest.find(CONTENT, at + 28) - 20
                    at = start if start >= 0 else max(at + 8, len(rest) - (0 if ended else _CONTROL[1]))
                    continue
            if at + 4 + size > len(rest):
                break
            at += 4 + size
        if at:
            yield bytes(rest[:at]), 0
            del rest[:at]
        elif not ended:
            raise UpstreamChanged("logs", f"a frame is longer than {limit} bytes")


def _begins_frames(first: bytes) -> bool:
    """Whether content begins with a START frame, and not just with zeros."""
    size, kind = int.from_bytes(first[4:8]), int.from_bytes(first[8:12])
    return len(first) == 12 and first[:4] == bytes(4) and _CONTROL[0] <= size <= _CONTROL[1] and kind == _START


def _parquet(
    source: str, file: LogFile, opened: Any, marks: _Marks, rejected: Rejections, *, limit: int, still: bool
) -> Iterator[tuple[Chunk, Seen]]:
    """A Parquet file in files of some rows each; nothing while it is being written."""
    opened.seek(max(file.size - 4, 0))
    if opened.read(4) != b"PAR1" or file.size < 12:
        if still:
            rejected.add("Parquet file ends early", f"{file.name}: expected 'PAR1' at its end")
        return
    opened.seek(0)
    marks.seen = replace(marks.seen, offset=file.size, lines=0)
    with tempfile.NamedTemporaryFile(suffix=".parquet") as copy:
        path = getattr(opened, "name", None)
        if not isinstance(path, str):
            path = copy.name
            while part := opened.read(STEP):
                copy.write(part)
            copy.flush()
        rows = int(_rows(source, path, "count"))
        if file.size <= limit and rows * ROW_BYTES <= limit:
            opened.seek(0)
            yield Chunk(file.name, "parquet", _exactly(opened, file.size), 1), marks.seen
            return
        step = max(min(int(rows * limit / file.size), limit // ROW_BYTES), 1)
        for at in range(0, rows, step):
            yield Chunk(file.name, "parquet", _rows(source, path, str(at), str(step)), at + 1), marks.seen


def _rows(source: str, *arguments: str) -> bytes:
    """Ask the reader, a process of its own: a damaged file can end the process that reads it."""
    try:
        done = subprocess.run([sys.executable, "-P", str(_READER), *arguments], capture_output=True, timeout=120)
    except subprocess.TimeoutExpired:
        raise UpstreamChanged(source, "the Parquet file was not read within 120 s") from None
    if done.returncode:
        raise UpstreamChanged(source, "the Parquet file is damaged")
    return done.stdout


class _Marks:
    """How far a file is read."""

    def __init__(self, seen: Seen) -> None:
        self.seen = seen

    def moved(self, size: int, lines: int) -> None:
        """So many bytes and lines more."""
        self.seen = replace(self.seen, offset=self.seen.offset + size, lines=self.seen.lines + lines)


def _content(opened: Any, packing: bytes) -> Any:
    """The file's content from its beginning."""
    opened.seek(0)
    return Unpacked(opened, packing) if packing else opened


def _digests(opened: Any, packing: bytes, offset: int) -> tuple[str, str]:
    """Digests of the first bytes of the content and of the last ones before an offset; "" where it is shorter, or
    damaged before it."""
    if not offset:
        return "", ""
    try:
        return _head_and_tail(opened, packing, offset)
    except UpstreamChanged:
        return "", ""


def _head_and_tail(opened: Any, packing: bytes, offset: int) -> tuple[str, str]:
    stream = _content(opened, packing)
    head = _exactly(stream, min(HEAD, offset))
    begin = max(offset - TAIL, 0)
    if packing:
        tail = head[begin:]
        _skip(stream, begin - len(head), seek=False)
        tail += _exactly(stream, offset - max(begin, len(head)))
    else:
        stream.seek(begin)
        tail = _exactly(stream, offset - begin)
    if len(head) < min(HEAD, offset) or len(tail) < offset - begin:
        return "", ""
    return digest(head), digest(tail)


def _exactly(stream: Any, size: int) -> bytes:
    """So many bytes, fewer at the end."""
    parts = []
    while size > 0 and (part := stream.read(min(size, STEP))):
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


def _skip(stream: Any, offset: int, *, seek: bool) -> None:
    if seek:
        stream.seek(offset)
        return
    while offset > 0 and (part := stream.read(min(offset, STEP))):
        offset -= len(part)


def _reached(file: LogFile, known: dict[str, Seen], packing: bytes) -> Seen:
    """How far this content was read, under whatever name: the furthest place whose head and tail it has."""
    heads: dict[int, str] = {}
    with file.open() as opened:
        for seen in sorted(known.values(), key=lambda seen: -seen.offset):
            if not seen.head or (not packing and seen.offset > file.size):
                continue
            size = min(HEAD, seen.offset)
            if size not in heads:
                try:
                    heads[size] = digest(_exactly(_content(opened, packing), size))
                except UpstreamChanged:  # said when its content is read
                    heads[size] = ""
            if heads[size] == seen.head and _digests(opened, packing, seen.offset) == (seen.head, seen.tail):
                return seen
    return Seen(file.key, file.name)
