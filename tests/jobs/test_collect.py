"""Collection of one source: bytes first, where it goes on, and what the ledger says. No store is needed."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import polars as pl
import pytest

from jobs.collect import ENOUGH, FIRST_REACH, TakenOver, collect, enabled, keep, resume, resume_at
from jobs.ledger import Entry, Ledger
from radar.archive import Archive
from radar.errors import ConfigError, UpstreamChanged, UpstreamUnavailable
from radar.http import Http
from radar.schema import SIGNALS, Parsed, Rejected
from radar.settings import load
from radar.sources import WHOLE, Answer, Shard, discover, get

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
SOURCE = get("ioda_signals").SOURCE


def one_row() -> pl.DataFrame:
    return pl.DataFrame(
        [
            {
                "timebin": NOW - timedelta(minutes=10),
                "entity": "country/IQ",
                "signal": "bgp.visible_24s",
                "value": 4.0,
                "n": None,
            }
        ],
        schema=SIGNALS,
    )


def module(name: str, fetch, parse=None):
    return SimpleNamespace(
        SOURCE=replace(SOURCE, name=name),
        fetch=fetch,
        parse=parse or (lambda body, *, name="": Parsed(one_row())),
    )


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    return Archive(tmp_path)


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger(tmp_path)


@pytest.fixture
def http() -> Http:
    return Http()


def good(_http: object, _since: datetime, _until: datetime) -> Iterator[Answer]:
    yield Answer("good.json", b"{}")


def test_rows_and_bytes_are_archived_and_the_ledger_says_so(archive: Archive, ledger: Ledger, http: Http) -> None:
    report = collect(module("good", good), NOW, http=http, archive=archive, ledger=ledger)
    assert report.ok
    assert report.rows == 1
    rows = archive.read(archive.files()[0])
    assert rows["source"].to_list() == ["good"]
    assert rows["simulated"].to_list() == [False]
    assert ledger.read("good").last_success == "2026-03-02T12:00:00Z"
    assert ledger.read("good").newest_bin == "2026-03-02T11:50:00Z"


def test_an_answer_that_is_not_understood_is_kept_and_the_next_one_still_read(
    archive: Archive, ledger: Ledger, tmp_path: Path
) -> None:
    def parse(body: bytes, *, name: str = "") -> Parsed:
        if body == b"bad":
            raise UpstreamChanged("good", "byte 0: expected '{'")
        return Parsed(one_row())

    answers = [Answer("bad.json", b"bad"), Answer("good.json", b"{}")]
    report = keep(module("good", good, parse), answers, NOW, archive=archive, ledger=ledger)
    assert not report.ok
    assert report.error == "1 of 2 answers were not understood, first good: byte 0: expected '{'"
    assert report.rows == 1
    assert len(list((tmp_path / "archive" / "raw").rglob("*.zst"))) == 2, "the bytes that failed are kept too"


def test_a_source_that_breaks_its_own_contract_is_an_error_of_that_source(archive: Archive, ledger: Ledger) -> None:
    def parse(body: bytes, *, name: str = "") -> Parsed:
        return Parsed(one_row().with_columns(pl.lit(float("nan")).alias("value")))

    report = keep(module("bad", good, parse), [Answer("a", b"")], NOW, archive=archive, ledger=ledger)
    assert report.error is not None
    assert "not finite" in report.error
    assert archive.files() == []


def test_rejected_rows_are_counted_with_an_example(archive: Archive, ledger: Ledger) -> None:
    def parse(body: bytes, *, name: str = "") -> Parsed:
        return Parsed(one_row(), (Rejected("unknown country", 3, "country/XX"),))

    keep(module("good", good, parse), [Answer("a", b""), Answer("b", b"")], NOW, archive=archive, ledger=ledger)
    entry = ledger.read("good")
    assert entry.rejected == 6
    assert entry.rejected_examples == [{"reason": "unknown country", "count": 6, "example": "country/XX"}]


def test_a_failure_is_noted_and_a_later_success_is_newer(archive: Archive, ledger: Ledger, http: Http) -> None:
    def down(_http: object, _since: datetime, _until: datetime) -> Iterator[Answer]:
        raise UpstreamUnavailable("good", "503 from the upstream")
        yield

    collect(module("good", down), NOW, http=http, archive=archive, ledger=ledger)
    assert ledger.read("good").last_error == "good: 503 from the upstream"
    collect(module("good", good), NOW + timedelta(minutes=5), http=http, archive=archive, ledger=ledger)
    entry = ledger.read("good")
    assert entry.last_success is not None
    assert entry.last_error_at is not None
    assert entry.last_success > entry.last_error_at


def asked_from(ledger: Ledger, archive: Archive, http: Http, now: datetime, answers, *, parse=None) -> datetime:
    """Collect once from a source that gives these answers; since when it was asked."""
    asked: list[datetime] = []

    def fetch(_http: object, since: datetime, _until: datetime) -> Iterator[Answer]:
        asked.append(since)
        for answer in answers:
            if isinstance(answer, Exception):
                raise answer
            yield answer

    collect(module("good", fetch, parse), now, http=http, archive=archive, ledger=ledger)
    return asked[0]


GOOD = Answer("good.json", b"{}")
LATER = NOW + timedelta(minutes=5)


def test_the_next_collection_starts_where_the_last_one_ended(archive: Archive, ledger: Ledger, http: Http) -> None:
    assert asked_from(ledger, archive, http, NOW, [GOOD]) == NOW - timedelta(days=28)
    assert asked_from(ledger, archive, http, LATER, [GOOD]) == NOW - timedelta(minutes=25), (
        "three bins before its newest"
    )


def test_a_collection_that_broke_off_counts_for_nothing(archive: Archive, ledger: Ledger, http: Http) -> None:
    """It asked for some countries only: what came of them says nothing of where the others are."""
    asked_from(ledger, archive, http, NOW, [GOOD, UpstreamUnavailable("good", "503 for the second country")])
    assert asked_from(ledger, archive, http, LATER, [GOOD]) == LATER - FIRST_REACH
    broken = LATER + timedelta(hours=3)
    asked_from(ledger, archive, http, broken, [GOOD, RuntimeError("a bug")])
    entry = ledger.read("good")
    assert (entry.complete_until, entry.asked_until) == ("2026-03-02T12:05:00Z", "2026-03-02T12:05:00Z")
    assert asked_from(ledger, archive, http, broken, [GOOD]) <= LATER


def test_what_is_refused_for_good_is_not_asked_for_again(archive: Archive, ledger: Ledger, http: Http) -> None:
    asked_from(ledger, archive, http, NOW, [GOOD, UpstreamChanged("good", "40 of 100 countries were refused")])
    assert ledger.read("good").last_success is None
    assert asked_from(ledger, archive, http, LATER, [GOOD]) == NOW - timedelta(minutes=25)


def test_answers_that_were_not_understood_are_asked_for_again_for_some_hours(
    archive: Archive, ledger: Ledger, http: Http
) -> None:
    def parse(body: bytes, *, name: str = "") -> Parsed:
        if body != b"{}":
            raise UpstreamChanged("good", "byte 0: expected '{'")
        return Parsed(one_row())

    asked_from(ledger, archive, http, NOW, [GOOD], parse=parse)
    asked_from(ledger, archive, http, LATER, [GOOD, Answer("2", b"<html>")], parse=parse)
    entry = ledger.read("good")
    assert (entry.complete_until, entry.asked_until) == ("2026-03-02T12:00:00Z", "2026-03-02T12:05:00Z")
    for hours, held in ((1, 1), (5, 5), (11, 6)):
        now = NOW + timedelta(hours=hours)
        entry.asked_until = now.isoformat()
        entry.newest_bins = dict.fromkeys(entry.newest_bins, now.isoformat())
        assert resume_at(SOURCE, entry, now) == now - timedelta(hours=held)


def test_a_signal_that_comes_later_than_the_others_is_not_passed_over() -> None:
    """Pings come an hour after routes: asking on from the newest route would leave them out for ever."""
    until = "2026-03-02T12:00:00Z"
    newest = {"bgp.visible_24s": "2026-03-02T11:50:00Z", "ping.up_24s": "2026-03-02T10:50:00Z"}
    entry = Entry("ioda_signals", newest_bins=newest, complete_until=until, asked_until=until)
    assert resume_at(SOURCE, entry, LATER) == NOW - timedelta(minutes=70 + 30)
    entry.newest_bins["ping.up_24s"] = "2026-01-01T00:00:00Z"
    assert resume_at(SOURCE, entry, LATER) > NOW - timedelta(hours=7), "one that has ended does not hold up the others"


def test_a_source_without_news_is_asked_for_a_day_and_one_that_was_away_for_all_of_it() -> None:
    old = (NOW - timedelta(days=5)).strftime("%Y-%m-%dT%H:%M:%SZ")
    away = Entry("ioda_signals", newest_bins={"bgp.visible_24s": old}, complete_until=old, asked_until=old)
    assert resume_at(SOURCE, away, NOW) < NOW - timedelta(days=5)
    asked = NOW.strftime("%Y-%m-%dT%H:%M:%SZ")
    silent = Entry("ioda_signals", newest_bins={"bgp.visible_24s": old}, complete_until=asked, asked_until=asked)
    assert NOW - timedelta(days=1) < resume_at(SOURCE, silent, NOW) < NOW - timedelta(hours=12)


def test_a_source_of_months_reaches_back_over_months() -> None:
    """Its newest month is one or two behind: four weeks would never hold one."""
    assert resume_at(get("mlab_ndt").SOURCE, Entry("mlab_ndt"), NOW) <= NOW - timedelta(days=120)


def test_an_upstream_that_only_talks_nonsense_is_left_after_some_answers(archive: Archive, ledger: Ledger) -> None:
    def parse(body: bytes, *, name: str = "") -> Parsed:
        raise ValueError("no such key")  # not what a parser should raise

    answers = (Answer(str(number), b"<html>%d" % number) for number in range(500))
    report = keep(module("bad", good, parse), answers, NOW, archive=archive, ledger=ledger)
    assert report.answers == ENOUGH
    assert report.error == f"bad: none of {ENOUGH} answers was understood, first bad: ValueError: no such key"
    assert len(archive.pending_raw()) == ENOUGH, "kept for a better parser"


def test_an_answer_that_breaks_the_parser_does_not_break_the_next_start(archive: Archive) -> None:
    for number, body in enumerate((b"\xff\xfe nonsense", b"{}")):
        archive.put_raw("ioda_signals", str(number), body, received_at=NOW, simulated=False)
    archive.put_raw("gone", "of a source that was removed", b"1", received_at=NOW, simulated=False)
    broken = next(iter((archive.root / "raw" / "ioda_signals").rglob("*.zst")))
    broken.write_bytes(b"torn")
    assert resume(archive) == (0, set())
    assert resume(archive) == (0, set())


def test_a_ledger_entry_that_cannot_be_read_is_put_aside_and_the_source_begins_anew(
    archive: Archive, ledger: Ledger, http: Http, tmp_path: Path
) -> None:
    asked_from(ledger, archive, http, NOW, [GOOD])
    file = tmp_path / "collect" / "good.json"
    for content in (b"", b"[]", b'{"newest_bin": "yesterday"}', b'{"rows": "many"}', b'{"source": "another"}'):
        file.write_bytes(content)
        assert ledger.read("good") == Entry("good")
        assert file.with_suffix(".broken").read_bytes() == content
    assert asked_from(ledger, archive, http, LATER, [GOOD]) == LATER - FIRST_REACH
    assert set(ledger.entries()) == {"good"}


def test_an_entry_of_another_version_is_read_as_far_as_it_is_known(ledger: Ledger, tmp_path: Path) -> None:
    (tmp_path / "collect").mkdir()
    (tmp_path / "collect" / "good.json").write_bytes(b'{"source": "good", "rows": 3, "invented_later": 1}')
    assert ledger.read("good").rows == 3


def test_a_disk_that_takes_nothing_is_told_and_raises_nothing(ledger: Ledger, http: Http, tmp_path: Path) -> None:
    archive = Archive(tmp_path)
    (tmp_path / "collect").write_text("in the way")
    report = collect(module("good", good), NOW, http=http, archive=archive, ledger=ledger)
    assert not report.ok
    assert "cannot be" in str(report.error)


def test_a_failure_that_cannot_be_written_down_is_still_told(
    archive: Archive, ledger: Ledger, http: Http, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a full disk neither the answer nor the note of it can be kept; the sources page must say so all the same."""

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as disk:
        disk.setattr("os.fsync", full)
        report = collect(module("good", good), NOW, http=http, archive=archive, ledger=ledger)
        assert "No space left" in str(report.error)
        assert "No space left" in str(ledger.entries()["good"].last_error)
    collect(module("good", good), LATER, http=http, archive=archive, ledger=ledger)
    assert ledger.read("good").last_success == "2026-03-02T12:05:00Z"
    assert Ledger(archive.root.parent).read("good") == ledger.read("good")


def test_a_source_whose_setting_is_empty_is_not_collected(tmp_path: Path) -> None:
    names = {m.SOURCE.name for m in enabled(load({}))}
    assert "edge_logs" not in names
    assert "mlab_ndt" in names
    with_logs = {m.SOURCE.name for m in enabled(load({"RADAR_EDGE_LOGS": str(tmp_path)}))}
    assert "edge_logs" in with_logs


def test_a_name_in_the_settings_that_is_no_source_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="RADAR_SOURCES names edge_log; expected 'all' or some of atlas_probes,"):
        enabled(load({"RADAR_SOURCES": "edge_log,ioda_signals"}))


def test_a_source_with_terms_is_collected_only_where_they_are_accepted() -> None:
    def names(environ: dict[str, str]) -> set[str]:
        return {m.SOURCE.name for m in enabled(load(environ))}

    asked = {name: m.SOURCE for name, m in discover().items() if not hasattr(m, "stream") and not m.SOURCE.setting}
    with_terms = {name for name, source in asked.items() if source.terms and not source.derived_from}
    assert with_terms >= {"ioda_signals", "ripestat_country", "ripestat_network", "atlas_probes", "atlas_results"}
    assert not with_terms & names({})
    assert not with_terms & names({"RADAR_SOURCES": "ioda_signals,mlab_ndt"}), "to name it is not to accept its terms"
    assert names({"RADAR_ACCEPT_TERMS": "ioda_signals"}) & with_terms == {"ioda_signals"}
    assert names({"RADAR_ACCEPT_TERMS": "all"}) >= with_terms
    with pytest.raises(ConfigError, match="RADAR_ACCEPT_TERMS names moon; expected 'all' or some of"):
        enabled(load({"RADAR_ACCEPT_TERMS": "moon"}))


def test_to_collect_one_by_name_is_refused_with_its_terms_and_how_to_accept_them() -> None:
    with pytest.raises(ConfigError) as refused:
        enabled(load({}), ["atlas_probes"])
    said = str(refused.value)
    source = get("atlas_probes").SOURCE
    for part in (source.terms, source.licence_url, "add atlas_probes to RADAR_ACCEPT_TERMS"):
        assert part in said
    assert [m.SOURCE.name for m in enabled(load({"RADAR_ACCEPT_TERMS": "all"}), ["atlas_probes"])] == ["atlas_probes"]


PARTS = [Shard(number, 2) for number in range(2)]


def test_the_parts_of_a_source_together_ask_for_what_the_whole_asks_for() -> None:
    names = [f"{number:03}" for number in range(250)]
    taken = [shard.take(names) for shard in PARTS]
    assert sorted(taken[0] + taken[1]) == names
    assert min(len(part) for part in taken) > 80
    assert [shard.label for shard in PARTS] == ["1of2", "2of2"]
    assert (WHOLE.label, WHOLE.take(names)) == ("", names)
    assert {name: m.SOURCE.shards for name, m in discover().items() if m.SOURCE.shards > 1}, "some are cut"
    for one in discover().values():
        cut = "shard" in inspect.signature(getattr(one, "fetch", len)).parameters
        assert cut == (one.SOURCE.shards > 1), f"{one.SOURCE.name} says that it is cut, and must be able to"


def test_each_part_goes_on_from_its_own_place_and_the_whole_is_as_far_as_the_last_of_them(ledger: Ledger) -> None:
    name, labels = "ripestat_country", ("1of2", "2of2")
    with ledger.change(name, labels[0]) as entry:
        entry.last_success = entry.asked_until = "2026-03-02T12:00:00Z"
        entry.newest_bins, entry.rows = {"a": "2026-03-02T11:00:00Z"}, 5
    whole = ledger.read(name)
    assert (whole.asked_until, whole.rows) == (None, 5), "half of it was never asked for"
    with ledger.change(name, labels[1]) as entry:
        entry.last_success = entry.asked_until = "2026-03-02T11:30:00Z"
        entry.last_error, entry.last_error_at = "no answer", "2026-03-02T11:45:00Z"
    whole = ledger.read(name)
    assert whole.asked_until == "2026-03-02T11:30:00Z"
    assert (whole.fails, whole.last_error) == (True, "part 2of2: no answer")
    assert list(ledger.entries()) == [name]
    with ledger.change(name) as entry:  # `radar collect` asks for all of it
        entry.last_success = entry.asked_until = "2026-03-02T13:00:00Z"
    assert {ledger.read(name, label).asked_until for label in labels} == {"2026-03-02T13:00:00Z"}
    assert not ledger.read(name).fails
    assert Ledger(ledger._folder.parent).read(name) == ledger.read(name)


def test_a_collection_that_was_taken_over_archives_nothing_more_and_notes_nothing(
    archive: Archive, ledger: Ledger
) -> None:
    def answers() -> Iterator[Answer]:
        yield Answer("a", b"")
        raise TakenOver

    report = keep(module("good", good), answers(), NOW, archive=archive, ledger=ledger)
    assert (report.running, report.ok, report.error) == (True, False, None)
    assert ledger.read("good").last_error is None
    assert ledger.read("good").asked_until is None
