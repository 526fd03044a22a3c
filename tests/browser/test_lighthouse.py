"""What Lighthouse says of the pages that most readers see. Its score for speed is measured in tests/benchmarks."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.browser.conftest import Running
from tests.browser.tools.lighthouse import look

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("path", ["/", "/country/IQ", "/outage/IQ-20260302T0500Z"])
def test_lighthouse_finds_the_page_accessible_sound_and_easy_to_find(
    running: Running, chromium: str, tmp_path: Path, path: str
) -> None:
    report = look(running.url + path, chromium, tmp_path, "accessibility", "best-practices", "seo")
    low = {name: report.faults[name] for name, score in report.scores.items() if score < 0.95}
    assert len(report.scores) == 3
    assert low == {}
