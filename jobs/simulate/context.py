"""Happenings, simulated: a holiday, planned work, an earthquake, a storm. Whatever words they bring begin with
"Simulated:"; none of them ever was. They stand beside events of the scenario, some in the same place, and change none.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta

import orjson

from jobs.simulate.rates import FIRST
from jobs.simulate.scenario import BIN, STARTS
from radar.sources import Answer
from radar.sources.earthquakes import FEED
from radar.times import rfc3339

#: When the quake is, when its size is corrected, and how the storm's warning goes.
_QUAKE, _CORRECTED = STARTS + timedelta(hours=1, minutes=31), STARTS + timedelta(hours=2, minutes=20)
_WARNED, _UPDATED = STARTS + timedelta(minutes=40), STARTS + timedelta(hours=5)


class HolidaySender:
    """Days off in two countries; one answer an hour."""

    source = "holidays"

    def answers(self, number: int) -> Iterator[Answer]:
        """The list at the end of bin ``number``."""
        if number % 12:
            return
        asked, day = _asked(number), STARTS.date()
        days: dict[str, dict[str, list[str]]] = {
            "ET": {f"{day}": ["Simulated: a public holiday"]},
            "PT": {f"{day + timedelta(days=3)}": ["Simulated: a public holiday to come"]},
            "IR": {},
        }
        told = {code: {"weekend": [4] if code == "IR" else [5, 6], "days": found} for code, found in days.items()}
        body = {"package": "simulated", "asked_at": rfc3339(asked), "from": f"{_day(day, -7)}",
                "until": f"{_day(day, 8)}", "countries": told}  # fmt: skip
        yield Answer(f"simulated-holidays-{_stamp(asked)}.json", orjson.dumps(body))


class MaintenanceSender:
    """Nightly work of a small Austrian network, and work in Spain that is called off; one answer an hour."""

    source = "planned_maintenance"

    def answers(self, number: int) -> Iterator[Answer]:
        """The calendar at the end of bin ``number``."""
        if number % 12:
            return
        asked = _asked(number)
        status = "CANCELLED" if asked >= STARTS + timedelta(hours=4) else "CONFIRMED"
        begins = STARTS - timedelta(days=20) + timedelta(hours=2, minutes=15)
        lines = [
            "BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Internet Radar//Simulated//EN",
            "BEGIN:VEVENT", "UID:simulated-1", "SUMMARY:Simulated: nightly work of AS1853",
            f"DTSTART:{begins:%Y%m%dT%H%M%SZ}", "DURATION:PT30M", "RRULE:FREQ=DAILY", "END:VEVENT",
            "BEGIN:VEVENT", "UID:simulated-2", "SUMMARY:Simulated: exchange of routers", "CATEGORIES:country/ES",
            f"DTSTART:{STARTS + timedelta(hours=9):%Y%m%dT%H%M%SZ}", "DURATION:PT3H", f"STATUS:{status}", "END:VEVENT",
            "END:VCALENDAR", "",
        ]  # fmt: skip
        row = {"scope": "simulated.ics", "places": [], "asked_at": rfc3339(asked), "body": "\r\n".join(lines)}
        yield Answer(f"simulated-calendars-{_stamp(asked)}.ndjson", orjson.dumps(row) + b"\n")


class QuakeSender:
    """A quake near Tonga whose magnitude is corrected; one answer every ten minutes."""

    source = "earthquakes"

    def answers(self, number: int) -> Iterator[Answer]:
        """The feed at the end of bin ``number``."""
        if number % 2:
            return
        asked = _asked(number)
        features = []
        if asked >= _QUAKE + timedelta(minutes=8):
            magnitude = 5.9 if asked >= _CORRECTED else 6.1
            said = {"mag": magnitude, "place": "Simulated: 60 km S of Nuku'alofa, Tonga", "time": _ms(_QUAKE),
                    "updated": _ms(asked), "type": "earthquake", "status": "automatic"}  # fmt: skip
            place = {"type": "Point", "coordinates": [-175.2, -21.7, 40.0]}
            features.append({"type": "Feature", "id": "simulated1", "properties": said, "geometry": place})
        about = {"generated": _ms(asked), "url": FEED.format(span="day"), "title": "Simulated"}
        body = {"type": "FeatureCollection", "metadata": about, "features": features}
        yield Answer(f"simulated-4.5_day-{_stamp(asked)}.geojson", orjson.dumps(body))


class WarningSender:
    """A warning of a storm in Portugal that is updated; one answer every fifteen minutes."""

    source = "weather_alerts"

    def answers(self, number: int) -> Iterator[Answer]:
        """The feed at the end of bin ``number``."""
        if number % 3:
            return
        asked = _asked(number)
        bodies = ["<feed/>"]
        if asked >= _WARNED:
            bodies.append(_cap("1", "Alert", _WARNED, "", "Simulated: storm", "Moderate"))
        if asked >= _UPDATED:
            refers = f"simulated,1,{rfc3339(_WARNED)}"
            bodies.append(_cap("2", "Update", _UPDATED, refers, "Simulated: storm, stronger", "Severe"))
        row = {"scope": "simulated", "places": ["country/PT"], "asked_at": rfc3339(asked)}
        lines = [orjson.dumps({**row, "body": body}) for body in bodies]
        yield Answer(f"simulated-warnings-{_stamp(asked)}.ndjson", b"\n".join(lines) + b"\n")


def senders() -> tuple[HolidaySender, MaintenanceSender, QuakeSender, WarningSender]:
    """All of them."""
    return HolidaySender(), MaintenanceSender(), QuakeSender(), WarningSender()


def _asked(number: int) -> datetime:
    """A minute before the bin ends."""
    return FIRST + (number + 1) * BIN - timedelta(minutes=1)


def _stamp(at: datetime) -> str:
    return rfc3339(at).replace(":", "")


def _ms(at: datetime) -> int:
    return int(at.timestamp()) * 1000


def _day(day: date, ahead: int) -> date:
    return day + timedelta(days=ahead)


def _cap(id: str, kind: str, sent: datetime, refers: str, event: str, severity: str) -> str:
    told = f"<references>{refers}</references>" if refers else ""
    begins, ends = rfc3339(STARTS + timedelta(hours=2)), rfc3339(STARTS + timedelta(hours=13))
    return (
        f'<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2"><identifier>{id}</identifier><sender>simulated</sender>'
        f"<sent>{rfc3339(sent)}</sent><status>Actual</status><msgType>{kind}</msgType><scope>Public</scope>{told}"
        f"<info><language>en</language><event>{event}</event><severity>{severity}</severity>"
        f"<onset>{begins}</onset><expires>{ends}</expires>"
        "<area><areaDesc>Simulated: the coast</areaDesc></area></info></alert>"
    )
