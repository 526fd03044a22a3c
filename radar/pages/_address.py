"""An address or a range of addresses that is typed into the search: the network that announces it.

Looked up in the table of the site (``radar.beacon.places``), of which a /24 of IPv4 or a /48 of IPv6 is the finest that
is asked. The answer is made for this one request: it is not kept, and nothing of it is logged.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass

import flask

from radar.beacon.door import block_of, is_special
from radar.entities import is_entity
from radar.labels import _
from radar.pages import _here


@dataclass(frozen=True, slots=True)
class Looked:
    """What the table says: keys of network and country, and that in words."""

    keys: tuple[str, ...]
    words: str


def is_address(text: str) -> bool:
    """Whether the text is an Internet address, or a range of them in the form of a prefix.

    >>> is_address("8.8.8.8"), is_address("2606:4700::/32"), is_address("1.1"), is_address("5089")
    (True, True, False, False)
    """
    return _read(text) is not None


def look_up(text: str) -> Looked | None:
    """The network that announces the address; of a range, its first one. None for a text that is no address."""
    address = _read(text)
    if address is None:
        return None
    block = block_of(address, [], 0)
    if block is None or is_special(block):
        return Looked((), _("This address is private or reserved: it belongs to no network on the Internet."))
    table = _here.table_of(flask.current_app.config["RADAR_SETTINGS"])
    if table is None:
        return Looked((), _("This radar has no table of addresses yet, so addresses cannot be looked up here. Try the "
                            "name of the network or its AS number."))  # fmt: skip
    place = table.find(block)
    keys = tuple(key for key in (f"asn/{place.asn}", f"country/{place.cc}") if is_entity(key))
    if not keys:
        return Looked((), _("This address is in no table that we have."))
    return Looked(keys, _("The network that announces this address, and the country where it is registered, by the "
                          "tables of this radar. The address is not kept."))  # fmt: skip


def _read(text: str) -> str | None:
    """The address, or the first one of the range; None for another text."""
    text = text.strip().strip("[]")
    if "." not in text and ":" not in text:
        return None
    try:
        return str(ipaddress.ip_network(text, strict=False).network_address if "/" in text else
                   ipaddress.ip_address(text))  # fmt: skip
    except ValueError:
        return None
