"""Write rows and hashes of the packaged reference tables into their manifest: ``python -m scripts.reference``."""

from __future__ import annotations

import re
from pathlib import Path

from radar import reference

DATA = Path(__file__).resolve().parent.parent / "radar" / "data"


def current(text: str) -> str:
    """The manifest with the rows and hashes that the files have now."""
    for name, said in reference.packaged().items():
        raw = (DATA / said.file).read_bytes()
        rows, digest = len(reference.rows_of(raw)) - 1, reference.sha256(raw)
        block = re.compile(rf"(\[{name}\]\n(?:(?!\n\[).)*?\nrows = )\d+(\nsha256 = \")[^\"]*", re.S)
        text = block.sub(rf"\g<1>{rows}\g<2>{digest}", text)
    return text


if __name__ == "__main__":
    manifest = DATA / "reference.toml"
    manifest.write_text(current(manifest.read_text("utf-8")), encoding="utf-8")
