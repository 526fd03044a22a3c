"""Drawing on pixels without a browser: text in the site's own face, and shapes with smooth edges.

For pictures that others show in our name, such as previews of links. Text is set in Inter from ``assets/fonts``, whose
two files hold the Latin letters; a letter that neither holds is written without its marks, else as U+FFFD: never as
another letter.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

Point = tuple[float, float]
Box = tuple[float, float, float, float]

#: Shapes are drawn so many times larger and made smaller again: that smooths their edges.
SMOOTH = 3

_FILES = ("inter-latin.woff2", "inter-latin-ext.woff2")
#: A code point that no font has: what is drawn for it is drawn for all letters that a font lacks.
_NOWHERE = "\U0010fffe"


@dataclass(frozen=True, slots=True)
class Face:
    """One size and weight of the face. ``folder`` holds the font files."""

    folder: Path
    size: int
    weight: int = 400

    def runs(self, text: str) -> Iterator[tuple[ImageFont.FreeTypeFont, str]]:
        """The text in stretches with the font that has their letters."""
        for place, letters in groupby(_known(self.folder, text), key=lambda letter: letter[0]):
            yield _font(self.folder, place, self.size, self.weight), "".join(letter for _place, letter in letters)

    def width(self, text: str) -> float:
        """How wide the text is, pixels."""
        return sum(font.getlength(letters) for font, letters in self.runs(text))

    def lines(self, text: str, width: float, most: int) -> list[str]:
        """The text in at most ``most`` lines of a width; what does not fit is cut at a word and ends in "…"."""
        words, found, line = text.split(" "), list[str](), ""
        for i, word in enumerate(words):
            longer = f"{line} {word}" if line else word
            if not line or self.width(longer) <= width:
                line = longer
                continue
            found.append(line)
            line = word
            if len(found) == most:
                return [*found[:-1], self.cut(" ".join([found[-1], *words[i:]]), width)]
        return [*found, self.cut(line, width)] if line else found

    def cut(self, text: str, width: float) -> str:
        """The text as it is where it fits, else its beginning, whole words where there are some, and "…"."""
        if self.width(text) <= width:
            return text
        while text and self.width(f"{text}…") > width:
            shorter = text.rpartition(" ")[0] or text[:-1]
            text = shorter.rstrip(" ,.;:·")
        return f"{text}…"


def region_mark(pen: ImageDraw.ImageDraw, at: Point, kind: str, radius: float, colours: dict[str, str]) -> None:
    """The shape of a level within a ring: what is marked of a region within a country."""

    def box(r: float) -> Box:
        return (at[0] - r, at[1] - r, at[0] + r, at[1] + r)

    pen.ellipse(box(radius), fill=colours["paper"], outline=colours["ink"], width=max(1, round(radius / 6)))
    if kind == "outage":
        pen.rectangle(box(radius * 0.43), fill=colours["outage"])
    else:
        pen.pieslice(box(radius * 0.55), -90, 90, fill=colours["degraded"])


class Paper:
    """A picture that is being drawn, in colours such as ``#fcfbf8``."""

    def __init__(self, width: int, height: int, colour: str) -> None:
        self.image = Image.new("RGB", (width, height), colour)
        self._draw = ImageDraw.Draw(self.image)

    def text(self, at: Point, text: str, face: Face, colour: str, *, end: bool = False) -> float:
        """One line of text on its base line, from ``at`` or (``end``) up to it; gives its width."""
        width = face.width(text)
        x = at[0] - width if end else at[0]
        for font, letters in face.runs(text):
            self._draw.text((x, at[1]), letters, font=font, fill=colour, anchor="ls")
            x += font.getlength(letters)
        return width

    def block(self, at: Point, lines: Sequence[str], face: Face, colour: str, leading: float) -> float:
        """Lines below one another; gives the base line that a next one would have."""
        x, y = at
        for line in lines:
            self.text((x, y), line, face, colour)
            y += leading
        return y

    def rule(self, box: Box, colour: str) -> None:
        """A filled box with sharp edges."""
        self._draw.rectangle(box, fill=colour)

    def paste(self, picture: Image.Image, at: tuple[int, int]) -> None:
        """Another picture, with its upper left corner at a place."""
        self.image.paste(picture, at, picture if picture.mode == "RGBA" else None)

    def region(self, at: Point, kind: str, colours: dict[str, str], size: int) -> None:
        """The mark of a region. ``at``: its upper left corner."""
        n = size * SMOOTH
        shape = Image.new("RGBA", (n, n))
        region_mark(ImageDraw.Draw(shape), (n / 2, n / 2), kind, n / 2 - 1, colours)
        self.paste(shape.reduce(SMOOTH), (round(at[0]), round(at[1])))

    def state(self, at: Point, kind: str, colours: dict[str, str], size: int) -> None:
        """The shape of a state: square, half dot, dot, hatched ring. ``at``: its upper left corner."""
        n = size * SMOOTH
        shape = Image.new("RGBA", (n, n))
        pen, edge = ImageDraw.Draw(shape), max(2, n // 9)
        box = (edge / 2, edge / 2, n - edge / 2 - 1, n - edge / 2 - 1)
        if kind == "outage":
            pen.rectangle((0, 0, n, n), fill=colours["outage"])
        elif kind == "degraded":
            pen.ellipse(box, outline=colours["degraded"], width=edge)
            pen.pieslice(box, -90, 90, fill=colours["degraded"])
        elif kind == "insufficient":
            ink = colours["insufficient-ink"]
            for k in range(-n, n, n // 4):
                pen.line((k, n, k + n, 0), fill=ink, width=max(2, edge // 2))
            mask = Image.new("L", (n, n))
            ImageDraw.Draw(mask).ellipse(box, fill=255)
            shape.putalpha(Image.composite(shape.getchannel("A"), Image.new("L", (n, n)), mask))
            pen = ImageDraw.Draw(shape)
            pen.ellipse(box, outline=ink, width=edge)
        elif kind == "none":
            pen.ellipse(box, fill=colours["none"], outline=colours["insufficient"], width=edge // 2)
        else:
            pen.ellipse(box, fill=colours["ok-ink"])
        self.paste(shape.reduce(SMOOTH), (round(at[0]), round(at[1])))


@lru_cache(maxsize=64)
def _font(folder: Path, place: int, size: int, weight: int) -> ImageFont.FreeTypeFont:
    font = ImageFont.truetype(folder / _FILES[place], size)
    font.set_variation_by_axes([weight])
    return font


@lru_cache(maxsize=4096)
def _place(folder: Path, letter: str) -> int | None:
    """Which file has a letter; None: neither."""
    for place in range(len(_FILES)):
        font = _font(folder, place, 24, 400)
        if bytes(font.getmask(letter)) != bytes(font.getmask(_NOWHERE)) or letter.isspace():
            return place
    return None


def _known(folder: Path, text: str) -> Iterator[tuple[int, str]]:
    """The letters of a text with the file that has each. What steers a line is a space."""
    for letter in unicodedata.normalize("NFC", text):
        shown = " " if letter in "\t\r\n" else letter
        place = _place(folder, shown)
        if place is None:
            bare = [c for c in unicodedata.normalize("NFKD", shown) if not unicodedata.combining(c)]
            plain = bare if bare and all(_place(folder, c) is not None for c in bare) else ["\ufffd"]
            yield from ((_place(folder, c) or 0, c) for c in plain)
        else:
            yield place, shown
