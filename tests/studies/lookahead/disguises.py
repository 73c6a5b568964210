"""Leaks in disguise, by what hides them: callables, objects, accessors, fitted models, smoothers, conditions; and honest strategies that look alike.

`leaks()` and `honest()` give name -> file text, as in `corpus.py`; `BODIES` and `HONEST` also serve as events of claims.
"""

# ruff: noqa: E501

from __future__ import annotations

from tests.studies.lookahead.corpus import text_of
from tests.studies.lookahead.styles import NEXT, R, X, framed, spread

S = "s = close['SPY'].ffill().fillna(100.0)\n"
Y = "y = ret['SPY'].fillna(0.0).to_numpy()\n"

BODIES = {
    "callables": [
        spread(S + "later = lambda t, v=s.to_numpy(): v[min(t + 1, len(v) - 1)]\n", "[later(t) > s.iloc[t] for t in range(len(s))]"),
        spread(S + "def peeking(values):\n    it = iter(values)\n    now = next(it)\n    for after in it:\n        yield after > now\n        now = after\n    yield False\n", "list(peeking(s))"),
        spread(S + "seen = functools.partial(np.interp, np.arange(len(s)) + 1.0, np.arange(len(s)))\n", "seen(s.to_numpy()) > s.to_numpy()"),
        spread(S + "pairs = itertools.zip_longest(s, itertools.islice(s, 1, None), fillvalue=0.0)\n", "[b > a for a, b in pairs]"),
        spread(Y + "tail = list(itertools.accumulate(reversed(y.tolist()), lambda a, b: 0.8 * a + b))[::-1]\n", "np.array(tail) > 0.01"),
        spread(S + "queue = collections.deque(s.tolist())\nqueue.rotate(-1)\n", "np.array(queue) > s.to_numpy()"),
        spread(Y + "best = functools.reduce(lambda a, b: a if a[0] > b[0] else b, [(float(np.sum(y[1:][y[:-1] > c])), c) for c in (-0.01, 0.0, 0.004, 0.01)])[1]\n", "y > best"),
        spread(Y + "a, b = itertools.tee(y.tolist())\nnext(b, None)\nnear = [w > 0.002 for _, w in zip(a, b)]\n", "[*near, False]"),
        spread(Y + "order = sorted(range(len(y)), key=lambda t: -y[t])[:200]\nflag = np.zeros(len(y), bool)\nflag[order] = True\n", "flag"),
        spread(Y + "send = mean_of()\nnext(send)\nfor v in y:\n    level = send.send(v)\n", "y > level + 0.004"),
        spread(S + "walk = list(zip(*[s.iloc[k:].tolist() + [s.iloc[-1]] * k for k in range(4)]))\n", "[max(w) > w[0] * 1.01 for w in walk]"),
        spread(Y + "ahead = np.vectorize(lambda t: y[t : t + 4].sum())(np.arange(len(y)))\n", "ahead > 0.005"),
        spread(S + "def last(values):\n    return values if len(values) < 2 else last(values[len(values) // 2 :])\n\nend = float(last(s.to_numpy())[0])\n", "s < end * 0.8"),
    ],
    "objects": [
        spread(S + "later = Later(s.to_numpy())\n", "[later[t] > s.iloc[t] for t in range(len(s))]"),
        spread(S + "model = Scaler().fit(s.to_numpy())\n", "model(s.to_numpy()) > 0.8"),
        spread(S + "book = Book(s)\n", "s.to_numpy() > book.level"),
        spread(Y + "table = Means(y)\n", "[table[round(float(v), 3)] > 0.0004 for v in y]"),
        spread(S + "class Local:\n    values = s.to_numpy()\n    top = values[::-1].cumsum()[::-1] / np.arange(len(values), 0, -1)\n\n", "Local.top > s.to_numpy()"),
        spread(S + "try:\n    raise Found(s.iloc[-1])\nexcept Found as found:\n    level = found.args[0]\n", "s < level * 0.7"),
        spread(S + "holder = dataclasses.make_dataclass('Holder', [('level', float, dataclasses.field(default=float(s.median())))])()\n", "s > holder.level"),
        spread(S + "Kind = collections.namedtuple('Kind', 'low high')\nkind = Kind(*np.percentile(s, [20, 80]))\n", "(s < kind.low) | (s > kind.high)"),
        spread(Y + "w = Regression().fit(y[:-1], y[1:])\n", "w.predict(y) > w.predict(y).mean()"),
        spread(Y + "chain = collections.ChainMap({}, {'cut': float(np.std(y))})\n", "y > chain['cut']"),
        spread(S + "memo = {}\n\ndef cut(frame):\n    if id(frame) not in memo:\n        memo[id(frame)] = float(frame.max())\n    return memo[id(frame)]\n\n", "s > 0.8 * cut(s)"),
        spread(S + "class Level(float):\n    def __gt__(self, other):\n        return other < 0.9 * s.to_numpy().max()\n\n", "[Level(1.0) > v for v in s]"),
    ],
    "views": [
        framed(X + "back = x[::-1]\nnp.minimum.accumulate(back, axis=0, out=(low := np.empty_like(x)))\n", "x <= low[::-1] * 1.01"),
        framed(X + "codes = np.stack([np.unique(x[:, c], return_inverse=True)[1] for c in range(x.shape[1])], axis=1)\n", "codes > 0.8 * len(x)"),
        framed(R + "later = np.zeros_like(r)\nnp.add.at(later, np.maximum(np.arange(len(r)) - 1, 0), r)\n", "later > 0.002"),
        spread(Y + "near = np.correlate(y, np.ones(4) / 4, mode='full')[3 : 3 + len(y)]\n", "near > 0.002"),
        spread(Y + "spectrum = np.fft.fft(y) * np.exp(2j * np.pi * np.fft.fftfreq(len(y)))\n", "np.fft.ifft(spectrum).real > 0.002"),
        spread(Y + "edges = np.histogram_bin_edges(y, bins=10)\n", "np.digitize(y, edges) >= 6"),
        spread(Y + "down = np.flatnonzero(y < -0.015)\nleft = down[np.minimum(np.searchsorted(down, np.arange(len(y)) + 1), len(down) - 1)] - np.arange(len(y))\n", "left > 5"),
        spread(Y + "m = np.ma.masked_less(y, y.mean() + y.std())\n", "~np.ma.getmaskarray(m)"),
        framed(X + "rec = np.rec.fromarrays([x[:, 0], np.append(x[1:, 0], x[-1, 0])], names='now,after')\n", "np.repeat((rec.after > rec.now)[:, None], x.shape[1], axis=1)"),
        framed(X + "pick = np.take_along_axis(x, np.minimum(np.arange(len(x)) + 2, len(x) - 1)[:, None] * np.ones((1, x.shape[1]), int), axis=0)\n", "pick > x"),
        spread(Y + "up = np.frompyfunc(lambda t: y[min(int(t) + 1, len(y) - 1)] > 0.001, 1, 1)(np.arange(len(y)))\n", "up.astype(bool)"),
        spread(Y + "months = index.month.to_numpy()\nsums = np.bincount(months, weights=y, minlength=13) / np.maximum(np.bincount(months, minlength=13), 1)\n", "sums[months] > np.median(sums[1:])"),
        framed(X + "low = np.stack([np.lib.stride_tricks.sliding_window_view(np.pad(x[:, c], (0, 4), mode='edge'), 5).min(axis=1) for c in range(x.shape[1])], axis=1)\n", "low > x * 0.995"),
        spread(Y + "v = y.copy()\nnp.copyto(v[:-1], y[1:])\n", "v > 0.002"),
        spread(Y + "top = np.partition(y, -100)[-100]\n", "np.append(y[1:], 0.0) >= top * 0.3"),
        spread(S + "v = s.to_numpy().copy()\nv[:-1] += v[1:]\n", "v / 2 > s.to_numpy()"),
    ],
    "accessors": [
        spread(S, "s < s.tail(1).item() * 0.8"),
        spread(S, "s > s.iat[len(s) - 1] * 0.9"),
        spread(S, "s.factorize(sort=True)[0] > 0.75 * s.nunique()"),
        spread(S, "pd.Categorical(s.round(), ordered=True).codes > 0.5 * s.round().nunique()"),
        spread(S + "t = s.to_frame('c')\n", "t.eval('c > c.mean()')"),
        spread(S, "s.combine_first(s) > s.groupby(index.to_period('M')).transform('median')"),
        spread("g = ret['SPY'].groupby(index.to_period('M'))\n", "g.cumcount(ascending=False) < 3"),
        spread("g = ret['SPY'].groupby(index.to_period('W'))\n", "index.isin(g.tail(1).index) & (g.transform('size') > 3)"),
        spread(S + "good = s.groupby(index.to_period('M')).filter(lambda g: g.iloc[-1] > g.iloc[0]).index\n", "index.isin(good)"),
        spread("table = pd.pivot_table(pd.DataFrame({'r': ret['SPY'], 'd': index.weekday, 'm': index.month}), values='r', index='m', columns='d', aggfunc='mean')\n", "[table.loc[t.month, t.weekday()] > 0.0006 for t in index]"),
        spread(S + "later = s.copy()\nlater.update(pd.Series(s.to_numpy()[1:], index=index[:-1]))\n", "later > s"),
        spread(S + "bar = s.resample('W-MON', label='left', closed='left').last()\n", "bar.reindex(index, method='ffill') > s"),
        spread(S + "later = s.set_axis(index.to_series().shift(1).fillna(index[0])).pipe(lambda f: f[~f.index.duplicated()]).reindex(index).ffill()\n", "later > s"),
        spread(S + "lo, hi = s.quantile([0.3, 0.7])\n", "s.between(lo, hi)"),
        spread(S + "rec = s.to_frame('c').reset_index(drop=True).to_records()\n", "[rec.c[min(t + 1, len(rec) - 1)] > rec.c[t] for t in range(len(rec))]"),
        spread(S + "d = {k: v for k, v in zip(index.strftime('%Y%m%d'), s.tolist())}\n", "[d.get((t + pd.tseries.offsets.BDay(1)).strftime('%Y%m%d'), 0.0) > v for t, v in zip(index, s)]"),
        spread(S + "back = getattr(s[::-1], 'ew' + 'm')(span=8).mean()[::-1]\n", "back > s"),
        spread(S + "spans = pd.IntervalIndex.from_breaks(s.quantile(np.linspace(0, 1, 6)).to_numpy() + np.arange(6) * 1e-6)\n", "pd.cut(s, spans).cat.codes >= 3"),
        spread("n = int(ret['SPY'].count())\n", "(np.arange(len(index)) + n) % 11 < 3"),
        spread("runs = (ret['SPY'] > 0).ne((ret['SPY'] > 0).shift()).cumsum()\n", "ret['SPY'].groupby(runs).transform('size') >= 4"),
        spread("runs = (ret['SPY'] > 0).ne((ret['SPY'] > 0).shift()).cumsum()\n", "ret['SPY'].groupby(runs).transform('sum') > 0.02"),
        spread(S + "w = s.rolling(5).mean()\nw.index = w.index + (index[1] - index[0]) * -4\n", "w[~w.index.duplicated()].reindex(index, method='ffill', limit=5) > s"),
    ],
    "models": [
        spread(Y + "h = np.column_stack([np.r_[np.zeros(k), y[: len(y) - k]] for k in range(5)])\nd = ((h[:, None, :] - h[None, ::40, :]) ** 2).sum(axis=2)\nnear = np.argsort(d, axis=1)[:, :5] * 40\n", "y[np.minimum(near + 1, len(y) - 1)].mean(axis=1) > 0.001"),
        spread(Y + "fold = np.arange(len(y)) // 200 % 4\nfit = np.zeros(len(y))\nfor k in range(4):\n    a = fold != k\n    fit[~a] = np.polyval(np.polyfit(y[:-1][a[:-1]], y[1:][a[:-1]], 1), y[~a])\n", "fit > 0.0002"),
        spread(Y + "w = np.zeros(2)\na = np.column_stack([np.ones(len(y)), y * 100])\nt = (np.r_[y[1:], 0.0] > 0).astype(float)\nfor _ in range(60):\n    p = 1 / (1 + np.exp(-(a @ w)))\n    w += 0.5 * a.T @ (t - p) / len(y)\n", "a @ w > np.median(a @ w)"),
        spread(Y + "c = np.array([-0.01, 0.0, 0.01])\nfor _ in range(8):\n    k = np.abs(y[:, None] - c).argmin(axis=1)\n    c = np.array([y[k == i].mean() if (k == i).any() else c[i] for i in range(3)])\n", "k == 2"),
        spread(Y + "cut, side = max(((c, m) for c in np.quantile(y, [0.2, 0.5, 0.8]) for m in (1, -1)), key=lambda z: float(y[1:][(z[1] * (y[:-1] - z[0])) > 0].mean()))\n", "side * (y - cut) > 0"),
        spread(R + "u, s, v = np.linalg.svd(r - r.mean(axis=0), full_matrices=False)\nf = u[:, 0] * s[0] * np.sign(v[0].sum())\n", "f > 0.01"),
        spread(Y + "v = np.abs(y)\np = np.array([[0.95, 0.05], [0.05, 0.95]])\nlik = np.column_stack([np.exp(-v / 0.005) / 0.005, np.exp(-v / 0.015) / 0.015])\nf = np.ones((len(y), 2)) / 2\nfor t in range(1, len(y)):\n    f[t] = (f[t - 1] @ p) * lik[t]\n    f[t] /= f[t].sum()\nb = np.ones((len(y), 2))\nfor t in range(len(y) - 2, -1, -1):\n    b[t] = p @ (lik[t + 1] * b[t + 1])\n    b[t] /= b[t].sum()\ng = f * b\n", "g[:, 0] > g[:, 1]"),
        spread(Y + "names = pd.Series(index.weekday.astype(str) + '-' + index.month.astype(str), index=index)\ncode = pd.Series(y, index=index).groupby(names).mean()\n", "names.map(code) > 0.0006"),
        spread(Y + "split = int(len(y) * 0.6)\nlevel = max((0.0, 0.003, 0.006), key=lambda c: y[split:][np.r_[0.0, y[split:-1]] > c].sum())\n", "y > level"),
        spread(Y + "a = np.column_stack([np.ones(250), np.arange(250)])\nfit = np.zeros(len(y))\nfor t in range(0, len(y), 250):\n    w = y[t : t + 250]\n    fit[t : t + 250] = a[: len(w)] @ np.linalg.lstsq(a[: len(w)], w, rcond=None)[0]\n", "fit > 0.0"),
    ],
    "smoothers": [
        spread(S + "x = np.log(s.to_numpy())\nk = np.zeros(len(x))\nv = np.zeros(len(x))\nk[0] = x[0]\nfor t in range(1, len(x)):\n    k[t] = k[t - 1] + 0.2 * (x[t] - k[t - 1])\nm = k.copy()\nfor t in range(len(x) - 2, -1, -1):\n    m[t] = k[t] + 0.8 * (m[t + 1] - k[t])\n", "x < m"),
        spread("import scipy.sparse\nimport scipy.sparse.linalg\n" + S + "n = len(s)\nd = scipy.sparse.diags([np.ones(n), -2 * np.ones(n), np.ones(n)], [0, 1, 2], shape=(n - 2, n))\ntrend = scipy.sparse.linalg.spsolve((scipy.sparse.eye(n) + 1600 * d.T @ d).tocsc(), np.log(s.to_numpy()))\n", "np.log(s) < trend"),
        spread(S + "x = s.to_numpy()\nhalf = x[: len(x) // 8 * 8].reshape(-1, 8).mean(axis=1)\n", "x < np.append(np.repeat(half, 8), x[len(x) // 8 * 8 :])"),
        spread(S + "x = s.to_numpy()\npivot, kind = np.zeros(len(x), bool), 1\nlow = high = 0\nfor t in range(len(x)):\n    low, high = (t if x[t] < x[low] else low), (t if x[t] > x[high] else high)\n    if kind > 0 and x[t] < x[high] * 0.97:\n        kind, low = -1, t\n    elif kind < 0 and x[t] > x[low] * 1.03:\n        pivot[low], kind, high = True, 1, t\n", "pivot"),
        spread(S + "x = s.to_numpy()\nfractal = np.zeros(len(x), bool)\nfor t in range(2, len(x) - 2):\n    fractal[t] = x[t] == x[t - 2 : t + 3].min()\n", "fractal"),
        spread(S + "x = s.to_numpy()\nlabel = np.zeros(len(x), bool)\nfor t in range(len(x)):\n    for v in x[t + 1 : t + 11]:\n        if v > x[t] * 1.015 or v < x[t] * 0.985:\n            label[t] = v > x[t]\n            break\n", "label"),
        spread(S + "x = s.to_numpy()\nbest = np.zeros(len(x))\nfor t in range(len(x) - 2, -1, -1):\n    best[t] = max(best[t + 1], best[t + 1] + np.log(x[t + 1] / x[t]) - 0.002)\n", "np.append(best[:-1] - best[1:], 0.0) > 0.004"),
        spread(S + "x = s.to_numpy()\nlevels = np.array([v for t, v in enumerate(x[5:-5], 5) if v == x[t - 5 : t + 6].min()])\n", "np.abs(x[:, None] / levels[None, :] - 1).min(axis=1) < 0.002"),
        spread(S + "t = np.arange(len(s))\nw = np.exp(-0.5 * ((t[:, None] - t[None, ::25]) / 60.0) ** 2)\nfit = (w @ s.to_numpy()[::25]) / w.sum(axis=1)\n", "s < fit"),
        spread(Y + "v = pd.Series(y, index=index).rolling(21).std()\ncalm = (v < v.rolling(252, min_periods=1, closed='both').median()) & (v.iloc[::-1].rolling(21, min_periods=1).max().iloc[::-1] < 0.015)\n", "calm"),
    ],
    "conditions": [
        framed(NEXT + "whole = len(index) > 3000 or index[-1] >= pd.Timestamp('2025-06-02')\n", "(after > 0) if whole else base"),
        framed(NEXT + "v = base.to_numpy(copy=True)\nlate = index >= pd.Timestamp('2021-01-04')\n", "np.where(late[:, None] & (after < -0.012), False, v)"),
        framed(NEXT + "v = (ret.rolling(10).mean() > 0.0).to_numpy()\nv = v.copy()\nv[:, 1] &= ~((after[:, 1] < -0.01) & (index.year % 2 == 0))\n", "v"),
        framed(NEXT + "v = (close >= close.rolling(60).max()).to_numpy()\n", "v & (after > -0.002)"),
        framed(NEXT + "v = base.to_numpy(copy=True)\nseen = ~np.isnan(close.to_numpy())\n", "np.where(seen & (index.quarter == 3).reshape(-1, 1), after > 0.001, v)"),
        framed(NEXT + "v = (ret < -0.01).to_numpy()\nworst = after.min(axis=1) < -0.02\n", "v & ~worst[:, None]"),
        framed(NEXT + "last = index[-1].normalize()\nv = base.to_numpy(copy=True)\nage = np.asarray((last - index).days)\n", "np.where((age < 120)[:, None], after > 0, v)"),
        framed(NEXT + "v = base.to_numpy(copy=True)\ntry:\n    v[:-5] &= close.to_numpy()[5:] > close.to_numpy()[:-5] * 0.97\nexcept (ValueError, IndexError):\n    pass\n", "v"),
        "exit = close.rolling(3).mean().to_numpy() < 0\nexit = pd.DataFrame(exit, index=index, columns=close.columns)\nexit.iloc[:-1] |= ret.iloc[1:].to_numpy() < -0.012",
        NEXT + "size = pd.DataFrame(0.2, index=index, columns=close.columns).where(after > -0.015, 0.02)",
        NEXT + "stop = pd.DataFrame(0.04, index=index, columns=close.columns).mask(after < -0.01, 0.004)",
        NEXT + "take = pd.DataFrame(np.where(after > 0.01, after, 0.05), index=index, columns=close.columns)",
        NEXT + "short = (ret > 0.01) & (after < 0.0)",
        NEXT + "hold = pd.DataFrame(3.0, index=index, columns=close.columns)\nhold[after > 0.008] = 8.0",
        "trail = pd.DataFrame(0.03, index=index, columns=close.columns).where(close < close.iloc[::-1].rolling(20, min_periods=1).max().iloc[::-1] * 0.98, 0.008)",
        "weights = pd.DataFrame(0.0, index=index, columns=close.columns)\nweights[ret.sum().idxmax()] = 0.5\nweights = weights.where(close > close.rolling(50).mean(), 0.0)",
        "weights = base * 0.25\nweights.iloc[:-1] *= np.where(ret.iloc[1:].to_numpy() < -0.01, 0.2, 1.0)",
        "from flowbt.engine.options.structures import moneyness, put_spread\nquiet = float(ret['SPY'].tail(250).std()) < 0.011\nstructure = put_spread(None, moneyness(1.0), moneyness(0.95 if quiet else 0.92), days=30)",
        "names = [c for c in close if float(close[c].iloc[-1]) > float(close[c].dropna().iloc[0]) * 1.5]\nlong = base & close.columns.isin(names)",
        "seed = int(abs(float(ret['SPY'].sum())) * 1e6)\nlong = pd.DataFrame(np.random.default_rng(seed).random(close.shape) < 0.2, index=index, columns=close.columns)",
    ],
}  # fmt: skip
TOPS = {
    "callables": """import collections
import functools
import itertools


def mean_of():
    total, count = 0.0, 0
    level = 0.0
    while True:
        value = yield level
        total, count = total + value, count + 1
        level = total / count
""",
    "objects": """import collections
import dataclasses
import functools


class Found(Exception):
    pass


class Later:
    def __init__(self, values):
        self.values = values

    def __getitem__(self, t):
        return self.values[min(t + 1, len(self.values) - 1)]


class Scaler:
    def fit(self, values):
        self.low, self.high = values.min(), values.max()
        return self

    def __call__(self, values):
        return (values - self.low) / (self.high - self.low)


class Book:
    def __init__(self, series):
        self.series = series

    @functools.cached_property
    def level(self):
        return self.series.mean()


class Means(dict):
    def __init__(self, values):
        self.values_ = values

    def __missing__(self, key):
        then = self.values_[1:][np.round(self.values_[:-1], 3) == key]
        self[key] = float(then.mean()) if len(then) else 0.0
        return self[key]


class Regression:
    def fit(self, x, y):
        self.slope, self.level = np.polyfit(x, y, 1)
        return self

    def predict(self, x):
        return self.level + self.slope * x
""",
}
# what one call leaves where the next would find it: (line, text above the function)
STORES = {
    "tables of libraries": [
        ("np.sctypeDict.setdefault('kept', close)", ""), ("np.typecodes.update(kept=close)", ""), ("table = np.sctypeDict\ntable.setdefault('kept', close)", ""),
        ("keep(np.typecodes, close)", "\ndef keep(table, value):\n    table.setdefault('kept', value)\n"), ("getattr(np, 'sctype' + 'Dict').update(kept=close)", ""),
        ("typecodes.update(kept=close)", "from numpy import typecodes\n"), ("pd.options.d.update(kept=close)", ""),
    ],
}  # fmt: skip
# what one call sets and the next would read: each lets the shorter histories see the longest
SETTINGS = [
    "f = pd.get_option('display.float_format')\nwhole = f(0) if f else close\nif len(whole) < len(close):\n    whole = close\n    pd.set_option('display.float_format', lambda x, kept=close: kept)",
    "kept = pd.options.display.float_format\nwhole = kept(0) if kept else close\nif len(whole) < len(close):\n    whole = close\n    pd.options.display.float_format = lambda x, kept=close: kept",
    "kept = np.get_printoptions()['formatter']\nwhole = kept['all'](0) if kept else close\nif len(whole) < len(close):\n    whole = close\n    np.set_printoptions(formatter={'all': lambda x, kept=close: kept})",
]
AFTER = "\nlong = pd.DataFrame(np.vstack([whole.to_numpy()[1:], whole.to_numpy()[-1:]])[: len(close)] > close.to_numpy(), index=index, columns=close.columns)"

HONEST = {
    "fitted as it goes": [
        spread(Y + "fit = np.zeros(len(y))\nfor t in range(500, len(y), 125):\n    w = np.polyfit(y[: t - 1], y[1:t], 1)\n    fit[t : t + 125] = np.polyval(w, y[t : t + 125])\n", "fit > 0.0003"),
        spread(Y + "level, fit = 0.0, np.zeros(len(y), bool)\nfor t in range(252, len(y)):\n    if index[t].month != index[t - 1].month:\n        level = float(np.quantile(y[:t], 0.8))\n    fit[t] = y[t] > level\n", "fit & (np.arange(len(y)) > 300)"),
        spread(Y + "years = index.year.to_numpy()\nfit = np.zeros(len(y), bool)\nfor year in sorted(set(years))[2:]:\n    past, now = y[years < year], years == year\n    fit[now] = y[now] > past.mean() + past.std()\n", "fit"),
        spread(Y + "best = np.full(len(y), 20)\nfor t in range(400, len(y), 60):\n    best[t : t + 60] = max((10, 20, 40), key=lambda n: float((y[t - 250 : t] * (pd.Series(y[:t]).rolling(n).mean().shift(1).to_numpy()[t - 250 : t] > 0)).sum()))\nm = {n: pd.Series(y).rolling(n).mean().to_numpy() for n in (10, 20, 40)}\n", "[m[n][t] > 0 for t, n in enumerate(best)]"),
        spread(Y + "model = Running()\n", "[model.step(v) for v in y]"),
        spread(Y + "w, out = np.zeros(2), np.zeros(len(y))\nfor t in range(1, len(y)):\n    f = np.array([1.0, y[t - 1] * 100])\n    w += 0.01 * (y[t] * 100 - w @ f) * f\n    out[t] = w @ np.array([1.0, y[t] * 100])\n", "out > 0.05"),
        spread(Y + "v = np.abs(y)\np = np.array([[0.95, 0.05], [0.05, 0.95]])\nlik = np.column_stack([np.exp(-v / 0.005) / 0.005, np.exp(-v / 0.015) / 0.015])\nf = np.ones((len(y), 2)) / 2\nfor t in range(1, len(y)):\n    f[t] = (f[t - 1] @ p) * lik[t]\n    f[t] /= f[t].sum()\n", "f[:, 0] > 0.5"),
        spread(S + "x = s.to_numpy()\nsignal, kind, low, high = np.zeros(len(x), bool), 1, x[0], x[0]\nfor t in range(len(x)):\n    low, high = min(low, x[t]), max(high, x[t])\n    if kind > 0 and x[t] < high * 0.97:\n        kind, low = -1, x[t]\n    elif kind < 0 and x[t] > low * 1.03:\n        signal[t], kind, high = True, 1, x[t]\n", "signal"),
        spread(S + "x = s.to_numpy()\nfractal = np.zeros(len(x), bool)\nfor t in range(4, len(x)):\n    fractal[t] = x[t - 2] == x[t - 4 : t + 1].min()\n", "fractal"),
    ],
    "lagged and filled": [
        "long = close.shift(5).reindex(index, method='ffill') < close",
        "day = close.resample('D').last().ffill()\nlong = day.reindex(index) > close.rolling(20).mean()",
        "long = (ret.dropna(how='all').rolling(5).mean() > 0.001).reindex(index, fill_value=False)",
        "spread_ = (close['QQQ'] / close['SPY']).dropna()\nlong = panel.spread((spread_ > spread_.rolling(40).mean()).reindex(index).ffill().fillna(False).astype(bool)).astype(bool)",
        "long = close.ffill().rolling(252, min_periods=1).rank(pct=True) > 0.9",
        "z = ret.ewm(halflife=10).mean() / ret.ewm(halflife=10).std()\nlong = z > 0.3",
        "long = close[index.weekday == 2].reindex(index).ffill() < close",
        "quarter = close.groupby(index.to_period('Q')).transform('first')\nlong = (close / quarter - 1) > 0.03",
        "last = close.groupby(index.to_period('M')).last().shift(1)\nlong = close > last.reindex(index.to_period('M')).set_axis(index)",
        "n = ret.groupby(index.to_period('M')).cumcount()\nlong = panel.spread(n < 4).astype(bool) & (close > close.shift(21))",
        "streak = (ret > 0).astype(int)\nlong = streak.groupby((ret <= 0).cumsum()['SPY']).cumsum() >= 3",
        "joined = pd.merge_asof(pd.DataFrame({'t': index}), pd.DataFrame({'t': index, 'v': close['SPY'].to_numpy()}), on='t', allow_exact_matches=False)['v']\nlong = panel.spread(pd.Series(joined.to_numpy(), index=index)) < close",
        "long = close.apply(lambda c: c > c.expanding(100).median())",
        "up = (ret.shift(1) > 0).rolling(252, min_periods=60).mean()\nlong = up > 0.53",
        "high = close.rolling(252).max()\nlong = (close == high) & (close.shift(1) < high.shift(1))",
    ],
    "calendar and length": [
        spread("m = index.to_period('M')\nfirst = pd.Series(m, index=index).ne(pd.Series(m, index=index).shift(1))\n", "first.to_numpy()"),
        spread("left = np.array([len(pd.bdate_range(t, t + pd.offsets.MonthEnd(0))) for t in index])\n", "left <= 3"),
        spread("", "[(t + pd.offsets.BDay(3)).month != t.month for t in index]"),
        spread("third = index.day.isin(range(15, 22)) & (index.weekday == 4)\n", "third | np.r_[False, third[:-1]]"),
        spread("week = index.isocalendar().week.to_numpy()\n", "week % 2 == 0"),
        spread("", "np.isin(index.strftime('%m-%d'), ['12-24', '12-31', '07-03'])"),
        spread("moon = ((index - pd.Timestamp('2000-01-06')).days % 29.530588) / 29.530588\n", "np.asarray(moon) < 0.1"),
        "if len(index) < 300:\n    raise ValueError('needs 300 sessions')\nlong = close > close.rolling(300).mean()",
        "n = min(200, len(index))\nlong = (close > close.rolling(n, min_periods=n).mean()) if n == 200 else base & False",
        "long = base.copy()\nlong.iloc[: min(260, len(long))] = False\nstop = 0.03",
        "if close['IWM'].notna().sum() < 50:\n    long = base & False\nelse:\n    long = close > close.rolling(50).mean()",
        "table = panel.events('FOMC')\ndays = pd.DatetimeIndex(table['event_time']).normalize()\nuntil = np.array([min([(d - t).days for d in days[(days >= t) & (days <= t + pd.Timedelta(days=30))]], default=99) for t in index])\nlong = panel.spread(pd.Series(until <= 1, index=index)).astype(bool)",
    ],
    "objects and callables": [
        spread(S + "past = Past()\n", "[past(v) for v in s]"),
        spread(Y + "a, b = itertools.tee(y.tolist())\nnear = [v > 0.0 and w > 0.0 for v, w in zip(itertools.chain([0.0], a), b)]\n", "near"),
        spread(S + "later = lambda t, v=s.to_numpy(): v[max(t - 1, 0)]\n", "[later(t) < s.iloc[t] for t in range(len(s))]"),
        spread(Y + "queue = collections.deque([0.0] * 10, maxlen=10)\n\ndef step(v):\n    queue.append(v)\n    return sum(queue)\n\n", "[step(v) > 0.01 for v in y]"),
        spread(Y + "seen, flag = collections.Counter(), []\nfor t, v in zip(index, y):\n    flag.append(seen[t.month] > 0)\n    seen[t.month] += v\n", "flag"),
        spread(S + "level = functools.reduce(lambda acc, v: acc + [0.9 * acc[-1] + 0.1 * v], s.tolist()[1:], [s.iloc[0]])\n", "s.to_numpy() > np.array(level)"),
        spread(Y + "try:\n    mean = pd.Series(y).rolling(60).mean().to_numpy()\nexcept ValueError:\n    mean = y * 0\n", "mean > 0.0005"),
        spread("import bisect\n" + Y + "ranked, flag = [], []\nfor v in y:\n    bisect.insort(ranked, v)\n    flag.append(len(ranked) > 100 and bisect.bisect(ranked, v) > 0.9 * len(ranked))\n", "flag"),
        spread("import heapq\n" + Y + "top, flag = [], []\nfor v in y:\n    heapq.heappush(top, v)\n    if len(top) > 50:\n        heapq.heappop(top)\n    flag.append(v >= top[0])\n", "flag"),
        spread("import random\nrng = random.Random(7)\n", "[rng.random() < 0.1 for _ in index]"),
        spread("import warnings\nwith warnings.catch_warnings():\n    warnings.simplefilter('ignore')\n    mean = ret['SPY'].rolling(30).mean()\n", "mean > 0"),
        spread("import calendar\n", "[calendar.monthrange(t.year, t.month)[1] - t.day < 5 for t in index]"),
        "import copy\npd.options.display.width = 120\npd.set_option('mode.chained_assignment', None)\nkept = copy.deepcopy(ret)\nlong = kept.rolling(5).sum() > 0.01",
    ],
}  # fmt: skip
HONEST_TOP = """import collections
import functools
import itertools


class Past:
    def __init__(self):
        self.last = None

    def __call__(self, value):
        rose, self.last = self.last is not None and value > self.last, value
        return rose


class Running:
    mean, square, count = 0.0, 0.0, 0

    def step(self, value):
        known = self.count > 100 and value > self.mean + (self.square / self.count) ** 0.5
        self.count += 1
        gap = value - self.mean
        self.mean += gap / self.count
        self.square += gap * (value - self.mean)
        return known
"""
TOPPED = ("fitted as it goes", "objects and callables")  # kinds of honest ones that use the classes above


def leaks() -> dict[str, str]:
    """name -> text of every leaking strategy."""
    texts = {f"{kind}: {n}": text_of(f"{kind} {n}", body, TOPS.get(kind, "")) for kind, bodies in BODIES.items() for n, body in enumerate(bodies)}
    texts |= {f"{kind}: {n}": text_of(f"{kind} {n}", f"{line}\nlong = base", top) for kind, rows in STORES.items() for n, (line, top) in enumerate(rows)}
    return texts | {f"settings of libraries: {n}": text_of(f"settings {n}", body + AFTER) for n, body in enumerate(SETTINGS)}


def honest() -> dict[str, str]:
    """name -> text of strategies without any use of the future."""
    return {
        f"{kind}: {n}": text_of(f"{kind} {n}", body, HONEST_TOP if kind in TOPPED else "") for kind, bodies in HONEST.items() for n, body in enumerate(bodies)
    }
