"""Attempts on one rule that rise are news: with a reason and numbers, once, and not for a scanner's daily round."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from radar.books._rises import FIREWALLS, HOUR
from radar.books.waf_events import MOST, AttackBook
from radar.detect import OutageBook
from radar.detect.model import Alert
from radar.shapes import Outage
from radar.times import rfc3339
from tests.books.test_attacks import row

#: History of eight days ends here, and bins of five minutes begin.
NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
STEP, RULE = timedelta(minutes=5), "942100"


def before(
    hourly: Callable[[int], int] = lambda hour: 12, rule: str = RULE, *, hours: int = 192, title: str = ""
) -> list[dict[str, Any]]:
    """Hours before NOW; hour 0 is the oldest."""
    found = [(NOW - timedelta(hours=hours - hour), hourly(hour)) for hour in range(hours)]
    return [row(at, count, rule, grain=HOUR, title=title) for at, count in found if count]


class Watch:
    """A book of attacks that is fed bin after bin, and the book of outages that hears of its news."""

    def __init__(self, *history: list[dict[str, Any]]) -> None:
        self.attacks, self.outages, self.now = AttackBook(), OutageBook(), NOW
        self.alerts: list[Alert] = []
        rows = sorted((told for rows in history for told in rows), key=lambda told: told["bin"])
        self.attacks.take(rows, received_at=NOW, simulated=True)
        self.hear()

    def bins(self, counts: Iterable[int], rule: str = RULE, *, beside: int = 1) -> None:
        """Bins with so many matches of the rule, beside those of another one."""
        for count in counts:
            rows = [row(self.now, count, rule, title="Log4j")] if count else []
            rows += [row(self.now, beside, "other")] if beside else []
            self.now += STEP
            if rows:
                self.attacks.take(rows, received_at=self.now, simulated=True)
            self.hear()

    def hear(self) -> None:
        for moment in self.attacks.moments(self.now):
            self.alerts += moment.alerts
            self.outages.update(moment.end, moment.alerts, moment.views, simulated={"waf.matches@waf_events"})

    @property
    def only(self) -> Outage:
        (outage,) = self.outages.all
        return outage


def test_a_rise_is_told_with_its_rule_its_numbers_and_since_when() -> None:
    watch = Watch(before())
    watch.bins([1] * 6 + [20] * 12)
    told = watch.only
    assert (told["entity"], told["about"], told["rule"]) == (FIREWALLS, RULE, "rise_alone")
    assert told["start"] == "2026-03-02T12:30:00Z"
    assert told["known_at"] == "2026-03-02T12:45:00Z", "three bins after the rise began"
    assert told["headline"] == (
        "Attempts on “Log4j” (rule 942100) rose to 20 times their usual number since 12:30 UTC on 2 March 2026: 240 in "
        "an hour."
    )
    assert "3 times its mean hour of the six days before" in told["rule_words"]
    assert told["simulated"]


def test_it_is_no_outage_and_no_cause_is_named() -> None:
    watch = Watch(before())
    watch.bins([20] * 12)
    told = watch.only
    assert told["level"] == "degraded"
    assert told["severity"]["depth"] is told["severity"]["share"] is None
    assert told["severity"]["words"].startswith("More attempts than usual for")
    assert [cause["cause"] for cause in told["causes"]] == ["unknown"]
    assert "no outage of a network" in told["verdict"]
    assert "does not say who sends them" in told["verdict"]


def test_a_rule_that_never_matched_rises_from_none() -> None:
    watch = Watch(before(rule="other"))
    watch.bins([3, 4, 6, 9, 12, 15, 18])
    assert "rose from none to 67 in an hour since 12:00 UTC" in watch.only["headline"]


def test_the_daily_round_of_a_scanner_is_usual() -> None:
    watch = Watch(before(lambda hour: 300 if hour % 24 == 0 else 4))
    watch.bins([25] * 12)
    assert watch.outages.all == []


def test_more_than_the_daily_round_is_news() -> None:
    watch = Watch(before(lambda hour: 300 if hour % 24 == 0 else 4))
    watch.bins([60] * 12)
    assert watch.only["about"] == RULE


def test_few_matches_and_a_small_rise_are_silent() -> None:
    for counts in ([1] * 12, [2, 1] * 12, [0, 0, 18, 0, 0, 0]):
        watch = Watch(before())
        watch.bins(counts)
        assert watch.outages.all == [], counts


def test_a_day_of_records_is_needed() -> None:
    watch = Watch(before(hours=24))
    watch.bins([30] * 12)
    assert watch.outages.all == [], "the six hours before do not count"
    watch = Watch(before(hours=31))
    watch.bins([30] * 12)
    assert len(watch.outages.all) == 1


def test_a_rise_ends_when_the_hour_is_usual_again_and_what_it_was_is_kept() -> None:
    watch = Watch(before())
    watch.bins([20] * 12 + [1] * 20)
    told = watch.only
    assert told["status"] == "closed"
    assert told["end"] == "2026-03-02T13:00:00Z"
    assert "rose to 20 times their usual number from 12:00 to 13:00 UTC on 2 March 2026" in told["headline"]
    watch.bins([1] * 60)
    assert watch.only == told


def test_the_usual_noise_after_a_rise_is_no_part_of_it() -> None:
    watch = Watch(before(lambda hour: 24))
    watch.bins([2] * 6 + [42] * 24 + [2, 4, 1, 5, 0, 3] * 4)
    told = watch.only
    assert (told["start"], told["end"]) == ("2026-03-02T12:30:00Z", "2026-03-02T14:30:00Z")


def test_a_rise_of_days_stays_one_rise_and_becomes_usual_after_a_week() -> None:
    watch = Watch(before())
    watch.bins([20] * (12 * 24 * 6))
    assert watch.only["status"] == "open"
    watch.bins([20] * (12 * 24 * 2))
    ended = watch.only
    assert ended["status"] == "closed"
    assert "new level" in ended["updates"][-1]["text"]


def test_growth_is_told_when_it_has_doubled() -> None:
    watch = Watch(before())
    watch.bins([20] * 12 + [60] * 12)
    grown = [entry["text"] for entry in watch.only["updates"] if entry["text"].startswith("Grown: ")]
    assert 1 <= len(grown) <= 3
    assert "attempts in an hour" in grown[-1]


def test_two_rules_are_two_stories() -> None:
    watch = Watch(before(), before(rule="7"))
    for _ in range(12):
        rows = [row(watch.now, 20), row(watch.now, 30, "7")]
        watch.now += STEP
        watch.attacks.take(rows, received_at=watch.now, simulated=True)
        watch.hear()
    assert {outage["about"] for outage in watch.outages.all} == {RULE, "7"}
    assert len({outage["id"] for outage in watch.outages.all}) == 2


def test_silence_of_the_logs_ends_nothing_and_is_told_once() -> None:
    watch = Watch(before())
    watch.bins([20] * 12)
    watch.bins([0] * 30, beside=0)
    assert watch.only["status"] == "open"
    blind = [entry for entry in watch.only["updates"] if "cannot be seen" in entry["text"]]
    assert len(blind) == 1


def test_an_hour_that_comes_whole_takes_nothing_from_the_last_hour() -> None:
    watch = Watch(before())
    watch.bins([20] * 12)
    whole = [row(NOW, 240, grain=HOUR), row(NOW, 12, "other", grain=HOUR)]
    watch.attacks.take(whole, received_at=watch.now, simulated=True)
    watch.bins([20] * 3)
    assert watch.only["status"] == "open"
    assert max(alert.value for alert in watch.alerts) == 240


def test_all_bins_in_one_answer_give_what_bin_after_bin_gives() -> None:
    counts = [1] * 6 + [20] * 12 + [1] * 30
    slow, fast = Watch(before()), Watch(before())
    slow.bins(counts)
    rows = [told for i, count in enumerate(counts)
            for told in (row(NOW + i * STEP, count, title="Log4j"), row(NOW + i * STEP, 1, "other"))]  # fmt: skip
    fast.attacks.take(rows, received_at=NOW + timedelta(days=400), simulated=True)
    for at in range(len(counts)):
        fast.now = NOW + (at + 1) * STEP
        fast.hear()
    assert fast.only == slow.only


def test_a_book_that_was_put_away_goes_on_the_same() -> None:
    one, two = Watch(before()), Watch(before())
    for watch, restart in ((one, False), (two, True)):
        for count in [1] * 6 + [20] * 12 + [1] * 20:
            watch.bins([count])
            if restart:
                watch.attacks = AttackBook.load(watch.attacks.dump())
                watch.outages = OutageBook.load(watch.outages.dump())
    assert two.only == one.only
    assert two.attacks.dump() == one.attacks.dump()


def test_a_rule_that_is_dropped_rises_no_more() -> None:
    watch = Watch(before())
    watch.bins([20] * 12)
    crowd = [row(watch.now, 20_000, f"r{n}") for n in range(MOST)]
    watch.now += STEP
    watch.attacks.take(crowd, received_at=watch.now, simulated=True)
    assert RULE not in watch.attacks.rules
    assert RULE not in watch.attacks.rises.open


def test_a_bin_that_comes_again_is_not_a_second_look() -> None:
    watch = Watch(before())
    watch.bins([1, 40])
    assert watch.outages.all == []
    watch.attacks.take([row(watch.now - STEP, 40)], received_at=watch.now, simulated=True)
    watch.hear()
    assert watch.outages.all == [], "one end, seen twice"
    watch.bins([1])
    assert len(watch.outages.all) == 1


def test_a_bin_that_is_not_over_is_not_judged() -> None:
    watch = Watch(before())
    watch.attacks.take([row(NOW, 500)], received_at=NOW + timedelta(minutes=2), simulated=True)
    assert watch.attacks.rises.recent == {}
    assert rfc3339(NOW + STEP) == watch.attacks.page(NOW)["newest"]
