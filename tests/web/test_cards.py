"""Cards behind their addresses, and the tags of pages that lead to them."""

from __future__ import annotations

import io
import re
from html import unescape
from typing import Any

import pytest
from PIL import Image

from radar import settings
from radar.components import outages
from radar.pages import _cards
from radar.store import connect, documents
from tests import samples
from tests.samples import NOW
from tests.web.conftest import Site

IRAQ = "IQ-20260302T0500Z"
CARDS = ("/card/home.png", f"/card/outage/{IRAQ}.png", "/card/outage/PT-20260301T1000Z.png",
         "/card/outage/RU-20240801T0000Z.png", "/card/outage/AS5089-20260302T1100Z.png", "/card/country/IQ.png",
         "/card/country/NR.png", "/card/country/TV.png", "/card/region/US-SC.png")  # fmt: skip


@pytest.fixture(autouse=True)
def _empty_shelf() -> None:
    _cards.forget()


@pytest.mark.parametrize("path", CARDS)
def test_every_card_is_a_picture_of_the_size_that_networks_ask_for(site: Site, path: str) -> None:
    answer = site.get(path)
    assert answer.status_code == 200
    assert answer.mimetype == "image/png"
    assert Image.open(io.BytesIO(answer.data)).size == (1200, 630)
    assert len(answer.data) < 150_000
    assert site.get(path, headers={"If-None-Match": answer.headers["ETag"]}).status_code == 304


@pytest.mark.parametrize("path", ["/card/outage/none.png", "/card/country/XX.png", "/card/country/iq.png",
                                  "/card/outage/%00.png", "/card/asn/5089.png", "/card/outage/a%2Fb.png"])  # fmt: skip
def test_what_is_not_there_is_a_404(site: Site, path: str) -> None:
    assert site.get(path).status_code == 404


def made(site: Site, monkeypatch: pytest.MonkeyPatch, path: str) -> Any:
    """The card that is drawn for an address."""
    drawn: list[Any] = []
    monkeypatch.setattr(_cards.cards, "png", lambda card, fonts: drawn.append(card) or b"png")
    assert site.get(path).status_code == 200
    return drawn[0]


def test_the_card_of_an_outage_says_what_the_page_says(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    card = made(site, monkeypatch, f"/card/outage/{IRAQ}.png")
    assert card.headline.startswith("Iraq has been mostly offline since 05:00 UTC")
    assert (card.state, card.kicker, card.simulated) == ("outage", "Outage", True)
    facts = card.facts.replace("\N{NO-BREAK SPACE}", " ")
    assert "2 of 4 signals have seen it, 1 cannot see" in facts
    assert "confidence high (97 %)" in facts
    assert card.time == "2 Mar 2026, 12:00 UTC"
    assert card.address == f"localhost/outage/{IRAQ}"
    assert card.chart is not None
    assert card.chart.title.startswith("Requests at our edge")
    assert card.credit.startswith("Source: ")
    assert " · " in card.credit, "and its licence"


def test_a_retracted_outage_is_no_outage_on_its_card(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    card = made(site, monkeypatch, "/card/outage/PT-20260301T1000Z.png")
    assert (card.state, card.kicker) == ("insufficient", "Retracted")


def test_recorded_history_is_not_of_now(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    card = made(site, monkeypatch, "/card/outage/RU-20240801T0000Z.png")
    assert card.time == "Recorded history"
    assert card.simulated is False


def test_too_little_data_is_not_called_calm_on_a_card(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    card = made(site, monkeypatch, "/card/country/NR.png")
    assert (card.state, card.headline) == ("insufficient", "We have too little data on Nauru to say.")
    never = made(site, monkeypatch, "/card/country/TV.png")
    assert (never.state, never.headline) == ("none", "We have too little data on Tuvalu to say.")


def test_the_card_of_home_says_what_home_says(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    card = made(site, monkeypatch, "/card/home.png")
    assert f'<h1 id="heading" tabindex="-1">{card.headline}</h1>' in site.page("/")
    assert {kind: n for kind, _word, n in card.legend}["outage"] == 1
    assert "localhost/sources" in card.credit


def test_before_the_first_publication_no_map_is_drawn_as_calm(bare: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    card = made(bare, monkeypatch, "/card/home.png")
    assert card.headline == "No data yet"
    assert not card.states
    assert not card.legend


def test_a_card_is_drawn_once_for_a_publication(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[Any] = []
    monkeypatch.setattr(_cards.cards, "png", lambda card, fonts: drawn.append(card) or b"png")
    for _ in range(3):
        site.get("/card/home.png")
    assert len(drawn) == 1
    site.get("/card/home.png", headers={"Host": "elsewhere.example"})
    assert len(drawn) == 2, "the address in the picture is another"
    samples.seed(site.store)
    site.get("/card/home.png")
    assert len(drawn) == 3


def test_a_card_may_be_kept_where_its_address_names_its_publication(site: Site) -> None:
    version = re.search(r'data-version="(\d+)"', site.page("/"))
    assert version is not None
    assert site.get(f"/card/home.png?v={version[1]}").headers["Cache-Control"] == "public, max-age=86400"
    assert site.get("/card/home.png?v=0").headers["Cache-Control"] == "public, max-age=15"


def test_while_the_store_is_away_a_card_is_a_503_or_says_so_and_is_not_kept(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.page("/")
    site.use(connect("redis://127.0.0.1:1/0", timeout_s=0.2))
    card = made(site, monkeypatch, "/card/home.png")
    assert card.time.startswith("not updated since ")
    assert not _cards._shelf.rows
    from radar.pages import _read

    _read.forget()
    answer = site.get("/card/home.png")
    assert answer.status_code == 503
    assert answer.headers["Cache-Control"] == "no-store"


def test_the_card_of_a_page_about_the_past_is_of_that_moment(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    found = tags(site.page("/country/IQ?at=2026-03-02T12:00:00Z"))
    assert found["og:image"] == "http://localhost/card/country/IQ.png?at=2026-03-02T12:00:00Z&lang=en"
    card = made(site, monkeypatch, "/card/country/IQ.png?at=2026-03-02T12:00:00Z&lang=en")
    assert card.time == "as of 2 Mar 2026, 12:00 UTC"
    assert card.chart.end <= NOW
    assert card.credit.endswith("values as known today"), "series hold what is known today"
    assert card.marked == "IQ"
    assert site.get("/card/home.png?at=1999-01-01T00:00:00Z").status_code == 404
    assert site.get("/card/home.png?at=nonsense").status_code == 404


@pytest.mark.parametrize("at", ["", f"?at={samples.text(NOW)}"])
@pytest.mark.parametrize("id", ["RU-20240801T0000Z", "AS5089-20260302T1100Z", "IQ-51684-20260302T0510Z"])
def test_no_world_of_now_stands_on_a_card_of_recorded_history_or_of_a_network(
    site: Site, monkeypatch: pytest.MonkeyPatch, id: str, at: str
) -> None:
    assert made(site, monkeypatch, f"/card/outage/{id}.png{at}").states is None


def test_an_outage_of_a_moment_has_no_world_and_one_of_now_has_it_where_it_has_no_chart(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_cards._charts, "around", lambda outage, snapshot: [])
    now = made(site, monkeypatch, f"/card/outage/{IRAQ}.png")
    assert now.states
    assert now.chart is None
    past = made(site, monkeypatch, f"/card/outage/{IRAQ}.png?at={samples.text(NOW)}")
    assert past.states is None
    assert past.credit.startswith("Source: "), "words are somebody's numbers, too"


def test_a_card_shows_the_signal_that_its_headline_tells_of() -> None:
    def row(signal: str, source: str, depth: float, rule: str, first: str = "2026-03-02T05:00:00Z") -> Any:
        return {"signal": signal, "source": source, "verdict": "affected", "first_seen": first, "depth": depth,
                "simulated": True, "numbers": {"rule": rule}}  # fmt: skip

    ping = row("ping.up_24s", "ioda_signals", 0.6, "flat_drop")
    edge = row("edge.requests", "edge_logs", 1.0, "seasonal_drop")
    slow = row("edge.rtt_p50", "edge_logs", 1.0, "latency_rise")
    load = row("dns.queries", "resolver_logs", 0.3, "load_rise")

    def main(*signals: Any) -> str:
        found = outages.main_signal({"signals": list(signals)})  # type: ignore[typeddict-item]
        return found["signal"] if found else ""

    assert main(ping, edge) == "edge.requests", "the deepest"
    assert main({**ping, "depth": 0.95}, edge) == "ping.up_24s", "of those that are as deep, reachability"
    assert main(slow, ping) == "ping.up_24s", "a delay is told last"
    assert main(edge, load) == "dns.queries", "a rise is told first"
    assert main({**edge, "first_seen": None}) == ""


def test_a_chart_on_a_card_is_that_of_the_main_signal(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    docs, states = samples.sample_documents()
    iraq = next(row for row in docs["outages"] if row["id"] == IRAQ)
    iraq["signals"] = sorted(iraq["signals"], key=lambda row: row["signal"] != "ping.up_24s")  # pings saw it first
    docs[f"outage:{IRAQ}"] = iraq
    documents.publish(site.store, docs, states, {})
    assert made(site, monkeypatch, f"/card/outage/{IRAQ}.png").chart.title.startswith("Requests at our edge")


def tags(text: str) -> dict[str, str]:
    found = re.findall(r'<meta (?:property|name)="((?:og|twitter):[\w:]+)" content="([^"]*)">', text)
    assert len(found) == len({name for name, _content in found}), "each once"
    return {name: unescape(content) for name, content in found}


@pytest.mark.parametrize(
    ("path", "card"),
    [("/", "/card/home.png"), (f"/outage/{IRAQ}", f"/card/outage/{IRAQ}.png"), ("/country/IQ", "/card/country/IQ.png"),
     ("/region/US-SC", "/card/region/US-SC.png")],
)  # fmt: skip
def test_a_page_names_its_card_by_an_absolute_address_that_leads_to_it(site: Site, path: str, card: str) -> None:
    found = tags(site.page(path))
    assert found["og:image"].startswith(f"http://localhost{card}?v=")
    assert found["og:image"].endswith("&lang=en")
    assert (found["og:image:width"], found["og:image:height"]) == ("1200", "630")
    assert found["og:image:alt"] == found["og:description"]
    assert found["twitter:card"] == "summary_large_image"
    answer = site.get(found["og:image"].removeprefix("http://localhost"))
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "public, max-age=86400"


def test_the_public_address_of_the_site_holds_where_it_is_set(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    from dataclasses import replace

    given = replace(site.server.config["RADAR_SETTINGS"], base_url="https://radar.example.org/")
    monkeypatch.setitem(site.server.config, "RADAR_SETTINGS", given)
    assert isinstance(given, settings.Settings)
    found = tags(site.page("/country/FJ"))
    assert found["og:image"].startswith("https://radar.example.org/card/country/FJ.png?v=")
    assert found["og:url"] == "https://radar.example.org/country/FJ"


def test_pages_without_a_card_of_their_own_name_none(site: Site) -> None:
    for path in ("/outages", "/asn/5089", "/method"):
        found = tags(site.page(path))
        assert "og:image" not in found
        assert found["twitter:card"] == "summary"
