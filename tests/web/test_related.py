"""What an outage's page tells of others: outages of the same event, and networks that are reached through those that
are hit."""

from __future__ import annotations

import re

from radar.figures import affected
from radar.store import documents, keys, routes
from tests import samples
from tests.sample_paths import sample_paths, sample_paths_views
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


# -- who is reached through the networks that are hit -----------------------------------------------------------------

NETWORK = "AS21277-20260302T0500Z"


def reach(site: Site, id: str = NETWORK) -> str:
    """The part of the page about whom it hits."""
    return site.page(f"/outage/{id}").partition('id="reach"')[2].partition("</section>")[0]


def put_paths(site: Site) -> None:
    documents.put(site.store, "paths", sample_paths(samples.NOW))
    routes.write_paths(site.store, sample_paths_views(samples.NOW))  # type: ignore[arg-type]  # invented, in the real form


def test_an_outage_names_who_is_reached_through_the_network_that_is_hit(site: Site) -> None:
    put_paths(site)
    html = reach(site)
    table = html.partition('id="through-rows"')[2].partition("</table>")[0]
    assert re.findall(r'href="(/asn/\d+)"', table) == ["/asn/51684", "/asn/203214", "/asn/9241"]
    assert "17 other networks are mostly reached through those that are hit" in html
    assert "does not say that they are broken" in html


def test_networks_that_are_hit_themselves_are_not_counted_as_reached_through_others(site: Site) -> None:
    put_paths(site)
    table = reach(site, "IQ-20260302T0500Z").partition('id="through-rows"')[2].partition("</table>")[0]
    assert "/asn/51684" not in table, "it is a part of the outage"
    assert "/asn/203214" in table


def test_without_paths_it_says_so_and_a_store_that_is_gone_too(site: Site) -> None:
    assert "We see too few paths to say which networks are reached through those that are hit" in reach(site)
    put_paths(site)
    site.store.delete(keys.PATHS)
    assert "We see too few paths to say which" in reach(site)


def test_a_map_is_drawn_where_several_countries_are_touched(site: Site) -> None:
    put_paths(site)
    html = reach(site)
    map_ = html.partition('class="map affected"')[2].partition("</svg>")[0]
    assert 'href="/country/IQ" class="c s-outage"' in map_
    assert 'href="/country/FJ"' in map_, "where AS9241 lies, which is reached through it"
    assert f'href="/outage/{NETWORK}" class="c dot s-' in map_
    assert 'href="/asn/9241" class="c dot s-through"' in map_
    assert "It touches networks of" in html
    assert "network reached through one that is hit" in html


def test_no_map_where_all_lies_in_one_country(site: Site) -> None:
    assert "map affected" not in reach(site)


def test_the_map_shows_what_is_meant_and_leaves_the_rest_as_ground() -> None:
    dots = [affected.Dot(f"N <{n}>", f"/asn/{n}", "FJ", "through") for n in range(affected.MOST + 5)]
    svg = affected.svg(
        {"FJ": None, "TO": None, "XX": None}, [*dots, affected.Dot("Y", "/asn/1", "XX", "outage")], "a & b"
    )
    assert re.findall(r'href="/country/(\w\w)" class="c s-(\w+)"', svg) == [("FJ", "none"), ("TO", "none")]
    assert svg.count('class="c dot s-through"') == affected.MOST
    assert re.search(r'<g class="c">(<path d="m[^"]+"/>)+</g>', svg), "each shape by itself: they begin with a move"
    assert "N &lt;0&gt;" in svg
    assert 'aria-label="a &amp; b"' in svg
    left, _top, width, height = map(int, re.findall(r'viewBox="(\d+) (\d+) (\d+) (\d+)"', svg)[0])
    assert left + width <= 9601
    assert abs(width / height - 9600 / 4283) < 0.01
    assert affected.svg({"XX": None}, [], "nothing") == ""
