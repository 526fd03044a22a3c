"""History, asked for month by month: nothing twice, nothing lost, and a failure is told and tried again."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import polars as pl
import pytest

from jobs import backfill as command
from jobs.backfill import ENOUGH, Report, backfill, between
from jobs.ledger import Ledger
from jobs.live import LivePipeline
from radar.archive import Archive
from radar.errors import ArchiveError, ConfigError, UpstreamChanged, UpstreamUnavailable
from radar.http import Http
from radar.schema import SIGNALS, Parsed
from radar.settings import Settings, load
from radar.signals import GROUPS
from radar.sources import Answer, discover, get
from radar.store import Store, documents, keys, series
from radar.store.retention import Keep
from tests.jobs.test_live import DAY, NOW, SERIES, STEP, Stage, pings
from tests.jobs.upstream import upstream

SOURCE = get("ioda_signals").SOURCE
Fetch = Callable[[Http, datetime, datetime], Iterator[Answer]]


def rows(start: datetime) -> pl.DataFrame:
    row = {"timebin": start, "entity": "country/IQ", "signal": "ping.up_24s", "value": 4.0, "n": None}
    return pl.DataFrame([row], schema=SIGNALS)


def parse(body: bytes, *, name: str = "") -> Parsed:
    if body == b"odd":
        raise UpstreamChanged("ioda_signals", f"{name} is odd")
    return Parsed(rows(datetime.fromisoformat(body.decode())))


def module(fetch: Fetch, **changed: Any) -> Any:
    return SimpleNamespace(SOURCE=replace(SOURCE, **changed), fetch=fetch, parse=parse)


class Asked:
    """An upstream that gives two answers a span, and remembers what it was asked."""

    def __init__(self, **failing: str) -> None:
        self.spans: list[tuple[datetime, datetime]] = []
        self.failing = failing  # by month, as y2025_02; "none", "half" or "odd"

    def fetch(self, _http: Http, since: datetime, until: datetime) -> Iterator[Answer]:
        self.spans.append((since, until))
        how = self.failing.get(f"y{since:%Y_%m}", "")
        if how == "none":
            raise UpstreamUnavailable("ioda_signals", "no answer")
        yield Answer(f"{since:%Y-%m-%d} a", since.isoformat().encode())
        if how == "half":
            raise UpstreamUnavailable("ioda_signals", "went away")
        yield Answer(f"{since:%Y-%m-%d} b", b"odd" if how == "odd" else (since + STEP).isoformat().encode())

    @property
    def months(self) -> list[str]:
        return [f"{since:%Y-%m}" for since, _until in self.spans]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load({"RADAR_DATA_DIR": str(tmp_path)})


def ask(settings: Settings, asked: Asked, first: str, last: str, *, now: datetime = NOW, **changed: Any) -> Report:
    months = between(*(datetime.strptime(text, "%Y-%m").replace(tzinfo=UTC) for text in (first, last)))
    with Http() as http:
        return backfill(settings, module(asked.fetch, **changed), months, http=http, now=now)


def test_each_month_is_asked_for_once_and_archived(settings: Settings) -> None:
    asked = Asked()
    report = ask(settings, asked, "2025-11", "2026-01")
    assert asked.spans[0] == (datetime(2025, 11, 1, tzinfo=UTC), datetime(2025, 12, 1, tzinfo=UTC))
    assert asked.months == list(report.asked) == ["2025-11", "2025-12", "2026-01"]
    assert report.ok
    assert all(month.complete and (month.answers, month.rows) == (2, 2) for month in report.asked.values())
    archive = Archive(settings.data_dir)
    assert len(archive.files("ioda_signals")) == 6
    assert {archive.raw(file).name for file in archive.files()} >= {"2025-11-01 a", "2026-01-01 b"}
    again = ask(settings, asked, "2025-10", "2026-01", now=NOW + DAY)
    assert asked.months[3:] == ["2025-10"], "only what is new"
    assert again.known == ["2025-11", "2025-12", "2026-01"]


def test_the_regular_collection_goes_on_where_it_was(settings: Settings) -> None:
    ledger = Ledger(settings.data_dir)
    with ledger.change("ioda_signals") as entry:
        entry.asked_until = entry.complete_until = "2026-02-22T23:50:00Z"
    before = ledger.read("ioda_signals")
    ask(settings, Asked(y2025_12="none"), "2025-11", "2025-12")
    assert Ledger(settings.data_dir).read("ioda_signals") == before
    assert list(Ledger(settings.data_dir).entries()) == ["ioda_signals"]


def test_a_month_that_is_not_over_is_asked_for_up_to_now_and_again_later(settings: Settings) -> None:
    asked = Asked()
    report = ask(settings, asked, "2026-02", "2026-02")
    assert asked.spans == [(datetime(2026, 2, 1, tzinfo=UTC), NOW)]
    assert report.ok
    assert not report.asked["2026-02"].complete
    ask(settings, asked, "2026-02", "2026-02", now=NOW + DAY * 10)
    assert asked.spans[1][1] == datetime(2026, 3, 1, tzinfo=UTC)
    assert ask(settings, asked, "2026-02", "2026-02", now=NOW + DAY * 11).known == ["2026-02"]


@pytest.mark.parametrize(("how", "says"), [("half", "went away"), ("none", "no answer"), ("odd", "1 of 2 answers")])
def test_a_month_that_failed_is_told_and_tried_again_and_the_others_are_not(
    settings: Settings, how: str, says: str
) -> None:
    asked = Asked(y2025_11=how)
    report = ask(settings, asked, "2025-10", "2025-12")
    assert not report.ok
    assert [name for name, month in report.asked.items() if month.error] == ["2025-11"]
    assert says in str(report.asked["2025-11"].error)
    asked.failing = {}
    again = ask(settings, asked, "2025-10", "2025-12", now=NOW + timedelta(hours=1))
    assert asked.months[3:] == ["2025-11"]
    assert again.ok
    names = [Archive(settings.data_dir).raw(file).name for file in Archive(settings.data_dir).files()]
    assert names.count("2025-11-01 a") == 1, "an answer that came before is recognised"


def test_after_some_months_without_an_answer_no_more_are_asked_for(settings: Settings) -> None:
    asked = Asked(**{f"y2025_{month:02}": "none" for month in range(1, 13)})
    report = ask(settings, asked, "2025-01", "2025-12")
    assert len(asked.spans) == ENOUGH
    assert report.left == [f"2025-{month:02}" for month in range(ENOUGH + 1, 13)]
    assert not report.ok


def test_a_source_that_takes_short_spans_is_asked_in_pieces(settings: Settings) -> None:
    asked = Asked()
    ask(settings, asked, "2025-02", "2025-02", past_hours=24 * 10)
    assert [(since.day, until.day) for since, until in asked.spans] == [(1, 11), (11, 21), (21, 1)]


def test_one_run_asks_at_a_time(settings: Settings) -> None:
    with (
        Archive(settings.data_dir).disk.locked("backfill-ioda_signals.lock"),
        pytest.raises(ConfigError, match="another run is asking"),
    ):
        ask(settings, Asked(), "2025-01", "2025-01")


def test_notes_that_are_broken_are_an_error_that_says_what_to_do(settings: Settings) -> None:
    ask(settings, Asked(), "2025-01", "2025-01")
    (settings.data_dir / "backfill" / "ioda_signals.json").write_text('{"2025-01": ', encoding="utf-8")
    with pytest.raises(ArchiveError, match=r"ioda_signals\.json is broken .* expected months"):
        ask(settings, Asked(), "2025-01", "2025-01")


KILLED = """
import os, signal, sys
from datetime import datetime
from pathlib import Path
from radar.settings import load
from tests.jobs.test_backfill import Asked, ask
from radar.sources import Answer

class Dies(Asked):
    def fetch(self, http, since, until):
        with open(sys.argv[1], "a") as out:
            out.write(f"{since:%Y-%m}\\n")
        for number, answer in enumerate(super().fetch(http, since, until)):
            if f"{since:%Y-%m} {number}" == sys.argv[2]:
                os.kill(os.getpid(), signal.SIGKILL)
            yield answer

ask(load(), Dies(), "2025-01", "2025-06")
"""


@pytest.mark.parametrize("at", ["2025-01 0", "2025-03 1", "2025-06 1"])
def test_a_run_that_was_killed_goes_on_with_the_first_month_that_is_not_complete(
    settings: Settings, tmp_path: Path, at: str, repo_root: Path
) -> None:
    told = tmp_path / "asked"
    env = {**os.environ, "RADAR_DATA_DIR": str(settings.data_dir)}
    done = subprocess.run(
        [sys.executable, "-c", KILLED, str(told), at], cwd=repo_root, env=env, check=False, timeout=90
    )
    assert done.returncode == -signal.SIGKILL
    asked = Asked()
    assert ask(settings, asked, "2025-01", "2025-06", now=NOW + DAY).ok
    every = told.read_text(encoding="utf-8").split()
    assert every[-1] == at[:7]
    assert every[:-1] + asked.months == [f"2025-{month:02}" for month in range(1, 7)]
    archive = Archive(settings.data_dir)
    names = sorted(archive.raw(file).name for file in archive.files())
    assert names == sorted({f"2025-{month:02}-01 {part}" for month in range(1, 7) for part in "ab"})


# -- the real source, and a running radar ------------------------------------------------------------------------------


def test_a_real_source_is_asked_through_the_shared_client(settings: Settings) -> None:
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(str(request.url))
        return httpx.Response(200, json={"data": [[]]})

    def at_once(_seconds: float) -> None: ...

    with Http(transport=httpx.MockTransport(answer), sleep=at_once) as http:
        report = backfill(settings, get("ioda_signals"), between(NOW - DAY * 60, NOW - DAY * 60), http=http, now=NOW)
    spans = {re.sub(r".*\?", "", url) for url in asked}
    first, last = int(datetime(2025, 12, 1, tzinfo=UTC).timestamp()), int(datetime(2026, 1, 1, tzinfo=UTC).timestamp())
    assert f"from={first}&until={first + 14 * 86400}" in spans
    assert any(span.endswith(f"until={last}") for span in spans)
    assert report.asked["2025-12"].answers == len(asked) > 500


def test_hours_that_are_left_to_settle_are_asked_for_by_no_month_twice_and_missed_by_none(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RADAR_ATLAS_MEASUREMENTS", "1001")
    asked: list[range] = []

    def answer(request: httpx.Request) -> httpx.Response:
        start, stop = (int(request.url.params[name]) for name in ("start", "stop"))
        asked.append(range(start + 3600, stop + 1, 3600))  # the hour before is there to compare with
        return httpx.Response(200, content=b"[]")

    def at_once(_seconds: float) -> None: ...

    def ask_month(now: datetime) -> bool:
        asked.clear()
        with Http(transport=httpx.MockTransport(answer), sleep=at_once) as http:
            return backfill(settings, get("atlas_results"), [first], http=http, now=now).asked["2026-01"].complete

    first, last = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC)
    whole = range(int(first.timestamp()), int(last.timestamp()), 3600)
    assert not ask_month(last + timedelta(minutes=14))
    assert [hour for span in asked for hour in span] == [*whole[:-1]]
    assert ask_month(last + timedelta(minutes=15))
    assert [hour for span in asked for hour in span] == [*whole]


def test_a_real_server_that_fails_is_told(settings: Settings) -> None:
    with upstream() as server, Http() as http:

        def fetch(http: Http, since: datetime, until: datetime) -> Iterator[Answer]:
            yield Answer("good", since.isoformat().encode() if http.get(f"{server.url}/good", source="x").body else b"")
            http.get(f"{server.url}/busy", source="ioda_signals")

        months = between(datetime(2025, 1, 1, tzinfo=UTC), datetime(2025, 1, 1, tzinfo=UTC))
        report = backfill(settings, module(fetch), months, http=http, now=NOW)
        assert server.asked[0] == "good"
    assert report.asked["2025-01"].answers == 1
    assert "429" in str(report.asked["2025-01"].error)


def test_a_running_radar_takes_the_past_in_and_nothing_is_an_error(
    tmp_path: Path, client: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage = Stage(tmp_path, client)

    def anew(keep: Keep) -> LivePipeline:
        return LivePipeline(client, stage.archive, ledger=stage.ledger, enabled=("ioda_signals",), keep=keep)

    stage.put(pings(NOW - DAY * 10, 1440), NOW)
    stage.asked(NOW)
    line = anew(Keep(3, 89, 0))
    line.tick(NOW)
    seen: list[int] = []
    feed = LivePipeline.__mro__[1].feed_block  # type: ignore[attr-defined]

    def counted(self: LivePipeline, block: Any, *, simulated: bool) -> None:
        seen.append(block.bins)
        feed(self, block, simulated=simulated)

    monkeypatch.setattr(LivePipeline, "feed_block", counted)
    old = [pings(NOW - DAY * days, 144, ("IQ",)) for days in (400, 200, 60)]
    stage.put(pl.concat(old), NOW)
    report = line.tick(NOW + STEP)
    assert (report.files, report.rows) == (1, 3 * 144)
    assert sum(seen) <= 144 + 1, "no room is made for the months between, and none for what is not kept"
    found = series.read(client, "country/IQ", SERIES, "value", NOW - DAY * 60, NOW - DAY * 59)
    assert None not in found.values
    for days in (400, 200):
        assert not list(client.scan_iter(match=f"{keys.PAGE_HEAD}country/IQ*value:{_page(NOW - DAY * days)}"))
    assert documents.get(client, "outages") == []
    seen.clear()
    client.flushall()
    anew(Keep(0, 0, 0)).tick(NOW + STEP * 2)
    assert max(seen) <= 31 * 144, "a month at a time"
    for days in (400, 200, 60):
        found = series.read(client, "country/IQ", SERIES, "value", NOW - DAY * days, NOW - DAY * (days - 1))
        assert None not in found.values, "kept for ever, all of it is there"


def _page(moment: datetime) -> int:
    grain = GROUPS["ioda10"].grain_s
    return keys.bin_index(grain, moment) // keys.page_bins(grain)


# -- the command -------------------------------------------------------------------------------------------------------


def test_sources_that_tell_only_of_now_say_so(settings: Settings) -> None:
    with pytest.raises(ConfigError, match="ris_live cannot be asked for the past"):
        command.run(settings, get("ris_live"), since=NOW, until=NOW, as_json=False)
    past = {name for name, found in discover().items() if found.SOURCE.past_hours}
    assert past == {"atlas_results", "cloudflare_radar", "google_traffic", "ioda_signals", "mlab_ndt", "mrt_files",
                    "ooni_aggregation", "ripestat_country", "ripestat_network"}  # fmt: skip


def test_a_span_that_is_none_and_a_source_without_its_setting_are_refused(settings: Settings) -> None:
    with pytest.raises(ConfigError, match="is no span of months"):
        command.run(settings, get("ooni_aggregation"), since=NOW, until=NOW - DAY * 40, as_json=False)
    chosen = replace(settings, accept_terms=("all",))
    with pytest.raises(ConfigError, match="needs RADAR_CLOUDFLARE_TOKEN"):
        command.run(chosen, get("cloudflare_radar"), since=NOW, until=NOW, as_json=False)


def test_the_command_says_how_each_month_went(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    asked = Asked(y2025_02="half")
    january, march = datetime(2025, 1, 1, tzinfo=UTC), datetime(2025, 3, 1, tzinfo=UTC)
    chosen = replace(settings, accept_terms=("all",))
    assert command.run(chosen, module(asked.fetch), since=january, until=march, as_json=False) == 1
    said = capsys.readouterr()
    assert "complete   ioda_signals 2025-01: 2 answers, 2 rows, 0 rejected" in said.out
    assert "failed     ioda_signals 2025-02: ioda_signals: went away" in said.out
    assert "The same call asks again" in said.out
    assert "2025-01: 1 answers" in said.err
    asked.failing = {}
    assert command.run(chosen, module(asked.fetch), since=january, until=march, as_json=True) == 0
    body = json.loads(capsys.readouterr().out)
    assert (body["ok"], list(body["asked"]), body["known"]) == (True, ["2025-02"], ["2025-01", "2025-03"])
