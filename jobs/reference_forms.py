"""From what the origins of reference tables send to the rows of our tables. Pure; ValueError says what was expected.

The forms are those of the files that the packaged tables were made of. Namibia's code is the text ``NA`` everywhere:
an origin that lost it to "not available" gets it back where the row says so.
"""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Callable, Iterable, Mapping, Sequence

import polars as pl

from radar import reference
from radar.entities import Country, countries, country_of_name

Rows = list[tuple[str, ...]]

#: Smallest city that the table holds.
PEOPLE = 100_000
#: Largest unpacked size of a file inside an archive.
UNPACKED = 256 << 20


def country_rows(parts: Sequence[bytes]) -> Rows:
    """Country codes, population and Internet users, in this order: CSV of datasets/country-codes, of
    datasets/population, and Gapminder's data points (``geo,time,internet_users``). The newest year counts; a country
    that an origin does not know keeps what we had."""
    codes = _csv(parts[0], ("ISO3166-1-Alpha-2", "ISO3166-1-Alpha-3", "ISO3166-1-numeric", "CLDR display name",
                            "Continent", "Sub-region Name"))  # fmt: skip
    people = _newest(_csv(parts[1], ("Country Code", "Year", "Value")), "Country Code", "Year", "Value")
    share = _newest(_csv(parts[2], ("geo", "time", "internet_users")), "geo", "time", "internet_users")
    old = countries()
    numbers = {row["alpha2"]: row["numeric"] for row in reference.table("countries")}
    found: dict[str, tuple[str, ...]] = {}
    for row in codes:
        alpha2, alpha3, name = (row[c].strip() for c in ("ISO3166-1-Alpha-2", "ISO3166-1-Alpha-3", "CLDR display name"))
        alpha2 = "NA" if not alpha2 and alpha3 == "NAM" else alpha2
        before = old.get(alpha2)
        if not alpha2 or not alpha3:
            continue
        number = row["ISO3166-1-numeric"].strip().lstrip("0")
        place = (row["Continent"].strip() or ("NA" if before and before.continent == "NA" else ""),
                 row["Sub-region Name"].strip() or (before.subregion if before else ""))  # fmt: skip
        name = name or (before.name if before else "")
        found[alpha2] = (alpha2, alpha3, number, name, *place, *_figures(alpha3, people, share, before))
    for alpha2, before in old.items():
        if alpha2 not in found:
            rest = _figures(before.alpha3, people, share, before)
            found[alpha2] = (alpha2, before.alpha3, numbers[alpha2], before.name, before.continent, before.subregion,
                             *rest)  # fmt: skip
    return [found[code] for code in sorted(found)]


def network_rows(parts: Sequence[bytes]) -> Rows:
    """Networks from ip-location-db: ranges of networks (start, end, number, name) and ranges of countries (start, end,
    code), both with IPv4 addresses as numbers, and ranges of networks with IPv6 addresses as text; sorted, no headers.
    A network's country is where most of its IPv4 addresses lie; its share is that part of all of them, cut to three
    digits, so that 1.0 means all. A network with IPv6 alone has no country."""
    nets = _ranges(parts[0], ("asn", "name"))
    lands = _ranges(parts[1], ("cc",))
    sixes = _read(parts[2], {"start": pl.String, "end": pl.String, "asn": pl.Int64, "name": pl.String})
    joined = pl.concat(
        [nets.select("start", pl.lit(1).alias("kind")), lands.select("start", pl.lit(2).alias("kind")),
         nets.select((pl.col("end") + 1).alias("start"), pl.lit(3).alias("kind")),
         lands.select((pl.col("end") + 1).alias("start"), pl.lit(4).alias("kind"))]
    ).select("start").unique().sort("start")  # fmt: skip
    pieces = (
        joined.with_columns(pl.col("start").shift(-1).alias("next"))
        .drop_nulls()
        .join_asof(nets, on="start", coalesce=True)
        .filter(pl.col("start") <= pl.col("end"))
        .drop("end")
        .join_asof(lands, on="start", coalesce=True)
        .with_columns(
            pl.when(pl.col("start") <= pl.col("end")).then("cc").alias("cc"),
            (pl.col("next") - pl.col("start")).alias("size"),
        )
    )
    whole = pieces.group_by("asn").agg(pl.col("size").sum().alias("all"))
    most = (
        pieces.drop_nulls("cc")
        .group_by("asn", "cc")
        .agg(pl.col("size").sum())
        .sort("asn", "size", "cc", descending=[False, True, False])
        .unique("asn", keep="first", maintain_order=True)
    )
    named = nets.unique("asn", keep="last", maintain_order=True).select("asn", "name")
    found = whole.join(most, on="asn", how="left").join(named, on="asn").sort("asn")
    rows = [
        (asn, name or "", cc or "", "" if size is None else str(size * 1000 // everything / 1000), str(everything))
        for asn, everything, cc, size, name in found.select("asn", "all", "cc", "size", "name").iter_rows()
    ]
    alone = sixes.unique("asn", keep="last").join(found, on="asn", how="anti")
    rows += [(asn, name or "", "", "", "") for asn, name in alone.select("asn", "name").drop_nulls("asn").iter_rows()]
    return [(str(asn), *rest) for asn, *rest in sorted(rows)]


def city_rows(parts: Sequence[bytes]) -> Rows:
    """Cities from GeoNames' ``cities15000.zip``: one text file of 19 columns with tabs, no header. Those of 100,000
    people and more stay, largest first."""
    try:
        with zipfile.ZipFile(io.BytesIO(parts[0])) as archive:
            (inside,) = (one for one in archive.infolist() if one.filename.endswith(".txt"))
            if inside.file_size > UNPACKED:
                raise ValueError(f"{inside.filename} unpacks to {inside.file_size} bytes; expected at most {UNPACKED}")
            text = archive.read(inside).decode("utf-8")
    except (zipfile.BadZipFile, EOFError, RuntimeError, NotImplementedError) as error:
        raise ValueError(f"no whole ZIP archive: {error}") from error
    found = []
    for number, line in enumerate(text.split("\n"), 1):
        if not line:
            continue
        cells = line.rstrip("\r").split("\t")
        if len(cells) != 19 or not cells[14].isdecimal():
            raise ValueError(f"line {number} has {len(cells)} columns; expected 19 with tabs, the 15th the population")
        if int(cells[14]) >= PEOPLE:
            found.append((cells[1], cells[8], cells[4], cells[5], cells[14]))
    return sorted(found, key=lambda row: (-int(row[4]), row[0], row[1]))


def state_rows(parts: Sequence[bytes]) -> Rows:
    """State-owned networks from the CSV of estcarisimo/state-owned-ases. Countries are said there as codes and, in a
    few rows, as names; Kosovo as KV. A subsidiary's other country that is none stays empty."""
    found = []
    for row in _csv(parts[0], ("asn", "conglomerate", "org_name", "ownership_cc", "target_cc")):
        owner = row["ownership_cc"].strip() or row["conglomerate"].partition("-")[0]
        abroad = row["target_cc"].strip()
        found.append((row["asn"].strip(), row["conglomerate"].strip(), row["org_name"].strip(), _code(owner) or owner,
                      _code(abroad)))  # fmt: skip
    return sorted(found, key=lambda row: int(row[0]) if row[0].isdecimal() else 0)


#: How each table that has origins is made of what they send.
FORMS: dict[str, Callable[[Sequence[bytes]], Rows]] = {
    "countries": country_rows,
    "networks": network_rows,
    "cities": city_rows,
    "state_owned": state_rows,
}


def _csv(raw: bytes, wanted: Iterable[str]) -> list[dict[str, str]]:
    """Rows of a CSV file with a header that has these columns."""
    reader = csv.DictReader(io.StringIO(raw.decode("utf-8-sig"), newline=""), restval="")
    missing = [column for column in wanted if column not in (reader.fieldnames or ())]
    if missing:
        raise ValueError(f"no column {', '.join(missing)}; expected a CSV file with a header")
    try:
        return list(reader)
    except csv.Error as error:
        raise ValueError(f"line {reader.line_num}: {error}") from error


def _newest(rows: Iterable[Mapping[str, str]], code: str, year: str, value: str) -> dict[str, tuple[int, float]]:
    """The newest year and value of each code, in capitals."""
    found: dict[str, tuple[int, float]] = {}
    for number, row in enumerate(rows, 2):
        if not row[value].strip():
            continue
        try:
            said = (int(row[year]), float(row[value]))
        except ValueError:
            raise ValueError(f"line {number}: {row[year]!r}, {row[value]!r}; expected a year and a number") from None
        key = row[code].upper()
        found[key] = max(said, found.get(key, said))
    return found


def _figures(
    alpha3: str, people: Mapping[str, tuple[int, float]], share: Mapping[str, tuple[int, float]], before: Country | None
) -> tuple[str, str, str]:
    """Population, share of Internet users and its year, as text."""
    population: float | None = before.population if before else None
    year, users = (before.internet_users_year, before.internet_users_pct) if before else (None, None)
    if alpha3 in people:
        population = int(people[alpha3][1])
    if alpha3 in share:
        year, users = share[alpha3][0], round(share[alpha3][1], 4)
    return _said(population), _said(users), _said(year)


def _said(value: float | None) -> str:
    return "" if value is None else str(value)


def _ranges(raw: bytes, rest: Sequence[str]) -> pl.DataFrame:
    """Sorted ranges ``start``, ``end`` and what is said of each."""
    types = {name: pl.Int64 if name == "asn" else pl.String for name in rest}
    found = _read(raw, {"start": pl.Int64, "end": pl.Int64, **types})
    wrong = found.filter(
        pl.col("start").is_null() | pl.col("end").is_null() | (pl.col("end") < pl.col("start"))
        | (pl.col("start") < 0) | (pl.col("end") >= 2**32) | (pl.col("start") <= pl.col("end").shift(1))
    )  # fmt: skip
    # one range of the packaged version overlaps the next; more than a few are another form
    if wrong.height > max(2, found.height // 1000):
        raise ValueError(f"{wrong.height} of {found.height} ranges are out of order or no IPv4 addresses")
    return found.drop_nulls(["start", "end"]).sort("start")


def _read(raw: bytes, types: Mapping[str, type[pl.DataType]]) -> pl.DataFrame:
    """Rows of a CSV file without a header."""
    expected = f"expected rows of {', '.join(types)} without a header"
    try:
        found = pl.read_csv(raw, has_header=False, schema=dict(types))
    except pl.exceptions.PolarsError as error:
        raise ValueError(f"{str(error).partition(chr(10))[0]}; {expected}") from error
    if found.is_empty():
        raise ValueError(f"it is empty; {expected}")
    return found


def _code(text: str) -> str:
    """A country's code from a code or a name; '' for neither."""
    text = {"KV": "XK", "UK": "GB"}.get(text, text)
    return text if text in countries() else (country_of_name(text) or "") if len(text) > 2 else ""
