"""What ``REDIS_URL`` can name: one server, a primary that Sentinels watch, or a Cluster.

=============================================== ==============================================================
``redis://user:password@host:6379/0``           one server; ``rediss://`` with TLS, ``unix:///path`` for a socket
``redis+sentinel://user:password@a:26379,b/m/0``  the primary that the Sentinels ``a`` and ``b`` call ``m``
``redis+cluster://user:password@a:7000,b:7000`` a Cluster, found through any node that is named
=============================================== ==============================================================

User and password are the data servers'. Those of the Sentinels stand in ``?sentinel_username=&sentinel_password=``.
``rediss+sentinel://`` and ``rediss+cluster://`` speak TLS with every server; redis-py's options (``ssl_ca_certs=``) may
follow after ``?`` in each form.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import parse_qsl, unquote, urlencode

from redis.connection import SSLConnection, parse_url

SENTINEL_PORT, CLUSTER_PORT = 26379, 6379

_MANY = re.compile(
    r"(?P<scheme>rediss?)\+(?P<kind>sentinel|cluster)://(?:(?P<user>[^@/?]*)@)?(?P<hosts>[^@/?]+)"
    r"(?:/(?P<path>[^?]*))?(?:\?(?P<query>.*))?"
)
_HOST = re.compile(r"(?:\[(?P<v6>[0-9a-fA-F:.]+)\]|(?P<name>[^:\[\]\s]+))(?::(?P<port>\d{1,5}))?")


@dataclass(frozen=True, slots=True)
class Address:
    """Servers that are asked first, and how. ``options`` are redis-py's for a connection to a data server."""

    kind: Literal["sentinel", "cluster"]
    hosts: tuple[tuple[str, int], ...]
    service: str = ""  # what Sentinels call the primary
    options: dict[str, Any] = field(default_factory=dict, repr=False)
    sentinel: dict[str, Any] = field(default_factory=dict, repr=False)


def parse(url: str) -> Address | None:
    """What a URL of several servers names; None for a URL of one server, which redis-py reads itself.

    Raises
    ------
    ValueError
        It is not in the form above; says what was expected, and never repeats the password.
    """
    if not re.match(r"rediss?\+", url):
        return None
    found = _MANY.fullmatch(url)
    if found is None:
        raise ValueError(
            "expected redis+sentinel://host:26379,host:26379/name/0 or redis+cluster://host:7000,host:7000"
        )
    kind: Literal["sentinel", "cluster"] = "sentinel" if found["kind"] == "sentinel" else "cluster"
    hosts = tuple(
        _host(text, SENTINEL_PORT if kind == "sentinel" else CLUSTER_PORT) for text in found["hosts"].split(",")
    )
    query = parse_qsl(found["query"] or "", keep_blank_values=True)
    sentinel = {name.removeprefix("sentinel_"): value for name, value in query if name.startswith("sentinel_")}
    if set(sentinel) - {"username", "password"} or (sentinel and kind == "cluster"):
        raise ValueError(
            "of Sentinels, only sentinel_username and sentinel_password are known, and only with +sentinel"
        )
    service, _, db = (found["path"] or "").partition("/")
    if kind == "cluster":
        db = service
        if db not in ("", "0"):
            raise ValueError(f"a Cluster has database 0 alone, not {db!r}")
    elif not service:
        raise ValueError("expected the name of the primary after the Sentinels: redis+sentinel://host:26379/name")
    if db and not db.isdecimal():
        raise ValueError(f"expected the number of a database, not {db!r}")
    rest = urlencode([(name, value) for name, value in query if not name.startswith("sentinel_")])
    user = f"{found['user']}@" if found["user"] else ""
    one = f"{found['scheme']}://{user}h:1/{db}{'?' if rest else ''}{rest}"
    options: dict[str, Any] = dict(parse_url(one))  # type: ignore[no-untyped-call]
    tls = options.pop("connection_class", None) is SSLConnection
    for name in ("host", "port", *(("db",) if kind == "cluster" else ())):
        options.pop(name, None)
    if tls:
        options["ssl"] = sentinel["ssl"] = True
        sentinel.update({name: value for name, value in options.items() if name.startswith("ssl_")})
    return Address(kind, hosts, unquote(service) if kind == "sentinel" else "", options, sentinel)


def _host(text: str, default: int) -> tuple[str, int]:
    found = _HOST.fullmatch(text.strip())
    port = int(found["port"] or default) if found else 0
    if found is None or not 0 < port < 65536:
        raise ValueError(f"{text!r} is no host:port")
    return found["v6"] or found["name"], port
