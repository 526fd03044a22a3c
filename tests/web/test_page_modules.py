"""Dash runs every page's module by itself: what another module imports of it would be a second copy, with a second
memory of what was read. What pages share lies in modules that begin with ``_``."""

from __future__ import annotations

from tests.test_layers import MODULES, imported, within

PAGES = {m for m in MODULES if within(m, ("radar.pages",)) and not m.rpartition(".")[2].startswith("_")}


def test_no_module_imports_a_page() -> None:
    assert "radar.pages.attacks" in PAGES
    wrong = [
        f"{MODULES[module].name}:{line} imports {name}"
        for module in MODULES
        for name, line in imported(module)
        if name in PAGES - {"radar.pages"}
    ]
    assert wrong == []
