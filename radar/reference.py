"""Reference tables: what is known of countries and their regions, networks, cities and clouds, whatever is measured.

Each is a file of this package; ``data/reference.toml`` lists its version, date, source, licence, rows and hash.
``radar reference --refresh`` puts a newer one into ``<data_dir>/reference/<name>/`` and names it in ``current.json``
there; it is used from the next start of a process. A refreshed file that is not what its note says is passed over for
the packaged one, and :attr:`Info.trouble` says so. Only the standard library is needed.
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import json
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from datetime import date
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from radar.errors import ConfigError
from radar.settings import load

CURRENT = "current.json"


@dataclass(frozen=True, slots=True)
class Info:
    """What is known about one table.

    ``date`` is "2026-06-17", "2026-11" or "2021", as exactly as its source says it. ``origins`` are the addresses that
    a refresh asks; none: it changes with a release of the radar, or from a file. ``study``: it says how
    things were at its date, and keeps that date when it is fetched again. ``refreshed`` tells whether it came after the
    package; ``trouble`` why a refreshed one is not used, '' where none is wrong.
    """

    name: str
    title: str
    version: str
    date: str
    source: str
    source_url: str
    licence: str
    licence_url: str
    attribution: str
    file: str
    rows: int
    sha256: str
    columns: tuple[str, ...]
    origins: tuple[str, ...] = ()
    study: bool = False
    refreshed: bool = False
    trouble: str = ""


def folder() -> Path | None:
    """Where refreshed tables lie; None where the settings cannot be read, which every command says by itself."""
    try:
        return load().data_dir / "reference"
    except ConfigError:
        return None


def names() -> tuple[str, ...]:
    """The names of all tables, in the order of the manifest."""
    return tuple(packaged())


@lru_cache(maxsize=1)
def packaged() -> dict[str, Info]:
    """The manifest of the tables that came with the package."""
    text = files("radar").joinpath("data/reference.toml").read_text(encoding="utf-8")
    return {name: _info(name, row) for name, row in tomllib.loads(text).items()}


def info(name: str) -> Info:
    """What is known about the table in use. KeyError for a name that is none."""
    return _chosen(name)[0]


def lines(name: str) -> list[str]:
    """The rows of a table as CSV text, without comments and without the header. KeyError for a name that is none."""
    return _body(name)[1:]


def table(name: str) -> Iterator[dict[str, str]]:
    """The rows of a table by column; every value is text and '' means not known. KeyError for a name that is none."""
    return csv.DictReader(_body(name))


def forget() -> None:
    """Read everything anew: after a refresh in this process, and in tests."""
    _chosen.cache_clear()


def age_days(said: str, today: date) -> int:
    """How old a date is at least, in days: of "2021" and "2026-11" the last day counts. ValueError for no date."""
    year, month, day = (*map(int, said.split("-")), 0, 0)[:3]
    if not month:
        last = date(year, 12, 31)
    elif not day:
        last = date.fromordinal(date(year + month // 12, month % 12 + 1, 1).toordinal() - 1)
    else:
        last = date(year, month, day)
    return max(0, (today - last).days)


def rows_of(raw: bytes) -> list[str]:
    """The lines of a table's file, header first; comments left out. ValueError (also of encodings) for other bytes."""
    try:
        text = (gzip.decompress(raw) if raw[:2] == b"\x1f\x8b" else raw).decode("utf-8-sig")
    except (OSError, EOFError) as error:
        raise ValueError(f"not a whole gzip file: {error}") from error
    found = text.split("\n")
    return [line.rstrip("\r") for line in found if line.strip() and not line.startswith("#")]


def sha256(raw: bytes) -> str:
    """The hash that manifests hold."""
    return hashlib.sha256(raw).hexdigest()


@lru_cache(maxsize=32)
def _chosen(name: str) -> tuple[Info, Path | None]:
    """The table in use, and its file if it is a refreshed one."""
    ours = packaged()[name]
    place = folder()
    note = place / name / CURRENT if place is not None else None
    if note is None or not note.exists():
        return ours, None
    try:
        said = json.loads(note.read_bytes())
        newer = _info(name, {**{f.name: getattr(ours, f.name) for f in fields(Info)}, **said, "refreshed": True})
        path = note.parent / Path(newer.file).name
        raw = path.read_bytes()
        if sha256(raw) != newer.sha256:
            raise ValueError(f"{path.name} is not the file that was put there")
        header = tuple(next(csv.reader(rows_of(raw)[:1]), ()))
        if header != ours.columns:
            raise ValueError(f"{path.name} has columns {', '.join(header)}; expected {', '.join(ours.columns)}")
    except (OSError, ValueError, TypeError, AttributeError) as error:
        return replace(ours, trouble=f"the refreshed table is not used: {error}"), None
    return newer, path


def _body(name: str) -> list[str]:
    """The lines of the table in use, header first."""
    said, path = _chosen(name)
    return rows_of(path.read_bytes() if path is not None else files("radar").joinpath("data", said.file).read_bytes())


def _info(name: str, row: Mapping[str, Any]) -> Info:
    """One entry of a manifest. TypeError or ValueError for one that is not whole."""
    known = {field.name for field in fields(Info)}
    found: dict[str, Any] = {key: value for key, value in row.items() if key in known}
    found |= {"name": name, "columns": _texts(row["columns"]), "origins": _texts(row.get("origins", ()))}
    return Info(**found)


def _texts(values: Iterable[Any]) -> tuple[str, ...]:
    return tuple(str(value) for value in values)
