"""``python -m jobs.places``: writes the table by which the site tells a reader's network, then ends.

The site asks for it when it starts (``jobs.web_logs``), as it must not load what the table is made of. Another process
does it, so that the memory it takes is given back.
"""

from __future__ import annotations

import os
import sys

import structlog

from jobs import logs
from radar.errors import RadarError
from radar.settings import load
from radar.sources import _beacon_table, _geo

log = structlog.get_logger(__name__)

#: The site is served first.
NICE = 10


def main() -> int:
    """Write the table, unless it is there already; 1 when it cannot be written or the ranges cannot be read."""
    settings = load()
    logs.configure(settings, process="places")
    os.nice(NICE)
    try:
        written = _beacon_table.keep(settings.data_dir / "beacon", _geo.index())
    except (OSError, RadarError) as error:
        log.warning("no table of addresses was written", error=str(error))
        return 1
    log.debug("table of addresses", written=written)
    return 0


if __name__ == "__main__":
    sys.exit(main())
