"""CSV that a spreadsheet can be trusted with."""

from __future__ import annotations

import csv
import io

import pytest

from radar.api import table


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\r=1"])
def test_a_text_that_would_run_as_a_formula_is_disarmed(text: str) -> None:
    (_, (cell,)) = csv.reader(io.StringIO(table.write(["a"], [[text]]).decode(), newline=""))
    assert cell == f"'{text}"


def test_numbers_stay_numbers_and_nothing_stays_empty() -> None:
    body = table.write(["a", "b", "c", "d"], [[-1.5, 0, None, False]])
    assert body == b"a,b,c,d\r\n-1.5,0,,false\r\n"


def test_commas_quotes_and_breaks_survive() -> None:
    text = 'a,"b"\nc'
    assert list(csv.reader(io.StringIO(table.write(["x"], [[text]]).decode(), newline="")))[1] == [text]
