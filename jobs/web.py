"""``radar web``: the site under gunicorn.

No preload: a process that used Polars must not fork, and a worker that starts alone can be replaced alone.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from radar.settings import Settings, child_environment

#: Seconds that a request may still take after the site was told to stop.
GRACE_S = 2

#: For glibc: threads that wait for one another anyway share one heap, and what is freed goes back to the system. Two
#: workers take 70 MB less with it, the demo's rehearsal 55 MB (docs/performance.md).
MEMORY = {"MALLOC_ARENA_MAX": "1", "MALLOC_TRIM_THRESHOLD_": "262144"}


def command(settings: Settings) -> list[str]:
    """The command line of gunicorn for these settings."""
    line = [
        sys.executable, "-m", "gunicorn", "radar.web:server",
        "--config", "python:jobs.web_logs",
        "--bind", f"{_bracketed(settings.host)}:{settings.port}",
        "--worker-class", "gthread",
        "--workers", str(settings.web_workers),
        "--threads", str(settings.web_threads),
        "--graceful-timeout", str(GRACE_S),
        "--timeout", "30",
        "--no-control-socket",
    ]  # fmt: skip
    shared_memory = Path("/dev/shm")
    if shared_memory.is_dir() and os.access(shared_memory, os.W_OK):
        # The heartbeat file: on a slow disk its updates stall, and gunicorn then kills healthy workers.
        line += ["--worker-tmp-dir", str(shared_memory)]
    return line


def environment(settings: Settings) -> dict[str, str]:
    """The environment of the site's processes; what is set already stays."""
    return MEMORY | child_environment(settings)


def run(settings: Settings) -> int:
    """Serve until SIGINT or SIGTERM. With ``REDIS_URL`` this process becomes gunicorn and the call does not return;
    else the embedded store of the data folder is started beside it, or used where it runs already."""
    from jobs.claims import check_port

    check_port(settings.host, settings.port)
    if settings.redis_url:
        line = command(settings)
        os.execve(line[0], line, environment(settings))
    from jobs.processes import run_together, web_child

    return run_together(settings, web_child)


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host
