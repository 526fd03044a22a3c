"""The book of warnings."""

from __future__ import annotations

from radar.books._context import book_of

BOOK = book_of("weather_alerts")
