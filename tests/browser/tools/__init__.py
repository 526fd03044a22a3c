"""Programs from npm that look at the pages: axe (accessibility) and Lighthouse (what a browser can tell of a page).

They are installed from the lock beside this file when a test first asks for them; ``node_modules`` is not kept in git.
"""

from __future__ import annotations

import fcntl
import shutil
import subprocess
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent
_MODULES = FOLDER / "node_modules"


#: Asks axe for all that WCAG 2.2 AA asks for: the size of targets is not among the rules that it runs by itself.
RUN_AXE = "axe.run(document, {resultTypes: ['violations'], rules: {'target-size': {enabled: true}}})"


def installed() -> Path:
    """The folder of the installed packages. Skips the test where there is no npm to install them."""
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("axe and Lighthouse come from npm, which is not installed here")
    lock = FOLDER / "package-lock.json"
    marker = _MODULES / ".package-lock.json"
    with (FOLDER / "package.json").open() as file:  # several runs may want them at once
        fcntl.flock(file, fcntl.LOCK_EX)
        if not marker.is_file() or marker.stat().st_mtime < lock.stat().st_mtime:
            done = subprocess.run(
                [npm, "ci", "--no-audit", "--no-fund", "--ignore-scripts"], cwd=FOLDER, capture_output=True, text=True
            )
            assert done.returncode == 0, done.stderr
            marker.touch()
    return _MODULES
