"""The words of routes: what is called a loss, what a young or silent table may say, how numbers are written."""

from __future__ import annotations

import re
from typing import Any, cast, get_args, get_type_hints

import pytest

from radar.components import candidates, routes
from radar.components import routing as parts
from radar.figures import shares
from radar.shapes import RouteEvent, Routing, RoutingPeer, RoutingView
from tests import samples
from tests.sample_routes import sample_routes, sample_routing

NOW = samples.text(samples.NOW)


def routing(**changed: Any) -> Routing:
    return cast(Routing, {**sample_routing(samples.NOW), **changed})


def view(**changed: Any) -> RoutingView:
    return cast(RoutingView, {**sample_routes(samples.NOW)["asn/5089"], **changed})


def test_a_young_table_cannot_say_what_was_lost() -> None:
    young = [{**row, "before_24s": None, "before_48s": None} for row in sample_routing(samples.NOW)["countries"]]
    said = parts.sentence(routing(countries=young), "live", NOW)
    assert "no country can be compared with a day before yet" in said
    assert "normal" not in said


def test_calm_is_claimed_only_of_what_can_be_compared() -> None:
    held = [row for row in sample_routing(samples.NOW)["countries"] if routes.judged(row) == "held"]
    said = parts.sentence(routing(countries=held), "live", NOW)
    assert said == ("The routes of all 18 countries that can be compared with a day before look normal, as 214 "
                    "full-feed peers see them.")  # fmt: skip


def test_one_loss_is_said_with_its_family() -> None:
    rows = [row for row in sample_routing(samples.NOW)["countries"] if row["entity"] in ("country/FJ", "country/PT")]
    said = parts.sentence(routing(countries=rows), "live", NOW)
    assert said.startswith("Fiji has lost 18 % of its announced IPv4 space against a day before; the routes of 1 other")
    ended = parts.sentence(routing(countries=rows), "ended", NOW)
    assert ended.startswith("At the end of the replay, 12:00 UTC: Fiji has lost")


@pytest.mark.parametrize(
    ("changed", "judged"),
    [
        ({"visible_24s": 90, "before_24s": 100}, "lost"),
        ({"visible_24s": 91, "before_24s": 100}, "held"),
        ({"visible_24s": 1, "before_24s": 7, "visible_48s": None, "before_48s": None}, "unknown"),
        ({"visible_24s": 10, "before_24s": None, "visible_48s": 5, "before_48s": None}, "unknown"),
        ({"visible_24s": None, "visible_48s": None}, "unknown"),
        ({"visible_24s": 0, "before_24s": 0, "visible_48s": 9, "before_48s": 0}, "unknown"),
        ({"visible_24s": 100, "before_24s": 100, "visible_48s": 10, "before_48s": 100}, "lost"),
        ({"visible_24s": 200, "before_24s": 100}, "held"),
    ],
)
def test_a_loss_is_a_tenth_of_something_that_can_be_compared(changed: dict[str, Any], judged: str) -> None:
    assert routes.judged(view(**changed)) == judged


def test_an_unknown_number_is_a_dash_and_no_zero() -> None:
    assert routes.count(None) == routes.share(None) == routes.move(None) == "–"
    assert routes.count(0) == "0"
    assert routes.change(5, 0) is routes.change(None, 5) is None


@pytest.mark.parametrize(
    ("value", "words"), [(0.0, "0 %"), (-0.00002, "0 %"), (-0.0002, "−0.02 %"), (0.1234, "+12.3 %"), (-1.0, "−100.0 %")]
)
def test_a_change_has_its_sign(value: float, words: str) -> None:
    assert routes.move(value) == words.replace(" ", "\N{NO-BREAK SPACE}")


def test_a_part_of_a_bar_that_is_there_can_be_seen_and_none_passes_the_whole() -> None:
    bar = shares.svg(
        [shares.Part(0.9999, "ok", low=True), shares.Part(0.0001, "outage"), shares.Part(0.0, "gone")], "<x>"
    )
    assert "&lt;x&gt;" in bar
    assert "p-gone" not in bar
    widths = [float(w) for w in re.findall(r' width="([\d.]+)%" height', bar) if w != "100"]
    assert sum(widths) <= 100 + 0.05


def test_every_word_of_the_shapes_has_a_label() -> None:
    def of(record: type, name: str) -> set[str]:
        return set(get_args(get_type_hints(record)[name]))

    assert of(Routing, "state") == set(routes.STATES)
    assert of(RoutingPeer, "state") == set(parts.PEER_STATES)
    assert of(RouteEvent, "kind") == set(candidates.KINDS)
    assert of(RouteEvent, "status") == set(candidates.STATUSES)
    assert of(RouteEvent, "rpki") == set(candidates.RPKI)
