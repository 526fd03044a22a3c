"""Status pages, simulated: the provider of the event ``provider-errors`` speaks 26 minutes after it began; another
tells of an incident of which nothing is measured. Every text begins with "Simulated:"; nobody ever said these words.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import orjson

from jobs.simulate.rates import FIRST
from jobs.simulate.scenario import BIN, SCENARIO
from radar.providers import registry
from radar.sources import Answer
from radar.times import rfc3339

_EVENT = next(event for event in SCENARIO if event.id == "provider-errors")
_SPEAKS, _LATER, _OVER = (_EVENT.start + timedelta(minutes=m) for m in (26, 71, 194))

#: An incident of a page that nothing measured agrees with.
_OTHER, _OTHER_OVER = _EVENT.start + timedelta(minutes=-130), _EVENT.start + timedelta(minutes=-35)


class StatusSender:
    """Rounds over the status pages of three providers."""

    source = "provider_status"

    def answers(self, number: int) -> Iterator[Answer]:
        """The round at the end of bin ``number``, asked a minute before it ends."""
        asked = FIRST + (number + 1) * BIN - timedelta(minutes=1)
        pages: tuple[tuple[str, Any], ...] = (
            ("google-cloud", _google(asked)),
            ("github", _github(asked)),
            ("digitalocean", {"incidents": []}),
        )
        lines = []
        for slug, page in pages:
            status = registry()[slug].status
            lines.append(orjson.dumps({"provider": slug, "form": status.form, "url": "simulated",
                                       "asked_at": rfc3339(asked), "body": orjson.dumps(page).decode()}))  # fmt: skip
        yield Answer(f"simulated-status-{rfc3339(asked).replace(':', '')}.ndjson", b"\n".join(lines) + b"\n")


def _google(asked: datetime) -> list[dict[str, Any]]:
    if asked < _SPEAKS:
        return []
    texts = [
        (_SPEAKS, "SERVICE_DISRUPTION", "Simulated: some requests fail. This text was made up for a rehearsal."),
        (_LATER, "SERVICE_DISRUPTION", "Simulated: a cause is found. This text was made up for a rehearsal."),
        (_OVER, "AVAILABLE", "Simulated: the errors are over. This text was made up for a rehearsal."),
    ]
    updates = [{"created": rfc3339(at), "status": status, "text": text} for at, status, text in texts if at <= asked]
    return [
        {
            "id": "simulated-1",
            "begin": rfc3339(_EVENT.start + timedelta(minutes=4)),
            "created": rfc3339(_SPEAKS),
            "end": rfc3339(_OVER) if asked >= _OVER else None,
            "external_desc": "Simulated: errors in a made-up product",
            "severity": "high",
            "status_impact": "SERVICE_DISRUPTION",
            "affected_products": [{"title": "Simulated product"}],
            "currently_affected_locations": [{"title": "Simulated region"}],
            "updates": updates[::-1],
        }
    ]


def _github(asked: datetime) -> dict[str, Any]:
    if asked < _OTHER:
        return {"incidents": []}
    over = asked >= _OTHER_OVER
    texts = [(_OTHER, "investigating", "Simulated: notifications are late. This text was made up for a rehearsal.")]
    if over:
        texts.append((_OTHER_OVER, "resolved", "Simulated: they are on time again. This text was made up."))
    return {
        "incidents": [
            {
                "id": "simulated-2",
                "name": "Simulated: late notifications in a made-up product",
                "impact": "minor",
                "status": texts[-1][1],
                "created_at": rfc3339(_OTHER),
                "started_at": rfc3339(_OTHER),
                "resolved_at": rfc3339(_OTHER_OVER) if over else None,
                "components": [{"name": "Simulated product"}],
                "incident_updates": [
                    {"created_at": rfc3339(at), "status": status, "body": text} for at, status, text in reversed(texts)
                ],
            }
        ]
    }
