"""A rise of attempts on a rule: news on the page of attacks and in the lists, and nowhere called an outage."""

from __future__ import annotations

from typing import Any

import pytest

from radar.store import documents
from tests import samples
from tests.sample_attacks import sample_attacks
from tests.web.conftest import Site
from tests.web.test_attacks_page import words_of
from tests.web.test_pages import Reader

HEADLINE = "Attempts on “Log4j / Log4shell” (rule 944150) rose from none to 80 in an hour since 08:00 UTC."


@pytest.fixture
def rise(site: Site) -> dict[str, Any]:
    """The samples with one rise of attempts beside them."""
    from radar.pages import _attacks

    _attacks.forget()
    docs, states = samples.sample_documents()
    base = next(row for row in docs["outages"] if row["entity"] == "asn/5089")
    found = {
        **base, "id": "20260302-our-firewalls-ab12", "entity": "provider/our-firewalls", "about": "944150",
        "headline": HEADLINE, "rule": "rise_alone", "rule_words": "", "parent": None, "related": [],
        "severity": {"depth": None, "share": None, "basis": "not known", "minutes": 60.0,
                     "words": "More attempts than usual for 60 minutes; whether any of them did harm is not known."},
        "signals": [{"signal": "waf.matches", "source": "waf_events", "verdict": "affected", "simulated": True,
                     "first_seen": base["start"]}],
        "causes": [{"cause": "unknown", "p": 1.0, "for": ["A scan looks the same."], "against": []}],
    }  # fmt: skip
    docs["outages"] = [found, *docs["outages"]]
    docs |= {f"outage:{found['id']}": found, "attacks": sample_attacks(simulated=True)}
    documents.publish(site.store, docs, states, {})
    return found


def test_the_page_of_attacks_lists_it_and_links_it(site: Site, rise: dict[str, Any]) -> None:
    for path in ("/attacks", "/attacks?rule=944150"):
        part = site.page(path).partition('id="rises"')[2].partition("</section>")[0]
        assert HEADLINE in part
        assert f'href="/outage/{rise["id"]}"' in part
        assert "More attempts" in part
    assert 'id="rises"' not in site.page("/attacks?rule=920350")


def test_its_own_page_has_the_chart_of_the_rule_and_leads_to_its_origins(site: Site, rise: dict[str, Any]) -> None:
    text = site.page(f"/outage/{rise['id']}")
    assert Reader(text).open == []
    assert 'id="rule-matches"' in text
    assert 'href="/attacks?rule=944150"' in text
    assert "Rise of attempts" in words_of(text)
    table = site.page(f"/outage/{rise['id']}?table=rule-matches")
    assert len(table) > len(text)


def test_the_first_sentence_of_the_site_calls_nothing_broken_by_it(site: Site, rise: dict[str, Any]) -> None:
    title = site.page("/").partition("<h1")[2].partition("</h1>")[0]
    assert "Degraded: " in title
    assert "Our firewalls" not in title
    assert HEADLINE in words_of(site.page("/outages"))


def test_the_page_of_our_firewalls_leads_to_the_attacks(site: Site, rise: dict[str, Any]) -> None:
    text = site.page("/provider/our-firewalls")
    assert Reader(text).open == []
    main = text.partition("<main")[2]
    assert 'href="/attacks"' in main
    assert HEADLINE in main
    assert "simulated" in words_of(text)
    assert "Our firewalls" not in words_of(site.page("/providers")), "attempts are no state of a provider"


def test_without_a_log_the_page_of_our_firewalls_says_so(site: Site) -> None:
    from radar.pages import _attacks

    _attacks.forget()
    assert "No match of a firewall's rule has been read here." in words_of(site.page("/provider/our-firewalls"))


def test_a_rise_of_load_is_told_as_times_normal_and_not_as_a_loss(site: Site, rise: dict[str, Any]) -> None:
    docs, states = samples.sample_documents()
    load = {**rise, "id": "load", "entity": "provider/our-resolver", "headline": "Our resolvers are busy.",
            "updates": [],
            "signals": [{"signal": "dns.queries", "source": "dns_logs", "verdict": "affected", "depth": 0.55,
                         "first_seen": rise["start"]}]}  # fmt: skip
    del load["about"]
    documents.publish(site.store, {**docs, "outages": [load], "outage:load": load}, states, {})
    text = words_of(site.page("/outage/load"))
    assert "2.2 times normal at most" in text
    assert "below normal" not in text


def test_a_new_rule_is_told_with_number_time_and_place(site: Site, rise: dict[str, Any]) -> None:
    text = words_of(site.page("/attacks"))
    assert "first seen at 07:00 UTC, 160 times since. The largest part, 10" in text
    assert "came from addresses registered in Brazil." in text


def test_its_card_shows_the_matches_of_the_rule_and_no_world(
    site: Site, rise: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.web.test_cards import made

    card = made(site, monkeypatch, f"/card/outage/{rise['id']}.png")
    assert card.chart.title == "Matches of this rule"
    assert card.states is None
    assert card.credit.startswith("Source: ")
