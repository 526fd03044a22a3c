"""Which language is spoken now, and its catalogue of messages.

Everything that is stored or exported is English: documents, the API, columns of CSV files. Only what a reader looks at
is put into the reader's language, for the time of one request (``speaking``); the language belongs to the running
thread or task and never to the process. ``radar/locale`` holds the catalogues (``python -m scripts.messages``).
"""

from __future__ import annotations

import gettext
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from pathlib import Path

#: Languages that are spoken, by code, as they call themselves. The first is that of the code and of all that is stored.
LANGUAGES: dict[str, str] = {"en": "English", "es": "Español"}

FOLDER = Path(__file__).parent / "locale"

_spoken: ContextVar[str] = ContextVar("language", default="en")


def current() -> str:
    """The code of the language that is spoken now; English where nobody has said."""
    return _spoken.get()


@contextmanager
def speaking(language: str) -> Iterator[None]:
    """Speak this language inside. Raises ValueError for one that has no catalogue."""
    if language not in LANGUAGES:
        raise ValueError(f"{language!r} is not spoken here; expected one of {', '.join(LANGUAGES)}")
    token = _spoken.set(language)
    try:
        yield
    finally:
        _spoken.reset(token)


@lru_cache(maxsize=len(LANGUAGES))
def catalogue(language: str) -> gettext.NullTranslations:
    """The messages of a language; English is written in the code and needs no file."""
    if language == "en":
        return gettext.NullTranslations()
    return gettext.translation("radar", FOLDER, languages=[language])
