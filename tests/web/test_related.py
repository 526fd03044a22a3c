"""Two outages that tell of one event: each page names the other, and says why they are joined."""

from __future__ import annotations

from radar.store import documents
from tests import samples
from tests.web.conftest import Site


def test_each_page_links_the_other_and_says_why(site: Site) -> None:
    docs, states = samples.sample_documents()
    gone, rise = docs["outages"][0], docs["outages"][3]
    gone["related"], rise["related"] = [rise["id"]], [gone["id"]]
    docs |= {f"outage:{row['id']}": row for row in (gone, rise)}
    documents.publish(site.store, docs, states, {})
    for mine, other in ((gone, rise), (rise, gone)):
        text = site.page(f"/outage/{mine['id']}")
        part = text.partition('id="related"')[2].partition("</section>")[0]
        assert f'href="/outage/{other["id"]}"' in part
        assert "Neither is a part of the other." in part


def test_an_outage_by_itself_has_no_such_section(site: Site) -> None:
    assert 'id="related"' not in site.page("/outage/IQ-20260302T0500Z")
