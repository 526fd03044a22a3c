"""gunicorn's configuration file: our log form in its processes, and the table of places that the site reads, which a
process beside it makes. The rest is on its command line (``jobs.web``)."""

from __future__ import annotations

import subprocess as _subprocess
import sys as _sys

# Every public name in here is read as a setting of gunicorn.
from jobs import logs as _logs
from radar.settings import load as _load

_settings = _load()
_logs.configure(_settings, process="web")

logconfig_dict = _logs.config(_settings, process="web")
accesslog = None


_beside: list[_subprocess.Popen[bytes]] = []


def when_ready(_server: object) -> None:
    """The site answers: the table of places is made beside. gunicorn waits for no such child, and reaps it."""
    _beside.append(_subprocess.Popen([_sys.executable, "-m", "jobs.places"]))


def on_exit(_server: object) -> None:
    """The site ends, and nothing goes on without it."""
    for child in _beside:
        child.terminate()
