"""The house: what a newcomer, a packager and a reader rely on, checked against the files themselves."""

from __future__ import annotations

import os
import re
import subprocess
import tomllib
from functools import cache
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from jobs.cli import build
from radar import __version__
from radar.settings import SETTINGS, load
from scripts import settings_doc

REPO = Path(__file__).resolve().parent.parent
LOCKS = ("requirements.lock", "requirements-dev.lock", "requirements-bench.lock")

#: Longest file that one person still reads in one go.
LINES = 400
#: Written by others or by a tool, and kept as it is.
NOT_OURS = ("assets/", "tests/fixtures/", "radar/data/", "radar/locale/")

#: Written in two parts, so that this file does not contain what it looks for.
MACHINE_PATHS = [
    re.compile(rf"(?<![\w.:/~-])/{folder}/\w") for folder in ("home", "root", "Users", "work", "opt", "mnt")
]
REGISTRIES = [first + "." + last for first, last in (
    ("pypi", "org"), ("pythonhosted", "org"), ("registry.npmjs", "org"), ("registry.yarnpkg", "com"),
    ("proxy.golang", "org"), ("crates", "io"), ("registry-1.docker", "io"),
)]  # fmt: skip


@cache
def files() -> list[str]:
    """Every file that is, or would be, part of the repository."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=REPO, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if listed.returncode != 0:
        pytest.skip("this is no git checkout")
    return sorted({name for name in listed.stdout.split("\0") if name and (REPO / name).is_file()})


@cache
def text(name: str) -> str:
    """A file's text; empty for one that is not text."""
    raw = (REPO / name).read_bytes()
    return "" if b"\0" in raw[:4096] else raw.decode("utf-8", "replace")


def project() -> dict[str, object]:
    return tomllib.loads(text("pyproject.toml"))


def pins(lock: str) -> dict[str, set[str]]:
    """Every package of a lock file with its versions: there may be two, for different Pythons."""
    found: dict[str, set[str]] = {}
    for name, version in re.findall(r"^([a-z0-9._-]+)==([^\s;\\]+)", text(lock), re.M):
        found.setdefault(name, set()).add(version)
    return found


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def test_readme_names_the_two_commands() -> None:
    assert "make demo" in text("README.md")
    assert "make test" in text("README.md")


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md", "docs/deploy.md", "docs/settings.md"])
def test_links_between_our_pages_lead_somewhere(page: str) -> None:
    targets = re.findall(r"\]\((?!https?:|mailto:|#)([^)#\s]+)", text(page))
    missing = [target for target in targets if not (REPO / page).parent.joinpath(target).exists()]
    assert missing == []


@pytest.mark.parametrize("lock", LOCKS)
def test_locks_name_no_place_to_download_from(lock: str) -> None:
    assert "://" not in text(lock)
    assert "index-url" not in text(lock)


@pytest.mark.parametrize("lock", LOCKS)
def test_every_locked_package_has_its_hashes(lock: str) -> None:
    blocks = re.split(r"^(?=[a-z0-9._-]+==)", text(lock), flags=re.M)[1:]
    assert len(blocks) > 20
    assert [block.split()[0] for block in blocks if "--hash=sha256:" not in block] == []


def test_locks_are_current_with_pyproject() -> None:
    table = project()
    runtime = table["project"]["dependencies"]  # type: ignore[index]  # the table's form is that of pyproject.toml
    groups = table["dependency-groups"]  # type: ignore[index]  # same
    tested = [*runtime, *groups["dev"]]
    for lock, wanted in zip(LOCKS, (runtime, tested, [*tested, *groups["bench"]]), strict=True):
        pinned = pins(lock)
        for requirement in map(Requirement, wanted):
            versions = pinned.get(canonical(requirement.name), set())
            assert versions, f"{lock} lacks {requirement.name}: run `make lock`"
            assert all(requirement.specifier.contains(version) for version in versions), (
                f"{lock}: {requirement}, {versions}"
            )


def test_tests_run_with_the_versions_that_users_get() -> None:
    dev = pins(LOCKS[1])
    assert {name: versions for name, versions in pins(LOCKS[0]).items() if dev.get(name) != versions} == {}


def test_no_file_names_a_machine_or_a_package_registry() -> None:
    wrong = []
    for name in files():
        for number, line in enumerate(text(name).splitlines(), 1):
            if any(pattern.search(line) for pattern in MACHINE_PATHS) or any(host in line for host in REGISTRIES):
                wrong.append(f"{name}:{number}: {line.strip()[:100]}")
    assert not wrong, "\n".join(wrong)


def test_the_search_for_machine_paths_finds_one() -> None:
    assert any(pattern.search("open('/" + "home/me/x')") for pattern in MACHINE_PATHS)
    assert not any(pattern.search("https://example.org/" + "home/me") for pattern in MACHINE_PATHS)


def test_no_file_is_too_long_to_read() -> None:
    ours = (name for name in files() if name.endswith((".py", ".js", ".css", ".sh")) and not name.startswith(NOT_OURS))
    long = {name: count for name in ours if (count := len(text(name).splitlines())) > LINES}
    assert long == {}


def test_every_setting_is_documented_and_the_page_is_current() -> None:
    assert text("docs/settings.md") == settings_doc.page(), "run `make docs`"
    assert [row.variable for row in SETTINGS if f"`{row.variable}`" not in text("docs/settings.md")] == []


def test_defaults_of_all_settings_parse() -> None:
    assert load({}).port == 8050


def test_settings_named_anywhere_exist() -> None:
    known = {row.variable for row in SETTINGS}
    prose = (name for name in files() if name.endswith(".md") or name in ("Makefile", "Procfile", ".ci/run"))
    unknown = {
        f"{name}: {found}"
        for name in prose
        for found in re.findall(r"RADAR_[A-Z_]+\b", text(name))
        if found not in known
    }
    assert unknown - {"CONTRIBUTING.md: RADAR_", "docs/settings.md: RADAR_"} == set()


def test_the_version_is_the_same_everywhere() -> None:
    assert project()["project"]["version"] == __version__  # type: ignore[index]  # the form of pyproject.toml
    assert re.search(rf"^## \[?{re.escape(__version__)}\b", text("CHANGELOG.md"), re.M), (
        "CHANGELOG.md lacks this version"
    )


def test_the_licence_is_apache_2() -> None:
    assert "Apache License" in text("LICENSE")
    assert "END OF TERMS AND CONDITIONS" in text("LICENSE")


def test_procfile_names_commands_that_exist() -> None:
    commands = re.findall(r"^(\w+): radar (\w+)$", text("Procfile"), re.M)
    assert [process for process, _ in commands] == ["web", "worker", "stream"]
    for _, command in commands:
        assert build().parse_args([command]).command == command


def test_every_make_target_is_explained_and_scripts_can_be_run() -> None:
    phony = re.search(r"^\.PHONY: (.+)$", text("Makefile"), re.M)
    assert phony is not None
    for target in phony[1].split():
        assert re.search(rf"^{target}:.*## \S", text("Makefile"), re.M), f"`make` does not explain {target}"
    for name in ("scripts/setup.sh", ".ci/run"):
        assert os.access(REPO / name, os.X_OK), f"{name} cannot be executed"
    assert "make test" in text(".ci/run")
