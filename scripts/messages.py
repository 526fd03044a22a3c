"""Take all messages to the translators and back: ``python -m scripts.messages``.

Writes into radar/locale: ``radar.pot``, the template; ``<language>/LC_MESSAGES/radar.po`` with what is new in it (no
translation yet) and without what is gone, and ``radar.mo`` made of it; ``told.json``, the messages with placeholders
that jobs write into documents; ``cldr.json``. Then it says what is still to be translated.

Messages come from the calls of ``_``, ``N_`` and ``ngettext`` in the code, and from the texts of the catalogue of
signals, of the sources, of the rules and of the country table. A test checks that all files are current. Upstream:
Babel (BSD-3-Clause).
"""

from __future__ import annotations

import ast
import io
import json
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

from radar import __version__, entities, providers, reference, rules, signals
from radar.languages import FOLDER, LANGUAGES
from radar.sources import discover
from scripts import cldr

Found = tuple[int, str, tuple[str, ...], list[str]]

ROOT = Path(__file__).resolve().parent.parent
FILE = FOLDER / "radar.pot"
TOLD = FOLDER / "told.json"
ACCURACY = ROOT / "radar" / "data" / "accuracy.json"

KEYWORDS = {"_": None, "N_": None, "ngettext": (1, 2)}

#: Languages that are translated into.
TRANSLATED = tuple(name for name in LANGUAGES if name != "en")

#: Who writes sentences that are stored: in English, and put into the reader's language when they are read.
TELLERS = ("jobs/", "radar/aggregate/", "radar/books/", "radar/data/", "radar/detect/", "radar/routing/",
           "radar/sources/", "radar/causes.py", "radar/entities.py", "radar/labels.py", "radar/providers.py",
           "radar/reviews.py", "radar/rules.py")  # fmt: skip

#: Changes with every run and says nothing.
_UNSTABLE = (
    "Report-Msgid-Bugs-To",
    "POT-Creation-Date",
    "PO-Revision-Date",
    "Last-Translator",
    "Language-Team",
    "Generated-By",
)

HEAD = "# Messages of Internet Radar. Made by `python -m scripts.messages`; do not edit.\n#\n"
PO_HEAD = "# Internet Radar in {name}. Translations are written here; `python -m scripts.messages` does the rest.\n#\n"


def catalogue() -> Catalog:
    """All messages with the files that they come from."""
    found = Catalog(project="Internet Radar", version=__version__, charset="utf-8")
    with (ROOT / "babel.cfg").open(encoding="utf-8") as file:
        methods, options = parse_mapping_cfg(file, "babel.cfg")  # type: ignore[no-untyped-call]  # Babel leaves it untyped
    for name, line, message, comments, context in extract_from_dir(
        str(ROOT), method_map=methods, options_map=options, keywords=KEYWORDS, directory_filter=_ours
    ):
        found.add(message, locations=[(name, line)], auto_comments=comments, context=context)
    for place, texts in _tables():
        for text in texts:
            if text:
                found.add(text, locations=[(place, 1)])
    return found


#: What is in a name of who measures that is a sentence of ours, and no name.
_OWN_WORDS = r"operator|[Tt]his radar|themselves|beside each|that warns|percentiles by|networks by| and RouteViews$"


def _tables() -> Iterator[tuple[str, Iterable[str | tuple[str, str]]]]:
    """Texts that stand in tables, by file; of what is counted the singular and the plural."""
    yield "radar/signals.py", [signals.counted(unit) for unit in signals.ONE]
    for signal in signals.SIGNALS.values():
        yield "radar/signals.py", (signal.title, signal.unit, signal.help)
    for name, module in sorted(discover().items()):
        source = module.SOURCE
        yield f"radar/sources/{name}.py", (source.title, source.summary)
        # sentences, and no names
        own = [text for text in (source.org, source.attribution) if re.search(_OWN_WORDS, text)]
        yield f"radar/sources/{name}.py", [*own, *([source.licence] if re.search("[a-z]{4}", source.licence) else [])]
    yield "radar/data/rules.toml", rules.read(rules.FILE).texts()
    yield "radar/data/countries.csv", sorted({row.subregion for row in entities.countries().values()})
    yield "radar/data/", [reference.info(name).title for name in reference.names()]
    yield "radar/data/accuracy.json", sorted(_named(json.loads(ACCURACY.read_text(encoding="utf-8"))))
    yield "radar/providers.py", [row.name for row in providers.registry().values() if row.slug.startswith("our-")]


def _named(node: Any, key: str = "") -> set[str]:
    """What the scoreboard calls its worlds, sets and bands."""
    if isinstance(node, dict):
        return set().union(*(_named(value, name) for name, value in node.items()))
    if isinstance(node, list):
        return set().union(*(_named(value, key) for value in node))
    return {node} if isinstance(node, str) and key in ("band", "name", "world") else set()


def extract(
    file: IO[bytes], keywords: Iterable[str], tags: Sequence[str], options: Mapping[str, str]
) -> Iterator[Found]:
    """Messages of one Python file, for Babel: (line, function, texts, comments).

    Babel's own extractor reads tokens, and before Python 3.12 an f-string is one token: what is called inside is not
    seen. The syntax tree has it.
    """
    wanted = set(keywords)
    for node in ast.walk(ast.parse(file.read())):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name) or node.func.id not in wanted:
            continue
        texts = tuple(a.value for a in node.args if isinstance(a, ast.Constant) and isinstance(a.value, str))
        if texts:
            yield node.lineno, node.func.id, texts, []


def _ours(folder: str | Path) -> bool:
    name = Path(folder).name
    return not name.startswith(".") and name not in ("__pycache__", "var", "build", "tests", "node_modules")


def text() -> str:
    """The template. Line numbers and dates are left out, so that it changes only when a message does."""
    return _text(catalogue(), HEAD)


def _text(messages: Catalog, head: str) -> str:
    out = io.BytesIO()
    write_po(out, messages, width=100, sort_by_file=True, include_lineno=False, omit_header=False, ignore_obsolete=True)
    body = out.getvalue().decode("utf-8")
    lines = [
        line
        for line in body[body.index('msgid ""\nmsgstr ""') :].splitlines()
        if not line.startswith(tuple(f'"{w}' for w in _UNSTABLE))
    ]
    return head + "\n".join(lines).rstrip() + "\n"


def translated(language: str) -> Catalog:
    """The template with the translations of a language; "" where there is none. Nothing is guessed."""
    path = _po(language)
    old = read_po(io.BytesIO(path.read_bytes()), locale=language) if path.is_file() else Catalog(locale=language)
    new = Catalog(locale=language, project="Internet Radar", version=__version__, charset="utf-8")
    for message in catalogue():
        if not message.id:
            continue
        known = old.get(message.id[0] if isinstance(message.id, tuple) else message.id)
        fits = known is not None and isinstance(known.string, tuple) == message.pluralizable
        new.add(message.id, known.string if known and fits else None, locations=message.locations)
    return new


def missing(messages: Catalog) -> list[Message]:
    """Messages without a translation, or with an uncertain one."""
    return [m for m in messages if m.id and (m.fuzzy or not m.string or (m.pluralizable and not all(m.string)))]


def po_text(language: str) -> str:
    """The catalogue of a language as it should be."""
    return _text(translated(language), PO_HEAD.format(name=LANGUAGES[language]))


def mo_bytes(language: str) -> bytes:
    """The same as the site reads it. Without dates, so that it changes only when a message does."""
    out = io.BytesIO()
    messages = read_po(io.BytesIO(_po(language).read_bytes()), locale=language)
    messages.creation_date = messages.revision_date = datetime(2026, 1, 1, tzinfo=UTC)
    write_mo(out, messages)
    return out.getvalue()


def told_text() -> str:
    """Messages with placeholders that end up in stored texts: [message] or [singular, plural]."""
    rows = []
    for message in catalogue():
        forms = list(message.id) if isinstance(message.id, tuple) else [message.id]
        if "{" in forms[0] and any(name.startswith(TELLERS) for name, _line in message.locations):
            rows.append(forms)
    return json.dumps(sorted(rows), ensure_ascii=False, indent=0) + "\n"


def _po(language: str) -> Path:
    return FOLDER / language / "LC_MESSAGES" / "radar.po"


def write() -> list[str]:
    """Write all files. Returns what is still to be translated: "es: message"."""
    FILE.write_text(text(), encoding="utf-8")
    TOLD.write_text(told_text(), encoding="utf-8")
    cldr.FILE.write_text(cldr.text(), encoding="utf-8")
    cldr.OWN_NAMES.write_text(cldr.own_names(), encoding="utf-8")
    left = []
    for language in TRANSLATED:
        path = _po(language)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(po_text(language), encoding="utf-8")
        path.with_suffix(".mo").write_bytes(mo_bytes(language))
        left += [f"{language}: {m.id if isinstance(m.id, str) else m.id[0]}" for m in missing(translated(language))]
    return left


if __name__ == "__main__":
    todo = write()
    print("\n".join([*todo, f"{len(todo)} to be translated"]), file=sys.stderr)
