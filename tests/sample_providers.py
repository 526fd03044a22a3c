"""A sample of document ``providers``."""

from __future__ import annotations

from typing import Any


def sample_incident(**changed: Any) -> dict[str, Any]:
    """An open incident, written first at 10:31."""
    return {
        "id": "i1", "title": "Errors in an example product", "impact": "major", "status": "investigating", "open": True,
        "listed": True, "started_at": "2026-03-02T10:05:00Z", "created_at": "2026-03-02T10:31:00Z", "resolved_at": None,
        "first_seen": "2026-03-02T10:34:00Z", "url": "https://status.example.com/i1", "components": ["Example"],
        "regions": [], "simulated": True,
        "updates": [{"at": "2026-03-02T10:31:00Z", "status": "investigating", "text": "We look <b>into</b> it."}],
        **changed,
    }  # fmt: skip


def sample_providers(**changed: Any) -> dict[str, Any]:
    """Google Cloud with an open incident, GitHub calm, Cloudflare's page unread."""
    asked = "2026-03-02T11:59:00Z"
    calm = {"asked_at": asked, "read_at": asked, "error": None, "incidents": [], "simulated": True}
    return {
        "at": "2026-03-02T12:00:00Z",
        "providers": {
            "google-cloud": {**calm, "incidents": [sample_incident()]},
            "github": calm,
            "cloudflare": {**calm, "read_at": None, "error": "answered 503"},
            **changed,
        },
    }
