"""What is installed from a wheel is whole: data, words and the site's files, whatever the working directory."""

from __future__ import annotations

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

LOOK = """
import os, sys
sys.path.insert(0, sys.argv[1])
os.environ["RADAR_DATA_DIR"] = sys.argv[2]
import radar.web
assert radar.__file__.startswith(sys.argv[1]), radar.__file__
client = radar.web.server.test_client()
for path in ("/assets/fonts/inter-latin.woff2", "/assets/vendor/plotly-radar.min.js", "/favicon.ico", "/about"):
    print(path, client.get(path).status_code)
"""


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory, repo_root: Path) -> Path:
    """The contents of a wheel that was built from a copy of the project, without a network."""
    folder = tmp_path_factory.mktemp("wheel")
    copy = folder / "copy"
    copy.mkdir()
    for name in ("pyproject.toml", "setup.py", "README.md", "LICENSE", "THIRD_PARTY.md"):
        shutil.copy(repo_root / name, copy)
    for name in ("radar", "jobs", "assets"):
        shutil.copytree(repo_root / name, copy / name, ignore=shutil.ignore_patterns("__pycache__", "node_modules"))
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--no-index"]
    subprocess.run([*command, str(copy), "-w", str(folder)], check=True, capture_output=True, timeout=120)
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "site")
    return folder / "site"


def test_the_wheel_holds_data_words_and_the_recorded_pack(unpacked: Path) -> None:
    for name in (
        "data/countries.csv",
        "locale/es/LC_MESSAGES/radar.mo",
        "locale/cldr.json",
        "data/world_map.json",
        "data/recorded/google_traffic/RU.csv.gz",
        "py.typed",
    ):
        assert (unpacked / "radar" / name).is_file(), name


def test_the_site_of_an_installed_wheel_serves_its_files_from_any_folder(unpacked: Path, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", LOOK, str(unpacked), str(tmp_path)],
        cwd=tmp_path, capture_output=True, text=True, check=True, timeout=120,
    )  # fmt: skip
    answers = dict(line.split() for line in done.stdout.splitlines())
    assert answers.pop("/about") in ("200", "503"), "without a store the page says so"
    assert set(answers.values()) == {"200"}, answers
