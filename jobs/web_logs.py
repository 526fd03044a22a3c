"""gunicorn's configuration file: our log form in its processes. The rest is on its command line (``jobs.web``)."""

from __future__ import annotations

# Every public name in here is read as a setting of gunicorn.
from jobs import logs as _logs
from radar.settings import load as _load

_settings = _load()
_logs.configure(_settings, process="web")

logconfig_dict = _logs.config(_settings, process="web")
accesslog = None
