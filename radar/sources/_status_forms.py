"""The four forms in which providers speak of themselves, each read into the same rows.

A row is an incident: ``id``, ``title``, ``impact`` (none, minor, major, critical, maintenance; None: not said),
``status`` (the provider's own word), ``started_at``, ``created_at`` (first written), ``resolved_at``, ``url``,
``components``, ``regions``, ``updates`` (``at``, ``status``, ``text``; oldest first). Times are RFC 3339 or None.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import orjson

from radar.sources._status_text import TITLE, address, feed_items, moment, words

#: Incidents of one page and updates of one incident that are read.
MOST, MOST_UPDATES = 400, 40

IMPACTS = ("none", "minor", "major", "critical", "maintenance")
OVER = frozenset({"resolved", "completed", "postmortem"})


def statuspage(text: str) -> Iterator[dict[str, Any]]:
    """``summary.json`` or ``incidents.json`` of Atlassian Statuspage, and of pages that speak like it. ValueError."""
    page = _json(text)
    if not isinstance(page, dict) or "incidents" not in page:
        raise ValueError("has no incidents; expected the JSON of Statuspage")
    for row in [*_list(page.get("incidents")), *_list(page.get("scheduled_maintenances"))]:
        status = words(row.get("status"), 40).lower()
        impact = row.get("impact")
        planned = "scheduled_for" in row and row.get("scheduled_for") is not None
        yield _row(
            id=words(row.get("id"), 80),
            title=words(row.get("name"), TITLE),
            impact="maintenance" if planned else impact if impact in IMPACTS else None,
            status=status,
            started_at=moment(row.get("scheduled_for") if planned else row.get("started_at") or row.get("created_at")),
            created_at=moment(row.get("created_at")),
            resolved_at=moment(row.get("resolved_at")),
            over=status in OVER,
            url=address(row.get("shortlink")),
            components=[words(part.get("name"), 80) for part in _list(row.get("components"))],
            updates=[
                (moment(part.get("display_at") or part.get("created_at")), words(part.get("status"), 40).lower(),
                 words(part.get("body")))
                for part in _list(row.get("incident_updates"))
            ],
        )  # fmt: skip


def aws(text: str) -> Iterator[dict[str, Any]]:
    """Current events of the AWS Health Dashboard: a list; states 0 normal, 1 information, 2 degradation, 3 disruption.
    ValueError."""
    events = _json(text)
    if not isinstance(events, list):
        raise ValueError("is no list; expected the events of AWS Health")
    for row in _list(events):
        state = str(row.get("status"))
        log = _list(row.get("event_log"))
        notes = [(moment(part.get("timestamp")), _AWS.get(str(part.get("status")), ("", None))[0],
                  words(part.get("message") or part.get("summary"))) for part in log]  # fmt: skip
        ended = moment(row.get("end_time") or row.get("endTime"))
        services = row.get("impacted_services")
        named = list(services.values()) if isinstance(services, dict) else []
        first = min((at for at, _status, _text in notes if at), default=None)
        yield _row(
            id=words(row.get("arn"), 200),
            title=words(row.get("summary"), TITLE) or words(row.get("service_name"), TITLE),
            impact=_AWS.get(state, ("", None))[1],
            status=_AWS.get(state, ("", None))[0],
            started_at=moment(row.get("date")),
            created_at=first,
            resolved_at=ended,
            over=state == "0",
            url="https://health.aws.amazon.com/health/status",
            components=[words(part.get("service_name"), 80) for part in _list(named)],
            regions=[words(row.get("region_name"), 80)],
            updates=notes,
        )


_AWS: dict[str, tuple[str, str | None]] = {
    "0": ("resolved", "none"), "1": ("information", "none"),
    "2": ("degradation", "minor"), "3": ("disruption", "major"),
}  # fmt: skip


def google(text: str) -> Iterator[dict[str, Any]]:
    """``incidents.json`` of Google Cloud: a list, open incidents without ``end``. ValueError."""
    incidents = _json(text)
    if not isinstance(incidents, list):
        raise ValueError("is no list; expected the incidents of Google Cloud")
    for row in _list(incidents):
        uri = row.get("uri")
        impact = {"SERVICE_INFORMATION": "none", "SERVICE_DISRUPTION": "major", "SERVICE_OUTAGE": "critical"}
        found = impact.get(str(row.get("status_impact")))
        ended = moment(row.get("end"))
        places = _list(row.get("currently_affected_locations")) or _list(row.get("previously_affected_locations"))
        notes = [(moment(part.get("created") or part.get("when")), words(part.get("status"), 40).lower(),
                  words(part.get("text"))) for part in _list(row.get("updates"))]  # fmt: skip
        yield _row(
            id=words(row.get("id"), 80),
            title=words(row.get("external_desc"), TITLE),
            impact="minor" if found == "major" and row.get("severity") == "low" else found,
            status="resolved" if ended else notes[0][1] if notes else "open",
            started_at=moment(row.get("begin")),
            created_at=moment(row.get("created")),
            resolved_at=ended,
            over=ended is not None,
            url=address(f"https://status.cloud.google.com/{uri}") if isinstance(uri, str) else "",
            components=[words(part.get("title"), 80) for part in _list(row.get("affected_products"))],
            regions=[words(part.get("title") or part.get("id"), 80) for part in places],
            updates=notes,
        )


def azure(text: str) -> Iterator[dict[str, Any]]:
    """The feed of Azure status, RSS or Atom: what it holds is open; it says no impact. ValueError."""
    for row in feed_items(text):
        title = words(row.get("title"), TITLE)
        written = moment(row.get("date")) or moment(row.get("updated"))
        over = title.lower().startswith(("resolved", "mitigated"))
        yield _row(
            id=words(row.get("guid") or row.get("link"), 200),
            title=title,
            impact=None,
            status="resolved" if over else "open",
            started_at=written,
            created_at=written,
            resolved_at=moment(row.get("updated")) if over else None,
            over=over,
            url=address(row.get("link")),
            updates=[(written, "", words(row.get("description")))],
        )


FORMS: dict[str, Callable[[str], Iterator[dict[str, Any]]]] = {
    "statuspage": statuspage, "aws": aws, "google": google, "azure": azure,
}  # fmt: skip


def decoded(body: bytes) -> str:
    """The text of an answer: UTF-16 where it begins with its mark, else UTF-8. ValueError."""
    return body.decode("utf-16" if body[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig")


def _json(text: str) -> Any:
    try:
        return orjson.loads(text.encode("utf-8", "surrogatepass"))
    except orjson.JSONDecodeError as error:
        raise ValueError(f"is no JSON: {str(error)[:80]}") from error


def _list(value: Any) -> list[dict[str, Any]]:
    return [item for item in value[:MOST] if isinstance(item, dict)] if isinstance(value, list) else []


def _row(*, id: str, title: str, updates: list[tuple[str | None, str, str]], components: list[str] | None = None,
         regions: list[str] | None = None, **fields: Any) -> dict[str, Any]:  # fmt: skip
    notes = sorted((note for note in updates if note[0]), key=lambda note: str(note[0]))[-MOST_UPDATES:]
    return {
        "id": id,
        "title": title,
        **fields,
        "components": [name for name in dict.fromkeys(components or []) if name][:30],
        "regions": [name for name in dict.fromkeys(regions or []) if name][:30],
        "updates": [{"at": at, "status": status, "text": text} for at, status, text in notes],
    }
