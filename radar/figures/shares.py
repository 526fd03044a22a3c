"""A bar that is cut into parts: what is left of a whole and what is gone, or how many of a group are in which state.

The bar takes the width of its place; parts are told apart by shade and height, and the same is said in words.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from radar.figures.text import esc, num

#: Height of a bar in pixels, and of a part that is drawn low.
HEIGHT, LOW = 16, 6


@dataclass(frozen=True, slots=True)
class Part:
    """One part. ``share``: of the whole, 0..1. ``shade``: last part of its class, as ``assets/figures.css`` has it.
    ``low``: drawn as a low bar, for what is as it should be."""

    share: float
    shade: str
    low: bool = False


def svg(parts: Sequence[Part], words: str) -> str:
    """The bar, ``<svg class="share" role="img">``; ``words`` say what it shows.

    Parts are drawn one after the other from the left; what passes the whole is cut. A part that is there at all is at
    least half a percent wide, so that it can be seen.
    """
    drawn, at = [], 0.0
    for part in parts:
        width = min(max(part.share * 100, 0.5), 100 - at) if part.share > 0 else 0.0
        if width <= 0:
            continue
        height = LOW if part.low else HEIGHT
        drawn.append(f'<rect class="p-{esc(part.shade)}" x="{num(at)}%" y="{HEIGHT - height}" width="{num(width)}%" '
                     f'height="{height}"/>')  # fmt: skip
        at += width
    return (
        f'<svg class="share" role="img" width="100%" height="{HEIGHT}" xmlns="http://www.w3.org/2000/svg">'
        f"<title>{esc(words)}</title>{''.join(drawn)}</svg>"
    )
