"""The pages of providers: what we measure and what they say stand side by side and are never mixed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from radar.components import quality
from radar.components.ssr import to_html
from radar.store import documents
from tests import samples
from tests.sample_performance import sample_performance
from tests.sample_providers import sample_incident, sample_providers
from tests.web.conftest import Site
from tests.web.test_attacks_page import words_of
from tests.web.test_pages import Reader


@pytest.fixture
def publish(site: Site) -> Callable[..., None]:
    """Publish the samples with this document; None: no status page was ever read."""
    from radar.pages import _providers

    _providers.forget()

    def put(body: dict[str, Any] | None, *outages: dict[str, Any]) -> None:
        docs, states = samples.sample_documents()
        docs["outages"] = [*docs["outages"], *outages]
        documents.publish(site.store, {**docs, "providers": body}, states, {})

    return put


PATHS = ("/providers", "/providers?kind=dns", "/providers?state=outage", "/providers?kind=%3Cx",
         "/provider/google-cloud", "/provider/our-resolver", "/provider/cloudflare")  # fmt: skip


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("has_document", [True, False])
def test_the_pages_are_finished_well_formed_html(
    site: Site, publish: Callable[..., None], path: str, *, has_document: bool
) -> None:
    publish(sample_providers() if has_document else None)
    assert Reader(site.page(path)).open == []


def test_what_they_say_stands_beside_and_is_called_theirs(site: Site, publish: Callable[..., None]) -> None:
    publish(sample_providers())
    words = words_of(site.page("/provider/google-cloud"))
    assert "What Google Cloud says" in words
    assert "Errors in an example product" in words
    assert "the provider's words, not ours" in words


def test_a_provider_offers_no_year_of_hours_which_is_in_no_series(site: Site) -> None:
    for entity, offered in (("country/IQ", True), ("provider/google-cloud", False)):
        part = to_html(quality.performance(sample_performance(entity), None, "2026-03-02T12:00:00Z", "/csv"))
        assert ("range=1y#" in part) is offered


def test_markup_in_their_words_stays_text(site: Site, publish: Callable[..., None]) -> None:
    publish(sample_providers())
    page = site.page("/provider/google-cloud")
    assert "We look &lt;b&gt;into&lt;/b&gt; it." in page


def test_a_page_that_was_never_read_is_not_called_calm(site: Site, publish: Callable[..., None]) -> None:
    publish(sample_providers())
    words = words_of(site.page("/provider/cloudflare"))
    assert "Its status page could not be read" in words
    assert "no incident" not in words
    assert "its page could not be read" in words_of(site.page("/providers?kind=cdn"))


def test_an_incident_that_is_gone_is_not_called_resolved(site: Site, publish: Callable[..., None]) -> None:
    body = sample_providers()
    body["providers"]["google-cloud"]["incidents"] = [sample_incident(open=False, listed=False)]
    publish(body)
    words = words_of(site.page("/provider/google-cloud"))
    assert "it did not say that it is over" in words


def test_a_provider_without_a_page_that_we_read_says_so(site: Site, publish: Callable[..., None]) -> None:
    publish(sample_providers())
    assert "no status page in a form that we read" in words_of(site.page("/provider/netflix"))


def test_the_page_tells_who_spoke_first_and_by_which_rule(site: Site, publish: Callable[..., None]) -> None:
    docs, _states = samples.sample_documents()
    one = {**docs["outages"][0], "id": "prov1", "entity": "provider/google-cloud", "status": "open", "end": None,
           "history": False, "known_at": "2026-03-02T10:02:00Z", "start": "2026-03-02T09:50:00Z",
           "start_earliest": "2026-03-02T09:45:00Z", "parent": None}  # fmt: skip
    publish(sample_providers(), one)
    words = words_of(site.page("/provider/google-cloud"))
    assert "Who spoke first We compare when our outage was published" in words
    assert "29 min later" in words
