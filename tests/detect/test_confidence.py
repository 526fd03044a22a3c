"""The probability that is said of an outage: monotone, fused of families, learnt from the tuning seeds alone."""

from __future__ import annotations

import json

import numpy as np
import pytest

from radar.detect import confidence
from scripts.calibrate import fit


def test_more_evidence_never_makes_less_sure_and_one_family_is_never_certain() -> None:
    weak, strong = (-6.0, 0.3, 2), (-20.0, 0.9, 40)
    doubting = dict(confidence.learned()) | {"base": 0.0}
    for place in range(3):
        more = tuple(strong[k] if k == place else weak[k] for k in range(3))
        assert confidence.alone(*more, curve=doubting) > confidence.alone(*weak, curve=doubting)
    assert confidence.alone(*weak) <= confidence.alone(*strong) <= confidence.MOST_ALONE < confidence.MOST


def test_a_second_family_makes_surer_and_one_that_sees_nothing_less() -> None:
    assert confidence.fused([0.8, 0.8], 0) > confidence.fused([0.8], 0) > confidence.fused([0.8], 1)


def test_the_curve_says_what_it_was_learnt_from() -> None:
    told = json.loads(confidence.FILE.read_text())
    assert told["learned"]["seeds"] == "tuning"
    assert told["learned"]["alarms"] >= told["learned"]["right"] > 300
    assert all(told["curve"][name] >= 0 for name in confidence.FEATURES)


def test_the_fit_finds_a_curve_that_made_the_outcomes() -> None:
    rng = np.random.default_rng(1)
    seen = rng.random((4000, 3))
    right = rng.random(4000) < 1 / (1 + np.exp(-(-1.0 + 3.0 * seen[:, 0] + 2.0 * seen[:, 1])))
    weights = fit(seen, right)
    assert weights == pytest.approx([-1.0, 3.0, 2.0, 0.0], abs=0.4)
