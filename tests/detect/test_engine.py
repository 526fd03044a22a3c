"""The detector: what fires, what does not, and what cannot be said."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest

from radar.detect import AFFECTED, INSUFFICIENT, NOT_AFFECTED, REASONS, Detector, StepResult
from radar.signals import GROUPS, Group
from tests.detect.world import COUNTRIES, NOW, World

IR = "country/IR"
EDGE = (400.0, 0.01, 40.0, 1e6, 20.0)


def _edge(entities: list[str] | None = None, **more: object) -> World:
    return World("edge", entities or [IR], EDGE, n=400.0, **more)


def _reason(result: StepResult, slot: int = 0) -> str:
    return REASONS[result.reason[0, slot]]


def test_one_bad_bin_alone_opens_no_alert() -> None:
    world = _edge()
    assert world.step({(IR, 0): 10}).verdict[0, 0] == AFFECTED
    assert world.step().alerts == []


def test_two_bad_bins_in_a_row_open_an_alert_that_begins_with_the_first() -> None:
    world = _edge()
    begin = world.t
    world.step({(IR, 0): 10})
    (alert,) = world.step({(IR, 0): 10}).alerts
    assert (alert.opened, alert.last_good, alert.rule) == (begin, begin - world.grain, "seasonal_drop")
    assert alert.depth == pytest.approx(0.975, abs=0.01)
    assert alert.publishable


def test_an_alert_closes_after_two_normal_bins_and_ends_with_the_last_bad_one() -> None:
    world = _edge()
    for _ in range(3):
        world.step({(IR, 0): 10})
    end = world.t
    assert world.step().alerts[0].closed is None
    (alert,) = world.step().alerts
    assert alert.closed == end
    assert world.step().alerts == []


def test_a_fall_of_a_tenth_is_seen_in_the_score_and_opens_nothing() -> None:
    world = _edge(wobble=0.001)
    for _ in range(12):
        result = world.step({(IR, 0): 350})
        assert result.alerts == []
    assert result.score[0, 0] < -1


def test_silence_is_insufficient_and_never_an_outage() -> None:
    world = _edge()
    for _ in range(24):
        result = world.step({(IR, slot): np.nan for slot in range(5)})
        assert result.alerts == []
    assert result.verdict[0].tolist() == [INSUFFICIENT] * 5
    assert _reason(result) == "no_data"
    assert np.isnan(result.score[0]).all()


def test_an_open_alert_survives_silence() -> None:
    world = _edge()
    for _ in range(3):
        world.step({(IR, 0): 10})
    for _ in range(24):
        (alert,) = world.step({(IR, 0): np.nan}).alerts
        assert alert.closed is None


def test_absent_means_zero_only_where_it_is_said() -> None:
    world = _edge()
    nothing = np.full((1, 5), np.nan, np.float32)
    absent = np.zeros((1, 5), bool)
    absent[0, 0] = True
    result = world.detector.step(world.t, world.entities, nothing, nothing, world.past(world.t), absent=absent)
    assert result.verdict[0].tolist() == [AFFECTED] + [INSUFFICIENT] * 4


def test_less_than_two_weeks_of_history_is_insufficient() -> None:
    world = _edge(days=13)
    assert _reason(world.step({(IR, 0): 0})) == "warming_up"
    for _ in range(288):
        result = world.step()
    assert result.verdict[0, 0] == NOT_AFFECTED


def test_too_few_requests_are_insufficient_however_low() -> None:
    world = World("edge", [IR], (1.5, None, None, None, None), wobble=0.3)
    for _ in range(4):
        result = world.step({(IR, 0): 0})
    assert _reason(result) == "too_few"
    assert result.alerts == []


def test_a_few_requests_a_bin_are_judged_by_the_hour() -> None:
    world = World("edge", [IR], (8.0, None, None, None, None), wobble=0.3)
    results = [world.step({(IR, 0): 0}) for _ in range(14)]
    assert results[-1].alerts
    assert results[-1].verdict[0, 0] == AFFECTED


def test_when_every_country_dips_it_is_our_own_measurement() -> None:
    world = _edge(COUNTRIES[:40])
    for _ in range(6):
        result = world.step(all_times=(0.4, 1, 1, 0.4, 1))
        assert result.alerts == []
    (common,) = result.common
    assert (common.series_id, common.entities) == ("edge.requests@edge_logs", 40)
    assert common.drop == pytest.approx(0.6, abs=0.03)
    assert _reason(result) == "own_fault"
    after = [world.step() for _ in range(14)]
    assert not any(r.alerts or r.common for r in after)
    assert (after[-1].verdict[:, 0] == NOT_AFFECTED).all()


def test_a_shared_dip_too_small_for_any_gate_is_still_our_own() -> None:
    world = _edge(COUNTRIES[:40])
    (common,) = world.step(all_times=(0.83, 1, 1, 1, 1)).common
    assert common.drop == pytest.approx(0.17, abs=0.02)
    assert world.step(all_times=(0.95, 1, 1, 1, 1)).common == ()


def test_a_dip_of_our_own_never_becomes_normal() -> None:
    world = _edge(COUNTRIES[:40])
    result = world.step(all_times=(0.4, 1, 1, 1, 1))
    assert result.clean[:, 0].min() > 350


def test_one_country_down_beside_a_dip_of_our_own_waits_for_sight() -> None:
    world = _edge(COUNTRIES[:40])
    for _ in range(4):
        assert world.step({(COUNTRIES[3], 0): 0}, all_times=(0.4, 1, 1, 1, 1)).alerts == []
    for _ in range(2):
        result = world.step({(COUNTRIES[3], 0): 0})
    assert [alert.entity for alert in result.alerts] == [COUNTRIES[3]]


def test_networks_of_one_country_cannot_outvote_their_country() -> None:
    world = _edge([f"geoasn/IR-{n}" for n in range(1, 41)])
    for _ in range(2):
        result = world.step(all_times=(0.05, 1, 1, 1, 1))
    assert result.common == ()
    assert len(result.alerts) == 40


def test_failures_at_a_provider_rise_and_count_as_loss() -> None:
    cloud = "provider/google-cloud"
    world = _edge([cloud])
    for _ in range(2):
        result = world.step({(cloud, 1): 0.3})
    (alert,) = result.alerts
    assert (alert.rule, alert.publishable) == ("error_rise", True)
    assert alert.depth == pytest.approx(0.29, abs=0.01)
    assert result.score[0, 1] < -8


def test_a_better_value_never_fires() -> None:
    world = _edge()
    for _ in range(3):
        result = world.step({(IR, 0): 4000, (IR, 1): 0.0, (IR, 2): 5.0})
    assert result.alerts == []
    assert (result.verdict[0, :3] == NOT_AFFECTED).all()


def test_latency_that_doubles_fires_its_own_rule() -> None:
    world = _edge()
    for _ in range(2):
        result = world.step({(IR, 2): 90.0})
    (alert,) = result.alerts
    assert alert.rule == "latency_rise"
    assert alert.depth == pytest.approx(1 - 40 / 90, abs=0.03)


def test_series_that_are_only_shown_are_not_judged() -> None:
    result = _edge().step({(IR, 3): 0})
    assert _reason(result, 3) == "not_scored"


def test_routes_fire_on_a_tenth_and_tell_less_as_shallow() -> None:
    world = World("ioda5", [IR], (9000.0, None), wobble=0.0003)
    for _ in range(2):
        shallow = world.step({(IR, 0): 8500.0})
    assert [(a.shallow, a.publishable) for a in shallow.alerts] == [(True, False)]
    assert shallow.verdict[0, 0] == NOT_AFFECTED
    for _ in range(2):
        deep = world.step({(IR, 0): 8000.0})
    assert [(a.shallow, a.publishable) for a in deep.alerts] == [(False, True)]
    assert deep.verdict[0, 0] == AFFECTED


@pytest.mark.parametrize(("group", "usual"), [("ioda5", 9000.0), ("ioda10", 800.0), ("google", 30.0)])
def test_every_grain_finds_its_own_outage(group: str, usual: float) -> None:
    world = World(group, [IR], [usual] + [None] * (GROUPS[group].width - 1), days=42)
    begin = world.t
    for _ in range(3):
        result = world.step({(IR, 0): usual * 0.05})
    assert [alert.opened for alert in result.alerts] == [begin]


def test_a_monthly_group_is_never_judged() -> None:
    detector = Detector(GROUPS["ndt50"])
    values = np.ones((1, 4), np.float32)
    result = detector.step(NOW, [IR], values, values, np.empty((1, len(detector.lookback), 4), np.float32))
    assert (result.reason == REASONS.index("not_scored")).all()


def test_a_correction_withdraws_the_alert_it_disproves() -> None:
    world = _edge()
    first = world.t
    for _ in range(2):
        world.step({(IR, 0): 10})
    good = np.array([EDGE], np.float32)
    result = world.detector.step(first, world.entities, good, good * 0 + 400, world.past(first))
    assert [alert.withdrawn for alert in result.alerts] == ["corrected"]
    assert world.step().alerts == []


def test_a_correction_teaches_nothing() -> None:
    world = _edge()
    world.step()
    before = world.detector.dump()
    old = NOW - timedelta(hours=3)
    world.detector.step(old, world.entities, world.history[:, -37], world.history[:, -37], world.past(old))
    assert world.detector.dump() == before


def test_a_restart_in_mid_outage_changes_nothing() -> None:
    straight, restarted = _edge(COUNTRIES[:12]), _edge(COUNTRIES[:12])
    for i in range(12):
        change = {(COUNTRIES[2], 0): 10.0} if 3 <= i < 8 else None
        a = straight.step(change)
        restarted.detector = Detector.load(restarted.group, restarted.detector.dump())
        b = restarted.step(change)
        assert a.alerts == b.alerts
        assert np.array_equal(a.score, b.score, equal_nan=True)
    assert straight.detector.dump() == restarted.detector.dump()


def test_memory_of_another_group_is_refused() -> None:
    blob = _edge().detector.dump()
    with pytest.raises(ValueError, match="does not fit group ioda5"):
        Detector.load(GROUPS["ioda5"], blob)
    with pytest.raises(ValueError, match="bytes"):
        Detector.load(GROUPS["edge"], blob[:-4])


def test_the_order_of_entities_does_not_matter_and_new_ones_may_come() -> None:
    world = _edge(COUNTRIES[:4])
    values = world.history[:, -1]
    past, n = world.past(world.t), np.full((4, 5), 400, np.float32)
    other = Detector.load(world.group, world.detector.dump())
    straight = world.detector.step(world.t, world.entities, values, n, past)
    keys = [*world.entities[::-1], "asn/64500"]
    flip = lambda a: np.concatenate((a[::-1], np.full((1, *a.shape[1:]), np.nan, np.float32)))  # noqa: E731
    turned = other.step(world.t, keys, flip(values), flip(n), flip(past))
    assert np.array_equal(straight.score, turned.score[:4][::-1], equal_nan=True)
    assert turned.verdict[4].tolist() == [INSUFFICIENT] * 5
    later = other.step(world.t + world.grain, world.entities[1:3], values[1:3], n[1:3], past[1:3])
    assert later.score.shape == (2, 5)
    assert np.isfinite(later.score[:, 0]).all()


def test_arrays_of_another_shape_are_refused() -> None:
    world = _edge()
    with pytest.raises(ValueError, match="expected"):
        world.detector.step(world.t, world.entities, np.ones((2, 5), np.float32), np.ones((1, 5), np.float32),
                            world.past(world.t))  # fmt: skip


def test_views_name_every_series_that_ever_had_data() -> None:
    world = World("edge", [IR], (400.0, 0.01, None, 1e6, None), n=400.0)
    world.step({(IR, 0): np.nan})
    views = {view.series_id: view for view in world.detector.views([IR, "country/FR"])}
    assert sorted(views) == ["edge.bytes@edge_logs", "edge.error_share@edge_logs", "edge.requests@edge_logs"]
    silent = views["edge.requests@edge_logs"]
    assert (silent.verdict, silent.reason, silent.since) == ("insufficient", "no_data", NOW)
    assert silent.seen == NOW - world.grain
    assert views["edge.error_share@edge_logs"].verdict == "not_affected"


def test_history_taken_in_at_once_teaches_what_stepping_through_it_teaches() -> None:
    group = Group("half_hours", 1800, 2, ("edge.requests@edge_logs", "ping.up_24s@ioda_signals"))
    warmed = World(group, [IR, "country/IQ"], (4000.0, 900.0))
    stepped = Detector(group)
    for i in range(warmed.history.shape[1]):
        at = i + np.asarray(stepped.lookback)
        past = warmed.history[:, np.clip(at, 0, None)].copy()
        past[:, at < 0] = np.nan
        t = NOW - (warmed.history.shape[1] - i) * warmed.grain
        last = stepped.step(t, warmed.entities, warmed.history[:, i], warmed.history[:, i] * np.nan, past)
    values, n, past = warmed.history[:, -1], warmed.history[:, -1] * np.nan, warmed.past(NOW)
    a = warmed.detector.step(NOW, warmed.entities, values, n, past)
    b = stepped.step(NOW, warmed.entities, values, n, past)
    assert np.allclose(a.baseline, b.baseline, rtol=0.02)
    assert np.allclose(a.spread, b.spread, rtol=0.35)
    assert np.allclose(warmed.warmed.baseline[:, -1], last.baseline, rtol=0.02)
    assert (a.verdict == b.verdict).all()
