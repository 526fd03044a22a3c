"""``/api/v1/dns``: names that fail at the operator's resolvers."""

from __future__ import annotations

from typing import Any, cast

from flask import Response

from radar.api import access
from radar.api.endpoints import endpoint
from radar.api.envelope import meta, success
from radar.shapes.dns import Dns

SOURCE = "dns_logs"


@endpoint("/dns")
def dns(given: dict[str, Any]) -> Response:
    """Zones whose queries fail at the operator's resolvers in the last hour, most failures first.

    ``data`` is null where there is nothing, and ``meta.state`` says why: ``off`` (no resolver's log is read) or
    ``waiting`` (one is, and no bin has come yet). Only zones that enough clients ask for are told, so a failure that is
    not listed may still be one. Null means "not known", never zero.
    """
    seen = access.read("dns")
    found = cast("Dns | None", seen.docs["dns"])
    source = seen.sources.get(SOURCE)
    if found is None:
        waiting = source is not None and source["state"] not in ("off", "history")
        return success(None, meta(clock=seen.clock, method="#dns.servfail_share",
                                  state="waiting" if waiting else "off", count=0, version=seen.version))  # fmt: skip
    about = meta(
        sources=[source] if source else [],
        clock=seen.clock,
        simulated=found["simulated"],
        method="#dns.servfail_share",
        state="live",
        count=len(found["zones"]),
        version=seen.version,
    )
    return success(found, about)
