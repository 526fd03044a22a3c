"""Answers kept for conditional requests: an upstream that says "304 Not Modified" spares both sides the body.

In memory, or as one file per address in a folder, so that a restart asks politely too. What is kept is only a saving:
a file that is missing or broken means the answer is asked for in full again.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import threading
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path

import httpx

#: Bodies beyond this are not worth keeping, nor are more than ``_KEEP`` of them in memory.
_LARGEST = 16 * 1024 * 1024
_KEEP = 64

#: Files in the folder beyond this many are dropped, the oldest first: addresses that name a time are never asked twice.
_KEEP_FILES = 512


@dataclass(frozen=True, slots=True)
class Cached:
    """One kept answer with what upstream called it by; '' where it gave none."""

    etag: str
    modified: str
    body: bytes

    @classmethod
    def of(cls, headers: httpx.Headers, body: bytes) -> Cached:
        """From an answer's headers."""
        return cls(headers.get("ETag", ""), headers.get("Last-Modified", ""), body)

    def conditions(self) -> dict[str, str]:
        """Headers that ask "only if it changed"."""
        found = {"If-None-Match": self.etag, "If-Modified-Since": self.modified}
        return {name: value for name, value in found.items() if value}


class Cache:
    """Answers by address, in a folder or in memory; safe to share between threads."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._memory: OrderedDict[str, Cached] = OrderedDict()
        self._lock = threading.Lock()
        self._written = 0

    def get(self, url: str) -> Cached | None:
        """The kept answer of an address, or None."""
        if self._folder is None:
            with self._lock:
                return self._memory.get(url)
        try:
            head, _, body = self._file(url).read_bytes().partition(b"\n")
            told = json.loads(head)
            if told["url"] == url and told["digest"] == hashlib.sha256(body).hexdigest():
                return Cached(str(told["etag"]), str(told["modified"]), body)
        except (OSError, ValueError, KeyError, TypeError):
            pass  # absent or broken: ask in full
        return None

    def put(self, url: str, answer: Cached) -> None:
        """Keep an answer that can be asked for conditionally; others are not kept. A full disk is no error here."""
        if not answer.conditions() or len(answer.body) > _LARGEST:
            return
        if self._folder is None:
            with self._lock:
                self._memory[url] = answer
                self._memory.move_to_end(url)
                while len(self._memory) > _KEEP:
                    self._memory.popitem(last=False)
            return
        told = {"url": url, "etag": answer.etag, "modified": answer.modified,
                "digest": hashlib.sha256(answer.body).hexdigest()}  # fmt: skip
        file = self._file(url)
        draft = file.with_suffix(f".{os.getpid()}.{threading.get_ident()}.tmp")
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            draft.write_bytes(json.dumps(told).encode() + b"\n" + answer.body)
            draft.replace(file)
            self._written += 1
            if self._written % 64 == 1:
                self._prune()
        except OSError:
            with contextlib.suppress(OSError):
                draft.unlink(missing_ok=True)

    def _prune(self) -> None:
        """Drop the oldest files, and drafts of processes that died."""
        assert self._folder is not None
        found = sorted(self._folder.glob("*.*"), key=lambda path: path.stat().st_mtime, reverse=True)
        for path in found[_KEEP_FILES:]:
            path.unlink(missing_ok=True)

    def _file(self, url: str) -> Path:
        assert self._folder is not None
        return self._folder / (hashlib.sha256(url.encode()).hexdigest()[:32] + ".http")
