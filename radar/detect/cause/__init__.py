"""Cause hypotheses: log-odds from what was seen, with the evidence for and against in sentences. Never a verdict.

A directed shutdown is set against all technical causes together with learnt weights (``learned.py``); the technical
causes against each other, and all of them against "not known", with stated ones (``weigh.py``, ``radar/causes.py``).
Below .7 "unknown" leads. A directed shutdown is never told from timing, place or calendar alone.
"""

from __future__ import annotations

import math
from typing import cast

from radar.causes import WEIGHTS
from radar.detect.cause import learned
from radar.detect.cause.known import Cables, Facts, Told, Vanished
from radar.detect.cause.weigh import Scale, weigh
from radar.labels import _
from radar.shapes import Cause

__all__ = ["Cables", "Facts", "Told", "Vanished", "hypotheses"]

#: The causes that a directed shutdown is learnt against.
TECHNICAL = ("cable_cut", "power", "routing", "disaster", "maintenance")


def hypotheses(facts: Facts) -> list[Cause]:
    """The two likeliest causes, "unknown" before them where none is likely enough. All causes together add up to 1."""
    if facts.attempts:
        text = _("A scan of the whole Internet and an attack that is aimed look the same in these numbers.")
        return [_cause("unknown", 1.0, Scale(0.0, [text]))]
    table = {cause: Scale(logit) for cause, logit in WEIGHTS.prior.items()}
    if facts.entity_type != "provider" and not facts.load and not facts.slow:
        _learnt(facts, table["shutdown"])
    weigh(facts, table)
    _not_alone(table)
    _not_certain(table)
    total = sum(math.exp(scale.logit) for scale in table.values())
    ranked = sorted(table.items(), key=lambda item: (-item[1].logit, item[0]))
    named = [(c, w) for c, w in ranked if c != "unknown"][:2]
    chosen = [("unknown", table["unknown"]), *named]
    if math.exp(named[0][1].logit) / total >= WEIGHTS.abstain:
        chosen = named
    else:
        table["unknown"].pro.append(_("No pattern fits well enough to name a cause."))
    return [_cause(cause, math.exp(scale.logit) / total, scale) for cause, scale in chosen]


def _learnt(facts: Facts, shutdown: Scale) -> None:
    """Log-odds of a directed shutdown at the onset: against the technical causes as they stand before any evidence."""
    technical = math.log(sum(math.exp(WEIGHTS.prior[cause]) for cause in TECHNICAL))
    shutdown.logit = technical + learned.logit(learned.features(facts), facts.country)
    for weight, text in learned.sentences(facts):
        (shutdown.pro if weight > 0 else shutdown.con).append(text)


def _not_alone(table: dict[str, Scale]) -> None:
    """Without anything measured that speaks for it, a directed shutdown is kept below ``timing_most``."""
    shutdown, most = table["shutdown"], _at_most(table, "shutdown", WEIGHTS.timing_most)
    if not shutdown.measured and shutdown.logit > most:
        shutdown.logit = most
        shutdown.con.append(_("Only timing, place and calendar speak for it, and they prove nothing."))


def _not_certain(table: dict[str, Scale]) -> None:
    """Evidence that hangs together is counted as if it did not: no cause is ever told as certain."""
    first = max(table, key=lambda cause: table[cause].logit)
    table[first].logit = min(table[first].logit, _at_most(table, first, WEIGHTS.most))


def _at_most(table: dict[str, Scale], cause: str, p: float) -> float:
    """The log-odds at which a cause has the probability ``p`` beside the others as they are."""
    rest = math.log(sum(math.exp(scale.logit) for other, scale in table.items() if other != cause))
    return rest + math.log(p / (1 - p))


def _cause(cause: str, p: float, scale: Scale) -> Cause:
    return cast(Cause, {"cause": cause, "p": round(p, 3), "for": scale.pro, "against": scale.con})
