"""Lighthouse on one address: the scores of its categories, 0 to 1, and what lowers them."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any, NamedTuple

from tests.browser.tools import installed

_FLAGS = "--headless=new --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking " \
    "--disable-component-update --disable-sync"  # fmt: skip

#: What it says when the browser gave it no trace, which happens now and then; and how often it is asked.
_AGAIN, _TRIES = "Please run Lighthouse again", 3


class Report(NamedTuple):
    """``scores``: category -> 0 to 1; ``faults``: category -> audits that cost points; ``audits``: all, by id."""

    scores: dict[str, float]
    faults: dict[str, list[str]]
    audits: dict[str, Any]


def look(url: str, chromium: str, folder: Path, *categories: str) -> Report:
    """What Lighthouse says of an address, as on a phone (its own simulation of a slow one)."""
    out = folder / "lighthouse.json"
    command = ["node", str(installed() / "lighthouse" / "cli" / "index.js"), url, "--quiet", "--output=json",
               f"--output-path={out}", f"--chrome-flags={_FLAGS}", f"--only-categories={','.join(categories)}",
               "--no-enable-error-reporting"]  # fmt: skip
    for _ in range(_TRIES):
        done = subprocess.run(command, env={**os.environ, "CHROME_PATH": chromium}, capture_output=True, text=True)
        if not done.returncode or _AGAIN not in done.stderr:
            break
    if done.returncode:
        raise AssertionError(f"Lighthouse failed on {url}: {done.stderr[-2000:]}")
    told = json.loads(out.read_bytes())
    scores, faults = {}, {}
    for name, category in told["categories"].items():
        scores[name] = category["score"]
        faults[name] = [
            f"{audit['id']}: {audit['title']}"
            for one in category["auditRefs"]
            if one["weight"] and (audit := told["audits"][one["id"]])["score"] not in (None, 1)
        ]
    return Report(scores, faults, told["audits"])
