"""Submarine cables by where they land: the few that come with the radar (``radar/data/cables.csv``), or those that the
operator brings in ``RADAR_CABLES``. Maps of all cables have licences that forbid to ship them.

Forms: a CSV file with the columns ``cable,country,landing``; or a folder of JSON files, either one file per cable with
``name`` and ``landing_points`` (each with ``name`` or ``country``), or ``cable-geo.json`` beside
``landing-point-geo.json``: a cable then lands at each point that its line comes within 20 km of. A country that cannot
be read is counted and left out. Of what the operator brings, the list of each country is taken to be whole, and where
none lands none is.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np

from radar import entities
from radar.detect.cause.known import Cables
from radar.detect.cause.names import code_named
from radar.errors import ConfigError
from radar.settings import value

#: How near a cable's line must come to a landing point, km.
NEAR_KM = 20.0


@dataclass(slots=True)
class Landings:
    """``cables``: name -> country -> towns. ``whole``: countries whose list is whole; None: all. ``left_out``: landings
    whose country could not be read."""

    cables: dict[str, dict[str, list[str]]] = field(default_factory=dict)
    whole: set[str] | None = None
    left_out: list[str] = field(default_factory=list)

    def add(self, cable: str, country: str | None, town: str, said: str) -> None:
        """One landing; ``said``: what the file says of the place."""
        if country is None:
            self.left_out.append(f"{cable}: {said}")
            return
        towns = self.cables.setdefault(cable, {}).setdefault(country, [])
        if town and town not in towns:
            towns.append(town)

    def of(self, country: str, others: Iterable[str] = ()) -> Cables:
        """What is known of the cables of a country, and of those that it shares with ``others`` that are hit too."""
        mine = sorted(name for name, where in self.cables.items() if country in where)
        known = self.whole is None or country in self.whole
        hit = {code for code in others if code != country}
        return Cables(
            lands=tuple(mine) if mine or known else None,
            whole=known,
            shared=tuple(name for name in mine if hit & set(self.cables[name])),
            places=tuple(_placed(name, self.cables[name][country]) for name in mine),
        )


def _placed(name: str, towns: Sequence[str]) -> str:
    return f"{name} ({', '.join(towns[:2])})" if towns else name


def read(path: Path | None = None) -> Landings:
    """Read a file or a folder; None: what comes with the radar.

    Raises
    ------
    ConfigError
        It cannot be read or has another form; names the file, and what was expected.
    """
    if path is None:
        text = files("radar").joinpath("data/cables.csv").read_text(encoding="utf-8")
        return _csv(text, "radar/data/cables.csv", ours=True)
    try:
        if not path.is_dir():
            return _csv(path.read_text(encoding="utf-8-sig"), str(path))
        lines, points = path / "cable-geo.json", path / "landing-point-geo.json"
        if lines.exists() and points.exists():
            return _lines(json.loads(lines.read_bytes()), json.loads(points.read_bytes()), lines)
        return _each(path)
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise ConfigError(f"cables of {path} cannot be read: {error}") from None


def _csv(text: str, where: str, *, ours: bool = False) -> Landings:
    rows = csv.DictReader(line for line in text.splitlines() if line.strip() and not line.startswith("#"))
    missing = {"cable", "country", "landing"} - set(rows.fieldnames or ())
    if missing:
        raise ConfigError(f"cables of {where}: no column {', '.join(sorted(missing))}; expected cable,country,landing")
    found = Landings(whole=set() if ours else None)
    for number, row in enumerate(rows, start=2):
        country = (row["country"] or "").strip().upper()
        if not (row["cable"] or "").strip() or country not in entities.countries():
            raise ConfigError(f"cables of {where}: row {number}: cable {row['cable']!r} in country {row['country']!r}; "
                              "expected a name and a code of two letters (ISO 3166)")  # fmt: skip
        found.add(row["cable"].strip(), country, (row["landing"] or "").strip(), country)
        if ours and row["whole"] == "yes" and found.whole is not None:
            found.whole.add(country)
    if not found.cables:
        raise ConfigError(f"cables of {where}: no rows; expected one for each landing")
    return found


def _each(folder: Path) -> Landings:
    """One JSON file per cable."""
    found = Landings()
    for path in sorted(folder.glob("*.json")):
        cable: Any = json.loads(path.read_bytes())
        if not isinstance(cable, dict) or not isinstance(cable.get("landing_points"), list):
            continue
        for point in cable["landing_points"]:
            town, country = _town(str(point.get("name", "")))
            country = str(point.get("country") or country)
            found.add(str(cable.get("name") or path.stem), code_named(country), town, f"{town}, {country}")
    if not found.cables:
        raise ConfigError(f"cables of {folder}: no file with a name and landing_points; expected one JSON file per "
                          "cable, or cable-geo.json and landing-point-geo.json")  # fmt: skip
    return found


def _town(name: str) -> tuple[str, str]:
    """ "Suva, Fiji" -> town and country, which may have a comma of its own ("Congo, Rep."); a state is left out."""
    town, *rest = name.split(", ")
    ends = [", ".join(rest[i:]) for i in range(len(rest))]
    return town, next((end for end in ends if code_named(end)), ends[-1] if ends else "")


def _lines(lines: Any, points: Any, where: Path) -> Landings:
    """Lines and points on the sphere, as GeoJSON."""
    found = Landings()
    try:
        called = _called(where.with_name("cable-all.json"))
        names = [str(row["properties"]["name"]) for row in points["features"]]
        spots = _sphere([row["geometry"]["coordinates"] for row in points["features"]])
        for row in lines["features"]:
            said = row["properties"]
            slug = str(said.get("slug") or said.get("id") or "")
            name = str(said.get("name") or called.get(slug) or slug.replace("-", " "))
            shape = row["geometry"]
            whole = shape["coordinates"] if shape["type"] == "MultiLineString" else [shape["coordinates"]]
            near = (spots @ _sphere(list(chain.from_iterable(whole))).T).max(axis=1) >= np.cos(NEAR_KM / 6371.0)
            for i in np.flatnonzero(near):
                town, country = _town(names[i])
                found.add(name, code_named(country), town, names[i])
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise ConfigError(
            f"cables of {where}: {type(error).__name__}: {error}; expected GeoJSON features with lines and, beside "
            "them, named points"
        ) from None
    if not found.cables:
        raise ConfigError(f"cables of {where}: no line comes near a landing point whose country can be read")
    return found


def _called(path: Path) -> dict[str, str]:
    """Names of cables by their slugs, where the list of them lies beside."""
    if not path.exists():
        return {}
    rows: Any = json.loads(path.read_bytes())
    return {str(row["id"]): str(row["name"]) for row in rows if isinstance(row, dict) and {"id", "name"} <= set(row)}


def _sphere(coordinates: list[Sequence[float]]) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Unit vectors of (longitude, latitude)."""
    lon, lat = np.radians(np.array([c[:2] for c in coordinates], float)).T
    return np.stack((np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)), axis=1)


#: The cables of this process.
CABLES = read(Path(value("cables")) if value("cables") else None)
