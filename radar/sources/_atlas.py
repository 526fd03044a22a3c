"""RIPE Atlas: where its API is, on what terms its data come, and what a list of probes says.

Upstream: https://atlas.ripe.net/docs/apis/rest-api-manual/. Most probes stand in people's homes: their addresses enter
neither rows nor examples nor, through ``fetch``, the archive.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

import polars as pl

from radar.entities import countries, networks
from radar.sources._rejections import Rejections

API = "https://atlas.ripe.net/api/v2"
INFO_URL = "https://atlas.ripe.net/"
TERMS_URL = "https://atlas.ripe.net/get-involved/commercial-use/"
LICENCE = "RIPE Atlas Service Terms and Conditions; commercial use is subject to permission"
TERMS = (
    "The RIPE Atlas Service Terms and Conditions apply; any commercial use of the data is subject to permission, which "
    "the RIPE NCC grants by default, revocably, to whoever shows RIPE Atlas as the source with its logo, a link and "
    "its description."
)

CONNECTED, DISCONNECTED = 1, 2

#: Upstream's ids of a probe's status: never connected, connected, disconnected, abandoned, written off.
STATUSES = range(5)

#: What is read of a probe. No address, no place, no name.
FIELDS = ("id", "status", "status_since", "asn_v4", "asn_v6", "country_code", "last_connected")

PROBES = {"id": pl.Int64, "status": pl.Int64, "since": pl.Int64, "seen": pl.Int64, "cc": pl.String, "asn": pl.Int64}

_FIRST = datetime(2010, 1, 1, tzinfo=UTC).timestamp()
_LAST = datetime(2100, 1, 1, tzinfo=UTC).timestamp()


def blur(text: Any) -> Any:
    """The /24 or /48 that an address lies in, as an address: it still tells the network, and no longer the host. Other
    values as they are.

    Examples
    --------
    >>> blur("192.0.2.77"), blur("2001:db8:1:2::3"), blur("*")
    ('192.0.2.0', '2001:db8:1::', '*')
    """
    try:
        address = ipaddress.ip_address(text) if isinstance(text, str) else None
    except ValueError:
        address = None
    if address is None:
        return text
    return str(ipaddress.ip_network((address, 24 if address.version == 4 else 48), strict=False).network_address)


def moment(value: Any) -> int | None:
    """Whole seconds since 1970, or None for what is no time of this century."""
    if not isinstance(value, int) or isinstance(value, bool):
        return None
    return value if _FIRST <= value < _LAST else None


def probes(listed: Iterable[Any], rejected: Rejections) -> pl.DataFrame:
    """A list of probes, as the API or RIPEstat gives it, as one row each: see ``PROBES``.

    ``since``: when the status began; ``seen``: when the probe was last connected; ``cc`` and ``asn``: where it is, null
    where upstream does not know. The network is that of its IPv4 address, or of IPv6 where it has no other. Of a probe
    that is listed twice the last entry counts.
    """
    rows: dict[int, tuple[Any, ...]] = {}
    for number, one in enumerate(listed):
        given = one if isinstance(one, dict) else {}
        told = given.get("status")
        status = told.get("id") if isinstance(told, dict) else told
        probe = _number(given.get("id"))
        status = _number(status)
        if probe is None or status is None or status not in STATUSES:
            rejected.add(
                "no probe with id and status", f"probe {number}: id {str(probe)[:20]!r}, status {status!s:.40}"
            )
            continue
        cc = given.get("country_code")
        asn = next((n for n in map(_number, (given.get("asn_v4"), given.get("asn_v6"))) if n and n < 2**32), None)
        rows[probe] = (
            probe,
            status,
            moment(given.get("status_since")),
            moment(given.get("last_connected")),
            cc if isinstance(cc, str) and cc in countries() else None,
            asn,
        )
    return pl.DataFrame(list(rows.values()), schema=PROBES, orient="row")


def placed(table: pl.DataFrame) -> pl.DataFrame:
    """The rows of a table with ``cc`` and ``asn`` once for each entity that they count for, in a column ``entity``.

    A network that lies almost wholly in the country is not counted a second time as a network in it.
    """
    home = pl.DataFrame(
        [(asn, networks()[asn].home) for asn in table["asn"].drop_nulls().unique().to_list() if asn in networks()],
        schema={"asn": table.schema["asn"], "home": pl.String},
        orient="row",
    )
    known = table.join(home, on="asn", how="left", maintain_order="left")
    abroad = pl.col("home").is_null() | (pl.col("home") != pl.col("cc"))
    return pl.concat(
        [
            known.filter(pl.col("cc").is_not_null()).with_columns(entity=pl.format("country/{}", "cc")),
            known.filter(pl.col("asn").is_not_null()).with_columns(entity=pl.format("asn/{}", "asn")),
            known.filter(pl.col("cc").is_not_null() & pl.col("asn").is_not_null() & abroad).with_columns(
                entity=pl.format("geoasn/{}-{}", "cc", "asn")
            ),
        ]
    ).drop("home")


def _number(value: Any) -> int | None:
    """A whole number of zero or more, or None."""
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**62 else None
