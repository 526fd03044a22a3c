"""The table of docs/performance.md: written between two markers from results of benchmarks, the rest left alone."""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.benchmarks._processes import REPO

PAGE = REPO / "docs" / "performance.md"
BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"

Result = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Row:
    """One number: which benchmark has it, how it reads, and the aim: below ``most``, at least ``least``."""

    what: str
    benchmark: str
    number: Callable[[Result], float]
    text: str
    aim: str = ""
    most: float | None = None
    least: float | None = None

    def met(self, number: float) -> str:
        """Whether the aim is met; "" without one."""
        if self.most is None and self.least is None:
            return ""
        good = (self.most is None or number < self.most) and (self.least is None or number >= self.least)
        return "yes" if good else "**no**"


def _detail(*path: str) -> Callable[[Result], float]:
    def number(result: Result) -> float:
        at: Any = result["details"]
        for name in path:
            at = at[name]
        return float(at)

    return number


def _value(result: Result) -> float:
    return float(result["value"])


ROWS: tuple[Row, ...] = (
    Row("`make demo` in a fresh checkout: usable page", "make_demo", _value, "{:.1f} s", "under 30 s", 30),
    Row("... of which making `.venv` from cached packages", "make_demo", _detail("setup_s"), "{:.1f} s"),
    Row("... first open outage", "make_demo", _detail("first_outage_s"), "{:.1f} s", "under 60 s", 60),
    Row("`radar demo`, fresh data folder: usable page", "demo_start", _value, "{:.1f} s", "under 30 s", 30),
    Row("... first open outage", "demo_start", _detail("first_outage_s"), "{:.1f} s", "under 60 s", 60),
    Row("... memory of all processes, largest PSS of all runs", "demo_start", _detail("peak_pss_mb"), "{:,.0f} MB",
        "under 1 GB", 1000),
    Row("... the same as RSS (shared pages counted in each process)", "demo_start", _detail("peak_rss_mb"),
        "{:,.0f} MB"),
    Row("... the same over the whole play, with readers (one run)", "demo_whole", _value, "{:,.0f} MB", "under 1 GB",
        1000),
    Row("... from Ctrl-C to the end; processes left behind: 0", "demo_start", _detail("stop_s"), "{:.1f} s"),
    Row("28 days of history, file", "history_load", lambda r: r["details"]["file_bytes"] / 1e6, "{:.1f} MB",
        "under 30 MB", 30),
    Row("... loaded into the store", "history_load", _value, "{:.1f} s", "under 5 s", 5),
    Row("Home page, first response (1 request)", "first_view", _detail("first_response_kb"), "{:.1f} kB"),
    Row("... whole cold visit, requests", "first_view", _detail("visit_requests"), "{:.0f}"),
    Row("... whole cold visit, bytes", "first_view", _detail("visit_kb"), "{:,.0f} kB"),
    Row("... headline and map visible", "first_view", _value, "{:.0f} ms", "under 500 ms", 500),
    Row("... interactive", "first_view", _detail("interactive_ms"), "{:,.0f} ms", "under 2,500 ms", 2500),
    Row("... layout shift (CLS), largest of all visits", "first_view", _detail("cls"), "{:.3f}"),
    Row("... while the demo plays: headline and map", "first_view",
        _detail("while_the_demo_plays", "headline_and_map_ms"), "{:.0f} ms", "under 500 ms", 500),
    Row("... while the demo plays: interactive", "first_view", _detail("while_the_demo_plays", "interactive_ms"),
        "{:,.0f} ms", "under 2,500 ms", 2500),
    Row("One tick, 5,250 entities x 6 series, one core", "pipeline_tick", _value, "{:.2f} s", "under 5 s", 5),
    Row("Request logs parsed, NDJSON", "edge_logs_parse", _value, "{:,.0f} rows/s"),
    Row("... Parquet", "edge_logs_parse", _detail("parquet_rows_per_s"), "{:,.0f} rows/s"),
    Row("Request logs counted, NDJSON, from lines to all series", "edge_logs_count", _value, "{:,.0f} rows/s"),
    Row("... beside DuckDB doing the same group-bys (ours / theirs)", "edge_logs_count",
        lambda r: r["ratios"]["duckdb_read_json"], "{:.2f}", "1 or more", least=1),
    Row("... combined lines", "edge_logs_count", _detail("combined_rows_per_s"), "{:,.0f} rows/s"),
    Row("... beside DuckDB's read_csv (ours / theirs)", "edge_logs_count", _detail("combined_ratio"), "{:.2f}",
        "1 or more", least=1),
    Row("Hostile request logs of 1 GB, setting 64 MB: memory above the process with its tables, largest", "logs_memory",
        _value, "{:,.0f} MB", "at most 64 MB", 64.5),
    Row("Addresses looked up, IPv4 numbers to country and network", "address_lookup", _value, "{:,.0f} /s",
        "5,000,000 /s or more", least=5_000_000),
    Row("... IPv4 texts", "address_lookup", _detail("texts_per_s"), "{:,.0f} /s", "5,000,000 /s or more",
        least=5_000_000),
    Row("... IPv6 texts", "address_lookup", _detail("v6_texts_per_s"), "{:,.0f} /s"),
    Row("MRT updates read, with AS path", "mrt_reader", _value, "{:,.0f} elements/s"),
    Row("... time as a share of bgpdump's", "mrt_reader", _detail("share_of_bgpdump"), "{:.2f}", "at most half", 0.5),
    Row("... table dumps", "mrt_reader", _detail("tables_per_s"), "{:,.0f} elements/s"),
    Row("... table dumps, time as a share of bgpdump's", "mrt_reader", _detail("tables_share_of_bgpdump"), "{:.2f}"),
    Row("Iran 2026 replayed, 60 days, raw bytes to published outages", "replay_iran", _value, "{:.1f} s"),
    Row("RIS Live messages, from JSON to the routing table, one core", "routing_state", _value, "{:,.0f} /s",
        "30,000 /s or more", least=30_000),
    Row("... table of 1 M prefixes x 300 full-feed peers, largest memory of a process that has it", "routing_state",
        _detail("state_peak_mb"), "{:,.0f} MB", "at most 1.5 GB", 1500),
    Row("... evaluated for all countries and 90,000 networks", "routing_state", _detail("evaluation_s"), "{:.1f} s",
        "under 5 s", 5),
    Row("... its snapshot on disk", "routing_state", _detail("snapshot_mb"), "{:.1f} MB"),
    Row("12 % of a country withdrawn from that table: published after, slowest of three", "routing_alarm", _value,
        "{:.0f} s", "within 2 minutes", 120),
    Row("Requests of ten countries stop, in bins of 5 minutes: published after, median, by the wall", "edge_alarm",
        _value, "{:.1f} min", "within 12 min", 12),
    Row("... the slowest of the ten", "edge_alarm", _detail("slowest_min"), "{:.1f} min", "within 20 min", 20),
    Row("50 M request rows to 5 min x country x network, exact percentiles", "aggregate_rows", _value, "{:.1f} s"),
    Row("... time beside DuckDB's (ours / theirs)", "aggregate_rows", lambda r: r["ratios"]["duckdb, geoasn"],
        "{:.2f}", "at most 1.0", 1.005),
    Row("... time beside ClickHouse's, chdb (ours / theirs)", "aggregate_rows", lambda r: r["ratios"]["chdb, geoasn"],
        "{:.2f}", "at most 0.8", 0.805),
    Row("... by country only, beside chdb (ours / theirs)", "aggregate_rows", lambda r: r["ratios"]["chdb, country"],
        "{:.2f}", "at most 1.3", 1.305),
    Row("... groups that differ from the reference", "aggregate_rows", _detail("compared", "geoasn", "that_differ"),
        "{:.0f}", "none", 1),
    Row("... largest memory", "aggregate_rows", lambda r: float(r["peak_mb"]), "{:,.0f} MB", "under 1 GB", 1000),
    Row("... time beside only reading the same columns", "aggregate_rows", _detail("times_the_decode_limit"),
        "{:.1f} x"),
    Row("Seconds a row of an aggregation, 50 M rows beside 1 M", "aggregate_growth", _value, "{:.2f} x",
        "at most 1.2", 1.2),
    Row("Home, a country, an outage on Lighthouse's phone: lowest score for speed", "phone_view", _value, "{:.0f}",
        "at least 90", least=90),
    Row("... home: first contentful paint", "phone_view", _detail("home", "first_contentful_paint_ms"), "{:,.0f} ms",
        "under 1,000 ms", 1000),
    Row("... home: interactive", "phone_view", _detail("home", "interactive_ms"), "{:,.0f} ms", "under 5,000 ms", 5000),
    Row("1,000 open tabs that ask once a minute: the site's processor time, of one core", "open_tabs", _value,
        "{:.1f} %"),
    Row("Newest bin of 80,000 entities x 6 scored series", "detect_scale", _value, "{:.1f} s", "under 10 s", 10),
    Row("Points written to the store, one bin at a time", "series_store", _value, "{:,.0f} /s"),
    Row("One 5-minute bin of 80,000 entities x 6 signals written to the store, sample read back", "store_scale", _value,
        "{:.2f} s", "under 0.2 s", 0.2),
    Row("... one entity's 7 days x 6 signals read, as float32", "store_scale",
        _detail("read_6_signals_7_days_as_float32_ms"), "{:.2f} ms", "under 0.2 ms", 0.2),
    Row("... memory for a point", "store_scale", _detail("bytes_per_point", "packed"), "{:.2f} B", "at most 4.1 B",
        4.1),
)  # fmt: skip


def write(results: Mapping[str, Result], page: Path = PAGE) -> None:
    """Replace what stands between the markers. Raises ValueError when the page lacks them."""
    text = page.read_text(encoding="utf-8")
    if text.count(BEGIN) != 1 or text.count(END) != 1:
        raise ValueError(f"{page.name}: expected {BEGIN} and {END} once each")
    inner = f"{BEGIN}\n\n{table(results)}\n\n{END}"
    page.write_text(re.sub(f"{BEGIN}.*{END}", lambda _: inner, text, flags=re.S), encoding="utf-8")


def table(results: Mapping[str, Result]) -> str:
    """The tables in Markdown."""
    lines = [
        machine({str(result["measured"]) for result in results.values()}),
        "",
        "| Number | Measured | Aim | Met | Benchmark |",
        "|---|---:|---|---|---|",
    ]
    for row in ROWS:
        result = results.get(row.benchmark)
        if result is None:
            continue
        if result["value"] is None:
            lines.append(f"| {row.what} | {result['unit']} | {row.aim} | | `{row.benchmark}` |")
            continue
        number = row.number(result)
        lines.append(f"| {row.what} | {row.text.format(number)} | {row.aim} | {row.met(number)} | `{row.benchmark}` |")
    lines += ["", "| Beside | Ours | Theirs | Ours / theirs |", "|---|---:|---:|---:|"]
    for result in results.values():
        for peer, value in result["peers"].items():
            lines.append(f"| `{result['name']}`: {peer} | {result['value']:,} | {value:,} | {result['ratios'][peer]} |")
    if (logs := results.get("edge_logs_parse")) is not None:
        seen = logs["details"]
        lines.append(f"| `edge_logs_parse`: duckdb_read_parquet | {seen['parquet_rows_per_s']:,} | "
                     f"{seen['duckdb_read_parquet_rows_per_s']:,} | {seen['parquet_ratio']} |")  # fmt: skip
    lines += ["", "Everything that the benchmarks saw (`load`: load average of the machine before and after):", "",
              "```text", *(line for result in results.values() for line in _seen(result)), "```"]  # fmt: skip
    return "\n".join(lines)


def machine(days: set[str]) -> str:
    """When and where, in one sentence."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (f"Measured on {' and '.join(sorted(days))}: {os.cpu_count()} cores, {memory:.0f} GiB, {platform.system()} "
            f"{platform.machine()}, Python {platform.python_version()}.")  # fmt: skip


def _seen(result: Result) -> list[str]:
    lines = [f"{result['name']}: {result['value']} {result['unit']}"]
    shown = {**result.get("details", {}), "peak_mb_of_the_benchmark": result["peak_mb"], "load": result.get("load")}
    for what, seen in shown.items():
        many = isinstance(seen, list) and seen and isinstance(seen[0], dict)
        lines += [f"  {what}: {one}" for one in seen] if many else [f"  {what}: {seen}"]
    return lines
