"""The scoreboard: the exam's table as it was written, and what was published here counted with what people said."""

from __future__ import annotations

import json
import re
from typing import Any, cast

from plotly.utils import PlotlyJSONEncoder

from radar.shapes import Outage
from tests.web.conftest import Site


def _outage(minutes: int, *reviews: dict[str, Any], status: str = "closed") -> Outage:
    row = {"start": "2026-03-01T10:00:00Z", "known_at": f"2026-03-01T10:{minutes:02}:00Z", "status": status,
           "reviews": list(reviews)}  # fmt: skip
    return cast(Outage, row)


def test_what_people_said_is_counted_unless_they_took_it_back(site: Site) -> None:
    from radar.pages import scoreboard  # pages register themselves with the app, which `site` has made

    found = scoreboard.tally([
        _outage(10, {"kind": "confirm"}),
        _outage(5, {"kind": "false_alarm"}, status="retracted"),
        _outage(20, {"kind": "confirm", "withdrawn": "r3"}, {"kind": "withdraw"}),
    ])  # fmt: skip
    assert found == {
        "published": 3, "retracted": 1, "confirmed": 1, "refuted": 1, "delays": [300.0, 600.0, 1200.0],
    }  # fmt: skip


def test_nothing_published_is_not_called_good(site: Site) -> None:
    from radar.pages import scoreboard

    assert scoreboard.tally([])["delays"] == []


def test_the_page_shows_the_exam_with_its_command_and_every_method(site: Site) -> None:
    from radar.pages import _exam

    page = site.page("/scoreboard")
    card = _exam.card()
    assert card["calibration"]["brier"] < card["calibration"]["brier_stated"]
    assert card["command"] in page
    for row in card["worlds"]:
        assert row["world"] in page
    for name in ("this radar", "IODA&#x27;s ratio", "six most similar days"):
        assert name in page or name.replace("&#x27;", "'") in page
    assert "simulation" in page
    assert "aims are met" in page
    assert '<svg class="share"' in page
    assert "&lt;svg" not in page
    assert f"{sum(row['met'] for row in card['targets'])} of {len(card['targets'])} aims are met" in page


def test_it_opens_with_the_marks_and_explains_each(site: Site) -> None:
    page = site.page("/scoreboard")
    told = re.sub(r"<[^>]+>", " ", page)
    assert re.search(r"In 6 simulated worlds this radar finds \d+ to \d+ % of the outages that it should, ", told)
    assert "recall." in told
    assert "precision." in told
    for row in re.findall(r"<tr><th scope=\"row\">(?!.*colspan).*?</tr>", page.partition('id="targets"')[2]):
        assert not re.search(r"<td(?! class=\"(?:num|bar-cell)\")[^>]*>[\d.,]+ ?(?:%|min)?</td>", row), row


def test_bars_are_not_sent_to_dash_which_would_show_them_as_text(site: Site) -> None:
    from radar.pages import scoreboard

    with site.server.test_request_context("/scoreboard"):
        assert "<svg" not in json.dumps(scoreboard.layout(), cls=PlotlyJSONEncoder)


def test_it_says_what_it_counts(site: Site) -> None:
    page = " ".join(re.sub(r"<[^>]+>", " ", site.page("/scoreboard")).split())
    assert "6 outages were published here." in page
    assert "open or not: 4 stand by themselves; 2 are parts of others." in page
    assert "1 outage of recorded history is not counted." in page
