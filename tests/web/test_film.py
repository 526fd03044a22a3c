"""A day of the map in one answer: each frame is what a page of that moment shows, and what is not known is a gap."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from html import escape
from typing import Any

import orjson
import pytest

from radar.pages import _then
from radar.store import Store, documents, keys, travel
from tests.samples import NOW, sample_documents, text
from tests.web.conftest import Site

IRAQ = "IQ-20260302T0500Z"
LETTERS = {"outage": "x", "degraded": "d", "ok": "o", "insufficient": "i", "none": ""}


def publish(store: Store, at: datetime, *, calm: bool = False, mode: str = "replay", notice: bool = False) -> None:
    """The samples as of a moment; ``calm``: Iraq's outage has ended, with all that was part of it."""
    docs, states = sample_documents(notice=notice)
    docs["clock"] = docs["clock"] | {"now": text(at), "mode": mode}
    if calm:
        ended = {"status": "closed", "end": text(at)}
        docs["outages"] = [row | ended if IRAQ in (row["id"], row.get("parent")) else row for row in docs["outages"]]
        states["country/IQ"] = states["country/PT"]
    with travel.Recorder(store).recording(at, docs, states) as record:
        documents.publish(store, docs, states, within=record.write)


class Film:
    """An answer, read as a browser reads it."""

    def __init__(self, body: dict[str, Any]) -> None:
        self.body = body
        self.since = datetime.fromisoformat(body["since"])

    def frame(self, at: datetime) -> int:
        return int((at - self.since).total_seconds() // self.body["step_s"])

    def states(self, at: datetime) -> dict[str, str]:
        return {code: letter for i, code, letter in self.body["changes"] if i <= self.frame(at)}

    def within(self, name: str, at: datetime) -> list[Any]:
        """Rows of a list of ranges that hold the frame."""
        i = self.frame(at)
        return [row for row in self.body[name] if row[0] <= i < row[1]]

    def listed(self, at: datetime) -> list[dict[str, Any]]:
        """The outages of the frame, as the list says them."""
        return [self.body["outages"][number] for _i, _j, some in self.within("lists", at) for number in some]

    def open(self, at: datetime) -> set[str]:
        return {row["id"] for row in self.listed(at)}


def film(site: Site, query: str = "") -> Film:
    answer = site.get(f"/film.json{query}")
    assert answer.status_code in (200, 202), answer.text
    return Film(answer.json)


@pytest.fixture
def past(site: Site) -> Site:
    """The samples at noon, the same at five past one, Iraq's end at two, and nothing since."""
    publish(site.store, NOW + timedelta(minutes=65), notice=True)
    publish(site.store, NOW + timedelta(hours=2), calm=True)
    site.at(lambda: NOW + timedelta(hours=2))
    return site


def test_each_frame_is_what_the_page_of_that_moment_shows(past: Site) -> None:
    told = film(past)
    for minutes in (0, 30, 65, 115, 120):
        at = NOW + timedelta(minutes=minutes)
        page = past.page(f"/?at={text(at)}")
        shown = dict(re.findall(r'<a href="/country/(\w\w)[^"]*" class="c s-(\w+)"', page))
        states = told.states(at)
        assert {code: states.get(code, "") for code in shown} == {c: LETTERS[kind] for c, kind in shown.items()}
        (heading,) = told.within("headings", at)
        assert heading[2] in page
        listed = page.partition('id="open"')[2].partition("</section>")[0]
        rows = told.listed(at)
        assert len(rows) == int(re.findall(r'class="count">(\d+)<', listed)[0])
        texts = re.findall(r'<h3 class="sentence"><a href="/outage/([^?]+)\?[^>]*>([^<]+)</a>', listed)
        assert [(row["id"], escape(row["sentence"], quote=False)) for row in rows] == [
            (id, text.replace("&#x27;", "'").replace("&quot;", '"')) for id, text in texts
        ]
        for row in rows:
            assert all(escape(fact) in listed for fact in row["facts"])
            assert re.search(rf'<a [^>]*href="{row["page"]}[?][^>]*>{escape(row["name"])}</a>', listed)


def test_the_last_day_ends_with_the_newest_step_and_begins_a_day_before(past: Site) -> None:
    told = film(past)
    assert told.body["since"] == text(NOW + timedelta(hours=2) - timedelta(days=1))
    assert (told.body["n"], told.body["step_s"]) == (289, 300)
    assert told.body["newest"] == text(NOW + timedelta(hours=2))


def test_an_end_is_seen_in_the_frame_in_which_it_was_told(past: Site) -> None:
    told = film(past)
    end = NOW + timedelta(hours=2)
    assert IRAQ in told.open(end - timedelta(minutes=5))
    assert IRAQ not in told.open(end)
    assert (told.states(end - timedelta(minutes=5))["IQ"], told.states(end)["IQ"]) == ("x", "o")


def test_what_was_before_the_first_publication_is_a_gap_and_has_no_state(past: Site) -> None:
    told = film(past)
    before = NOW - timedelta(minutes=5)
    assert told.states(before) == {}
    assert told.open(before) == set()
    assert told.within("headings", before) == []
    (gap,) = told.within("gaps", before)
    assert gap[2] == "early"
    assert "recorded from 2 March 2026, 12:00 UTC on" in gap[3]
    assert told.within("gaps", NOW) == []


@pytest.mark.parametrize(("mode", "holds_min"), [("live", 15), ("replay", 75)])
def test_a_time_in_which_nothing_was_published_is_a_gap_and_not_calm(site: Site, mode: str, holds_min: int) -> None:
    publish(site.store, NOW, mode=mode)
    publish(site.store, NOW + timedelta(hours=4), calm=True, mode=mode)
    site.at(lambda: NOW + timedelta(hours=4))
    told = film(site)
    assert timedelta(minutes=holds_min) == _then.SILENT[mode]
    assert told.within("gaps", NOW + timedelta(minutes=holds_min)) == []
    (gap,) = told.within("gaps", NOW + timedelta(minutes=holds_min + 5))
    assert (gap[2], told.within("gaps", NOW + timedelta(hours=4))) == ("unpublished", [])
    assert "Nothing was published after 2 March 2026, 12:00 UTC" in gap[3]
    assert told.open(NOW + timedelta(hours=2)) == set()


def test_a_page_of_such_a_time_says_so_as_well(site: Site) -> None:
    publish(site.store, NOW + timedelta(hours=4), calm=True)
    site.at(lambda: NOW + timedelta(hours=4))
    bars = site.page(f"/?at={text(NOW + timedelta(hours=2))}").partition("<header")[0]
    assert "Nothing was published after 2 March 2026, 12:00 UTC" in bars
    assert "Nothing was published" not in site.page(f"/?at={text(NOW + timedelta(hours=1))}").partition("<header")[0]


def test_times_in_which_our_own_measurement_was_impaired_are_told(past: Site) -> None:
    told = film(past)
    (impaired,) = told.within("impaired", NOW + timedelta(minutes=65))
    assert "lost part of the logs" in impaired[2]
    assert told.within("impaired", NOW) == []


def test_a_day_is_whole_and_kept_once_it_is_over(past: Site) -> None:
    publish(past.store, NOW + timedelta(days=2), calm=True)
    past.at(lambda: NOW + timedelta(days=2))
    answer = past.get("/film.json?day=2026-03-02")
    told = Film(answer.json)
    assert (told.body["since"], told.body["n"]) == ("2026-03-02T00:00:00Z", 288)
    assert "max-age=3600" in answer.headers["Cache-Control"]
    again = past.get("/film.json?day=2026-03-02", headers={"If-None-Match": answer.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    assert past.get("/film.json").headers["Cache-Control"] == "no-cache"


def test_a_day_in_the_archive_is_brought_back_and_a_lost_one_is_a_gap(past: Site) -> None:
    publish(past.store, NOW + timedelta(days=1))
    past.at(lambda: NOW + timedelta(days=1))
    first = travel.segments(past.store)[0]
    held = travel.held(past.store, first)
    travel.drop(past.store, [first])
    waiting = past.get("/film.json?day=2026-03-02")
    assert (waiting.status_code, waiting.headers["Retry-After"]) == (202, "3")
    assert waiting.headers["Cache-Control"] == "no-store"
    assert [gap[2] for gap in waiting.json["gaps"]] == ["early", "preparing"]
    travel.bring_back(past.store, first, held)
    assert IRAQ in film(past, "?day=2026-03-02").open(NOW)
    past.store.delete(keys.travel(first))
    travel.give_up(past.store, first, "damaged")
    from radar.pages import _film

    _film.forget()
    lost = film(past, "?day=2026-03-02")
    assert lost.within("gaps", NOW)[0][2:] == ["lost", "The file with what was known at that time is damaged."]
    assert lost.open(NOW) == set()


def test_damaged_frames_are_a_gap_from_where_they_are(past: Site) -> None:
    segment = travel.segments(past.store)[-1]
    past.store.lset(keys.travel(segment), -1, b"\x01nonsense and more of it")
    told = film(past)
    assert told.open(NOW + timedelta(minutes=30)) > {IRAQ}
    assert told.within("gaps", NOW + timedelta(hours=2))[0][2] == "damaged"


@pytest.mark.parametrize(
    ("query", "status"), [("?day=yesterday", 400), ("?day=2026-02-30", 400), ("?day=2031-01-01", 404)]
)
def test_what_is_no_day_is_refused_in_words(past: Site, query: str, status: int) -> None:
    answer = past.get(f"/film.json{query}")
    assert answer.status_code == status
    assert answer.json["why"]


def test_a_radar_that_has_published_nothing_has_no_film(bare: Site) -> None:
    answer = bare.get("/film.json")
    assert answer.status_code == 503
    assert "has not published anything" in answer.json["why"]


def test_a_day_of_the_whole_world_stays_small(site: Site) -> None:
    """Sixty publications in which a hundred countries change to and fro, and thirty outages are open."""
    docs, states = sample_documents()
    base = next(row for row in docs["outages"] if row["id"] == IRAQ) | {"children": []}
    from radar.entities import countries

    codes = sorted(countries())
    recorder = travel.Recorder(site.store)
    for i in range(60):
        at = NOW + timedelta(minutes=5 * (i + 1))
        docs["clock"] = docs["clock"] | {"now": text(at)}
        docs["outages"] = [
            base | {"id": f"{code}-1", "entity": f"country/{code}", "headline": f"{code} lost {i} %"}
            for code in codes[i % 7 : i % 7 + 30]
        ]
        for number, code in enumerate(codes[:100]):
            states[f"country/{code}"] = states["country/PT"] | {"state": ("ok", "degraded")[(number + i) % 2]}
        with recorder.recording(at, docs, states) as record:
            documents.publish(site.store, docs, states, within=record.write)
    answer = site.get("/film.json", headers={"Accept-Encoding": "br"})
    assert answer.status_code == 200
    assert len(answer.data) < 30_000
    assert len(orjson.dumps(site.get("/film.json").json["changes"])) < 100_000
