"""How causes are weighed: stated weights (``radar/data/causes.toml``), their sentences, and what was learnt
(``radar/data/causes_learned.json``, or the file that ``RADAR_CAUSES`` names).

The detector, /method and /scoreboard take all of it from here. A file that is wrong stops the process at start and says
where and what was expected.
"""

from __future__ import annotations

import json
import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from radar.errors import ConfigError
from radar.labels import CAUSES, N_
from radar.settings import value

FOLDER = Path(__file__).parent / "data"
FILE, LEARNED_FILE = FOLDER / "causes.toml", FOLDER / "causes_learned.json"

#: What kind of thing a piece of evidence is. Only "measured" may lift a directed shutdown above ``timing_most``.
KINDS = ("measured", "timing", "place", "told", "learnt")

#: id -> (kind, the sentence that readers see).
SENTENCES: dict[str, tuple[str, str]] = {
    "routes_up": ("measured", N_("Most routes stayed up while packets were lost.")),
    "routes_gone_country": ("measured", N_("Routes to the country were withdrawn.")),
    "routes_gone_network": ("measured", N_("Its routes were withdrawn.")),
    "routes_later": ("measured", N_("Routes were still announced when the loss began; a part went {hours} later.")),
    "half_at_once": ("measured", N_("A part was lost at once ({pct}), and a part stayed.")),
    "slid": ("measured", N_("The loss slid deeper over hours, as batteries run out.")),
    "total": ("measured", N_("Independent signals fell almost to nothing within a few bins, across networks.")),
    "even": ("measured", N_("Networks of the country went at once and alike, none by less than {least}, while routes "
                            "stayed.")),
    "slow": ("measured", N_("The fall took days and came in steps; nothing broke at once.")),
    "days": ("measured", N_("It has lasted for days; cables and power mostly come back sooner.")),
    "uneven": ("measured", N_("Networks of the country are hit unevenly: {least} to {most} lost.")),
    "repeats": ("timing", N_("It repeats at the same clock time.")),
    "night": ("timing", N_("It began at night, local time.")),
    "long_work": ("measured", N_("It has lasted longer than most planned work.")),
    "alone": ("place", N_("Only this network is hit; its neighbours in the country are not known to be.")),
    "neighbours_at_once": ("measured", N_("{names}, of the same region, fell within the same ten minutes.")),
    "others": ("measured", N_("Other countries lost connectivity within the same half hour.")),
    "no_others": ("place", N_("No other country is known to have been hit at the same time.")),
    "only_cables": ("place", N_("Few submarine cables are known to land there: {names}.")),
    "shared_cables": ("place", N_("Cables that land in more than one of the countries hit: {names}.")),
    "no_cable": ("place", N_("No submarine cable is known to land there.")),
    "errors_network": ("measured", N_("Requests arrive but fail: servers answer with errors.")),
    "errors_provider": ("measured", N_("Requests arrive but fail: the provider's servers answer with errors.")),
    "rtt_high": ("measured", N_("Round-trip times rose to {times} times the usual: traffic takes a longer way.")),
    "rtt_some": ("measured", N_("Round-trip times rose somewhat, to {times} times the usual.")),
    "one_service": ("measured", N_("Only one signal of one source shows it.")),
    "load_errors": ("measured", N_("More queries, and more of them fail: what gets no answer is asked for again.")),
    "load_crowd": ("measured", N_("What arrives is answered as usual, as when a crowd comes at once.")),
    "load_more": ("measured", N_("More arrives than usual, not less.")),
    "withdrawn_errors": ("measured", N_("Queries fail, and routes were withdrawn at about the same time: {names}.")),
    "withdrawn": ("measured", N_("Routes were withdrawn at about the same time: {names}.")),
    "vanished_routes": ("measured", N_("Routes of {name} were withdrawn at {when}: {lost} of its announced space.")),
    "vanished_zones": ("measured", N_("{n} of failing queries ask for its zones: {zones}.")),
    "vanished_times": ("measured", N_("Those zones are asked for {times} times as often as in the day before.")),
    "vanished_outside": ("measured", N_("{n} of failing queries ask for zones of one network outside.")),
    "vanished_few": ("measured", N_("Only {n} of failing queries ask for zones of {name}; the others fail for another "
                                    "reason.")),
    "asked_again": ("measured", N_("From {when} on our resolvers got {times} times their usual queries: what got no "
                                   "answer was asked for again.")),
    "asked_zones": ("measured", N_("{n} of queries that fail there ask for its zones: {zones}.")),
    "not_measured": ("measured", N_("Packets to {name} are not measured here: that it cannot be reached follows from "
                                    "the failing queries.")),
    "rise_first": ("measured", N_("The rise of queries began {n} minutes before the routes were withdrawn.")),
    "told_power": ("told", N_("A power failure is told of at that time: {title} ({source}).")),
    "told_quake": ("told", N_("An earthquake shortly before: {title} ({source}).")),
    "told_weather": ("told", N_("A severe warning held at that time: {title} ({source}).")),
    "told_holiday": ("told", N_("It is a public holiday: {title}. Fewer people use the Internet then.")),
    "told_maintenance": ("told", N_("Work was planned for that time: {title} ({source}).")),
    "told_exams": ("told", N_("Exams are listed for that time: {title} ({source}).")),
    "told_provider": ("told", N_("The provider itself tells of an incident: {title}.")),
}  # fmt: skip

#: Features of the learned model: (what it is; the sentence where it speaks for a directed shutdown; and against it).
FEATURES: dict[str, tuple[str, str, str]] = {
    "half_hour": (N_("It began on the hour or the half hour"),
                  N_("It began on the hour or the half hour; timing alone proves nothing."),
                  N_("It did not begin on the hour or the half hour.")),
    "repeats": (N_("Earlier outages of the last eight days began at the same clock time (0 to 3 days)"),
                N_("It began at the same clock time on earlier days."),
                N_("It has not been seen at the same clock time in the days before.")),
    "others": (N_("Other countries were hit within the same half hour (0 to 2)"),
               N_("No other country is known to have been hit at the same time."),
               N_("Other countries lost connectivity within the same half hour.")),
    "part": (N_("Only a region or a network was hit, not the whole country"),
             N_("The whole country is hit, not a single region or network."),
             N_("Only a part of the country or one network is hit.")),
}  # fmt: skip
PLACE = (
    N_("Of the labelled outages of this country, more were directed than their signs alone would say."),
    N_("Of the labelled outages of this country, fewer were directed than their signs alone would say."),
)


#: What pages show of how it was learnt.
STUDY = ("source", "rows_used", "rows_in_all", "directed", "technical", "countries", "validation", "calibration")


@dataclass(frozen=True, slots=True)
class Weights:
    """The stated weights. ``prior`` and ``evidence`` (id -> cause -> log-odds): see causes.toml."""

    abstain: float
    directed_share: float
    part_of: float
    most: float
    timing_most: float
    prior: Mapping[str, float]
    evidence: Mapping[str, Mapping[str, float]]


@dataclass(frozen=True, slots=True)
class Learned:
    """Directed against technical, as learnt from labelled outages: log-odds at the means of the features, weights,
    means, and what each country adds. ``study``: how it was learnt and how well it does, as JSON."""

    intercept: float
    share: float  # of directed ones among the labelled rows
    weights: Mapping[str, float]
    means: Mapping[str, float]
    countries: Mapping[str, float]
    study: Mapping[str, Any]


def read(path: Path = FILE) -> Weights:
    """Read and check the stated weights. Raises ConfigError, which names file, key and what was expected."""
    try:
        found = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"weights of causes of {path} cannot be read: {error}") from None
    _same(path, "the file", found, ("abstain", "directed_share", "part_of", "most", "timing_most", "prior", "weights"))
    _same(path, "[prior]", found["prior"], CAUSES)
    _same(path, "[weights]", found["weights"], SENTENCES)
    for name in ("abstain", "directed_share", "most", "timing_most"):
        if not 0 < _number(path, name, found[name]) < 1:
            raise ConfigError(
                f"weights of causes of {path}: {name} is {found[name]!r}; expected a number within 0 and 1"
            )
    evidence = {}
    for id, row in found["weights"].items():
        if not isinstance(row, dict) or not row or not set(row) <= set(CAUSES):
            raise ConfigError(f"weights of causes of {path}: {id} is {row!r}; expected causes ({', '.join(CAUSES)}) "
                              "with log-odds")  # fmt: skip
        evidence[id] = {cause: _number(path, f"{id}.{cause}", weight) for cause, weight in row.items()}
    prior = {cause: _number(path, f"prior.{cause}", weight) for cause, weight in found["prior"].items()}
    part_of = _number(path, "part_of", found["part_of"])
    shares = (found["abstain"], found["directed_share"], part_of, found["most"], found["timing_most"])
    return Weights(*shares, prior, evidence)


def read_learned(path: Path) -> Learned:
    """Read and check what ``radar causes learn`` wrote. Raises ConfigError."""
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise ConfigError(f"learnt causes of {path} cannot be read: {error}") from None
    _same(path, "the file", found, ("intercept", "share", "weights", "means", "countries", "study"))
    for name in ("weights", "means"):
        _same(path, name, found[name], FEATURES)
    for name in ("weights", "means", "countries"):
        for key, number in found[name].items():
            _number(path, f"{name}.{key}", number)
    if not 0 < _number(path, "share", found["share"]) < 1:
        raise ConfigError(f"weights of causes of {path}: share is {found['share']!r}; expected a number within 0 and 1")
    _number(path, "intercept", found["intercept"])
    missing = [name for name in STUDY if not isinstance(found["study"], dict) or name not in found["study"]]
    if missing:
        raise ConfigError(f"learnt causes of {path}: study: no {', '.join(missing)}; expected what `radar causes "
                          "learn` writes")  # fmt: skip
    return Learned(**found)


def _same(path: Path, where: str, found: object, wanted: Any) -> None:
    if not isinstance(found, dict):
        raise ConfigError(f"weights of causes of {path}: {where} is {found!r}; expected a table")
    wrong = [f"no {key}" for key in wanted if key not in found]
    wrong += [f"unknown {key}" for key in found if key not in wanted]
    if wrong:
        raise ConfigError(f"weights of causes of {path}: {where}: {'; '.join(wrong)}; expected {', '.join(wanted)}")


def _number(path: Path, where: str, found: object) -> float:
    if isinstance(found, bool) or not isinstance(found, int | float) or not math.isfinite(found) or abs(found) > 20:
        raise ConfigError(f"weights of causes of {path}: {where} is {found!r}; expected a number from -20 to 20")
    return float(found)


#: The weights of this process.
WEIGHTS = read()
LEARNED = read_learned(Path(value("causes")) if value("causes") else LEARNED_FILE)
