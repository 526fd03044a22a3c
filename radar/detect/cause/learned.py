"""The learnt part: how much likelier a directed shutdown is than all technical causes together, from what is known at
the onset. ``radar causes learn`` makes its weights; docs/causes.md says from what, and how well they do.

A feature that cannot be told counts as its mean in the labelled outages, so it says nothing.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

from radar.causes import FEATURES, LEARNED, PLACE, WEIGHTS, Learned
from radar.detect.cause.known import Facts
from radar.labels import _

#: Log-odds below which a feature is not worth a sentence.
WORTH = 0.25
#: Days and countries beyond which more of them say nothing new.
MOST_REPEATS, MOST_OTHERS = 3, 2


def features(facts: Facts) -> dict[str, float | None]:
    """The features of one outage; None: cannot be told."""
    return {
        "half_hour": None if facts.on_half_hour is None else float(facts.on_half_hour),
        "repeats": float(min(facts.repeats, MOST_REPEATS)),
        "others": float(min(facts.others, MOST_OTHERS)),
        "part": float(facts.entity_type != "country"),
    }


def logit(known: Mapping[str, float | None], country: str, model: Learned = LEARNED) -> float:
    """Log-odds of directed against technical with the assumed share of directed ones in place of the record's."""
    shift = _logit(WEIGHTS.directed_share) - _logit(model.share)
    return model.intercept + shift + model.countries.get(country, 0.0) + sum(parts(known, model).values())


def parts(known: Mapping[str, float | None], model: Learned = LEARNED) -> dict[str, float]:
    """What each feature adds to the log-odds."""
    return {
        name: 0.0 if (at := known[name]) is None else model.weights[name] * (at - model.means[name])
        for name in model.weights
    }


def sentences(facts: Facts, model: Learned = LEARNED) -> Iterator[tuple[float, str]]:
    """(what it adds, the sentence) of all that is worth one: first what speaks loudest."""
    found = [(weight, FEATURES[name][1 if weight > 0 else 2]) for name, weight in parts(features(facts), model).items()]
    place = model.countries.get(facts.country, 0.0)
    found.append((place, PLACE[0 if place > 0 else 1]))
    for weight, text in sorted(found, key=lambda pair: -abs(pair[0])):
        if abs(weight) >= WORTH:
            yield weight, _(text)


def _logit(p: float) -> float:
    return math.log(p / (1 - p))
