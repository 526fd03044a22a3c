"""What the rules mean to the detector: which tell of no loss, which of routes, and how an outage names them.

The rules themselves, with their numbers and words, are rows of ``radar/data/rules.toml`` (:mod:`radar.rules`).
"""

from __future__ import annotations

from radar import bands
from radar.labels import _
from radar.rules import BOOK, RULES, number

__all__ = ["BY_PROFILE", "NO_LOSS", "ONE_SERVICE", "RISES", "ROUTES", "RULES", "threshold", "words"]

#: Signals that see one company's service only: alone they never say more than "degraded".
ONE_SERVICE = frozenset({"google.youtube"})

#: Rules that tell of no loss of connectivity: their depth is told in other words.
NO_LOSS = frozenset({"latency_rise", "load_rise", "match_rise"})

#: Rules that tell of more than usual, which is no loss of anything.
RISES = frozenset({"load_rise", "match_rise"})

#: Rules that tell of withdrawn routes.
ROUTES = ("routes_withdrawn", "routes_withdrawn_now")

#: Rule of an alert, by detector profile; routes have their own.
BY_PROFILE = {"seasonal": "seasonal_drop", "flat": "flat_drop", "ratio": "error_rise", "latency": "latency_rise",
              "burst": "burst"}  # fmt: skip


def words(published: str, rules: list[str]) -> str:
    """The publication rule and the alert rules behind it, as sentences."""
    ids = [rule for rule in RULES if rule in rules]
    capped = all(RULES[rule].most == "degraded" for rule in ids)
    last = [_('This rule alone never says more than "degraded".')] if ids and capped else []
    return " ".join([BOOK.published(published), *(RULES[rule].words() for rule in ids), *last])


def threshold(rule: str, normal: float, grain_s: int) -> float | None:
    """The value beyond which a rule holds where so much is ``normal``, in the unit of the signal.

    The deviations that it asks for besides may lie further out. None for a burst, which is held against chance.
    ``grain_s``: seconds of a bin.
    """
    if rule in ("flat_drop", "slow_degradation"):
        return number(rule, "below") * normal
    if rule == "seasonal_drop":
        return bands.gate("seasonal", grain_s=grain_s) * normal
    if rule in ROUTES:
        return number(rule, "below") * normal
    if rule in ("error_rise", "latency_rise"):
        return normal + bands.rise("ratio" if rule == "error_rise" else "latency", normal)
    if rule == "load_rise":
        return number(rule, "times") * normal
    if rule == "match_rise":
        return max(number(rule, "fewest"), number(rule, "times") * normal)
    return None
