"""Every drawing that is no chart of a series: at an address of its own, with files, numbers and citation."""

from __future__ import annotations

import hashlib
import re
from html import unescape
from urllib.parse import urlsplit
from xml.etree import ElementTree

import pytest

from radar.aggregate.reliability import HOUR, add, tell
from radar.pages import _figures
from radar.store import connect, documents, performance, reliability, routes
from tests import samples
from tests.sample_attacks import sample_attacks
from tests.sample_paths import sample_paths, sample_paths_views
from tests.sample_performance import sample_now, sample_performance
from tests.web.conftest import Site
from tests.web.test_chart_page import codes

IRAQ, NETWORK = "IQ-20260302T0500Z", "geoasn/ID-23693"

#: A page on which each drawing stands.
STANDS = {
    "hours": f"/{NETWORK}", "reliability": "/country/IQ", "losses": "/routing", "agreement": f"/outage/{IRAQ}",
    "networks-hit": f"/outage/{IRAQ}", "where-hit": f"/outage/{IRAQ}", "origins": "/attacks?rule=944150",
    "paths": "/asn/21277", "through": f"/outage/{IRAQ}", "collectors": "/routing", "time-to-detect": "/scoreboard",
    "confidence": "/scoreboard", "open-lines": "/",
}  # fmt: skip


@pytest.fixture
def full(site: Site) -> Site:
    """The samples with all that is drawn; a network of another country is hit with Iraq."""
    from radar.pages import _attacks

    _attacks.forget()
    docs, states = samples.sample_documents()
    outages = docs["outages"]
    whole = next(row for row in outages if row["id"] == IRAQ)
    part = {**whole, "id": "part", "entity": "asn/5089", "parent": IRAQ, "children": []}
    whole["children"] = ["part"]
    docs |= {"outages": [part, *outages], "performance": sample_now(), "attacks": sample_attacks()}
    documents.publish(site.store, {**docs, f"outage:{IRAQ}": whole}, states, {})
    performance.write(site.store, {NETWORK: sample_performance(NETWORK)})
    bits: dict[str, int] = {}
    add(bits, samples.NOW.replace(minute=0) - 90 * HOUR, [True] * 90)
    row = tell("country/IQ", bits, (), samples.NOW.replace(minute=0), simulated=True)
    reliability.write(site.store, {"country/IQ": row})
    views = sample_paths_views(samples.NOW)
    views["asn/5089"] |= {"dependents": views["asn/21277"]["dependents"], "dependents_count": 3}
    documents.put(site.store, "paths", sample_paths(samples.NOW))
    routes.write_paths(site.store, views)  # type: ignore[arg-type]  # invented, in the real form
    return site


def link_of(site: Site, name: str) -> str:
    """The address of a drawing's own page, as the page on which it stands offers it."""
    found = re.search(rf'data-href="(/figure\?name={name}(?:&[^"]*)?)"', site.page(STANDS[name]))
    assert found is not None, f"{STANDS[name]} offers no {name}"
    return unescape(found[1])


def test_each_drawing_stands_somewhere() -> None:
    assert set(STANDS) == set(_figures.FIGURES)


@pytest.mark.parametrize("name", _figures.FIGURES)
def test_it_has_a_page_with_a_fingerprint_that_a_reader_can_check(full: Site, name: str) -> None:
    link = link_of(full, name)
    page = full.page(link)
    told = codes(page)
    fingerprint = next(text for text in told if re.fullmatch(r"[0-9a-f]{64}", text))
    command = urlsplit(next(text for text in told if text.startswith("curl")).split("'")[1])
    csv = full.get(f"{command.path}?{command.query}")
    assert csv.mimetype == "text/csv"
    assert hashlib.sha256(csv.data).hexdigest() == fingerprint
    assert csv.data.count(b"\n") > 1
    frozen = urlsplit(next(text for text in told if "&sha256=" in text))
    assert "the very numbers" in full.page(f"{frozen.path}?{frozen.query}")
    assert "The numbers have changed" in full.page(f"{link}&sha256=0123456789abcdef")
    offered = re.search(r'id="([\w-]+)-kit"', full.page(STANDS[name]).partition(link.replace("&", "&amp;"))[2])
    assert offered is not None
    assert f'id="{offered[1]}-kit"' in page, "an offer is filled from the part of the same name"
    assert any(text.startswith("@misc{") for text in told)


@pytest.mark.parametrize("name", _figures.FIGURES)
def test_its_page_says_each_thing_once_and_nothing_that_is_empty(full: Site, name: str) -> None:
    main = unescape(full.page(link_of(full, name)).partition('<main id="main">')[2])
    above = re.sub(r"<svg.*?</svg>", "", main.partition("Share, download, cite")[0], flags=re.S)
    assert above.count("Source: ") == 1
    said = re.findall(r'<p class="(?:lede small|sentence)">([^<]+)', above)
    assert len(said) == len(set(said))
    assert not re.search(r"licence:\s*(?:<|·|$)", above)


@pytest.mark.parametrize("name", _figures.FIGURES)
def test_its_file_is_whole_and_painted(full: Site, name: str) -> None:
    answer = full.get(link_of(full, name).replace("/figure?", "/figure.svg?"))
    assert answer.status_code == 200
    assert answer.mimetype == "image/svg+xml"
    root = ElementTree.fromstring(answer.data)
    text = " ".join(root.itertext())
    for part in ("Source:", "Unit:", "UTC", f"/figure?name={name}", "sha256="):
        assert part in text
    own = ("published record", "exam of its detector")
    assert re.search(r"Source: [^·]+ \(.+\)", text) or any(words in text for words in own), "a source has its licence"
    assert not re.search(r"var\(|url\((?!#)|<script|@import", answer.text)
    rules, _end, drawn = answer.text.partition("</style>")
    for classes, pattern in (("v-hatch", "agree-hatch"), ("blind", "unknown-hours"), ("hatch", "reach-hatch")):
        if re.search(rf'class="{classes}"', drawn) and f"url(#{pattern})" in rules:
            assert f'id="{pattern}"' in drawn


@pytest.mark.parametrize("name", _figures.FIGURES)
def test_the_numbers_are_the_same_in_each_language(full: Site, name: str) -> None:
    link = link_of(full, name).replace("/figure?", "/figure.csv?")
    assert full.get(link).data == full.get(f"{link}&lang=es").data


@pytest.mark.parametrize(
    ("query", "why"),
    [
        ("", "expected one of"),
        ("name=%3Cscript%3E", "expected one of"),
        ("name=hours&entity=country/QQ&what=rtt", "is no country"),
        ("name=hours&entity=country/IQ&what=jitter", "expected one of"),
        ("name=hours&entity=country/NR&what=rtt", "There are no hours of Nauru"),
        ("name=reliability&entity=country/NR", "not watched Nauru"),
        ("name=agreement&outage=nothing&until=2026-03-02T00:00:00Z", "with the id"),
        (f"name=agreement&outage={IRAQ}&until=tomorrow", "expected a time"),
        (f"name=networks-hit&outage={IRAQ}&at=1980-01-01T00:00:00Z", "cannot be shown"),
        ("name=networks-hit&outage=%00", "with the id"),
        ("name=origins&rule=944150&window=1y", "expected one of"),
        ("name=origins&rule=none", "We know of no rule"),
        ("name=paths&entity=asn/21277&part=all", "no such table of AS21277"),
        ("name=paths&entity=country/NR&part=transit", "no such table of Nauru"),
        ("name=through&outage=none", "with the id"),
    ],
)
def test_an_address_that_names_no_figure_says_what_is_wrong(full: Site, query: str, why: str) -> None:
    page, file = full.get(f"/figure?{query}"), full.get(f"/figure.svg?{query}")
    assert (page.status_code, file.status_code) == (404, 400)
    assert full.get(f"/figure.csv?{query}").status_code == 400
    assert why in unescape(page.text)
    assert why in file.text
    assert "<script>" not in page.text.partition("<h1")[2].partition("</main")[0]


#: Drawn from what a page remembers of the last publication; the others are read anew.
REMEMBERED = ("losses", "networks-hit", "where-hit", "origins", "collectors", "time-to-detect", "confidence")


@pytest.mark.parametrize("name", _figures.FIGURES)
def test_without_the_store_what_cannot_be_read_is_not_said_to_be_absent(full: Site, name: str) -> None:
    link = link_of(full, name)
    for address in (link, link.replace("/figure?", "/figure.svg?")):
        full.get(address)
    full.use(connect("redis://127.0.0.1:1/0", timeout_s=0.2))
    wanted = (200, 503) if name in REMEMBERED else (503,)
    for address in (link, link.replace("/figure?", "/figure.svg?"), link.replace("/figure?", "/figure.csv?")):
        assert full.get(address).status_code in wanted, address


def test_a_table_s_file_holds_each_row_of_it(full: Site) -> None:
    rows = full.get("/figure.csv?name=paths&entity=asn/21277&part=dependents-of").text.splitlines()
    assert rows[0] == "network,name,share,users"
    assert [row.partition(",")[0] for row in rows[1:]] == ["asn/51684", "asn/203214", "asn/9241"]
    assert rows[3].endswith(",0.61,"), "users that are not known are not nobody"
    collectors = full.get("/figure.csv?name=collectors").text.splitlines()
    sheet = full.get("/figure.svg?name=collectors").text
    assert all(row.partition(",")[0] in sheet for row in collectors[1:])
    lines = full.get("/figure.csv?name=open-lines").text.splitlines()
    assert lines[0] == "outage,entity,series,from,seconds,value,expected,unit"
    assert any(row.startswith(f"{IRAQ},country/IQ,") for row in lines)
