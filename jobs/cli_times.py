"""Times on the command line, read in one way by all commands."""

from __future__ import annotations

import argparse
from datetime import datetime


def moment(text: str) -> datetime:
    """A time with a zone; the parser tells the error."""
    from radar.times import parse

    try:
        return parse(text)
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no time with a zone; expected e.g. 2026-01-08T18:00:00Z"
        ) from None
