"""What a mistyped name may have meant: countries, providers and large networks that are called almost so."""

from __future__ import annotations

from functools import lru_cache

from radar.api.search import country_names, fold, network_names, provider_names

#: The largest networks whose names are compared; the shortest texts that are, and the shortest with networks.
_COMPARED, _SHORTEST, _SHORTEST_NETWORK = 3000, 4, 6

#: Longer texts may have two letters wrong.
_SHORT = 6


def nearest(text: str, limit: int = 3) -> list[str]:
    """Keys of countries, providers and large networks that are called almost so, for a text that may be mistyped: one
    letter wrong, missing, too many or swapped with its neighbour, of longer texts two. Those that are nearest, only.

    >>> nearest("Germny"), nearest("Portgual"), nearest("Spian")
    (['country/DE'], ['country/PT'], ['country/ES'])
    """
    wanted = fold(text)
    words = wanted.count(" ") + 1
    if len(wanted) < _SHORTEST or words > 4 or not any(c.isalpha() for c in wanted):
        return []
    most = 1 if len(wanted) <= _SHORT else 2
    mask = _mask(wanted)
    found: dict[str, int] = {}
    for key, name, letters in _compared(words):
        # each wrong letter changes the set of letters by two at most
        if (
            abs(len(name) - len(wanted)) > most
            or (letters ^ mask).bit_count() > 2 * most
            or (key.startswith("asn/") and len(wanted) < _SHORTEST_NETWORK)
        ):
            continue
        far = _distance(wanted, name, most)
        if far <= most and far < found.get(key, most + 1):
            found[key] = far
    best = min(found.values(), default=0)
    near = [key for key, far in found.items() if far == best]
    rank = min((_rank(key) for key in near), default=0)
    return [key for key in near if _rank(key) == rank][:limit]


def _rank(key: str) -> int:
    return ("country", "provider", "asn").index(key.partition("/")[0])


@lru_cache(maxsize=4)
def _compared(words: int) -> list[tuple[str, str, int]]:
    """Names to compare a text of so many words with: key, name, letters. Of countries any words of their names that
    stand together, of the others the first ones."""
    rows: dict[tuple[str, str], None] = {}
    for key, name in country_names().lines():
        parts = name.split()
        for at in range(max(1, len(parts) - words + 1)):
            rows[key, " ".join(parts[at : at + words])] = None
    for key, name in (*provider_names().lines(), *network_names().lines(_COMPARED)):
        rows[key, " ".join(name.split()[:words])] = None
    return [(key, name, _mask(name)) for key, name in rows if len(name) >= _SHORTEST]


def _mask(text: str) -> int:
    """The letters of a text as bits."""
    mask = 0
    for c in text:
        mask |= 1 << (ord(c) % 61)
    return mask


def _distance(a: str, b: str, most: int) -> int:
    """Letters to change, leave out, put in or swap with their neighbours; ``most + 1`` where it is more."""
    before: list[int] = []
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        older, before, row = before, row, [i]
        for j, y in enumerate(b, 1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (x != y))
            if i > 1 and j > 1 and x == b[j - 2] and a[i - 2] == y:
                cost = min(cost, older[j - 2] + 1)
            row.append(cost)
        if min(row) > most:
            return most + 1
    return row[-1]


def warm() -> None:
    """Put the names together now."""
    for words in (1, 2):
        _compared(words)
