"""How bytes leave the site: static files compressed once, pages compressed cheaply, the headers on both.

Why: Dash's own ``compress=True`` compresses the same 1.3 MB script anew for every visitor, and breaks revalidation.
Here a static file is compressed once per process (quick at first, then as small as brotli can in the background, the
result kept on disk for the next start), served from memory, and cached for ever where its address holds a fingerprint.
"""

from __future__ import annotations

import gzip
import hashlib
import os
import re
import tempfile
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import brotli
from flask import Response, request

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

#: Addresses whose answers do not change while the process runs.
STATIC = re.compile(r"/(assets|_dash-component-suites)/")
FINGERPRINTED = re.compile(r"\.v[\w-]+m[0-9a-f]+\.|[?&]m=[0-9.]+")
COMPRESSIBLE = re.compile(r"(text/|application/(json|javascript|xml|atom\+xml|geo\+json)|image/(svg\+xml|x-icon))")

FOR_EVER = "public, max-age=31536000, immutable"
FOR_A_DAY = "public, max-age=86400"

#: Smaller answers are sent as they are.
SMALLEST = 600

#: Bytes of static answers kept in memory, uncompressed size; what comes later is passed through.
MEMORY = 64 * 2**20

_VENDOR_HEADERS = {"content-type", "last-modified"}


@dataclass(slots=True)
class File:
    """One static answer in all its encodings."""

    headers: list[tuple[str, str]]
    plain: bytes
    etag: str
    mtime: float | None
    encoded: dict[str, bytes] = field(default_factory=dict)


def accepted(header: str) -> str:
    """The encoding to use for an ``Accept-Encoding`` header: "br", "gzip" or "" (``q=0`` means no)."""
    offered = {}
    for part in header.lower().split(","):
        name, _, weight = part.strip().partition(";")
        offered[name.strip()] = weight.replace(" ", "") not in ("q=0", "q=0.0", "q=0.00", "q=0.000")
    return next((name for name in ("br", "gzip") if offered.get(name)), "")


def encode(body: bytes, encoding: str, *, best: bool) -> bytes:
    """The body in one encoding; ``best`` takes seconds for a megabyte, otherwise milliseconds."""
    if encoding == "br":
        return bytes(brotli.compress(body, quality=11 if best else 7))
    return gzip.compress(body, 9 if best else 5, mtime=0)


class Static:
    """WSGI wrapper that answers static addresses from memory, compressed.

    The first request for an address asks the application below; what it says is kept. A file in ``assets`` is read
    again when its modification time changes. ``cache`` is a folder for the smallest forms; None keeps them in memory
    only.
    """

    def __init__(self, app: WSGIApplication, *, assets: Path, cache: Path | None) -> None:
        self.app = app
        self.assets = assets
        self.cache = cache
        self.files: dict[str, File] = {}
        self.size = 0
        self.lock = threading.Lock()
        self.queue: list[File] = []
        self.worker: threading.Thread | None = None

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        if environ.get("REQUEST_METHOD") not in ("GET", "HEAD") or not STATIC.match(path):
            return self.app(environ, start_response)
        file = self._known(path) or self._ask(path, environ)
        if file is None:
            return self.app(environ, start_response)
        return self._send(file, path, environ, start_response)

    def _known(self, path: str) -> File | None:
        file = self.files.get(path)
        return file if file is not None and file.mtime == self._mtime(path) else None

    def _mtime(self, path: str) -> float | None:
        if not path.startswith("/assets/"):
            return None
        try:
            return os.stat(self.assets / path.removeprefix("/assets/")).st_mtime
        except (OSError, ValueError):
            return None

    def _ask(self, path: str, environ: WSGIEnvironment) -> File | None:
        """The application's own answer, kept when it is a plain 200."""
        said: dict[str, Any] = {}

        def start(status: str, headers: list[tuple[str, str]], _info: Any = None) -> Callable[[bytes], object]:
            said.update(status=status, headers=headers)
            return lambda _data: None

        bare = {k: v for k, v in environ.items() if not k.startswith(("HTTP_IF_", "HTTP_RANGE", "HTTP_ACCEPT_ENC"))}
        answer = self.app(bare | {"REQUEST_METHOD": "GET"}, start)
        try:
            body = b"".join(answer)
        finally:
            close = getattr(answer, "close", None)
            if close is not None:
                close()
        if not said["status"].startswith("200") or self.size + len(body) > MEMORY:
            return None
        headers = [(name, value) for name, value in said["headers"] if name.lower() in _VENDOR_HEADERS]
        file = File(headers, body, hashlib.sha256(body).hexdigest()[:20], self._mtime(path))
        if len(body) >= SMALLEST and any(n.lower() == "content-type" and COMPRESSIBLE.match(v) for n, v in headers):
            for encoding in ("br", "gzip"):
                kept = self._kept(file, encoding)
                file.encoded[encoding] = kept if kept is not None else encode(body, encoding, best=False)
                if kept is None and file not in self.queue:
                    self.queue.append(file)
        with self.lock:
            self.files[path] = file
            self.size += len(body)
            if self.queue and (self.worker is None or not self.worker.is_alive()):
                self.worker = threading.Thread(target=self._squeeze, name="squeeze", daemon=True)
                self.worker.start()
        return file

    def _squeeze(self) -> None:
        """Replace the quick forms by the smallest ones, one file after the other."""
        while self.queue:
            file = self.queue.pop()
            for encoding in ("br", "gzip"):
                best = self._kept(file, encoding) or encode(file.plain, encoding, best=True)
                small = min(best, file.encoded[encoding], key=len)
                file.encoded[encoding] = small
                self._keep(file, encoding, small)

    def _kept(self, file: File, encoding: str) -> bytes | None:
        if self.cache is None:
            return None
        try:
            return (self.cache / f"{file.etag}.{encoding}").read_bytes()
        except OSError:
            return None  # not there yet, or not readable: it is made again

    def _keep(self, file: File, encoding: str, body: bytes) -> None:
        if self.cache is None:
            return
        try:
            self.cache.mkdir(parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(dir=self.cache)
            with os.fdopen(handle, "wb") as out:
                out.write(body)
            os.replace(name, self.cache / f"{file.etag}.{encoding}")
        except OSError:
            self.cache = None  # a read-only folder: memory has to do

    def _send(self, file: File, path: str, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        encoding = accepted(environ.get("HTTP_ACCEPT_ENCODING", "")) if file.encoded else ""
        fingerprinted = FINGERPRINTED.search(f"{path}?{environ.get('QUERY_STRING', '')}") is not None
        etag = f'"{file.etag}{"-" if encoding else ""}{encoding}"'
        headers = [
            *file.headers,
            ("Cache-Control", FOR_EVER if fingerprinted else FOR_A_DAY),
            ("ETag", etag),
            ("X-Content-Type-Options", "nosniff"),
        ]
        if file.encoded:
            headers.append(("Vary", "Accept-Encoding"))
        if etag in environ.get("HTTP_IF_NONE_MATCH", ""):
            start_response("304 Not Modified", [h for h in headers if h[0] != "Content-Type"])
            return []
        body = file.encoded[encoding] if encoding else file.plain
        if encoding:
            headers.append(("Content-Encoding", encoding))
        start_response("200 OK", [*headers, ("Content-Length", str(len(body)))])
        return [] if environ.get("REQUEST_METHOD") == "HEAD" else [body]


def compress(response: Response) -> Response:
    """Compress an answer on its way out, cheaply; for ``after_request``. What is compressed already is left alone."""
    if (
        response.direct_passthrough
        or response.is_streamed
        or response.status_code in (204, 304)
        or "Content-Encoding" in response.headers
        or not COMPRESSIBLE.match(response.content_type or "")
    ):
        return response
    response.vary.add("Accept-Encoding")
    encoding = accepted(request.headers.get("Accept-Encoding", ""))
    body = response.get_data()
    if not encoding or len(body) < SMALLEST:
        return response
    response.set_data(encode(body, encoding, best=False))
    response.headers["Content-Encoding"] = encoding
    etag, weak = response.get_etag()
    if etag and not weak:
        response.set_etag(etag, weak=True)  # the same content in another encoding
    return response
