"""Write radar/locale/radar.pot, the messages that translators start from: ``python -m scripts.messages``.

Messages come from the calls of ``_``, ``N_`` and ``ngettext`` in the code, and from the texts of the catalogue of
signals and of the rules. A test checks that the file is current. Upstream: Babel (BSD-3-Clause).
"""

from __future__ import annotations

import ast
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.pofile import write_po

from radar import __version__, rules, signals

Found = tuple[int, str, tuple[str, ...], list[str]]

ROOT = Path(__file__).resolve().parent.parent
FILE = ROOT / "radar" / "locale" / "radar.pot"

KEYWORDS = {"_": None, "N_": None, "ngettext": (1, 2)}

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


def catalogue() -> Catalog:
    """All messages with the files that they come from."""
    found = Catalog(project="Internet Radar", version=__version__, charset="utf-8")
    with (ROOT / "babel.cfg").open(encoding="utf-8") as file:
        methods, options = parse_mapping_cfg(file, "babel.cfg")  # type: ignore[no-untyped-call]  # Babel leaves it untyped
    for name, line, message, comments, context in extract_from_dir(
        str(ROOT), method_map=methods, options_map=options, keywords=KEYWORDS, directory_filter=_ours
    ):
        found.add(message, locations=[(name, line)], auto_comments=comments, context=context)
    for signal in signals.SIGNALS.values():
        for text in (signal.title, signal.unit, signal.help):
            found.add(text, locations=[("radar/signals.py", 1)])
    for text in rules.read(rules.FILE).texts():
        found.add(text, locations=[("radar/data/rules.toml", 1)])
    return found


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
    """The whole file. Line numbers and dates are left out, so that it changes only when a message does."""
    out = io.BytesIO()
    write_po(out, catalogue(), width=100, sort_by_file=True, include_lineno=False)
    body = out.getvalue().decode("utf-8")
    lines = [
        line
        for line in body[body.index("msgid") :].splitlines()
        if not line.startswith(tuple(f'"{w}' for w in _UNSTABLE))
    ]
    return HEAD + "\n".join(lines).rstrip() + "\n"


if __name__ == "__main__":
    FILE.parent.mkdir(parents=True, exist_ok=True)
    FILE.write_text(text(), encoding="utf-8")
