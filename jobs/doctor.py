"""``radar doctor``: what works on this machine, what does not, and what to do about it."""

from __future__ import annotations

import json
import platform
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from radar import __version__
from radar.errors import ConfigError, RadarError, StoreUnavailable
from radar.settings import Settings, load

if TYPE_CHECKING:
    from jobs.ledger import Entry
    from radar.sources import Source

#: Below these the archive will soon stop: bytes free on its disk.
DISK_LOW, DISK_EMPTY = 2 * 2**30, 200 * 2**20
#: A clock document older than this many ticks, and than so many seconds, means that nothing is published any more.
STALE_TICKS, STALE_S = 5, 300
#: Days after which a reference table is called old.
TABLE_OLD = 366

Level = Literal["ok", "note", "warning", "broken"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at. ``todo`` says what to do when it is not in order."""

    topic: str
    level: Level
    text: str
    todo: str = ""


def run(*, as_json: bool, read: Callable[[], Settings] = load, now: datetime | None = None) -> int:
    """Look at everything and print it; 1 when something is broken."""
    found = list(examine(read, now or datetime.now(UTC)))
    broken = any(finding.level == "broken" for finding in found)
    if as_json:
        print(json.dumps({"ok": not broken, "findings": [asdict(f) for f in found]}, indent=2, ensure_ascii=False))
    else:
        for finding in found:
            print(f"{finding.level:<8} {finding.topic:<9} {finding.text}")
            if finding.todo:
                print(f"{'':<18} -> {finding.todo}")
        print("Something is broken." if broken else "Nothing is broken.")
    return 1 if broken else 0


def examine(read: Callable[[], Settings], now: datetime) -> Iterator[Finding]:
    """All findings, in the order in which they build on each other."""
    yield from _python()
    try:
        settings = read()
    except ConfigError as error:
        yield Finding("settings", "broken", str(error), "docs/settings.md lists every setting")
        return
    yield Finding("settings", "ok", f"read; data folder {settings.data_dir.resolve()}, port {settings.port}")
    yield from _switched_on(settings)
    yield from _folder(settings.data_dir)
    yield from _tables(now)
    yield _ranges(settings)
    yield from _store(settings, now)
    yield from _archive(settings, now)
    yield _browser()


def _python() -> Iterator[Finding]:
    yield Finding("python", "ok", f"Python {platform.python_version()} on {platform.system()} {platform.machine()}")
    try:
        needed = (line for line in requires("internet-radar") or [] if "extra ==" not in line)
        wanted = {re.split(r"[^\w.-]", line, maxsplit=1)[0] for line in needed}
        missing = {name for name in wanted if not _installed(name)}
    except PackageNotFoundError:
        missing = {"internet-radar"}
    if missing:
        yield Finding("packages", "broken", f"not installed: {', '.join(sorted(missing))}", "run `make setup`")
    else:
        yield Finding("packages", "ok", f"internet-radar {__version__}, and all that it needs")


def _installed(name: str) -> bool:
    try:
        version(name)
    except PackageNotFoundError:
        return False
    return True


def _switched_on(settings: Settings) -> Iterator[Finding]:
    from jobs.claims import check_sources
    from jobs.consent import off
    from radar.sources import discover

    try:
        check_sources(settings)
    except ConfigError as error:
        yield Finding("sources", "broken", str(error), f"correct {str(error).split(' ', 1)[0]}")
        return
    reasons = off(settings)
    for name in settings.sources:
        if name in reasons:
            yield Finding("sources", "broken", f"{name} is named in RADAR_SOURCES and is off. {reasons[name]}",
                          _todo(discover()[name].SOURCE, settings))  # fmt: skip
    on = sorted(set(discover()) - set(reasons))
    if on:
        yield Finding("sources", "ok", f"{len(on)} of {len(discover())} are on: {', '.join(on)}")
    else:
        yield Finding("sources", "warning", "none is switched on: nothing is collected", "see RADAR_SOURCES")


def _todo(source: Source, settings: Settings) -> str:
    """What switches a source on that is off."""
    from jobs.consent import accepted, how_to_accept

    if source.setting and not getattr(settings, source.setting):
        return f"set RADAR_{source.setting.upper()}; docs/settings.md says to what"
    if not accepted(source, settings):
        return how_to_accept(source)
    return f"add {source.name} to RADAR_SOURCES" if not source.derived_from else ""


def _folder(folder: Path) -> Iterator[Finding]:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=folder):
            pass
    except OSError as error:
        yield Finding("data", "broken", f"{folder} cannot be written: {error.strerror or error}",
                      "give this user the folder, or set RADAR_DATA_DIR to another one")  # fmt: skip
        return
    free = shutil.disk_usage(folder).free
    level: Level = "broken" if free < DISK_EMPTY else "warning" if free < DISK_LOW else "ok"
    yield Finding("data", level, f"{folder} can be written, {_size(free)} free",
                  "" if level == "ok" else "make room: archiving stops when the disk is full")  # fmt: skip


def _tables(now: datetime) -> Iterator[Finding]:
    """The reference tables: how old they are, and which refreshed one is not used."""
    from radar import reference

    found = [reference.info(name) for name in reference.names()]
    for one in found:
        if one.trouble:
            yield Finding("tables", "warning", f"{one.name}: {one.trouble}", f"radar reference --refresh {one.name}")
    ages = {one.name: reference.age_days(one.date, now.date()) for one in found if one.origins and not one.study}
    old = [name for name, days in ages.items() if days > TABLE_OLD]
    said = ", ".join(f"{one.name} of {one.date}" for one in found)
    tail = f"; older than a year: {', '.join(old)}" if old else ""
    yield Finding("tables", "warning" if old else "ok", said + tail,
                  f"`radar reference --refresh {' '.join(old)}` looks for newer ones" if old else "")  # fmt: skip


def _ranges(settings: Settings) -> Finding:
    """Whether the operator's own tables of address ranges can be read."""
    from radar.sources import _range_tables

    if not settings.ranges:
        return Finding("ranges", "ok", "addresses are looked up in the radar's own tables")
    try:
        _range_tables.read(Path(settings.ranges))
    except ConfigError as error:
        return Finding("ranges", "broken", str(error), "put the file right: until then a running radar uses the tables "
                       "that it read before, one that starts uses its own")  # fmt: skip
    return Finding("ranges", "ok", f"addresses are looked up in the tables of {settings.ranges}")


def _store(settings: Settings, now: datetime) -> Iterator[Finding]:
    from jobs import alive
    from jobs.storage import told
    from radar import store
    from radar.store import documents, embedded

    if settings.redis_url:
        where = store.hide_password(settings.redis_url)
    else:
        where = "the embedded Valkey"
        try:
            binary = embedded.server_binary()
        except RadarError as error:
            yield Finding("store", "broken", str(error), "set REDIS_URL to a Redis 7.2+ or Valkey 8+")
            return
    try:
        with store.connect(settings) as client:
            server = store.describe(client)
            docs = documents.get_many(client, ["clock", "sources", "notice", "jobs", "storage"])
    except StoreUnavailable as error:
        if settings.redis_url:
            yield Finding("store", "broken", f"{where}: {error}", "start it, or correct REDIS_URL")
        else:
            yield Finding("store", "note", f"{where} is not running now ({binary.name} is there)",
                          "`radar run` or `radar demo` starts it")  # fmt: skip
        yield from _sources(settings, now, [])
        return
    except ConfigError as error:
        yield Finding("store", "broken", str(error), "correct REDIS_URL")
        return
    yield from _server(server, where)
    for level, text, todo in told(server, docs["storage"], settings):
        yield Finding("memory", level, text, todo)
    yield from _published(settings, docs, now)
    if docs["jobs"] is not None or docs["clock"] is None or docs["clock"]["mode"] == "live":
        yield from (Finding("jobs", *line) for line in alive.told(docs["jobs"], settings, now))


def _archive(settings: Settings, now: datetime) -> Iterator[Finding]:
    from jobs.upkeep import told

    for level, text, todo in told(settings, now):
        yield Finding("archive", level, text, todo)


def _server(server: Any, where: str) -> Iterator[Finding]:
    many = {"cluster": f"; a Cluster of {server.primaries} primaries, {server.replicas} replicas",
            "sentinel": f"; named by Sentinels, {server.replicas} replicas"}  # fmt: skip
    text = f"{where}: {server.name} {server.version}, {_size(server.memory_bytes)} in memory{many.get(server.kind, '')}"
    newest = tuple(int(part) for part in server.version.split(".")[:2] if part.isdigit())
    if newest < ((8, 0) if server.name == "valkey" else (7, 2)):
        yield Finding("store", "broken", f"{text}; too old", "Redis 7.2+ or Valkey 8+ is needed")
    else:
        yield Finding("store", "ok", text)
    if not server.persistent:
        yield Finding("store", "warning", "it keeps no append-only file: a restart of it loses what was published",
                      "set `appendonly yes` there; the archive can rebuild the rest")  # fmt: skip
    if server.policy not in ("noeviction", ""):
        yield Finding("store", "broken", f"its maxmemory-policy is {server.policy}: it may throw data away",
                      "set `maxmemory-policy noeviction` there")  # fmt: skip


def _published(settings: Settings, docs: dict[str, Any], now: datetime) -> Iterator[Finding]:
    clock = docs["clock"]
    if clock is None:
        yield Finding("documents", "note", "nothing was published yet", "`radar jobs` publishes within a minute")
        yield from _sources(settings, now, [])
        return
    age = (now - datetime.fromisoformat(clock["wall"])).total_seconds()
    told = f"published {_span(age)} ago; the data's clock says {clock['now']} ({clock['mode']})"
    ended = clock["mode"] == "replay" and clock["speed"] == 0
    if ended or age <= max(STALE_TICKS * settings.tick_s, STALE_S):
        yield Finding("documents", "ok", told)
    else:
        yield Finding("documents", "broken", told, "is `radar jobs` running? its log says what it waits for")
    if docs["notice"] is not None:
        yield Finding("documents", "warning", f"our own measurement is impaired: {docs['notice']['text']}")
    yield from _sources(settings, now, docs["sources"] or [])


def _sources(settings: Settings, now: datetime, published: list[dict[str, Any]]) -> Iterator[Finding]:
    """Each source in a line: on or off and why, its newest data, its last error, and what to do.

    What was published (``published``: rows of document ``sources``) comes before the collectors' own notes, which are
    all there is without a store.
    """
    from jobs.consent import off
    from jobs.ledger import Entry, Ledger
    from radar.sources import Streaming, discover

    try:
        entries = Ledger(settings.data_dir).entries()
    except RadarError as error:
        yield Finding("source", "broken", str(error), "give this user the file")
        entries = {}
    rows = {row["name"]: row for row in published}
    reasons = off(settings)
    for name in sorted(discover().keys() | rows.keys()):
        module = discover().get(name)
        told = rows.get(name) or _noted(name, entries.get(name, Entry(name)), now)
        if told["newest_bin"] is None and name in reasons and module is not None and told["state"] != "failing":
            yield Finding("source", "note", f"{name}: off. {reasons[name]}", _todo(module.SOURCE, settings))
        else:
            streams = isinstance(module, Streaming) or (module is not None and bool(module.SOURCE.derived_from))
            yield _source(told, f"off. {reasons[name]}" if name in reasons else "on", stream=streams)


def _noted(name: str, entry: Entry, now: datetime) -> dict[str, Any]:
    """What the collectors noted of a source, as far as a row of document ``sources`` says it."""
    from jobs.freshness import LATE
    from radar.aggregate.bins import bin_end
    from radar.sources import discover

    module = discover().get(name)
    grains = module.SOURCE.signals if module is not None else {}
    ends = [bin_end(grains[s], datetime.fromisoformat(t)) for s, t in entry.newest_bins.items() if s in grains]
    if (
        module is not None and not grains and entry.last_success is not None
    ):  # a source of happenings: as fresh as its last answer
        ends = [datetime.fromisoformat(entry.last_success)]
    lag = (now - max(ends)).total_seconds() if ends else None
    state = "ok" if lag is not None else "never"
    if entry.last_error_at is not None and (entry.last_success or "") < entry.last_error_at:
        state = "failing"
    elif module is not None and lag is not None and lag > LATE * (module.SOURCE.lag_s + module.SOURCE.cadence_s):
        state = "late"
    return {"name": name, "state": state, "newest_bin": entry.newest_bin, "lag_s": lag, "rows": entry.rows,
            "last_success": entry.last_success, "last_error": entry.last_error}  # fmt: skip


def _source(row: dict[str, Any], switched: str, *, stream: bool = False) -> Finding:
    name, lag = row["name"], row.get("lag_s")
    newest = f"newest bin {row['newest_bin']}" if row["newest_bin"] else "no data yet" if lag is None else "answers"
    behind = f" ({_span(max(lag, 0.0))} behind)" if lag is not None else ""
    text = f"{name}: {switched}, {row['state']}, {newest}{behind}, {row['rows']} rows"
    if row["state"] == "failing":
        return Finding("source", "warning", f"{text}; {row['last_error']}", f"`radar try {name}` shows more")
    if row["state"] == "late":
        return Finding("source", "warning", text, f"`radar try {name}` shows what the upstream gives now")
    if row["state"] == "never":
        todo = "`radar stream` brings it" if stream else f"`radar jobs` collects it, `radar collect {name}` at once"
        return Finding("source", "note", text, todo)
    return Finding("source", "ok" if row["state"] in ("ok", "history") else "note", text)


def _browser() -> Finding:
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if found:
        return Finding("browser", "ok", f"{found}: the browser tests can run")
    return Finding("browser", "note", "no Chromium: the browser tests are skipped", ".ci/run installs it on Debian")


def _size(size: float) -> str:
    for unit in ("B", "KiB", "MiB"):
        if size < 1024:
            return f"{size:.0f} {unit}"
        size /= 1024
    return f"{size:.1f} GiB"


def _span(seconds: float) -> str:
    for limit, unit, word in ((120, 1, "s"), (7200, 60, "min"), (172_800, 3600, "h")):
        if seconds < limit:
            return f"{seconds / unit:.0f} {word}"
    return f"{seconds / 86_400:.0f} days"
