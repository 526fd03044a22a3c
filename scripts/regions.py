"""Write radar/locale/regions.json: what the regions of countries are called, by language and ISO 3166-2 code.

``python -m scripts.regions FOLDER``: the folder ``common/subdivisions`` of Unicode CLDR (Unicode-3.0), whose form in
JSON, and Babel, have next to none of them. Names of another language than English are kept where they differ.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from xml.etree import ElementTree

from radar.entities import is_entity
from radar.languages import FOLDER, LANGUAGES

FILE = FOLDER / "regions.json"


def names(folder: Path, language: str) -> dict[str, str]:
    """All names of one language, by code."""
    told = ElementTree.parse(folder / f"{language}.xml").iterfind(".//subdivision")
    found = {f"{row.attrib['type'][:2]}-{row.attrib['type'][2:]}".upper(): row.text or "" for row in told}
    return {code: name for code, name in sorted(found.items()) if is_entity(f"region/{code}")}


def text(folder: Path) -> str:
    """The whole file."""
    english = names(folder, "en")
    table = {"en": english}
    for language in LANGUAGES:
        if language != "en":
            told = names(folder, language)
            table[language] = {code: name for code, name in told.items() if english.get(code) != name}
    return json.dumps(table, ensure_ascii=False, indent=0) + "\n"


if __name__ == "__main__":
    FILE.write_text(text(Path(sys.argv[1])), encoding="utf-8")
