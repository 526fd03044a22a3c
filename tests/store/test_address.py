"""What ``REDIS_URL`` can name, and what it says of a URL that it cannot read."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from radar import settings, store
from radar.errors import ConfigError
from radar.store.address import Address, parse


@pytest.mark.parametrize("url", ["redis://host/0", "rediss://me:secret@host:1/3", "unix:///tmp/s"])
def test_one_server_is_left_to_redis_py(url: str) -> None:
    assert parse(url) is None


def test_sentinels_name_a_primary() -> None:
    found = parse(
        "redis+sentinel://me:s%2Fcret@a.example:26379,[::1]:7,b/main/2?sentinel_password=x&socket_keepalive=1"
    )
    assert found is not None
    assert (found.kind, found.service) == ("sentinel", "main")
    assert found.hosts == (("a.example", 26379), ("::1", 7), ("b", 26379))
    assert found.options == {"username": "me", "password": "s/cret", "db": 2, "socket_keepalive": True}
    assert found.sentinel == {"password": "x"}
    assert "cret" not in repr(found), "a password is never printed"


def test_a_cluster_is_found_through_any_of_its_nodes() -> None:
    assert parse("redis+cluster://a:7000,b") == Address("cluster", (("a", 7000), ("b", 6379)))
    assert parse("redis+cluster://:pw@a:7000/0") == Address("cluster", (("a", 7000),), options={"password": "pw"})


def test_tls_is_for_every_server() -> None:
    found = parse("rediss+sentinel://a/main?ssl_ca_certs=/ca.pem")
    assert found is not None
    assert found.options == {"ssl": True, "ssl_ca_certs": "/ca.pem"}
    assert found.sentinel == {"ssl": True, "ssl_ca_certs": "/ca.pem"}


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("redis+sentinel://a:26379", "name of the primary"),
        ("redis+sentinel://a:26379/", "name of the primary"),
        ("redis+sentinel://a/main/x", "number of a database, not 'x'"),
        ("redis+sentinel:///main", r"expected redis\+sentinel://host"),
        ("redis+sentinel://a:0/main", "'a:0' is no host:port"),
        ("redis+sentinel://a:70000/main", "'a:70000' is no host:port"),
        ("redis+sentinel://a,,b/main", "'' is no host:port"),
        ("redis+sentinel://a/main?sentinel_user=x", "sentinel_username and sentinel_password"),
        ("redis+cluster://a:7000/1", "database 0 alone, not '1'"),
        ("redis+cluster://a?sentinel_password=x", "sentinel_username and sentinel_password"),
        ("redis+other://a", r"expected redis\+sentinel://host"),
    ],
)
def test_a_url_that_cannot_be_read_says_what_was_expected(url: str, said: str) -> None:
    with pytest.raises(ConfigError, match=f"REDIS_URL is .*{said}"):
        store.connect(url)


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused_in_one_way(text: str) -> None:
    for kind in ("sentinel", "cluster"):
        with suppress(ValueError):
            parse(f"redis+{kind}://{text}")


def test_passwords_of_every_form_stay_secret() -> None:
    for form in ("redis", "rediss", "redis+sentinel", "redis+cluster"):
        assert store.hide_password(f"{form}://me:secret@host/0") == f"{form}://me:***@host/0"
    assert "hidden" not in store.hide_password("redis+sentinel://me:x@a/m?sentinel_password=hidden&x=1")
    with pytest.raises(ConfigError) as caught:
        store.connect("redis+cluster://me:secret@host:x")
    assert "secret" not in str(caught.value)


def test_the_settings_take_every_form() -> None:
    for url in ("redis+sentinel://a,b/main", "rediss+cluster://a:7000"):
        assert settings.load({"REDIS_URL": url}).redis_url == url
    with pytest.raises(ConfigError, match=r"redis\+sentinel:// or redis\+cluster://"):
        settings.load({"REDIS_URL": "redis-sentinel://a/main"})
