"""What our style sheets say of a drawing, for a file on its own: there none of them is beside it.

The same rules paint page and file, so that the two never differ. Of a file the light colours are written out, as most
programs that open SVG know no variables; what places things in a page is left out.
"""

from __future__ import annotations

import re
from functools import lru_cache

from radar.settings import ASSETS

#: Where drawings are painted, in the order of a page.
_SHEETS = ("figures.css", "site.css", "info.css")
#: What paints in SVG, and nothing else.
_PAINT = frozenset({
    "color", "display", "fill", "font-size", "font-variant-numeric", "font-weight", "opacity", "shape-rendering",
    "stroke", "stroke-dasharray", "stroke-linecap", "stroke-linejoin", "stroke-width", "transform", "vector-effect",
})  # fmt: skip
_BLOCK = re.compile(r"([^{}]+)\{([^{}]*)\}")
#: The first class or id of a selector: what must be in the drawing for its rule to mean anything.
_ROOT = re.compile(r"[.#][\w-]+")
#: Of a page in front of a reader: states of the pointer, themes.
_LIVE = (":hover", ":focus", ":root", "::")


def of(drawing: str) -> str:
    """The rules for the classes that a drawing uses, as CSS."""
    names = set(re.findall(r'(?:class|id)="([^"]*)"', drawing))
    used = {name for words in names for name in words.split()}
    kept = [f"{selector}{{{paint}}}" for root, selector, paint in _rules() if root in used]
    return f"text{{font:12px Inter,system-ui,sans-serif}}{''.join(kept)}"


@lru_cache(maxsize=1)
def _rules() -> tuple[tuple[str, str, str], ...]:
    """(class or id at the root, selector, declarations) of all that paints, in order."""
    text = "".join((ASSETS / name).read_text(encoding="utf-8") for name in _SHEETS)
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.S)
    text = re.sub(r"@media[^{]*\{(?:[^{}]*\{[^{}]*\})*[^{}]*\}", "", text)
    colours: dict[str, str] = {}
    found = []
    for selector, body in _BLOCK.findall(text):
        declared = [(name.strip(), value.strip()) for name, _colon, value in
                    (line.partition(":") for line in body.split(";")) if value]  # fmt: skip
        if selector.strip() == ":root":
            colours |= dict(declared)
        paint = "".join(f"{name}:{value};" for name, value in declared if name in _PAINT).rstrip(";")
        root = _ROOT.search(selector)
        if paint and root is not None and not any(word in selector for word in _LIVE):
            found.append((root[0][1:], selector.strip(), paint))
    return tuple((root, selector, _written(paint, colours)) for root, selector, paint in found)


def _written(paint: str, colours: dict[str, str]) -> str:
    """Variables replaced, and the one colour that not all programs know."""
    return re.sub(r"var\((--[\w-]+)\)", lambda match: colours[match[1]], paint).replace("transparent", "none")
