"""Which archive this is: a file ``archive/id`` beside the data.

The archive is the queue between collecting and the pipeline. Workers of one store must therefore see one and the same
archive: what one of them writes into another folder, the pipeline of the others never takes in.
"""

from __future__ import annotations

import os
import secrets
import tempfile
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from radar.errors import ArchiveError
from radar.shapes.jobs import WorkerRow


def identity(data_dir: Path) -> str:
    """The id of the archive below this folder, made where there is none yet. Raises ArchiveError."""
    path = data_dir / "archive" / "id"
    try:
        known = read(data_dir)
        if known:
            return known
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, draft = tempfile.mkstemp(dir=path.parent, prefix="id.")
        try:
            with os.fdopen(handle, "w") as out:
                out.write(secrets.token_hex(8) + "\n")
                out.flush()
                os.fsync(out.fileno())
            with suppress(FileExistsError):
                os.link(draft, path)  # whoever is first; one that is there is never replaced
        finally:
            Path(draft).unlink(missing_ok=True)
        return read(data_dir) or _empty(path)
    except OSError as error:
        raise ArchiveError(f"{path}: cannot be written ({error.strerror or error})") from error


def read(data_dir: Path) -> str | None:
    """The id of the archive below this folder; None where there is none. Raises OSError."""
    try:
        return (data_dir / "archive" / "id").read_text(encoding="ascii", errors="replace").strip() or None
    except FileNotFoundError:
        return None


def first_other(mine: WorkerRow, living: Iterable[WorkerRow]) -> WorkerRow | None:
    """The living worker that was here before this one and has another archive; None: this one may work."""
    others = [
        row
        for row in living
        if row["archive"] != mine["archive"]
        and not row["waits"]
        and (row["started"], row["name"]) < (mine["started"], mine["name"])
    ]
    return min(others, key=lambda row: (row["started"], row["name"]), default=None)


def _empty(path: Path) -> str:
    raise ArchiveError(f"{path} is empty; expected the id of this archive: delete the file, and it is made anew")
