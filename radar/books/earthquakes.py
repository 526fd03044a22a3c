"""The book of earthquakes."""

from __future__ import annotations

from radar.books._context import book_of

BOOK = book_of("earthquakes")
