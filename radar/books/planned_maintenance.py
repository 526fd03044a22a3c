"""The book of planned maintenance."""

from __future__ import annotations

from radar.books._context import book_of

BOOK = book_of("planned_maintenance")
