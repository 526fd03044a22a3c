"""``radar record NAME``: keep a small part of one upstream answer as a test fixture, with the rows that it gives.

The contract tests pick both up; a reviewer reads the golden CSV in the diff. ``tests/fixtures/NAME/recorded/`` gets the
answer under its own file name, ``golden.csv`` (timebin, entity, signal, value, n; an empty field is null) and
``rejected.csv`` (reason, count, example).
"""

from __future__ import annotations

import contextlib
import io
import re
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import polars as pl

from jobs.try_source import ask
from radar.errors import ConfigError, RadarError
from radar.http import Http
from radar.labels import _
from radar.schema import Parsed, check_signals
from radar.settings import Settings
from radar.sources import Answer, SourceModule, get
from radar.sources._atlas import blur
from radar.sources._bytes import PARQUET, parquet, unpack
from radar.sources._names import country_in, file_name

#: Where fixtures lie, seen from the project's folder.
FIXTURES = Path("tests/fixtures")

#: A fixture is read by people: so many lines, rows or list items are kept, and fewer of what would be larger than this.
KEPT, LARGEST = 40, 18_000

#: Fields of measurements in which the address of somebody's home may stand: what names the host is taken out of it.
ADDRESSES = frozenset({"address_v4", "address_v6", "from", "src_addr"})

#: What only the address of an answer says, and its reader needs.
_TOLD = re.compile(r"test_name=[a-z_]+|dateStart=[\w:-]+&dateEnd=[\w:-]+")


def run(
    name: str,
    settings: Settings,
    *,
    file: Path | None = None,
    into: Path = FIXTURES,
    http: Http | None = None,
    now: datetime | None = None,
) -> int:
    """Record one answer (or trim ``file``). Returns the exit code: 0 done, 1 failed, 2 the call was wrong."""
    try:
        module = get(name)
    except KeyError as error:
        print(f"radar record: {error.args[0]}", file=sys.stderr)
        return 2
    try:
        if file is not None:
            answer = Answer(file.name, file.read_bytes())
        else:
            answer = ask(module, settings, now or datetime.now(UTC), http)[0]
        kept, parsed = _smallest(module, answer)
        folder = into / name / "recorded"
        save(folder, kept, parsed)
    except ConfigError as error:
        print(f"radar record: {error}", file=sys.stderr)
        return 2
    except (RadarError, OSError) as error:
        print(f"radar record: {error}", file=sys.stderr)
        return 1
    print(
        _("{file}: {size} of {whole} bytes, {rows} rows, {rejected} rejected").format(
            file=folder / kept.name, size=len(kept.body), whole=len(answer.body), rows=parsed.rows.height,
            rejected=parsed.rejected_count,
        )
    )  # fmt: skip
    return 0


def _smallest(module: SourceModule, answer: Answer) -> tuple[Answer, Parsed]:
    """The answer cut to its first lines or rows if the source can read that, else whole; JSON without addresses."""
    name = _plain_name(module.SOURCE.name, answer.name)
    whole = Answer(name, without_hosts(answer.body, source=module.SOURCE.name))
    for candidate in (Answer(name, trim(answer.body, source=module.SOURCE.name)), whole):
        try:
            parsed = module.parse(candidate.body, name=candidate.name)
        except RadarError:
            continue
        if parsed.rows.height or candidate is whole:
            check_signals(parsed.rows, source=module.SOURCE.name, signals=set(module.SOURCE.signals))
            return candidate, parsed
    return whole, module.parse(whole.body, name=whole.name)  # raises, and says why


def _plain_name(source: str, name: str) -> str:
    """A file name; an address that names a country, a test or a range of hours keeps it."""
    if "://" not in name:
        return "_".join(name.split("/")[-4:])
    country, told = country_in(name), _TOLD.search(name)
    plain = f"{source}-{file_name(name)[:40] or 'answer'}"
    if told:
        plain += f"-{told[0].replace('&', '-').replace(':', '')}"
    return f"{country}.txt" if country else plain


def trim(body: bytes, *, source: str, kept: int = KEPT) -> bytes:
    """The first rows of a Parquet file, the first items of each list of a JSON document, or the first lines of a text;
    unpacked, and JSON without the addresses of hosts."""
    data, _cut = unpack(body, source=source)
    value = _json(data)
    if value is not None:
        while True:
            out = _dumped(_fewer(value, kept), data)
            if len(out) <= LARGEST or kept <= 1:
                return out
            kept //= 2
    if data.startswith(PARQUET):
        rows = io.BytesIO()
        parquet(data, source=source).head(kept).write_parquet(rows)
        return rows.getvalue()
    lines = [_line(line) for line in data.splitlines(keepends=True)[:kept]]
    while len(lines) > 1 and sum(map(len, lines)) > LARGEST:
        lines.pop()
    return b"".join(lines)


def without_hosts(body: bytes, *, source: str) -> bytes:
    """A JSON document, or lines of them, without the addresses of hosts; other bytes as they are."""
    data, cut = unpack(body, source=source)
    value = _json(data)
    if value is not None:
        return _dumped(_fewer(value, None), data)
    if cut or data.startswith(PARQUET) or not data.startswith(b"{"):
        return body
    return b"".join(_line(line) for line in data.splitlines(keepends=True))


def _json(data: bytes) -> Any:
    """The list or object that the bytes are, or None."""
    with contextlib.suppress(orjson.JSONDecodeError):
        value = orjson.loads(data)
        return value if isinstance(value, (list, dict)) else None
    return None


def _line(line: bytes) -> bytes:
    """A line without the addresses of hosts, where it is JSON."""
    value = _json(line)
    return line if value is None else orjson.dumps(_fewer(value, None)) + b"\n"


def _dumped(value: Any, like: bytes) -> bytes:
    """As JSON; over several lines only where the original was."""
    one_line = b"\n" not in like.strip()
    return orjson.dumps(value, option=orjson.OPT_APPEND_NEWLINE | (0 if one_line else orjson.OPT_INDENT_2))


def _fewer(value: Any, kept: int | None) -> Any:
    """The value with the first ``kept`` items of each list (None: all), and addresses without their host."""
    if isinstance(value, list):
        return [_fewer(item, kept) for item in value[:kept]]
    if not isinstance(value, dict):
        return value
    return {
        key: blur(inner) if key in ADDRESSES and isinstance(inner, str) else _fewer(inner, kept)
        for key, inner in value.items()
    }


def save(folder: Path, answer: Answer, parsed: Parsed) -> None:
    """Write the fixture, the golden rows and the rejections."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / answer.name).write_bytes(answer.body)
    (folder / "golden.csv").write_text(golden(parsed.rows), encoding="utf-8")
    found = pl.DataFrame(
        [(item.reason, item.count, item.example) for item in parsed.rejected],
        schema={"reason": pl.String, "count": pl.Int64, "example": pl.String},
        orient="row",
    )
    (folder / "rejected.csv").write_text(found.write_csv(), encoding="utf-8")


def golden(rows: pl.DataFrame) -> str:
    """SIGNALS rows as a CSV that a person can read: sorted, times as RFC 3339, null as an empty field."""
    return (
        rows.sort("entity", "signal", "timebin")
        .with_columns(pl.col("timebin").dt.to_string("%Y-%m-%dT%H:%M:%SZ"))
        .write_csv(float_precision=6)
    )
