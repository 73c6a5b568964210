"""How honest are the tests? Sizes under nulls that keep overlap, clustering and persistence; power against planted effects; coverage of intervals; placebos.

    python benchmarks/size_and_power.py [--runs 1000]

Every p comes from the code that scores claims, never from a shortcut. A size at nominal 5% should lie in 3-7%.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

import numpy as np
import pandas as pd
from scipy import stats

from flowbt.evidence.claims.declare import Claim, Data, Document
from flowbt.evidence.claims.events import Case, Scope, event_study
from flowbt.evidence.claims.finding import Finding
from flowbt.evidence.claims.outcomes import Outcome
from flowbt.evidence.claims.sequences import in_order, lead, onsets, standardised, swapped
from flowbt.evidence.multiple import benjamini_hochberg, spa, stepm

T = 6_300  # 25 years of sessions
SHORT = 2_500  # ten years
Rng = np.random.Generator


def clustered(rng: Rng, shape: tuple[int, ...]) -> np.ndarray:
    """Volatility that clusters: a log AR(1) with a half-life of 34 sessions."""
    shocks = rng.standard_normal((shape[0] + 300, *shape[1:])) * 0.14
    out = np.zeros_like(shocks)
    for t in range(1, len(out)):
        out[t] = 0.98 * out[t - 1] + shocks[t]
    return np.exp(out[300:])


def two_indices(rng: Rng, rows: int, rho: float = 0.85) -> tuple[np.ndarray, np.ndarray]:
    """Daily returns of two correlated indices under one clustering volatility."""
    z = rng.standard_normal((2, rows))
    sigma = 0.01 * clustered(rng, (rows,))
    return 0.0003 + sigma * z[0], 0.0003 + sigma * (rho * z[0] + np.sqrt(1 - rho**2) * z[1])


def ahead(returns: np.ndarray, horizon: int) -> np.ndarray:
    """Sum of the next `horizon` returns; NaN at the end."""
    total = (
        np.concatenate([[0.0], np.cumsum(returns, axis=0)]) if returns.ndim == 1 else np.vstack([np.zeros((1, returns.shape[1])), np.cumsum(returns, axis=0)])
    )
    out = np.full(returns.shape, np.nan)
    out[: len(returns) - horizon] = total[horizon + 1 :] - total[1 : len(returns) - horizon + 1]
    return out


def streaks(returns: np.ndarray, length: int) -> np.ndarray:
    """Sessions on which the last `length` returns were all positive."""
    wins = np.convolve(returns > 0, np.ones(length), "full")[: len(returns)]
    return (wins >= length).astype(float)


def chain(rng: Rng, rows: int, length: float) -> np.ndarray:
    """A state that lasts `length` sessions on average."""
    return (np.cumsum(rng.random(rows) < 1 / length) % 2).astype(float)


def found(
    cases: list[np.ndarray],
    columns: Callable[[int], list[np.ndarray]],
    horizons: tuple[int, ...],
    statistic: str = "mean",
    memory: int = 5,
    resamples: int = 100,
) -> Finding:
    """The finding of a claim made of these events and outcomes."""
    outcome = Outcome("outcome", horizons[0], lambda panel, h: [], also=horizons[1:], statistic=statistic)
    claim = Claim("null", "null", lambda panel: None, outcome, direction="up", data=Data(memory=memory))
    finding = Finding.of(claim, Document("null", "2010-01-01"), "")
    wide = [case if case.ndim == 2 else case[:, None] for case in cases]
    scope = Scope(pd.bdate_range("2000-01-03", periods=len(wide[0])), lambda h: [c if c.ndim == 2 else c[:, None] for c in columns(h)], None, None, resamples)
    event_study(claim, finding, [Case({"n": n}, event) for n, event in enumerate(wide)], scope)
    return finding


def p_streaks(rng: Rng) -> float:
    spx, rut = two_indices(rng, T)
    return found([streaks(rut, 5)], lambda h: [ahead(spx, h)], (21,)).p


def p_streak_curve(rng: Rng) -> float:
    spx, rut = two_indices(rng, T)
    return found([streaks(rut, n) for n in (3, 4, 5, 6)] + [streaks(rut - spx, 4)], lambda h: [ahead(spx, h)], (21, 16, 26)).p_curve


def p_random_days(rng: Rng) -> float:
    spx, _ = two_indices(rng, T)
    return found([(rng.random(T) < 0.02).astype(float)], lambda h: [ahead(spx, h)], (21,)).p


def p_trend_state(rng: Rng, rows: int = T) -> float:
    spx, _ = two_indices(rng, rows + 100)
    price = np.cumsum(spx)
    above = (price[100:] > price[:-100]).astype(float)  # the first 100 sessions are cut off, as the scorer cuts a claim's memory
    return found([above], lambda h: [ahead(spx, h)[100:]], (21,), memory=100).p


def p_trend_state_short(rng: Rng) -> float:
    """The hardest case: a state that follows the price's own past is tied to the mean of a short sample."""
    return p_trend_state(rng, SHORT)


def p_drawdown(rng: Rng) -> float:
    spx, _ = two_indices(rng, T)
    deepest = np.min([np.nan_to_num(ahead(spx, k), nan=np.inf) for k in range(1, 22)], axis=0)
    deepest[-21:] = np.nan
    starts = (rng.random(T) < 0.01).astype(float)
    return found([(np.convolve(starts, np.ones(10), "full")[:T] > 0).astype(float)], lambda h: [np.minimum(deepest, 0)], (21,)).p


def _regime(rng: Rng, statistic: str, columns: Callable[[np.ndarray], list[np.ndarray]]) -> float:
    spx, _ = two_indices(rng, T)
    return found([chain(rng, T, 40)], lambda h: columns(spx), (1,), statistic).p


def p_regime_move(rng: Rng) -> float:
    return _regime(rng, "ratio", lambda r: [np.abs(ahead(r, 1))])


def p_regime_deviation(rng: Rng) -> float:
    return _regime(rng, "deviation", lambda r: [ahead(r, 1), ahead(r, 1) ** 2])


def p_regime_autocorrelation(rng: Rng) -> float:
    return _regime(rng, "autocorrelation", lambda r: [r, ahead(r, 1), r * r, ahead(r, 1) ** 2, r * ahead(r, 1)])


def p_pooled_names(rng: Rng) -> float:
    market = 0.01 * clustered(rng, (T,)) * rng.standard_normal(T)
    names = market[:, None] + 0.012 * rng.standard_normal((T, 8))
    weak = ((names < -0.01) & (market[:, None] > 0.005)).astype(float)
    return found([weak], lambda h: [ahead(names, h)], (10,)).p


def p_signed(rng: Rng) -> float:
    spx, _ = two_indices(rng, T)
    side = np.where(rng.random(T) < 0.1, np.sign(rng.standard_normal(T)), 0.0)
    return found([side], lambda h: [ahead(spx, h)], (5,)).p


def stages(rng: Rng, rows: int, lag: float = 0.0) -> pd.DataFrame:
    """Four stages that move together under clustering volatility; with `lag`, each also follows the one before by two sessions."""
    common = rng.standard_normal(rows)
    values = clustered(rng, (rows,))[:, None] * (0.6 * common[:, None] + 0.8 * rng.standard_normal((rows, 4)))
    for stage in range(1, 4):
        values[2:, stage] += lag * values[:-2, stage - 1]
    return pd.DataFrame(values, columns=["a", "b", "c", "d"], index=pd.bdate_range("2000-01-03", periods=rows))


def p_lead(rng: Rng, lag: float = 0.0) -> float:
    z = standardised(stages(rng, T, lag))
    values = lead(z, in_order().horizon)
    null = swapped(values[:, None], 2 * in_order().horizon, 499, int(rng.integers(2**31)))[:, 0]
    from flowbt.evidence.resampling.rotation import p_values

    return p_values(float(values.mean()), null).p


def p_onsets(rng: Rng) -> float:
    frame = stages(rng, T)
    return onsets(standardised(frame), frame.index, list(frame.columns), 10, 499, int(rng.integers(2**31)))["p"] or np.nan


def uneven(rng: Rng) -> np.ndarray:
    """Returns of 20 worthless models whose deviations differ twentyfold, under clustering volatility."""
    return clustered(rng, (500,))[:, None] * rng.standard_normal((500, 20)) * np.linspace(0.002, 0.04, 20)


def p_spa(rng: Rng) -> float:
    return spa(uneven(rng), 499, int(rng.integers(2**31))).p


def p_stepm(rng: Rng) -> float:
    return float(np.nanmin(stepm(uneven(rng), 499, int(rng.integers(2**31)))))


SIZES = {
    "event study: streaks of 5, 21 sessions ahead": p_streaks,
    "  the same, the whole curve of 15": p_streak_curve,
    "event study: random days": p_random_days,
    "event study: trend state of 100 sessions": p_trend_state,
    "event study: drawdown after runs of 10": p_drawdown,
    "event study: signed": p_signed,
    "event study: 8 correlated names": p_pooled_names,
    "regime: size of the next move": p_regime_move,
    "regime: deviation": p_regime_deviation,
    "regime: autocorrelation": p_regime_autocorrelation,
    "sequence: lead-lag": p_lead,
    "sequence: onsets": p_onsets,
    "SPA, 20 models of uneven deviation": p_spa,
    "StepM, the same (any selected)": p_stepm,
}


def welch(rng: Rng) -> float:
    """What a t-test says of the streaks, for comparison."""
    spx, rut = two_indices(rng, T)
    y, e = ahead(spx, 21), streaks(rut, 5) > 0
    known = np.isfinite(y)
    return float(stats.ttest_ind(y[known & e], y[known & ~e], equal_var=False).pvalue)


def size(test: Callable[[Rng], float], runs: int) -> float:
    p = np.array([test(np.random.default_rng(seed)) for seed in range(runs)])
    return float(np.mean(p[np.isfinite(p)] <= 0.05))


def planted(rng: Rng, effect: float, resamples: int = 100) -> tuple[Finding, float]:
    """Clustered events after which SPX gains `effect` over 21 sessions; the finding, and the effect as it is measured (less the baseline)."""
    spx, _ = two_indices(rng, T)
    starts = rng.random(T) < 0.006
    event = (np.convolve(starts, np.ones(5), "full")[:T] > 0).astype(float)
    y = ahead(spx, 21) + effect * event
    return found([event], lambda h: [y], (21,), resamples=resamples), effect * (1 - event.mean())


def demo_interval(seed: int) -> bool:
    """Does the interval hold the effect planted in one series of the demo market (as the whole sample's events show it without noise)?"""
    from flowbt.data.demo import planted_series

    noisy, clean = (planted_series(seed, T, effect=effect, hold=5) for effect in (0.004, 0.0))
    y, noise = ahead(np.asarray(noisy.returns), 5), ahead(np.asarray(clean.returns), 5)
    event, known = np.asarray(noisy.event, dtype=float), np.isfinite(y)
    gain = (y - noise)[known]  # what was planted, bar by bar
    true = gain[event[known] > 0].mean() - gain.mean()
    finding = found([event], lambda h: [y], (5,), resamples=1_000)
    return finding.low <= true <= finding.high


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=1_000)
    runs = parser.parse_args().runs
    print(f"size at nominal 5%, {runs:,} null runs each (sampling error {np.sqrt(0.05 * 0.95 / runs):.1%})")
    for name, test in SIZES.items():
        start = time.perf_counter()
        found_size = size(test, runs)
        print(f"  {name:48s} {found_size:6.1%}  {'ok' if 0.03 <= found_size <= 0.07 else 'OUTSIDE 3-7%':12s} {time.perf_counter() - start:6.1f} s", flush=True)
    print(f"  {'for comparison, a Welch t-test of the streaks':48s} {size(welch, runs):6.1%}")
    print(f"  {'known limit: that trend state in ten years only':48s} {size(p_trend_state_short, runs):6.1%}", flush=True)
    print("power: share of runs with p <= 5% (effect over 21 sessions, some 35 clusters in 25 years)")
    for effect in (0.01, 0.02, 0.03, 0.05):
        p = [planted(np.random.default_rng(seed), effect)[0].p for seed in range(runs // 4)]
        print(f"  planted {effect:.0%}: {np.mean(np.array(p) <= 0.05):6.1%}", flush=True)
    p = [p_lead(np.random.default_rng(seed), 0.06) for seed in range(runs // 4)]
    print(f"  sequence, each stage follows by 0.06: {np.mean(np.array(p) <= 0.05):6.1%}")
    print("coverage: share of 95% intervals that hold the planted effect")
    for effect in (0.0, 0.03):
        inside = 0
        for seed in range(runs // 2):
            finding, true = planted(np.random.default_rng(10_000 + seed), effect, 1_000)
            inside += finding.low <= true <= finding.high
        print(f"  planted {effect:.0%}: {inside / (runs // 2):6.1%}  (90-99% wanted)", flush=True)
    inside = [demo_interval(seed) for seed in range(runs // 2)]
    print(f"  demo market's planted series, 0.4% a bar over 5 bars: {np.mean(inside):6.1%}", flush=True)
    wrong = [benjamini_hochberg(np.array([p_random_days(np.random.default_rng(1_000 * seed + n)) for n in range(20)])) <= 0.05 for seed in range(runs // 20)]
    print(f"placebos: {np.mean(wrong):.2%} of 20 a run stay significant after correction; runs with any: {np.mean([w.any() for w in wrong]):.1%}")


if __name__ == "__main__":
    main()
