"""Sentences that jobs have written into documents, told in the reader's language.

What is stored is English: the API, replays and files say the same to everyone. Each sentence came from a message with
named placeholders (``radar/locale/told.json``), so it can be taken apart again by those messages and put together by
their translations; what stands in a placeholder (a signal, a country, a time, a number) is retold in turn. A text that
fits no message, such as the name of a network or what a person wrote, stays as it is.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from radar import cldr, entities, languages
from radar.labels import _, ngettext

#: Keys of documents whose texts are sentences or titles of ours.
KEYS = frozenset({
    "against", "basis", "for", "headline", "note", "off", "retraction", "rule_words", "summary", "text", "verdict",
    "why", "words",
})  # fmt: skip

#: What may stand in a placeholder, by its name; anything where nothing is said.
_NUMBER = r"[−-]?\d[\d,]*(?:\.\d+)?"
_FORMS = {
    **dict.fromkeys(("times", "total", "minutes", "p", "peers", "days", "h"), _NUMBER),
    **dict.fromkeys(("n", "m"), rf"{_NUMBER}(?: (?:m|b)illion| %)?|an unknown part|under 1 %"),
    "pct": rf"(?:under )?{_NUMBER} %|an unknown part",
    "clock": r"\d\d:\d\d",
    "day": r"\d{1,2}",
    "month": "[A-Z][a-z]+",
    "year": r"\d{4}",
    "weekday": "[A-Z][a-z]+day",
}
#: Names of the numbers of rules.
_COUNTED = re.compile(r"_(?:drop|z|bins|pc|ms|min|in|days|ends)$|^(?:fewest|deviations)$")
_FIELD = re.compile(r"\{(\w+)\}")
_DAY = re.compile(r"(\d{1,2}) ([A-Z][a-z]+) (\d{4})")
_NETWORK = re.compile(r"(AS\d+(?: .+)?) in ([^.,;]+)")
_SENTENCE = re.compile(r"(?<=[.!?]) (?=\S)")

#: Longest text that is taken apart; nothing of ours is longer.
_LONGEST = 2000


@dataclass(frozen=True, slots=True)
class _Template:
    """A message as it is found in a text. ``words``: what must be in the text, so that few patterns are tried."""

    forms: tuple[str, ...]
    words: tuple[str, ...]
    pattern: re.Pattern[str]

    def read(self, said: str) -> re.Match[str] | None:
        """What stands in the placeholders, where the text is of this form."""
        return self.pattern.fullmatch(said) if all(word in said for word in self.words) else None

    def retold(self, values: Mapping[str, str]) -> str:
        told = {name: _part(value) for name, value in values.items()}
        if len(self.forms) == 1:
            return _(self.forms[0]).format(**told)
        number = values.get("n", "").replace(",", "")
        one, many = self.forms
        return ngettext(one, many, int(number) if number.isdigit() else 2).format(**told)


def document(found: Any) -> Any:
    """A document with its sentences in the language that is spoken now; the same object in English."""
    return found if languages.current() == "en" else _walked(found, "")


def text(said: str) -> str:
    """One text in the language that is spoken now.

    >>> with languages.speaking("es"): text("Most routes stayed up while packets were lost.")
    'La mayoría de las rutas siguió en pie mientras se perdían paquetes.'
    """
    return said if languages.current() == "en" or not said else _retold(languages.current(), said)


def _walked(node: Any, key: str) -> Any:
    if isinstance(node, dict):
        return {name: _walked(value, name) for name, value in node.items()}
    if isinstance(node, list):
        return [_walked(value, key) for value in node]
    # a word alone is the name of a thing or a code that the page looks up, such as "affected"
    return text(node) if isinstance(node, str) and key in KEYS and " " in node else node


@lru_cache(maxsize=20_000)
def _retold(_language: str, said: str) -> str:
    """By sentences: the fewest that together fit messages; one that fits none stays as it is."""
    if len(said) > _LONGEST:
        return said
    rest, parts = _SENTENCE.split(said), []
    while rest:
        for length in range(1, len(rest) + 1):
            found = _one(" ".join(rest[:length]))
            if found is not None:
                break
        else:
            length, found = 1, rest[0]
        parts.append(found)
        rest = rest[length:]
    return " ".join(parts)


def _part(said: str) -> str:
    """What stood in a placeholder: a message, a country, a month, a number, a list of those; else as it is."""
    for found in (_one(said), _listed(said)):
        if found is not None:
            return found
    return cldr.written(said) if re.fullmatch(rf"{_NUMBER}( .*)?", said) else said


def _one(said: str) -> str | None:
    """One sentence or name; None where it is no message of ours."""
    return _one_in(languages.current(), said)


@lru_cache(maxsize=20_000)
def _one_in(_language: str, said: str) -> str | None:
    exact = _exact(said)
    if exact is not None:
        return exact
    for template in _templates():
        match = template.read(said)
        if match is not None:
            return _cased(template.retold(match.groupdict()), said)
    inner = _one(said[:-1]) if said.endswith(".") else None
    return inner and f"{inner}."


def _exact(said: str) -> str | None:
    name = _names().get(said)
    if name is not None:
        return name
    for spelled in (said, said[:1].upper() + said[1:]):
        told = _(spelled)
        if told != spelled:
            return _cased(told, said)
    if ", " in said and (region := _regions_in(languages.current()).get(said)):
        return region
    day = _DAY.fullmatch(said)
    if day and day[2] in _names():
        return _("{day} {month} {year}").format(day=day[1], month=_names()[day[2]], year=day[3])
    network = _NETWORK.fullmatch(said)
    if network and network[2] in _names():
        return _("{network} in {country}").format(network=network[1], country=_names()[network[2]])
    return None


def _listed(said: str) -> str | None:
    """Parts of a list, if any of them is ours."""
    for joint in ("; ", ", "):
        parts = said.split(joint)
        told = [_one(part) for part in parts]
        if len(parts) > 1 and any(told):
            return joint.join(new or old for new, old in zip(told, parts, strict=True))
    return None


def _cased(told: str, said: str) -> str:
    """A sentence that was begun small inside of another begins small, but for abbreviations and names."""
    small = said[:1].islower() and told[:1].isupper() and not told[1:2].isupper()
    return told[:1].lower() + told[1:] if small else told


def _names() -> Mapping[str, str]:
    return _names_in(languages.current())


@lru_cache(maxsize=len(languages.LANGUAGES))
def _names_in(language: str) -> Mapping[str, str]:
    """Countries, months and days of the week by their English names."""
    with languages.speaking("en"):
        english = [*cldr.rule("months"), *cldr.rule("days")]
    with languages.speaking(language):
        own = [*cldr.rule("months"), *cldr.rule("days")]
        names = {row.name: entities.country_name(cc) for cc, row in entities.countries().items()}
        return names | dict(zip(english, own, strict=True))


@lru_cache(maxsize=len(languages.LANGUAGES))
def _regions_in(language: str) -> Mapping[str, str]:
    """Regions by their English names, where they have another one in this language: they, or their countries."""
    keys = [f"region/{code}" for code in cldr.regions()["en"]]
    with languages.speaking("en"):
        english = [entities.name(key) for key in keys]
    with languages.speaking(language):
        return {name: own for name, key in zip(english, keys, strict=True) if (own := entities.name(key)) != name}


@lru_cache(maxsize=1)
def _templates() -> list[_Template]:
    """All messages that can be told, those with the most words of their own first."""
    rows = json.loads((languages.FOLDER / "told.json").read_text(encoding="utf-8"))
    found = [(_own(form), _Template(tuple(forms), _words(form), _pattern(form))) for forms in rows for form in forms]
    return [template for length, template in sorted(found, key=lambda row: -row[0]) if length]


def _own(form: str) -> int:
    """Letters of a message that are not in placeholders."""
    return sum(c.isalpha() for c in _FIELD.sub("", form))


def _words(form: str) -> tuple[str, ...]:
    """The text between placeholders, without the first letter, which may be small or not."""
    first, *rest = _FIELD.split(form)[::2]
    return tuple(sorted((piece for piece in (first[1:], *rest) if piece), key=len, reverse=True))


def _pattern(form: str) -> re.Pattern[str]:
    return re.compile("".join(_pieces(form)), re.DOTALL)


def _pieces(form: str) -> Iterator[str]:
    seen: set[str] = set()
    for at, piece in enumerate(_FIELD.split(form)):
        if at % 2 == 0:
            first = piece[:1]
            loose = at == 0 and first.isalpha() and first.isupper()  # begun small inside of a sentence
            yield f"[{first}{first.lower()}]{re.escape(piece[1:])}" if loose else re.escape(piece)
        elif piece in seen:
            yield f"(?P={piece})"
        else:
            seen.add(piece)
            form = (
                _countries() if piece == "country" else _FORMS.get(piece, _NUMBER if _COUNTED.search(piece) else ".+?")
            )
            yield f"(?P<{piece}>{form})"


@lru_cache(maxsize=1)
def _countries() -> str:
    return "|".join(sorted((re.escape(row.name) for row in entities.countries().values()), key=len, reverse=True))
