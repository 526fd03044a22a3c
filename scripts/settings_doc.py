"""Write docs/settings.md from the table of settings (``make docs``). A test checks that it is current."""

from __future__ import annotations

from pathlib import Path

from radar.settings import SETTINGS, Row

FILE = Path(__file__).resolve().parent.parent / "docs" / "settings.md"

HEAD = """# Settings

Made by `make docs` from the table in `radar/settings.py`; change it there.

Every setting is an environment variable. A value that does not parse, or a `RADAR_` variable that is no setting, stops
the program at start with a message that names it. An empty value means the default. `radar doctor` says what it reads.

| variable | default | meaning |
|---|---|---|
"""

TAIL = """
Two radars on one machine need different values of `PORT` and `RADAR_DATA_DIR`. How to run one for good is in
[deploy.md](deploy.md).
"""


def page() -> str:
    """The whole page."""
    return HEAD + "".join(line(row) for row in SETTINGS) + TAIL


def line(row: Row) -> str:
    """One row of the table."""
    names = ", ".join(f"`{name}`" for name in (row.variable, *row.aliases))
    default = f"`{row.default}`" if row.default else "empty"
    return f"| {names} | {default} | {row.help} |\n"


if __name__ == "__main__":
    FILE.parent.mkdir(exist_ok=True)
    FILE.write_text(page(), encoding="utf-8")
