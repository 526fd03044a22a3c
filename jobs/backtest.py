"""``radar backtest``: score the production detector against labelled events, from files anyone can bring."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import orjson

from radar.detect.evaluate import ProfileName, UnknownSignal, backtest
from radar.labels import _


def run(signals: Path, labels: Path, *, profile: ProfileName | None, as_json: bool) -> int:
    """Print the score card. -> 0, or 2 for a signal that nobody said how to judge. Raises SchemaError for bad files."""
    try:
        card = backtest(signals, labels, profile=profile)
    except UnknownSignal as error:
        print(f"radar backtest: {error}", file=sys.stderr)
        return 2
    if as_json:
        sys.stdout.buffer.write(orjson.dumps(card, option=orjson.OPT_INDENT_2) + b"\n")
        return 0
    print("\n".join(lines(card)))
    return 0


def lines(card: dict[str, Any]) -> list[str]:
    """The card for people: summary, tables, and every alarm that was false or event that was missed."""
    out = [f"{name:<32}{_number(value)}" for name, value in card["summary"].items()]
    for title, key in ((_("By depth"), "by_depth"), (_("By volume"), "by_volume"), (_("By cause"), "by_cause")):
        out += ["", title]
        out += [
            _("  {band}: {found} of {events} found").format(band=r["band"], found=r["detected"], events=r["events"])
            for r in card[key]
        ]
    missed = [(row["entity"], start) for row in card["entities"] for start in row["missed"]]
    false = [row for row in card["alarms"] if row["outcome"] in ("false", "must_not_fire")]
    if missed:
        out += ["", _("Missed"), *(f"  {entity}  {start}" for entity, start in missed)]
    if false:
        out += [
            "",
            _("False alarms"),
            *(f"  {r['entity']}  {r['start']} .. {r['end'] or ''}  {r['id']}" for r in false),
        ]
    return out


def _number(value: float | None) -> str:
    return _("nothing to measure it by") if value is None else f"{value:g}"
