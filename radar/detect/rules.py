"""The rules, as rows: what each alert and each publication rests on. Ids are stable; words are shown to readers."""

from __future__ import annotations

from dataclasses import dataclass

from radar.labels import N_, _


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule. ``most``: the strongest level it may lead to when nothing else agrees."""

    id: str
    words: str
    most: str = "outage"


RULES: dict[str, Rule] = {
    rule.id: rule
    for rule in (
        Rule(
            "seasonal_drop",
            N_(
                "At least 20 % (half, in bins longer than an hour) and 5 robust deviations below the same time of the "
                "week in the last four weeks, in two bins in a row."
            ),
        ),
        Rule(
            "flat_drop",
            N_("At least 20 % and 5 robust deviations below the median of the last seven days, in two bins in a row."),
        ),
        Rule(
            "routes_withdrawn",
            N_("At least 10 % and 5 robust deviations below the median of the last 24 hours, in two bins in a row."),
        ),
        Rule(
            "routes_withdrawn_now",
            N_(
                "At least 10 % and 5 robust deviations below the median of the last 24 hours, in one evaluation of the "
                "routing table by its full-feed peers."
            ),
        ),
        Rule(
            "error_rise",
            N_(
                "Failures at least 10 points and 5 robust deviations above the same time of the week, in two bins in a "
                "row."
            ),
        ),
        Rule(
            "latency_rise",
            N_(
                "Latency at least 25 %, 10 ms and 5 robust deviations above the same time of the week, in two bins in "
                "a row."
            ),
            "degraded",
        ),
        Rule(
            "load_rise",
            N_(
                "More than 1.5 times and 8 robust deviations above the same time of the week in the last four weeks, "
                "in two bins in a row. A rise is load, and never an outage."
            ),
            "degraded",
        ),
        Rule(
            "match_rise",
            N_(
                "At least 20 attempts on one rule in an hour, three times its mean hour of the six days before, and "
                "clearly more than in the busiest of those hours, twice in a row, five minutes apart. A rise of "
                "attempts is news, and never an outage."
            ),
            "degraded",
        ),
        Rule(
            "burst",
            N_(
                "At least 5, and 30 % of all, broke away within one bin: by chance that happens less than once in a "
                "million bins."
            ),
        ),
        Rule(
            "slow_degradation",
            N_(
                "The median of the last five days at least 15 % and 5 robust deviations below the days of two to "
                "twelve weeks ago."
            ),
            "degraded",
        ),
    )
}

#: How an outage came to be published.
PUBLISHED: dict[str, str] = {
    "one_strong": N_(
        "Published because one signal lies at least 8 robust deviations from normal for as many bins as its rule asks."
    ),
    "two_signals": N_("Published because two independent signals changed within 30 minutes of each other."),
    "rise_alone": N_("Published because such a rise is news by itself: nothing else needs to agree."),
    "slow_degradation": N_("Published because daily values have fallen for days and stay low."),
}

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
    return " ".join([_(PUBLISHED[published]), *(_(RULES[rule].words) for rule in ids), *last])
