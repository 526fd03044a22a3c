"""What is checked before anything starts, so that a radar that cannot run says in one line why it does not.

What one radar has for itself: the port it listens on, and the folder it writes to. And the names of its sources.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import pkgutil
import socket
from collections.abc import Iterator
from pathlib import Path

from radar import sources
from radar.errors import ConfigError, RadarError
from radar.settings import Settings


def check_port(host: str, port: int) -> None:
    """Raise RadarError, in words, when the site could not listen there."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                raise RadarError(
                    f"port {port} is in use; choose another one, such as PORT={port % 65535 + 1}"
                ) from None
            raise RadarError(f"cannot listen on {host} port {port}: {error.strerror or error}") from None


@contextlib.contextmanager
def folder_lock(data_dir: Path, name: str) -> Iterator[None]:
    """Hold the folder for one supervisor; raises RadarError when another one has it. Ends with the process."""
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
        file = (data_dir / f"{name}.lock").open("a+")
    except OSError as error:
        raise RadarError(f"the data folder {data_dir} cannot be written: {error.strerror or error}") from None
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise RadarError(
                f"another `radar {name}` uses {data_dir}; stop it, or choose another folder with RADAR_DATA_DIR"
            ) from None
        yield


def check_sources(settings: Settings) -> None:
    """Raise ConfigError when the settings name a source that there is not: it would silently not be collected.

    Only names are looked at: a process that starts others must not load what the sources load.
    """
    names = sorted(info.name for info in pkgutil.iter_modules(sources.__path__) if not info.name.startswith("_"))
    for variable, given in (("RADAR_SOURCES", settings.sources), ("RADAR_ACCEPT_TERMS", settings.accept_terms)):
        unknown = sorted(set(given) - {"all", *names})
        if unknown:
            raise ConfigError(f"{variable} names {', '.join(unknown)}; expected 'all' or some of {', '.join(names)}")


#: Sources that are listened to by a process of their own (``radar stream``).
STREAMS = ("ris_live",)


def listens(settings: Settings) -> bool:
    """Whether these settings listen to a stream: it is wanted, and its terms are accepted."""

    def named(names: tuple[str, ...], name: str) -> bool:
        return "all" in names or name in names

    return any(named(settings.sources, name) and named(settings.accept_terms, name) for name in STREAMS)
