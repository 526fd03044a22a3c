"""No English is left on Spanish pages, but for names, code, addresses and what is marked as English."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any

import pytest

from radar import entities, retell
from radar.sources import discover
from radar.store import documents
from tests import samples
from tests.web.conftest import Site

#: Words that nearly every English sentence has one of, and no Spanish one.
ENGLISH = re.compile(
    r"\b(?:the|of|and|since|from|with|which|their|this|that|are|were|was|for|not|has|have|been)\b", re.IGNORECASE
)

#: Names of those who measure and of their works, and of licences: they are called so in every language.
NAMES = re.compile(
    r"Georgia Institute of Technology|Internet Outage Detection and Analysis|University of Oregon|"
    r"Open Observatory of Network Interference|IP Geolocation by DB-IP|CC BY(?:-[A-Z]+)*|"
    r"Routing Information Service and delegated statistics|Google Transparency Report, traffic and disruptions|"
    r"IODA team's curated outages, 2018 to 2020"
)
_NETWORK = re.compile(r"AS(\d+) ")

PAGES = (
    "/", "/outages", "/sources", "/method", "/status", "/about", "/privacy", "/search", "/search?q=ira",
    "/search?q=zzqq", "/scoreboard", "/providers", "/quality", "/attacks", "/routing", "/measure", "/country/IQ",
    "/country/PT", "/country/NR", "/country/AQ", "/country/XX", "/asn/5089", "/geoasn/IQ-51684",
    "/provider/cloudflare", "/provider/our-resolver", "/region/US-CA", "/nothing",
)  # fmt: skip


class Texts(HTMLParser):
    """What a reader sees or hears of a page in its own language: no code, and nothing marked as another language."""

    VOID = frozenset(("meta", "link", "br", "img", "input", "hr", "source", "wbr", "area", "col"))
    SEEN = ("title", "alt", "aria-label", "placeholder")

    def __init__(self) -> None:
        super().__init__()
        self.open: list[tuple[str, bool]] = []
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        other = tag in ("code", "pre", "script", "style", "samp") or given.get("lang", "es") != "es"
        if not other and not self._is_hidden():
            self.found += [str(given[name]) for name in self.SEEN if given.get(name)]
            if tag == "meta" and given.get("name") == "description":
                self.found.append(str(given["content"]))
        if tag not in self.VOID:
            self.open.append((tag, other))

    def handle_endtag(self, tag: str) -> None:
        for at in range(len(self.open) - 1, -1, -1):
            if self.open[at][0] == tag:
                del self.open[at:]
                return

    def handle_data(self, data: str) -> None:
        if data.strip() and not self._is_hidden():
            self.found.append(" ".join(data.split()))

    def _is_hidden(self) -> bool:
        return any(other for _tag, other in self.open)


def english(html: str) -> list[str]:
    """Texts of a Spanish page with an English word in them."""
    page = Texts()
    page.feed(html)
    return [text for text in page.found if ENGLISH.search(_without_names(text))]


def _without_names(text: str) -> str:
    for asn in _NETWORK.findall(text):
        network = entities.networks().get(int(asn))
        text = text.replace(network.name, " ") if network and network.name else text
    return re.sub(r"https?://\S+|/\S+", " ", NAMES.sub(" ", text))


def addresses() -> Iterator[str]:
    yield from PAGES
    yield from (f"/outage/{row['id']}" for row in samples.sample_outages())


def test_the_check_finds_a_word_and_leaves_names_and_code_alone() -> None:
    assert english("<p>Dos <b>of</b> three</p>") == ["of"]
    assert english('<p title="since then">Hola</p><br><p>the</p>') == ["since then", "the"]
    assert english('<p>CC BY 4.0 <code>the</code> <q lang="en">and <b>of</b></q> AS5089 Virgin Media Limited</p>') == []


#: In the place of the sentences that the samples have made up: those of the radar itself are all in the catalogue.
SENTENCE = "Most routes stayed up while packets were lost."


def _with_our_words(node: Any, key: str = "") -> Any:
    """The samples with a sentence of the radar's for each of theirs, and sources as they call themselves."""
    if isinstance(node, dict):
        return {name: _with_our_words(value, name) for name, value in node.items()}
    if isinstance(node, list):
        return [_with_our_words(value, key) for value in node]
    return SENTENCE if isinstance(node, str) and key in (*retell.KEYS, "error") and " " in node else node


def _sources(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """All sources that there are, as a sample with its own words."""
    return [
        rows[0] | {name: getattr(source.SOURCE, name) for name in ("name", "title", "org", "licence", "attribution",
                                                                   "summary", "info_url", "licence_url", "url")}
        for source in discover().values()
    ]  # fmt: skip


@pytest.fixture
def told(site: Site) -> dict[str, list[str]]:
    docs, states = samples.sample_documents(notice=True)
    sources = _sources(docs["sources"])
    documents.publish(site.store, _with_our_words(docs) | {"sources": sources}, _with_our_words(states))
    return {path: english(site.get(f"{path}{'&' if '?' in path else '?'}lang=es").text) for path in addresses()}


def test_spanish_pages_have_no_english_on_them(told: dict[str, list[str]]) -> None:
    left = {path: texts for path, texts in told.items() if texts}
    assert not left, "\n".join(f"{path}: {text}" for path, texts in left.items() for text in texts)
