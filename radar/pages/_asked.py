"""What a reader of ``/outages`` asks for: read from the address, written into it again, applied, said in words.

The parameters are those of ``/api/v1/outages`` (``radar.api.outages.NARROWING``), so the CSV of the same address holds
the same outages in the same order. A person mistypes where a program fails: what cannot be read is named on the page
and left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlencode

from werkzeug.datastructures import MultiDict

from radar import known
from radar.api.envelope import ApiError
from radar.api.outages import NARROWING
from radar.api.parameters import read
from radar.components import times
from radar.labels import CAUSES, STATES, STATUSES, _
from radar.shapes import Outage

#: What is open first, the worst of it before the rest; within that the newest.
USUAL = "status"


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked for; an empty field asks for nothing. ``minutes`` at least; ``confidence`` at least, 0 to 1."""

    place: str = ""
    network: str = ""
    status: str = ""
    level: str = ""
    cause: str = ""
    minutes: int = 0
    confidence: float = 0.0
    sort: str = USUAL
    page: int = 1
    at: str = ""
    wrong: tuple[str, ...] = field(default=(), compare=False)

    def query(self) -> dict[str, str]:
        """The parameters that are not as usual."""
        rows = {"place": self.place, "network": self.network, "status": self.status, "level": self.level,
                "cause": self.cause, "min_minutes": str(self.minutes or ""),
                "min_confidence": f"{self.confidence:g}" if self.confidence else "",
                "sort": "" if self.sort == USUAL else self.sort}  # fmt: skip
        return {name: value for name, value in rows.items() if value}

    def href(self, **changes: Any) -> str:
        """Address of the page with these changes; its first page unless ``page`` is given."""
        new = replace(self, **{"page": 1, **changes})
        rows = new.query() | ({"page": str(new.page)} if new.page > 1 else {})
        return f"/outages?{urlencode(rows)}" if rows else "/outages"

    def file(self, form: str) -> str:
        """Address of the same outages in the same order, as ``csv`` or ``json``."""
        rows = self.query() | {"sort": self.sort} | ({"at": self.at} if self.at else {}) | {"format": form}
        return f"/api/v1/outages?{urlencode(rows, safe=':')}"

    def narrows(self) -> bool:
        """Whether anything but an order is asked for."""
        return bool(self.query().keys() - {"sort"})

    def found(self, outages: Iterable[Outage]) -> list[Outage]:
        """The outages that fit, in the order that is asked for."""
        rows = known.select(
            outages, places=_one(self.place), network=self.network, statuses=_one(self.status),
            levels=_one(self.level), causes=_one(self.cause), minutes=self.minutes, confidence=self.confidence,
        )  # fmt: skip
        return known.ordered(rows, self.sort)

    def words(self) -> list[tuple[str, str]]:
        """Each thing that is asked for in words, with the address that no longer asks for it."""
        rows: list[tuple[str, str, Any]] = []
        if self.place:
            rows.append((_("in {place}").format(place=known.name_of(f"country/{self.place}")), "place", ""))
        if self.network:
            rows.append((_("of “{network}”").format(network=self.network), "network", ""))
        if self.status:
            rows.append((_(STATUSES[self.status]).lower(), "status", ""))
        if self.level:
            rows.append((_(STATES[self.level]).lower(), "level", ""))
        if self.cause:
            rows.append((_("perhaps {cause}").format(cause=_(CAUSES[self.cause])), "cause", ""))
        if self.minutes:
            rows.append((_("at least {duration} long").format(duration=times.duration(self.minutes)), "minutes", 0))
        if self.confidence:
            rows.append((_("confidence of at least {n} %").format(n=f"{self.confidence * 100:.0f}"), "confidence", 0.0))
        return [(text, self.href(**{name: nothing})) for text, name, nothing in rows]


def ask(query: Mapping[str, str], *, at: str = "") -> Asked:
    """What the address asks for, on a page of the moment ``at``. ``wrong`` of the answer holds a sentence for each part
    that cannot be read."""
    values: dict[str, Any] = {}
    wrong = []
    for row in NARROWING:
        text = str(query.get(row.name, "")).strip()
        if not text:
            continue
        if row.name == "place" and len(text) == 2 and text.isascii():
            text = text.upper()
        try:
            value = read(MultiDict({row.name: text}), [row])[row.name]
        except ApiError:
            wrong.append(_("{name} is {value}, which cannot be read. Expected: {expected}.").format(
                name=row.name, value=repr(text[:40]), expected=_(row.expected).rstrip(".")))  # fmt: skip
            continue
        values[row.name.removeprefix("min_")] = value[0] if row.repeat else value
    page = str(query.get("page", ""))
    values["page"] = int(page) if page.isascii() and page.isdigit() and 0 < len(page) < 5 and int(page) else 1
    return Asked(**values, at=at, wrong=tuple(wrong))


def _one(text: str) -> tuple[str, ...]:
    return (text,) if text else ()
