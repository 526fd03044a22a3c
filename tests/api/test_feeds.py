"""Feeds are valid Atom, with one entry for each published update."""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree as ET

import pytest
from flask import Flask
from flask.testing import FlaskClient

from radar import settings
from radar.api.feeds import entries
from radar.store import Store, embedded
from radar.store.documents import publish
from radar.times import parse
from tests.api.conftest import application
from tests.samples import sample_documents, sample_outages

ATOM = "{http://www.w3.org/2005/Atom}"


def feed(api: FlaskClient, address: str = "/feeds/outages.atom", **more: Any) -> ET.Element:
    answer = api.get(address, **more)
    assert answer.status_code == 200, answer.text[:300]
    assert answer.content_type == "application/atom+xml; charset=utf-8"
    return ET.fromstring(answer.data)


def text(element: ET.Element, name: str) -> str:
    found = element.findall(ATOM + name)
    assert len(found) == 1, f"{name}: {len(found)} times"
    assert found[0].text
    return found[0].text


@pytest.mark.parametrize("address", ["/feeds/outages.atom", "/feeds/country/IQ.atom", "/feeds/country/DE.atom"])
def test_a_feed_has_what_atom_requires(api: FlaskClient, address: str) -> None:
    root = feed(api, address)
    assert root.tag == f"{ATOM}feed"
    for name in ("id", "title"):
        assert text(root, name)
    parse(text(root, "updated"))
    assert root.findtext(f"{ATOM}author/{ATOM}name")
    (self,) = [link for link in root.findall(f"{ATOM}link") if link.get("rel") == "self"]
    assert self.get("href") == f"http://localhost{address}"
    ids = [text(entry, "id") for entry in root.findall(f"{ATOM}entry")]
    assert len(ids) == len(set(ids))
    assert all(id.startswith("tag:localhost,2026:outage/") for id in ids)
    for entry in root.findall(f"{ATOM}entry"):
        assert text(entry, "title")
        assert text(entry, "summary")
        parse(text(entry, "updated"))
        (link,) = entry.findall(f"{ATOM}link")
        assert link.get("rel") == "alternate"
        assert str(link.get("href")).startswith("http://localhost/outage/")


def test_every_update_is_an_entry_of_its_own_newest_first(api: FlaskClient) -> None:
    rows = feed(api).findall(f"{ATOM}entry")
    assert len(rows) == sum(len(row["updates"]) for row in sample_outages())
    times = [text(row, "updated") for row in rows]
    assert times == sorted(times, reverse=True)
    assert text(feed(api), "updated") == times[0]
    kinds = {row.find(f"{ATOM}category").get("term") for row in rows}  # type: ignore[union-attr]  # asserted above
    assert {"opened", "updated", "corrected", "restoring", "closed", "retracted"} == kinds


def test_a_feed_of_one_entity_holds_that_entity_alone(api: FlaskClient) -> None:
    titles = [text(row, "title") for row in feed(api, "/feeds/asn/5089.atom").findall(f"{ATOM}entry")]
    assert titles == ["[Simulated] AS5089 Virgin Media Limited: Published. Requests are 32 % below normal."]
    assert len(feed(api, "/feeds/country/FJ.atom").findall(f"{ATOM}entry")) == 3


def test_simulated_and_recorded_outages_say_so(api: FlaskClient) -> None:
    for row in feed(api).findall(f"{ATOM}entry"):
        marks = {str(mark.get("term")) for mark in row.findall(f"{ATOM}category")} & {"simulated", "history"}
        expected = {"simulated": "[Simulated]", "history": "[Recorded history]"}[marks.pop()]
        assert text(row, "title").startswith(expected)


XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"


def test_a_feed_speaks_the_language_that_its_address_names(api: FlaskClient) -> None:
    root = feed(api, "/feeds/country/IQ.atom?lang=es")
    assert root.get(XML_LANG) == "es"
    assert text(root, "title") == "Internet Radar: interrupciones de Irak"
    entry = root.findall(f"{ATOM}entry")[-1]
    assert text(entry, "title").startswith("[Simulado] Irak: Publicada.")
    assert "Simulado: esto no ocurrió." in text(entry, "summary")
    links = {(link.get("rel"), link.get("hreflang")): link.get("href") for link in root.findall(f"{ATOM}link")}
    here = "http://localhost/feeds/country/IQ.atom"
    assert links["self", "es"] == f"{here}?lang=es"
    assert links["alternate", "en"] == here
    pages = {str(row.find(f"{ATOM}link").get("href")) for row in root.findall(f"{ATOM}entry")}  # type: ignore[union-attr]  # asserted above
    assert pages
    assert all(href.endswith("?lang=es") for href in pages)


def test_what_jobs_have_written_is_told_in_spanish_and_what_people_wrote_is_not(
    spare: tuple[embedded.Embedded, Store],
) -> None:
    docs, states = sample_documents()
    row = next(row for row in docs["outages"] if row["entity"] == "country/IQ")
    row["headline"] = "Iraq: requests at our edge 93 % below normal since 05:00 UTC on 2 March 2026."
    row["updates"] = [
        {"at": "2026-03-02T06:00:00Z", "kind": "updated",
         "text": "Most routes stayed up while packets were lost."},
        {"at": "2026-03-02T07:00:00Z", "kind": "confirmed", "text": "The ministry told us so by phone."},
    ]  # fmt: skip
    publish(spare[1], docs, states)
    said, made = feed(application(spare[1]).test_client(), "/feeds/country/IQ.atom?lang=es").findall(f"{ATOM}entry")
    assert "La mayoría de las rutas siguió en pie mientras se perdían paquetes." in text(made, "title")
    assert "por debajo de lo normal desde las 05:00 UTC del 2 de marzo" in text(made, "summary")
    assert "The ministry told us so by phone." in text(said, "summary")


def test_ids_and_number_of_entries_are_the_same_in_every_language(api: FlaskClient) -> None:
    def ids(address: str) -> list[str]:
        return [text(row, "id") for row in feed(api, address).findall(f"{ATOM}entry")]

    assert ids("/feeds/outages.atom?lang=es") == ids("/feeds/outages.atom") != []
    assert text(feed(api, "/feeds/outages.atom?lang=es"), "id") == text(feed(api), "id")


def test_without_a_language_a_feed_is_english_whatever_the_program_prefers(api: FlaskClient) -> None:
    root = feed(api, headers={"Accept-Language": "es"})
    assert root.get(XML_LANG) == "en"
    assert api.get("/feeds/outages.atom").data == api.get("/feeds/outages.atom?lang=en").data
    assert api.get("/feeds/outages.atom?lang=es").headers["Content-Language"] == "es"


@pytest.mark.parametrize("query", ["lang=fr", "lang=", "lang=es&lang=en", "language=es"])
def test_a_language_that_is_none_of_ours_is_refused_by_name(api: FlaskClient, query: str) -> None:
    answer = api.get(f"/feeds/outages.atom?{query}")
    assert answer.status_code == 400
    assert answer.json["error"]["parameter"] in ("lang", "language")


def test_ids_stay_when_an_outage_goes_on(spare: tuple[embedded.Embedded, Store]) -> None:
    api = application(spare[1]).test_client()
    docs, states = sample_documents()
    publish(spare[1], docs, states)
    before = {text(row, "id"): text(row, "updated") for row in feed(api).findall(f"{ATOM}entry")}
    docs["outages"][3]["updates"].append({"at": "2026-03-02T11:30:00Z", "kind": "restoring", "text": "Half is back."})
    publish(spare[1], docs, states)
    after = {text(row, "id"): text(row, "updated") for row in feed(api).findall(f"{ATOM}entry")}
    assert before.items() < after.items()
    assert len(after) == len(before) + 1


def test_two_updates_of_one_kind_at_one_time_are_two_entries() -> None:
    iraq: Any = next(row for row in sample_outages() if row["entity"] == "country/IQ")
    iraq["updates"] = [{"at": "2026-03-02T06:00:00Z", "kind": "updated", "text": t} for t in ("one", "two")]
    assert len({entry.id for entry in entries([iraq])}) == 2


def test_updates_come_from_the_outage_itself_when_the_list_has_none(spare: tuple[embedded.Embedded, Store]) -> None:
    docs, states = sample_documents()
    docs["outages"] = [{k: v for k, v in row.items() if k != "updates"} for row in docs["outages"]]
    publish(spare[1], docs, states)
    rows = feed(application(spare[1]).test_client()).findall(f"{ATOM}entry")
    assert len(rows) == sum(len(row["updates"]) for row in sample_outages())


def test_text_that_xml_cannot_hold_does_not_break_the_feed(spare: tuple[embedded.Embedded, Store]) -> None:
    docs, states = sample_documents()
    docs["outages"][0]["updates"][0]["text"] = "a\x00b <script>alert(1)</script> & ]]> \ud7ff\uffff"
    publish(spare[1], docs, states)
    assert "<script>" in text(feed(application(spare[1]).test_client()).findall(f"{ATOM}entry")[0], "summary")


def test_addresses_and_ids_follow_the_public_address(api: FlaskClient) -> None:
    app: Flask = api.application
    app.config["RADAR_SETTINGS"] = settings.load({"RADAR_BASE_URL": "https://radar.example.org/"})
    try:
        root = feed(api, headers={"Host": "evil.example"})
    finally:
        del app.config["RADAR_SETTINGS"]
    assert text(root, "id") == "tag:radar.example.org,2026:feeds/outages.atom"
    assert "evil" not in ET.tostring(root, encoding="unicode")
