"""Files of any form to files of rows, a piece at a time: what ``radar aggregate`` does first with logs and results."""

from __future__ import annotations

import glob
import io
import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import IO, Any

import polars as pl

from jobs.engines import places
from radar.aggregate.rollup import forms
from radar.aggregate.rollup.rows import Spec
from radar.errors import ArchiveError, SchemaError, UpstreamChanged, UpstreamUnavailable
from radar.sources import _log_places as log_places
from radar.sources._json_pieces import objects
from radar.sources._log_files import Chunk, news
from radar.sources._log_unpacked import PACKINGS, Unpacked
from radar.sources._rejections import Rejections

#: To be told from the file itself.
ANY = "auto"

#: So much of a file's beginning is looked at, in bytes.
HEAD = 1 << 16

#: Of the memory of a step, a piece is this part: its rows need several times its size. A row waits in so many bytes.
PART, ROW_B = 48, 200


@dataclass(frozen=True, slots=True)
class ToConvert:
    """A file of form ``form``; its rows go to ``shuffle`` below ``into``. ``memory`` in bytes is what the step may
    take, ``key`` keys the digests of clients.
    """

    file: str
    form: str
    spec: Spec
    into: str
    shuffle: str
    memory: int
    key: int


@dataclass(frozen=True, slots=True)
class Converted:
    """A file, what it is known by, its form and the files of its rows; why others of it gave none."""

    file: str
    id: str
    form: str
    rows: tuple[str, ...]
    lost: dict[str, int] = field(default_factory=dict)


def look(file: str) -> tuple[str, str]:
    """A file, and its form as its first bytes or its columns tell it. Raises SchemaError where they tell none, and
    ArchiveError."""
    with _readable(file):
        return file, _form(file, _opened(file))


def convert(asked: ToConvert) -> Converted:
    """Turn a file into rows.

    Raises SchemaError for one in which no row is found, and for a form that does not say what the bins are to be of;
    ArchiveError for one that cannot be read.
    """
    silent = sorted(set(asked.spec.keys) - set(forms.SAYS[asked.form]))
    if silent:
        raise SchemaError(
            f"{asked.file}: {asked.form} say no {silent[0]}; expected rows with that column, or another --by"
        )
    name, _ = places.tail(asked.file)
    lost = Rejections()
    with _readable(asked.file):
        made = _made(asked, _tables(asked, _opened(asked.file), lost), name)
    told = [item for item in lost.done() if item.reason != "blank line"]
    if not made and told:
        raise SchemaError(f"{asked.file}: no row of {asked.form} is in it: {told[0].reason} ({told[0].example})")
    return Converted(asked.file, name, asked.form, made, {item.reason: item.count for item in told})


def _opened(file: str) -> log_places.LogFile:
    (found,) = log_places.find("aggregate", file if "://" in file else glob.escape(file))
    return found


@contextmanager
def _readable(file: str) -> Iterator[None]:
    try:
        yield
    except UpstreamUnavailable as error:
        raise ArchiveError(f"{file} cannot be read: {error}") from error
    except OSError as error:
        raise ArchiveError(f"{file} cannot be read: {error.strerror or error}") from error


def _form(name: str, file: log_places.LogFile) -> str:
    with file.open() as opened:
        head = _beginning(opened)
    if head.startswith(b"PAR1"):
        try:
            return forms.of_columns(pl.scan_parquet(name, glob=False).collect_schema())
        except (pl.exceptions.PolarsError, OSError) as error:
            why = str(error).splitlines()[0][:200]
            raise SchemaError(f"{name}: no Parquet file that can be read: {why}") from error
    found = forms.of_bytes(head)
    if found is None and head.strip():
        raise SchemaError(f"{name}: of no form that is known; expected one of {', '.join(forms.NAMES)} (--form)")
    return found or "edge_logs"  # an empty log has no rows, of whatever form


def _beginning(opened: IO[bytes]) -> bytes:
    """The first bytes of the content."""
    stream = _content(opened)
    head = b""
    try:
        while len(head) < HEAD and (part := stream.read(HEAD - len(head))):
            head += part
    except UpstreamChanged:
        pass  # told when the file is read
    return head


def _content(opened: IO[bytes]) -> Any:
    first = opened.read(8)
    opened.seek(0)
    return Unpacked(opened, first) if first.startswith(PACKINGS) else opened


def _tables(asked: ToConvert, file: log_places.LogFile, lost: Rejections) -> Iterator[pl.DataFrame]:
    """The rows of each piece."""
    read = forms.reader(asked.form, asked.key, asked.spec)
    for chunk in _pieces(file, asked.form, lost, max(asked.memory // PART, 1 << 16)):
        try:
            yield read(chunk, lost)
        except UpstreamChanged as error:
            lines = chunk.data.count(b"\n") if chunk.kind == "lines" else 1
            lost.add(f"piece of a file is none of {asked.form}", f"from {chunk.first_line}: {error}", lines)


def _pieces(file: log_places.LogFile, form: str, lost: Rejections, limit: int) -> Iterator[Chunk]:
    if form in ("atlas_results", "speed"):
        with file.open() as opened:
            head = _beginning(opened)
        if not head.startswith(b"PAR1") and not _is_lines(head):
            with file.open() as opened:
                for data, first in objects(_content(opened), limit, lost):
                    yield Chunk(file.name, "lines", data, first)
            return
    # the last line counts without its end as well: nobody writes to the file any more
    for chunk, _seen in news(form, file, {}, lost, limit=limit, now_s=math.inf):
        if chunk is not None:
            yield chunk


def _is_lines(head: bytes) -> bool:
    """One object a line, and not a list or objects over many lines?"""
    first = head.lstrip().split(b"\n")[0].strip()
    return first.startswith(b"{") and (first.endswith(b"}") or len(first) > HEAD // 2)


def _made(asked: ToConvert, tables: Iterator[pl.DataFrame], name: str) -> tuple[str, ...]:
    """Names of files with all rows."""
    most = max(asked.memory // 4 // ROW_B, 1)
    held: list[pl.DataFrame] = []
    made: list[str] = []

    def leave() -> None:
        body = io.BytesIO()
        pl.concat(held).write_parquet(body, compression="lz4", row_group_size=1 << 16)
        part = f"{asked.shuffle}/rows-{name}-{len(made):06}.parquet"
        places.write(asked.into, part, body.getvalue())
        made.append(f"{asked.into}/{part}")
        held.clear()

    for table in tables:
        if table.height:
            held.append(table)
        if sum(one.height for one in held) >= most:
            leave()
    if held:
        leave()
    return tuple(made)
