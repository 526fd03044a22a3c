"""Every setting, once: name, default, help. The only place that reads the environment.

A setting ``data_dir`` is read from ``RADAR_DATA_DIR``; ``REDIS_URL`` and ``PORT`` are also read under these names, as
hosting platforms set them.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from radar.errors import ConfigError
from radar.languages import LANGUAGES

#: Style sheets, scripts and fonts: in an installed package they lie inside it, in a checkout beside it.
_HERE = Path(__file__).parent
ASSETS = _HERE / "assets" if (_HERE / "assets").is_dir() else _HERE.parent / "assets"


@dataclass(frozen=True, slots=True)
class Row:
    """One setting. ``parse`` raises ValueError with what was expected."""

    name: str
    default: str
    help: str
    parse: Callable[[str], Any]
    aliases: tuple[str, ...] = ()

    @property
    def variable(self) -> str:
        """The environment variable."""
        return f"RADAR_{self.name.upper()}"


def _int(low: int, high: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            raise ValueError(f"a whole number from {low} to {high}") from None
        if not low <= value <= high:
            raise ValueError(f"a whole number from {low} to {high}")
        return value

    return parse


def _days(least: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        value = _int(0, 36_500)(text)
        if 0 < value < least:
            raise ValueError(f"0, or a whole number from {least} to 36500")
        return value

    return parse


def _one_of(*words: str) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if text not in words:
            raise ValueError(f"one of {', '.join(words)}")
        return text

    return parse


def _on(text: str) -> str:
    if text not in ("", "on"):
        raise ValueError("'on', or nothing")
    return text


def _redis_url(text: str) -> str:
    if text and not text.startswith(_REDIS):
        raise ValueError("redis://, rediss://, unix://, redis+sentinel:// or redis+cluster://, or nothing for the "
                         "embedded server")  # fmt: skip
    return text


def _queue_url(text: str) -> str:
    if "+cluster://" in _redis_url(text):
        raise ValueError("one server or Sentinels: the queue cannot lie on a Cluster")
    return text


def _scheduler(text: str) -> str:
    if text and not re.fullmatch(r"(?:tcp|tls)://(?:[\w.-]+|\[[0-9a-fA-F:.]+\]):[0-9]{1,5}", text):
        raise ValueError("tcp://host:port or tls://host:port, or nothing")
    return text


def _names(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _words(text: str) -> tuple[str, ...]:
    return tuple(part for part in text.replace(",", " ").split() if part != "none")


def _ids(text: str) -> tuple[str, ...]:
    found = _names(text)
    if len(found) > 20 or not all(one.isascii() and one.isdigit() and len(one) < 12 for one in found):
        raise ValueError("up to 20 whole numbers with commas")
    return found


def _targets(text: str) -> tuple[str, ...]:
    form = "HOST=CC, HOST=/PROVIDER or HOST=CC/PROVIDER, with commas (shop.example.org=DE, *.example.net=US/acme-cloud)"
    found = []
    for entry in _names(text):
        host, _, said = entry.partition("=")
        cc, _, slug = said.strip().partition("/")
        host, cc, slug = host.strip().lower().rstrip("."), cc.strip().upper(), slug.strip()
        if not (_HOST.fullmatch(host) and _AIM.fullmatch(f"{cc}/{slug}") and (cc or slug)):
            raise ValueError(f"{form}; {entry!r} is none")
        found.append(f"{host}={cc}" + (f"/{slug}" if slug else ""))
    return tuple(found)


_REDIS = ("unix://", *(f"redis{tls}{kind}://" for tls in ("", "s") for kind in ("", "+sentinel", "+cluster")))
_HOST = re.compile(r"\*|(?:\*\.)?[a-z0-9_](?:[a-z0-9_.-]{0,250}[a-z0-9_])?|\[[0-9a-f:.]{2,45}\]")
_AIM = re.compile(r"(?:[A-Z]{2})?/(?:[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?)?")


SETTINGS: tuple[Row, ...] = (
    Row("data_dir", "./var", "Folder of the archive, the embedded store and logs.", Path),
    Row("redis_url", "", "Redis 7.2+ or Valkey 8+: one server, Sentinels or a Cluster (docs/redis.md). Empty: an "
        "embedded Valkey in the data folder.", _redis_url, ("REDIS_URL",)),
    Row("queue_url", "", "Redis of the job queue: one server or Sentinels, as in REDIS_URL. Empty: the store itself, "
        "which must then not be a Cluster.", _queue_url),
    Row("store_memory_mb", "0", "MB (of a million bytes) that the store's servers may use together. Above it the "
        "oldest series are dropped, those of bins below an hour first; the newest two days stay. 0: no limit.",
        _int(0, 100_000_000)),
    Row("tracked_networks", "0", "So many networks of edge_logs and of dns_logs, the largest when they first come, "
        "have series of bins below an hour; others have hours alone. 0: all.", _int(0, 1_000_000)),
    Row("keep_minute_days", "3", "Days for which series of a stream's minutes are kept. 0: for ever.", _int(0, 36_500)),
    Row("keep_fine_days", "89", "Days for which series of 5- to 30-minute bins are kept: the detector looks back on "
        "28. 0: for ever.", _days(29)),
    Row("keep_coarse_days", "0", "Days for which series of hours and days are kept. 0: for ever.", _days(29)),
    Row("archive_raw_days", "90", "Days for which the archive keeps upstreams' answers as they came; what was never "
        "understood stays. 0: for ever.", _int(0, 36_500)),
    Row("archive_rows_days", "0", "Days for which the archive keeps the rows made of them, and at most their answers: "
        "what can be rebuilt (docs/history.md). The detector looks back on 28. 0: for ever.", _days(29)),
    Row("time_travel_days", "7", "Days for which the store keeps what was published when, so that it is shown as it "
        "was known. Older days lie in the archive, and are brought back when they are asked for.", _int(1, 36_500)),
    Row("port", "8050", "Port that the site listens on.", _int(1, 65535), ("PORT",)),
    Row("host", "127.0.0.1", "Address that the site listens on.", str),
    Row("web_workers", "2", "Processes of the web server.", _int(1, 64)),
    Row("web_threads", "4", "Threads of each web process.", _int(1, 64)),
    Row("base_url", "", "Public address of the site, such as https://radar.example.org; used in feeds and links.", str),
    Row("sources", "all", "Sources that are collected: 'all', or names with commas.", _names),
    Row("accept_terms", "", "Sources whose terms of use you accept: names with commas, or 'all'. Others that have "
        "terms are not collected; `radar doctor` shows the terms.", _names),
    Row("ripestat_networks", "40", "So many of the largest networks are asked about at RIPEstat, once a day.",
        _int(1, 120)),
    Row("atlas_measurements", "1001,5001,10001", "RIPE Atlas measurements that are read: ids with commas. Built in are "
        "1001 (ping), 5001 (traceroute) and 10001 (DNS) to the K root server.", _ids),
    Row("atlas_results_of", "anchors", "Whose results of RIPE Atlas are read: 'anchors', or 'all' probes, ten times "
        "as many.", _one_of("anchors", "all")),
    Row("ris_live_url", "", "Address of the RIS Live stream, if it is not upstream's own.", str),
    Row("ris_collectors", "rrc00,rrc01,rrc06,rrc11,rrc15,rrc19,rrc23", "RIS collectors whose table dumps are read, so "
        "that their peers count. All collectors are listened to.", _names),
    Row("ris_dumps", "https://data.ris.ripe.net/{collector}/%Y.%m/bview.%Y%m%d.%H%M.gz "
        "https://data.ris.ripe.net/{collector}/%Y.%m/updates.%Y%m%d.%H%M.gz", "Where their dumps and updates lie: "
        "addresses with {collector} and the codes of strftime, between spaces; 'none': none are read.", _words),
    Row("ris_networks", "200", "So many of the largest networks have minute series of their own; of all others the "
        "newest view is kept.", _int(0, 20_000)),
    Row("ris_min_peers", "10", "Fewest full-feed peers from which we say what is visible.", _int(1, 1000)),
    Row("vrps_file", "", "JSON file of an RPKI validator (Routinator, rpki-client ...), read again when it changes. "
        "Empty: what holders signed is not judged.", str),
    Row("relations_file", "", "File of AS relationships (CAIDA serial-1 or serial-2; .bz2 and .gz too). Empty: route "
        "leaks are not judged.", str),
    Row("edge_logs", "", "Where the edge_logs source finds its files: folders, globs and addresses (https:, s3:, gs:, "
        "az:) between spaces. Empty: not collected.", str),
    Row("dns_logs", "", "Where the dns_logs source finds its files: as for edge_logs. Empty: not collected.", str),
    Row("waf_events", "", "Where the waf_events source finds its files: as for edge_logs. Empty: not collected.", str),
    Row("waf_targets", "", "Country and provider of the hosts that the logs of waf_events say were asked: HOST=CC, "
        "HOST=/PROVIDER or HOST=CC/PROVIDER, with commas; *.HOST for all below it, * for all others. Empty: only logs "
        "of our own form say what was aimed at.", _targets),
    Row("providers_file", "", "TOML file of providers that adds to those that are known, or changes them, in the form "
        "of radar/data/providers.toml. Empty: none.", str),
    Row("logs_wait_s", "60", "Seconds after its end in which lines of a bin of edge_logs and dns_logs may still come "
        "before it is counted and scored. Later ones change it, and it is scored again. More, where logs are shipped "
        "late: until then nothing is published.", _int(0, 3600)),
    Row("logs_memory_mb", "512", "MB that reading and counting logs may take, beside the process and its tables of "
        "addresses, whatever the files hold. A bin that needs more loses detail, which is counted.",
        _int(64, 1_000_000)),
    Row("ranges", "", "Where addresses are looked up: your folder of .mmdb or Parquet tables of ranges. Empty: the "
        "tables that come with the radar.", str),
    Row("mrt_files", "", "Where the mrt_files source finds its files: a folder, a glob, or addresses with codes of "
        "strftime between spaces (https://data.ris.ripe.net/rrc00/%Y.%m/updates.%Y%m%d.%H%M.gz). Empty: not collected.",
        str),
    Row("cloudflare_token", "", "API token of Cloudflare that may read Radar, for the cloudflare_radar source. Empty: "
        "not collected.", str.strip),
    Row("speed_beacon", "", "'on': readers may measure their connection at /measure, and the results are kept without "
        "addresses (docs/beacon.md). Empty: nobody is measured.", _on),
    Row("beacon_proxies", "0", "So many servers of yours stand in front of the site, each of which adds the address it "
        "was asked from to X-Forwarded-For. The beacon and 'Is it just me?' alone read it. 0: none.", _int(0, 5)),
    Row("planned_maintenance", "", "Calendars (iCalendar) of planned work: files, globs and addresses between spaces, "
        "each with country/DE= or asn/5089= before it where it speaks of one place. Empty: not collected.", str.strip),
    Row("weather_alerts", "", "Feeds of warnings (CAP 1.2): addresses of Atom or RSS indexes or of single messages, "
        "and files, in the form of planned_maintenance. Empty: not collected.", str.strip),
    Row("contact", "", "Address told to upstreams in the User-Agent, such as a mail address or a URL.", str),
    Row("tick_s", "60", "Seconds between two runs of the pipeline.", _int(5, 3600)),
    Row("lease_s", "30", "Seconds after which another worker takes over what a worker that died or was stopped was at.",
        _int(2, 600)),
    Row("behind_s", "1800", "Seconds that rows may wait for the pipeline; while they wait for longer, sources that are "
        "asked less than every 15 minutes are asked less often. 0: never.", _int(0, 604_800)),
    Row("rules", "", "File of the detector's rules, in the place and of the form of radar/data/rules.toml.", str),
    Row("causes", "", "File of what was learnt about causes, as `radar causes learn` writes it. Empty: the one that "
        "comes with the radar.", str),
    Row("cables", "", "Submarine cables: a CSV file of cable,country,landing or a folder of JSON files "
        "(docs/causes.md). Empty: the few that come with the radar.", str),
    Row("language", "en", "Language of the site.", _one_of(*LANGUAGES)),
    Row("log_format", "console", "Form of the logs: console or json.", _one_of("console", "json")),
    Row("log_level", "info", "Lowest level that is logged.", _one_of("debug", "info", "warning", "error")),
    Row("engine", "local", "What `radar aggregate` runs on: local (this machine), or cluster (Dask, the extra "
        "internet-radar[cluster]).", _one_of("local", "cluster")),
    Row("engine_scheduler", "", "Address of the Dask scheduler of the engine 'cluster', such as tcp://host:8786.",
        _scheduler),
    Row("engine_memory_mb", "768", "MB of rows and counts that the steps of an aggregation hold at once, on one "
        "machine; the process comes on top.", _int(64, 1_000_000)),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of one process, read once. See ``SETTINGS`` for what each means."""

    data_dir: Path
    redis_url: str
    queue_url: str
    store_memory_mb: int
    tracked_networks: int
    keep_minute_days: int
    keep_fine_days: int
    keep_coarse_days: int
    time_travel_days: int
    archive_raw_days: int
    archive_rows_days: int
    port: int
    host: str
    web_workers: int
    web_threads: int
    base_url: str
    sources: tuple[str, ...]
    accept_terms: tuple[str, ...]
    ripestat_networks: int
    atlas_measurements: tuple[str, ...]
    atlas_results_of: str
    ris_live_url: str
    ris_collectors: tuple[str, ...]
    ris_dumps: tuple[str, ...]
    ris_networks: int
    ris_min_peers: int
    vrps_file: str
    relations_file: str
    edge_logs: str
    dns_logs: str
    waf_events: str
    waf_targets: tuple[str, ...]
    providers_file: str
    logs_wait_s: int
    logs_memory_mb: int
    ranges: str
    mrt_files: str
    cloudflare_token: str
    speed_beacon: str
    beacon_proxies: int
    planned_maintenance: str
    weather_alerts: str
    contact: str
    tick_s: int
    lease_s: int
    behind_s: int
    rules: str
    causes: str
    cables: str
    language: str
    log_format: str
    log_level: str
    engine: str
    engine_scheduler: str
    engine_memory_mb: int

    @property
    def socket(self) -> Path:
        """The unix socket of the embedded server."""
        return self.data_dir.resolve() / "store" / "s"


def load(environ: Mapping[str, str] | None = None) -> Settings:
    """Read all settings.

    Raises
    ------
    ConfigError
        A value that does not parse, or a ``RADAR_`` variable that is no setting; names it and what was expected.
    """
    env = os.environ if environ is None else environ
    known = {row.variable for row in SETTINGS}
    for variable in env:
        if variable.startswith("RADAR_") and variable not in known:
            raise ConfigError(f"{variable} is no setting; known are {', '.join(sorted(known))}")
    return Settings(**{row.name: _parsed(row, env) for row in SETTINGS})


def value(name: str) -> Any:
    """One setting alone, for what is read when a module is imported. Raises ConfigError for a value that is wrong."""
    return _parsed(next(row for row in SETTINGS if row.name == name), os.environ)


def _parsed(row: Row, env: Mapping[str, str]) -> Any:
    given = next((env[v] for v in (row.variable, *row.aliases) if env.get(v)), row.default)
    try:
        return row.parse(given)
    except ValueError as error:
        raise ConfigError(f"{row.variable} is {given!r}; expected {error}") from None


def child_environment(settings: Settings, **changed: str) -> dict[str, str]:
    """The environment of a process that shall run with these settings; ``changed`` names settings, not variables."""
    env = dict(os.environ)
    for row in SETTINGS:
        value = getattr(settings, row.name)
        text = changed.get(row.name, ",".join(value) if isinstance(value, tuple) else str(value))
        for alias in row.aliases:
            env.pop(alias, None)
        env[row.variable] = text
    return env


def has_display() -> bool:
    """Can a browser window be opened on this machine?"""
    return sys.platform == "darwin" or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
