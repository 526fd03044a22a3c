"""Messages of the Common Alerting Protocol (CAP 1.1 and 1.2, OASIS) and the feeds that list them (Atom, RSS).

XML from anywhere: a document type declaration is refused, so that no entity is declared and none grows; depth, elements
and text are bounded.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from xml.parsers import expat

#: Characters, elements and depth of one document that are read.
MOST_CHARACTERS, MOST_ELEMENTS, DEEPEST = 4_000_000, 60_000, 20

#: Corners of a polygon, and areas and codes of a message, that are read.
MOST_CORNERS, MOST_AREAS = 2_000, 300

CAP = ("urn:oasis:names:tc:emergency:cap:1.2", "urn:oasis:names:tc:emergency:cap:1.1")


@dataclass(slots=True)
class Node:
    """An element: its namespace, local name, attributes, text and elements inside."""

    space: str
    name: str
    attributes: dict[str, str]
    text: str = ""
    inside: list[Node] = field(default_factory=list)

    def all(self, name: str) -> Iterator[Node]:
        """The elements of that name right inside."""
        return (node for node in self.inside if node.name == name)

    def one(self, name: str) -> str:
        """The text of the first of that name; '' for none."""
        return next((node.text.strip() for node in self.all(name)), "")


@dataclass(frozen=True, slots=True)
class Area:
    """Where a message holds: words, polygons of (lat, lon), circles of (lat, lon, km), codes of (system, code)."""

    words: str
    polygons: tuple[tuple[tuple[float, float], ...], ...]
    circles: tuple[tuple[float, float, float], ...]
    codes: tuple[tuple[str, str], ...]


def tree(text: str) -> Node:
    """The root of a document.

    Raises
    ------
    ValueError
        Not well-formed, a document type declaration, or more than the bounds; says which.
    """
    if len(text) > MOST_CHARACTERS:
        raise ValueError(f"has {len(text)} characters; expected at most {MOST_CHARACTERS}")
    root = Node("", "", {})
    path = [root]
    count = 0

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal count
        count += 1
        if count > MOST_ELEMENTS or len(path) > DEEPEST:
            raise ValueError(f"has more than {MOST_ELEMENTS} elements, or deeper than {DEEPEST}")
        space, _bar, local = name.rpartition("|")
        node = Node(space, local, attributes)
        path[-1].inside.append(node)
        path.append(node)

    def end(_name: str) -> None:
        path.pop()

    def characters(data: str) -> None:
        path[-1].text += data

    def refuse(*_: Any) -> None:
        raise ValueError("has a document type declaration; expected XML without one")

    parser = expat.ParserCreate(namespace_separator="|")
    parser.buffer_text = True
    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.CharacterDataHandler = characters
    parser.StartDoctypeDeclHandler = parser.EntityDeclHandler = refuse
    # the text is decoded already: what it says of its encoding no longer holds
    data = re.sub(r"^\ufeff?\s*<\?xml[^>]*\?>", "", text[:300]) + text[300:]
    try:
        parser.Parse(data.encode("utf-8", "replace"), True)
    except expat.ExpatError as error:
        raise ValueError(f"is no well-formed XML: {error}") from error
    return root.inside[0]


def links(root: Node) -> list[str]:
    """The addresses of the messages that a feed lists, in its order. ValueError for what is no feed."""
    if root.name not in ("feed", "rss", "RDF"):
        raise ValueError(f"begins with {root.name[:40]!r}; expected a CAP alert, or a feed of them (Atom, RSS)")
    entries = [node for node in _walk(root) if node.name in ("entry", "item")]
    return [found for entry in entries if (found := _link(entry))]


def is_alert(root: Node) -> bool:
    """Whether it is a CAP message of a version that is read."""
    return root.name == "alert" and root.space in CAP


def area(node: Node) -> Area:
    """An ``area`` of a message; shapes that cannot be read are left out."""
    polygons = [_polygon(one.text) for one in node.all("polygon")]
    circles = [_circle(one.text) for one in node.all("circle")]
    codes = [(one.one("valueName"), one.one("value")) for one in node.all("geocode")]
    return Area(
        node.one("areaDesc"),
        tuple(found for found in polygons[:MOST_AREAS] if found is not None),
        tuple(found for found in circles[:MOST_AREAS] if found is not None),
        tuple(codes[:MOST_AREAS]),
    )


def _walk(node: Node) -> Iterator[Node]:
    for one in node.inside:
        yield one
        yield from _walk(one)


def _link(entry: Node) -> str:
    found = [
        (one.attributes.get("type", ""), one.attributes.get("href") or one.text.strip()) for one in entry.all("link")
    ]
    cap = [href for kind, href in found if "cap" in kind]
    return next(iter(cap), "") or next((href for _kind, href in found if href), "")


def _polygon(text: str) -> tuple[tuple[float, float], ...] | None:
    corners = [_numbers(part, 2) for part in text.split()[:MOST_CORNERS]]
    if len(corners) < 4 or None in corners:
        return None
    return tuple((pair[0], pair[1]) for pair in corners if pair is not None)


def _circle(text: str) -> tuple[float, float, float] | None:
    centre, _space, radius = text.strip().partition(" ")
    pair, far = _numbers(centre, 2), _numbers(radius.strip(), 1)
    if pair is None or far is None or not 0 <= far[0] <= 3000:
        return None
    return pair[0], pair[1], far[0]


def _numbers(text: str, count: int) -> list[float] | None:
    """So many numbers with commas; of two, a latitude and a longitude. None for what is none."""
    parts = text.split(",")
    if len(parts) != count or not all(re.fullmatch(r"[+-]?\d{1,4}(\.\d{1,12})?", part) for part in parts):
        return None
    found = [float(part) for part in parts]
    return None if count == 2 and not (abs(found[0]) <= 90 and abs(found[1]) <= 180) else found
