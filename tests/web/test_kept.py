"""Finished answers are kept per publication, and only those that everybody may get."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import brotli
import pytest

from radar.errors import StoreUnavailable
from radar.pages import _kept, _read
from radar.pages._kept import Kept, Shelf
from radar.store import documents
from tests import samples
from tests.web.conftest import Site


@pytest.fixture
def drawn(site: Site, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The pages that Dash has drawn, each time that it does."""
    import dash

    _kept.forget()
    found: list[str] = []
    for page in dash.page_registry.values():
        if page["path"] in ("/outages", "/search") or page["path_template"] == "/country/<code>":
            monkeypatch.setitem(page, "layout", _noted(found, page["path"], page["layout"]))
    yield found
    _kept.forget()


def _noted(found: list[str], path: str, layout: Any) -> Any:
    def noted(*args: Any, **more: Any) -> Any:
        found.append(path)
        return layout(*args, **more)

    return noted


def test_dash_is_told_of_a_page_once_a_publication(site: Site, drawn: list[str]) -> None:
    first = site.dash("/outages")
    assert first.status_code == 200
    assert site.dash("/outages").data == first.data
    packed = site.dash("/outages", **{"Accept-Encoding": "br"})
    assert packed.headers["Content-Encoding"] == "br"
    assert brotli.decompress(packed.data) == first.data
    assert packed.mimetype == "application/json"
    assert len(drawn) == 1
    docs, states = samples.sample_documents()
    docs["outages"] = [row for row in docs["outages"] if row["entity"] != "country/FJ"]
    documents.publish(site.store, docs, states, {})
    assert site.dash("/outages").status_code == 200
    assert len(drawn) == 2


def test_addresses_queries_hosts_and_languages_are_told_apart(site: Site, drawn: list[str]) -> None:
    answers = [
        site.dash("/outages"),
        site.dash("/outages", "?lang=es"),
        site.dash("/outages", **{"Accept-Language": "es"}),
        site.dash("/outages", "?status=ended"),
        site.dash("/outages", Host="elsewhere.example"),
    ]
    assert {answer.status_code for answer in answers} == {200}
    assert len(drawn) == len(answers)
    assert answers[0].data != answers[1].data


def test_what_people_search_for_is_kept_nowhere(site: Site, drawn: list[str]) -> None:
    for _ in range(2):
        assert site.dash("/search", "?q=iraq").status_code == 200
    assert len(drawn) == 2
    assert not [key for key in _kept.shelf._rows if "/search" in key]


def test_long_addresses_are_not_kept(site: Site, drawn: list[str]) -> None:
    for _ in range(2):
        assert site.dash("/outages", f"?x={'y' * _kept.LONGEST}").status_code == 200
    assert len(drawn) == 2


def test_nothing_is_kept_while_something_could_not_be_read(
    site: Site, drawn: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_read, "has_hole", lambda: True)
    for _ in range(2):
        assert site.dash("/outages").status_code == 200
    assert len(drawn) == 2


@pytest.mark.parametrize(
    "inputs",
    [None, 7, [], [7], [{"id": "_pages_location"}], [{"id": "_pages_location", "property": "pathname", "value": 7}],
     [{"id": {"x": 1}, "property": "pathname", "value": "/outages"}]],
)  # fmt: skip
def test_a_callback_that_names_no_page_is_none_of_it(inputs: Any) -> None:
    assert _kept._asked_page(json.loads(json.dumps({"output": _kept._PAGE, "inputs": inputs}))) is None


def test_the_shelf_forgets_what_was_used_least_lately() -> None:
    shelf = Shelf(rows=3, size=100)
    for name in "abc":
        shelf.put((name,), Kept(200, b"x" * 10))
    assert shelf.get(("a",)) is not None
    shelf.put(("d",), Kept(200, b"x" * 10))
    assert shelf.get(("b",)) is None, "more rows than it has room for"
    shelf.put(("e",), Kept(200, b"x" * 85))
    assert shelf.get(("c",)) is None
    assert shelf.get(("d",)) is not None, "95 of 100 bytes"
    shelf.put(("e",), Kept(200, b"x" * 101))
    assert shelf.get(("e",)) is None, "larger than all of it"


def test_a_page_that_could_not_be_made_is_made_when_it_is_asked_for_again(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    import dash

    _kept.forget()
    page = next(page for page in dash.page_registry.values() if page["path"] == "/outages")
    layout = page["layout"]

    def lost(**query: str) -> Any:
        raise StoreUnavailable("gone for a moment")

    monkeypatch.setitem(page, "layout", lost)
    assert b"_pages_content" not in site.dash("/outages").data
    monkeypatch.setitem(page, "layout", layout)
    assert b"_pages_content" in site.dash("/outages").data
