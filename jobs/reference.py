"""``radar reference``: list the reference tables, and put newer ones into use.

A refresh fetches all files of a table, makes its rows (``jobs/reference_forms.py``), checks them against the table in
use, writes them beside it under their hash, and only then names the new file in ``current.json``, in one step. Whatever
is wrong with what came, the table in use stays.
"""

from __future__ import annotations

import csv
import gzip
import io
import math
import os
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import orjson

from jobs.progress import screen
from jobs.reference_forms import FORMS, Rows
from radar import reference
from radar.entities import countries, is_entity
from radar.errors import RadarError, UpstreamChanged
from radar.http import Http
from radar.reference import Info
from radar.settings import Settings

#: How much the number of rows may differ from that of the table in use.
DRIFT = 0.2

#: What a column of each name must hold: a test of its text, and what was expected. '' is tested too.
Test = Callable[[str], bool]


def run(settings: Settings, *, names: Sequence[str], refresh: bool, path: Path | None, as_json: bool) -> int:
    """List tables, or refresh them and say what came of it; 1 when one could not be refreshed."""
    chosen = list(names) or list(reference.names())
    now = datetime.now(UTC)
    if not refresh:
        _list([reference.info(name) for name in chosen], now, as_json=as_json)
        return 0
    if not names:
        chosen = [name for name in chosen if reference.info(name).origins]
    results = []
    with (
        screen(sys.stderr) as view,
        Http(contact=settings.contact, cache=settings.data_dir / "http") as http,
    ):
        for number, name in enumerate(chosen):
            view.progress(number / len(chosen), name)
            try:
                found = refresh_table(name, settings.data_dir / "reference", now, http=http, path=path)
                results.append({"name": name, "ok": True, "rows": found.rows, "version": found.version, "error": None})
            except (RadarError, OSError) as error:
                kept = reference.info(name)
                results.append({"name": name, "ok": False, "rows": kept.rows, "version": kept.version,
                                "error": str(error)})  # fmt: skip
        view.progress(1.0, "")
    if as_json:
        sys.stdout.buffer.write(orjson.dumps(results, option=orjson.OPT_INDENT_2) + b"\n")
    else:
        for row in results:
            told = f"{row['rows']} rows, version {row['version']}" if row["ok"] else f"{row['error']}; the table stays"
            print(f"{'ok' if row['ok'] else 'failed':<7} {row['name']:<14} {told}")
    return 0 if all(row["ok"] for row in results) else 1


def refresh_table(name: str, folder: Path, now: datetime, *, http: Http, path: Path | None = None) -> Info:
    """Put a newer table into ``folder``.

    Parameters
    ----------
    path
        A file in our own form or the origin's only file, or a folder with the files of all origins under the names
        that they have there. None: ask the origins.

    Raises
    ------
    UpstreamUnavailable, UpstreamChanged
        An origin did not answer, or what it sent does not pass; the table in use stays.
    OSError
        The folder cannot be written, a file cannot be read.
    """
    before = reference.info(name)
    rows = _rows(before, http, path)
    trouble = wrong(before, rows)
    if trouble:
        raise UpstreamChanged(name, trouble)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(before.columns)
    writer.writerows(rows)
    raw = text.getvalue().encode()
    if len(raw) > 1 << 20:
        raw = gzip.compress(raw, mtime=0)
    digest = reference.sha256(raw)
    version = f"{now:%Y-%m-%d}"
    file = f"{version}-{digest[:12]}.csv{'.gz' if raw[:2] == bytes((31, 139)) else ''}"
    place = folder / name
    _write(place / file, raw)
    origin = path.name if path is not None else " ".join(before.origins)
    day = before.date if before.study else version
    said = {"version": version, "date": day, "file": file, "rows": len(rows), "sha256": digest,
            "fetched_at": now.isoformat(timespec="seconds"), "origin": origin}  # fmt: skip
    _write(place / reference.CURRENT, orjson.dumps(said, option=orjson.OPT_INDENT_2))
    reference.forget()
    return reference.info(name)


def wrong(before: Info, rows: Rows) -> str:
    """Why these rows cannot take the table's place, '' when they can: number, shape, values, keys said twice."""
    low, high = math.floor(before.rows * (1 - DRIFT)), math.ceil(before.rows * (1 + DRIFT))
    if not low <= len(rows) <= high:
        return f"{len(rows)} rows; expected {low} to {high}, within {DRIFT:.0%} of the {before.rows} in use"
    seen: set[tuple[str, ...]] = set()
    for number, row in enumerate(rows, 1):
        if len(row) != len(before.columns):
            return f"row {number} has {len(row)} values; expected {', '.join(before.columns)}"
        for column, value in zip(before.columns, row, strict=True):
            test, expected = VALUES.get(column, _FREE)
            if not test(value) or "\n" in value or "\r" in value:
                return f"row {number}: {column} is {value[:40]!r}; expected {expected}"
        key = row[: KEYS.get(before.name, 1)]
        if key in seen:
            return f"row {number}: {' '.join(key)} is there twice"
        seen.add(key)
    if before.name == "countries" and (lost := set(countries()) - {row[0] for row in rows}):
        return f"the countries {', '.join(sorted(lost))} are gone"
    return ""


def _rows(before: Info, http: Http, path: Path | None) -> Rows:
    """Rows as the origins or the given files have them."""
    form = FORMS.get(before.name)
    names = [urlsplit(url).path.rpartition("/")[2] for url in before.origins]
    try:
        if path is None:
            if form is None:
                raise ValueError("it has no origin to ask; expected --from and a file")
            return form([http.get(url, source=before.name).body for url in before.origins])
        if path.is_dir():
            missing = [one for one in names if not (path / one).is_file()]
            if form is None or missing:
                raise ValueError(f"{path.name} holds no {', '.join(missing) or 'files of an origin'}")
            return form([(path / one).read_bytes() for one in names])
        raw = path.read_bytes()
        if (ours := _own(before, raw)) is not None:
            return ours
        if form is None or len(names) != 1:
            other = f" or a folder with {', '.join(names)}" if form else ""
            raise ValueError(f"{path.name} is in another form; expected columns {', '.join(before.columns)}{other}")
        return form([raw])
    except ValueError as error:
        raise UpstreamChanged(before.name, str(error)) from error


def _own(before: Info, raw: bytes) -> Rows | None:
    """The rows of a file in the table's own form, None when it has another one."""
    try:
        found = [tuple(row) for row in csv.reader(reference.rows_of(raw))]
    except (ValueError, csv.Error):
        return None
    return found[1:] if found and found[0] == before.columns else None


def _write(path: Path, raw: bytes) -> None:
    """Put a file there whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
        try:
            file.write(raw)
            file.flush()
            os.fsync(file.fileno())
            os.chmod(file.name, 0o644)
            os.replace(file.name, path)
        except BaseException:
            Path(file.name).unlink(missing_ok=True)
            raise


def _list(tables: Sequence[Info], now: datetime, *, as_json: bool) -> None:
    ages = {one.name: reference.age_days(one.date, now.date()) for one in tables}
    if as_json:
        body = [asdict(one) | {"age_days": ages[one.name]} for one in tables]
        sys.stdout.buffer.write(orjson.dumps(body, option=orjson.OPT_INDENT_2) + b"\n")
        return
    for one in tables:
        kind = "refreshed" if one.refreshed else "packaged"
        print(f"{one.name:<14} {one.date:<10} {ages[one.name]:>5} days  {one.rows:>6} rows  {kind:<9} {one.licence}")
        print(f"{'':<14} {one.title}; {one.source}, version {one.version}")
        if one.trouble:
            print(f"{'':<14} {one.trouble}")


def _number(low: float, high: float, *, whole: bool = False, empty: bool = False) -> tuple[Test, str]:
    def test(text: str) -> bool:
        if not text:
            return empty
        try:
            value = int(text) if whole else float(text)
        except ValueError:
            return False
        return text.isascii() and low <= value <= high

    return test, f"a {'whole ' if whole else ''}number from {low:g} to {high:g}{', or nothing' if empty else ''}"


def _country(*, empty: bool) -> tuple[Test, str]:
    return (lambda text: text in countries() or (empty and not text)), "an ISO 3166-1 alpha-2 code"


def _letters(count: int) -> tuple[Test, str]:
    def test(text: str) -> bool:
        return len(text) == count and text.isascii() and text.isupper() and text.isalpha()

    return test, f"{count} capital letters"


_FREE: tuple[Test, str] = (lambda text: len(text) <= 300 and "\ufffd" not in text, "at most 300 readable characters")
_SAID: tuple[Test, str] = (lambda text: bool(text.strip()) and _FREE[0](text), "a text")

VALUES: dict[str, tuple[Test, str]] = {
    "alpha2": _letters(2),
    "alpha3": _letters(3),
    "continent": (lambda text: text in {"AF", "AN", "AS", "EU", "NA", "OC", "SA"}, "AF, AN, AS, EU, NA, OC or SA"),
    "population": _number(0, 3e9, whole=True, empty=True),
    "internet_users_pct": _number(0, 100, empty=True),
    "internet_users_year": _number(1990, 2100, whole=True, empty=True),
    "asn": _number(1, 2**32 - 1, whole=True),
    "cc": (
        lambda text: text in countries() or text in {"", "EU", "AP", "ZZ"},
        "an ISO 3166-1 alpha-2 code, or nothing",
    ),
    "cc_share": _number(0, 1, empty=True),
    "ipv4_addresses": _number(0, 2**32, whole=True, empty=True),
    "owner_cc": _country(empty=False),
    "abroad_cc": _country(empty=True),
    "lat": _number(-90, 90),
    "lon": _number(-180, 180),
    "code": (lambda text: is_entity(f"region/{text}"), "an ISO 3166-2 code"),
    "provider": _SAID,
    "region": _SAID,
}
#: So many first columns tell a row from all others; 1 where nothing is said.
KEYS = {"cities": 5, "cloud_regions": 2}
