"""Names to zones: the part of a name that somebody registered, by the Public Suffix List (ICANN's section of it).

Source: https://publicsuffix.org, as the package ``publicsuffixlist`` carries it (MPL 2.0).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

import polars as pl
from publicsuffixlist import PublicSuffixList

#: A zone that is told: letters, digits, hyphens and underscores only; nothing else reaches a page or a log.
_ZONE = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?(?:\.[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?)+")
#: Reverse names say which address was asked for.
_REVERSE = ".arpa"
#: The top-level name for examples (RFC 2606), which is in no list: simulated zones lie under it.
_EXAMPLE = ".example"
_LONGEST = 253


def zones_of(names: pl.Series) -> pl.Series:
    """The registrable zone of each name, null where there is none: a top-level name, a reverse name, a name under a
    top-level name that is not public (a local network's), one with odd bytes or of more than 253 characters.

    Examples
    --------
    >>> zones_of(pl.Series(["WWW.Example.co.uk.", "co.uk", "7.2.0.192.in-addr.arpa", "printer.lan"])).to_list()
    ['example.co.uk', None, None, None]
    """
    unique = names.drop_nulls().unique()
    table = pl.DataFrame({"name": unique, "zone": pl.Series(_zones(unique.to_list()), dtype=pl.String)})
    asked = pl.DataFrame({"name": names.cast(pl.String)})
    return asked.join(table.cast(pl.String), on="name", how="left", maintain_order="left")["zone"]


def _zones(names: Sequence[str]) -> list[str | None]:
    found = _list()
    out: list[str | None] = []
    for raw in names:
        name = raw.rstrip(".").lower()
        # the zone needs at most the last few labels of a long name
        if len(name) > _LONGEST or name.endswith(_REVERSE):
            out.append(None)
            continue
        labels = name.split(".")[-6:]
        zone = ".".join(labels[-2:]) if name.endswith(_EXAMPLE) else found.privatesuffix(".".join(labels))
        out.append(zone if zone is not None and _ZONE.fullmatch(zone) else None)
    return out


@lru_cache(maxsize=1)
def _list() -> PublicSuffixList:
    return PublicSuffixList(only_icann=True, accept_unknown=False)
