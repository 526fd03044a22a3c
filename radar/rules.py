"""The rules as rows: read once from ``radar/data/rules.toml``, or from the file that ``RADAR_RULES`` names.

Detector, charts and pages take their thresholds from here and hold none of their own. A file that is wrong stops the
process at start and names the row, the key, and what was expected.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from radar import cldr
from radar.errors import ConfigError
from radar.labels import _
from radar.settings import value

FILE = Path(__file__).parent / "data" / "rules.toml"

PROFILES = ("seasonal", "flat", "ratio", "latency", "burst", "none")

_PART, _DEVIATIONS, _FACTOR = (0.0, 1.0), (0.5, 100.0), (1.0, 100.0)
_BINS, _SECONDS, _DAYS, _COUNT = (1, 1000), (1, 864_000), (1, 3650), (0.0, 1e9)

#: The numbers of each table and rule, with the least and the largest that make sense. Those of whole numbers are whole.
EVERY: dict[str, tuple[float, float]] = {
    "open_z": _DEVIATIONS, "publish_z": _DEVIATIONS, "close_z": _DEVIATIONS,
    "open_z_network": _DEVIATIONS, "publish_z_network": _DEVIATIONS,
    "persist_bins": _BINS, "persist_s": _SECONDS, "coarse_s": _SECONDS,
    "half": _PART, "sustained_bins": _BINS, "sustained_s": _SECONDS,
    "adopt_shallow_days": _DAYS, "adopt_deep_days": _DAYS,
    "min_count": _COUNT, "min_flat": _COUNT, "min_n": _COUNT,
}  # fmt: skip
OUTAGE: dict[str, tuple[float, float]] = {
    "join_s": _SECONDS, "merge_s": _SECONDS, "confirm_s": _SECONDS,
    "routes_explain": _PART, "alone_depth": _PART, "pair_depth": _PART,
}  # fmt: skip
NUMBERS: dict[str, dict[str, tuple[float, float]]] = {
    "seasonal_drop": {"below": _PART, "below_coarse": _PART, "below_special": _PART,
                      "below_special_jump": _PART, "below_special_now": _PART},
    "flat_drop": {"below": _PART},
    "routes_withdrawn": {"below": _PART, "shallow": _PART},
    "routes_withdrawn_now": {"opens_bins": _BINS},
    "error_rise": {"above": _PART},
    "latency_rise": {"above_part": (0.0, 100.0), "above_ms": _COUNT},
    "load_rise": {"times": _FACTOR, "deviations": _DEVIATIONS},
    "match_rise": {"fewest": (1, 1_000_000), "times": _FACTOR, "clear": _FACTOR, "hours": (1, 144),
                   "opens_ends": _BINS, "closes_ends": _BINS, "still": _FACTOR, "adopt_days": _DAYS},
    "burst": {"chance": _PART, "fewest": _COUNT, "part": _PART, "above": _COUNT, "opens_bins": _BINS},
    "slow_degradation": {"below": _PART, "close_above": _PART, "days": (1, 14), "from_days": (1, 90),
                         "to_days": (1, 90), "min_days": (1, 14), "min_reference_days": (1, 90), "adopt_days": _DAYS},
}  # fmt: skip
PUBLICATIONS = ("one_strong", "two_signals", "rise_alone", "slow_degradation")

#: What must not be larger than what: (table or rule, key, key).
_ORDER = (
    ("every", "close_z", "open_z"), ("every", "open_z", "publish_z"),
    ("every", "close_z", "open_z_network"), ("every", "open_z_network", "publish_z_network"),
    ("outage", "join_s", "merge_s"),
    ("every", "adopt_shallow_days", "adopt_deep_days"), ("seasonal_drop", "below_coarse", "below"),
    ("seasonal_drop", "below_special", "below"), ("routes_withdrawn", "below", "shallow"),
    ("slow_degradation", "below", "close_above"), ("slow_degradation", "from_days", "to_days"),
    ("slow_degradation", "min_days", "days"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule. ``most``: the strongest level that it may lead to when nothing else agrees."""

    id: str
    profile: str
    most: str
    condition: str  # messages with placeholders: `words` and `why` give them in the reader's language
    reason: str
    numbers: Mapping[str, float]
    facts: Mapping[str, str]

    def words(self) -> str:
        """When it fires, with its numbers."""
        return _(self.condition).format_map(_written(self.facts))

    def why(self) -> str:
        """Why that is a rule."""
        return _(self.reason).format_map(_written(self.facts))


@dataclass(frozen=True, slots=True)
class Book:
    """All rules of one file."""

    every: Mapping[str, float]
    outage: Mapping[str, float]
    rules: Mapping[str, Rule]
    publications: Mapping[str, str]  # messages with placeholders
    facts: Mapping[str, str]

    def published(self, id: str) -> str:
        """How an outage came to be published, in words."""
        return _(self.publications[id]).format_map(_written(self.facts))

    def texts(self) -> list[str]:
        """All messages, for translators."""
        rows = [text for rule in self.rules.values() for text in (rule.condition, rule.reason)]
        return [*rows, *self.publications.values()]


def read(path: Path) -> Book:
    """Read and check a file of rules.

    Raises
    ------
    ConfigError
        It cannot be read, or a row, a key or a number is missing, unknown or makes no sense; names all of that.
    """
    try:
        found = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"rules of {path} cannot be read: {error}") from None
    _keys(path, "the file", found, ("every", "outage", "rule", "publication"))
    tables = {"every": _numbers(path, "[every]", found["every"], EVERY),
              "outage": _numbers(path, "[outage]", found["outage"], OUTAGE)}  # fmt: skip
    facts = _facts({**tables["every"], **tables["outage"]})
    rows = _rows(path, "rule", found["rule"], tuple(NUMBERS))
    for id, row in rows.items():
        tables[id] = _numbers(path, f"rule {id}", _without(row, _TEXTS), NUMBERS[id])
    rules = {id: _rule(path, row, tables, facts) for id, row in rows.items()}
    for table, less, more in _ORDER:
        if tables[table][less] > tables[table][more]:
            raise ConfigError(f"rules of {path}: {table}: {less} is {tables[table][less]:g} and {more} is "
                              f"{tables[table][more]:g}; expected {less} not above {more}")  # fmt: skip
    told = _rows(path, "publication", found["publication"], PUBLICATIONS)
    publications = {id: _text(path, f"publication {id}", row, "reason", facts) for id, row in told.items()}
    return Book(tables["every"], tables["outage"], rules, publications, facts)


_TEXTS = ("id", "profile", "most", "condition", "reason", "like")


def _rule(path: Path, row: Mapping[str, Any], tables: Mapping[str, Mapping[str, float]],
          facts: Mapping[str, str]) -> Rule:  # fmt: skip
    id, where = row["id"], f"rule {row['id']}"
    like = row.get("like", id)
    if like not in tables or like in ("every", "outage"):
        raise ConfigError(f"rules of {path}: {where}: like is {like!r}; expected the id of another rule")
    numbers = {**tables[like], **tables[id]}
    own = {**facts, **_facts(numbers)}
    for key, words in (("profile", PROFILES), ("most", ("degraded", "outage"))):
        if row.get(key) not in words:
            raise ConfigError(
                f"rules of {path}: {where}: {key} is {row.get(key)!r}; expected one of {', '.join(words)}"
            )
    return Rule(id, row["profile"], row["most"], _text(path, where, row, "condition", own),
                _text(path, where, row, "reason", own), numbers, own)  # fmt: skip


def _rows(path: Path, kind: str, found: object, ids: Sequence[str]) -> dict[str, Mapping[str, Any]]:
    """The rows by id, in the order of the file. There must be one of each id, and no other."""
    rows: dict[str, Mapping[str, Any]] = {}
    for number, row in enumerate(found if isinstance(found, list) else [], start=1):
        id = row.get("id") if isinstance(row, dict) else None
        if not isinstance(id, str) or id not in ids or id in rows:
            raise ConfigError(f"rules of {path}: [[{kind}]] number {number}: id is {id!r}; expected each of "
                              f"{', '.join(ids)} once")  # fmt: skip
        rows[id] = row
    missing = [id for id in ids if id not in rows]
    if missing:
        raise ConfigError(f"rules of {path}: no [[{kind}]] with id {', '.join(missing)}")
    return rows


def _keys(path: Path, where: str, found: object, wanted: Sequence[str]) -> dict[str, Any]:
    """The table itself, with the keys that are wanted and no others."""
    if not isinstance(found, dict):
        raise ConfigError(f"rules of {path}: {where} is {found!r}; expected a table")
    for key in wanted:
        if key not in found:
            raise ConfigError(f"rules of {path}: {where}: no key {key}")
    for key in found:
        if key not in wanted:
            raise ConfigError(f"rules of {path}: {where}: unknown key {key}; known are {', '.join(wanted)}")
    return found


def _numbers(path: Path, where: str, found: object, wanted: Mapping[str, tuple[float, float]]) -> dict[str, float]:
    table = _keys(path, where, found, tuple(wanted))
    for key, (least, most) in wanted.items():
        number, whole = table[key], isinstance(least, int)
        kind = int if whole else (int, float)
        if isinstance(number, bool) or not isinstance(number, kind) or not least <= number <= most:
            word = "a whole number" if whole else "a number"
            raise ConfigError(f"rules of {path}: {where}: {key} is {number!r}; expected {word} from {least:g} to "
                              f"{most:g}")  # fmt: skip
    return {key: found if isinstance(wanted[key][0], int) else float(found) for key, found in table.items()}


def _without(row: Mapping[str, Any], keys: Sequence[str]) -> dict[str, Any]:
    return {key: number for key, number in row.items() if key not in keys}


def _text(path: Path, where: str, row: Mapping[str, Any], key: str, facts: Mapping[str, str]) -> str:
    text = row.get(key)
    if not isinstance(text, str) or not text.strip():
        raise ConfigError(f"rules of {path}: {where}: {key} is {text!r}; expected a sentence")
    try:
        text.format_map(facts)
    except (KeyError, ValueError, IndexError, AttributeError) as error:
        raise ConfigError(f"rules of {path}: {where}: {key}: no number for the placeholder {error}; there are "
                          f"{', '.join(sorted(facts))}") from None  # fmt: skip
    return text


def _written(facts: Mapping[str, str]) -> dict[str, str]:
    """The facts as the language that is spoken now writes numbers."""
    return {name: cldr.written(text) for name, text in facts.items()}


def _facts(numbers: Mapping[str, float]) -> dict[str, str]:
    """What a sentence may say: each number, and it in per cent, what is missing from it to 1, one divided by it, and
    seconds as minutes."""
    facts = {}
    for key, number in numbers.items():
        facts[key] = f"{number:g}"
        facts[f"{key}_pc"], facts[f"{key}_drop"] = f"{100 * number:g}", f"{round(100 - 100 * number, 6):g}"
        if 0 < number < 1:
            facts[f"{key}_one_in"] = f"{1 / number:,.0f}"
        if key.endswith("_s"):
            facts[f"{key[:-2]}_min"] = f"{number / 60:g}"
    return facts


#: The rules of this process.
BOOK = read(Path(value("rules")) if value("rules") else FILE)
EACH, ABOUT_OUTAGES, RULES = BOOK.every, BOOK.outage, BOOK.rules


def number(rule: str, key: str) -> float:
    """One threshold of one rule. Raises KeyError for what no rule has."""
    return RULES[rule].numbers[key]
