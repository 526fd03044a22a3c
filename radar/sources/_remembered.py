"""What texts mean, where few different ones come again and again: each is asked for once, and not once for every piece
of a log."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl

#: Up to so many texts are remembered.
FEW = 4096


class Remembered:
    """``meaning``: texts -> a number for each; null where a text means none. No more than ``FEW`` texts are remembered,
    and only what means something; never use it for what may be a client."""

    def __init__(self, meaning: Callable[[pl.Series], pl.Series]) -> None:
        self._meaning = meaning
        self._known: dict[str, int] = {}

    def of(self, texts: list[str]) -> list[int | None]:
        """The number of each text."""
        known: dict[str, int | None] = dict(self._known)
        new = list(dict.fromkeys(text for text in texts if text not in known))
        if new:
            told = dict(zip(new, self._meaning(pl.Series(new, dtype=pl.String)).to_list(), strict=True))
            known |= told
            self._keep({text: number for text, number in told.items() if number is not None})
        return [known[text] for text in texts]

    def _keep(self, told: dict[str, int]) -> None:
        """Replace what is known, and do not change it: several threads read it."""
        both = {**self._known, **told}
        if len(both) <= FEW:
            self._known = both
        elif len(told) <= FEW:
            self._known = told

    def texts(self) -> set[str]:
        """The texts that are remembered."""
        return set(self._known)
