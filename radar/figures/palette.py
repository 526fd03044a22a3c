"""The colours of both themes, once more in numbers, for Plotly, which cannot read CSS variables.

``assets/figures.css`` says the same values as ``--ink``, ``--paper`` and so on; a test keeps the two alike. Colour
means state and nothing else; neutral greys carry the rest. Safe for the common colour-vision types: vermilion, amber
and grey-blue also differ in lightness, and every state has a shape and a word besides.
"""

from __future__ import annotations

from typing import Literal

Theme = Literal["light", "dark"]

PALETTE: dict[Theme, dict[str, str]] = {
    "light": {
        "paper": "#fcfbf8",
        "paper-2": "#f2f0ea",
        "line": "#dbd7ce",
        "ink": "#1a1c20",
        "ink-2": "#484d55",
        "ink-3": "#5f646d",
        "ok": "#b3c0cd",
        "ok-ink": "#47607a",
        "degraded": "#e59a0c",
        "degraded-ink": "#8a5600",
        "outage": "#d23b12",
        "outage-ink": "#bb2f0a",
        "insufficient": "#b3afa6",
        "insufficient-ink": "#5f646d",
        "simulated": "#744bc3",
        "band": "#dfe6ed",
        "threshold": "#8c7a70",
        "threshold-ink": "#75645b",
        "none": "#e9e6df",
    },
    "dark": {
        "paper": "#14161a",
        "paper-2": "#1d2026",
        "line": "#343943",
        "ink": "#edebe5",
        "ink-2": "#b9bcc2",
        "ink-3": "#969ba4",
        "ok": "#4b6077",
        "ok-ink": "#9fb6cd",
        "degraded": "#e0a02c",
        "degraded-ink": "#eab24a",
        "outage": "#ff6337",
        "outage-ink": "#ff8258",
        "insufficient": "#5f636a",
        "insufficient-ink": "#969ba4",
        "simulated": "#b496f2",
        "band": "#28343f",
        "threshold": "#8f8078",
        "threshold-ink": "#a3948c",
        "none": "#24272d",
    },
}

#: The face of all figures; the same list as in assets/fonts.css.
FONT = "Inter Variable, Inter Fallback, system-ui, sans-serif"

#: From worst to calmest: what is drawn later lies on top, so drawings go through it backwards.
WORST_FIRST = ("outage", "degraded", "insufficient", "ok", "none")


def colours(theme: str) -> dict[str, str]:
    """The palette of a theme; what is not "dark" is light."""
    return PALETTE["dark" if theme == "dark" else "light"]
