"""The simulated firewalls: what is played is what the page is to show."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from jobs.simulate import World
from jobs.simulate.rates import FIRST
from jobs.simulate.scenario import BIN, ENDS, STARTS
from jobs.simulate.waf import BEFORE, CLOSED, FOUND, HOLE, Waf
from radar.books.waf_events import AttackBook
from radar.shapes.attacks import Attacks
from radar.sources import Answer
from radar.sources.waf_events import details, parse


@pytest.fixture(scope="module")
def waf(world: World) -> Waf:
    return Waf(world.seed, world.places)


@pytest.fixture(scope="module")
def played(waf: Waf) -> Attacks:
    """The document at the end of the played hours, from each sixth of their bins and all around the first attempt."""
    book = AttackBook()
    for number, answer in _answers(waf):
        end = FIRST + (number + 1) * BIN
        book.take(details(answer.body, name=answer.name), received_at=end, simulated=True)
    return book.page(ENDS)


def _answers(waf: Waf) -> Iterator[tuple[int, Answer]]:
    for number in range(BEFORE, (ENDS - FIRST) // BIN):
        if number % 6 == 0 or abs(FIRST + number * BIN - FOUND) < timedelta(minutes=20):
            yield from ((number, answer) for answer in waf.answers(number))


def rule(played: Attacks, id: str) -> dict[str, Any]:
    return dict(next(found for found in played["rules"] if found["id"] == id))


def test_the_same_seed_gives_the_same_bytes_in_any_order(world: World, waf: Waf) -> None:
    other = Waf(world.seed, world.places)
    late = list(other.answers(BEFORE + 100))
    assert [answer.body for answer in other.answers(BEFORE)] == [answer.body for answer in waf.answers(BEFORE)]
    assert late == list(waf.answers(BEFORE + 100))


def test_the_hole_is_first_tried_at_its_minute_and_grows_from_there(played: Attacks) -> None:
    found = rule(played, HOLE)
    assert datetime.fromisoformat(found["first_seen"]) == FOUND
    assert found["trend"] == "new"
    assert found["since_start"] is False
    counts = [count for count in found["hourly"][-8:] if count is not None]
    assert counts[-1] > 5 * counts[0] > 0


def test_the_hole_is_refused_only_after_its_rule_was_tightened(waf: Waf) -> None:
    def refused(at: datetime) -> tuple[int, int]:
        rows = [
            row for answer in waf.answers((at - FIRST) // BIN) for row in details(answer.body) if row["rule"] == HOLE
        ]
        return sum(row["blocked"] for row in rows), sum(row["matches"] for row in rows)

    assert refused(CLOSED - timedelta(minutes=30))[0] == 0
    blocked, matches = refused(CLOSED + timedelta(hours=3))
    assert blocked > 0.8 * matches > 0


def test_everyday_rules_have_a_history_of_28_days(played: Attacks) -> None:
    others = [found for found in played["rules"] if found["id"] != HOLE]
    assert len(others) == 9
    assert all(found["since_start"] for found in others)
    assert datetime.fromisoformat(str(played["since"])) == FIRST
    assert played["hourly"].count(None) < 24


def test_every_rule_says_that_it_is_simulated(played: Attacks) -> None:
    assert played["simulated"]
    assert all(found["title"].startswith("Simulated: ") for found in played["rules"])


def test_nothing_that_is_played_is_rejected(waf: Waf) -> None:
    for number in (BEFORE, BEFORE + 30, BEFORE + 150):
        for answer in waf.answers(number):
            assert parse(answer.body, name=answer.name).rejected == ()


def test_history_gives_no_rows_of_bins_that_it_does_not_know(waf: Waf) -> None:
    history, first = list(waf.answers(BEFORE))
    assert parse(history.body).rows.is_empty()
    assert parse(first.body).rows["timebin"].unique().to_list() == [STARTS]
