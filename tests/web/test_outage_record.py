"""What was known of an outage when: each version, the whole life of a long one, what lies in the archive."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any

import pytest

from radar.pages import _versions
from radar.store import documents, keys, travel
from tests import samples
from tests.samples import NOW, sample_documents, text
from tests.web.conftest import Site
from tests.web.test_outage_page import IRAQ, LATER, lines, part, publish, words


def test_each_version_that_differs_is_a_row_with_the_page_of_then(site: Site) -> None:
    publish(site, NOW + timedelta(minutes=10), severity={**samples.sample_outages()[3]["severity"], "minutes": 430.0})
    publish(site, LATER, status="closed", end=text(NOW), confidence=0.6)
    known = part(site.page(f"/outage/{IRAQ}"), "known-when")
    rows = lines(known)
    assert len(rows) == 2, "a version in which only the minutes grew is the same to a reader"
    assert rows[0].startswith("12:00 UTC Outage")
    assert "Ended" in rows[1]
    assert "low" in rows[1]
    assert f'href="/outage/{IRAQ}?at=2026-03-02T12:30:00Z"' in known
    last = [words(cell) for cell in re.findall(r"<b>(.*?)</b>", re.findall(r"<tr.*?</tr>", known, re.S)[-1], re.S)]
    assert last == ["Ended", "12:00 UTC", "low"], "what changed stands in bold"
    assert "15 min after it began." in words(known)


def test_reading_on_gives_what_reading_anew_gives(site: Site) -> None:
    for minutes, level in ((10, "degraded"), (20, "outage"), (30, "degraded")):
        publish(site, NOW + timedelta(minutes=minutes), level=level)
        went_on = lines(part(site.page(f"/outage/{IRAQ}"), "known-when"))
    assert len(went_on) == 4
    _versions.forget()
    publish(site, NOW + timedelta(minutes=40), level="degraded")
    assert lines(part(site.page(f"/outage/{IRAQ}"), "known-when")) == went_on
    site.store.delete(keys.TRAVEL, *(keys.travel(name) for name in travel.segments(site.store)))
    publish(site, NOW + timedelta(minutes=50), level="outage")  # the record is written anew
    assert len(lines(part(site.page(f"/outage/{IRAQ}"), "known-when"))) == 1


def test_on_a_page_of_the_past_nothing_later_is_told(site: Site) -> None:
    publish(site, LATER, status="closed", end=text(NOW))
    then = part(site.page(f"/outage/{IRAQ}?at=2026-03-02T12:10:00Z"), "known-when")
    assert len(lines(then)) == 1
    assert f'href="/outage/{IRAQ}?at=2026-03-02T12:00:00Z"' in then, "each row leads to its own moment"
    assert "Ended" not in lines(then)[0]


def test_a_retraction_is_a_version_like_any_other(site: Site) -> None:
    publish(site, LATER, status="retracted", retraction="Our logs were lost.")
    html = site.page(f"/outage/{IRAQ}")
    assert "Retracted" in lines(part(html, "known-when"))[-1]
    assert "We took this back." in html
    assert 'id="restoration"' not in html, "what was no outage has not come back"


def test_a_record_that_is_not_in_the_store_is_said_to_lie_in_the_archive_and_is_not_asked_for(site: Site) -> None:
    for name in travel.segments(site.store):
        site.store.delete(keys.travel(name))
    _versions.forget()
    known = words(part(site.page(f"/outage/{IRAQ}"), "known-when"))
    assert "lies in the archive" in known
    assert travel.wanted(site.store) == []


def test_a_damaged_record_breaks_no_page(site: Site) -> None:
    for name in travel.segments(site.store):
        site.store.rpush(keys.travel(name), b"\x07nonsense")
    _versions.forget()
    assert "is not told here" in words(site.page(f"/outage/{IRAQ}")) or "lies in the archive" in words(
        site.page(f"/outage/{IRAQ}"))  # fmt: skip


def long_life(site: Site) -> Any:
    """An outage of twelve days, published each hour, deeper by a hundredth each time; what else was said of it, by the
    hour in which it was said first. The record alone is written, as by a radar that has gone on for so long."""
    outage = next(row for row in samples.sample_outages() if row["id"] == IRAQ)
    docs, states = sample_documents()
    known = datetime.fromisoformat(outage["known_at"])
    life: dict[int, dict[str, Any]] = {
        30: {"level": "degraded"}, 31: {"level": "outage"},
        100: {"causes": [{"cause": "power", "p": 0.8, "for": [], "against": []}]},
        101: {"causes": [{"cause": "cable_cut", "p": 0.8, "for": [], "against": []}]},
        150: {"confidence": 0.55}, 151: {"confidence": 0.97},
        200: {"level": "degraded"}, 201: {"level": "outage"},
        288: {"status": "closed", "end": text(known + timedelta(hours=287))},
        300: {"status": "retracted", "retraction": "Our logs were lost."},
    }  # fmt: skip
    recorder = travel.Recorder(site.store)
    for hour in range(301):
        at = known + timedelta(hours=hour)
        deep = {**outage["severity"], "depth": 0.12 + (hour % 8) / 10}
        outage = outage | life.get(hour, {}) | {"severity": deep}
        docs["outages"] = [outage if row["id"] == IRAQ else row for row in docs["outages"]]
        docs["clock"] = docs["clock"] | {"now": text(at)}
        docs[f"outage:{IRAQ}"] = outage
        with recorder.recording(at, docs, states) as record:
            if hour % 60 == 0 or hour > 290:
                documents.publish(site.store, docs, states, within=record.write)
            else:
                with site.store.pipeline() as pipe:
                    record.write(pipe)
                    pipe.execute()
    return outage


def test_the_whole_life_of_a_long_outage_is_told_and_no_change_of_state_or_cause_is_lost(bare: Site) -> None:
    outage = long_life(bare)
    known = part(bare.page(f"/outage/{IRAQ}"), "known-when")
    moments = [datetime.fromisoformat(at) for at in re.findall(r'data-at="([^"]+)"', known)]
    since = datetime.fromisoformat(outage["known_at"])
    hours = [round((at - since) / timedelta(hours=1)) for at in moments]
    assert hours[:48] == list(range(48)), "in the first two days each change is told"
    assert {30, 31, 100, 101, 150, 151, 200, 201, 288, 300} <= set(hours), "later each that is no mere depth"
    assert {99, 149, 199, 287} <= set(hours), "and what held right before"
    assert len(hours) < 48 + 4 * 11 + 20, "of the depth one in six hours"
    rows = dict(zip(hours, lines(known), strict=True))
    assert "Degraded" in rows[200]
    assert "power" in rows[100].lower()
    assert "cable" in rows[101].lower()
    assert "Ended" in rows[288]
    assert "Retracted" in rows[300]
    assert "once in six hours" in words(known)


def test_what_is_too_much_for_one_page_is_read_on_by_the_next(bare: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    long_life(bare)
    _versions.forget()
    monkeypatch.setattr(_versions, "READ", 3)
    names = travel.segments(bare.store)
    assert len(names) > 6
    first = part(bare.page(f"/outage/{IRAQ}"), "known-when")
    assert "Told until" in words(first)
    assert "Retracted" not in lines(first)[-1]
    for _again in range(len(names)):
        last = part(bare.page(f"/outage/{IRAQ}"), "known-when")
    assert "Retracted" in lines(last)[-1]
    assert "Told until" not in words(last)


def test_a_record_in_the_archive_is_asked_for_only_by_who_wishes_it(bare: Site) -> None:
    long_life(bare)
    old = travel.segments(bare.store)[:2]
    held = {name: travel.held(bare.store, name) for name in old}
    travel.drop(bare.store, old)
    _versions.forget()
    page = bare.page(f"/outage/{IRAQ}")
    assert "is not told here" in words(part(page, "known-when"))
    assert f'href="/outage/{IRAQ}?record=all" rel="nofollow"' in page
    assert travel.wanted(bare.store) == []
    asking = bare.page(f"/outage/{IRAQ}?record=all")
    assert "It is being brought back" in words(part(asking, "known-when"))
    assert '<meta http-equiv="refresh"' in asking
    assert travel.wanted(bare.store) == sorted(old)
    for name, frames in held.items():
        travel.bring_back(bare.store, name, frames)
    whole = bare.page(f"/outage/{IRAQ}?record=all")
    assert "lies in the archive" not in words(part(whole, "known-when"))
    assert '<meta http-equiv="refresh"' not in whole
    travel.drop(bare.store, old)
    for name in old:
        bare.store.delete(keys.travel(name))
    assert lines(part(bare.page(f"/outage/{IRAQ}?record=all"), "known-when")) == lines(part(whole, "known-when"))


def test_of_an_outage_that_is_over_nothing_is_read_that_came_long_after(bare: Site) -> None:
    outage = long_life(bare)
    since = datetime.fromisoformat(outage["known_at"])
    closed = outage | {"status": "closed", "end": text(since + timedelta(hours=60)), "updates": []}
    assert _versions._last(closed, since) == since + timedelta(hours=84)
    late = {"at": text(since + timedelta(days=40)), "kind": "corrected", "text": "The onset was earlier."}
    assert _versions._last(closed | {"updates": [late]}, since) == since + timedelta(days=41)
    assert _versions._last(outage | {"status": "open", "end": None}, since).year == 9999


def test_segments_of_a_range_begin_with_the_one_that_holds() -> None:
    since, until = NOW, NOW + timedelta(hours=2)
    stamp = int(NOW.timestamp())
    names = [str(stamp - 7200), str(stamp - 3600), str(stamp + 3600), str(stamp + 9000)]
    assert _versions._between(names, since, until) == names[1:3]
    assert _versions._between([], since, until) == []


# -- what came back ---------------------------------------------------------------------------------------------------
