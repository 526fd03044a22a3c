"""From log files to bins: count what is new, merge it into the bins it belongs to, give whole bins that changed.

What was read and the partials of the last day are in ``<data_dir>/logs/<source>.sqlite``. Both move in one transaction
after the answers were taken: whoever is killed before it gives the same answers again, and of two answers about one bin
the later one counts. A state that is damaged is put aside, and an error logged: the files are then read anew, and their
bins are given again as far as the files still hold them.

A copy counts once: of two files whose read content begins and ends alike at the same length, the second is taken for
the first, also when two servers really wrote the very same bytes. Logs that hold times and clients do not.
"""

from __future__ import annotations

import io
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import astuple, replace
from datetime import UTC, datetime
from hashlib import blake2b
from pathlib import Path
from typing import NamedTuple

import orjson
import polars as pl
import structlog

from radar import settings
from radar.entities import is_entity
from radar.errors import UpstreamChanged, UpstreamUnavailable
from radar.schema import Rejected
from radar.sources import Answer
from radar.sources._bytes import BROKEN, PARQUET
from radar.sources._log_ahead import Count, counted, shares
from radar.sources._log_bins import BIN_S, HOUR_S, TABLES, Bins, Rules, Unlisted
from radar.sources._log_files import HEAD, Chunk, Seen, news
from radar.sources._log_places import find
from radar.sources._rejections import Rejections

log = structlog.get_logger(__name__)

#: Bins are kept this long, so that late rows find theirs; rows ahead of the clock by more than ``SKEW_S`` are refused.
KEPT_S, SKEW_S = 26 * HOUR_S, 600
#: Chunks that are counted are this part of the memory that may be taken: their rows need several times their size.
PART = 48
_ZEROS = "0" * 32

#: States as this process left them, by path: time of the last change and size. Whole then: not checked again.
_LEFT: dict[Path, tuple[int, int]] = {}

_TABLES = """
CREATE TABLE IF NOT EXISTS files (key TEXT PRIMARY KEY, name TEXT, offset INTEGER, lines INTEGER, head TEXT, tail TEXT,
                                  size INTEGER, changed_ns INTEGER);
CREATE TABLE IF NOT EXISTS rejected (reason TEXT PRIMARY KEY, count INTEGER, example TEXT);
"""


def answers(
    source: str,
    place: str,
    since: datetime,
    until: datetime,
    *,
    count: Count,
    largest: frozenset[str] = frozenset(),
    once: pl.Expr | None = None,
    within: str | None = None,
    prefix: str,
    wait_s: int = 0,
) -> Iterator[Answer]:
    """Every whole bin before ``until`` that changed since the last time, and each whole hour with such a bin.

    Parameters
    ----------
    since
        On the first reading, rows before it are refused; later ones before the bins that are kept.
    count
        A chunk as partials: ``bin`` (epoch s), the source's own columns, ``field``, ``cell``, ``amount``. Called by
        several threads at a time.
    largest
        Fields whose cells merge by the larger; all others add up.
    once
        Which partials count each row of the log once, so that refused ones are counted in rows. None: the largest sum
        of a field in a bin is taken for its rows.
    within
        The column that says of which kind a row's key is, where there is one: see ``radar.sources._log_bins``.
    prefix
        Begins the answers' names.
    wait_s
        How long after its end a bin is given first, so that what comes within that time makes no second answer.

    Raises
    ------
    UpstreamUnavailable
        No file is there, or the state is in use; after all answers: a file cannot be read.
    UpstreamChanged
        After all answers: pieces of a file are refused by ``count``. They are not read again, and are counted among the
        rejections of the next answer, in lines (of other forms than text: in pieces), with the file and the place of
        the first; the other pieces count. A file that grows by such pieces is reported each time.
    """
    chosen = settings.load()
    memory = chosen.logs_memory_mb * 2**20
    limit, abreast = shares(memory, PART)
    end = int(until.timestamp())
    wrong: list[str] = []
    away: list[str] = []
    path = chosen.data_dir / "logs" / f"{source}.sqlite"
    with closing(_opened(path, source)) as state:
        try:
            state.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            raise UpstreamUnavailable(source, f"its state cannot be used: {error}") from error
        known = {row[0]: Seen(*row) for row in state.execute("SELECT * FROM files")}
        oldest = (end - KEPT_S) // HOUR_S * HOUR_S
        if not known:
            oldest = min(oldest, int(since.timestamp()) // BIN_S * BIN_S)
        rejected = Rejections()
        bins = Bins(state, Rules(largest, once, within), memory=memory, lost=rejected)
        files = find(source, place)
        for file in files:
            seen: Seen | None = None
            refused = ""
            try:
                pieces = news(source, file, known, rejected, limit=limit, now_s=end)
                for piece in counted(pieces, count, abreast):
                    seen = piece if isinstance(piece, Seen) else piece.seen  # the last place is what counts
                    if isinstance(piece, Seen):
                        continue
                    chunk = piece.chunk
                    try:
                        part = piece.partials.result()
                    except UpstreamChanged as error:
                        refused = refused or f"{file.name}: {error}"
                        rejected.add("piece of a file is no log of this kind", f"{file.name} from {chunk.first_line}: "
                                     f"{error}", chunk.data.count(b"\n") if chunk.kind == "lines" else 1)  # fmt: skip
                        continue
                    rejected.extend(piece.lost)
                    bins.add(_within(part, chunk, oldest, end + SKEW_S, once, rejected))
                    del part, chunk, piece
            except OSError as error:
                away.append(f"{file.name}: {error.strerror or error}")
                if seen is not None:  # some of it is counted, and no place to go on from is known
                    raise UpstreamUnavailable(source, f"{away[-1]}, after a part of it; nothing was kept") from error
            if refused:
                wrong.append(refused)
            if seen is not None:
                old = known.get(file.key)
                if old is not None and (seen.offset < old.offset or (old.offset >= HEAD and old.head != seen.head)):
                    # what was there may come back packed, or under another name
                    known[f"{file.key}#{old.head}"] = old = replace(old, key=f"{file.key}#{old.head}")
                    state.execute("INSERT OR REPLACE INTO files VALUES (?, ?, ?, ?, ?, ?, ?, ?)", astuple(old))
                known[file.key] = seen
                state.execute("INSERT OR REPLACE INTO files VALUES (?, ?, ?, ?, ?, ?, ?, ?)", astuple(seen))
        bins.settle()
        _tell(state, rejected)
        yield from _given(state, bins, prefix, end - wait_s)
        bins.forget((end - KEPT_S) // HOUR_S * HOUR_S)
        _forget(state, {file.key for file in files})
        state.commit()
    _LEFT[path] = _look(path)
    if away:
        raise UpstreamUnavailable(source, f"{len(away)} files cannot be read, first {away[0]}")
    if wrong:
        raise UpstreamChanged(source, f"pieces of {len(wrong)} files were refused, first {wrong[0]}")


def _tell(state: sqlite3.Connection, rejected: Rejections) -> None:
    """Put what was rejected beside what the next answer tells."""
    for item in rejected.done():
        state.execute("INSERT INTO rejected VALUES (?, ?, ?) ON CONFLICT (reason) DO UPDATE SET count = count + "
                      "excluded.count", (item.reason, item.count, item.example))  # fmt: skip


def _given(state: sqlite3.Connection, bins: Bins, prefix: str, end: int) -> Iterator[Answer]:
    """The answers. Of a bin, ``changed`` is 1 until it is given, and then 2 until its hour is."""
    lost = [Rejected(*row) for row in state.execute("SELECT reason, count, example FROM rejected ORDER BY reason")]
    changed = [row[0] for row in state.execute("SELECT bin FROM bins WHERE changed = 1 AND bin + ? <= ? ORDER BY bin",
                                               (BIN_S, end))]  # fmt: skip
    for start in changed:
        table = bins.table(start)
        if table is not None:
            yield Answer(
                f"{prefix}-{_stamp(start)}.parquet", packed(table, BIN_S, rejected=lost, unlisted=bins.unlisted(start))
            )
        lost = []
    if changed:
        state.execute("DELETE FROM rejected")
    state.executemany("UPDATE bins SET changed = 2 WHERE bin = ?", [(start,) for start in changed])
    waiting = {row[0] // HOUR_S * HOUR_S for row in state.execute("SELECT bin FROM bins WHERE changed = 2")}
    for hour in sorted(hour for hour in waiting if hour + HOUR_S <= end):
        bins.lost = Rejections()
        table = bins.hour(hour)
        _tell(state, bins.lost)  # with the next answer
        if table is not None:
            cut = bins.unlisted(hour, HOUR_S)
            yield Answer(f"{prefix}-hour-{_stamp(hour)}.parquet", packed(table, HOUR_S, unlisted=cut))
        state.execute("UPDATE bins SET changed = 0 WHERE changed = 2 AND bin >= ? AND bin < ?", (hour, hour + HOUR_S))


def _stamp(second: int) -> str:
    return f"{datetime.fromtimestamp(second, UTC):%Y-%m-%dT%H%MZ}"


def _within(
    part: pl.DataFrame, chunk: Chunk, oldest: int, newest: int, once: pl.Expr | None, rejected: Rejections
) -> pl.DataFrame:
    """Partials of bins that are kept; the rows of the others are counted."""
    inside = pl.col("bin").is_between(oldest, newest)
    if part.is_empty() or part.select(inside.all()).item():
        return part
    for reason, off in (("time is ahead of the clock", pl.col("bin") > newest),
                        ("time is before the bins that are kept", pl.col("bin") < oldest)):  # fmt: skip
        out = part.filter(off)
        if out.height:
            rejected.add(reason, f"{chunk.file} from line {chunk.first_line}: bin {out['bin'].sort()[0]}; expected "
                         f"{_stamp(oldest)} to {_stamp(newest)}", _rows(out, once))  # fmt: skip
    return part.filter(inside)


def _rows(partials: pl.DataFrame, once: pl.Expr | None) -> int:
    """Of how many rows these partials are; at least 1."""
    if once is not None:
        found = partials.filter(once)["amount"].sum()
    else:
        sums = partials.group_by("bin", "field").agg(pl.col("amount").sum())
        found = sums.group_by("bin").agg(pl.col("amount").max())["amount"].sum()
    return max(int(found), 1)


def _forget(state: sqlite3.Connection, here: set[str]) -> None:
    """Files that are gone are remembered while they may come back packed or renamed: the newest 10,000."""
    gone = [row[0] for row in state.execute("SELECT key FROM files ORDER BY changed_ns DESC") if row[0] not in here]
    state.executemany("DELETE FROM files WHERE key = ?", [(key,) for key in gone[10_000:]])


def _look(path: Path) -> tuple[int, int]:
    """When a file was changed last (ns), and its size; zeros where there is none."""
    try:
        found = path.stat()
    except OSError:
        return 0, 0
    return found.st_mtime_ns, found.st_size


def _opened(path: Path, source: str) -> sqlite3.Connection:
    """The state of a source; a damaged one is put aside."""
    path.parent.mkdir(parents=True, exist_ok=True)
    for attempt in (1, 2):
        ours = _LEFT.pop(path, None) == _look(path)
        state = sqlite3.connect(path, timeout=10, isolation_level=None, check_same_thread=False)
        try:
            if not ours and state.execute("PRAGMA quick_check").fetchone() != ("ok",):
                raise sqlite3.DatabaseError("its pages do not fit together")
            state.executescript(_TABLES + TABLES)
            return state
        except sqlite3.OperationalError as error:
            state.close()
            raise UpstreamUnavailable(source, f"its state {path.name} cannot be used: {error}") from error
        except sqlite3.DatabaseError as error:
            state.close()
            if attempt == 2:
                raise UpstreamUnavailable(source, f"its state {path.name} cannot be used: {error}") from error
            path.replace(path.with_suffix(".damaged"))
            log.error("state of logs is damaged and was put aside; the files are read anew", source=source,
                      error=str(error))  # fmt: skip
    raise AssertionError("not reached")


class Told(NamedTuple):
    """What an answer holds: partials, the seconds of their bins, what was rejected, and which columns do not list all
    values."""

    partials: pl.DataFrame
    grain_s: int
    rejected: tuple[Rejected, ...]
    unlisted: tuple[Unlisted, ...] = ()

    def nulls(self, signals: Mapping[str, str], entity: Callable[[Unlisted], str | None]) -> pl.DataFrame:
        """SIGNALS rows without a value, which say that a bin does not list all entities of a type.

        ``signals``: counted signal -> the column of partials whose cut is told for it, "" for all. ``entity``: the key
        of an example; None where it names no entity.
        """
        keys = [
            (signal, key)
            for signal, column in signals.items()
            for cut in self.unlisted
            if column in ("", cut.name) and (key := entity(cut)) is not None and is_entity(key)
        ]
        told = pl.DataFrame(keys, {"signal": pl.String, "entity": pl.String}, orient="row")
        bins = self.partials.select(pl.from_epoch("bin").cast(pl.Datetime("us", "UTC")).alias("timebin")).unique()
        return bins.join(told, how="cross").select(
            "timebin", "entity", "signal", value=pl.lit(None, pl.Float64), n=pl.lit(None, pl.UInt32)
        )


def packed(
    partials: pl.DataFrame, grain_s: int, *, rejected: Iterable[Rejected] = (), unlisted: Iterable[Unlisted] = ()
) -> bytes:
    """Partials as a Parquet file that says what it is and has a digest of itself."""
    lost = [[item.reason, item.count, item.example] for item in rejected]
    said = {"grain_s": grain_s, "rejected": lost, "unlisted": [list(row) for row in unlisted]}
    out = io.BytesIO()
    partials.write_parquet(out, compression="zstd", metadata={
        "radar.partials": orjson.dumps(said).decode(), "radar.digest": f"blake2b:{_ZEROS}"})  # fmt: skip
    body = out.getvalue()
    head, _, tail = body.rpartition(f"blake2b:{_ZEROS}".encode())
    return head + b"blake2b:" + blake2b(body, digest_size=16).hexdigest().encode() + tail


def unpacked(body: bytes) -> Told | None:
    """What an answer holds; None: these bytes are no partials, or damaged ones.

    The digest is checked before anything reads the file, since a damaged one can end the process that reads it.
    """
    head, mark, tail = body.rpartition(b"blake2b:")
    if not body.startswith(PARQUET) or not mark or len(tail) < 32:
        return None
    if blake2b(head + mark + _ZEROS.encode() + tail[32:], digest_size=16).hexdigest().encode() != tail[:32]:
        return None
    try:
        said = orjson.loads(pl.read_parquet_metadata(io.BytesIO(body))["radar.partials"])
        lost = tuple(Rejected(str(reason), int(count), str(example)) for reason, count, example in said["rejected"])
        cut = tuple(Unlisted(*map(str, row)) for row in said.get("unlisted", ()))  # older answers do not say
        return Told(pl.read_parquet(io.BytesIO(body)), int(said["grain_s"]), lost, cut)
    except (*BROKEN, KeyError, TypeError):
        return None
