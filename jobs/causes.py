"""``radar causes``: learn what tells a directed shutdown from a technical failure, show how well that works, and show
which submarine cables are known.

A file of labelled outages is CSV in one of two forms: ``begin,end,country,scope,cause`` (as the IODA team's curated
outages are published; ``bgp_visible`` is used where it is there), or ``entity,start,end,cause`` (as ``radar outages
labels --csv`` prints what people said).
"""

from __future__ import annotations

import csv
import hashlib
import sys
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson

from jobs import causes_page
from radar import entities
from radar.causes import LEARNED, LEARNED_FILE
from radar.detect.cause import cables, clock
from radar.detect.cause.names import code_named
from radar.detect.cause.study import Event, study
from radar.errors import SchemaError
from radar.labels import _

PAGE = Path(__file__).resolve().parent.parent / "docs" / "causes.md"

#: Words of causes, in lower case with underscores, that are directed and that are technical.
DIRECTED = {"exams", "government_ordered", "shutdown"}
TECHNICAL = {
    "cable_cut", "power_outage", "weather", "misc_routing_problem", "generic_technical", "route_leak",
    "equipment_failure", "earthquake", "power", "routing", "provider", "disaster", "maintenance",
}  # fmt: skip
#: No cause, in words.
NONE = {"", "unknown"}


def learn(path: Path, *, source: str, write: bool, into: Path | None, as_json: bool) -> int:
    """Learn from a file and print how well it does; ``write``: into the package and docs/causes.md; ``into``: into a
    file for RADAR_CAUSES. -> 0; 1 where there is too little to learn from. Raises SchemaError for a file of another
    form."""
    events, left = read(path)
    try:
        found = study(events)
    except ValueError as error:
        print(f"radar causes learn: {path}: {error}", file=sys.stderr)
        return 1
    found["study"] |= {
        "source": source or path.name,
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        "from": _day(min(e.start for e in events)),
        "until": _day(max(e.start for e in events)),
        "left_out": left,
    }
    body = orjson.dumps(found, option=orjson.OPT_INDENT_2) + b"\n"
    for target in [*([LEARNED_FILE] if write else []), *([into] if into is not None else [])]:
        target.write_bytes(body)
        print(_("Written: {files}").format(files=target.name), file=sys.stderr)
    if write:
        PAGE.write_text(causes_page.inserted(PAGE.read_text(encoding="utf-8"), found), encoding="utf-8")
        print(_("Written: {files}").format(files=PAGE.name), file=sys.stderr)
    _show(found, as_json=as_json)
    return 0


def validate(*, as_json: bool) -> int:
    """Show how well the weights in use did when they were learnt."""
    found = {
        "intercept": LEARNED.intercept, "share": LEARNED.share, "weights": LEARNED.weights, "means": LEARNED.means,
        "countries": LEARNED.countries, "study": LEARNED.study,
    }  # fmt: skip
    _show(found, as_json=as_json)
    return 0


def show_cables(path: Path | None, *, as_json: bool) -> int:
    """Show what is known of submarine cables. Raises ConfigError for a file of another form."""
    found = cables.CABLES if path is None else cables.read(path)
    if as_json:
        told = {"cables": found.cables, "left_out": found.left_out,
                "whole": None if found.whole is None else sorted(found.whole)}  # fmt: skip
        sys.stdout.buffer.write(orjson.dumps(told, option=orjson.OPT_INDENT_2) + b"\n")
        return 0
    for name, where in sorted(found.cables.items()):
        print(f"{name:<40} {' '.join(sorted(where))}")
    text = _("{n} cables, {m} landings in {c} countries; {left} landings left out whose country could not be read.")
    print(text.format(n=len(found.cables), m=sum(len(where) for where in found.cables.values()),
                      c=len({code for where in found.cables.values() for code in where}),
                      left=len(found.left_out)))  # fmt: skip
    return 0


def read(path: Path) -> tuple[list[Event], dict[str, int]]:
    """The outages of a file, and what was left out, by reason. Raises SchemaError, which names file, row and column."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise SchemaError(f"labelled outages of {path} cannot be read: {error}") from None
    rows = csv.DictReader(text.splitlines())
    columns = set(rows.fieldnames or ())
    ours = "entity" in columns
    wanted = {"entity", "start", "cause"} if ours else {"begin", "country", "scope", "cause"}
    if not wanted <= columns:
        raise SchemaError(f"labelled outages of {path}: no column {', '.join(sorted(wanted - columns))}; expected "
                          "begin,end,country,scope,cause or entity,start,end,cause")  # fmt: skip
    found, left = list[Event](), Counter[str]()
    for number, row in enumerate(rows, start=2):
        where = f"labelled outages of {path}: row {number}"
        word = (row["cause"] or "").strip().lower().replace("-", "_").replace(" ", "_")
        known = word in DIRECTED | TECHNICAL
        if not known and word not in NONE:
            left[f"cause {word}"] += 1
        start = _time(row["start" if ours else "begin"], where, "start" if ours else "begin")
        end = _time(row["end"], where, "end") if row.get("end") else None
        country, part = _of_entity(row["entity"], where) if ours else _of_scope(row["country"], row["scope"])
        if end is not None and end < start:
            left["end before its start"] += 1
            end = None
        found.append(Event(
            start=start, end=end, country=country, part=part, directed=word in DIRECTED if known else None,
            cause=word, routes={"true": True, "false": False}.get((row.get("bgp_visible") or "").lower()),
            longitude=clock.longitude(country),
        ))  # fmt: skip
    return found, dict(sorted(left.items()))


def _of_scope(country: str, scope: str) -> tuple[str, bool]:
    said = (country or "").strip()
    return code_named(said) or said, (scope or "").strip().lower() != "country"


def _of_entity(entity: str, where: str) -> tuple[str, bool]:
    if not entities.is_entity(entity):
        raise SchemaError(f"{where}: entity is {entity!r}; expected a key such as country/IQ or asn/5089")
    if entity.startswith("country/"):
        return entity.partition("/")[2], False
    return (entities.parent(entity) or entity).partition("/")[2], True


def _time(text: str | None, where: str, column: str) -> int:
    try:
        found = datetime.fromisoformat((text or "").strip())
        if found.tzinfo is None:
            raise ValueError("no zone")
    except ValueError:
        raise SchemaError(f"{where}: {column} is {text!r}; expected a time such as 2020-07-28T11:10:00Z") from None
    return int(found.timestamp())


def _day(t: int) -> str:
    return f"{datetime.fromtimestamp(t, UTC):%Y-%m-%d}"


def _show(found: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        sys.stdout.buffer.write(orjson.dumps(found, option=orjson.OPT_INDENT_2) + b"\n")
    else:
        print(causes_page.report(found))
