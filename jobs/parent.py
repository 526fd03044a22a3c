"""The ``make`` that started us: noticing that it was told to stop.

At a terminal Ctrl-C reaches make and us alike. A signal that is sent to make alone does not: GNU make passes on SIGTERM
but waits in silence after SIGINT, and passes on nothing when it is killed. Then we would go on for ever, unseen.
"""

from __future__ import annotations

import os
import signal
from pathlib import Path


class Make:
    """The parent process, if it is make and this is Linux; else nothing is ever noticed."""

    def __init__(self) -> None:
        self._pid = os.getppid()
        self._watched = self._told("Name").endswith("make") and self._catches_interrupt()

    def gave_up(self) -> bool:
        """Was make interrupted, or is it gone?"""
        return self._watched and (os.getppid() != self._pid or not self._catches_interrupt())

    def _catches_interrupt(self) -> bool:
        # make puts the handler back to the default as the first thing it does about a signal.
        caught = self._told("SigCgt")
        return bool(caught) and bool(int(caught, 16) >> (signal.SIGINT - 1) & 1)

    def _told(self, field: str) -> str:
        try:
            lines = Path(f"/proc/{self._pid}/status").read_text(encoding="ascii", errors="replace").splitlines()
        except OSError:
            return ""
        return next((line.partition(":")[2].strip() for line in lines if line.startswith(f"{field}:")), "")
