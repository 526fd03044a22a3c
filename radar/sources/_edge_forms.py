"""Lines and Parquet files of request logs to tables of the columns that are read, whatever program wrote them.

Each line is read by what it is, so that one file may hold several forms:

* JSON objects: our own names, and those of nginx, Caddy, Apache and Cloudflare's Logpush (``FORMS``);
* lines of nginx and Apache, ``common`` or ``combined``, with ``key=value`` after them;
* CSV with a header of our own names or of those programs'.

JSON is read with types at first. Where a line does not have them the chunk is read again as text, so that the wrong
field can be told; both ways give the same rows.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from radar.errors import UpstreamChanged
from radar.sources import _edge_access as access
from radar.sources._bytes import BROKEN, json_lines, parquet
from radar.sources._edge_names import COLUMNS, FORMS, named
from radar.sources._rejections import Rejections

if TYPE_CHECKING:
    from radar.sources._edge_columns import Part

#: Chunks of fewer bytes are read by Polars alone: their reading takes less time than the loading of compiled code.
COMPILED = 4 << 20

_HEADER = re.compile(rb"[\x20-\x7e]{1,4000}")


def from_parquet(body: bytes, *, source: str, first: int = 1) -> pl.DataFrame:
    """Rows of a Parquet file: ``line`` (row number) and those of ``COLUMNS`` that it has, of whatever type.

    Raises UpstreamChanged when it is damaged, has no column of time or a list or object among ours.
    """
    names = {field for form in FORMS.values() for field in form if "." not in field}
    table = parquet(body, source=source, columns=frozenset(names))
    form = next((FORMS[time] for time in FORMS if time in table.columns), None)
    if form is None:
        raise UpstreamChanged(source, f"the Parquet file has no column 'time'; of ours it has {table.columns}")
    table = table.select(name for name in table.columns if name in form)
    for name, kind in table.schema.items():
        if kind in (pl.Categorical, pl.Enum, pl.Null):
            table = table.with_columns(pl.col(name).cast(pl.String))
        elif not (kind.is_numeric() or isinstance(kind, pl.Datetime) or kind in (pl.String, pl.Boolean)):
            raise UpstreamChanged(source, f"column {name!r} of the Parquet file is {kind}; expected text or numbers")
    return named(table.with_row_index("line", first), form)


def from_lines(data: bytes, rejected: Rejections, *, first: int = 1, header: bytes = b"") -> Iterator[pl.DataFrame]:
    """Tables of ``line`` (from ``first``) and columns of ``COLUMNS``, one table for each form that occurs.

    ``header`` is the first line of the file where ``data`` is not its beginning. Lines of no form, blank ones and those
    with none of the columns are counted in ``rejected``.
    """
    parts, left, some = _by_columns(data)
    for part in parts:
        table = access.named(part.table) if part.form is None else named(part.table, FORMS[part.form])
        yield _numbered(table, pl.Series(first + part.lines))
    if left is None:
        yield from _whole(data, rejected, pl.int_range(first, first + _count(data), dtype=pl.Int64, eager=True), header)
    elif len(left):
        yield from _whole(some, rejected, pl.Series(first + left), header)


def _by_columns(data: bytes) -> tuple[list[Part], NDArray[np.int64] | None, bytes]:
    """What can be read column by column; the numbers of the other lines (null: all are) and those lines."""
    if len(data) < COMPILED:
        return [], None, b""
    from radar.sources import _edge_columns  # brings a compiler, which who reads little has no use for

    return _edge_columns.read(data)


def _count(data: bytes) -> int:
    """Lines of a chunk, a last one without a line break among them."""
    return data.count(b"\n") + (len(data) > 0 and not data.endswith(b"\n"))


def _whole(data: bytes, rejected: Rejections, numbers: pl.Series, header: bytes) -> Iterator[pl.DataFrame]:
    """Tables of lines with these numbers, by the readers of Polars: at once where they are alike, else one by one."""
    table = _fast_json(data) if data.lstrip()[:1] == b"{" else None
    if table is None:
        table = access.alike(data)
    if table is not None:
        yield _numbered(table, numbers)
        return
    lines = _split(data).with_columns(line=numbers)
    text = pl.col("text").str.strip_chars()
    lines = lines.with_columns(
        kind=pl.when(text == "").then(pl.lit("blank"))
        .when(text.str.starts_with("{")).then(pl.lit("json"))
        .when(text.str.contains(access.LINE)).then(pl.lit("access"))
        .otherwise(pl.lit("other"))
    )  # fmt: skip
    parts = {str(kind): part.drop("kind") for (kind,), part in lines.group_by("kind", maintain_order=True)}
    if (blank := parts.get("blank")) is not None:
        rejected.add("blank line", f"line {blank['line'][0]}", blank.height)
    if (objects := parts.get("json")) is not None:
        yield from _json(objects, rejected)
    if (texts := parts.get("access")) is not None:
        yield access.each(texts, rejected)
    if (other := parts.get("other")) is not None:
        yield from _csv(other, header, rejected)


def _split(data: bytes) -> pl.DataFrame:
    """One row ``text`` a line; what is no UTF-8 becomes U+FFFD, a NUL stays one."""
    count = _count(data)
    if data.endswith(b"\n"):
        data = data[:-1]
    if data and b"\x01" not in data and b"\r" not in data:
        try:
            table = pl.read_csv(data, separator="\x01", quote_char=None, has_header=False, new_columns=["text"],
                                infer_schema=False, encoding="utf8")  # fmt: skip
        except BROKEN:
            table = pl.DataFrame()
        if table.height == count:
            return table.with_columns(pl.col("text").fill_null(""))
    return pl.DataFrame({"text": data.decode("utf-8", "replace").split("\n") if count else []}, {"text": pl.String})


# -- JSON ------------------------------------------------------------------------------------------------------------


def _fast_json(data: bytes) -> pl.DataFrame | None:
    """The whole chunk at once, typed: where all its lines are objects of one form with the types they should have."""
    head = data.lstrip()[: 1 << 16].split(b"\n", 1)[0]
    time = next((name for name in FORMS if b'"%s":' % name.encode() in head.replace(b'" :', b'":')), None)
    if time is None:
        return None
    form = FORMS[time]
    try:
        table = pl.read_ndjson(data, schema=_schema(form, typed=True), low_memory=False)
    except BROKEN:
        return None
    if table.height != _count(data) or table[time].null_count():
        return None
    return named(table.select(column.name for column in table if column.null_count() < table.height), form)


def _schema(form: Mapping[str, str], *, typed: bool) -> dict[str, Any]:
    out: dict[str, Any] = {}
    for field, name in form.items():
        kind = (pl.Int64 if name == "rtt_us" else COLUMNS[name]) if typed else pl.String
        outer, _, inner = field.partition(".")
        out[field] = kind
        if inner:
            del out[field]
            out.setdefault(outer, []).append(pl.Field(inner, kind))
    return {name: pl.Struct(kind) if isinstance(kind, list) else kind for name, kind in out.items()}


def _json(lines: pl.DataFrame, rejected: Rejections) -> Iterator[pl.DataFrame]:
    """All lines that begin as an object, as text, form by form."""
    left = lines
    for number, form in enumerate(FORMS.values()):
        time = next(field for field, name in form.items() if name == "time")
        body = "\n".join(left["text"].to_list()).encode()
        table, broken = json_lines(body, _schema(form, typed=False))
        at = left["line"]
        if broken and not number:
            line, size = broken[0]
            rejected.add("line is no JSON object", f"line {at[line - 1]}: {size} bytes", len(broken))
        table = table.with_columns(at=pl.col("line").cast(pl.Int64) - 1)
        if not number:
            own = table.drop("line", "at")
            said = pl.any_horizontal(pl.col(name).is_not_null() for name in own.columns)
            own = table.filter(said & (pl.col(time).is_not_null() | ~_of_another(left, table)))
        else:
            own = table.filter(pl.col(time).is_not_null())
        if own.height:
            yield named(_numbered(own.drop("line", "at"), at.gather(own["at"])), form)
        gone = {*own["at"].to_list(), *(line - 1 for line, _ in broken)}
        left = left.filter(~pl.int_range(pl.len()).is_in(list(gone))) if gone else left
        if left.is_empty():
            return
    rejected.add("line has none of the columns", f"line {left['line'][0]}", left.height)


def _of_another(lines: pl.DataFrame, table: pl.DataFrame) -> pl.Series:
    """Whether a line without our own field of time has another program's; as long as ``table``."""
    others = [f'"{name}"' for name in FORMS if name != "time"]
    return lines["text"].gather(table["at"]).str.contains_any(others)


def _numbered(table: pl.DataFrame, lines: pl.Series) -> pl.DataFrame:
    return table.insert_column(0, lines.alias("line"))


# -- CSV -------------------------------------------------------------------------------------------------------------


def header_of(line: bytes) -> list[str] | None:
    """The names in a CSV header; None where the line is none: no field of time, or not two of ours."""
    if not _HEADER.fullmatch(line.strip()) or b"," not in line:
        return None
    names = [name.strip().strip('"') for name in line.decode("ascii").strip().split(",")]
    known = [form for time, form in FORMS.items() if time in names]
    return names if known and len(set(names) & set(known[0])) > 1 and len(set(names)) == len(names) else None


def _csv(lines: pl.DataFrame, header: bytes, rejected: Rejections) -> Iterator[pl.DataFrame]:
    """Rows of CSV. A header counts for what comes after it, wherever it stands."""
    names = header_of(header)
    texts = lines["text"]
    heads = lines.with_row_index("at").filter(
        texts.str.contains(r'^\s*"?[A-Za-z@_]') & texts.str.contains(",", literal=True)
    )
    marks = [(int(at), found) for at, text in heads.select("at", "text").iter_rows()
             if (found := header_of(text.encode())) is not None]  # fmt: skip
    starts = [(-1, names), *marks]
    for (at, found), until in zip(starts, [*(at for at, _ in marks), lines.height], strict=True):
        part = lines.slice(at + 1, until - at - 1)
        if part.is_empty():
            continue
        table = _csv_rows(part, found) if found else None
        good = table.filter("fits").drop("fits") if table is not None else None
        if found and good is not None and good.height:
            time = next(time for time in FORMS if time in found)
            yield named(good, FORMS[time])
        bad = part if table is None else part.filter(~table["fits"])
        if bad.height:
            what = "line of CSV does not fit its header" if found else "line is of no form that is read"
            size = len(bad["text"][0].encode())
            rejected.add(what, f"line {bad['line'][0]}: {size} bytes", bad.height)


def _csv_rows(lines: pl.DataFrame, names: list[str]) -> pl.DataFrame:
    """Fields by name as text, empty ones null, and ``fits``: as many fields as names."""
    wanted = [number for number, name in enumerate(names) if any(name in form for form in FORMS.values())]
    if lines["text"].str.contains('"', literal=True).any():
        fields = (re.findall(r'(?:^|,)("(?:[^"]|"")*"|[^,"]*)(?=,|$)', line.strip()) for line in lines["text"])
        rows = [[cell[1:-1].replace('""', '"') if cell[:1] == '"' else cell for cell in row] for row in fields]
        fits = pl.Series([len(row) == len(names) for row in rows], dtype=pl.Boolean)
        # column by column: a list of its own for each row takes kilobytes
        columns = [pl.Series([row[n] if n < len(row) else None for row in rows], dtype=pl.String) for n in wanted]
    else:
        split = lines.select(f=pl.col("text").str.strip_chars().str.split(","))["f"]
        fits = split.list.len() == len(names)
        columns = [split.list.get(number, null_on_oob=True) for number in wanted]
    table = lines.select("line", fits=fits).with_columns(
        column.str.strip_chars().alias(names[number]) for number, column in zip(wanted, columns, strict=True)
    )
    return table.with_columns(
        pl.when(pl.col(name) != "").then(pl.col(name)) for name in table.columns if name not in ("line", "fits")
    )
