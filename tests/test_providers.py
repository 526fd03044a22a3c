"""The registry of providers, and an operator's file laid over it."""

from __future__ import annotations

import pytest

from radar import entities
from radar.errors import ConfigError
from radar.providers import name_of, of_network, provider_of_zone, read, registry

#: Words of which one stands in the names of a provider's networks.
OWNERS = {
    "aws": "amazon", "google-cloud": "google", "azure": "microsoft", "oracle-cloud": "oracle", "ovhcloud": "ovh",
    "alibaba-cloud": "alibaba", "ibm-cloud": "ibm", "tencent-cloud": "tencent", "huawei-cloud": "huawei",
    "vultr": "constant company", "linode": "akamai", "yandex-cloud": "yandex", "bunny": "bunnyway",
    "cdn77": "datacamp", "gcore": "g-core", "imperva": "incapsula", "dns-made-easy": "tiggee", "meta": "facebook",
    "x": "twitter",
}  # fmt: skip


def test_every_network_of_a_provider_is_in_the_table_under_its_owners_name() -> None:
    for provider in registry().values():
        for asn in provider.networks:
            owner = OWNERS.get(provider.slug, provider.name.split()[-1 if "OpenDNS" in provider.name else 0].lower())
            assert owner in entities.networks()[asn].name.lower(), (provider.slug, asn)


def test_no_network_and_no_zone_belongs_to_two_providers() -> None:
    networks = [asn for provider in registry().values() for asn in provider.networks]
    zones = [zone for provider in registry().values() for zone in provider.zones]
    assert len(networks) == len(set(networks))
    assert len(zones) == len(set(zones))


def test_a_provider_has_a_name_and_an_entity() -> None:
    assert len(registry()) >= 40
    for slug, provider in registry().items():
        assert entities.parse(provider.key).code == slug
        assert entities.name(provider.key) == provider.name
    assert entities.name("provider/unheard-of") == "unheard-of"
    assert name_of("our-resolver") == "Our resolvers"


def test_a_zone_is_found_by_its_longest_known_ending() -> None:
    assert provider_of_zone("WWW.GitHub.com.") == "github"
    assert provider_of_zone("storage.googleapis.com") == "google-cloud"
    assert provider_of_zone("notgithub.com") is None
    assert provider_of_zone("com") is None
    assert provider_of_zone("") is None
    assert provider_of_zone("a." * 5000 + "github.com") == "github"


def test_a_network_is_found_by_its_number() -> None:
    found = of_network(13335)
    assert found is not None
    assert found.slug == "cloudflare"
    assert of_network(64512) is None


def test_an_operators_file_adds_and_overrides_and_leaves_the_rest() -> None:
    text = '[acme]\nname = "Acme"\nkinds = ["cdn"]\nzones = ["acme.example"]\n[github]\nname = "GitHub here"\n'
    found = read(text, "own.toml", registry())
    assert found["acme"].zones == ("acme.example",)
    assert found["github"].name == "GitHub here"
    assert found["github"].networks == registry()["github"].networks


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[acme", "own.toml is no TOML"),
        ("[Acme]", "'Acme' is no provider"),
        ('acme = "x"', "expected a table"),
        ("[acme]\nnetworks = [0]", "acme.networks is '[0]'; expected a list of AS numbers"),
        ("[acme]\nnetworks = [true]", "expected a list of AS numbers"),
        ('[acme]\nkinds = ["bank"]', "expected some of cloud, cdn, dns, service"),
        ('[acme]\nzones = ["a b"]', "expected ends of host names"),
        ('[acme]\nstatus = {form = "rss", url = "https://acme.example"}', "expected a form of statuspage"),
        ('[acme]\nstatus = {form = "aws", url = "file:///etc/passwd"}', "expected an https address"),
        ('[acme]\nhomepage = "javascript:alert(1)"', "expected an https address"),
        ('[acme]\ncolour = "red"', "has a field 'colour'"),
    ],
)
def test_a_wrong_file_is_refused_with_the_place_and_what_was_expected(text: str, says: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read(text, "own.toml")
    assert "own.toml" in str(caught.value)
    assert says in str(caught.value)
