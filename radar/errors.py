"""Every error the project raises on purpose, named for what the caller does next.

::

    RadarError
    ├── SourceError                 something is wrong with one upstream; others go on
    │   ├── UpstreamUnavailable     no answer, or "try later": retry with backoff
    │   └── UpstreamChanged         an answer, but not the one agreed on: tell a person
    ├── SchemaError                 rows break the SIGNALS contract: a bug in the source, fix it
    ├── EntityError                 a name that is no entity: answer 404, or reject the row
    ├── StoreUnavailable            Redis cannot be asked: serve 503 and the stale banner, retry
    ├── ArchiveError                the archive on disk cannot be read or written: stop that job
    └── ConfigError                 a setting is wrong: stop at start and say which

A missing value is never an error here: a key that is absent means "no data".
"""

from __future__ import annotations


class RadarError(Exception):
    """Base of all errors raised on purpose. Catch it at the edge of a command or a request."""


class SourceError(RadarError):
    """Something is wrong with one upstream. Catch it where sources are looped over, so that the others go on."""

    def __init__(self, source: str, message: str) -> None:
        super().__init__(f"{source}: {message}")
        self.source = source


class UpstreamUnavailable(SourceError):
    """No answer, a time-out, a 5xx or a 429. Catch it to retry later."""


class UpstreamChanged(SourceError):
    """An answer that is not in the agreed form. Catch it to tell a person; retrying will not help."""


class SchemaError(RadarError):
    """Rows break the SIGNALS or SERIES contract. Names the column or row, and what was expected."""


class EntityError(RadarError, ValueError):
    """A text that names no entity. Catch it to answer 404 or to reject one row."""


class StoreUnavailable(RadarError):
    """Redis cannot be asked. Never the same as "no data": serve 503 and the stale banner; jobs retry."""


class ArchiveError(RadarError):
    """The archive cannot be read or written. Names the file and the operation."""


class ConfigError(RadarError):
    """A setting is wrong. Stop at start; the message names the setting, its value and what was expected."""
