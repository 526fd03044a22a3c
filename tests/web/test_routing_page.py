"""The page of routes, and what entity pages say of them: true to the table, silent where the table is."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from html import unescape
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
from dash.development.base_component import Component

from radar import store
from radar.components import network
from radar.components import routing as parts
from radar.shapes import Routing
from radar.signals import SLOTS
from radar.store import blocks, documents, embedded
from radar.store import routes as table
from tests import samples
from tests.sample_routes import sample_events, sample_routes, sample_routing
from tests.web.conftest import Site
from tests.web.test_pages import Reader


def words_of(html: str) -> str:
    """What a reader sees of the page's own part."""
    main = html.partition('<main id="main">')[2].partition("</main>")[0]
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", main)).split())


def routing(**changed: Any) -> Routing:
    return cast(Routing, {**sample_routing(samples.NOW), **changed})


@pytest.fixture
def publish(site: Site) -> Callable[..., None]:
    """Publish the samples with another routing table; None: no routing source runs."""

    def put(body: Routing | None) -> None:
        docs, states = samples.sample_documents()
        documents.publish(site.store, {**docs, "routing": body}, states, {})

    return put


# The page ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "query",
    ["", "?sort=name", "?sort=peers&show=countries", "?show=peers", "?kind=leak", "?status=open&show=candidates",
     "?sort=%3Cscript%3E&kind=x&status=y&show=z"],
)  # fmt: skip
def test_the_page_is_finished_well_formed_html(site: Site, query: str) -> None:
    page = Reader(site.page(f"/routing{query}"))
    assert page.open == []
    assert len(set(page.ids)) == len(page.ids)
    fragments = {link.partition("#")[2] for link in page.links if link.startswith("/routing") and "#" in link}
    assert fragments <= set(page.ids), "a link within the page leads nowhere"


@pytest.mark.parametrize("path", ["/routing", "/asn/5089"])
def test_dash_can_draw_the_same_tree(site: Site, path: str) -> None:
    """Dash takes lists of components; a list in a list is drawn by the server and breaks in the browser."""
    from radar.pages import _first  # a page can only be imported once the application is there

    def walk(node: Any, where: str) -> None:
        inside = getattr(node, "children", None)
        for child in inside if isinstance(inside, list | tuple) else [inside]:
            assert child is None or isinstance(child, str | int | float | Component), f"{where}: {child!r}"
            if isinstance(child, Component):
                walk(child, f"{where} > {child._type}")

    with site.server.test_request_context(path):
        found = _first.find(path)
        walk(found.layout(**found.variables), path)


def test_the_first_sentence_can_be_quoted(site: Site) -> None:
    assert (
        "Syria and Fiji have lost a tenth or more of their announced address space against a day before; the routes of "
        "18 other countries look normal, as 214 full-feed peers see them. 2 countries have too little to compare."
    ) in words_of(site.page("/routing"))


def test_everything_has_its_unit_source_licence_and_time(site: Site) -> None:
    text = words_of(site.page("/routing"))
    for said in ("Source: Sample ris_live of routes", "Licence: CC0 1.0", "Unit: ", "As of 12:00 UTC (now)"):
        assert text.count(said) >= 5, said
    for said in ("1,012,345", "IPv6: 221,004", "76,911", "of 1,412 sessions at 23 collectors", "4,204 withdrawals",
                 "caught up from the snapshot of 1 March, 11:00 UTC"):  # fmt: skip
        assert said in text, said


def test_losses_are_drawn_and_said(site: Site) -> None:
    html = site.page("/routing")
    assert html.count('class="p-outage"') == 1
    assert "Fiji: 18 % of the IPv4 space of a day before is gone" in html
    assert 'href="/asn/21277"' in html


def test_a_table_is_ordered_by_links_and_unknown_values_come_last(site: Site) -> None:
    def places(query: str) -> list[str]:
        body = re.search(r'data-slot="countries-table">(.*?)</table>', site.page(f"/routing?{query}"), re.S)
        assert body is not None
        return re.findall(r'href="/country/(\w\w)"', body[1])

    assert places("show=countries")[:3] == ["SY", "FJ", "IQ"]
    assert set(places("show=countries")[-2:]) == {"NR", "TV"}
    assert places("sort=v4&show=countries")[:3] == ["US", "DE", "GB"]
    assert places("sort=v6&show=countries")[-1] == "NR"
    assert places("sort=name")[:2] == ["AT", "BE"]
    assert len(places("")) == parts.ROWS
    assert 'aria-sort="descending"' in site.page("/routing?sort=v4")


def test_candidates_are_no_verdicts_and_show_both_sides(site: Site) -> None:
    text = words_of(site.page("/routing"))
    for said in ("never a verdict", "may have announced a part", "Against: Both networks have a provider in common",
                 "RPKI: invalid", "seen by 171 of 214 full-feed peers", "confidence medium (82 % by a stated rule)",
                 "3333 1299 9002 64512", "and 202 more"):  # fmt: skip
        assert said in text, said
    assert text.index("Ongoing More specific") < text.index("Ended Route leak") < text.index("Dismissed New origin")


def test_candidates_are_narrowed_by_links(site: Site) -> None:
    leaks = words_of(site.page("/routing?kind=leak"))
    assert "may have passed on 214 routes" in leaks
    assert "may have taken over" not in leaks
    assert "None fits." in words_of(site.page("/routing?kind=leak&status=open"))


def test_no_candidate_is_no_proof_that_there_was_none(publish: Callable[..., None], site: Site) -> None:
    publish(routing(events=[], gaps=[], losses=[]))
    text = words_of(site.page("/routing"))
    assert "None is known. That is no proof that there was none." in text
    assert "None is known of the time that we still keep." in text


def test_gaps_say_why_and_whether_they_were_filled(site: Site) -> None:
    html = site.page("/routing")
    assert html.count('<li class="open">') == 2
    text = words_of(html)
    assert "since 11:45 UTC (15 min ago) rrc01: the connection stalled not filled" in text
    assert "the whole stream: the connection broke filled later from dumps of the same time" in text


def test_sessions_are_loaded_when_they_are_asked_for(site: Site) -> None:
    short, full = site.page("/routing"), site.page("/routing?show=peers")
    assert 'data-href="/routing?show=peers"' in short
    assert "2001:db8:0::1" not in short
    assert "2001:db8:0::1" in full
    for word in ("Silent", "Not in step", "Down", "never"):
        assert word in words_of(full)
    assert "rrc00: of 7 sessions, 4 live with a full view, 0 live with a part of it, 3 not live" in short


def test_what_others_wrote_is_escaped(publish: Callable[..., None], site: Site) -> None:
    evil = '"><script>alert(1)</script>'
    event = {**sample_events(samples.NOW)[0], "id": evil, "words": evil, "path": evil, "prefixes": [evil],
             "for": [evil], "against": [evil], "entities": ["asn/5089", evil], "expected": [0, -1, 2**40]}  # fmt: skip
    peer = {**sample_routing(samples.NOW)["peers"][0], "collector": evil, "peer": evil}
    gap = {**sample_routing(samples.NOW)["gaps"][0], "reason": evil, "collector": evil}
    publish(routing(events=[event], peers=[peer], gaps=[gap], source=evil))
    for path in ("/routing", "/routing?show=peers", "/asn/5089"):
        page = site.page(path)
        assert "<script>alert" not in page, path
        assert Reader(page).open == []
    assert any(link.startswith("/routing?show=candidates#%22%3E%3Cscript") for link in Reader(page).links)


# Silence is never calm -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"state": "silent", "at": "2026-03-02T11:20:00Z"}, "No route message has arrived since 11:20 UTC"),
        ({"state": "catching_up"}, "is catching up after a restart and stands at 12:00 UTC"),
        ({"state": "too_few_peers"}, "too few to tell a lost route from a lost peer"),
    ],
)
def test_a_table_that_is_not_fed_judges_nothing(
    publish: Callable[..., None], site: Site, changed: dict[str, Any], said: str
) -> None:
    for more in ({}, {"losses": []}):
        publish(routing(**changed, **more))
        html = site.page("/routing")
        assert said in words_of(html)
        assert "The table is not fed just now, so no loss can be told from it." in html
        for claim in ("look normal", "have lost", "No network is known", "No country that can be compared"):
            assert claim not in words_of(html), claim
        for shape in ("s-ok", "s-degraded", "s-outage"):
            assert f'"shape {shape}"' not in html.partition('id="countries"')[2].partition('id="candidates"')[0]
    assert "We cannot say how the routes of AS5089" in words_of(site.page("/asn/5089"))
    assert "is about what it was" not in words_of(site.page("/asn/5089"))


def test_a_live_table_that_has_not_moved_is_silent(bare: Site) -> None:
    docs, states = samples.sample_documents(live=True)
    late = samples.text(samples.NOW - timedelta(minutes=25))
    documents.publish(bare.store, {**docs, "routing": routing(at=late)}, states, {})
    text = words_of(bare.page("/routing"))
    assert "No route message has arrived since 11:35 UTC" in text
    assert "Live Route messages arrive" not in text
    assert "look normal" not in text


def test_without_a_routing_source_the_page_says_how_to_switch_one_on(publish: Callable[..., None], site: Site) -> None:
    publish(None)
    text = words_of(site.page("/routing"))
    assert "A source of route messages is switched on, and its table has not been published yet." in text
    docs, states = samples.sample_documents()
    docs["sources"] = [row for row in docs["sources"] if row["name"] != "ris_live"]
    documents.publish(site.store, {**docs, "routing": None}, states, {})
    text = words_of(site.page("/routing"))
    assert "No source of route messages runs here, so we cannot say anything about routes." in text
    for said in ("RADAR_SOURCES", "radar doctor", "ris_live", "mrt_files"):
        assert said in text
    assert "No source of route messages runs here" in words_of(site.page("/asn/5089"))


def test_a_store_that_goes_away_leaves_the_last_table_and_says_so(bare: Site, tmp_path: Path) -> None:
    with embedded.start(tmp_path) as server, store.connect(server.url, timeout_s=2) as client:
        samples.seed(client)
        bare.use(client)
        before = words_of(bare.page("/routing"))
        server.stop()
        lost = bare.get("/routing")
        assert lost.status_code == 200
        assert lost.headers["Cache-Control"] == "no-store"
        assert 'data-bar="stale"' in lost.text
        assert words_of(lost.text) == before
        page = bare.page("/asn/3356")
        assert "We cannot read the routing table just now." in page
        assert "holds no route" not in page, "not to be seen is not the same as not there"


def test_a_table_that_was_never_read_is_not_called_absent(bare: Site, tmp_path: Path) -> None:
    with embedded.start(tmp_path) as server, store.connect(server.url, timeout_s=2) as client:
        samples.seed(client)
        bare.use(client)
        bare.page("/outages")
        server.stop()
        assert bare.get("/routing").status_code == 503
        assert "No source of route messages" not in bare.page("/asn/3356")


# Entities ------------------------------------------------------------------------------------------------------------


def test_a_network_says_its_space_its_peers_and_its_candidates(site: Site) -> None:
    html = site.page("/asn/5089")
    text = words_of(html)
    for said in ("The announced address space of AS5089 Virgin Media Limited is about what it was a day before.",
                 "36,412", "36,420 a day before (−0.02 %)", "97 % of 214 full-feed peers; IPv6: 97 % of 190",
                 "3,034 IPv4 prefixes, 32 IPv6 prefixes", "As of 12:00 UTC (now)"):  # fmt: skip
        assert said in text, said
    link = re.search(r'href="(/routing\?show=candidates#[^"]+)"', html)
    assert link is not None
    assert f'id="{link[1].partition("#")[2]}"' in site.page(link[1].partition("#")[0])
    assert "Routes simulated" in text


@pytest.mark.parametrize(
    ("now", "said"),
    [(100.0, "The announced address space of {name} is about what it was"),
     (95.0, "The announced IPv4 space of {name} is 5 % smaller than a day before."),
     (120.0, "The announced IPv4 space of {name} is 20 % larger than a day before.")],
)  # fmt: skip
def test_a_small_change_of_announced_space_is_told_as_one(site: Site, now: float, said: str) -> None:
    view = sample_routes(samples.NOW)["asn/5089"]
    view |= {"visible_24s": int(now), "before_24s": 100, "visible_48s": None, "before_48s": None}
    table.write(site.store, cast(Any, {"asn/5089": view}))
    assert said.format(name="AS5089 Virgin Media Limited") in words_of(site.page("/asn/5089"))


def test_a_country_has_a_smaller_block(site: Site) -> None:
    html = site.page("/country/SY")
    assert "Syria has lost 88 % of its announced IPv4 space against a day before, as 214 full-feed peers see" in html
    assert "About this network" not in html


def test_a_network_of_which_nothing_is_measured_still_has_a_page(site: Site) -> None:
    text = words_of(site.page("/asn/3356"))
    assert "We have too little data on AS3356 Level 3 Communications, Inc. to say." in text
    assert "10,240" in text
    assert "Table of 17 June 2026" in text
    text = words_of(site.page("/asn/10"))
    assert "The table holds no route of AS10" in text
    assert "We do not know in which country its addresses lie." in text
    assert "IPv4 addresses not known" in text
    assert "is not in our table of 91,065 networks" in words_of(site.page("/asn/64512"))


def test_a_global_network_is_said_to_be_one(site: Site) -> None:
    text = words_of(site.page("/asn/1"))
    assert text.startswith("Global network")
    assert "Global network: most of its addresses (69 %) lie in the US." in text
    assert network.where("asn/5").startswith("Global network: the largest part of its addresses (50 %) lies in Brazil")
    assert "The network as a whole: Nearly all of its addresses (100 %) lie in the UK." in words_of(
        site.page("/geoasn/IE-5089"))  # fmt: skip


def test_one_page_asks_for_one_view(site: Site) -> None:
    def asked(path: str) -> int:
        site.store.config_resetstat()
        site.page(path)
        stats = cast("dict[str, dict[str, int]]", site.store.info("commandstats"))
        return stats.get("cmdstat_hmget", {}).get("calls", 0)

    assert asked("/asn/21277") == 4, "its routes, its paths, how it performs, and how reliable it is"
    assert asked("/routing") == 0, "the document holds all that the page shows"


def test_the_table_is_read_once_for_a_publication(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    from radar.pages import _read

    names: list[str] = []
    real = documents.get
    monkeypatch.setattr(_read.documents, "get", lambda client, name: names.append(name) or real(client, name))
    for path in ("/asn/5089", "/asn/3356", "/country/IQ", "/routing"):
        site.page(path)
    assert names.count("routing") == 1
    samples.seed(site.store)
    site.page("/asn/5089")
    assert names.count("routing") == 2


def test_a_view_that_left_the_table_is_said_to_be_gone(site: Site) -> None:
    table.write(site.store, {}, ["asn/5089"])
    assert "The table holds no route of AS5089" in words_of(site.page("/asn/5089"))


def test_reachability_and_delays_are_drawn_beside_the_routes(site: Site) -> None:
    """Series of any plane that a network has become charts."""
    names = ["atlas.connected@atlas_probes", "atlas.rtt_p50@atlas_results", "bgp.visible_24s@ris_live"]
    for name in names:
        group, _slot = SLOTS[name]
        bins = 7200 // group.grain_s * 4
        start = samples.NOW - timedelta(seconds=bins * group.grain_s)
        blocks.write_bins(site.store, group, "value", ["asn/3356"], start,
                          np.full((1, bins, group.width), 12.0, dtype=np.float32))  # fmt: skip
    docs, states = samples.sample_documents()
    states["asn/3356"] = {**states["country/PT"], "series": names}
    documents.publish(site.store, docs, states, {})
    html = site.page("/asn/3356")
    for name in names:
        assert f'id="{re.sub("[.@_]", "-", name)}"' in html
    assert html.index('id="routes"') < html.index('id="atlas-connected-atlas-probes"')


def test_a_source_of_routes_leads_to_its_gaps(site: Site) -> None:
    html = site.page("/sources")
    assert html.count('href="/routing#gaps"') == 1
