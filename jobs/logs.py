"""Structured logs: one event per line, for people (console) or for machines (json).

Our own events come from structlog; those of gunicorn, huey and other libraries come from the standard library. Both
leave through one handler, so that one process never writes two forms. Logs go to standard error: standard output is
for results.
"""

from __future__ import annotations

import logging
import sys
from typing import Any

import structlog
from structlog.typing import Processor

from radar.settings import Settings

#: What every event gets, wherever it came from.
_SHARED: list[Processor] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
]


def formatter(log_format: str) -> logging.Formatter:
    """The formatter of one handler; ``log_format`` is "console" or "json"."""
    last: list[Processor]
    if log_format == "json":
        last = [
            structlog.processors.format_exc_info,
            structlog.processors.EventRenamer("event"),
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


def config(settings: Settings) -> dict[str, Any]:
    """The same as a dictionary for ``logging.config``, which is what gunicorn takes."""
    level = settings.log_level.upper()
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"radar": {"()": "jobs.logs.formatter", "log_format": settings.log_format}},
        "handlers": {
            "stderr": {"class": "logging.StreamHandler", "stream": "ext://sys.stderr", "formatter": "radar"},
        },
        "root": {"level": level, "handlers": ["stderr"]},
        "loggers": {
            "gunicorn.error": {"level": level, "handlers": [], "propagate": True},
            "httpx": {"level": "WARNING"},  # says each request at info; collect says it once per source
            "httpcore": {"level": "WARNING"},
        },
    }


def configure(settings: Settings, **bound: str) -> None:
    """Send all logs of this process to standard error; ``bound`` is said with each event, such as ``process="web"``."""
    from logging.config import dictConfig

    dictConfig(config(settings))
    structlog.contextvars.clear_contextvars()
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
    structlog.contextvars.bind_contextvars(**bound)
