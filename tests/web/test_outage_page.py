"""An outage's page: the story, who sees it, what was known when, what came back, whom it hits, what providers say."""

from __future__ import annotations

import hashlib
import re
from datetime import datetime, timedelta
from html import unescape
from typing import Any

import pytest

from radar.figures import reach
from radar.pages import _providers, _versions
from radar.store import documents, keys, travel
from tests import samples
from tests.samples import NOW, sample_documents, text
from tests.web.conftest import Site

IRAQ, FIJI = "IQ-20260302T0500Z", "FJ-20260302T0100Z"
LATER = NOW + timedelta(minutes=30)


def publish(site: Site, at: datetime, **changes: Any) -> None:
    """Publish the samples at a moment, with changes to the outage of Iraq."""
    docs, states = sample_documents()
    docs["outages"] = [row | changes if row["id"] == IRAQ else row for row in docs["outages"]]
    docs |= {f"outage:{row['id']}": row for row in docs["outages"]}
    docs["clock"] = docs["clock"] | {"now": text(at)}
    with travel.Recorder(site.store).recording(at, docs, states) as record:
        documents.publish(site.store, docs, states, within=record.write)


def part(html: str, id: str) -> str:
    """One section of the page."""
    found = re.search(rf'<section[^>]* id="{id}"[^>]*>(.*?)</section>', html, re.S)
    assert found is not None, f"no section {id}"
    return found[1]


def words(html: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


def lines(section: str) -> list[str]:
    return [words(row) for row in re.findall(r"<tr[^>]*data-at=.*?</tr>", section, re.S)]


# -- the story and the matrix -----------------------------------------------------------------------------------------


def test_the_story_says_what_is_not_known_in_the_same_breath(site: Site) -> None:
    text_ = words(site.page(f"/outage/{IRAQ}"))
    assert "Nearly all of Iraq, for 7 hours so far. Most routes stayed up, packets are gone. Cannot see it:" in text_
    unknown = words(site.page("/outage/AS5089-20260302T1100Z"))
    assert "How many people are hit is not known." in unknown


def test_the_matrix_tells_lag_and_licence_of_each_source_and_is_a_table_too(site: Site) -> None:
    seen = part(site.page(f"/outage/{IRAQ}"), "agreement")
    matrix = seen.partition('data-slot="agreement-matrix"')[2].partition('data-slot="agreement-table"')[0]
    assert len(re.findall(r"behind \(usually", matrix)) == 4
    for row in (row for row in samples.sample_sources(NOW) if row["name"] in ("edge_logs", "ioda_signals")):
        assert row["licence"] in matrix
    table = seen.partition('data-slot="agreement-table"')[2]
    assert table.count('scope="col"') == 5
    assert "sees it" in table
    assert "cannot see" in table


# -- citing it --------------------------------------------------------------------------------------------------------


def test_an_outage_is_cited_as_it_was_published_with_a_fingerprint_that_can_be_checked(site: Site) -> None:
    offer = re.search(r'data-href="(/outage/[^"]*cite=1)"', site.page(f"/outage/{IRAQ}"))
    assert offer is not None
    publish(site, LATER, status="closed", end=text(NOW))
    page = site.page(unescape(offer[1]))
    kit = unescape(page.partition('data-slot="outage-kit"')[2].partition("</dl>")[0])
    frozen = re.search(rf"http://localhost(/outage/{IRAQ}\?at={text(NOW)}&sha256=([0-9a-f]+))<", kit)
    file = re.search(r'href="http://localhost(/api/v1/outages[^"]*)"', kit)
    assert frozen is not None
    assert file is not None
    body = site.get(file[1]).data
    assert hashlib.sha256(body).hexdigest().startswith(frozen[2])
    assert IRAQ.encode() in body
    assert "[Record of a simulated outage]" in kit
    assert "@misc{radar-" in kit
    assert "the very numbers" in site.page(frozen[1])
    assert "The numbers have changed" in site.page(frozen[1][:-32] + "0" * 32)
    picture = re.search(r'href="http://localhost(/card/outage/[^"]*)"', kit)
    assert picture is not None
    assert site.get(picture[1]).mimetype == "image/png"


def test_the_fingerprint_of_an_outage_is_the_same_in_every_language(site: Site) -> None:
    def hashes(language: str) -> set[str]:
        page = site.page(f"/outage/{IRAQ}?at={text(NOW)}&cite=1&lang={language}")
        return set(re.findall(r"[0-9a-f]{64}", page.partition('data-slot="outage-kit"')[2]))

    assert hashes("es") == hashes("en") != set()


# -- what was known when ----------------------------------------------------------------------------------------------


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


def test_what_has_not_come_back_is_said_by_the_newest_bin(site: Site) -> None:
    html = part(site.page(f"/outage/{IRAQ}"), "restoration")
    told = words(html)
    assert "Requests at our edge more than half is still missing" in told
    assert re.search(r"AS21277.*? not back yet", told)
    assert "we cannot say how it is now" in told or "Blocks that answer pings" in told


def test_what_has_come_back_is_told_with_its_time(site: Site) -> None:
    told = words(part(site.page(f"/outage/{FIJI}"), "restoration"))
    assert "Requests at our edge in its usual range" in told
    assert "Nothing has come back" not in told


def test_a_later_outage_does_not_undo_what_came_back_after_an_earlier_one(site: Site) -> None:
    docs, states = sample_documents()
    earlier = {**docs["outages"][3], "id": "earlier", "status": "closed", "end": text(NOW - timedelta(days=1)),
               "children": []}  # fmt: skip
    earlier["signals"] = [
        row | {"last_seen": text(NOW - timedelta(days=1, minutes=5))} for row in earlier["signals"][:1]
    ]
    docs["outages"].append(earlier)
    docs["outage:earlier"] = earlier
    documents.publish(site.store, docs, states)
    told = words(part(site.page("/outage/earlier"), "restoration"))
    assert "Requests at our edge in its usual range since 1 March, 12:00 UTC" in told
    assert "still missing" not in told


def test_a_network_that_is_back_is_told_beside_those_that_are_not(site: Site) -> None:
    docs, states = sample_documents()
    for row in docs["outages"]:
        if row["id"] == "AS21277-20260302T0500Z":
            row |= {"status": "closed", "end": text(NOW - timedelta(hours=1))}
    documents.publish(site.store, docs, states)
    html = site.page(f"/outage/{IRAQ}")
    told = words(part(html, "restoration"))
    assert re.search(r"AS21277.*? back since 11:00 UTC", told)
    assert re.search(r"AS51684.*? not back yet", told)
    picture = part(html, "reach")
    assert re.search(r'<a href="/outage/AS21277[^"]*" class="n-back', picture)
    assert "1 of them is back" in words(picture)


def test_without_numbers_nothing_is_said_to_be_back(site: Site) -> None:
    told = words(part(site.page(f"/outage/{IRAQ}?at=2026-03-02T12:00:00Z"), "restoration"))
    assert "in its usual range" not in told
    assert "we cannot say how it is now" in told


# -- whom it hits -----------------------------------------------------------------------------------------------------


def test_networks_are_drawn_hit_or_not_measured_but_never_calm_without_a_measurement(site: Site) -> None:
    html = part(site.page(f"/outage/{IRAQ}"), "reach")
    drawn = re.findall(r'<a href="([^"]+)" class="(n-\w+)', html)
    hit = {href for href, kind in drawn if kind == "n-hit"}
    assert {"/outage/AS21277-20260302T0500Z", "/outage/IQ-51684-20260302T0510Z"} <= hit
    assert all(kind == "n-none" for href, kind in drawn if href not in hit)
    assert len(drawn) > 10
    assert "Iraq has about" in words(html)


def test_blocks_fill_the_width_and_say_their_state() -> None:
    blocks = [reach.Block("A <b>", "AS1", "/asn/1", 0.7, "hit"), reach.Block("B", "AS2", "/asn/2", 0.3, "back"),
              reach.Block("C", "AS3", "/asn/3", 0.0, "insufficient"),
              reach.Block("D", "AS4", "/asn/4", 0.0, "calm")]  # fmt: skip
    svg = reach.html(blocks, "Networks")
    widths = [float(w) for w in re.findall(r'class="ground" x="[^"]+" width="([\d.]+)%"', svg)]
    assert sum(widths) == pytest.approx(100, abs=0.1)
    assert min(widths) > 0.5, "what is there at all can be seen"
    assert "<title>A &lt;b&gt;: hit</title>" in svg
    heights = re.findall(r'class="part"[^>]*height="(\d+)"', svg.partition("<ul")[0])
    assert heights == ["56", "28", "56", "10"], "shape tells them apart, not colour alone"
    assert re.findall(r'<a href="([^"]+)"[^>]*tabindex="-1"', svg) == ["/asn/3", "/asn/4"], "stops where it is broken"
    assert svg.count('class="hatch"') == 2, "one in the picture, one in the key"


# -- the provider's own words -----------------------------------------------------------------------------------------


def says(**more: Any) -> dict[str, Any]:
    update = {"at": text(NOW), "status": "investigating", "text": "We are <b>looking</b>."}
    incident = {"id": "i1", "title": "Elevated errors", "impact": "major", "status": "investigating", "open": True,
                "listed": True, "started_at": text(NOW - timedelta(minutes=40)), "created_at": text(NOW),
                "resolved_at": None, "first_seen": text(NOW), "url": "https://status.example.org/i1",
                "components": ["Load balancing"], "regions": [], "simulated": True,
                "updates": [update]}  # fmt: skip
    return {"asked_at": text(NOW), "read_at": text(NOW), "error": None, "simulated": True,
            "incidents": [incident | more]}  # fmt: skip


def cloud(site: Site, told: dict[str, Any] | None) -> str:
    """The page of an outage of a provider, and what the provider says."""
    docs, states = sample_documents()
    row = {**docs["outages"][0], "id": "cloud-1", "entity": "provider/google-cloud", "parent": None}
    docs["outages"] = [row, *docs["outages"]]
    docs["outage:cloud-1"] = row
    if told is not None:
        docs["providers"] = {"at": text(NOW), "providers": {"google-cloud": told}}
    documents.publish(site.store, docs, states)
    _providers.forget()
    return part(site.page("/outage/cloud-1"), "spoken")


def test_the_providers_own_words_stand_as_text_and_as_theirs(site: Site) -> None:
    html = cloud(site, says())
    assert "Elevated errors" in html
    assert "We are &lt;b&gt;looking&lt;/b&gt;." in html
    assert "they are its words, not ours" in html
    assert "simulated" in html


def test_words_about_another_time_are_not_taken_for_this(site: Site) -> None:
    old = text(NOW - timedelta(days=3))
    html = cloud(site, says(started_at=old, created_at=old, resolved_at=old, open=False))
    assert "Elevated errors" not in html
    assert "nothing about that time stands on" in words(html)


def test_a_status_page_that_was_not_read_says_nothing(site: Site) -> None:
    assert "we do not know what it says" in words(cloud(site, None))


def test_an_outage_that_is_about_no_provider_has_no_such_part(site: Site) -> None:
    assert 'id="spoken"' not in site.page(f"/outage/{FIJI}")
