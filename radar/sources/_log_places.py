"""Where log files lie: folders, globs, files, and addresses of object stores and web servers.

Places stand between spaces. Credentials and addresses of object stores come from the environment, as their vendors name
them; no message holds one.
"""

from __future__ import annotations

import glob
import tempfile
from collections.abc import Iterable, Iterator
from datetime import timedelta
from fnmatch import fnmatchcase
from hashlib import blake2b
from pathlib import Path
from typing import IO, Any, cast
from urllib.parse import urlsplit

from radar.errors import UpstreamUnavailable
from radar.sources._rejections import without_addresses

#: A store that does not answer is given up after so much.
_RETRY: Any = {"max_retries": 3, "retry_timeout": timedelta(seconds=60)}
#: Without credentials the library asks the machine's own metadata service for some.
_ASKS_FOR_KEYS = ("/latest/api/token", "/latest/meta-data", "/metadata/identity", "/computeMetadata/")


def digest(data: bytes) -> str:
    return blake2b(data, digest_size=16).hexdigest()


class LogFile:
    """A file or object that can be opened."""

    def __init__(self, key: str, name: str, size: int, changed_ns: int, opener: Any) -> None:
        # a file may be named after a client, and names are told in errors and kept in the state
        self.key, self.name = key, without_addresses(name)
        self.size, self.changed_ns, self._open = size, changed_ns, opener

    def open(self) -> IO[bytes]:
        """Open it for reading. Raises OSError."""
        return cast(IO[bytes], self._open())


def find(source: str, places: str) -> list[LogFile]:
    """The files of all places, each once, by name. Raises UpstreamUnavailable when there is none."""
    found: dict[str, LogFile] = {}
    for place in places.split():
        for file in _objects(source, place) if "://" in place else _local(place):
            found.setdefault(file.key, file)
    if not found:
        raise UpstreamUnavailable(
            source, "no log file at the places of its setting; expected folders, globs or addresses"
        )
    return sorted(found.values(), key=lambda file: (file.changed_ns, file.name))


def _local(place: str) -> Iterator[LogFile]:
    paths = Path(place).rglob("*") if Path(place).is_dir() else map(Path, glob.glob(place, recursive=True))
    for path in sorted(paths):
        try:
            stat = path.stat()
            if path.is_file() and not path.name.startswith("."):
                key = f"{stat.st_dev}:{stat.st_ino}"
                yield LogFile(key, path.name, stat.st_size, stat.st_mtime_ns, lambda path=path: path.open("rb"))
        except FileNotFoundError:
            continue  # rotated away this moment; it is found under its new name


def _objects(source: str, place: str) -> Iterator[LogFile]:
    import obstore
    from obstore.store import from_url

    url = urlsplit(place)
    web = url.scheme in ("http", "https")
    inner = url.path.strip("/")
    fixed = inner.split("*")[0].rpartition("/")[0] if "*" in inner else inner
    # what else concerns an object store, such as an address of one's own (AWS_ENDPOINT, AWS_ALLOW_HTTP), the library
    # takes from the environment, but only where it is given no options of the connection
    options: Any = {"client_options": {"allow_http": url.scheme == "http", "timeout": "60s"}} if web else {}
    try:
        store: Any = from_url(f"{url.scheme}://{url.netloc}", retry_config=_RETRY, **options)
        if web:
            listed: Iterable[Any] = [obstore.head(store, inner)]
        else:
            listed = [item for part in obstore.list(store, fixed or None) for item in part]
            if not listed and inner and "*" not in inner:
                listed = [obstore.head(store, inner)]
    except Exception as error:
        raise UpstreamUnavailable(source, f"{url.scheme}://{url.hostname} cannot be asked: {_why(error)}") from None
    for item in listed:
        path = item["path"]
        if "*" in inner and not fnmatchcase(path, inner):
            continue
        changed = int(item["last_modified"].timestamp() * 1e9)
        key = digest(f"{url.scheme}://{url.netloc}/{path}".encode())
        yield LogFile(key, path.rpartition("/")[2], item["size"], changed,
                      lambda path=path: (_copy(obstore.get(store, path)) if web
                                           else _Object(obstore.open_reader(store, path))))  # fmt: skip


def _why(error: Exception) -> str:
    """What an error of the library means; its own words may hold addresses with credentials."""
    kind = type(error).__name__
    if isinstance(error, FileNotFoundError) or "<Code>NoSuchBucket</Code>" in str(error):
        return "it is not there"
    if kind == "GenericError" and any(mark in str(error) for mark in _ASKS_FOR_KEYS):
        return "no credentials; expected those of the store's vendor in the environment (AWS_ACCESS_KEY_ID ...)"
    return {
        "UnauthenticatedError": "the credentials are not accepted",
        "PermissionDeniedError": "the credentials do not allow it",
    }.get(kind, kind)


def _copy(answer: Any) -> Any:
    """The whole of an answer as a file on disk: many servers of files know no ranges."""
    copy = tempfile.TemporaryFile()  # noqa: SIM115  # whoever opened it closes it
    try:
        for part in answer.stream():
            copy.write(bytes(part))
    except Exception as error:
        copy.close()
        raise OSError(f"the answer broke off ({type(error).__name__})") from None
    copy.seek(0)
    return copy


class _Object:
    """An object as a file: ``read`` gives bytes, failures are OSError."""

    def __init__(self, reader: Any) -> None:
        self._reader = reader

    def __enter__(self) -> _Object:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def read(self, size: int = -1) -> bytes:
        """As a file's."""
        try:
            return bytes(self._reader.read(size if size >= 0 else None))
        except Exception as error:
            raise OSError(f"the object cannot be read ({type(error).__name__})") from None

    def seek(self, at: int) -> None:
        """As a file's, from the beginning."""
        self._reader.seek(at)
