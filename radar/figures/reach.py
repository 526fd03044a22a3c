"""Networks side by side, each as wide as many people are behind it: who is hit, who is back, of whom we cannot say.

Drawn without a scale: the widths are estimates, and the picture says which part of a place is gone, not how many
people.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from radar.figures.text import esc, num
from radar.labels import N_, _

Kind = Literal["hit", "back", "calm", "insufficient", "none"]

#: Height of the picture in pixels; hit is drawn over all of it, back over half, calm low.
HEIGHT, HALF, LOW = 56, 28, 10
#: A network narrower than this, in percent, is drawn this wide; one that is wider than the others bears its number, on
#: a wide screen and on a phone.
NARROWEST, NAMED, NAMED_NARROW = 0.6, 14.0, 19.0

WORDS: dict[Kind, str] = {
    "hit": N_("hit"),
    "back": N_("was hit, back again"),
    "calm": N_("not hit, as far as we see"),
    "insufficient": N_("cannot see"),
    "none": N_("not measured"),
}


@dataclass(frozen=True, slots=True)
class Block:
    """One network. ``short``: its name where there is little room; ``share``: of all that are drawn, 0..1; ``level``:
    how badly it was hit, for the colour."""

    name: str
    short: str
    href: str
    share: float
    kind: Kind
    level: Literal["outage", "degraded"] = "outage"


def html(blocks: Sequence[Block], label: str) -> str:
    """The picture with its key. ``label`` says what it shows; each network says its own name and state."""
    key = "".join(f"<li>{mark} {esc(words)}</li>" for mark, words in key_of(blocks, 16))
    return f'{svg(blocks, label)}<ul class="agree-key">{key}</ul>'


def svg(blocks: Sequence[Block], label: str) -> str:
    """The picture alone."""
    whole = sum(max(block.share * 100, NARROWEST) for block in blocks) or 1.0
    drawn, at = [], 0.0
    for block in blocks:
        width = max(block.share * 100, NARROWEST) / whole * 100
        drawn.append(_block(block, at, width))
        at += width
    return (
        f'<svg class="reach" role="group" aria-label="{esc(label)}" width="100%" height="{HEIGHT}" '
        'xmlns="http://www.w3.org/2000/svg"><defs><pattern id="reach-hatch" width="5" height="5" '
        'patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><path d="M1 0v5"/></pattern></defs>'
        f"{''.join(drawn)}</svg>"
    )


def key_of(blocks: Sequence[Block], high: int) -> list[tuple[str, str]]:
    """A mark and its words for each kind of network that is there."""
    return [
        (f'<svg width="12" height="{high}" aria-hidden="true"><g class="{_class(kind, "outage")}">'
         f"{_bar(kind, '0', '12', high)}</g></svg>", _(WORDS[kind]))
        for kind in WORDS
        if any(block.kind == kind for block in blocks)
    ]  # fmt: skip


def _block(block: Block, at: float, width: float) -> str:
    words = _("{name}: {state}").format(name=block.name, state=_(WORDS[block.kind]))
    x, wide = f"{num(at)}%", f"{width:.2f}%"
    tight = "" if width >= NAMED_NARROW else ' class="tight"'
    name = f'<text{tight} x="{x}" dx="8" y="22">{esc(block.short)}</text>' if width >= NAMED else ""
    stop = "" if block.kind in ("hit", "back") else ' tabindex="-1"'  # forty stops would be none
    return (
        f'<a href="{esc(block.href)}" class="{_class(block.kind, block.level)}"{stop}><title>{esc(words)}</title>'
        f'<rect class="ground" x="{x}" width="{wide}" height="{HEIGHT}"/>{_bar(block.kind, x, wide, HEIGHT)}{name}</a>'
    )


def _class(kind: Kind, level: str) -> str:
    return f"n-{kind} s-{level}" if kind in ("hit", "back") else f"n-{kind}"


def _bar(kind: Kind, x: str, width: str, height: int) -> str:
    tall = round(height * {"hit": 1.0, "back": HALF / HEIGHT, "calm": LOW / HEIGHT}.get(kind, 1.0))
    box = f'x="{x}" y="{height - tall}" width="{width}" height="{tall}"'
    lines = f'<rect class="hatch" {box}/>' if kind == "insufficient" else ""
    return f'<rect class="part" {box}/>{lines}'
