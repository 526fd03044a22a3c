"""``radar demo``: the whole radar on a simulated world, with one command and nothing else.

Starts the embedded store, the site and the rehearsal (``jobs.rehearse``: loads recorded and simulated history, then
plays the simulated hours through the real jobs on a fast clock), says how far it is, gives the address as soon as the
page can be used, and ends all of it on Ctrl-C. Everything lies in ``<data folder>/demo``, which is made anew each time,
but for what people said of its outages: they are the same each time.

The rehearsal writes one JSON object per line to standard output:

=========== ==================================================================================
``event``   other fields
=========== ==================================================================================
``loading`` ``done`` 0..1, ``text`` what it is doing
``loaded``  ``now`` the data's clock: history is published, pages can be read
``playing`` ``done`` 0..1, ``now``, ``open`` number of open outages
``outage``  ``now``, ``id``, ``entity``, ``headline``: an outage was published for the first time
``ended``   ``now``: all hours were played; the process then ends with exit code 0
=========== ==================================================================================

Other events are measurements for benchmarks and not shown.
"""

from __future__ import annotations

import json
import shutil
import time
import webbrowser
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from jobs.claims import check_port, folder_lock
from jobs.parent import Make
from jobs.processes import Store, address, answers, log_file, module, web_child
from jobs.progress import Screen, screen
from jobs.supervisor import Child, Supervisor
from jobs.web import MEMORY
from radar.errors import RadarError
from radar.labels import _
from radar.settings import Settings, child_environment, has_display, load
from radar.store.journal import FOLDER as JOURNALS

#: Data seconds per second: the fourteen hours of the play take seven minutes.
SPEED = 120.0

#: For the allocator of Polars: what is freed goes back to the system after a tenth of a second and not in ten. The hour
#: that is merged takes 45 MB less with it, and a tick a few hundredths of a second more.
POLARS_MEMORY = {"_RJEM_MALLOC_CONF": "dirty_decay_ms:100,muzzy_decay_ms:0"}


class Demo:
    """What the demo knows about its processes, and what it says about them."""

    def __init__(self, settings: Settings, view: Screen, *, browser: bool) -> None:
        self._settings = settings
        self._screen = view
        self._browser = browser
        self._began = time.monotonic()
        self._loaded = False
        self._usable = False
        self._first: Mapping[str, Any] | None = None
        self._asked_at = 0.0

    def hear(self, line: str) -> None:
        """One line of the rehearsal. What is no JSON object of ours is a log line like any other."""
        try:
            event = json.loads(line)
            kind = event["event"]
        except (ValueError, TypeError, KeyError):
            self._screen.log("rehearsal", line)
            return
        if kind == "loading":
            self._screen.progress(float(event["done"]), str(event["text"]))
        elif kind == "loaded":
            self._loaded = True
            self._screen.progress(1.0, _("History is loaded"))
        elif kind == "playing":
            text = _("{clock} on the demo's clock, {open} open").format(clock=event["now"], open=event["open"])
            self._screen.progress(float(event["done"]), text, phase="play")
        elif kind == "outage" and self._first is None:
            self._first = event
            if self._usable:
                self._say_first(event)
        elif kind == "ended":
            self._screen.close()
            self._screen.say(_("The play has ended at {clock}.").format(clock=event["now"]))
            self._screen.say(_("The site goes on: {url}  Ctrl-C ends it.").format(url=address(self._settings)))

    def look(self) -> None:
        """Called a few times a second: is the page usable by now?"""
        if self._usable or not self._loaded or time.monotonic() < self._asked_at + 0.2:
            return
        self._asked_at = time.monotonic()
        if not answers(self._settings):
            return
        self._usable = True
        url = address(self._settings)
        self._screen.say("")
        self._screen.say(_("The radar is open: {url}").format(url=url), strong=True)
        seconds = time.monotonic() - self._began
        self._screen.say(_("Ready after {seconds:.0f} s.").format(seconds=seconds))
        self._screen.say(_("The map and its outages are simulated and say so; recorded sets are real and keep their "
                           "own dates."))  # fmt: skip
        self._screen.say(_("Look at the map first: in a moment a country turns red. Click it to see since when, how "
                           "deep, and which independent sources agree."))  # fmt: skip
        self._screen.say(_("Then: {url}outages (all of them) and {url}sources (where the numbers come from).").format(
            url=url))  # fmt: skip
        self._screen.say(_("Ctrl-C ends it."))
        self._screen.say("")
        if self._browser:
            webbrowser.open(url)
        if self._first is not None:
            self._say_first(self._first)

    def _say_first(self, event: Mapping[str, Any]) -> None:
        url = f"{address(self._settings)}outage/{event['id']}"
        seconds = time.monotonic() - self._began
        self._screen.say(_("First outage: {headline}").format(headline=event["headline"]), strong=True)
        self._screen.say(_("See {url} ({seconds:.0f} s after the start)").format(url=url, seconds=seconds))


def run(settings: Settings, *, speed: float = SPEED, browser: bool = True) -> int:
    """Run the demo until Ctrl-C; 0 when it was stopped, 1 when a part of it failed.

    Raises
    ------
    RadarError
        It cannot start: the port or the folder is taken, or a process ends before it is ready.
    """
    own = own_settings(settings)
    check_port(own.host, own.port)
    with folder_lock(settings.data_dir, "demo"), screen() as view:
        view.say(_("Starting the demo in {folder} ...").format(folder=own.data_dir))
        make_anew(own.data_dir)
        supervisor = Supervisor(view.log)
        with supervisor.signals():
            store = Store(own, view.log)
            try:
                return _play(supervisor, store, view, speed=speed, browser=browser)
            finally:
                supervisor.stop()
                store.stop()
                view.close()
                view.say(_("Stopped. Nothing is left running; the data is in {folder}.").format(folder=own.data_dir))


def own_settings(settings: Settings) -> Settings:
    """The settings of the demo's processes: a folder and a store of its own, and no log or source but the simulated
    ones. One process serves the site unless the setting is another than usual: the demo has one reader, and each
    process takes 110 MB."""
    return replace(
        settings,
        data_dir=settings.data_dir / "demo",
        redis_url="",
        edge_logs="",
        sources=("all",),
        web_workers=1 if settings.web_workers == load({}).web_workers else settings.web_workers,
    )


def _play(supervisor: Supervisor, store: Store, view: Screen, *, speed: float, browser: bool) -> int:
    settings = store.settings
    demo = Demo(settings, view, browser=browser and view.live and has_display())
    rehearsal = Child(
        name="rehearsal",
        command=module("jobs.rehearse", "--data-dir", str(settings.data_dir), "--speed", f"{speed:g}"),
        env=MEMORY | POLARS_MEMORY | child_environment(settings),
        restart=False,
        on_line=demo.hear,
        log_file=log_file(settings, "rehearsal"),
    )
    supervisor.start(rehearsal)
    supervisor.start(web_child(settings, keep_logs=True))

    make = Make()

    def look() -> None:
        store.watch()
        if make.gave_up():
            supervisor.request_stop()
        if supervisor.ended(rehearsal.name):
            raise RadarError("\n".join([_("the rehearsal failed:"), *supervisor.tail(rehearsal.name)]))
        demo.look()

    supervisor.run(look)
    return 0


def make_anew(folder: Path) -> None:
    """Empty the demo's folder but for its journals, which nothing can give back.

    Raises RadarError when that is not possible.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for entry in folder.iterdir():
            if entry.name == JOURNALS:
                continue
            if entry.is_dir() and not entry.is_symlink():
                shutil.rmtree(entry)
            else:
                entry.unlink()
    except OSError as error:
        raise RadarError(f"the demo's folder {folder} cannot be made anew: {error}") from None
