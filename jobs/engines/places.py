"""Where rows lie and bins go: folders, files and globs of a file system, or addresses of an object store.

Addresses (``s3://bucket/logs/``, ``gs:``, ``az:``, ``file:``) are listed and written through ``obstore``, and read by
Polars. Credentials come from the environment, as their vendors name them; no message holds one. A file appears whole or
not at all.
"""

from __future__ import annotations

import glob
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from fnmatch import fnmatchcase
from hashlib import blake2b
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from radar.errors import ArchiveError, ConfigError

#: So much of a file's end tells one from another of the same name and size: the footer of a Parquet file is in it.
_TAIL = 1 << 16


def find(given: Sequence[str], *, every: bool = False) -> list[str]:
    """Files of all places, each once, sorted: of folders the Parquet files, or ``every`` one whose name does not begin
    with a dot or an underscore. Raises ConfigError for a place without any."""
    found: set[str] = set()
    for place in given:
        here = set(_listed(place, every) if "://" in place else _local(place, every))
        if not here:
            what = "file" if every else "Parquet file"
            raise ConfigError(f"{place}: no {what}; expected a file, a folder, a glob or an address with some")
        found |= here
    return sorted(found)


def _local(place: str, every: bool) -> Iterator[str]:
    path = Path(place)
    if path.is_dir():
        names = (name for name in path.rglob("*") if _wanted(str(name.relative_to(path)), every))
    else:
        names = (Path(name) for name in ([place] if path.is_file() else glob.glob(place, recursive=True)))
        names = (name for name in names if not name.name.startswith("."))
    yield from (str(name.absolute()) for name in names if name.is_file())


def _wanted(name: str, every: bool) -> bool:
    """Is a file of a folder one of those that are meant?"""
    hidden = any(part.startswith((".", "_")) for part in name.split("/"))
    return not hidden if every else name.endswith(".parquet") and not name.rpartition("/")[2].startswith(".")


def _listed(place: str, every: bool) -> Iterator[str]:
    import obstore

    store, inner = _store(place)
    fixed = inner.split("*")[0].rpartition("/")[0] if "*" in inner else inner
    try:
        paths = [item["path"] for part in obstore.list(store, fixed or None) for item in part]
        if not paths and inner and "*" not in inner:
            paths = [obstore.head(store, inner)["path"]]
    except FileNotFoundError:
        return
    except Exception as error:  # the library's messages may hold addresses with credentials
        raise ConfigError(f"{_plain(place)} cannot be listed ({type(error).__name__})") from None
    for path in paths:
        meant = fnmatchcase(path, inner) if "*" in inner else path == inner or _wanted(path[len(fixed) :], every)
        if meant:
            yield f"{_root(place)}/{path}"


def tail(file: str) -> tuple[str, bytes]:
    """What a file is known by (its name, its size and a digest of its end), and its last bytes. Raises ArchiveError."""
    if "://" in file:
        import obstore

        store, inner = _store(file)
        try:
            size = obstore.head(store, inner)["size"]
            end = bytes(obstore.get_range(store, inner, start=max(0, size - _TAIL), end=size)) if size else b""
        except Exception as error:
            raise ArchiveError(f"{_plain(file)} cannot be read ({type(error).__name__})") from None
    else:
        try:
            with open(file, "rb") as opened:
                size = os.fstat(opened.fileno()).st_size
                opened.seek(max(0, size - _TAIL))
                end = opened.read()
        except OSError as error:
            raise ArchiveError(f"{file} cannot be read: {error.strerror}") from error
    return blake2b(f"{file}\0{size}\0".encode() + end, digest_size=12).hexdigest(), end


def read(folder: str, name: str) -> bytes | None:
    """A file's bytes; None when there is none. Raises ArchiveError."""
    if "://" in folder:
        import obstore

        store, inner = _store(folder)
        try:
            return bytes(obstore.get(store, _joined(inner, name)).bytes())
        except FileNotFoundError:
            return None
        except Exception as error:
            raise ArchiveError(f"{_plain(folder)}: {name} cannot be read ({type(error).__name__})") from None
    try:
        return Path(folder, name).read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ArchiveError(f"{folder}: {name} cannot be read: {error.strerror}") from error


def here(folder: str, name: str, bench: Path) -> Path | None:
    """A file as one of this machine: itself, or a copy in ``bench``; None when there is none. Raises ArchiveError."""
    if "://" not in folder:
        path = Path(folder, name)
        return path if path.is_file() else None
    import obstore

    store, inner = _store(folder)
    copy = bench / name.replace("/", "_")
    try:
        with copy.open("wb") as opened:
            for part in obstore.get(store, _joined(inner, name)).stream():
                opened.write(bytes(part))
    except FileNotFoundError:
        return None
    except Exception as error:
        raise ArchiveError(f"{_plain(folder)}: {name} cannot be read ({type(error).__name__})") from None
    return copy


@contextmanager
def bench(folder: str, name: str) -> Iterator[Path]:
    """A folder of this machine for what is in work, below ``folder`` where that is here; it is gone afterwards."""
    inside = None
    if "://" not in folder:
        inside = Path(folder, name)
        inside.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="bench-", dir=inside, ignore_cleanup_errors=True) as made:
        yield Path(made)


def write(folder: str, name: str, data: bytes) -> None:
    """Put a file there, whole or not at all; one of that name is replaced. Raises ArchiveError."""
    if "://" in folder:
        _put(folder, name, data)
        return
    path = Path(folder, name)
    spare = path.with_name(f".{path.name}.{os.getpid()}.{os.urandom(4).hex()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        spare.write_bytes(data)
        spare.replace(path)
    except OSError as error:
        spare.unlink(missing_ok=True)
        raise ArchiveError(f"{folder}: {name} cannot be written: {error.strerror}") from error


def move(made: Path, folder: str, name: str) -> None:
    """Put a file of a bench of that folder there, whole or not at all. Raises ArchiveError."""
    if "://" in folder:
        _put(folder, name, made)
        return
    try:
        made.replace(Path(folder, name))
    except OSError as error:
        raise ArchiveError(f"{folder}: {name} cannot be written: {error.strerror}") from error


def _put(folder: str, name: str, what: bytes | Path) -> None:
    import obstore

    store, inner = _store(folder)
    try:
        obstore.put(store, _joined(inner, name), what)
    except Exception as error:
        raise ArchiveError(f"{_plain(folder)}: {name} cannot be written ({type(error).__name__})") from None


def clear(folder: str, prefix: str) -> None:
    """Take away the files and folders of ``folder`` whose names begin so. Raises ArchiveError."""
    if "://" in folder:
        import obstore

        store, inner = _store(folder)
        try:
            listed = [item["path"] for part in obstore.list(store, inner or None) for item in part]
            for path in listed:
                if path.startswith(_joined(inner, prefix)):
                    obstore.delete(store, path)
        except Exception as error:
            raise ArchiveError(f"{_plain(folder)} cannot be cleared ({type(error).__name__})") from None
        return
    for old in Path(folder).glob(f"{prefix}*"):
        if old.is_dir():
            shutil.rmtree(old, ignore_errors=True)  # what stays is cleared by the next run
        else:
            old.unlink(missing_ok=True)


def _store(place: str) -> tuple[Any, str]:
    from obstore.store import from_url

    try:
        store: Any = from_url(_root(place))
    except Exception as error:
        raise ConfigError(f"{_plain(place)} is no address of an object store ({type(error).__name__})") from None
    return store, urlsplit(place).path.strip("/")


def _root(place: str) -> str:
    url = urlsplit(place)
    return f"{url.scheme}://{url.netloc}"


def _plain(place: str) -> str:
    url = urlsplit(place)
    return f"{url.scheme}://{url.hostname or ''}{url.path}"


def _joined(inner: str, name: str) -> str:
    return f"{inner}/{name}" if inner else name
