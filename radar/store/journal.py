"""Journals: what people said. Append-only, and the only data that nothing else can give back.

An entry lies in two places: in a stream of the store, which every process of a radar reads, and as a line of a file in
the data folder (``journal/<name>.ndjson``), so that a store that came back empty gets it back. ``Journal.read`` brings
either place what only the other one has. An entry is known by its id: one that came twice counts once.

An entry that was acknowledged is on disk: the file is synced, and the server is asked to wait until its append-only
file is (``WAITAOF``, Redis 7.2). Where it cannot, the receipt says what the server promises instead.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import orjson
from redis.crc import key_slot
from redis.exceptions import RedisError

from radar.errors import ArchiveError, StoreUnavailable
from radar.store import Store, asking, keys
from radar.store.cluster import Cluster

#: How long the server may take to bring an entry to its disk. "everysec" takes up to a second; the client's own
#: time-out is two.
SYNC_MS = 1500

#: Folder of the files, below the data folder.
FOLDER = "journal"

_FIELD = b"entry"

Entry = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Receipt:
    """Where an entry is kept.

    ``store``: "synced": on the server's disk. Else the server's policy: "always", "everysec" or "no" (its own word for
    when it syncs), "memory" (it keeps no append-only file), "unknown"; "away": it could not be asked, and gets the
    entry from the file. ``file``: the file that has it, or None where no folder was given.
    """

    store: str
    file: Path | None


@dataclass(slots=True)
class Record:
    """A journal as it was read: entries by time, and a sentence for everything that could not be read or written."""

    entries: list[Entry]
    broken: list[str] = field(default_factory=list)


class Journal:
    """One journal. ``folder``: the data folder, or None where only the store is at hand."""

    def __init__(self, client: Store, name: str, folder: Path | None = None) -> None:
        self.client = client
        self.name = name
        self.path = None if folder is None else folder / FOLDER / f"{name}.ndjson"

    def append(self, entry: Mapping[str, Any]) -> Receipt:
        """Add one entry, which needs the texts ``id`` and ``at``. The file comes first.

        Raises
        ------
        ArchiveError
            The file cannot be written, or not brought to its disk: what is kept is not certain.
        StoreUnavailable
            There is no file, and the store cannot be asked.
        TypeError, ValueError
            The entry is not JSON, or lacks ``id`` or ``at``.
        """
        if not _is_entry(entry):
            raise ValueError(f"an entry needs texts `id` and `at`: {entry!r}")
        line = orjson.dumps(dict(entry))
        if self.path is not None:
            try:
                _write(self.path, [line])
            except OSError as error:
                raise ArchiveError(f"{self.path} cannot be written: {error}; the entry was not kept") from error
        try:
            return Receipt(self._push([line]), self.path)
        except StoreUnavailable:
            if self.path is None:
                raise
            return Receipt("away", self.path)

    def read(self) -> Record:
        """All entries, oldest first, after either place was given what only the other one has.

        A file that cannot be read or written stops nobody from reading what the store has. Raises StoreUnavailable.
        """
        record = Record([])
        stored, filed = self._of_store(record), self._of_file(record)
        found = filed | stored
        if lost := [id for id in filed if id not in stored]:
            self._push([orjson.dumps(filed[id]) for id in lost])
        news = [orjson.dumps(entry) for id, entry in stored.items() if id not in filed]
        if self.path is not None and news:
            try:
                _write(self.path, news)
            except OSError as error:
                record.broken.append(f"{self.path} cannot be written: {error}")
        record.entries = sorted(found.values(), key=lambda entry: (entry["at"], entry["id"]))
        return record

    # -- the store -----------------------------------------------------------------------------------------------------

    def _push(self, lines: Sequence[bytes]) -> str:
        """Add to the stream and wait for the server's disk; -> ``Receipt.store``. Raises StoreUnavailable."""
        key = keys.journal(self.name)
        with asking(f"write journal {self.name}"):
            home = self.client.home(key_slot(key.encode()))[1] if isinstance(self.client, Cluster) else self.client
            # WAITAOF waits for what its own connection wrote: both commands go through one
            with home.pipeline(transaction=False) as pipe:
                for line in lines:
                    pipe.xadd(key, {_FIELD: line})
                pipe.execute_command("WAITAOF", 1, 0, SYNC_MS)  # type: ignore[no-untyped-call]
                *added, synced = pipe.execute(raise_on_error=False)
            for answer in added:
                if isinstance(answer, Exception):
                    raise answer
            if not isinstance(synced, Exception) and int(synced[0]) >= 1:
                return "synced"
            return _policy(home)

    def _of_store(self, record: Record) -> dict[str, Entry]:
        with asking(f"read journal {self.name}"):
            rows = cast("list[tuple[bytes, dict[bytes, bytes]]]", self.client.xrange(keys.journal(self.name)))
        lines = ((f"journal {self.name}, entry {number.decode()}", row.get(_FIELD, b"")) for number, row in rows)
        return _parsed(lines, record)

    # -- the file ------------------------------------------------------------------------------------------------------

    def _of_file(self, record: Record) -> dict[str, Entry]:
        if self.path is None:
            return {}
        try:
            raw = self.path.read_bytes()
        except FileNotFoundError:
            return {}
        except OSError as error:
            record.broken.append(f"{self.path} cannot be read: {error}")
            return {}
        rows = enumerate(raw.split(b"\n"), start=1)
        return _parsed(((f"{self.path}, line {number}", line) for number, line in rows if line.strip()), record)


def _parsed(lines: Iterable[tuple[str, bytes]], record: Record) -> dict[str, Entry]:
    """Entries by id, the first of each; what is none is told and left where it is."""
    found: dict[str, Entry] = {}
    for place, line in lines:
        try:
            entry = orjson.loads(line)
        except orjson.JSONDecodeError:
            entry = None
        if _is_entry(entry):
            found.setdefault(entry["id"], entry)
        else:
            record.broken.append(f"{place}: expected a JSON object with `id` and `at`, found {line[:60]!r}")
    return found


def _is_entry(entry: object) -> bool:
    return isinstance(entry, Mapping) and all(isinstance(entry.get(name), str) for name in ("id", "at"))


def _write(path: Path, lines: Sequence[bytes]) -> None:
    """Append whole lines and wait for the disk. A line that a killed process left unfinished is ended first."""
    path.parent.mkdir(parents=True, exist_ok=True)
    new = not path.exists()
    with path.open("a+b") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        end = file.seek(0, os.SEEK_END)
        if end:
            file.seek(end - 1)
            if file.read(1) != b"\n":
                lines = [b"", *lines]
        file.write(b"\n".join(lines) + b"\n")
        file.flush()
        os.fsync(file.fileno())
    if new:
        folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def _policy(server: Store) -> str:
    """When the server syncs, in its own words; "unknown" where it does not let us ask."""
    try:
        found = cast("dict[str, str]", server.config_get("append*"))
    except RedisError:
        return "unknown"
    if found.get("appendonly") != "yes":
        return "memory"
    return found.get("appendfsync", "unknown")
