"""What only the name of an answer tells: the country or the month. Names are file names, paths or addresses."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

from radar.entities import countries, country_of_name

_MONTH = re.compile(r"(?<!\d)(20\d\d)[_-](0[1-9]|1[0-2])(?!\d)")
_SPAN = re.compile(r"(?<!\d)(20\d\d)(0[1-9]|1[0-2])01T000000Z/(20\d\d)(0[1-9]|1[0-2])01T000000Z")


def file_name(name: str) -> str:
    """The last part of a path or address.

    Examples
    --------
    >>> file_name("https://example.org/data/RU.csv.gz?x=1")
    'RU.csv.gz'
    """
    return re.split(r"[/\\]", _address(name)[0] if "://" in name else name)[-1]


def country_in(name: str) -> str | None:
    """The one country that a name speaks of, or None: ``region=RU`` in an address; ``RU.csv.gz``; one code in capitals
    (``youtube-RU-2024.csv``); or the country in words (``ioda-iran-2026.csv``)."""
    asked = parse_qs(_address(name)[1]).get("region", []) if "://" in name else []
    if asked:
        return asked[0] if asked[0] in countries() else None
    file = file_name(name)
    stem = file.partition(".")[0]
    if len(stem) == 2 and stem.upper() in countries():
        return stem.upper()
    codes = {part for part in re.split(r"[^A-Za-z0-9]+", file) if part in countries()}
    if len(codes) == 1:
        return codes.pop()
    return None if codes else country_of_name(stem)


def month_in(name: str) -> datetime | None:
    """First moment of the one calendar month that a name speaks of, or None: ``..._2024_10.parquet``, or a path with
    ``20241001T000000Z/20241101T000000Z``."""
    span = _SPAN.search(name)
    if span:
        start = datetime(int(span[1]), int(span[2]), 1, tzinfo=UTC)
        end = datetime(int(span[3]), int(span[4]), 1, tzinfo=UTC)
        return start if (end.year * 12 + end.month) - (start.year * 12 + start.month) == 1 else None
    found = set(_MONTH.findall(file_name(name)))
    if len(found) != 1:
        return None
    year, month = found.pop()
    return datetime(int(year), int(month), 1, tzinfo=UTC)


def _address(name: str) -> tuple[str, str]:
    """Path and query of an address; the text itself where it is none."""
    try:
        parts = urlsplit(name)
    except ValueError:
        return name, ""
    return parts.path, parts.query
