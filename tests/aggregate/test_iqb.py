"""The barometer by hand-computed examples; what is missing is never a score."""

from __future__ import annotations

import pytest

from radar.aggregate.iqb import ENOUGH, REQUIREMENTS, iqb
from radar.signals import NDT_PERCENTILES


def at(download: float, upload: float, rtt: float, loss: float, p: int = 5) -> dict[str, float | None]:
    return {f"ndt.download_p{p}": download, f"ndt.upload_p{p}": upload, f"ndt.rtt_p{p}": rtt, f"ndt.loss_p{p}": loss}


def test_each_purpose_scores_the_weighted_share_of_what_is_met() -> None:
    # 12 Mbit/s down, 6 up, 80 ms, 0.8 % lost
    scores = {name: row["score"] for name, row in iqb(at(12, 6, 80, 0.008), 5000)["purposes"].items()}
    assert scores == pytest.approx({
        "web": 11 / 13,  # 3 + 4 + 4 of 13: the upload is below 10
        "video": 8 / 14,  # 4 + 4 of 14
        "audio": 12 / 12,
        "conferencing": 0 / 16,
        "backup": 10 / 14,  # 4 + 2 + 4 of 14: the upload is below 25
        "gaming": 0 / 17,
    })  # fmt: skip


def test_the_whole_is_the_plain_mean_of_the_purposes() -> None:
    assert iqb(at(12, 6, 80, 0.008), 5000)["score"] == pytest.approx((11 / 13 + 8 / 14 + 1 + 10 / 14) / 6)
    assert iqb(at(1000, 1000, 1, 0), 5000)["score"] == 1.0
    assert iqb(at(0, 0, 9999, 1), 5000)["score"] == 0.0


def test_a_limit_that_is_just_reached_is_met() -> None:
    assert iqb(at(25, 25, 10, 0.005), 5000)["purposes"]["gaming"]["score"] == 1.0


def test_the_column_that_nearly_all_tests_reach_is_p5_for_speeds_and_for_delays_alike() -> None:
    values = at(1, 1, 500, 0.5) | at(1000, 1000, 1, 0, p=95)  # p95 is the best end of the file
    assert iqb(values, 5000)["score"] == 0.0


def test_which_requirement_fails_is_told() -> None:
    needs = {need["need"]: need["met"] for need in iqb(at(12, 6, 80, 0.008), 5000)["purposes"]["web"]["needs"]}
    assert needs == {"download": True, "upload": False, "rtt": True, "loss": True}


def test_a_missing_value_is_no_score_and_never_a_failure() -> None:
    found = iqb({**at(12, 6, 80, 0.008), "ndt.loss_p5": None}, 5000)
    assert found["score"] is None
    assert found["why"] == "missing"
    assert found["purposes"]["web"]["score"] is None
    assert found["purposes"]["web"]["needs"][3]["met"] is None
    assert iqb({}, 5000)["score"] is None


def test_too_few_tests_give_no_score() -> None:
    values = at(1000, 1000, 1, 0)
    assert iqb(values, ENOUGH - 1)["score"] is None
    assert iqb(values, ENOUGH - 1)["why"] == "few_tests"
    assert iqb(values, ENOUGH)["score"] == 1.0


def test_the_share_of_tests_that_meet_a_requirement_is_the_largest_that_is_recorded() -> None:
    values: dict[str, float | None] = {f"ndt.download_p{p}": p / 2 for p in NDT_PERCENTILES}  # 25 Mbit/s at the median
    needs = iqb(values, 5000)["purposes"]["video"]["needs"]
    assert needs[0]["share"] == 0.5
    assert needs[1]["share"] is None  # nothing is recorded of uploads
    poor: dict[str, float | None] = {f"ndt.download_p{p}": 1.0 for p in NDT_PERCENTILES}
    assert iqb(poor, 5000)["purposes"]["video"]["needs"][0]["share"] == 0.0


def test_every_purpose_has_four_limits_and_four_weights() -> None:
    assert set(REQUIREMENTS) == {"web", "video", "audio", "conferencing", "backup", "gaming"}
    assert all(len(limits) == len(weights) == 4 for limits, weights in REQUIREMENTS.values())
