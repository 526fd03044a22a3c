"""Document ``providers``: what providers say of themselves. Nothing in it is a measurement of ours."""

from __future__ import annotations

from typing import TypedDict


class StatusUpdate(TypedDict):
    """One text of an incident."""

    at: str
    status: str  # the provider's own word; "": none
    text: str  # plain text, cut


class ProviderIncident(TypedDict):
    """One incident as the provider tells it."""

    id: str
    title: str
    impact: str | None  # none, minor, major, critical, maintenance; None: not said
    status: str
    open: bool
    listed: bool  # still on the page when it was read last; an open incident that is gone is neither open nor resolved
    started_at: str | None
    created_at: str | None  # when it says that it wrote first
    resolved_at: str | None
    first_seen: str  # when we read it first
    url: str
    components: list[str]
    regions: list[str]
    updates: list[StatusUpdate]  # oldest first
    simulated: bool


class ProviderSays(TypedDict):
    """One provider's status page."""

    asked_at: str
    read_at: str | None  # when it could be read last; None: never
    error: str | None  # why it could not be read at ``asked_at``
    incidents: list[ProviderIncident]  # newest first
    simulated: bool


class Providers(TypedDict):
    """Document ``providers``."""

    at: str
    providers: dict[str, ProviderSays]  # by slug
