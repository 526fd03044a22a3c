"""What was learnt about causes, as the part of docs/causes.md that the command writes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from radar.causes import FEATURES
from radar.detect.cause.study import COUNTRY_VARIANCE, FEATURE_VARIANCE, HIGH, LEAST_BEFORE, LOW, TRIED

BEGIN, END = "<!-- written by `radar causes learn --write` -->", "<!-- end -->"

_MARKS = (("log_loss", "log loss"), ("brier", "Brier"), ("accuracy", "right at .5"), ("decided", "decided"),
          ("accuracy_decided", "right where decided"))  # fmt: skip


def inserted(page: str, found: Mapping[str, Any]) -> str:
    """The page with its written part made anew. Raises ValueError for a page without the marks."""
    before, begin, rest = page.partition(BEGIN)
    _old, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"docs/causes.md has no {BEGIN} with {END} after it")
    return f"{before}{BEGIN}\n\n{report(found)}\n\n{END}{after}"


def report(found: Mapping[str, Any]) -> str:
    """The numbers as Markdown."""
    s = found["study"]
    shares = ", ".join(f"{name.replace('_', ' ')} {n}" for name, n in s["causes"].items())
    largest = " and ".join(f"{n} of {c}" for c, n in s["largest"].items())
    left = "; ".join(f"{n} with {why.replace('_', ' ')}" for why, n in s["left_out"].items()) or "none"
    about = (
        f"Learnt from **{s['rows_used']} of {s['rows_in_all']} rows** ({s['source']}; {s['from']} to {s['until']}; "
        f"SHA-256 {s['sha256'][:16]}): {s['directed']} directed, {s['technical']} technical, of {s['countries']} "
        "countries; the other rows have no cause that is known and serve to tell what happened before and elsewhere. "
        f"Causes: {shares}. Set aside: {left}."
    )
    uneven = (
        f"The record is uneven: {largest}. So every figure is given twice, each row counted once and each country "
        f"counted once. Weights are drawn to zero with a variance of {FEATURE_VARIANCE:g}, countries with "
        f"{COUNTRY_VARIANCE:g}; neither was tuned."
    )
    how = (
        "*Country left out*: each country predicted from the others alone, with no prior of its own. *From the past*: "
        f"each outage predicted from those before it (once there are {LEAST_BEFORE}), the country's own among them. "
        "*Base rate*: the share of directed ones, and nothing else. *Decided*: outside "
        f"{LOW:g} to {HIGH:g}; within, the model abstains."
    )
    return "\n".join([
        about, "", uneven, "", "### How well it does", "", how, "",
        *_table(["", "rows", *(title for _key, title in _MARKS)], [
            [name, str(m["rows"]["rows"]), *_both(m)] for name, m in s["validation"].items()
        ]),
        "",
        "Each cell: by rows / by countries. Smaller is better for log loss and Brier.",
        "",
        "### Calibration, country left out",
        "",
        *_table(["said", "rows", "mean said", "were directed"], [
            [f"{r['from']:g} to {r['to']:g}", str(r["rows"]), _n(r["said"]), _n(r["were"])] for r in s["calibration"]
        ]),
        "",
        "### Weights",
        "",
        "Log-odds of a directed cause against a technical one. A feature that cannot be told counts as its mean.",
        "",
        *_table(["feature", "weight", "mean in the record"], [
            [FEATURES[name][0], f"{w:+.2f}", f"{found['means'][name]:.2f}"] for name, w in found["weights"].items()
        ]),
        "",
        "### What each feature is worth, and what was left out",
        "",
        *_table(["features", "log loss", "Brier"], [
            ["as used", *_both(s["validation"]["country left out"])[:2]],
            *([f"{row['what']}: {_feature(row['feature'])}", *_both(row)[:2]] for row in s["ablations"]),
        ]),
    ])  # fmt: skip


def _feature(name: str) -> str:
    return FEATURES[name][0] if name in FEATURES else TRIED[name]


def _both(m: Mapping[str, Any]) -> list[str]:
    return [f"{_n(m['rows'][key])} / {_n(m['countries'][key])}" for key, _title in _MARKS]


def _n(number: float | None) -> str:
    return "-" if number is None else f"{number:.2f}"


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    return [f"| {' | '.join(heads)} |", "|---" * len(heads) + "|", *(f"| {' | '.join(row)} |" for row in rows)]
