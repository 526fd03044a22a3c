"""Neighbours and dependents on the pages of networks and countries, and what is said where nothing is known."""

from __future__ import annotations

import re

import pytest

from radar.components import paths
from radar.components.ssr import to_html
from radar.shapes.paths import Paths, PathsView
from radar.store import documents, keys, routes
from tests import samples
from tests.sample_paths import sample_paths, sample_paths_views
from tests.samples import NOW
from tests.web.conftest import Site


def publish(site: Site, **about: object) -> None:
    documents.put(site.store, "paths", {**sample_paths(NOW), **about})
    routes.write_paths(site.store, sample_paths_views(NOW))  # type: ignore[arg-type]  # invented, in the real form


def words(html: str) -> str:
    """The section as text."""
    part = html.partition('id="paths"')[2].partition("</section>")[0]
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", part))


def test_a_network_says_whom_it_is_reached_through_first_and_since_when(site: Site) -> None:
    publish(site)
    html = site.page("/asn/21277")
    text = words(html)
    assert "is reached through 2 neighbours that we see; AS3356" in text
    assert re.search(
        r"carries 71.% of its address space\. 17 networks are mostly reached through it, with about 930.000", text
    )
    near = html.partition('id="neighbours-rows"')[2].partition("</table>")[0]
    assert re.findall(r'href="(/asn/\d+)"', near) == ["/asn/3356", "/asn/1299"], "the largest share first"
    assert "before 10 February 2026" in text
    assert "27 February 2026" in text
    assert "IPv4, 20 viewpoints" in text
    assert "simulated" in text


def test_further_networks_are_named_once_and_only_where_they_matter(site: Site) -> None:
    publish(site)
    far = site.page("/asn/21277").partition('id="transit-rows"')[2].partition("</table>")[0]
    assert re.findall(r'href="(/asn/\d+)"', far) == ["/asn/174"]


def test_a_network_with_one_neighbour_says_all_that_we_see(site: Site) -> None:
    publish(site)
    assert re.search(r"All paths to AS51684 .*? that we see run through AS21277", words(site.page("/asn/51684")))


def test_one_that_only_carries_others_says_what_is_not_known_of_itself(site: Site) -> None:
    publish(site)
    text = words(site.page("/asn/3356"))
    assert "We see too few paths to AS3356" in text
    assert "1 network is mostly reached through it." in text
    assert not re.search(r"\d viewpoints", text), "how many see it is not known"


def test_nobody_before_it_is_not_the_same_as_not_known(site: Site) -> None:
    publish(site)
    assert "no other network stands before it" in words(site.page("/asn/5089"))
    assert "no path of at least 10 viewpoints leads here" in words(site.page("/asn/9241"))


def test_a_country_says_on_whom_it_depends_most(site: Site) -> None:
    publish(site)
    text = words(site.page("/country/IQ"))
    assert re.search(r"The paths to 42.% of the address space of Iraq run through AS21277", text)
    assert "Neighbours " not in text.partition("Networks it depends on most")[2]


def test_a_part_of_a_network_tells_of_the_whole(site: Site) -> None:
    publish(site)
    assert "All paths to AS51684" in words(site.page("/geoasn/IQ-51684"))


@pytest.mark.parametrize(
    ("about", "said"),
    [
        ({"viewpoints_v4": 1, "viewpoints_v6": 0}, "1 viewpoint gives a full view, and it takes 10"),
        ({"viewpoints_v4": 9, "viewpoints_v6": 3}, "9 viewpoints give a full view, and it takes 10"),
    ],
)
def test_too_few_viewpoints_are_said_with_their_number(site: Site, about: dict[str, object], said: str) -> None:
    publish(site, **about)
    site.store.delete(keys.PATHS)
    assert f"We see too few paths to say: {said}." in words(site.page("/asn/21277"))


def test_before_the_first_look_and_without_any_source_of_routes(site: Site) -> None:
    assert "no table of routes has been looked at yet" in words(site.page("/asn/21277"))
    docs, states = samples.sample_documents()
    documents.publish(site.store, {**docs, "routing": None}, states, {})
    assert 'id="paths"' not in site.page("/asn/21277")


def test_a_provider_and_a_region_have_no_such_part(site: Site) -> None:
    publish(site)
    assert 'id="paths"' not in site.page("/provider/google-cloud")


def test_many_rows_are_folded_away() -> None:
    about: Paths = sample_paths(NOW)  # type: ignore[assignment]
    view: PathsView = sample_paths_views(NOW)["asn/21277"]  # type: ignore[assignment]
    view["neighbours"] = [{"asn": 100_000 + n, "share": 0.05, "since": None} for n in range(paths.SHOWN + 3)]
    html = to_html(paths.block("asn/21277", view, about, status=None, now="2026-03-02T12:00:00Z"))
    assert "3 more" in html
    assert html.count('class="share"') == paths.SHOWN + 3 + 3 + 3
