"""Every public feature, found by walking the family modules: causal, on the panel's own labels, silent on missing data, documented.

The panel is random and holds every field any feature names, so that adding a feature adds its tests.
"""

from functools import lru_cache
from importlib import import_module
from pathlib import Path
from zlib import crc32

import numpy as np
import pandas as pd
import pytest
from tests.panels import TinyPanel

from flowbt.features import FAMILIES
from flowbt.ground.clock import Clock
from flowbt.ground.fields import FIELDS

SYMBOLS = ("BTC", "SPY")
CLOCKS = {"XNYS": Clock("XNYS"), "24/7": Clock("24/7")}
REPORTERS = ("AAPL", "NVDA")
LABELS, CUTS = 1000, (640, 850)


def public_features():
    found = {}
    for family in FAMILIES:
        module = import_module(f"flowbt.features.{family}")
        found.update({name: fn for name, fn in vars(module).items() if hasattr(fn, "__feature__") and fn.__module__ == module.__name__})
    return found


FEATURES = public_features()
each_feature = pytest.mark.parametrize("name", FEATURES)


def plausible(field, rng):
    """Random numbers that the field could hold, with holes."""
    noise = rng.normal(0, 1, LABELS)
    walk = np.exp(np.cumsum(rng.normal(0.001, 0.015, LABELS)))
    units = FIELDS[field].units if field in FIELDS else ""
    if field in ("close", "member_close", "futures_close", "zero_gamma", "nearest_positive_gamma"):
        values = 100 * walk
    elif field in ("gex", "dark_pool_net", "fund_flow_usd", "funding_rate", "cot_spec_net", "dealer_delta", "gex_0dte", "event", "auction_tail_bp"):
        values = noise * (1e-4 if field == "funding_rate" else 1e6)
    elif field == "funding_interval_hours":
        values = np.full(LABELS, 8.0)
    elif units in ("fraction", "percent"):
        values = rng.uniform(0.05, 0.95, LABELS) * (100 if units == "percent" else 1)
    else:
        values = 100 * np.exp(0.5 * noise)
    values[rng.integers(0, LABELS, 8)] = np.nan
    return values


def keys_of(features):
    """Every (field, symbol) that the features name, and every field of the vocabulary for the panel's symbols."""
    keys = {(field, symbol) for field in FIELDS for symbol in SYMBOLS if field not in ("high", "low", "open")}
    for fn in features:
        for need in (*fn.__feature__.needs, *fn.__feature__.stand_ins):
            field, _, symbol = need.partition(":")
            if symbol and symbol != "*" and " " not in need and not need.startswith("event"):
                keys.add((field, symbol))
    keys |= {("member_close", f"M{k}") for k in range(12)} | {("member_volume", f"M{k}") for k in range(12)}
    keys |= {("close", name) for name in REPORTERS} | {("event", f"EARNINGS:{name}") for name in REPORTERS}
    return sorted(keys)


@lru_cache(maxsize=2)
def whole(clock_name):
    """A panel of 1,000 labels that holds everything."""
    rng = np.random.default_rng(7)
    clock = CLOCKS[clock_name]
    index = clock.labels("2020-01-02", "2024-12-31")[:LABELS]
    data = {key: pd.Series(plausible(key[0], np.random.default_rng(crc32(":".join(key).encode()))), index) for key in keys_of(FEATURES.values())}
    for symbol in {s for f, s in data if f == "close"}:
        close = data["close", symbol]
        data["open", symbol] = close * np.exp(rng.normal(0, 0.004, LABELS))
        data["high", symbol] = np.fmax(close, data["open", symbol]) * (1 + rng.uniform(0, 0.01, LABELS))
        data["low", symbol] = np.fmin(close, data["open", symbol]) * (1 - rng.uniform(0, 0.01, LABELS))
    for root in SYMBOLS:
        for quarter in pd.date_range(index[0], index[-1] + pd.Timedelta(days=200), freq="QE"):
            contract = f"{root}-{quarter:%Y-%m-%d}"
            data["futures_close", contract] = data["close", root] * np.exp(rng.normal(0.02, 0.005, LABELS))
            data["futures_volume", contract] = pd.Series(rng.integers(1, 9999, LABELS).astype(float), index)
    return TinyPanel(data, symbols=SYMBOLS, clock=clock, events=events(index, rng))


def events(index, rng):
    days = index[rng.permutation(LABELS)[:40]].sort_values() + pd.Timedelta(hours=20)
    table = pd.DataFrame({"event_time": days, "known_at": days - pd.Timedelta(days=45), "value": rng.normal(0.5, 1, 40)})
    names = ("FOMC", "CPI", "PAYROLLS", *(f"EARNINGS:{n}" for n in REPORTERS))
    return dict.fromkeys(names, table)


def changed(panel, series_of, events=None):
    data = {key: series_of(series) for key, series in panel.data.items()}
    return TinyPanel(data, symbols=SYMBOLS, clock=panel.clock, events=panel._events if events is None else events)


@lru_cache(maxsize=8)
def truncated(clock_name, cut):
    return changed(whole(clock_name), lambda series: series.iloc[: cut + 1])


@lru_cache(maxsize=8)
def perturbed(clock_name, cut):
    rng = np.random.default_rng(cut)
    late = np.arange(LABELS) > cut
    return changed(whole(clock_name), lambda s: s.where(~late, s * rng.lognormal(0, 1, LABELS)).mask(late & (rng.random(LABELS) < 0.1)))


@lru_cache(maxsize=300)
def result(name, clock_name):
    return frames(FEATURES[name](whole(clock_name)))


def frames(answer):
    return list(answer) if isinstance(answer, tuple) else [answer]


def agree(got, expected):
    """Equal to 1e-9, relative to the column's own size; missing equals missing."""
    a, b = got.to_numpy(float), expected.to_numpy(float)
    scale = np.fmax.reduce(np.abs(b), axis=0, initial=1e-300) if len(b) else 1.0
    np.testing.assert_array_equal(np.isnan(a), np.isnan(b))
    np.testing.assert_allclose(a / scale, b / scale, rtol=1e-9, atol=1e-12)


@each_feature
@pytest.mark.parametrize("clock", CLOCKS)
def test_the_index_and_the_columns_are_the_panels(name, clock):
    for frame in result(name, clock):
        assert frame.index.equals(whole(clock).index)
        assert tuple(frame.columns) == SYMBOLS
        assert set(map(str, frame.dtypes)) <= {"float64", "bool"}


@each_feature
def test_it_has_something_to_say_on_a_full_panel(name):
    floats = [frame for frame in result(name, "XNYS") if (frame.dtypes == "float64").all()]
    assert not floats or any(frame.iloc[-150:].notna().any().any() for frame in floats)


@each_feature
@pytest.mark.parametrize("clock", CLOCKS)
@pytest.mark.parametrize("cut", CUTS)
def test_the_past_does_not_change_when_the_future_is_cut_off(name, clock, cut):
    for got, expected in zip(frames(FEATURES[name](truncated(clock, cut))), result(name, clock), strict=True):
        agree(got, expected.iloc[: cut + 1])


@each_feature
@pytest.mark.parametrize("clock", CLOCKS)
def test_the_past_does_not_change_when_the_future_is_another(name, clock):
    cut = CUTS[1]
    for got, expected in zip(frames(FEATURES[name](perturbed(clock, cut))), result(name, clock), strict=True):
        agree(got.iloc[: cut + 1], expected.iloc[: cut + 1])


@pytest.mark.parametrize("name", [n for n, fn in FEATURES.items() if any("event" in need for need in fn.__feature__.needs)])
def test_an_event_not_yet_announced_is_not_seen(name):
    panel, cut = whole("XNYS"), CUTS[0]
    now = panel.clock.decisions(panel.index)[cut]
    known = {key: table[table["known_at"] < now] for key, table in panel._events.items()}
    assert all(len(table) < 40 for table in known.values())
    for got, expected in zip(frames(FEATURES[name](changed(panel, lambda s: s, known))), result(name, "XNYS"), strict=True):
        agree(got.iloc[: cut + 1], expected.iloc[: cut + 1])


@pytest.mark.parametrize("name", [n for n, fn in FEATURES.items() if fn.__feature__.needs and not any("event" in x for x in fn.__feature__.needs)])
def test_no_signal_is_born_from_missing_data(name):
    blank = changed(whole("XNYS"), lambda series: series * np.nan)
    for frame in frames(FEATURES[name](blank)):
        if (frame.dtypes == "bool").all():
            assert not frame.to_numpy().any()
        else:
            assert (frame.isna() | (frame == 0)).all().all()


@each_feature
def test_it_is_documented(name):
    record, doc = FEATURES[name].__feature__, FEATURES[name].__doc__ or ""
    assert record.units
    assert record.source
    assert len(doc.split()) >= 8
    for need in (*record.needs, *record.stand_ins):
        field = need.split(":")[0]
        assert field in FIELDS or " " in need, f"{need} is not in the vocabulary of fields"


def test_no_public_name_is_also_a_modules_name():
    import flowbt.features as features

    # importing the module would put it in the place of the function
    assert not set(dir(features)) & {path.stem for path in Path(features.__file__).parent.glob("*.py")}


def test_every_feature_is_found_by_its_name():
    import flowbt.features as features

    for name, fn in FEATURES.items():
        assert getattr(features, name) is fn, f"another family has a {name} too"


@pytest.mark.parametrize("leak", [lambda close: close.shift(-1), lambda close: close / close.mean(), lambda close: close.rolling(5, center=True).mean()])
def test_a_feature_that_looks_ahead_would_be_caught(leak):
    past = whole("XNYS")["close"].iloc[: CUTS[0] + 1]
    with pytest.raises(AssertionError):
        agree(leak(past), leak(whole("XNYS")["close"]).iloc[: CUTS[0] + 1])
    with pytest.raises(AssertionError):
        agree(leak(perturbed("XNYS", CUTS[0])["close"]).iloc[: CUTS[0] + 1], leak(whole("XNYS")["close"]).iloc[: CUTS[0] + 1])
