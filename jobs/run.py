"""``radar run``: everything that a radar on live data needs, under one supervisor: store, site and jobs.

With a ``REDIS_URL`` nothing but the site and the jobs is started. On a platform that starts processes itself, use the
Procfile instead.
"""

from __future__ import annotations

from jobs.claims import check_port, folder_lock
from jobs.processes import Store, address, forwarder, jobs_child, web_child
from jobs.supervisor import Supervisor
from radar.settings import Settings


def run(settings: Settings) -> int:
    """Run until SIGINT or SIGTERM; then 0. Raises RadarError when it cannot start."""
    check_port(settings.host, settings.port)
    log = forwarder(settings)
    with folder_lock(settings.data_dir, "run"):
        supervisor = Supervisor(log)
        with supervisor.signals():
            store = Store(settings, log)
            try:
                supervisor.start(jobs_child(store.settings))
                supervisor.start(web_child(store.settings))
                log("radar", f"the site is at {address(settings)}")
                supervisor.run(store.watch)
            finally:
                supervisor.stop()
                store.stop()
                log("radar", "stopped")
    return 0
