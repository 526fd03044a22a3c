"""``radar run``: everything that a radar on live data needs, under one supervisor: store, site, jobs and, where its
terms are accepted, the stream.

With a ``REDIS_URL`` no store is started. On a platform that starts processes itself, use the
Procfile instead.
"""

from __future__ import annotations

from jobs.claims import check_port, check_sources, folder_lock, listens
from jobs.processes import address, forwarder, jobs_child, run_together, stream_child, web_child
from radar.settings import Settings


def run(settings: Settings) -> int:
    """Run until SIGINT or SIGTERM; then 0. Raises RadarError when it cannot start."""
    check_sources(settings)
    check_port(settings.host, settings.port)
    with folder_lock(settings.data_dir, "run"):
        forwarder(settings)("radar", f"the site will be at {address(settings)}")
        streams = [stream_child] if listens(settings) else []
        return run_together(settings, jobs_child, *streams, web_child)
