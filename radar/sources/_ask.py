"""Ask an upstream item by item (country by country) so that one refusal does not stop the others."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator

from radar.errors import UpstreamChanged
from radar.sources import Answer

#: More refusals than this share of the items, and it is no longer about single items.
_TOLERATED = 0.2

#: So many refusals and no answer at all: asking on would only be a burden.
_ENOUGH = 10

_log = logging.getLogger(__name__)


def ask_each(source: str, items: Iterable[str], ask: Callable[[str], Iterator[Answer]]) -> Iterator[Answer]:
    """Yield the answers for each item. An item that upstream refuses is logged and passed over.

    Raises
    ------
    UpstreamUnavailable
        At once: whoever is down for one item is down for all, and asking on would not be polite.
    UpstreamChanged
        After all items, when more than a fifth of them were refused, or after ten when all of them were; says how
        many, and why the first was.
    """
    asked, refused, first = 0, 0, ""
    for item in items:
        asked += 1
        try:
            yield from ask(item)
        except UpstreamChanged as error:
            refused, first = refused + 1, first or f"{item}: {error}"
            _log.warning("passed over: %s", error)
            if refused == asked == _ENOUGH:
                break
    if refused > _TOLERATED * asked:
        raise UpstreamChanged(source, f"{refused} of {asked} items were refused, first {first}")
