"""No address of a client is in anything that the product writes: store, archive, state, ledger, logs, output.

Logs full of known addresses, whole and broken, go through a collection and the pipeline into a real Valkey, in a
process of its own that logs at its lowest level. Then every byte that came of it is searched, and what is packed in it.
"""

from __future__ import annotations

import contextlib
import gzip
import io
import ipaddress
import json
import os
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import polars as pl
import pytest
import zstandard

from jobs import web
from jobs.ledger import Ledger
from radar.archive import Archive
from radar.settings import load
from radar.sources import _beacon_table, _geo
from radar.store import Store
from tests.sources import dns_build

CLIENTS = [
    "77.111.246.53",
    "185.243.218.97",
    "2a02:26f7:c9c4:4000:9a7:51c3:6f2e:8d14",
    "2a00:1450:4001:82f::9c5e:71bd",
]
ZSTD, PARQUET, ARROW, GZIP = b"\x28\xb5\x2f\xfd", b"PAR1", b"ARROW1", b"\x1f\x8b\x08"
SECOND = 1_772_409_900  # 2026-03-02T00:05:00Z

PRODUCT = """
import sys
from datetime import datetime
from jobs import logs
from jobs.clock import ClockMode
from jobs.collect import collect, resume
from jobs.ingest import Pipeline
from jobs.ledger import Ledger
from radar import store
from jobs.ledger import Ledger
from radar.archive import Archive
from radar.settings import load
from radar.sources import get

name, url, *times = sys.argv[1:]
settings = load()
logs.configure(settings, process="jobs")
archive, ledger = Archive(settings.data_dir), Ledger(settings.data_dir)
since, *times, until = times
clock = ClockMode("replay", 1.0, datetime.fromisoformat(since), datetime.fromisoformat(until))
with store.connect(url, timeout_s=10) as client:
    for time in times:
        now = datetime.fromisoformat(time)
        print(collect(get(name), now, http=None, archive=archive, ledger=ledger))
        print(resume(archive))
        Pipeline(client, archive, clock=clock, ledger=ledger, enabled=(name,)).tick(now)
"""

TIMES = ("2026-03-02T00:00Z", "2026-03-02T00:10Z", "2026-03-02T01:20Z", "2026-03-02T02:00Z")


def spelled(client: str) -> list[str]:
    """The ways to write an address as text."""
    address = ipaddress.ip_address(client)
    if isinstance(address, ipaddress.IPv4Address):
        number = f"{int(address):08x}"
        mapped = [
            f"::ffff:{client}",
            f"::FFFF:{client}",
            f"::ffff:{number[:4]}:{number[4:]}",
            f"0:0:0:0:0:ffff:{client}",
        ]
        return [client, *mapped, client.replace(".", "-"), address.reverse_pointer]
    return [client, client.upper(), address.exploded, address.reverse_pointer, client.replace(":0:", ":0000:", 1)]


def needles(client: str) -> tuple[list[bytes], list[bytes]]:
    """What must not be found: texts in lower case, and packed bytes. Most of an address counts as the address."""
    address = ipaddress.ip_address(client)
    texts = {address.packed.hex(), address.reverse_pointer.rsplit(".", 2)[0], str(int(address))}
    packed = [address.packed, address.packed[::-1]]
    if isinstance(address, ipaddress.IPv4Address):
        parts = client.split(".")
        for mark in ".-:":
            texts |= {mark.join(parts[:3]) + mark, mark.join(parts[1:]), mark.join(reversed(parts[1:]))}
        number = f"{int(address):08x}"
        texts.add(f"{number[:4]}:{number[4:]}")
    else:
        groups = address.exploded.split(":")
        short = [f"{int(group, 16):x}" for group in groups]
        for some in (groups, short):
            texts |= {":".join(some[:4]), ":".join(some[5:])}
        packed += [address.packed[:8], address.packed[8:]]
    return [text.encode() for text in sorted(texts)], packed


def opened(data: bytes) -> Iterator[bytes]:
    """The bytes, and what is packed in them at any place, and in that."""
    yield data
    if data.startswith((PARQUET, ARROW)):
        read = pl.read_parquet if data.startswith(PARQUET) else pl.read_ipc
        table = read(io.BytesIO(data))
        out = io.BytesIO()
        table.write_ipc(out, compression="uncompressed")
        yield out.getvalue()
        yield table.write_csv(include_header=True).encode()
        return
    for mark in (ZSTD, GZIP):
        at = data.find(mark)
        while at >= 0:
            try:
                if mark == ZSTD:
                    inner = zstandard.ZstdDecompressor().decompressobj().decompress(data[at:])
                else:
                    inner = gzip.decompress(data[at:])
            except (zstandard.ZstdError, OSError, EOFError):
                inner = b""
            if inner:
                yield from opened(inner)
            at = data.find(mark, at + 4)


def stored(client: Store) -> Iterator[tuple[str, bytes]]:
    """Every key and every value of the store."""
    for key in client.scan_iter(count=1000):
        yield "a key", key
        kind = client.type(key)
        parts: list[bytes]
        match kind:
            case b"string":
                parts = [client.get(key)]
            case b"hash":
                parts = [item for pair in client.hgetall(key).items() for item in pair]
            case b"list":
                parts = client.lrange(key, 0, -1)
            case b"set":
                parts = list(client.smembers(key))
            case b"zset":
                parts = [item for pair in client.zrange(key, 0, -1, withscores=True) for item in
                         (pair[0], str(pair[1]).encode())]  # fmt: skip
            case b"stream":
                parts = [item for _, row in client.xrange(key) for pair in row.items() for item in pair]
            case _:
                raise AssertionError(f"{key!r} is of a kind that is not searched: {kind!r}")
        for part in parts:
            yield f"store {key!r}", part


def written(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Every file of a folder, its name, and every value of its databases."""
    for path in sorted(folder.rglob("*")):
        yield "a name", str(path.relative_to(folder)).encode()
        if path.is_file():
            yield str(path.name), path.read_bytes()
        if path.suffix == ".sqlite":
            with sqlite3.connect(path) as state:
                for (table,) in state.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
                    for row in state.execute(f"SELECT * FROM {table}"):
                        yield from (
                            (f"{path.name} {table}", v if isinstance(v, bytes) else str(v).encode()) for v in row
                        )
            state.close()


def leaks(found: Iterator[tuple[str, bytes]]) -> list[str]:
    """Where addresses were found, and which."""
    wanted = {client: needles(client) for client in CLIENTS}
    out = set()
    for place, packed in found:
        for data in opened(packed):
            lower = data.lower()
            for client, (texts, raw) in wanted.items():
                hits = [text.decode() for text in texts if text in lower] + [n.hex() for n in raw if n in data]
                out |= {f"{place}: {client} as {hit}" for hit in hits}
    return sorted(out)


# The logs ------------------------------------------------------------------------------------------------------------


def everywhere(a: str) -> dict[str, object]:
    """Fields that nothing reads, with an address in each."""
    return {"uri": f"/from/{a}?ip={a}", "user_agent": f"curl/{a}", "referer": f"http://[{a}]/", "extra": {"ip": [a]},
            a: a, "x_forwarded_for": f"{a}, {a}"}  # fmt: skip


def edge_lines(a: str, n: int) -> list[str]:
    time, stamp = SECOND + n, f"[02/Mar/2026:00:05:{n % 60:02} +0000]"
    good = {"time": time, "client": a, "rtt_ms": 20, "bytes": 10, **everywhere(a)}
    return [
        json.dumps(good),
        f'{a} - {a} {stamp} "GET /{a} HTTP/1.1" 200 512 "http://{a}/" "agent {a}" rtt=20000us',
        json.dumps({**good, "rtt_ms": a, "asn": a, "country": a, "provider": a, "protocol": a}),
        json.dumps({"EdgeStartTimestamp": time, "ClientIP": a, "EdgeResponseStatus": a, "ClientRequestURI": a}),
        json.dumps({"ts": time, "request": {"client_ip": a, "proto": a, "uri": a}, "status": 200}),
        json.dumps({"time": a, "client": a}),
        f'{a} - - [{a}] "GET /{a}',
    ]


def dns_lines(a: str, n: int) -> list[str]:
    time = f"02-Mar-2026 00:05:{n % 60:02}.123"
    name = f"{a.replace(':', '-').replace('.', '-')}.dyn.isp.com"
    reverse = f"{a}.in-addr.arpa" if "arpa" not in a else a
    return [
        json.dumps({"time": SECOND + n, "name": name, "client": a, "rcode": "SERVFAIL", **everywhere(a)}),
        json.dumps({"time": SECOND + n, "name": reverse, "client": a, "rcode": a, "server": a, "country": a}),
        f"{time} client @0x7f01ab {a}#53124 ({name}): query: {name} IN A +E(0)K ({a})",
        f"{time} client @0x7f01ab {a}#53124 ({reverse}): query failed (SERVFAIL) for {reverse}/IN/PTR at query.c:1",
        f"Mar 02 00:05:07 unbound[1:0] info: {a} {name}. A IN",
        json.dumps({"time": a, "name": a, "client": a}),
        f"{time} client @{a} {a}#{a} query: {a}",
    ]


def waf_lines(a: str, n: int) -> list[str]:
    good = {"time": SECOND + n, "rule": "942100", "title": f"Attack from {a}", "client": a, **everywhere(a)}
    message = {"message": f"Seen {a}", "details": {"ruleId": "942100", "data": a, "tags": [a]}}
    stamp = "Mon Mar  2 00:05:00 2026"
    return [
        json.dumps({**good, "action": "blocked"}),
        json.dumps({**good, "rule": a, "cve": a, "action": a, "country": a, "asn": a, "provider": a}),
        json.dumps({"transaction": {"client_ip": a, "host_ip": a, "time_stamp": stamp, "messages": [message]}}),
        json.dumps({"timestamp": SECOND * 1000, "terminatingRuleId": a, "action": "BLOCK", "httpRequest":
                    {"clientIp": a, "uri": a, "args": a}}),
        f'2026/03/02 00:05:01 [error] 1#1: *1 [client {a}] ModSecurity: Access denied [id "942100"] [msg "Hit by {a}"] '
        f'[hostname "{a}"], client: {a}, server: {a}',
        json.dumps({"time": a, "rule": a, "client": a}),
        f"2026/03/02 00:05:01 [error] {a} ModSecurity: [id \"{a}\"] [client {a}",
    ]  # fmt: skip


LINES = {"edge_logs": edge_lines, "dns_logs": dns_lines, "waf_events": waf_lines}


def write_logs(source: str, folder: Path) -> None:
    """Files with the addresses: sound, broken, of a wrong encoding, refused as a whole, damaged."""
    folder.mkdir()
    spellings = [text for client in CLIENTS for text in spelled(client)]
    kinds = [LINES[source](a, n) for n, a in enumerate(spellings)]
    for number, same in enumerate(zip(*kinds, strict=True)):  # a file of each kind of line ...
        (folder / f"kind{number}.log").write_text("\n".join(same) + "\n")
    mixed = "\n".join(line for kind in kinds for line in kind) + "\n"
    (folder / "mixed.log").write_text(mixed + "x" * 5000 + " ".join(spellings))
    (folder / f"access-{CLIENTS[0]}.log").write_text(mixed.replace("200", "404"))
    (folder / f"{CLIENTS[2]}.txt").write_text("".join(f"{a} {a}\n" for a in spellings))
    (folder / "bytes.log").write_bytes(
        b"".join(b"\xff\xfe\x80 " + line.encode() + b"\xff\n" for line in mixed.split("\n"))
    )
    (folder / "utf16.log").write_bytes(mixed.encode("utf-16"))
    (folder / "packed.bin").write_bytes(b"".join(ipaddress.ip_address(c).packed + b"\n" for c in CLIENTS))
    (folder / "table.csv").write_text("time,client,name\n" + "".join(f"{a},{a},{a}\n" for a in spellings))
    (folder / "cut.log.gz").write_bytes(gzip.compress(mixed.encode())[:-200])
    (folder / "wrong.log.gz").write_bytes(gzip.compress(b"")[:10] + mixed.encode())
    columns = {"time": [SECOND] * len(spellings), "client": spellings, "rule": spellings}
    names = [f"{a.replace(':', '-')}.isp.com" for a in spellings]
    pl.DataFrame({**columns, "name": names}).write_parquet(folder / "rows.parquet")
    pl.DataFrame({a: [a] for a in CLIENTS}).write_parquet(folder / "odd.parquet")
    (folder / "cut.parquet").write_bytes(b"PAR1" + mixed.encode())
    messages = [dns_build.message(5 + n % 2, dns_build.question("77-111-246-53.isp.com", 2), address=c)
                for n, c in enumerate(CLIENTS * 6)]  # fmt: skip
    (folder / "stream.tap").write_bytes(dns_build.stream(*messages) + b"\0\0\0\x20" + mixed.encode())


# What is asked -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("source", LINES)
def test_no_byte_of_what_is_written_holds_an_address(
    source: str, tmp_path: Path, client: Store, valkey_url: str
) -> None:
    write_logs(source, tmp_path / "in")
    data = tmp_path / "data"
    env = {**os.environ, "RADAR_DATA_DIR": str(data), "RADAR_LOG_LEVEL": "debug", "RADAR_LOG_FORMAT": "json",
           f"RADAR_{source.upper()}": str(tmp_path / "in"), "RADAR_LOGS_MEMORY_MB": "64"}  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-c", PRODUCT, source, valkey_url, *TIMES], env=env, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr.decode()[-2000:]
    entry = Ledger(data).read(source)
    assert entry.rows > 0
    assert entry.rejected > 0
    assert "files were refused" in (entry.last_error or "")
    assert Archive(data).files(source)

    found = [*written(data), *stored(client), ("standard output", done.stdout), ("standard error", done.stderr)]
    assert len(found) > 50
    assert leaks(iter(found)) == []


def measure(site: httpx.Client, address: str) -> set[int]:
    """Measurements of a reader, and questions whether it is just them, sound and hostile, with the address wherever one
    can be written."""
    good = {"consent": True, "rtt_ms": [20, 21, 22], "bytes": 262144, "download_ms": 90}
    bodies = [json.dumps(good), json.dumps({**good, address: address}), json.dumps({**good, "rtt_ms": [address]}),
              json.dumps({**good, "consent": address}), address, f'{{"{address}": ']  # fmt: skip
    found = set()
    for forwarded in (address, f"{address}, {address}", f"[{address}]:443", f'"{address}"'):
        headers = {"X-Forwarded-For": forwarded, "X-Real-IP": address, "Forwarded": f"for={address}",
                   "User-Agent": f"agent/{address}", "Referer": f"http://{address}/"}  # fmt: skip
        for body in bodies:
            answer = site.post(f"/beacon/result?ip={address}", content=body, headers={
                **headers, "Content-Type": "application/json"})  # fmt: skip
            found.add(answer.status_code)
        found |= {site.post(f"/here?ip={address}", content=body, headers=headers).status_code for body in bodies}
        found |= {site.get(f"{path}?ip={address}", headers=headers).status_code for path in
                  ("/beacon/ping", "/beacon/bytes/262144", "/beacon/nothing", "/measure")}  # fmt: skip
    return found


def test_nobody_who_measured_is_in_anything_that_is_written(tmp_path: Path, client: Store, valkey_url: str) -> None:
    data, out = tmp_path / "data", tmp_path / "out"
    _beacon_table.keep(data / "beacon", _geo.index())
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    env = {**os.environ, "RADAR_DATA_DIR": str(data), "RADAR_LOG_LEVEL": "debug", "RADAR_LOG_FORMAT": "json",
           "REDIS_URL": valkey_url, "PORT": port, "RADAR_SPEED_BEACON": "on", "RADAR_BEACON_PROXIES": "1"}  # fmt: skip
    settings = load(env)
    with out.open("wb") as log, httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30) as site:
        server = subprocess.Popen(web.command(settings), env=env, stdout=log, stderr=log)
        try:
            for _ in range(300):
                with contextlib.suppress(httpx.TransportError):
                    if site.get("/health").status_code == 200:
                        break
                time.sleep(0.1)
            statuses = {status for one in CLIENTS for text in spelled(one) for status in measure(site, text)}
        finally:
            server.terminate()
            server.wait(20)
    assert statuses >= {200, 204, 400, 422, 429}
    found = [*written(data / "beacon"), *stored(client), ("the site's log", out.read_bytes())]
    assert leaks(iter(found)) == []

    now = datetime.now(UTC)
    times = [(now + timedelta(hours=hours)).isoformat() for hours in (0, 2, 3)]
    done = subprocess.run([sys.executable, "-c", PRODUCT, "speed_beacon", valkey_url, *times], env=env,
                          capture_output=True, check=False)  # fmt: skip
    assert done.returncode == 0, done.stderr.decode()[-2000:]
    entry = Ledger(data).read("speed_beacon")
    assert entry.last_error is None
    assert entry.rows > 0
    assert Archive(data).files("speed_beacon")
    found += [*written(data), *stored(client), ("standard output", done.stdout), ("standard error", done.stderr)]
    assert leaks(iter(found)) == []


@pytest.mark.parametrize("client_address", CLIENTS)
def test_the_search_finds_an_address_however_it_is_written_and_packed(client_address: str, tmp_path: Path) -> None:
    packed = ipaddress.ip_address(client_address).packed
    table = io.BytesIO()
    pl.DataFrame({"a": [client_address]}).write_parquet(table, compression="zstd")
    numbers = io.BytesIO()
    pl.DataFrame({"a": [int.from_bytes(packed[:4])]}).write_ipc(numbers, compression="zstd")
    texts = [text.encode() for text in spelled(client_address)]
    hidden = [packed, packed.hex().encode(), zstandard.compress(b"in " + packed), table.getvalue(), *texts]
    hidden += [b"head" + zstandard.compress(gzip.compress(text)) for text in texts]
    if len(packed) == 4:
        hidden.append(numbers.getvalue())
    missed = [data for data in hidden if not leaks(iter([("here", data)]))]
    assert missed == []
    with sqlite3.connect(tmp_path / "a.sqlite") as state:
        state.execute("CREATE TABLE kept (body BLOB)")
        state.execute("INSERT INTO kept VALUES (?)", (zstandard.compress(packed),))
    state.close()
    assert any(place.startswith("a.sqlite kept") for place in leaks(written(tmp_path)))
