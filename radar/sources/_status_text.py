"""Words of others made safe to show, and times of others read: for the readers of status pages."""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from html.parser import HTMLParser
from typing import Any
from xml.parsers import expat

from radar.times import rfc3339

#: Longest text of one update, and of a title.
LONGEST, TITLE = 2_000, 200

_SPACE = re.compile(r"\s+")
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\ud800-\udfff]")
_MUTE = frozenset({"script", "style", "template", "iframe", "noscript"})


class _Words(HTMLParser):
    """Collects the text between tags; what scripts and styles hold is left out."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._mute = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._mute += tag in _MUTE
        self.parts.append(" ")

    def handle_endtag(self, tag: str) -> None:
        self._mute = max(0, self._mute - (tag in _MUTE))
        self.parts.append(" ")

    def handle_data(self, data: str) -> None:
        if not self._mute:
            self.parts.append(data)


def words(value: Any, longest: int = LONGEST) -> str:
    """Plain text on one line of what may be HTML, cut at ``longest`` characters; '' for what is no text."""
    if not isinstance(value, str):
        return ""
    reader = _Words()
    try:
        reader.feed(value[: 8 * longest])
        reader.close()
    except (AssertionError, ValueError):  # markup that the reader of the standard library gives up on
        return ""
    text = _SPACE.sub(" ", _CONTROL.sub(" ", "".join(reader.parts))).strip()
    return text if len(text) <= longest else text[: longest - 1].rstrip() + "…"


def moment(value: Any) -> str | None:
    """RFC 3339 UTC of an ISO 8601 or RFC 2822 text or of seconds or milliseconds since 1970; a time without a zone is
    held for UTC. None for what is no time of the years 2000 to 2099."""
    at: datetime | None = None
    try:
        if isinstance(value, bool) or value is None:
            return None
        if isinstance(value, int | float) or (isinstance(value, str) and value.strip().isdigit()):
            number = float(value)
            if math.isfinite(number):
                at = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=number / 1000 if number > 1e11 else number)
        elif isinstance(value, str):
            text = value.strip()[:64]
            at = datetime.fromisoformat(text) if text[:4].isdigit() else parsedate_to_datetime(text)
            at = at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except (ValueError, OverflowError, TypeError):
        return None
    return rfc3339(at) if at is not None and 2000 <= at.year < 2100 else None


def address(value: Any) -> str:
    """An https address as it is; '' for anything else, so that a link never runs a script."""
    text = value.strip() if isinstance(value, str) else ""
    return text if len(text) < 500 and re.fullmatch(r"https?://[^\s\"'<>\\]+", text) else ""


def feed_items(text: str) -> list[dict[str, str]]:
    """The items of an RSS or entries of an Atom feed: title, link, guid, description, date as they stand.

    A document type declaration is refused, so that no entity can be declared and none grows.

    Raises
    ------
    ValueError
        No well-formed RSS or Atom; says where.
    """
    items: list[dict[str, str]] = []
    path: list[str] = []
    buffer: list[str] = []

    def start(name: str, attributes: dict[str, str]) -> None:
        tag = name.rpartition("|")[2].lower()
        if len(path) > 30:
            raise ValueError("elements lie too deep; expected RSS or Atom")
        path.append(tag)
        buffer.clear()
        if tag in ("item", "entry"):
            items.append({})
        elif tag == "link" and items and attributes.get("href"):
            items[-1].setdefault("link", attributes["href"])

    def end(name: str) -> None:
        tag = path.pop()
        if items and path and path[-1] in ("item", "entry"):
            field = {"id": "guid", "summary": "description", "content": "description", "pubdate": "date",
                     "published": "date", "updated": "updated"}.get(tag, tag)  # fmt: skip
            if field in ("title", "link", "guid", "description", "date", "updated"):
                found = "".join(buffer).strip()
                if found:
                    items[-1].setdefault(field, found)
        buffer.clear()

    def refuse(*_: Any) -> None:
        raise ValueError("has a document type declaration; expected RSS or Atom without one")

    parser = expat.ParserCreate(namespace_separator="|")
    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.CharacterDataHandler = buffer.append
    parser.StartDoctypeDeclHandler = refuse
    parser.EntityDeclHandler = refuse
    roots: list[str] = []
    try:
        data = re.sub(r"^\ufeff?\s*<\?xml[^>]*\?>", "", text[:200]) + text[200:]
        head = re.search(r"<([A-Za-z:]+)", data)
        roots.append(head[1].rpartition(":")[2].lower() if head else "")
        parser.Parse(data.encode("utf-8", "replace"), True)
    except expat.ExpatError as error:
        raise ValueError(f"is no well-formed XML: {error}") from error
    if roots[0] not in ("rss", "feed", "rdf"):
        raise ValueError(f"begins with {roots[0]!r}; expected rss or feed")
    return items
