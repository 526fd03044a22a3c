"""MRT files as a source: which files are asked for, and what the recorded ones hold."""

from __future__ import annotations

import gzip
import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from radar.errors import ConfigError, UpstreamChanged, UpstreamUnavailable
from radar.http import Http, Limits
from radar.sources import Answer
from radar.sources._mrt_places import collector_in, patterns, time_in
from radar.sources.mrt_files import fetch, parse
from tests.conftest import SHARED
from tests.routing import build as b

T = datetime(2026, 1, 1, tzinfo=UTC)
RIS = "https://data.ris.ripe.net/rrc00/%Y.%m/updates.%Y%m%d.%H%M.gz"
DUMPS = "https://data.ris.ripe.net/rrc00/%Y.%m/bview.%Y%m%d.%H%M.gz"
ROUTEVIEWS = "https://archive.routeviews.org/route-views.sg/bgpdata/%Y.%m/UPDATES/updates.%Y%m%d.%H%M.bz2"
RIBS = "https://archive.routeviews.org/route-views.sg/bgpdata/%Y.%m/RIBS/rib.%Y%m%d.%H%M.bz2"

#: record counts of bgpdump's own reading of each file: announcements, withdrawals, states, table entries, prefixes
RECORDED = {
    "bgpdump.bview.20020722.2337.gz": (115521, 0, 0, 0, 115521),
    "bgpdump.bview.64k_stream_overflow.gz": (2, 0, 0, 0, 23),
    "bgpdump.updates.20020722.2238.gz": (1121, 825, 2419, 93, 0),
    "bgpdump.updates.20070211.0141.gz": (23394, 51329, 2328, 0, 0),
    "bgpdump.updates.20100722.2015.gz": (2193, 5067, 547, 40, 0),
    "bgpdump.updates.long_withdrawal.gz": (1, 0, 4096, 0, 0),
    "fetchmesh.bview.20190417.0800.gz": (6641, 0, 0, 0, 6640),
    "fetchmesh.rib.20180131.0800.bz2": (523, 0, 0, 0, 522),
    "ris.rrc06.updates.20150401.0000.gz": (795, 1435, 122, 4, 0),
    "rrc15.updates.20100227.1600.gz": (6615, 52468, 1318, 20, 0),
    "rrc15.updates.20100227.1610.gz": (1953, 5920, 1549, 16, 0),
}  # fmt: skip


def names(setting: str, since: datetime, until: datetime) -> list[str]:
    files = sorted(file for pattern in patterns(setting) for file in pattern.files(since, until))
    return [url.rpartition("/")[2] for _time, url in files]


# ------------------------------------------------------------------ which files


def test_updates_of_the_span_are_asked_for_once_they_must_be_there() -> None:
    assert names(RIS, T, T + timedelta(minutes=21)) == ["updates.20260101.0000.gz", "updates.20260101.0005.gz"]
    assert names(RIS, T, T + timedelta(minutes=11, seconds=59)) == []
    assert names(RIS, T, T + timedelta(minutes=12)) == ["updates.20260101.0000.gz"]


def test_updates_that_run_into_the_span_belong_to_it() -> None:
    assert names(RIS, T + timedelta(minutes=4), T + timedelta(minutes=12)) == ["updates.20260101.0000.gz"]


def test_routeviews_writes_every_quarter_of_an_hour() -> None:
    assert names(ROUTEVIEWS, T, T + timedelta(minutes=40)) == ["updates.20260101.0000.bz2", "updates.20260101.0015.bz2"]


def test_only_six_hours_of_updates_are_asked_for_however_long_nothing_was_asked() -> None:
    found = names(RIS, T - timedelta(days=28), T)
    assert found[0] == "updates.20251231.1800.gz"
    assert len(found) == 70


def test_of_dumps_only_the_newest_of_the_span_is_asked_for() -> None:
    assert names(DUMPS, T - timedelta(days=28), T + timedelta(hours=15)) == ["bview.20260101.0800.gz"]
    assert names(RIBS, T - timedelta(days=28), T + timedelta(hours=15)) == ["rib.20260101.1400.bz2"]
    assert names(DUMPS, T + timedelta(hours=8, minutes=1), T + timedelta(hours=15)) == []
    assert names(DUMPS, T, T + timedelta(minutes=6)) == []


def test_several_addresses_are_asked_in_the_order_of_time() -> None:
    found = names(f"{RIS} {ROUTEVIEWS} {DUMPS}", T, T + timedelta(minutes=24))
    assert sorted(found[:3]) == ["bview.20260101.0000.gz", "updates.20260101.0000.bz2", "updates.20260101.0000.gz"]
    assert found[3:] == ["updates.20260101.0005.gz", "updates.20260101.0010.gz"]


def test_another_archive_tells_its_step_behind_a_hash() -> None:
    setting = "https://mrt.example/%Y%m%d-%H%M.mrt#3600"
    assert names(setting, T, T + timedelta(hours=2, minutes=10)) == ["20260101-0000.mrt", "20260101-0100.mrt"]


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("https://mrt.example/updates.gz", "codes of strftime"),
        ("ftp://mrt.example/updates.%Y%m%d.gz", "an http address"),
        (f"{RIS} /var/mrt", "an http address"),
        ("https://mrt.example/%Y%m%d.gz", "'updates', 'bview' or 'rib'"),
        (f"{RIS}#59", "60 to 86400 seconds"),
        (f"{RIS}#often", "60 to 86400 seconds"),
    ],
)
def test_address_that_cannot_be_followed_is_a_wrong_setting(setting: str, said: str) -> None:
    with pytest.raises(ConfigError, match=f"RADAR_MRT_FILES has .*{said}"):
        patterns(setting)


def test_folder_is_no_address() -> None:
    assert patterns("/var/mrt/rrc00/*.gz") == []


@pytest.mark.parametrize(
    ("name", "time"),
    [
        ("updates.20260101.0005.gz", datetime(2026, 1, 1, 0, 5, tzinfo=UTC)),
        ("202601010005.mrt", datetime(2026, 1, 1, 0, 5, tzinfo=UTC)),
        ("updates.20261301.0005.gz", None),
        ("updates.latest.gz", None),
        ("1202601010005.mrt", None),
    ],
)
def test_time_stands_in_a_name(name: str, time: datetime | None) -> None:
    assert time_in(name) == time


@pytest.mark.parametrize(
    ("name", "collector"),
    [
        (RIS, "rrc00"),
        (ROUTEVIEWS, "route-views.sg"),
        ("rrc15.updates.20100227.1600.gz", "rrc15"),
        ("https://archive.routeviews.org/route-views6/bgpdata/x", "route-views6"),
        ("updates.20100227.1600.gz", ""),
        ("xrrc15.gz", ""),
    ],
)
def test_collector_stands_in_a_name_or_an_address(name: str, collector: str) -> None:
    assert collector_in(name) == collector


# ------------------------------------------------------------------ fetching


def client(answer: Callable[[httpx.Request], httpx.Response]) -> Http:
    return Http(transport=httpx.MockTransport(answer), sleep=lambda _s: None, limits=Limits(tries=1, interval_s=0))


def ask(
    monkeypatch: pytest.MonkeyPatch, place: Path | str, since: datetime, until: datetime,
    answer: Callable[[httpx.Request], httpx.Response] = lambda _request: httpx.Response(500),
) -> list[Answer]:  # fmt: skip
    monkeypatch.setenv("RADAR_MRT_FILES", str(place))
    return list(fetch(client(answer), since, until))


def test_answers_are_named_by_their_addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = ask(monkeypatch, RIS, T, T + timedelta(minutes=12), lambda _request: httpx.Response(200, content=b.PLAIN))
    assert answers == [Answer("https://data.ris.ripe.net/rrc00/2026.01/updates.20260101.0000.gz", b.PLAIN)]


def test_file_that_is_missing_does_not_stop_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(404 if "0010" in request.url.path else 200, content=b.PLAIN)

    assert len(ask(monkeypatch, RIS, T, T + timedelta(hours=1), answer)) == 9


def test_archive_that_refuses_most_files_has_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UpstreamChanged, match="10 of 10 items were refused"):
        ask(monkeypatch, RIS, T, T + timedelta(hours=2), lambda _request: httpx.Response(404))


def test_archive_that_is_down_is_unavailable(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UpstreamUnavailable, match="answered 503"):
        ask(monkeypatch, RIS, T, T + timedelta(hours=2), lambda _request: httpx.Response(503))


def test_nothing_is_asked_for_while_nothing_must_be_there(monkeypatch: pytest.MonkeyPatch) -> None:
    assert ask(monkeypatch, RIS, T, T + timedelta(minutes=5)) == []


def test_files_of_a_folder_are_taken_by_the_time_in_their_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "rrc00").mkdir()
    for name in ("updates.20251231.2355.gz", "updates.20260101.0000.gz", "bview.20260101.0000.gz", "notes.txt"):
        (tmp_path / "rrc00" / name).write_bytes(b.PLAIN)
    found = ask(monkeypatch, tmp_path, T, T + timedelta(minutes=5))
    assert [answer.name for answer in found] == ["rrc00.bview.20260101.0000.gz", "rrc00.updates.20260101.0000.gz"]
    assert len(ask(monkeypatch, tmp_path / "*" / "updates.*.gz", T - timedelta(hours=1), T)) == 1
    assert ask(monkeypatch, tmp_path, T + timedelta(minutes=5), T + timedelta(minutes=10)) == []


def test_file_without_a_time_in_its_name_is_taken_when_it_was_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "latest.mrt"
    file.write_bytes(b.PLAIN)
    os.utime(file, (T.timestamp(), T.timestamp()))
    assert [answer.name for answer in ask(monkeypatch, tmp_path, T, T + timedelta(minutes=5))] == ["latest.mrt"]
    assert ask(monkeypatch, tmp_path, T + timedelta(seconds=1), T + timedelta(minutes=5)) == []


def test_folder_without_files_is_unavailable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UpstreamUnavailable, match="no MRT file at"):
        ask(monkeypatch, tmp_path, T, T)


def test_empty_setting_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigError, match="RADAR_MRT_FILES is empty"):
        ask(monkeypatch, "", T, T)


# ------------------------------------------------------------------ reading


@pytest.mark.shared
@pytest.mark.parametrize("name", RECORDED)
def test_recorded_file_holds_what_bgpdump_finds_in_it(name: str) -> None:
    notes = parse((SHARED / "bgp-mrt" / name).read_bytes(), name=name).notes
    found = tuple(notes[what] for what in ("records", "announcements", "withdrawals", "states", "rib_entries"))
    assert found == RECORDED[name]
    assert notes["peers"] > 0
    assert notes["prefixes"] > 0


def test_what_is_rejected_and_where_the_file_ends_is_told() -> None:
    data = gzip.compress(b.PLAIN + b.bgp4mp(b.update(attrs=b.attribute(1, b"\0"), nlri=b.NLRI)) + b.PLAIN[:-1])
    found = parse(data)
    assert [(item.reason, item.count) for item in found.rejected] == [
        ("route without an AS path", 1), ("the file ends early", 1),
    ]  # fmt: skip
    assert found.rejected[0].example.startswith(f"record 2, byte {len(b.PLAIN)}: type 16, subtype 4")
    assert (found.notes["records"], found.notes["announcements"]) == (2, 1)


def test_file_of_which_no_record_can_be_read_has_changed() -> None:
    broken = b.bgp4mp(b.update(attrs=b.attribute(1, b"\0"), nlri=b.NLRI))
    with pytest.raises(UpstreamChanged, match=r"none of 3 records can be read; first record 1, byte 0: .* AS path"):
        parse(broken * 3)


def test_what_is_passed_over_is_noted_only_where_there_is_some() -> None:
    assert "passed_over" not in parse(b.PLAIN).notes
    assert parse(b.PLAIN + b.bgp4mp(b.message(4)) + b.bgp4mp(b.update())).notes["passed_over"] == 1
