"""An outage's page: the story, who sees it, what was known when, what came back, whom it hits, what providers say."""

from __future__ import annotations

import hashlib
import re
from datetime import datetime, timedelta
from html import unescape
from typing import Any

import pytest

from radar.components import outage_past
from radar.components.ssr import to_html
from radar.figures import reach
from radar.pages import _providers
from radar.signals import SIGNALS
from radar.store import documents, travel
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


def test_a_signal_that_saw_it_and_fell_silent_is_called_so_everywhere(site: Site) -> None:
    docs, states = sample_documents()
    iraq = next(row for row in docs["outages"] if row["id"] == IRAQ)
    rtt = {**iraq["signals"][1], "signal": "edge.rtt_p50", "source": "edge_logs", "verdict": "insufficient"}
    iraq["signals"][1]["verdict"] = "insufficient"
    iraq["signals"].append(rtt)
    documents.publish(site.store, docs | {f"outage:{IRAQ}": iraq}, states)
    html = site.page(f"/outage/{IRAQ}")
    assert "3 of 5 signals have seen it, 1 cannot see" in words(html)
    lead = words(html.partition('class="lede small"')[2].partition("</p>")[0])
    names = "; ".join(SIGNALS[row["signal"]].title for row in iraq["signals"] if row["verdict"] == "insufficient"
                      and row["first_seen"])  # fmt: skip
    assert f"Saw it, then had no data: {names}." in lead
    assert "," in names, "names hold commas, so another sign stands between them"
    assert f"Cannot see it: {SIGNALS['telescope.sources'].title}." in lead
    matrix, _, rows = part(html, "agreement").partition("</table>")
    assert matrix.count("saw it, then no data") == 2
    assert words(rows).count("saw it, then no data") == 2


def test_deviations_are_told_without_their_sign(site: Site) -> None:
    docs, states = sample_documents()
    iraq = next(row for row in docs["outages"] if row["id"] == IRAQ)
    iraq["signals"][0]["numbers"] = {"rule": "load_rise", "value": 300.0, "baseline": 100.0, "threshold": 150.0,
                                     "score": -114.8, "bins": 4}  # fmt: skip
    documents.publish(site.store, docs | {f"outage:{IRAQ}": iraq}, states)
    assert "; 114.8 deviations;" in words(part(site.page(f"/outage/{IRAQ}"), "rule"))


def test_what_lasts_to_the_end_of_a_recording_is_not_called_ongoing(site: Site) -> None:
    html = site.page("/outage/RU-20240801T0000Z")
    facts = words(part(html, "figures"))
    assert "the recording ends while it lasts" in facts
    assert "Ongoing" not in facts
    assert "days ago" not in facts
    assert 'id="reach-picture"' not in html, "states are of now"
    assert "2024" in words(part(html, "agreement").partition("</thead>")[0])


# -- what was known when ----------------------------------------------------------------------------------------------


def test_what_has_not_come_back_is_said_by_the_newest_bin(site: Site) -> None:
    html = part(site.page(f"/outage/{IRAQ}"), "restoration")
    told = words(html)
    assert re.search(r"Requests at our edge \d+ % of normal now, \d % at the worst", told)
    assert re.search(r"AS21277.*? not back yet", told)
    assert "we cannot say how it is now" in told or "Blocks that answer pings" in told


def restored(outage: Any, standing: dict[str, tuple[Any, ...]]) -> str:
    """What is said to have come back, of series that stand like that: condition, value, normal."""
    stands = {name: outage_past.Standing(*row) for name, row in standing.items()}
    section = outage_past.restoration(outage, [], stands, text(NOW))
    assert section is not None
    return words(to_html(section))


def test_how_much_is_back_is_said_where_not_all_is() -> None:
    iraq = next(row for row in samples.sample_outages() if row["id"] == IRAQ)
    edge, ping = "edge.requests@edge_logs", "ping.up_24s@ioda_signals"
    told = restored(iraq, {edge: ("gone", 30.0, 100.0), ping: ("gone", 31.0, 100.0)})
    assert "30 % of normal now, 7 % at the worst" in told
    assert "Nothing is back to normal yet; 1 of 2 has partly recovered." in told, "2 % of normal more is nothing"
    assert "0 % of normal now, 0 % at the worst" in restored(iraq, {edge: ("gone", 0.0, 100.0)})
    assert "under 1 % of normal now, under 1 % at the worst" in restored(iraq, {edge: ("gone", 0.3, 100.0)})
    told = restored(iraq, {edge: ("gone", 7.0, 100.0), ping: ("weak", 29.0, 100.0)})
    assert "Nothing has come back yet." in told
    told = restored(iraq, {edge: ("within", 99.0, 100.0), ping: ("weak", 60.0, 100.0)})
    assert "1 of 2 back to normal, 1 not yet; 1 of 2 has partly recovered." in told
    told = restored(iraq, {edge: ("silent", 30.0, 100.0), ping: ("unjudged", 30.0, 100.0)})
    assert "We cannot say what has come back." in told
    assert "no data any more" in told
    assert "too little is measured" in told


def test_of_what_rose_its_value_is_told_and_no_part_of_normal() -> None:
    iraq = next(row for row in samples.sample_outages() if row["id"] == IRAQ)
    made = {"rule": "latency_rise", "value": 340.0, "baseline": 80.0, "threshold": 120.0, "score": -9.0, "bins": 4}
    row = iraq["signals"][0] | {"signal": "edge.rtt_p50", "depth": 0.76, "numbers": made}
    told = restored({**iraq, "signals": [row]}, {"edge.rtt_p50@edge_logs": ("weak", 140.0, 80.0)})
    assert "140 ms now, 340 ms at the worst" in told
    assert "of normal" not in told


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


def test_networks_of_which_we_see_none_are_not_offered_one_by_one(site: Site) -> None:
    docs, states = sample_documents()
    iraq = next(row for row in docs["outages"] if row["id"] == IRAQ)
    cloud = {**iraq, "id": "cloud", "entity": "provider/google-cloud", "children": []}
    docs["outages"].append(cloud)
    documents.publish(site.store, docs | {"outage:cloud": cloud}, states)
    html = part(site.page("/outage/cloud"), "reach")
    assert "We do not see its networks one by one" in words(html)
    assert "one by one</a>" not in html
    assert "one by one</a>" in part(site.page(f"/outage/{IRAQ}"), "reach")


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
