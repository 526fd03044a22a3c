"""The marks of the detector's exam, and the bars that are drawn of them: for the scoreboard and for files of these."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import lru_cache
from importlib.resources import files
from typing import Any, NamedTuple

from radar import cldr
from radar.figures import shares
from radar.labels import _


class Row(NamedTuple):
    """One bar: of what, how much of the whole, in which shade, in words; the alarms behind it where that is told."""

    name: str
    share: float
    shade: str
    figures: str
    alarms: str = ""

    def bar(self) -> str:
        """The bar as SVG."""
        return shares.svg([shares.Part(self.share, self.shade)], f"{self.name}: {self.figures}")


@lru_cache(maxsize=1)
def card() -> dict[str, Any]:
    """The marks, as ``radar backtest --exam`` wrote them."""
    found: dict[str, Any] = json.loads(files("radar").joinpath("data/accuracy.json").read_text(encoding="utf-8"))
    return found


def seconds(targets: Sequence[dict[str, Any]]) -> list[tuple[str, float]]:
    """World and median time until an outage is found there, of those in which one was."""
    return [(row["name"], row["reached"]["radar"]["ttd_p50_s"]) for row in targets
            if row["reached"]["radar"]["ttd_p50_s"]]  # fmt: skip


def speeds(targets: Sequence[dict[str, Any]]) -> list[Row]:
    """The same as bars, the longest over the whole width."""
    known = seconds(targets)
    most = max((taken for _name, taken in known), default=1.0)
    return [Row(_(name), taken / most, "full", minutes(taken)) for name, taken in known]


def confidences(bands: Sequence[dict[str, Any]]) -> list[Row]:
    """How often alarms were right, by what was said of them."""
    said = _("said {said} %, right {right} %")
    return [
        Row(_(row["band"]), row["right"], "ok", said.format(said=round(row["confidence"] * 100),
                                                            right=round(row["right"] * 100)), str(row["alarms"]))
        for row in bands
    ]  # fmt: skip


def minutes(seconds: float | None) -> str:
    """A time to detect: minutes, from two days on days."""
    if seconds is None:
        return "–"
    if seconds >= 2 * 86_400:
        return _("{n} days").format(n=cldr.fixed(seconds / 86_400))
    return _("{n} min").format(n=cldr.fixed(seconds / 60))
