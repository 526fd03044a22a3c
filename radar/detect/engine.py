"""The detector of one group: scores a bin of all its entities at once, learns from it, opens and closes alerts.

Order within a step: baseline from clean history; residuals over several windows; what all countries share is taken
out; scores; verdicts; alerts; and only then, from bins that were normal, level and noise are learnt. Formulas:
docs/method.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import numpy as np

from radar import bands
from radar.detect import common, jump, slide, slow
from radar.detect.alerts import AlertDesk
from radar.detect.alike import Alike
from radar.detect.days import Calendar
from radar.detect.fault import OwnFaults
from radar.detect.model import (
    AFFECTED,
    F32,
    INSUFFICIENT,
    NOT_AFFECTED,
    REASONS,
    VERDICT_IDS,
    Common,
    StepResult,
    View,
    Warmed,
)
from radar.detect.profiles import ANCHOR_MOST, LEVEL_DOWN, LEVEL_UP, SEASONAL, profiles
from radar.detect.score import B2, Scored, habit, judge_log, judge_rise, log_windows, loss, normal
from radar.detect.state import State
from radar.signals import SIGNALS, Group, Signal

NAN = np.float32(np.nan)
#: The level follows a residual at most as if it were this large (log units).
SMALL = float(np.log(4 / 3))
#: A rise of more than this (log units) is a crowd, a machine or the end of an outage, and no scatter.
RISE, RISE_STEADY = float(np.log(2)), float(np.log(1.25))
#: Who answers by day and by night seldom becomes more at once: of a rise so much is believed, and a few days later so
#: much more. What comes back from a busy week is then no fall.
BELIEVED = np.float32(1.1)
#: Affected for longer than this is somebody's own trouble, and no part of a dip of all.
LONG_S = 1800
NO_DATA, WARMING_UP, TOO_FEW, OWN_FAULT, NOT_SCORED = 1, 2, 3, 4, 5


class Detector:
    """See ``radar.detect`` for the contract. Not for several threads."""

    def __init__(self, group: Group, catalogue: Mapping[str, Signal] = SIGNALS) -> None:
        self.group = group
        self.p = p = profiles(group, catalogue)
        self.lookback = self.p.lookback
        self._state = State(group.width, len(p.windows), p.jumps, p.windows[-1], bool(p.slow.any()))
        self._desk = AlertDesk(group, self.p)
        self._voters = common.voters([])
        self._calendar = Calendar()
        self._alike = Alike(self.p, group.grain_s)
        self._rising: B2 | None = None
        self._shown: B2 | bool = False
        self._networks = np.zeros(0, bool)
        self._faults = OwnFaults(group)

    # ------------------------------------------------------------------ steps

    def lookback_at(self, t: datetime, entities: list[str]) -> tuple[int, ...]:
        """Offsets of the bins that :meth:`step` wants as ``past`` at this bin: ``lookback``, and after it those that
        some entity needs in the place of others (``radar.detect.alike``)."""
        self._grow(entities)
        return self._alike.lookback(self._number(t))

    def step(self, t: datetime, entities: list[str], values: F32, n: F32, past: F32, *,
             absent: B2 | None = None) -> StepResult:  # fmt: skip
        """Score the closed bin that starts at ``t``: see ``radar.detect``. ValueError for arrays of another shape."""
        wanted, number, state = (len(entities), self.group.width), self._number(t), self._state
        if len(entities) != len(state.entities) or entities != state.entities:
            self._grow(entities)
        sizes = {len(self.lookback), len(self._alike.lookback(number))}
        if (values.shape != wanted or n.shape != wanted or past.ndim != 3 or past.shape[1] not in sizes
                or (past.shape[0], past.shape[2]) != wanted):  # fmt: skip
            raise ValueError(
                f"{self.group.name}: values {values.shape}, n {n.shape}, past {past.shape}; expected {wanted}, and "
                f"{' or '.join(map(str, sorted(sizes)))} bins of the past"
            )
        if absent is not None:
            values = np.where(absent & np.isnan(values), np.float32(0.0), values)
        if entities == state.entities:
            return (
                self._correct(number, values, n, past)
                if number <= state.newest
                else self._step(number, values, n, past)
            )
        rows = np.array([state.rows[key] for key in entities], np.intp)
        wide = [np.full((len(state.entities), *a.shape[1:]), NAN, np.float32) for a in (values, n, past)]
        for to, given in zip(wide, (values, n, past), strict=True):
            to[rows] = given
        full = self._correct(number, *wide) if number <= state.newest else self._step(number, *wide)
        parts = (full.baseline, full.spread, full.score, full.clean)
        baseline, spread, score, clean = (part[rows] for part in parts)
        return StepResult(
            baseline, spread, score, clean, full.verdict[rows], full.reason[rows], full.alerts, full.common
        )

    def _grow(self, entities: list[str]) -> None:
        known = len(self._state.entities)
        self._state.grow(entities)
        if len(self._state.entities) != known:
            self._voters = common.voters(self._state.entities)
            self._calendar.entities(self._state.entities)
            self._alike.entities(self._state.entities)
            self._by_kind()

    def _by_kind(self) -> None:
        """Where a rise is news, and what is shown and not judged: by the entity types that the catalogue names."""
        self._networks = np.array([bands.is_network(key) for key in self._state.entities], bool)
        kinds = [key.partition("/")[0] for key in self._state.entities]
        if any(self.p.rises):
            self._rising = np.array([[kind in slot for slot in self.p.rises] for kind in kinds], bool)
        if any(self.p.only):
            self._shown = np.array([[bool(slot) and kind not in slot for slot in self.p.only] for kind in kinds], bool)

    def _step(self, number: int, x: F32, n: F32, past: F32) -> StepResult:
        state, p = self._state, self.p
        if state.newest >= 0:
            state.clear_ring(range(max(state.newest + 1, number - state.lead["R"]), number))
        state.newest = number
        with np.errstate(all="ignore"):
            came = np.isfinite(x)
            has = came & (p.kind > 0) & ~np.asarray(self._shown)
            x = np.where(came, np.maximum(x, np.float32(0.0)), NAN)
            state.first[came & (state.first < 0)] = number
            state.seen[came] = number
            aged = (state.first >= 0) & ((number - state.first) * self.group.grain_s >= p.warm_up)
            mu, used, rest, doubt = self._expected(number, past)
            known = has & np.isfinite(mu) & ((mu > 0) | ~p.log)
            sums_x, sums_mu = self._sums(number, x, mu, known)
            windows = np.where(known, log_windows(p, sums_x, sums_mu), NAN)
            jumps = windows[:0]
            if p.jumps:
                jumps = np.where(known, jump.ratios(p, sums_x, sums_mu, jump.fallen(p, state, number)), NAN)
            judged = known & aged & ~self._long_affected(number)
            raw = windows[0].copy()
            impaired = common.take_out(p, windows, jumps, mu, judged, self._voters)
            shared = raw - windows[0]
            special = self._calendar.mask(number * self.group.grain_s) | self._alike.unsure
            if p.slides:
                away = slide.ratios(p, windows, used, rest)
                slid = judged & slide.followed(p, away, sums_mu, state.slide, state.noise, state.samples, special,
                                               doubt, self._networks)  # fmt: skip
                if slid.any():
                    mu, used = self._take_back(slid & (state.state != 2), mu, used, rest, windows, sums_mu)
            scored = judge_log(
                p, windows, sums_mu, mu, state.noise, state.poisson, state.samples, self._rising, special, doubt,
                self._networks,
            )  # fmt: skip
            if p.jumps:
                stop = self._calendar.dusk(number * self.group.grain_s)
                jump.judge(p, scored, jumps + state.new_doubt(doubt), sums_mu, state.jump, state.samples, stop,
                           self._networks)  # fmt: skip
            if (~p.log).any():
                judge_rise(p, scored, x, n, mu, state.noise[0], state.samples)
                impaired |= common.rises(p, scored, judged, self._voters)
            loaded = scored.up | self._desk.loaded(mu.shape)
            lost = np.where(loaded, np.clip(1.0 - mu / x, 0.0, 1.0), loss(p, x, mu, n)).astype(np.float32)
            own_fault, lasting = self._faults.look(number, impaired, state)
            reason = np.select(
                [(p.kind == 0) | self._shown, ~has, ~aged, own_fault & has, ~known & ~(mu <= 0), ~known | scored.few],
                [NOT_SCORED, NO_DATA, WARMING_UP, OWN_FAULT, WARMING_UP, TOO_FEW], 0).astype(np.uint8)  # fmt: skip
            ok = reason == 0
            fire = ok & scored.fires
            calm = ok & np.where(loaded, scored.near < -bands.CLOSE_Z, scored.near > bands.CLOSE_Z)
            changed = self._desk.advance(state, number, ok, fire, calm, scored, x, mu, lost, own_fault)
            affected = fire | ((state.state == 2) & ok & ~calm)
            verdict = np.where(ok, np.where(affected, AFFECTED, NOT_AFFECTED), INSUFFICIENT).astype(np.uint8)
            held = affected | ((state.state == 1) & ok & ~calm) | (own_fault & ~lasting & known)
            clean = np.where(held, mu, np.where(ok & p.steady, np.minimum(x, mu * BELIEVED), x))
            score = np.where(ok, scored.z, NAN)
            quiet = ok & ~held | (known & ~aged & ~own_fault)
            lasting = lasting & known & ~quiet
            over = np.where(p.log, state.level - used, np.float32(0.0)).astype(np.float32)
            r = np.where(lasting, shared, raw - over)
            if p.slides:
                normal_hours = quiet & ~slid & (doubt <= SMALL)
                state.slide = slide.learn(p, away, state.slide, normal_hours, state.samples)
            self._learn(quiet, lasting, scored, jumps, r, over, sums_mu, x, mu, doubt > SMALL)
            self._remember(number, verdict, reason, x, mu, score, np.where(ok, lost, NAN))
            if p.slow.any():
                changed += slow.step(self._desk, state, number, x, has)
        alerts = {id(a): a for a in (*self._desk.open.values(), *changed)}
        return StepResult(
            baseline=np.where(np.isfinite(mu) & (p.kind > 0), mu, NAN).astype(np.float32),
            spread=np.where(np.isfinite(mu) & (p.kind > 0), scored.spread, NAN).astype(np.float32),
            score=score.astype(np.float32),
            clean=clean.astype(np.float32),
            verdict=verdict,
            reason=reason,
            alerts=sorted(alerts.values(), key=lambda a: (a.entity, a.opened, a.series_id, a.rule)),
            common=tuple(
                Common(self.group.series[slot], self._time(number), self.group.grain_s, *impaired[slot])
                for slot in sorted(impaired)
            ),
        )

    def _correct(self, number: int, x: F32, n: F32, past: F32) -> StepResult:
        """A bin that was stepped before comes again: score it alone, learn nothing, withdraw what it disproves."""
        state, p = self._state, self.p
        with np.errstate(all="ignore"):
            has = np.isfinite(x) & (p.kind > 0) & ~np.asarray(self._shown)
            mu, _used, _rest, doubt = self._expected(number, past)
            known = has & np.isfinite(mu) & ((mu > 0) | ~p.log)
            sums_x, sums_mu = (np.where(known, a, np.float32(0.0))[None] for a in (x, mu))
            windows = np.where(known, log_windows(p, sums_x, sums_mu), NAN)
            special = self._calendar.mask(number * self.group.grain_s) | self._alike.unsure
            scored = judge_log(
                p, windows, sums_mu, mu, state.noise[:1], state.poisson[:1], state.samples, self._rising, special,
                doubt, self._networks,
            )  # fmt: skip
            if (~p.log).any():
                judge_rise(p, scored, x, n, mu, state.noise[0], state.samples)
            aged = (state.first >= 0) & ((number - state.first) * self.group.grain_s >= p.warm_up)
            ok = known & aged & ~scored.few
            loaded = scored.up | self._desk.loaded(mu.shape)
            fire = ok & scored.fires
            calm = ok & np.where(loaded, scored.near < -bands.CLOSE_Z, scored.near > bands.CLOSE_Z)
        changed = self._desk.disprove(state, self._time(number), calm)
        verdict = np.where(ok, np.where(fire, AFFECTED, NOT_AFFECTED), INSUFFICIENT).astype(np.uint8)
        shown = (p.kind == 0) | self._shown
        reason = np.select([shown, ~has, ~aged | ~known, ~ok], [NOT_SCORED, NO_DATA, WARMING_UP, TOO_FEW], 0)
        return StepResult(
            baseline=np.where(p.kind > 0, mu, NAN).astype(np.float32),
            spread=np.where(np.isfinite(mu) & (p.kind > 0), scored.spread, NAN).astype(np.float32),
            score=np.where(ok, scored.z, NAN).astype(np.float32),
            clean=np.where(fire, mu, x).astype(np.float32),
            verdict=verdict,
            reason=reason.astype(np.uint8),
            alerts=sorted(changed, key=lambda a: (a.entity, a.opened, a.series_id)),
        )

    # ------------------------------------------------------------------ parts of a step

    def _expected(self, number: int, past: F32) -> tuple[F32, F32, F32, F32]:
        """What is normal now, the level (log units) that was used for it, where that level rests, and how much of a
        fall may be the fault of the baseline. The level may only move about its anchor, and not above what yesterday's
        habit explains."""
        past = self._alike.align(number, past)
        (mu, doubt), state = normal(self.p, past), self._state
        used = np.clip(state.level, state.anchor - LEVEL_DOWN, state.anchor + LEVEL_UP)
        rest = state.anchor + habit(self.p, past, state.noise[0])
        used = np.minimum(used, rest)
        used = np.where(self.p.kind == SEASONAL, used, state.level).astype(np.float32)
        expected = np.where(self.p.log, mu * np.exp(used), mu).astype(np.float32)
        return expected, used, rest.astype(np.float32), doubt

    def _take_back(self, slid: B2, mu: F32, used: F32, rest: F32, windows: F32, sums_mu: F32) -> tuple[F32, F32]:
        """Put the level back to where it rests, where it had followed a slide; what was made with it, too: ``windows``
        and ``sums_mu`` in place. -> what is normal now, and the level used."""
        state = self._state
        back = np.where(slid, np.minimum(used - rest, 0.0), 0.0).astype(np.float32)
        windows += back
        factor = np.exp(-back)
        sums_mu *= factor
        state.ring_mu *= factor
        state.level = np.where(slid, np.maximum(state.level, state.anchor), state.level).astype(np.float32)
        return mu * factor, used - back

    def _long_affected(self, number: int) -> B2:
        """Series that have been affected for a while: they have no vote in what dips together now."""
        state = self._state
        since = (number - state.since) * self.group.grain_s
        return np.asarray((state.verdict == AFFECTED) & (since > LONG_S), bool)

    def _sums(self, number: int, x: F32, mu: F32, known: B2) -> tuple[F32, F32]:
        state, size = self._state, self._state.lead["R"]
        place = number % size
        state.ring_x[place] = np.where(known, x, np.float32(0.0))
        state.ring_mu[place] = np.where(known, mu, np.float32(0.0))
        out = []
        for ring in (state.ring_x, state.ring_mu):
            sums = [ring.sum(axis=0) if m == size > 1 else ring[[(number - k) % size for k in range(m)]].sum(axis=0)
                    for m in self.p.windows]  # fmt: skip
            out.append(np.stack(sums) if len(sums) > 1 else sums[0][None])
        return out[0], out[1]

    def _learn(self, use: B2, shared: B2, scored: Scored, jumps: F32, r: F32, over: F32, sums_mu: F32, x: F32,
               mu: F32, doubted: B2) -> None:  # fmt: skip
        """Noise, Poisson part and level from bins that were normal or are still warming up (``use``); the level where
        ``shared`` says so too, by what all share in a lasting fault of our own. ``r``: residual against the level.
        Where the baseline is ``doubted`` it may be too low: no noise is learnt, and nothing from a rise above it."""
        state, p = self._state, self.p
        follow = (use | shared) & p.log & np.isfinite(r) & ((p.kind == SEASONAL) | (state.level != 0))
        follow &= ~(doubted & (r > 0))
        use = use & ~doubted
        state.samples += use
        step = np.maximum(np.float32(p.noise_step), np.float32(2.0) / (state.samples + 3)).astype(np.float32)
        against = scored.windows - over
        away = np.abs(against)
        if (~p.log).any():
            away[0] = np.where(p.log, away[0], np.abs(x - mu))
        move = np.sign(away - np.exp(state.noise)) * (step * np.float32(0.5))
        most = np.where(p.steady, RISE_STEADY, RISE)
        good = use & np.isfinite(move) & ((against < most) | ~p.log)  # the end of an outage says nothing of the scatter
        state.noise = np.where(good, np.clip(state.noise + move, -9.0, 9.0), state.noise).astype(np.float32)
        if p.jumps:
            state.jump = jump.learn(jumps, state.jump, use, step, RISE)
        if p.count.any():
            own = 1.0 / (sums_mu + 1.0)
            part = np.where(p.count, state.poisson + (own - state.poisson) * step, state.poisson)
            state.poisson = np.where(use & np.isfinite(own), part, state.poisson).astype(np.float32)
        move = p.level_step * np.where(shared, r, np.clip(r, -SMALL, SMALL))
        state.level = np.where(follow, state.level + move, state.level).astype(np.float32)
        away = state.level - state.anchor
        rate = np.where((away > 0) & (state.anchor >= 0), p.anchor_step[1], p.anchor_step[0])
        rate = np.where(shared, p.level_step, rate)
        most = np.where(shared, np.float32(np.inf), np.maximum(state.anchor, ANCHOR_MOST))
        state.anchor = np.where(follow, np.minimum(state.anchor + rate * away, most), state.anchor).astype(np.float32)

    def _remember(self, number: int, verdict: np.ndarray, reason: np.ndarray, x: F32, mu: F32, score: F32,
                  lost: F32) -> None:  # fmt: skip
        state = self._state
        turned = (state.since < 0) | (verdict != state.verdict) | (reason != state.reason)
        state.since[turned] = number
        state.verdict, state.reason = verdict, reason
        state.value, state.base, state.score, state.lost = (a.astype(np.float32) for a in (x, mu, score, lost))

    # ------------------------------------------------------------------ the rest of the contract

    def views(self, entities: list[str]) -> list[View]:
        """How every series of these entities that ever had data looks now; entities never stepped are left out."""
        state = self._state
        found = []
        for key in entities:
            row = state.rows.get(key)
            if row is None or state.newest < 0:
                continue
            for slot, series in enumerate(self.group.series):
                if state.first[row, slot] < 0:
                    continue
                numbers = [float(a[row, slot]) for a in (state.value, state.base, state.score, state.lost)]
                value, base, score, lost = (v if v == v else None for v in numbers)
                found.append(View(
                    key, series, VERDICT_IDS[state.verdict[row, slot]], REASONS[state.reason[row, slot]],
                    self._time(int(max(state.since[row, slot], 0))), self._time(state.newest),
                    self._time(int(state.seen[row, slot])), self.group.grain_s, value, base, score, lost,
                ))  # fmt: skip
        return found

    def dump(self) -> bytes:
        """The memory as bytes; the same steps give the same bytes."""
        return self._state.dump(
            {
                "group": self.group.name,
                "series": list(self.group.series),
                "alerts": self._desk.dump(),
                "faults": self._faults.spans,
            }
        )

    @classmethod
    def load(cls, group: Group, blob: bytes, catalogue: Mapping[str, Signal] = SIGNALS) -> Detector:
        """Read what :meth:`dump` wrote. A group may have grown since. Raises ValueError for another group's memory."""
        self = cls(group, catalogue)
        state, extra = State.load(blob)
        kept = extra["series"]
        if extra["group"] != group.name or list(group.series[: len(kept)]) != kept or state.width != group.width:
            raise ValueError(f"memory of {extra['group']} {kept} does not fit group {group.name} {list(group.series)}")
        state.widen(self._state.lead)
        if state.lead != self._state.lead:
            raise ValueError(f"memory of {group.name} has windows {state.lead}; expected {self._state.lead}")
        self._state = state
        self._desk.restore(extra["alerts"])
        self._faults.spans = [list(span) for span in extra.get("faults", self._faults.spans)]  # older memory has none
        self._voters = common.voters(state.entities)
        self._calendar.entities(state.entities)
        self._alike.entities(state.entities)
        self._by_kind()
        return self

    def warm(self, start: datetime, entities: list[str], clean: F32, *, days: float = 2.0) -> Warmed:
        """Learn from history at once, as if it had been stepped without alerts. See ``radar.detect.warm``."""
        from radar.detect.warm import warm

        self._grow(entities)
        return warm(self, start, entities, clean, days=days)

    def _number(self, t: datetime) -> int:
        return int(t.timestamp()) // self.group.grain_s

    def _time(self, number: int) -> datetime:
        return self._desk.time(number)
