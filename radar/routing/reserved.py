"""Numbers that nobody holds on the public Internet: AS numbers for private use or documentation, and address space that
is never routed. A route that shows one is somebody's mistake at home, and no sign that anybody's space was taken.

Source: IANA's registries of special-purpose AS numbers and of special-purpose IPv4 and IPv6 addresses (RFC 6890 and
what they list).
"""

from __future__ import annotations

import ipaddress

from radar.routing.space import parse_prefix

#: First and last number of each range: 0, AS_TRANS, documentation, private use, the last 16-bit one, documentation and
#: reserved 32-bit ones, private use and the last 32-bit one.
_AS_RANGES = (
    (0, 0), (23456, 23456), (64496, 64511), (64512, 65534), (65535, 65535), (65536, 65551), (65552, 131071),
    (4_200_000_000, 4_294_967_295),
)  # fmt: skip

_NETWORKS_V4 = (
    "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",
    "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24",
    "224.0.0.0/3",
)  # fmt: skip
_NETWORKS_V6 = ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20")
_GIVEN_OUT_V6 = "2000::/3"

#: Longer prefixes are not routed between networks: they mark hosts to be dropped, or leak from inside.
LONGEST = {4: 24, 6: 48}
#: Shorter ones were never given to anybody as a whole.
SHORTEST = {4: 8, 6: 16}


def _range(text: str) -> tuple[int, int]:
    network = ipaddress.ip_network(text)
    return int(network.network_address), int(network.broadcast_address)


_RANGES = {4: tuple(map(_range, _NETWORKS_V4)), 6: tuple(map(_range, _NETWORKS_V6))}
_V6 = _range(_GIVEN_OUT_V6)


def is_reserved_as(asn: int) -> bool:
    """Whether no network on the public Internet may have this number.

    Examples
    --------
    >>> is_reserved_as(64512), is_reserved_as(3333)
    (True, False)
    """
    return not 0 < asn < 1 << 32 or any(first <= asn <= last for first, last in _AS_RANGES)


def why_not_routed(prefix: str) -> str:
    """Why a prefix is none that one network could take from another: "too long", "too short", "reserved", "no prefix";
    "" for an ordinary one.

    Examples
    --------
    >>> why_not_routed("193.0.0.7/32"), why_not_routed("10.1.0.0/16"), why_not_routed("193.0.0.0/21")
    ('too long', 'reserved', '')
    """
    found = parse_prefix(prefix)
    if found is None:
        return "no prefix"
    family, first, length = found
    if length > LONGEST[family]:
        return "too long"
    if length < SHORTEST[family]:
        return "too short"
    last = first + (1 << ((32 if family == 4 else 128) - length)) - 1
    if family == 6 and not _V6[0] <= first <= _V6[1]:
        return "reserved"
    return "reserved" if any(first <= high and last >= low for low, high in _RANGES[family]) else ""
