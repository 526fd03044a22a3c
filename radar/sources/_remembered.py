"""What texts mean, where few different ones come again and again: each is asked for once, and not once for every piece
of a log."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl

#: Up to so many texts are remembered.
FEW = 4096


class Remembered:
    """``meaning``: texts -> a number for each; null where a text means none. Never for what may be a client."""

    def __init__(self, meaning: Callable[[pl.Series], pl.Series]) -> None:
        self._meaning = meaning
        self._known: dict[str, int | None] = {}

    def of(self, texts: list[str]) -> list[int | None]:
        """The number of each text."""
        known = self._known
        new = list(dict.fromkeys(text for text in texts if text not in known))
        if new:
            if len(known) + len(new) > FEW:
                known, new = {}, list(dict.fromkeys(texts))
            # replaced, not changed: several threads read it
            known = self._known = {
                **known,
                **dict(zip(new, self._meaning(pl.Series(new, dtype=pl.String)), strict=True)),
            }
        return [known[text] for text in texts]

    def texts(self) -> set[str]:
        """The texts that are remembered."""
        return set(self._known)
