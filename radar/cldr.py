"""Numbers, days and names of countries as the language that is spoken now writes them, by Unicode CLDR.

``radar/locale/cldr.json`` holds what is needed (``scripts/cldr.py``). English names of countries are those of the
country table, which every stored document and the API use.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from datetime import date, datetime
from functools import lru_cache
from typing import Any, cast

from radar import languages
from radar.labels import _

_FIELD = re.compile(r"'([^']*)'|d+|M+|y+")
_SOUNDS_LIKE_Y = re.compile(r"h?[ií](?![aeouáéóú])", re.IGNORECASE)
_NUMBER = re.compile(r"\d[\d,]*(?:\.\d+)?")


@lru_cache(maxsize=1)
def _rules() -> dict[str, dict[str, Any]]:
    return cast(dict[str, dict[str, Any]], json.loads((languages.FOLDER / "cldr.json").read_text(encoding="utf-8")))


def rule(name: str) -> Any:
    """One entry of the language that is spoken now, such as "decimal" or "short_months"."""
    return _rules()[languages.current()][name]


def written(text: str) -> str:
    """Numbers in a text as Python writes them ("1,234.5"), with the separators of the language.

    >>> with languages.speaking("es"): written("12,345.6 %")
    '12.345,6 %'
    """
    return text if languages.current() == "en" else _NUMBER.sub(_separated, text)


def _separated(match: re.Match[str]) -> str:
    whole, point, part = match[0].partition(".")
    groups = whole.split(",")
    if len(groups) > 1 and len(groups[0]) < cast(int, rule("min_grouping")) and len(groups) == 2:
        groups = ["".join(groups)]
    return str(rule("group")).join(groups) + (f"{rule('decimal')}{part}" if point else "")


def count(n: int) -> str:
    """A whole number with groups: "12,345"."""
    return written(f"{n:,}")


def fixed(value: float, places: int = 0) -> str:
    """A number with so many decimals, and groups: "1,234.50"."""
    return written(f"{value:,.{places}f}")


def day(at: date) -> str:
    """ "1 March 2026"."""
    return _dated("day", at)


def moment(at: datetime) -> str:
    """ "16:30 UTC on 8 January 2026"."""
    return _("{clock} UTC on {day} {month} {year}").format(
        clock=f"{at:%H:%M}", day=at.day, month=rule("months")[at.month - 1], year=at.year
    )


def day_month(at: date) -> str:
    """ "1 March"."""
    return _dated("day_month", at)


def month_year(at: date) -> str:
    """ "March 2026"."""
    return _dated("month_year", at)


def short_day(at: date) -> str:
    """ "1 Mar 2026"."""
    return _dated("short_day", at)


def short_day_month(at: date) -> str:
    """ "1 Mar"."""
    return _dated("short_day_month", at)


def short_month_year(at: date) -> str:
    """ "Mar 2026"."""
    return _dated("short_month_year", at)


def _dated(pattern: str, at: date) -> str:
    def field(match: re.Match[str]) -> str:
        if match[1] is not None:
            return match[1]
        letter, long = match[0][0], len(match[0]) > 3
        if letter == "M":
            return str(rule("months" if long else "short_months")[at.month - 1])
        return str(at.day if letter == "d" else at.year)

    return _FIELD.sub(field, rule("patterns")[pattern])


def ended(text: str) -> str:
    """A name or title as the end of a sentence: with a full stop, unless it ends with one ("Acme Inc.").

    >>> ended("Iraq"), ended("Acme Inc.")
    ('Iraq.', 'Acme Inc.')
    """
    return text if text.endswith((".", "!", "?", "…")) else f"{text}."


#: Names of countries that English puts an article before, beside those that end in one of the words below.
_WITH_THE = frozenset(("US", "UK", "Bahamas", "Comoros", "Gambia", "Isle of Man", "Maldives", "Philippines",
                       "Seychelles", "United Arab Emirates"))  # fmt: skip
_WITH_THE_ENDS = ("Islands", "Netherlands", "Republic", "Territory", "Territories")


def inside(country: str) -> str:
    """The name of a country as it stands after "in": "the US".

    >>> inside("US"), inside("Iraq")
    ('the US', 'Iraq')
    """
    takes_it = country in _WITH_THE or country.endswith(_WITH_THE_ENDS)
    return f"the {country}" if languages.current() == "en" and takes_it else country


def joined(names: Sequence[str]) -> str:
    """ "A, B and C"; one name alone. Spanish says "e" before the sound of an i: "Tonga e Irán"."""
    if len(names) == 1:
        return names[0]
    text = _("{names} and {last}").format(names=", ".join(names[:-1]), last=names[-1])
    if languages.current() == "es" and _SOUNDS_LIKE_Y.match(names[-1]):
        text = f"{text.removesuffix(f'y {names[-1]}')}e {names[-1]}"
    return text


def country(cc: str) -> str | None:
    """The name of a country by its alpha-2 code; None in English, whose names are those of the country table."""
    return cast(dict[str, str], rule("countries")).get(cc)


@lru_cache(maxsize=1)
def own_names() -> dict[str, list[str]]:
    """What countries are called in their own languages, by alpha-2 code: of Japan "日本"."""
    return cast(dict[str, list[str]], json.loads((languages.FOLDER / "own_names.json").read_text(encoding="utf-8")))


@lru_cache(maxsize=1)
def regions() -> dict[str, dict[str, str]]:
    """The names of regions by language and ISO 3166-2 code; of other languages than English, those that differ."""
    return cast(dict[str, dict[str, str]], json.loads((languages.FOLDER / "regions.json").read_text(encoding="utf-8")))


def region(code: str) -> str | None:
    """The name of a region by its ISO 3166-2 code; None where it has none."""
    table = regions()
    return table[languages.current()].get(code) or table["en"].get(code)


def countries() -> dict[str, dict[str, str]]:
    """The names of countries by language and alpha-2 code, in all languages but English."""
    return {language: rules["countries"] for language, rules in _rules().items() if rules["countries"]}
