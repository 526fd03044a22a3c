"""Countries by the names that maps of cables and lists of outages give them."""

from __future__ import annotations

import unicodedata
from functools import lru_cache

from radar import entities

#: Names that are not ours, folded: letters only, without accents, in lower case.
OTHERWISE = {
    "antigua and barbuda": "AG", "ascension and tristan da cunha": "SH", "bahamas": "BS",
    "bonaire sint eustatius and saba": "BQ", "cape verde": "CV", "cocos keeling islands": "CC", "congo": "CG",
    "congo dem rep": "CD", "congo rep": "CG", "cote d ivoire": "CI", "curacao": "CW", "czech republic": "CZ",
    "democratic republic of drc": "CD", "east timor": "TL", "federated states of micronesia": "FM", "gambia": "GM",
    "great britain": "GB", "hong kong": "HK", "ivory coast": "CI", "ivory coast cote d ivoire": "CI",
    "korea rep": "KR", "macau": "MO", "macedonia": "MK", "micronesia": "FM", "myanmar": "MM", "papua new guinea": "PG",
    "reunion": "RE", "russian federation": "RU", "saint barthelemy": "BL", "saint helena": "SH",
    "saint kitts and nevis": "KN", "saint lucia": "LC", "saint martin": "MF", "saint pierre and miquelon": "PM",
    "saint vincent and the grenadines": "VC", "samoa": "WS", "sao tome and principe": "ST", "sint maarten": "SX",
    "swaziland": "SZ", "taiwan": "TW", "the gambia": "GM", "trinidad and tobago": "TT", "turkey": "TR",
    "turks and caicos islands": "TC", "united kingdom": "GB", "united states": "US",
    "united states of america usa": "US", "vietnam": "VN", "virgin islands u k": "VG", "virgin islands u s": "VI",
    "wallis and futuna": "WF",
}  # fmt: skip


@lru_cache(maxsize=4096)
def code_named(text: str) -> str | None:
    """The code of a country that is named in free text; None: cannot be read."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    folded = " ".join("".join(c if c.isalpha() else " " for c in plain).split())
    return OTHERWISE.get(folded) or entities.country_of_name(text)
