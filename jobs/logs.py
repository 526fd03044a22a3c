"""Structured logs: one event per line, for people (console) or for machines (json).

Our own events come from structlog; those of gunicorn, huey and other libraries come from the standard library. Both
leave through one handler, so that one process never writes two forms. Logs go to standard error: standard output is
for results.
"""

from __future__ import annotations

import logging
import sys
from logging.config import dictConfig
from typing import Any

import structlog
from redis.exceptions import RedisError
from structlog.typing import EventDict, Processor

from radar.errors import RadarError
from radar.settings import Settings


def _name(_logger: Any, _method: str, event: EventDict) -> EventDict:
    if event.get("logger") == "gunicorn.error":  # its name for everything that is no access log
        event["logger"] = "gunicorn"
    return event


#: What every event gets, wherever it came from.
_SHARED: list[Processor] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
    _name,
]


def formatter(log_format: str, process: str = "") -> logging.Formatter:
    """The formatter of one handler; ``log_format`` is "console" or "json". JSON names the process in each event; for
    people the supervisor puts it before the line."""
    last: list[Processor]
    if log_format == "json":

        def add_process(_logger: Any, _method: str, event: EventDict) -> EventDict:
            return {**event, "process": process}

        last = [
            add_process,
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ]
    else:
        # Tracebacks as the interpreter writes them: the default ones print local variables, which may hold secrets.
        last = [
            structlog.dev.ConsoleRenderer(
                colors=sys.stderr.isatty(),
                timestamp_key="time",
                pad_event_to=0,
                pad_level=False,
                exception_formatter=structlog.dev.plain_traceback,
            )
        ]
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=_SHARED, processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last]
    )


class OneLine(logging.Filter):
    """Libraries tell a failure that we expect with its traceback, where one line is enough. Bugs keep theirs."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Shorten the record. Dropped is only huey's report, several times a second, that the store is away: the
        worker's standby says so once."""
        error = record.exc_info[1] if record.exc_info else None
        if record.name.startswith("huey.consumer") and isinstance(error, RedisError):
            return False
        if isinstance(error, RadarError | OSError | RedisError):
            record.msg = f"{record.getMessage()} ({type(error).__name__}: {error})"
            record.args, record.exc_info, record.exc_text = None, None, None
        return True


def config(settings: Settings, *, process: str = "") -> dict[str, Any]:
    """The same as a dictionary for ``logging.config``, which is what gunicorn takes."""
    level = settings.log_level.upper()
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "radar": {"()": "jobs.logs.formatter", "log_format": settings.log_format, "process": process},
        },
        "filters": {"one_line": {"()": "jobs.logs.OneLine"}},
        "handlers": {
            "stderr": {
                "class": "logging.StreamHandler",
                "stream": "ext://sys.stderr",
                "formatter": "radar",
                "filters": ["one_line"],
            },
        },
        "root": {"level": level, "handlers": ["stderr"]},
        "loggers": {
            "gunicorn.error": {"level": level, "handlers": [], "propagate": True},
            "httpx": {"level": "WARNING"},  # says each request at info; collect says it once per source
            "httpcore": {"level": "WARNING"},
            "huey": {"level": "WARNING"},  # says each task at info; the jobs say what they did themselves
        },
    }


def configure(settings: Settings, *, process: str = "") -> None:
    """Send all logs of this process to standard error."""
    dictConfig(config(settings, process=process))
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *_SHARED,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
