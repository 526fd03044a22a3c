"""The source that CONTRIBUTING.md adds in ten minutes really is one."""

from __future__ import annotations

import re
from pathlib import Path
from types import ModuleType

from radar.schema import check_signals


def test_the_example_of_contributing_parses_what_it_says(repo_root: Path) -> None:
    text = (repo_root / "CONTRIBUTING.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"```python\n(.*?)```", text, re.S)
    module = ModuleType("acme_probes")
    exec(compile(code, "CONTRIBUTING.md", "exec"), module.__dict__)
    body = b'{"probes": [{"t": 1767225600, "cc": "IQ", "up": 12}, {"t": 1767225600, "cc": "XX", "up": 3}]}'
    parsed = module.parse(body, name="answer.json")
    check_signals(parsed.rows, source="acme_probes", signals=set(module.SOURCE.signals))
    assert parsed.rows["entity"].to_list() == ["country/IQ"]
    assert [(r.reason, r.count) for r in parsed.rejected] == [("no time, country or number", 1)]
