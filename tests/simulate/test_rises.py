"""The hole of the demo becomes news by itself, and the everyday rules do not."""

from __future__ import annotations

from datetime import timedelta

import pytest

from jobs.simulate import World
from jobs.simulate.rates import FIRST
from jobs.simulate.scenario import BIN
from jobs.simulate.waf import BEFORE, FOUND, HOLE, TITLE, Waf
from radar.books.waf_events import AttackBook
from radar.detect import OutageBook
from radar.shapes import Outage
from radar.sources import waf_events
from radar.times import parse


@pytest.fixture(scope="module")
def told() -> list[Outage]:
    """Outages of the first nine hours of the demo by its firewalls alone."""
    world = World()
    waf, attacks, outages = Waf(world.seed, world.places), AttackBook(), OutageBook()
    for number in range(BEFORE, BEFORE + 9 * 12):
        at = FIRST + (number + 1) * BIN
        for answer in waf.answers(number):
            attacks.take(waf_events.details(answer.body, name=answer.name), received_at=at, simulated=True)
        for moment in attacks.moments(at):
            outages.update(moment.end, moment.alerts, moment.views, simulated={"waf.matches@waf_events"})
    return outages.all


def test_the_hole_is_told_within_three_hours_of_its_first_attempt(told: list[Outage]) -> None:
    (outage,) = told
    assert outage["about"] == HOLE
    assert f"Attempts on “{TITLE}” (rule {HOLE}) rose from none to " in outage["headline"]
    assert parse(outage["known_at"]) - FOUND < timedelta(hours=3)
    assert outage["simulated"]


def test_it_grows_in_public(told: list[Outage]) -> None:
    grown = [entry for entry in told[0]["updates"] if entry["text"].startswith("Grown: ")]
    assert len(grown) >= 3
