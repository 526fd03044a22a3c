from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np

from radar.detect import Detector, OutageBook, entity_state, words
from radar.detect.model import Alert, StepResult, View
from radar.shapes import Outage
from radar.signals import GROUPS

GROUP = GROUPS["dns"]
KEYS = ["provider/our-resolver", "country/IN"]
BEGIN = datetime(2026, 3, 1, tzinfo=UTC)
STEP = timedelta(seconds=GROUP.grain_s)
USUAL, SHARE = 1000.0, 0.02


class Watch:
    """A detector that has seen weeks of usual days, and the book."""

    def __init__(self) -> None:
        self.detector, self.book, self.now = Detector(GROUP), OutageBook(), BEGIN
        self.step(1.0, at=BEGIN - timedelta(days=15))
        for n in range(80):
            self.step(1.0 + 0.01 * (n % 3 - 1))

    def step(self, times: float, failing: float = SHARE, *, at: datetime | None = None) -> StepResult:
        values = np.full((2, 4), np.nan, np.float32)
        values[:, 0], values[:, 1] = USUAL * times, failing
        past = np.full((2, len(self.detector.lookback), 4), np.nan, np.float32)
        past[:, :, 0], past[:, :, 1] = USUAL, SHARE
        n = np.full((2, 4), USUAL, np.float32)
        result = self.detector.step(at or self.now, KEYS, values, n, past)
        if at is None:
            self.now += STEP
            views = self.detector.views(KEYS)
            self.book.update(self.now, result.alerts, views, simulated=(), common=result.common)
        return result

    def steps(self, count: int, times: float, failing: float = SHARE) -> list[Alert]:
        alerts: list[Alert] = []
        for _ in range(count):
            alerts = self.step(times, failing).alerts
        return alerts

    @property
    def only(self) -> Outage:
        (outage,) = self.book.all
        return outage


def test_twice_the_usual_load_is_told_as_load() -> None:
    watch = Watch()
    onset = watch.now
    watch.steps(4, 2.1)
    told = watch.only
    assert told["entity"] == "provider/our-resolver"
    assert told["level"] == "degraded"
    assert told["start"] == f"{onset:%Y-%m-%dT%H:%M:%SZ}"
    assert told["headline"].startswith("Our resolvers have been getting 2.1 times their usual queries since")
    assert told["severity"]["depth"] is None
    assert told["severity"]["words"].startswith("Busier than usual")
    assert "never an outage" in told["rule_words"]


def test_the_same_rise_is_no_news_of_a_country() -> None:
    watch = Watch()
    watch.steps(6, 3.0)
    assert {o["entity"] for o in watch.book.all} == {"provider/our-resolver"}
    state = entity_state("country/IN", watch.detector.views(["country/IN"]), None)
    assert state["state"] == "ok"


def test_one_bin_and_a_small_rise_are_silent() -> None:
    watch = Watch()
    watch.steps(1, 2.1)
    watch.steps(20, 1.0)
    watch.steps(20, 1.4)
    assert watch.book.all == []


def test_a_rise_ends_when_the_load_is_back() -> None:
    watch = Watch()
    watch.steps(6, 2.1)
    watch.steps(20, 1.0)
    assert watch.only["status"] == "closed"
    assert "got up to 2.1 times" in watch.only["headline"]


def test_a_rise_is_never_learnt_as_normal() -> None:
    watch = Watch()
    result = [watch.step(2.1) for _ in range(40)][-1]
    assert result.clean[0, 0] < 1.1 * USUAL
    assert watch.only["status"] == "open"


def test_a_fall_after_a_rise_is_a_fall() -> None:
    watch = Watch()
    watch.steps(6, 2.1)
    watch.steps(12, 0.2)
    alerts = {a.rule for a in watch.step(0.2).alerts if a.entity == "provider/our-resolver" and a.closed is None}
    assert alerts == {"seasonal_drop"}


def test_failing_queries_and_more_of_them_are_degraded_at_most() -> None:
    watch = Watch()
    watch.steps(6, 2.5, failing=0.8)
    told = next(o for o in watch.book.all if o["entity"] == "provider/our-resolver")
    assert told["level"] == "degraded"
    assert "asks again" in told["verdict"]
    assert any("asked for again" in text for cause in told["causes"] for text in cause["for"])  # type: ignore[literal-required]


def test_failures_at_one_resolver_are_no_news_of_a_country() -> None:
    watch = Watch()
    watch.steps(6, 1.0, failing=0.9)
    assert {o["entity"] for o in watch.book.all} == {"provider/our-resolver"}
    shown = next(v for v in watch.detector.views(["country/IN"]) if v.series_id.startswith("dns.servfail"))
    assert shown.reason == "not_scored"


def test_memory_of_an_open_rise_survives_a_restart() -> None:
    watch, other = Watch(), Watch()
    watch.steps(4, 2.1)
    other.steps(4, 2.1)
    watch.detector = Detector.load(GROUP, watch.detector.dump())
    watch.steps(20, 1.0)
    other.steps(20, 1.0)
    assert watch.detector.dump() == other.detector.dump()


def test_the_numbers_of_a_rise_of_attempts_are_those_of_its_greatest_hour() -> None:
    book = OutageBook()
    for n, matches in enumerate((23.0, 2149.0, 40.0)):
        now = BEGIN + n * STEP
        alert = Alert("provider/our-firewalls", "waf.matches@waf_events", "match_rise", BEGIN, now, None, 300,
                      depth=1.0, loss=1.0, value=matches, baseline=0.0, bins=n + 1, about="944150",
                      publishable=True, peak=2149.0 if n else 23.0)  # fmt: skip
        view = View("provider/our-firewalls", "waf.matches@waf_events", "affected", "", BEGIN, now, now, 300, matches,
                    0.0, None, 1.0, about="944150")  # fmt: skip
        book.update(now + STEP, [alert], [view])
    (told,) = book.all
    assert "to 2,149 in an hour" in told["headline"]
    assert told["signals"][0]["numbers"]["value"] == 2149.0


def test_failures_are_not_called_a_loss_of_so_much() -> None:
    said = words.severity(0.39, 180.0, "how many are hit is not known", rule="error_rise")
    assert said.startswith("Up to 39 % of requests failed for 3 h;")
    assert words.severity(0.39, 180.0, "x", rule="flat_drop").startswith("Up to 39 % lost")
