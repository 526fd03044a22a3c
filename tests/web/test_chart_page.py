"""One chart at an address of its own: the numbers, the files and the citation are those of the link."""

from __future__ import annotations

import hashlib
import json
import re
from datetime import timedelta
from html import unescape
from typing import Any
from urllib.parse import urlsplit
from xml.etree import ElementTree

import numpy as np
import orjson
import pytest
from dash.development.base_component import Component

from radar.components import charts, kit
from radar.figures.timeseries import Chart
from radar.signals import HOURLY, SLOTS
from radar.store import blocks, connect
from radar.times import rfc3339
from tests.samples import NOW
from tests.web.conftest import Site


def first_link(site: Site) -> str:
    """The address of the first chart's own page, as a country's page offers it."""
    found = re.search(r'data-href="(/chart\?[^"]+)"', site.page("/country/IQ"))
    assert found is not None
    return unescape(found[1])


def codes(text: str) -> list[str]:
    """What can be copied from a kit."""
    return [unescape(told) for told in re.findall(r"<(?:code|pre)>([^<]+)</", text)]


def test_the_fingerprint_is_that_of_the_csv_which_the_page_names(site: Site) -> None:
    told = codes(site.page(first_link(site)))
    fingerprint = next(text for text in told if re.fullmatch(r"[0-9a-f]{64}", text))
    command = next(text for text in told if text.startswith("curl"))
    address = urlsplit(command.split("'")[1])
    csv = site.get(f"{address.path}?{address.query}").data
    assert hashlib.sha256(csv).hexdigest() == fingerprint
    assert csv.count(b"\n") > 10


def test_a_page_that_is_nothing_without_its_parameters_names_itself_with_them(site: Site) -> None:
    link = first_link(site)
    for language, asked in (("", ""), ("&lang=es", "&lang=es")):
        page = unescape(site.page(f"{link}{language}"))
        assert f'<link rel="canonical" href="http://localhost{link}{asked}">' in page
        assert f'hreflang="es" href="http://localhost{link}&lang=es"' in page
        assert f'<p class="print-only">http://localhost{link}{asked} · ' in page
    moment = "http://localhost/outages?at=2026-03-02T12:00:00Z"
    assert f'<link rel="canonical" href="{moment}">' in site.page("/outages?at=2026-03-02T12:00:00Z&sort=start")
    assert '<link rel="canonical" href="http://localhost/outages">' in site.page("/outages?sort=start")
    assert '<link rel="canonical" href="http://localhost/attacks">' in site.page("/attacks?sort=name")


def test_a_link_says_whether_its_numbers_are_still_the_same(site: Site) -> None:
    link = first_link(site)
    frozen = next(text for text in codes(site.page(link)) if "&sha256=" in text)
    address = urlsplit(frozen)
    assert "the very numbers" in site.page(f"{address.path}?{address.query}")
    assert "made at 2 March 2026, 12:00 UTC" in site.page(f"{address.path}?{address.query}")
    assert "The numbers have changed" in site.page(f"{link}&sha256=0123456789abcdef")
    assert "The numbers have changed" in site.page(f"{link}&sha256=0")


def test_a_link_to_minutes_that_are_no_longer_kept_shows_their_hours_and_says_that_the_numbers_have_changed(
    site: Site,
) -> None:
    series, start = "bgp.visible_24s@ris_live", NOW - timedelta(days=20)
    group, slot = SLOTS[HOURLY[series]]
    rows = np.full((1, 24, group.width), np.nan, np.float32)
    rows[:, :, slot] = 4321.0
    blocks.write_bins(site.store, group, "value", ["country/IQ"], start, rows)
    link = (f"/chart?entity=country/IQ&series={series}&from={rfc3339(start)}&until={rfc3339(start + timedelta(days=1))}"
            f"&interval=5m&at={rfc3339(start + timedelta(days=1))}&sha256=0123456789abcdef")  # fmt: skip
    page = site.page(link)
    assert "no longer kept so finely" in page
    csv = unescape(next(iter(re.findall(r'href="(/api/v1/signals[^"]+)"', page))))
    assert "interval=1h" in csv
    assert site.get(csv).text.count(",4321.0,") == 24


def test_how_new_the_data_are_is_said_as_beside_the_place(site: Site) -> None:
    said = [re.search(r"Data until (.*?)</span>", site.page(path)) for path in ("/country/IQ", first_link(site))]
    assert said[0] is not None
    assert said[1] is not None
    assert said[0][1] == said[1][1]


@pytest.mark.parametrize("path", ["/country/IQ", "/country/IQ?range=1y", "/country/IQ?scale=normalised&baseline=week",
                                  "/outage/IQ-20260302T0500Z"])  # fmt: skip
def test_what_dash_draws_of_each_chart_of_a_page_is_at_its_address(
    site: Site, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: dict[str, Chart] = {}
    real = charts.chart

    def noted(id: str, chart: Chart, *args: Any, **more: Any) -> Component:
        drawn[id] = chart
        return real(id, chart, *args, **more)

    monkeypatch.setattr(charts, "chart", noted)
    addresses = re.findall(r'data-graph="([^"]+)"', site.page(path))
    assert len(addresses) == len(drawn) > 0
    for address, (id, chart) in zip(addresses, drawn.items(), strict=True):
        answer = site.get(unescape(address))
        assert answer.status_code == 200
        assert "max-age" in answer.headers["Cache-Control"]
        given = json.loads(answer.data)
        assert given["props"]["id"] == {"type": "graph", "index": id}
        assert given == json.loads(orjson.dumps(charts.graph(id, chart)))


def test_what_dash_draws_speaks_the_language_that_is_asked_for(site: Site) -> None:
    address = first_link(site).replace("/chart?", "/chart.json?")
    assert "locale" not in site.get(address).json["props"]["config"]
    assert site.get(f"{address}&lang=es").json["props"]["config"]["locale"] == "es"


def test_what_dash_draws_is_made_once_a_publication_and_never_kept_while_the_store_is_away(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    address, made = first_link(site).replace("/chart?", "/chart.json?"), list[str]()
    real = charts.graph
    monkeypatch.setattr(charts, "graph", lambda id, chart: made.append(id) or real(id, chart))
    assert site.get(address).data == site.get(address).data
    assert len(made) == 1
    assert site.get(address.replace("entity=country/IQ", "entity=country/XX")).status_code == 400


def test_the_file_is_a_whole_drawing_with_title_source_licence_and_address(site: Site) -> None:
    answer = site.get(first_link(site).replace("/chart?", "/chart.svg?"))
    assert answer.status_code == 200
    assert answer.mimetype == "image/svg+xml"
    assert answer.headers["Content-Disposition"].startswith('inline; filename="radar-country-IQ-')
    text = " ".join(ElementTree.fromstring(answer.data).itertext())
    for part in ("Iraq", "Source:", "licence:", "UTC", "/chart?entity=country/IQ"):
        assert part in text


@pytest.mark.parametrize(
    ("query", "why"),
    [
        ("", "is no entity"),
        ("entity=country/QQ", "is no country"),
        ("entity=country/IR&series=nothing", "is no series"),
        ("entity=country/IR&series=edge.requests&from=yesterday", "expected a time"),
        ("entity=country/IR&series=edge.requests&from=2026-03-02T00:00:00Z&until=2026-03-01T00:00:00Z", "not after"),
        ("entity=country/IR&series=edge.requests&from=1980-01-01T00:00:00Z&until=2026-03-01T00:00:00Z&interval=5m",
         "too many"),
        ("entity=country/IR&series=edge.requests&from=2026-03-01T00:00:00Z&until=2026-03-02T00:00:00Z&interval=7m",
         "is no interval"),
        ("entity=%3Cscript%3E&series=%00", "is no entity"),
    ],
)  # fmt: skip
def test_an_address_that_names_no_chart_says_what_is_wrong(site: Site, query: str, why: str) -> None:
    page, file = site.get(f"/chart?{query}"), site.get(f"/chart.svg?{query}")
    assert (page.status_code, file.status_code) == (404, 400)
    assert why in unescape(page.text)
    assert why in file.text
    assert file.mimetype == "text/plain"
    assert "<script>" not in page.text.partition("<h1")[2].partition("</main")[0]


def test_without_the_store_nothing_is_drawn(site: Site) -> None:
    link = first_link(site)
    site.use(connect("redis://127.0.0.1:1/0", timeout_s=0.2))
    assert site.get(link).status_code == 503
    assert site.get(link.replace("/chart?", "/chart.svg?")).status_code == 503


def test_citations_name_data_licence_time_and_simulation_and_survive_tex() -> None:
    work = kit.Work(
        title="Requests & bytes_{x}: Iran", page="https://r.example/country/IQ", frozen="https://r.example/chart?a=1&b=2",
        csv="", svg="", fingerprint="ab" * 32, source="Our edge", licence="CC BY 4.0", simulated=True,
        read="2026-03-02T02:35:00Z",
    )  # fmt: skip
    text = kit.apa(work)
    assert text.startswith("Internet Radar. (2026, March 2). Requests & bytes_{x}: Iran [Chart of simulated data].")
    assert "Data: Our edge, CC BY 4.0." in text
    assert text.endswith("Retrieved March 2, 2026, 02:35 UTC, from https://r.example/chart?a=1&b=2")
    tex = kit.bibtex(work)
    assert r"Requests \& bytes\_\{x\}: Iran" in tex
    assert "url = {https://r.example/chart?a=1&b=2}" in tex
    assert "Simulated data." in tex
