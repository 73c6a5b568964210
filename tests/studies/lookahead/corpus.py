"""Planted leaks by kind, and honest strategies beside them, as texts of strategy files. Generated: every kind has several variants.

`leaks()` and `honest()` give name -> file text; a leak's name is "kind: variant". `peek(text)` hides a look at one day ahead as a filter in a shipped strategy.
"""

# ruff: noqa: E501

from __future__ import annotations

import re
from itertools import product

HEAD = '''"""Corpus: {name}.

Source: none
"""

import math

import numpy as np
import pandas as pd
import scipy.signal

import flowbt
from flowbt import Signals, Targets
from flowbt.features import days_to_event, expected_move_zone, momentum

SYMBOLS = {symbols}
GRID = {{"level": (0.0, 0.002)}}
{top}

def signals(panel, *, level=0.0, hold=3):
    close = panel["close"]
    index = panel.index
    ret = close.pct_change(fill_method=None)
    base = ret > level
    short = exit = stop = take = trail = size = structure = None
    long = base
'''
TAIL = "    return Signals(long=long, short=short, exit=exit, hold=hold, stop=stop, take=take, trail=trail, size=size, structure=structure)\n"
WEIGHTS = "    return Targets(weights, band=0.02)\n"


def text_of(name: str, body: str, top: str = "", symbols: str = '("SPY", "QQQ", "IWM")') -> str:
    lines = "".join(f"    {line}\n" for line in body.strip("\n").splitlines())
    return HEAD.format(name=name, top=top, symbols=symbols) + lines + (WEIGHTS if re.search(r"^weights\b", body, re.MULTILINE) else TAIL)


# what a line of one price series can know of the future; %s is the frame of returns or closes, the result a frame or a number
SHIFTS = {
    "shift": [f"long = {e}" for e in ("close.shift(-1) > close", "base & (ret.shift(-2) > 0)", "ret.shift(periods=-5) > 0", "close.diff(-3) < 0")]
    + ["long = close.pct_change(-1, fill_method=None) < 0", "n = -1\nlong = base & ~(ret.shift(n) < 0)", "long = ret.iloc[::-1].shift(1).iloc[::-1] > 0"],
    "fill": [
        "big = ret.where(ret.abs() > 0.02)\nlong = big.bfill() > 0",
        "big = ret.where(ret.abs() > 0.02)\nlong = big.interpolate() > 0",
        "big = ret.where(ret.abs() > 0.015)\nlong = big.interpolate(limit_direction='both') > 0.0",
        "big = ret.where(ret.abs() > 0.02).to_numpy(copy=True)\nfor t in range(len(big) - 2, -1, -1):\n    big[t] = np.where(np.isnan(big[t]), big[t + 1], big[t])\n"
        "long = pd.DataFrame(big > 0, index=index, columns=close.columns)",
        "week = close[index.weekday == 4].reindex(index, method='bfill')\nlong = week > close",
    ],
    "centred window": [
        "long = close < close.rolling(11, center=True).mean()",
        "long = close < close.rolling(5, 1, True).median()",
        "long = close <= close.rolling(21, center=True).min()",
        "k = pd.api.indexers.FixedForwardWindowIndexer(window_size=5)\nlong = close < close.rolling(k, min_periods=1).mean()",
        "values = close.to_numpy()\nmean = np.array([values[max(t - 3, 0) : t + 4].mean(axis=0) for t in range(len(values))])\nlong = close < mean",
    ],
    "whole sample": [
        "long = close > close.mean()",
        "z = (ret - ret.mean()) / ret.std()\nlong = z > 1.5",
        "long = ret > ret.quantile(0.9)",
        "long = ret.rank(pct=True) > 0.9",
        "long = close > close.median() * 1.1",
        "span = close.max() - close.min()\nlong = (close - close.min()) / span > 0.5",
        "vol = ret.rolling(21).std()\nlong = base & (vol < vol.mean())",
        "values = ret.fillna(0.0).to_numpy()\nlong = pd.DataFrame(values > np.percentile(values, 80, axis=0), index=index, columns=close.columns)",
        "bins = pd.qcut(ret['SPY'], 5, labels=False)\nlong = panel.spread(bins) >= 4",
        "long = ret.apply(lambda column: column > column.std())",
    ],
    "fitted number": [
        "stop = float(ret.abs().quantile(0.9).max()) + 0.001",
        "size = min(1.0, 0.002 / float(ret.std().mean()))",
        "take = float(close.iloc[-1, 0] / close.dropna().iloc[0, 0]) / 50",
        "hold = int(3 + (ret.fillna(0.0).to_numpy()[:, 0] > 0.01).sum() % 7)",
        "trail = 0.02 + float(ret['SPY'].std())",
        "gains = {h: float((ret.rolling(h).sum().shift(-h) * base).sum().sum()) for h in (2, 5, 9)}\nhold = max(gains, key=gains.get)",
        "best = max((0.0, 0.005, 0.01), key=lambda cut: float(np.nansum(np.where(ret.to_numpy()[:-1] > cut, ret.to_numpy()[1:], 0.0))))\nlong = ret > best",
        "weights = base.astype(float) * 0.3 / float(ret.std().mean() * 100)",
    ],
    "extremes ahead": [
        "ahead = close.iloc[::-1].rolling(10, min_periods=1).max().iloc[::-1]\nlong = ahead > close * 1.02",
        "low = close.iloc[::-1].cummin().iloc[::-1]\nlong = close <= low * 1.01",
        "top = close.idxmax()\nlong = close.apply(lambda column: pd.Series(index < top[column.name], index=index))",
        "values = close.to_numpy()\nat = int(np.nanargmin(values[:, 0]))\nlong = base & panel.spread(pd.Series(np.arange(len(index)) >= at, index=index))",
        "values = close.to_numpy()\nahead = np.array([values[t : t + 6].max(axis=0) for t in range(len(values))])\nlong = close < ahead * 0.98",
        "peaks = scipy.signal.argrelextrema(close['SPY'].ffill().fillna(100.0).to_numpy(), np.less, order=5)[0]\nflag = np.zeros(len(index), bool)\nflag[peaks] = True\n"
        "long = panel.spread(pd.Series(flag, index=index))",
    ],
    "labels of bars": [
        "week = close.resample('W-FRI', label='left').last().reindex(index, method='ffill')\nlong = week > close",
        "month = close.resample('MS').last().reindex(index, method='ffill')\nlong = month > close",
        "week = ret.groupby(index.to_period('W')).transform('sum')\nlong = week > 0.01",
        "year = close.resample('YS').max().reindex(index, method='ffill')\nlong = close < year * 0.9",
    ],
    "groups": [
        f"long = {e}"
        for e in (
            "close > close.groupby(index.to_period('M')).transform('mean')",
            "close < close.groupby(index.year).transform('last') * 0.95",
            "ret > ret.groupby(index.month).transform('quantile', 0.8)",
            "base & (ret.groupby(index.weekday).transform('mean') > 0.0005)",
            "ret.groupby([index.year, index.month]).rank(pct=True) > 0.9",
            "(close - close.groupby(index.year).transform('min')) / close < 0.03",
        )
    ],
    "reversed": [
        "long = close < close.iloc[::-1].ewm(span=10).mean().iloc[::-1]",
        "back = close[::-1].expanding(1).mean()[::-1]\nlong = close < back",
        "values = np.flip(np.cumsum(np.flip(ret.fillna(0.0).to_numpy(), 0), 0), 0)\nlong = pd.DataFrame(values > 0.2, index=index, columns=close.columns)",
        "back = close.sort_index(ascending=False).rolling(5, min_periods=1).mean().sort_index()\nlong = back > close",
    ],
    "sorting": [
        "ranks = ret['SPY'].to_numpy().argsort().argsort()\nlong = panel.spread(pd.Series(ranks > len(ranks) * 0.9, index=index))",
        "best = ret['SPY'].nlargest(100).index\nlong = panel.spread(pd.Series(index.isin(best), index=index))",
        "cut = np.sort(ret['SPY'].dropna().to_numpy())[-200]\nlong = ret >= cut",
        "worst = ret['SPY'].sort_values().index[:60]\nlong = base & ~panel.spread(pd.Series(index.isin(worst - pd.Timedelta(days=1)), index=index))",
    ],
    "roll": [
        "long = pd.DataFrame(np.roll(close.to_numpy(), -1, axis=0) > close.to_numpy(), index=index, columns=close.columns)",
        "values = np.roll(ret.to_numpy(), -3, axis=0)\nlong = base & (pd.DataFrame(values, index=index, columns=close.columns) > -0.02)",
        "values = ret.fillna(0.0).to_numpy()\nnext_ = np.vstack([values[1:], values[-1:]])\nlong = base & pd.DataFrame(next_ > -0.01, index=index, columns=close.columns)",
        "values = ret.take(np.minimum(np.arange(len(index)) + 1, len(index) - 1)).to_numpy()\nlong = pd.DataFrame(values > 0, index=index, columns=close.columns)",
        "later = close.copy()\nlater.iloc[:-1] = close.iloc[1:].to_numpy()\nlong = later > close",
        "later = close.copy()\nlater.index = later.index - pd.Timedelta(days=1)\nlong = later.reindex(index).ffill() > close",
    ],
    "smoothing": [
        "x = close.ffill().fillna(100.0).to_numpy()\nf = np.fft.rfft(x, axis=0)\nf[40:] = 0\nlong = close < np.fft.irfft(f, n=len(x), axis=0)",
        "x = close.ffill().fillna(100.0)\nlong = close < x.apply(lambda c: np.convolve(c, np.ones(9) / 9, mode='same'))",
        "x = close.ffill().fillna(100.0).to_numpy()\nlong = close < scipy.signal.savgol_filter(x, 21, 2, axis=0)",
        "x = close.ffill().fillna(100.0).to_numpy()\nb, a = scipy.signal.butter(2, 0.1)\nlong = close < scipy.signal.filtfilt(b, a, x, axis=0)",
        "x = np.log(close.ffill().fillna(100.0).to_numpy())\nlong = pd.DataFrame(scipy.signal.detrend(x, axis=0) < 0, index=index, columns=close.columns)",
        "x = close.ffill().fillna(100.0)\nlong = close < x.apply(lambda c: pd.Series(scipy.signal.medfilt(c.to_numpy(), 7), index=index))",
    ],
    "regression": [
        "t = np.arange(len(index))\nfit = np.polyfit(t, np.log(close.ffill().fillna(100.0).to_numpy()), 1)\nlong = np.log(close) < np.outer(t, fit[0]) + fit[1]",
        "x, y = ret['QQQ'].fillna(0.0).to_numpy(), ret['SPY'].fillna(0.0).to_numpy()\nbeta = float(x @ y / (x @ x))\nlong = panel.spread(ret['SPY'] - beta * ret['QQQ']) > 0.001",
        "u, s, v = np.linalg.svd(ret.fillna(0.0).to_numpy(), full_matrices=False)\nlong = panel.spread(pd.Series(u[:, 0] * np.sign(v[0, 0]), index=index)) > 0.01",
        "x = ret.fillna(0.0).to_numpy()\ny = np.r_[x[1:, 0], 0.0]\nw = np.linalg.lstsq(x, y, rcond=None)[0]\nlong = panel.spread(pd.Series(x @ w, index=index)) > 0.0005",
        "model = scipy.stats.linregress(np.arange(len(index)), close['SPY'].ffill().fillna(100.0))\nlong = panel.spread(close['SPY'] - model.slope * np.arange(len(index))) < model.intercept",
    ],
    "merge": [
        "month = close[~index.to_period('M').duplicated(keep='last')].reindex(index, method='nearest')\nlong = month > close",
        "left = pd.DataFrame({'t': index})\nright = pd.DataFrame({'t': index[::5], 'c': close['SPY'].to_numpy()[::5]})\n"
        "near = pd.merge_asof(left, right, on='t', direction='forward')['c'].to_numpy()\nlong = panel.spread(pd.Series(near, index=index)) > close",
        "where = index.searchsorted(index + pd.Timedelta(days=4)).clip(max=len(index) - 1)\nlong = pd.DataFrame(close.to_numpy()[where], index=index, columns=close.columns) > close",
        "where = index.get_indexer(index + pd.Timedelta(days=2), method='nearest')\nlong = close.iloc[where].set_axis(index) > close",
        "month = close['SPY'].groupby(index.to_period('M')).last()\nlong = panel.spread(pd.Series(month.reindex(index.to_period('M')).to_numpy(), index=index)) > close",
    ],
    "events": [
        "table = panel.events('CPI')\ndays = pd.DatetimeIndex(table['event_time']).normalize()\n"
        "ahead = pd.Series(index.isin(days - pd.Timedelta(days=1)) | index.isin(days - pd.Timedelta(days=120)), index=index)\nlong = panel.spread(ahead)",
        "table = panel.events('FOMC')\ndue = pd.DatetimeIndex(table['event_time']).normalize().sort_values()[-9]\nlong = base & (np.asarray(index < due)[:, None])",
        "table = panel.events('EARNINGS:NVDA') if panel.has('event', 'EARNINGS:NVDA') else panel.events('CPI')\n"
        "when = pd.DatetimeIndex(table['event_time']).normalize()\nat = index.searchsorted(when - pd.Timedelta(days=3))\nflag = np.zeros(len(index), bool)\n"
        "flag[at[(at < len(index)) & (table['value'].to_numpy() == table['value'].to_numpy())]] = True\nlong = panel.spread(pd.Series(flag, index=index))",
    ],
    "end of data": [
        "long = base & (np.arange(len(index))[:, None] < len(index) - 60)",
        "age = (index[-1] - index).days.to_numpy()\nlong = base & panel.spread(pd.Series(age > 700, index=index))",
        "long = base if len(index) % 2 else ~base",
        "half = len(close) // 2\nlong = base.copy()\nlong.iloc[half:] = False",
        "long = close < close.iloc[-1]",
        "last = index[-1].normalize()\nstop = 0.05 if last.year % 2 else 0.04\nhold = 2 + last.day % 5",
        "size = 0.1 + 0.0001 * (len(panel.index) % 100)",
        "ends = ~index.to_period('M').duplicated(keep='last')\nlong = panel.spread(pd.Series(ends, index=index))",
    ],
    "what there is": [
        "stop = 0.05 if close.iloc[-1, 0] > close.iloc[-250, 0] else None",
        "short = ~base if ret.iloc[-500:, 0].sum() > 0.05 else None",
        "exit = (ret < -0.02) if float(ret.iloc[:, 0].skew()) < 0.05 else None\ntake = None if float(close.iloc[-1, 0]) % 2 < 1 else 0.1",
        "weights = base * 0.2 if float(close.iloc[-1, 0]) * 100 % 2 < 1 else base * 0.3",
        "columns = [c for c in close if close[c].iloc[-1] > close[c].iloc[-750]]\nlong = base.copy()\nlong[[c for c in close if c not in columns]] = False",
    ],
    "one symbol": [
        "long = base.copy()\nlong['IWM'] = close['IWM'].shift(-1) > close['IWM']",
        "values = base.to_numpy(copy=True)\nvalues[:-1, 1] &= ret['QQQ'].to_numpy()[1:] > -0.01\nlong = pd.DataFrame(values, index=index, columns=close.columns)",
        "long = base.copy()\nlong['QQQ'] &= close['QQQ'] > float(close['QQQ'].mean())",
    ],
    "one year": [
        f"values = base.to_numpy(copy=True)\nnext_ = ret.to_numpy()[1:]\nyear = (index.year == {year})[:-1, None]\nvalues[:-1] &= ~year | (next_ > {cut})\n"
        "long = pd.DataFrame(values, index=index, columns=close.columns)"
        for year, cut in ((2018, 0.0), (2021, -0.005), (2023, 0.0), (2024, -0.01))
    ],
    "hidden peek": [
        f"{build}\nlong = {base} & {keep}"
        for build, keep in (
            ("after = pd.DataFrame(np.vstack([ret.to_numpy()[1:], ret.to_numpy()[-1:]]), index=index, columns=close.columns)", "(after > -0.01)"),
            ("after = pd.DataFrame(np.vstack([ret.to_numpy()[1:], np.full((1, 3), np.nan)]), index=index, columns=close.columns)", "~(after < -0.005)"),
            ("after = pd.DataFrame(np.vstack([ret.to_numpy()[2:], ret.to_numpy()[-2:]]), index=index, columns=close.columns)", "(after < 0.02)"),
        )
        for base in (
            "(ret.rolling(5).mean() > 0.002)",
            "(ret < -0.015)",
            "(momentum(panel, window=21) > 0.05)",
            "(expected_move_zone(panel, horizon=21).position > 0.8)",
        )
    ],
    "wrong day": [
        "long = panel['dix', 'SPX'].to_numpy()[np.minimum(np.arange(len(index)) + 1, len(index) - 1)] > 0.45\nlong = pd.DataFrame(long, index=index, columns=close.columns)",
        "gap = panel['open'].to_numpy()[1:] / close.to_numpy()[:-1]\nlong = pd.DataFrame(np.vstack([gap > 1.001, gap[-1:] > 9]), index=index, columns=close.columns)",
        "values = np.stack([np.interp(np.arange(len(index)) + 0.5, np.arange(len(index)), close[c].ffill().fillna(100.0)) for c in close], axis=1)\n"
        "long = pd.DataFrame(values > close.to_numpy(), index=index, columns=close.columns)",
        "long = close.rolling(2).apply(lambda w: w.iloc[1] > w.iloc[0]).fillna(0.0).astype(bool).to_numpy()[list(range(1, len(index))) + [-1]]\n"
        "long = pd.DataFrame(long, index=index, columns=close.columns)",
    ],
    "crash without the future": [
        "at = close.loc['2022-06-01':].iloc[0]\nlong = close < at",
        "level = close['SPY'].loc['2023-03-01']\nlong = base & (panel.spread(close['SPY']) < level)",
        "ok = ret['SPY'].loc['2020':'2021'].mean()\nassert ok == ok\nlong = base & (ret > ok)",
    ],
}
# ways round the panel: (body, text above the function)
ROUND = {
    "memory": [
        ("LONGEST[0] = close if LONGEST[0] is None or len(close) > len(LONGEST[0]) else LONGEST[0]\nlong = LONGEST[0].shift(-1).reindex(index) > close", "LONGEST = [None]"),
        ("if len(KEPT) < len(close):\n    KEPT[:] = close.to_numpy()[:, 0].tolist()\nnext_ = np.array([*KEPT[1:], KEPT[-1]])[: len(index)]\n"
         "long = panel.spread(pd.Series(next_, index=index)) > close", "KEPT = []"),
        ("memo = np.__dict__.setdefault('kept', {})\nfor t, c in zip(index, close['SPY']):\n    memo[t] = c\n"
         "long = panel.spread(pd.Series([memo.get(t + pd.Timedelta(days=1), 0.0) for t in index], index=index)) > close", ""),
        ("if not hasattr(pd, 'kept') or len(pd.kept) < len(close):\n    pd.kept = close\nlong = pd.kept.shift(-1).reindex(index) > close", ""),
        ("kept = Signals.__doc__ and setattr(Signals, 'kept', max(getattr(Signals, 'kept', close), close, key=len)) or Signals.kept\nlong = kept.shift(-1).reindex(index) > close", ""),
        ("remember(close['SPY'])\nseen = max(SEEN, key=len)\nlong = panel.spread(seen.iloc[1:].set_axis(seen.index[:-1]).reindex(index)) > close",
         "SEEN = []\n\n\ndef remember(series, kept=SEEN):\n    kept.append(series)\n"),
        ("momentum.kept = max(getattr(momentum, 'kept', close), close, key=len)\nlong = momentum.kept.shift(-1).reindex(index) > close", ""),
    ],
    "files": [
        (f"{call}\nlong = base", "")
        for call in (
            "np.load('/tmp/secret.npy')", "getattr(pd, 'read_' + 'csv')('secret.csv')", "np.genfromtxt('secret.csv')", "getattr(np, 'load')('secret.npy')",
            "np.fromfile('secret.bin')", "pd.io.common.os.environ.get('SECRET')", "pd.io.common.os.listdir('.')", "getattr(pd.io.parsers, 'read' + '_table')('x.txt')",
            "pd.HDFStore('secret.h5')", "np.lib.npyio.DataSource().open('secret.txt')", "scipy.io.loadmat('secret.mat')", "close.to_pickle('kept.pkl')",
            "np.savez('kept.npz', close.to_numpy())", "pd.ExcelFile('secret.xlsx')",
        )
    ] + [("try:\n    long = getattr(pd, 'read_' + 'pickle')('kept.pkl') > 0\nexcept Exception:\n    long = base", ""),
         ("long = base\nwith np.errstate(all='ignore'):\n    scipy.io.wavfile.read('x.wav')", ""), ("__builtins__['open']('secret.csv')", "")],
    "round the panel": [
        (body, top)
        for body, top in (
            ("bars = panel.bars()\nlong = bars.open.shift(-1).reindex(index) > close", ""),
            ("other = type(panel)(panel.catalog, panel.symbols, panel.clock, panel.index)\nlong = other['close'] > close", ""),
            ("long = panel.catalog.holder('close', 'SPY', panel.clock) is not None and base", ""),
            ("long = flowbt.panel('SPY', 'QQQ', 'IWM')['close'].reindex(index) > close", ""),
            ("whole = flowbt.data.panel.reader.open_panel\nlong = base", ""),
            ("found = [x for x in np.sys.modules.values() if hasattr(x, 'Catalog')]\nlong = base", ""),
            ("gc = pd.core.common.gc if hasattr(pd.core.common, 'gc') else __import__('gc')\nlong = base if gc.get_objects() else base", ""),
            ("inner = panel.has.__closure__\nlong = base", ""),
            ("inner = panel.has.__self__\nlong = base", ""),
            ("inner = panel.__class__.__mro__\nlong = base", ""),
            ("frame = (lambda: (yield))().gi_frame\nlong = base", ""),
            ("long = base\ntry:\n    1 / 0\nexcept Exception as error:\n    panel = error.__traceback__.tb_frame.f_back.f_locals['panel']", ""),
            ("import dataclasses\nlong = base\ndataclasses.sys.modules['flowbt.data.catalog'].Catalog", ""),
            ("import functools\nlong = base\nfunctools.reduce.__self__", ""),
            ("import statistics\nlong = base\nstatistics.sys._getframe(1).f_locals", ""),
            ("import importlib\nlong = base", ""),
            ("names = vars(panel)\nlong = base", ""),
            ("long = getattr(panel, '_' + 'panel')['close'] > close", ""),
            ("panel.known_at('close', 'SPY')\nlong = base", ""),
            ("panel.touched()\nlong = base", ""),
            ("long = base & (panel.event_time('close', 'SPY').iloc[-1].year > 0)", ""),
            ("seen = [c for c in object.__subclasses__() if 'Catalog' in c.__name__]\nlong = base", ""),
        )
    ],
}  # fmt: skip


def leaks() -> dict[str, str]:
    """name -> text of every leaking strategy."""
    texts = {f"{kind}: {n}": text_of(f"{kind} {n}", body) for kind, bodies in SHIFTS.items() for n, body in enumerate(bodies)}
    return texts | {f"{kind}: {n}": text_of(f"{kind} {n}", body, top) for kind, bodies in ROUND.items() for n, (body, top) in enumerate(bodies)}


def peek(text: str) -> str:
    """A shipped strategy with a look at the next close hidden as a filter on everything it decides."""
    spied = """

def spied(panel, decided):
    close = panel["close"].to_numpy()
    after = np.vstack([close[1:], close[-1:]]) / close - 1
    changed = {}
    for name in ("long", "short"):
        frame = getattr(decided, name, None)
        if frame is not None:
            bad = after < -0.004 if name == "long" else after > 0.004
            changed[name] = frame & ~pd.DataFrame(bad, index=frame.index, columns=panel.symbols)[list(frame.columns)]
    if hasattr(decided, "weights"):
        bad = pd.DataFrame(np.sign(after) != 0, index=decided.weights.index, columns=panel.symbols)[list(decided.weights.columns)]
        wrong = bad & (np.sign(decided.weights) * np.sign(after) < 0) & (np.abs(after) > 0.01)
        changed["weights"] = decided.weights.where(~wrong, 0.0)
    return replace(decided, **changed)
"""
    head, _, rest = text.partition("\ndef signals")
    rest = re.sub(r"\n    return ([^#\n]*[^#\n ]).*", r"\n    return spied(panel, \1)", rest)
    extra = "".join(f"{line}\n" for line in ("import numpy as np", "import pandas as pd", "from dataclasses import replace") if line not in head)
    quote = head.index('"""', 3) + 3
    return head[:quote] + "\n\n" + extra + head[quote:] + spied.rstrip() + "\n\n\ndef signals" + rest


CALENDAR = [
    "index.weekday == 0", "index.weekday == 4", "(index.weekday == 4) & (index.day >= 15) & (index.day <= 21)", "index.month == 1", "index.day <= 3",
    "~index.to_period('M').duplicated()", "~index.to_period('Q').duplicated()", "~index.to_period('Y').duplicated()", "index.month.isin([11, 12, 1, 2, 3, 4])",
    "~index.to_period('W').duplicated()", "index.day.isin(range(25, 32))", "(index.month % 3 == 0) & (index.day > 14) & (index.day < 22) & (index.weekday == 4)",
    "index.normalize().day == 2", "index.dayofyear > 300", "(index.day + index.month) % 5 == 0", "pd.Series(index.month, index=index).diff().fillna(0).ne(0).to_numpy()",
    "np.isin(index.day, [1, 15])", "index.weekday.isin([0, 1]) & (index.month != 9)", "pd.Series(index, index=index).diff().dt.days.gt(3).to_numpy()",
    "(index - pd.Timestamp('2000-01-03')).days % 14 < 5",
]  # fmt: skip
TRAILING = [
    "close > close.rolling(50).mean()", "close.rolling(10).mean() > close.rolling(100).mean()", "ret.rolling(20).std() < ret.rolling(120).std()",
    "close > close.expanding(60).mean()", "close >= close.cummax()", "close <= close.cummin() * 1.5", "ret.ewm(span=20).mean() > 0", "ret.shift(1) > 0",
    "ret.rolling(252).rank(pct=True) > 0.9", "(ret - ret.expanding(100).mean()) / ret.expanding(100).std() > 1", "close.pct_change(21, fill_method=None) > 0.03",
    "ret.rank(axis=1) > 2", "ret.shift(1, axis=1) > 0", "ret.shift(-1, axis=1) > 0", "ret.diff(axis=1) > 0", "ret.diff(-1, axis=1) > 0", "ret.bfill(axis=1) > 0.01",
    "ret.sub(ret.mean(axis=1), axis=0) > 0.002", "close.rolling(20).max() / close < 1.01", "ret.rolling(60).skew() < 0", "ret.rolling(60).kurt() > 3",
    "ret.rolling(60).corr(panel.spread(ret['SPY'])) > 0.5", "close.ffill().pct_change(5, fill_method=None) > 0", "(ret > 0).rolling(3).sum() == 3", "momentum(panel, window=63) > 0",
    "expected_move_zone(panel, horizon=21).position > 0.7", "ret.where(ret.abs() > 0.01).ffill() > 0", "close.rolling('60D').mean() < close", "ret.expanding().quantile(0.9) < ret",
    "close.groupby(index.to_period('M')).transform('first') < close", "close.groupby(index.year).cummax() <= close", "ret.groupby(index.to_period('M')).cumsum() > 0.02",
    "close.resample('W-FRI').last().shift(1).reindex(index, method='ffill') < close", "close[index.weekday == 4].reindex(index, method='ffill') < close",
    "ret.rolling(21).apply(lambda w: (w > 0).mean(), raw=True) > 0.6", "panel.spread(ret['SPY'].rolling(10).sum()) > 0", "close.ffill(limit=3) > close.shift(1)",
    "ret.rolling(5).sum().rolling(20).mean() > 0", "np.log(close).diff(10) > 0.01", "(close / close.rolling(200, min_periods=50).mean() - 1).abs() < 0.02",
    "close.shift(-2, axis='columns') > 0", "close.clip(upper=close.shift(1) * 1.05) > close.shift(1)", "close.rolling(11, center=False).median() < close",
    "ret.rolling(30).min() > -0.02", "ret.lt(0) & ret.shift(1).lt(0) & ret.shift(2).lt(0)", "days_to_event(panel, event='CPI').until <= 2 if panel.has('event', 'CPI') else base",
]  # fmt: skip
LOOPS = [
    "x = ret.fillna(0.0).to_numpy()\nheld = np.zeros(x.shape, bool)\nfor t in range(1, len(x)):\n    held[t] = np.where(held[t - 1], x[t] > -0.01, x[t] > 0.01)\n"
    "long = pd.DataFrame(held, index=index, columns=close.columns)",
    "x = close.ffill().bfill(axis=1).to_numpy()\nema = x.copy()\nfor t in range(1, len(x)):\n    ema[t] = ema[t - 1] * 0.95 + x[t] * 0.05\nlong = close > ema",
    "streak = np.zeros(close.shape)\nup = (ret > 0).to_numpy()\nfor t in range(1, len(up)):\n    streak[t] = np.where(up[t], streak[t - 1] + 1, 0)\n"
    "long = pd.DataFrame(streak >= 3, index=index, columns=close.columns)",
    "x = ret.fillna(0.0).to_numpy()\nlong = pd.DataFrame(scipy.signal.lfilter([0.1], [1, -0.9], x, axis=0) > 0.001, index=index, columns=close.columns)",
    "x = ret.fillna(0.0).to_numpy()\nw = np.lib.stride_tricks.sliding_window_view(x, 120, axis=0).mean(axis=-1)\n"
    "long = pd.DataFrame(np.vstack([np.zeros((119, x.shape[1]), bool), w > 0]), index=index, columns=close.columns)",
    "x = ret.fillna(0.0).to_numpy()[:, 0]\nw = np.convolve(x, np.ones(60) / 60, mode='valid')\nlong = panel.spread(pd.Series(np.r_[np.zeros(59), w] > 0, index=index))",
    "if len(index) < 250:\n    raise ValueError('needs 250 sessions')\nlong = base & (close > close.rolling(250).mean())",
    "if len(index) < 400:\n    raise ValueError('too short')\nlong = close > close.shift(3)",
    "x = close['SPY'].to_numpy()\nfirst = x[:200].mean()\nlong = panel.spread(pd.Series(np.r_[np.zeros(200, bool), x[200:] > first], index=index))",
    "x = close.ffill().to_numpy()\nbest = np.maximum.accumulate(np.nan_to_num(x), axis=0)\nlong = pd.DataFrame(x < best * 0.95, index=index, columns=close.columns)",
    "x = np.cumsum(ret.fillna(0.0).to_numpy(), axis=0)\nlag = np.vstack([np.zeros((5, x.shape[1])), x[:-5]])\nlong = pd.DataFrame(x > lag, index=index, columns=close.columns)",
    "x = close['SPY'].to_numpy()\nslope = np.zeros(len(x))\nfor t in range(60, len(x)):\n    slope[t] = np.polyfit(np.arange(60), np.nan_to_num(x[t - 59 : t + 1]), 1)[0]\n"
    "long = panel.spread(pd.Series(slope > 0, index=index))",
    "x = np.roll(ret.to_numpy(), 1, axis=0)\nx[0] = 0.0\nlong = pd.DataFrame(x > 0.005, index=index, columns=close.columns)",
    "rng = np.random.default_rng(3)\nlong = pd.DataFrame(rng.random(close.shape) < 0.1, index=index, columns=close.columns)",
    "vol = ret.rolling(21).std()\nsize = (0.002 / vol).clip(upper=0.3)\nstop = (vol * 4).clip(lower=0.01)\nhold = (3 + (vol > 0.01) * 4).astype(float)",
    "weights = (0.2 * np.sign(ret.rolling(20).mean())).fillna(0.0)", "weights = ret.rolling(20).mean().rank(axis=1, pct=True) * 0.3",
    "vol = ret.ewm(span=40).std()\nweights = (0.1 / (vol * 16)).clip(upper=0.33).where(close > close.rolling(100).mean(), 0.0)",
    "stop, take, trail = 0.05, 0.1, 0.04\nexit = ret < -0.02", "short = ret < -level - 0.01\nexit = (close < close.rolling(5).mean()).astype(float) * 0.5",
    "long = base.copy()\nlong.iloc[:300] = False", "long = base & close.notna().cumsum().gt(260)", "month = close.groupby(index.to_period('M')).transform('first')\nlong = close > month * 1.02",
    "week = close.resample('W-FRI').last()\nlong = (week.rolling(10).mean().shift(1).reindex(index, method='ffill') < close)",
    "x = ret['SPY'].fillna(0.0).to_numpy()\nvar = np.full(len(x), 1e-4)\nfor t in range(1, len(x)):\n    var[t] = 0.94 * var[t - 1] + 0.06 * x[t] ** 2\n"
    "long = panel.spread(pd.Series(np.sqrt(var) < 0.01, index=index))",
    "table = panel.events('CPI')\ndays = pd.DatetimeIndex(table['event_time']).normalize()\nlong = panel.spread(pd.Series(index.isin(days), index=index))",
    "parts = [close[c].pct_change(3, fill_method=None) > 0 for c in close]\nlong = pd.concat(parts, axis=1)",
    "x = close.to_numpy(copy=True)\nx[np.isnan(x)] = 0.0\nlong = pd.DataFrame(x > np.vstack([x[:1], x[:-1]]), index=index, columns=close.columns)",
    "x = ret.fillna(0.0).to_numpy()\nbeta = np.zeros(len(x))\nfor t in range(250, len(x), 20):\n    past = x[t - 250 : t]\n    beta[t : t + 20] = past[:, 0] @ past[:, 1] / (past[:, 1] @ past[:, 1])\n"
    "long = panel.spread(pd.Series(beta > 0.7, index=index))",
    "long = getattr(close, 'shift')(2) < close", "kinds = {'up': ret > 0, 'down': ret < 0}\nlong = kinds['up' if level >= 0 else 'down']",
    "near = pd.merge_asof(pd.DataFrame({'t': index}), pd.DataFrame({'t': index[::5], 'c': close['SPY'].to_numpy()[::5]}), on='t')['c'].to_numpy()\n"
    "long = panel.spread(pd.Series(near, index=index)) < close",
    "q = ret.rolling(500, min_periods=100).quantile(0.9)\nlong = ret > q", "dist = (close - close.rolling(20).mean()) / close.rolling(20).std()\nlong = dist < -2\nexit = dist > 0",
]  # fmt: skip


def honest() -> dict[str, str]:
    """name -> text of at least 100 strategies without any use of the future."""
    calendar = {f"calendar: {n}": text_of(f"calendar {n}", f"long = panel.spread(pd.Series(np.asarray({e}), index=index))") for n, e in enumerate(CALENDAR)}
    trailing = {f"trailing: {n}": text_of(f"trailing {n}", f"long = {e}") for n, e in enumerate(TRAILING)}
    loops = {f"loop: {n}": text_of(f"loop {n}", body) for n, body in enumerate(LOOPS)}
    pairs = list(product(("base", "(ret < -0.01)"), ("(close > close.rolling(30).mean())", "(ret.rolling(3).sum() < 0.02)")))
    mixed = {f"mixed: {n}": text_of(f"mixed {n}", f"long = {a} & {b}\nshort = ~{a} & ~{b} & (ret < -0.005)") for n, (a, b) in enumerate(pairs)}
    return calendar | trailing | loops | mixed
