"""The page for people about the API: made of its own table, each address of it answered."""

from __future__ import annotations

import re
from html import unescape

from radar.api.endpoints import ENDPOINTS
from tests.web.conftest import Site


def test_every_endpoint_and_parameter_is_on_the_page(site: Site) -> None:
    page = unescape(site.page("/api"))
    for row in ENDPOINTS:
        part = page.partition(f"<h2>{row.path}</h2>")[2].partition("</section>")[0]
        assert part, row.path
        for one in row.parameters:
            assert f"<code>{one.name}</code>" in part, (row.path, one.name)
            assert one.help in part
    assert "``" not in page


def test_its_examples_are_answered(site: Site) -> None:
    page = site.page("/api").partition("<main")[2].partition("</main>")[0]
    found = {unescape(address) for address in re.findall(r'href="(/(?:api/|feeds/)[^"]+)"', page)}
    assert len(found) >= len(ENDPOINTS) - 3
    for address in found:
        assert site.get(address).status_code in (200, 503 if "routing" in address else 200), address


def test_the_footer_leads_people_to_it(site: Site) -> None:
    assert '<a href="/api">' in site.page("/").partition("<footer")[2]
