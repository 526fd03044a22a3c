"""Local time without a table of time zones: by the sun over the largest city of a country. An hour or two off."""

from __future__ import annotations

from functools import lru_cache

from radar import reference

#: Hours of the night, local: [first, last).
NIGHT = (0, 6)


@lru_cache(maxsize=1)
def _longitudes() -> dict[str, float]:
    largest: dict[str, tuple[float, float]] = {}
    for row in reference.table("cities"):
        size = float(row["population"] or 0)
        if size > largest.get(row["cc"], (-1.0, 0.0))[0]:
            largest[row["cc"]] = (size, float(row["lon"]))
    return {code: lon for code, (_size, lon) in largest.items()}


def longitude(country: str) -> float | None:
    """Of the country's largest city, degrees east; None: no city of it is known."""
    return _longitudes().get(country)


def night(t: int, country: str) -> bool:
    """Whether it is night there at ``t`` (seconds). False where that is not known."""
    east = longitude(country)
    return east is not None and NIGHT[0] <= (t / 3600 + east / 15) % 24 < NIGHT[1]
