"""What ``radar doctor`` says of the workers: who is alive, what waits, and which jobs go wrong."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Literal, cast

from jobs import folder
from radar.settings import Settings
from radar.shapes.jobs import Jobs
from radar.store import board

Told = tuple[Literal["ok", "note", "warning", "broken"], str, str]


def told(found: object, settings: Settings, now: datetime) -> Iterator[Told]:
    """Level, text and what to do, of each thing that is worth a line. ``found``: document ``jobs``; anything but an
    object is none, as a version before this one wrote a list."""
    if not isinstance(found, dict):
        yield "note", "no worker has reported yet", "`radar jobs` starts one"
        return
    jobs = cast(Jobs, found)
    alive = board.living(jobs["workers"], now)
    if not alive:
        yield "warning", f"no worker was heard of since {board.last_heard(jobs)}", "`radar jobs` starts one"
    else:
        silent = [row["name"] for row in jobs["workers"] if row not in alive]
        gone = f"; silent: {', '.join(silent)}" if silent else ""
        yield "ok", f"{len(alive)} alive: {', '.join(row['name'] for row in alive)}{gone}", ""
    yield from _archives({row["name"]: row["archive"] for row in alive}, settings)
    yield from _waiting(jobs, now)
    for one in board.judge(jobs["runs"], now):
        run = one.run
        if one.state == "failing":
            yield "warning", f"{run['name']} failed at {run['last_run']}: {run['error']}", ""
        elif one.state == "late" and alive:
            yield "warning", f"{run['name']} was due at {run['due']}; its last run began at {run['last_run']}", ""


def _archives(ids: dict[str, str], settings: Settings) -> Iterator[Told]:
    if len(set(ids.values())) > 1:
        text = "workers write to different archives: " + ", ".join(f"{name} to {id}" for name, id in ids.items())
        yield "broken", text, "give all workers of a store one shared folder: docs/deploy.md, Several workers"
    try:
        mine = folder.read(settings.data_dir)
    except OSError as error:
        yield "warning", f"{settings.data_dir / 'archive' / 'id'}: {error.strerror or error}", "give this user the file"
        return
    if mine is not None and ids and mine not in ids.values():
        yield ("warning", f"the archive below {settings.data_dir} is {mine}; the living workers write to another one",
               "set RADAR_DATA_DIR to the folder that they share")  # fmt: skip


def _waiting(jobs: Jobs, now: datetime) -> Iterator[Told]:
    queue, backlog = jobs["queue"], jobs["archive"]
    if queue is not None:
        text = f"{queue['waiting']} tasks wait, {queue['planned']} are planned"
        yield "ok", text + (f"; the oldest waits since {queue['oldest']}" if queue["oldest"] else ""), ""
    if backlog is None:
        yield "warning", f"what waits for the pipeline was not known at {jobs['at']}: its log says why", ""
    elif jobs["behind"] is not None:
        yield ("warning", f"the pipeline is behind: {backlog['files']} files of rows wait, the oldest since "
               f"{backlog['oldest']}; asked less often until then: {', '.join(jobs['slowed']) or 'none'}",
               "`/status` shows how long a tick takes; RADAR_BEHIND_S is the limit")  # fmt: skip
    else:
        text = f"{backlog['files']} files of rows wait for the pipeline"
        yield "ok", text + (f", the oldest since {backlog['oldest']}" if backlog["oldest"] else ""), ""
