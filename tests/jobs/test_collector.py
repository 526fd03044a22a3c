"""Many sources at once, against an upstream with every bad habit: each fails for itself, in words, and in time."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from jobs.collect import Report
from jobs.collector import Collector
from jobs.ledger import Ledger
from radar.archive import Archive
from radar.http import Http, Limits
from radar.sources import Answer, ioda_signals
from tests.jobs.test_collect import good, module
from tests.jobs.upstream import Upstream, upstream

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
QUICK = Limits(connect_s=1, read_s=0.5, total_s=1, tries=2, pause_s=0.01, interval_s=0, answer_bytes=1_000_000)

Make = Callable[..., Collector]


@pytest.fixture(scope="module")
def server() -> Iterator[Upstream]:
    with upstream() as running:
        yield running


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger(tmp_path)


@pytest.fixture
def make(tmp_path: Path, ledger: Ledger) -> Iterator[Make]:
    with Http(limits=QUICK) as http:

        def collector(**limits: float) -> Collector:
            return Collector(http=http, archive=Archive(tmp_path), ledger=ledger, **limits)

        yield collector


def asking(server: Upstream, habit: str) -> Any:
    """A source that asks the upstream for one thing and reads it as IODA's answers are read."""

    def fetch(http: Http, _since: datetime, _until: datetime) -> Iterator[Answer]:
        url = f"{server.url}/{habit}"
        yield Answer(url, http.get(url, source=habit).body)

    parse = None if habit.startswith(("good", "busy")) else ioda_signals.parse
    return module(habit, fetch, parse)


WORDS = {
    "broken": "answered 500, 2 tries",
    "busy": "answered 429 and asks to wait 3600 s",
    "half_json": "not understood",
    "truncated": "did not answer (RemoteProtocolError",
    "html": "begins with '<!doctype html>",
    "endless": "sent more than 1000000 bytes",
    "drip": "still sending after 1 s",
    "drip_headers": "still sending after 1 s",
    "no_gzip": "cannot be decoded",
}


def test_each_bad_habit_of_an_upstream_is_told_in_words_and_stops_no_other_source(
    server: Upstream, make: Make, ledger: Ledger
) -> None:
    names = [*WORDS, "good", "busy_once"]
    reports = {r.source: r for r in make().run([asking(server, name) for name in names], NOW)}
    assert sorted(reports) == sorted(names)
    assert [name for name, report in reports.items() if report.ok] == ["busy_once", "good"]
    assert server.asked.count("busy_once") == 2, "it said when to come back, and we came"
    for name, words in WORDS.items():
        assert words in str(reports[name].error)
        entry = ledger.read(name)
        assert (entry.last_error, entry.last_success) == (reports[name].error, None)
        assert entry.last_error_at == "2026-03-02T12:00:00Z"


def test_answers_that_are_not_understood_are_kept_and_broken_connections_leave_nothing(
    server: Upstream, make: Make, tmp_path: Path
) -> None:
    make().run([asking(server, name) for name in ("half_json", "html", "truncated", "endless")], NOW)
    assert sorted(file.source for file in Archive(tmp_path).pending_raw()) == ["half_json", "html"]


def test_an_upstream_that_never_ends_its_headers_hangs_and_is_told(server: Upstream, make: Make) -> None:
    """The collector says so before the client gives up."""
    hanging, fine = make(quiet_s=0.3).run([asking(server, "good"), asking(server, "drip_headers")], NOW)
    assert fine.ok
    assert "no answer for" in str(hanging.error)


class Slow:
    """A source that gives one answer whenever it is told to; ``end`` lets it end."""

    def __init__(self, name: str = "slow") -> None:
        self.go = threading.Semaphore(0)
        self.over = False
        self.started = 0
        self.module = module(name, self.fetch)

    def fetch(self, _http: object, _since: datetime, _until: datetime) -> Iterator[Answer]:
        self.started += 1
        number = 0
        while self.go.acquire(timeout=30) and not self.over:
            number += 1
            yield Answer(f"{self.started}-{number}", b"{}")

    def end(self) -> None:
        """Let it end."""
        self.over = True
        self.go.release(9)


@pytest.fixture
def slow() -> Iterator[Slow]:
    made = Slow()
    yield made
    made.end()


def started(collector: Collector, slow: Slow) -> tuple[list[Report], threading.Event]:
    """Start it beside us; what it reports in the end, and when."""
    reports: list[Report] = []
    done = threading.Event()

    def then(report: Report) -> None:
        reports.append(report)
        done.set()

    assert collector.start(slow.module, NOW, then)
    return reports, done


def test_a_source_that_has_much_to_ask_for_may_take_its_time(make: Make, slow: Slow) -> None:
    """Thousands of answers at the upstream's pace are no hanging: only silence is."""
    never = threading.Event()

    def feed() -> None:
        for _ in range(9):
            never.wait(0.2)
            slow.go.release()
        never.wait(0.2)
        slow.end()

    feeder = threading.Thread(target=feed)
    feeder.start()
    (report,) = make(quiet_s=1.0).run([slow.module], NOW)
    feeder.join()
    assert report.error is None
    assert report.answers == 9
    assert report.seconds > 1.0


def test_the_next_bucket_does_not_call_a_source_hanging_that_is_still_at_it(
    make: Make, slow: Slow, ledger: Ledger
) -> None:
    collector = make(quiet_s=30)
    reports, done = started(collector, slow)
    (second,) = collector.run([slow.module], NOW + timedelta(minutes=5))
    assert (second.running, second.error) == (True, None)
    assert ledger.read("slow").last_error is None
    slow.end()
    assert done.wait(10)
    assert reports[0].ok
    assert slow.started == 1


def test_a_source_that_hangs_is_told_left_alone_and_cleared_when_it_comes_back(
    make: Make, slow: Slow, ledger: Ledger
) -> None:
    collector = make(quiet_s=0.2)
    fine = module("good", good)
    first = {r.source: r for r in collector.run([slow.module, fine], NOW)}
    assert first["good"].ok
    assert "no answer for" in str(first["slow"].error)
    again = {r.source: r for r in collector.run([slow.module, fine], NOW + timedelta(minutes=5))}
    assert again["good"].ok
    assert "no answer for" in str(again["slow"].error)
    assert slow.started == 1, "it is not started twice"
    assert ledger.read("slow").last_error_at == "2026-03-02T12:05:00Z"
    slow.end()
    until_ended(collector, "slow")
    entry = ledger.read("slow")
    assert entry.last_success is not None
    assert entry.last_error_at is not None
    assert entry.last_success >= entry.last_error_at, "the page no longer says that it fails"


def test_a_source_that_never_comes_back_is_given_up_and_started_again(
    make: Make, slow: Slow, ledger: Ledger, tmp_path: Path
) -> None:
    collector = make(quiet_s=0.5, give_up_s=0.6)
    collector.run([slow.module], NOW)
    hung = collector._busy["slow"]
    assert not hung.done.wait(0.2)
    other = SimpleNamespace(SOURCE=slow.module.SOURCE, fetch=good, parse=slow.module.parse)
    (report,) = collector.run([other], NOW + timedelta(hours=1))
    assert report.ok, "the new one is not kept from its work"
    slow.go.release()
    assert hung.done.wait(10)
    assert "long after it had been given up" in str(hung.report and hung.report.error)
    assert len(Archive(tmp_path).files()) == 1, "what it says now is too old to be taken"


def test_starting_waits_for_nothing(make: Make, slow: Slow) -> None:
    collector = make(quiet_s=30)
    reports, done = started(collector, slow)
    assert not collector.start(slow.module, NOW, reports.append), "one of a kind"
    assert not done.is_set()


def test_a_source_that_raises_at_once_is_a_failure_of_its_own(make: Make) -> None:
    def fetch(_http: object, _since: datetime, _until: datetime) -> Iterator[Answer]:
        raise RuntimeError("a bug in a plug-in")

    bad, fine = make().run([module("good", good), module("bad", fetch)], NOW)
    assert fine.ok
    assert bad.error == "bad: RuntimeError: a bug in a plug-in"


def test_hours_of_one_source_do_not_change_another(make: Make) -> None:
    """Two sources, one ledger: written at the same time, none loses its entry."""
    names = [f"source_{number}" for number in range(12)]
    sources = [SimpleNamespace(**{**vars(module(n, good)), "SOURCE": replace(module(n, good).SOURCE)}) for n in names]
    collector = make()
    assert all(report.ok for report in collector.run(sources, NOW))
    entries = collector._ledger.entries()
    assert {name: entry.rows for name, entry in entries.items()} == dict.fromkeys(names, 1)


def until_ended(collector: Collector, name: str) -> None:
    """Wait until a source's thread has ended."""
    assert collector._busy[name].done.wait(10)
