"""The archive's folder: a lock, whole files or none, and a place for what is broken."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from radar.errors import ArchiveError


class Disk:
    """The folder ``archive``. Several processes and threads may use it at once."""

    def __init__(self, root: Path) -> None:
        """Create what is missing, and remove what a process that died left half written. Raises ArchiveError."""
        self.root = root
        try:
            for kind in ("raw", "signals", "tmp"):
                (root / kind).mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ArchiveError(f"{root} cannot be used: {why(error)}") from error
        with self.locked(wait=False) as alone:
            if alone:  # otherwise someone is writing, and what lies there is no orphan
                for orphan in listed(root / "tmp"):
                    orphan.unlink(missing_ok=True)

    @contextmanager
    def locked(self, name: str = "lock", *, wait: bool = True) -> Iterator[bool]:
        """Hold a lock of the archive, by default that of all who write; yields False when it is taken and ``wait`` is
        False."""
        path = self.root / name
        try:
            handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise ArchiveError(f"{path} cannot be opened: {why(error)}") from error
        try:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
            except BlockingIOError:
                yield False
            else:
                yield True
        finally:
            os.close(handle)

    def write(self, path: Path, data: bytes) -> None:
        """Put a whole file in its place. The lock is held, so the temporary name is ours alone."""
        temporary = self.root / "tmp" / path.name
        try:
            new_folders = [folder for folder in (path.parent, path.parent.parent) if not folder.exists()]
            path.parent.mkdir(parents=True, exist_ok=True)
            for folder in new_folders:
                sync(folder.parent)
            try:
                with temporary.open("wb") as out:
                    out.write(data)
                    out.flush()
                    os.fsync(out.fileno())
                temporary.rename(path)
            except BaseException:
                temporary.unlink(missing_ok=True)
                raise
            sync(path.parent)
        except OSError as error:
            raise ArchiveError(f"{path} cannot be written: {why(error)}") from error

    def quarantine(self, path: Path) -> Path:
        """Move a broken file away and return where it is now. Raises ArchiveError."""
        moved = self.root / "quarantine" / path.relative_to(self.root)
        try:
            moved.parent.mkdir(parents=True, exist_ok=True)
            path.replace(moved)
        except OSError as error:
            raise ArchiveError(f"{path} is broken and cannot be moved away: {why(error)}") from error
        return moved


def listed(folder: Path) -> list[Path]:
    """What lies in a folder; nothing when it is not there."""
    return [folder / name for name in names(folder)]


def names(folder: Path) -> list[str]:
    """Names of what lies in a folder; nothing when it is not there. Raises ArchiveError."""
    try:
        return os.listdir(folder)
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise ArchiveError(f"{folder} cannot be listed: {why(error)}") from error


def sync(folder: Path) -> None:
    """What was renamed in this folder stays so, whatever happens to the machine."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def why(error: OSError) -> str:
    """The system's words for an error."""
    return error.strerror or str(error)
