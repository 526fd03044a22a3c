"""Who may import whom (docs/architecture.md), read from the source with ``ast``; and what the web process loads."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

REPO = Path(__file__).resolve().parent.parent

#: The ground that everything stands on.
BASE = (
    "radar.schema", "radar.entities", "radar.signals", "radar.settings", "radar.errors", "radar.labels",
    "radar.shapes", "radar.times",
    "radar.bands", "radar.known", "radar.reviews", "radar.rules", "radar.providers", "radar.reference", "radar.people",
    "radar.causes", "radar.languages", "radar.cldr", "radar.retell",
)  # fmt: skip
HEAVY = ("polars", "numpy", "pandas", "pyarrow")
WEB_LIBRARIES = ("dash", "plotly", "flask")


@dataclass(frozen=True)
class Layer:
    """One row of the table. ``may``: the only parts of this project that it may import; empty: all but ``never``."""

    modules: tuple[str, ...]
    never: tuple[str, ...]
    may: tuple[str, ...] = ()


LAYERS = (
    Layer(tuple(m for m in BASE if m != "radar.schema"), (*HEAVY, *WEB_LIBRARIES, "redis", "httpx"), BASE),
    Layer(("radar.schema", "radar.cells"), (*WEB_LIBRARIES, "redis", "httpx"), BASE),
    Layer(("radar.sketch",), (*WEB_LIBRARIES, "redis", "httpx"), (*BASE, "radar.cells")),
    Layer(
        ("radar.sources",),
        (*WEB_LIBRARIES, "redis", "httpx", "radar.store", "radar.detect"),
        (*BASE, "radar.sources", "radar.routing", "radar.sketch", "radar.cells"),
    ),
    Layer(("radar.routing",), (*WEB_LIBRARIES, "redis", "httpx"), (*BASE, "radar.routing")),
    Layer(
        ("radar.aggregate", "radar.detect", "radar.books"),
        (*WEB_LIBRARIES, "redis", "httpx", "radar.http", "radar.store"),
        (*BASE, "radar.aggregate", "radar.books", "radar.detect", "radar.sources", "radar.sketch", "radar.cells"),
    ),
    Layer(("radar.store",), (*WEB_LIBRARIES, "radar.sources", "radar.detect"), (*BASE, "radar.store", "radar")),
    Layer(("jobs",), ("dash", "plotly", "flask", "radar.pages", "radar.api", "radar.components", "radar.figures")),
    Layer(("radar.figures", "radar.components"), (*HEAVY, "redis", "radar.store")),
    Layer(
        ("radar.pages", "radar.api", "radar.beacon"),
        (
            *HEAVY,
            "httpx",
            "radar.sources",
            "radar.routing",
            "radar.aggregate",
            "radar.detect",
            "radar.books",
            "radar.http",
            "radar.archive",
            "jobs",
        ),
    ),
    Layer(
        (
            "radar.web",
            "radar.serve",
            "radar.store.series",
            "radar.store.documents",
            "radar.store.keys",
            "radar.store.routes",
            "radar.store.performance",
        ),
        (*HEAVY, "radar.schema", "radar.store.blocks", "jobs"),
    ),
)

#: Time is passed in below the jobs: these modules never read the wall clock.
TIMELESS = (
    "radar.sources",
    "radar.routing",
    "radar.aggregate",
    "radar.detect",
    "radar.books",
    "radar.store",
    "radar.schema",
    "radar.sketch",
    "radar.cells",
    "radar.figures",
)
CLOCKS = {"datetime.now", "datetime.utcnow", "datetime.today", "date.today", "time.time", "time.time_ns"}

#: The environment is read in one place; the second hands PATH to the server that it starts.
ENVIRONMENT = {"radar.settings", "radar.store.embedded"}


def modules() -> dict[str, Path]:
    """Every module of the project by its dotted name."""
    found = {}
    for top in ("radar", "jobs"):
        for path in sorted((REPO / top).rglob("*.py")):
            parts = path.relative_to(REPO).with_suffix("").parts
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


MODULES = modules()


def within(module: str, packages: tuple[str, ...]) -> bool:
    """Is the module one of these, or inside one of them?"""
    return any(module == package or module.startswith(f"{package}.") for package in packages)


def imports(tree: ast.AST, module: str, *, is_package: bool) -> Iterator[tuple[str, int]]:
    """Every (module, line) that is imported when the code runs; what only type checkers import is left out."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING"):
            for other in node.orelse:
                yield from imports(other, module, is_package=is_package)
            continue
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parents = module.split(".") if is_package else module.split(".")[:-1]
                base = ".".join([*parents[: len(parents) - node.level + 1], *([base] if base else [])])
            for alias in node.names:
                whole = f"{base}.{alias.name}"
                yield (whole if whole in MODULES else base), node.lineno
        else:
            yield from imports(node, module, is_package=is_package)


def imported(module: str) -> list[tuple[str, int]]:
    path = MODULES[module]
    return list(imports(ast.parse(path.read_text("utf-8")), module, is_package=path.name == "__init__.py"))


def layered() -> Iterator[tuple[str, Layer]]:
    for layer in LAYERS:
        for module in MODULES:
            if within(module, layer.modules):
                yield module, layer


@pytest.mark.parametrize(("module", "layer"), [pytest.param(m, layer, id=m) for m, layer in layered()])
def test_a_module_imports_only_what_its_layer_may(module: str, layer: Layer) -> None:
    wrong = []
    for name, line in imported(module):
        ours = within(name, ("radar", "jobs"))
        if within(name, layer.never) or (ours and layer.may and name not in layer.may and not within(name, layer.may)):
            wrong.append(f"{MODULES[module].relative_to(REPO)}:{line} imports {name}")
    assert not wrong, "\n".join(wrong)


def test_every_layer_of_the_table_exists() -> None:
    for layer in LAYERS:
        for package in layer.modules:
            assert any(within(module, (package,)) for module in MODULES), f"{package} is in the table and nowhere else"


def places(names: set[str], within_modules: Iterator[str], of: type[ast.AST], *, last: int = 2) -> list[str]:
    """Where code of these modules calls or names one of the dotted names, compared by their last parts."""
    return [
        f"{MODULES[module].relative_to(REPO)}:{node.lineno}"
        for module in within_modules
        for node in ast.walk(ast.parse(MODULES[module].read_text("utf-8")))
        if isinstance(node, of)
        and isinstance(node, ast.Attribute | ast.Call)
        and ".".join(ast.unparse(node.func if isinstance(node, ast.Call) else node).split(".")[-last:]) in names
    ]


def test_time_is_passed_in_below_the_jobs() -> None:
    assert places(CLOCKS, (m for m in MODULES if within(m, TIMELESS)), ast.Call) == []


def test_the_environment_is_read_in_one_place() -> None:
    assert places({"os.environ", "os.getenv"}, (m for m in MODULES if m not in ENVIRONMENT), ast.Attribute) == []
    assert places({"os.environ"}, iter(["radar.settings"]), ast.Attribute), "the check itself finds nothing"


def test_the_reader_of_imports_sees_what_it_should() -> None:
    code = (
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import polars\n"
        "def f():\n    import numpy\nfrom . import keys\nfrom ..errors import RadarError\n"
    )
    found = [name for name, _ in imports(ast.parse(code), "radar.store.series", is_package=False)]
    assert found == ["typing", "numpy", "radar.store.keys", "radar.errors"]


@pytest.mark.parametrize(
    "module", ["radar.web", "radar.api", "radar.beacon.routes", "radar.store.series", "radar.store.documents"]
)
def test_the_web_process_loads_no_polars_and_no_numpy(module: str, tmp_path: Path) -> None:
    code = f"import sys, {module}; print([name for name in {HEAVY!r} if name in sys.modules])"
    env = {"PYTHONPATH": str(REPO), "RADAR_DATA_DIR": str(tmp_path), "HOME": str(tmp_path), "PATH": ""}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=env, timeout=60)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip().splitlines()[-1] == "[]"
