"""The page of attack rules: says what was counted, no more, and nothing at all where nothing is read."""

from __future__ import annotations

import csv
import hashlib
import io
import re
from collections.abc import Callable
from html import unescape
from typing import Any
from urllib.parse import urlsplit
from xml.etree import ElementTree

import pytest
from dash.development.base_component import Component

from radar.shapes.attacks import Attacks
from radar.store import documents
from tests import samples
from tests.sample_attacks import sample_attacks
from tests.web.conftest import Site
from tests.web.test_pages import Reader


def words_of(html: str) -> str:
    """What a reader sees of the page's own part."""
    main = html.partition('<main id="main">')[2].partition("</main>")[0]
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", main)).split())


@pytest.fixture
def publish(site: Site) -> Callable[..., None]:
    """Publish the samples with this document; None: no firewall's log is read."""
    from radar.pages import _attacks

    _attacks.forget()

    def put(body: Attacks | None, **clock: Any) -> None:
        docs, states = samples.sample_documents()
        docs["clock"] = {**docs["clock"], **clock}
        documents.publish(site.store, {**docs, "attacks": body}, states, {})

    return put


QUERIES = ("", "?sort=first", "?sort=growth&show=all", "?sort=%3Cscript%3E", "?rule=944150", "?rule=920350&range=90d",
           "?rule=944150&range=7d&window=7d&table=1", "?rule=944150&range=x&window=y")  # fmt: skip


@pytest.mark.parametrize("query", QUERIES)
def test_the_page_is_finished_well_formed_html(site: Site, publish: Callable[..., None], query: str) -> None:
    publish(sample_attacks())
    page = Reader(site.page(f"/attacks{query}"))
    assert page.open == []
    assert len(set(page.ids)) == len(page.ids)
    fragments = {link.partition("#")[2] for link in page.links if link.startswith("/attacks?") and "#" in link}
    assert fragments <= set(page.ids), "a link within the page leads nowhere"


@pytest.mark.parametrize("query", [{}, {"rule": "944150"}])
def test_dash_can_draw_the_same_tree(site: Site, publish: Callable[..., None], query: dict[str, str]) -> None:
    from radar.pages import _first

    def walk(node: Any, where: str) -> None:
        inside = getattr(node, "children", None)
        for child in inside if isinstance(inside, list | tuple) else [inside]:
            assert child is None or isinstance(child, str | int | float | Component), f"{where}: {child!r}"
            if isinstance(child, Component):
                walk(child, f"{where} > {child._type}")

    publish(sample_attacks())
    with site.server.test_request_context("/attacks"):
        walk(_first.find("/attacks").layout(**query), "/attacks")


def test_the_first_sentence_names_the_newest_rule_and_when_it_was_first_seen(
    site: Site, publish: Callable[..., None]
) -> None:
    publish(sample_attacks())
    text = words_of(site.page("/attacks"))
    assert (
        "1 rule is new in the last seven days: “Log4j / Log4shell”, first seen at 07:00 UTC, 160 times since." in text
    )


def test_the_list_of_new_rules_leaves_out_what_was_there_when_records_began(
    site: Site, publish: Callable[..., None]
) -> None:
    publish(sample_attacks())
    html = site.page("/attacks")
    new = html.partition('id="new"')[2].partition("</section>")[0]
    assert "944150" in new
    assert "920350" not in new


def test_a_rule_tells_its_growth_origins_and_what_is_usual_there(site: Site, publish: Callable[..., None]) -> None:
    publish(sample_attacks())
    text = words_of(site.page("/attacks?rule=944150"))
    for piece in ("matched for the first time at 07:00 UTC, 5 h ago", "It doubles about every 55 min", "Brazil",
                  "does not say who sent them", "CVE-2021-44228"):  # fmt: skip
        assert piece in text, piece


def _codes(page: str) -> list[str]:
    return [unescape(found) for found in re.findall(r"<(?:code|pre)>(.*?)</", page, re.S)]


@pytest.mark.parametrize("range", ["24h", "7d", "90d"])
def test_the_csv_under_the_chart_is_that_of_the_chart(site: Site, publish: Callable[..., None], range: str) -> None:
    publish(sample_attacks())
    page = site.page(f"/attacks?rule=944150&range={range}&table=1")
    address = unescape(re.findall(r'href="(/api/v1/attacks\?rule=944150&amp;range=[^"]+format=csv)"', page)[0])
    rows = list(csv.DictReader(io.StringIO(site.get(address).text)))
    table = page.partition('<table class="figures">')[2].partition("</table>")[0]
    lines = [re.findall(r"<td[^>]*>([^<]*)</td>", line) for line in table.split("</tr>")[1:-1]]
    assert [line[0].replace(",", "") for line in lines] == [row["matches"] for row in rows]
    moments = re.findall(r'<th scope="row"><time datetime="([^"]*)"', table)
    assert all(row["time"].startswith(moment) for moment, row in zip(moments, rows, strict=True))


@pytest.mark.parametrize("language", ["en", "es"])
def test_a_rule_s_chart_has_links_files_and_a_citation(site: Site, publish: Callable[..., None], language: str) -> None:
    publish(sample_attacks())
    page = site.page("/attacks?rule=944150")
    kit = unescape(re.findall(r'data-href="(/attacks/chart[^"]+)"', page)[0])
    alone = site.page(f"{kit}&lang={language}")
    assert alone.count('data-slot="rule-matches-kit"') == 1, "what the offer is filled from is the only one of its name"
    codes = _codes(alone)
    frozen = next(code for code in codes if code.startswith("http") and "&sha256=" in code)
    address = urlsplit(frozen)
    asked = f"{address.path}?{address.query}"
    assert "the very numbers" in site.page(asked)
    assert "The numbers have changed" in site.page(re.sub("sha256=.*", "sha256=0123456789abcdef", asked))
    csv_at = re.findall(r"'http://[^/]+(/api[^']+)'", next(code for code in codes if code.startswith("curl")))[0]
    assert hashlib.sha256(site.get(csv_at).data).hexdigest() in codes
    picture = site.get(kit.replace("/chart?", "/chart.svg?"))
    text = "".join(ElementTree.fromstring(picture.text).itertext())
    for piece in ("Matches of this rule: ", "Source", "matches per hour", "/attacks/chart?rule=944150"):
        assert piece in text, piece
    assert picture.mimetype == "image/svg+xml"
    assert any(code.startswith("@misc{radar-") for code in codes)


def test_a_frozen_chart_keeps_its_hours_and_says_when_they_are_not_kept_any_more(
    site: Site, publish: Callable[..., None]
) -> None:
    publish(sample_attacks())
    asked = "/attacks/chart?rule=944150&range=7d&from=2026-01-01T00:00:00Z&until=2026-01-02T00:00:00Z"
    page = site.page(asked)
    assert "Nothing was heard in this time." in page
    api = site.get(asked.replace("/attacks/chart?", "/api/v1/attacks?format=csv&"))
    rows = list(csv.DictReader(io.StringIO(api.text)))
    assert [row["matches"] for row in rows] == [""] * 24
    assert rows[0]["time"] == "2026-01-01T00:00:00Z"


SPAN = "from=2026-03-01T00:00:00Z&until=2026-03-02T00:00:00Z"


@pytest.mark.parametrize(
    ("query", "said"),
    [
        (f"rule=0&{SPAN}", "no rule 0"), ("rule=944150", "from is"), (f"rule=944150&range=x&{SPAN}", "24h, 7d, 90d"),
        ("rule=944150&from=2026-03-02T00:00:00Z&until=2026-03-01T00:00:00Z", "not after from"),
        ("rule=944150&from=1990-01-01T00:00:00Z&until=2026-03-01T00:00:00Z", "too far from it"),
        (f"rule=%3Cscript%3E&{SPAN}", "no rule"),
    ],
)  # fmt: skip
def test_an_address_of_no_chart_says_what_is_wrong(
    site: Site, publish: Callable[..., None], query: str, said: str
) -> None:
    publish(sample_attacks())
    answer = site.get(f"/attacks/chart?{query}")
    assert answer.status_code == 404
    assert said in unescape(answer.text)
    assert "<script>" not in answer.text.partition("<main")[2].partition("</main")[0]
    drawing = site.get(f"/attacks/chart.svg?{query}")
    assert (drawing.status_code, drawing.mimetype) == (400, "text/plain")


@pytest.mark.parametrize(
    "query",
    ["from=2026-03-01T00:00:00Z", "until=2026-03-01T00:00:00Z", "from=2026-03-02T00:00:00Z&until=2026-03-02T00:00:00Z",
     "range=7d&from=2020-01-01T00:00:00Z&until=2026-01-01T00:00:00Z"],
)  # fmt: skip
def test_the_api_refuses_what_is_no_range(site: Site, publish: Callable[..., None], query: str) -> None:
    publish(sample_attacks())
    answer = site.get(f"/api/v1/attacks?rule=944150&format=csv&{query}")
    assert answer.status_code == 400
    assert answer.json["error"]["parameter"] in ("from", "until")


def test_where_nothing_has_come_the_page_does_not_say_that_all_is_calm(
    site: Site, publish: Callable[..., None]
) -> None:
    publish(sample_attacks(hours_ago=5))
    text = words_of(site.page("/attacks"))
    assert "Either nothing was tried, or the firewalls' logs do not reach us; we cannot tell which." in text
    assert "we cannot tell which" in words_of(site.page("/attacks?rule=944150"))


def test_without_a_log_the_page_says_that_it_cannot_know_and_how_to_change_that(
    site: Site, publish: Callable[..., None]
) -> None:
    publish(None)
    text = words_of(site.page("/attacks"))
    assert "so we cannot say what is being tried" in text
    assert "RADAR_WAF_EVENTS" in text


@pytest.mark.parametrize("rule", ["nobody", "%3Cscript%3Ealert(1)%3C/script%3E", "x" * 3000])
def test_a_rule_that_is_not_known_is_an_honest_404(site: Site, publish: Callable[..., None], rule: str) -> None:
    publish(sample_attacks())
    answer = site.get(f"/attacks?rule={rule}")
    assert answer.status_code == 404
    assert "<script>alert" not in answer.text


def test_a_hostile_title_is_shown_as_text(site: Site, publish: Callable[..., None]) -> None:
    body = sample_attacks()
    body["rules"][0]["title"] = '"><img src=x onerror=alert(1)>'
    publish(body)
    for path in ("/attacks", f"/attacks?rule={body['rules'][0]['id']}"):
        assert "<img" not in site.page(path)


def test_simulated_matches_are_said_to_be(site: Site, publish: Callable[..., None]) -> None:
    publish(sample_attacks(simulated=True))
    for path in ("/attacks", "/attacks?rule=944150"):
        assert "simulated" in words_of(site.page(path))


@pytest.mark.parametrize(("last", "drawn"), [(0, 167), (3, 167), (9, 168)])
def test_an_hour_that_has_not_ended_is_not_drawn_as_a_fall(last: int, drawn: int) -> None:
    from radar.components import attacks

    rule = {**sample_attacks()["rules"][0], "hourly": [5] * 167 + [last]}
    path = re.search(r'class="value" d="([^"]*)"', str(attacks.line(rule, "x")))  # type: ignore[arg-type]
    assert path is None or path[1].count("L") + 1 == drawn
    assert len(attacks.without_a_false_fall(rule["hourly"])) == drawn
