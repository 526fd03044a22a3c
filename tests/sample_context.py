"""Samples of documents ``context:<source>``."""

from __future__ import annotations

from typing import Any

from radar.shapes.context import document


def sample_happening(**changed: Any) -> dict[str, Any]:
    """Planned work of Iraq on the second of March, from eleven to one."""
    return {
        "id": "planned_maintenance:1", "source": "planned_maintenance", "kind": "maintenance",
        "title": "Exchange of <b>routers</b>", "places": ["country/IQ"], "area": "Baghdad",
        "start": "2026-03-02T11:00:00Z", "end": "2026-03-02T13:00:00Z", "lasts": True, "severity": "priority 2",
        "known_at": "2026-03-01T08:00:00Z", "changed_at": None, "withdrawn_at": None,
        "url": "https://plans.example.org/1", "simulated": True,
        **changed,
    }  # fmt: skip


def sample_told(source: str, *happenings: dict[str, Any], **changed: Any) -> dict[str, Any]:
    """What one source told, read at noon."""
    return {
        "at": "2026-03-02T12:00:00Z", "source": source, "asked_at": "2026-03-02T12:00:00Z",
        "read_at": "2026-03-02T12:00:00Z", "error": None, "simulated": True, "happenings": list(happenings),
        "dropped": 0, **changed,
    }  # fmt: skip


def sample_context() -> dict[str, Any]:
    """Documents of all sources: work in Iraq, a holiday, a quake, a warning that was taken back."""
    holiday = sample_happening(
        id="holidays:IQ:2026-03-02:holiday", source="holidays", kind="holiday", title="A public holiday",
        area="2026-03-02", start="2026-03-01T21:00:00Z", end="2026-03-02T21:00:00Z", severity=None, url="",
    )  # fmt: skip
    quake = sample_happening(
        id="earthquakes:1", source="earthquakes", kind="earthquake", title="Magnitude 6.1", area="near Erbil",
        start="2026-03-02T05:30:00Z", end=None, lasts=False, severity=None, changed_at="2026-03-02T06:00:00Z",
    )  # fmt: skip
    storm = sample_happening(
        id="weather_alerts:1", source="weather_alerts", kind="weather", title="Storm", places=["country/GB"],
        end=None, withdrawn_at="2026-03-02T11:30:00Z", severity="severe",
    )  # fmt: skip
    told = {"planned_maintenance": sample_happening(), "holidays": holiday, "earthquakes": quake,
            "weather_alerts": storm}  # fmt: skip
    return {document(source): sample_told(source, row) for source, row in told.items()}
