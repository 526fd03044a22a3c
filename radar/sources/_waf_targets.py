"""Which country and which provider an attack was aimed at: by the host that a request asked for.

The operator says it in the setting ``waf_targets``: ``HOST=CC``, ``HOST=/PROVIDER`` or ``HOST=CC/PROVIDER``, with
commas. ``*.example.org`` stands for all names below it, ``*`` for all others; the longest that fits counts. What a log
itself says of its target comes first. A host is looked up and goes no further.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from radar.entities import countries
from radar.errors import ConfigError

#: Alpha-2 code and slug of a provider; None where the setting does not say.
Target = tuple[str | None, str | None]

#: A name in DNS is no longer.
LONGEST = 253


@lru_cache(maxsize=4)
def targets(entries: tuple[str, ...]) -> Mapping[str, Target]:
    """The setting's entries by host. Raises ConfigError for a country that there is none of, and for a host twice."""
    found: dict[str, Target] = {}
    for entry in entries:
        host, _, said = entry.partition("=")
        cc, _, provider = said.partition("/")
        if cc and cc not in countries():
            raise ConfigError(
                f"RADAR_WAF_TARGETS says {entry!r}: {cc} is no country; expected an ISO 3166-1 alpha-2 code"
            )
        if host in found:
            raise ConfigError(f"RADAR_WAF_TARGETS names {host!r} twice; expected each host once")
        found[host] = (cc or None, provider or None)
    return found


def target_of(host: str | None, known: Mapping[str, Target]) -> Target:
    """Where a host stands; (None, None) for one that is not known.

    Examples
    --------
    >>> known = targets(("shop.example=DE", "*.example=FR/acme-cloud"))
    >>> target_of("SHOP.example:443", known), target_of("a.b.example.", known), target_of("example.org", known)
    (('DE', None), ('FR', 'acme-cloud'), (None, None))
    """
    if not known or host is None or len(host) > LONGEST + 6:
        return None, None
    name = host.strip().lower()
    head, _, port = name.rpartition(":")
    if head and port.isdigit() and not (":" in head and not head.endswith("]")):
        name = head
    name = name.rstrip(".")
    if name in known:
        return known[name]
    while "." in name:
        name = name.partition(".")[2]
        if f"*.{name}" in known:
            return known[f"*.{name}"]
    return known.get("*", (None, None))
