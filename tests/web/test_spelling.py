"""A place that is spelt in another way leads to its page."""

from __future__ import annotations

import pytest

from tests.web.conftest import Site


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ("/country/iq", "/country/IQ"),
        ("/country/iq?range=24h&lang=es", "/country/IQ?range=24h&lang=es"),
        ("/asn/AS5089", "/asn/5089"),
        ("/asn/as5089", "/asn/5089"),
        ("/geoasn/id-as23693", "/geoasn/ID-23693"),
        ("/region/us-ca", "/region/US-CA"),
        ("/provider/Cloudflare", "/provider/cloudflare"),
    ],
)
def test_another_spelling_leads_to_the_page(site: Site, path: str, place: str) -> None:
    answer = site.get(path)
    assert (answer.status_code, answer.headers["Location"]) == (308, place)
