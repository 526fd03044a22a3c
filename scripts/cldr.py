"""Write radar/locale/cldr.json: how each language writes numbers, days and the names of countries.

The site needs a few kilobytes of CLDR; with them it need not carry Babel and its 30 MB. A test checks that the file is
current and that what ``radar.cldr`` writes is what Babel writes. Upstream: Unicode CLDR (Unicode-3.0) through Babel.
"""

from __future__ import annotations

import json
from typing import Any

from babel import Locale, UnknownLocaleError
from babel.languages import get_official_languages

from radar.entities import countries
from radar.languages import FOLDER, LANGUAGES

FILE = FOLDER / "cldr.json"

#: What countries are called in their own languages, by which they are found.
OWN_NAMES = FOLDER / "own_names.json"

#: English days are written in the order of most of the world.
LOCALES = {"en": "en_GB"}

#: CLDR's minimumGroupingDigits, which Babel leaves out: from how many digits before the first separator there is one.
MIN_GROUPING = {"es": 2}

_SKELETONS = {"day_month": "MMMMd", "month_year": "yMMMM", "short_day_month": "MMMd", "short_day": "yMMMd",
              "short_month_year": "yMMM"}  # fmt: skip


def rules(language: str) -> dict[str, Any]:
    """All that is known of one language."""
    locale = Locale.parse(LOCALES.get(language, language))
    symbols = locale.number_symbols["latn"]
    patterns = {name: locale.datetime_skeletons[skeleton].pattern for name, skeleton in _SKELETONS.items()}
    return {
        "decimal": symbols["decimal"],
        "group": symbols["group"],
        "min_grouping": MIN_GROUPING.get(language, 1),
        "months": [locale.months["format"]["wide"][n] for n in range(1, 13)],
        "short_months": [locale.months["format"]["abbreviated"][n] for n in range(1, 13)],
        "days": [locale.days["format"]["wide"][n] for n in range(7)],
        "short_days": [locale.days["format"]["abbreviated"][n] for n in range(7)],
        "patterns": {"day": locale.date_formats["long"].pattern, **patterns},
        "countries": {} if language == "en" else {cc: locale.territories[cc] for cc in countries()},
    }


def text() -> str:
    """The whole file."""
    return json.dumps({name: rules(name) for name in LANGUAGES}, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def own_names() -> str:
    """The file of names of countries in their official languages."""
    found: dict[str, list[str]] = {}
    for cc in countries():
        for language in get_official_languages(cc, regional=True, de_facto=True):
            try:
                name = Locale.parse(language).territories.get(cc)
            except (UnknownLocaleError, ValueError):  # CLDR knows of languages that it has no words of
                continue
            if name and name not in found.setdefault(cc, []):
                found[cc].append(name)
    return json.dumps({cc: names for cc, names in found.items() if names}, ensure_ascii=False, indent=0) + "\n"
