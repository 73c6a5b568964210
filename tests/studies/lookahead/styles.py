"""More leaks and more honest strategies, written in other styles than those of `corpus.py`: numpy, scipy, fitted models, tables, classes, state.

`leaks()` and `honest()` give name -> file text, as there; `BODIES` also serve as events of claims (`claims.py` beside this).
"""

# ruff: noqa: E501

from __future__ import annotations

from tests.studies.lookahead.corpus import text_of

FRAME = "pd.DataFrame({}, index=index, columns=close.columns)"
X = "x = close.ffill().fillna(100.0).to_numpy()\n"
R = "r = ret.fillna(0.0).to_numpy()\n"
NEXT = "after = np.vstack([ret.fillna(0.0).to_numpy()[1:], np.zeros((1, close.shape[1]))])\n"


def framed(lines: str, values: str) -> str:
    return f"{lines}long = {FRAME.format(values)}"


def spread(lines: str, values: str) -> str:
    return f"{lines}long = panel.spread(pd.Series(np.asarray({values}), index=index)).astype(bool)"


BODIES = {
    "array tricks": [
        framed(X + "pairs = np.lib.stride_tricks.sliding_window_view(x, 2, axis=0)\nlater = np.vstack([pairs[:, :, 1], x[-1:]])\n", "later > x"),
        framed(
            X + "later = np.lib.stride_tricks.as_strided(x, shape=(len(x) - 1, x.shape[1]), strides=x.strides)\nlater = np.vstack([x[1:], later[-1:]])\n",
            "later > x",
        ),
        framed(
            X + "whole = x if x.base is None else x.base\nwhole = whole if len(whole) == len(x) else whole.T\nlater = np.vstack([whole[1:], whole[-1:]])\n",
            "later > x",
        ),
        framed(X + "gone = np.diff(x, axis=0, append=x[-1:])\n", "gone > 0"),
        framed(X + "gone = np.ediff1d(x[:, 0], to_end=[0.0])\n", "np.repeat((gone > 0)[:, None], x.shape[1], axis=1)"),
        framed(X + "slope = np.gradient(x, axis=0)\n", "slope > 0"),
        framed(X + "later = np.empty_like(x)\nlater[:-2], later[-2:] = x[2:], x[-2:]\n", "later > x * 1.01"),
        framed(X + "later = x[np.clip(np.arange(len(x)) + 3, 0, len(x) - 1)]\n", "later < x"),
        framed(X + "later = np.pad(x, ((0, 1), (0, 0)), mode='edge')[1:]\n", "later > x"),
        framed(X + "later = np.delete(np.append(x, x[-1:], axis=0), 0, axis=0)\n", "later > x"),
        framed(X + "later = np.array([row for row in x.tolist()[1:]] + [x[-1].tolist()])\n", "later > x"),
        framed(X + "left = x.sum(axis=0) - x.cumsum(axis=0)\nmean = left / np.maximum(np.arange(len(x))[::-1, None], 1)\n", "mean > x"),
        framed(X + "top = np.maximum.accumulate(x[::-1])[::-1]\n", "x >= top * 0.99"),
        framed(X + "low = np.fmin.accumulate(np.flipud(x))\n", "x <= np.flipud(low) * 1.02"),
        framed(R + "sums = np.add.reduceat(r, np.arange(0, len(r), 5), axis=0)\n", "np.repeat(sums, 5, axis=0)[: len(r)] > 0.01"),
        framed(
            R
            + "block = r[: len(r) // 10 * 10].reshape(-1, 10, r.shape[1]).sum(axis=1)\nb = np.vstack([np.repeat(block, 10, axis=0), r[len(r) // 10 * 10 :] * 0])\n",
            "b > 0.01",
        ),
        spread(R + "order = np.lexsort((r[:, 1], np.round(r[:, 0], 2)))\nflag = np.zeros(len(r), bool)\nflag[order[-150:]] = True\n", "flag"),
        spread(R + "part = np.argpartition(r[:, 0], -120)[-120:]\nflag = np.zeros(len(r), bool)\nflag[np.maximum(part - 1, 0)] = True\n", "flag"),
        framed(R + "w = np.einsum('t,tc->c', np.arange(len(r), dtype=float), r)\n", "(r > 0.0) & (w > w.mean() - 1e9) & (r > np.abs(w).max() * 1e-6)"),
        framed(R + "later = np.where(np.arange(len(r))[:, None] % 2 == 0, np.concatenate([r[1:], r[:1]]), r)\n", "later > 0.002"),
        framed(X + "it = iter(x[1:])\nlater = np.array([next(it, x[-1]) for _ in range(len(x))])\n", "later > x"),
        framed(X + "later = np.rot90(np.rot90(x))[:-1]\nlater = np.vstack([np.rot90(np.rot90(later)), x[-1:]])\n", "later > x"),
    ],
    "filters of scipy": [
        framed("import scipy.ndimage\n" + X + "s = scipy.ndimage.gaussian_filter1d(x, 3, axis=0)\n", "x < s"),
        framed("import scipy.ndimage\n" + X + "s = scipy.ndimage.maximum_filter1d(x, 7, axis=0)\n", "x >= s"),
        framed("import scipy.ndimage\n" + X + "s = scipy.ndimage.uniform_filter1d(x, 9, axis=0, mode='nearest')\n", "x < s"),
        framed("import scipy.ndimage\n" + X + "later = scipy.ndimage.shift(x, (-1, 0), order=0, mode='nearest')\n", "later > x"),
        framed(X + "sos = scipy.signal.butter(2, 0.15, output='sos')\ns = scipy.signal.sosfiltfilt(sos, x, axis=0)\n", "x < s"),
        framed(X + "a = np.abs(scipy.signal.hilbert(scipy.signal.detrend(x, axis=0), axis=0))\n", "a > np.abs(x) * 0.05"),
        framed(X + "s = np.stack([scipy.signal.wiener(x[:, c], 11) for c in range(x.shape[1])], axis=1)\n", "x < s"),
        framed(
            X + "s = scipy.signal.resample(x, len(x) // 4, axis=0)\ns = np.repeat(s, 4, axis=0)\ns = np.vstack([s, np.repeat(s[-1:], 8, axis=0)])[: len(x)]\n",
            "x < s",
        ),
        framed("import scipy.interpolate\n" + X + "t = np.arange(len(x))\ns = scipy.interpolate.CubicSpline(t[::5], x[::5])(t)\n", "x < s * 0.999"),
        framed(
            "import scipy.interpolate\n"
            + X
            + "t = np.arange(len(x))\ns = np.stack([scipy.interpolate.UnivariateSpline(t, np.log(x[:, c]), s=len(t) * 4e-4)(t) for c in range(x.shape[1])], axis=1)\n",
            "np.log(x) < s",
        ),
        spread(X + "peaks, _ = scipy.signal.find_peaks(-x[:, 0], prominence=2.0)\nflag = np.zeros(len(x), bool)\nflag[peaks] = True\n", "flag"),
        framed(X + "b, a = scipy.signal.butter(1, 0.1)\nback = scipy.signal.lfilter(b, a, x[::-1], axis=0)[::-1]\n", "x < back"),
        framed(X + "s = np.stack([scipy.signal.fftconvolve(x[:, c], np.ones(5) / 5, mode='same') for c in range(x.shape[1])], axis=1)\n", "x < s"),
    ],
    "fitted model": [
        spread(
            R + "import scipy.cluster.vq as vq\ncentres, label = vq.kmeans2(r, 3, seed=1, minit='++')\nhot = int(np.argmax(centres.mean(axis=1)))\n",
            "label == hot",
        ),
        spread(R + "y = np.r_[r[1:, 0], 0.0]\na = np.column_stack([np.ones(len(r)), r, r**2])\nfit = a @ (np.linalg.pinv(a) @ y)\n", "fit > np.median(fit)"),
        spread(
            R
            + "y = (np.r_[r[1:, 0], 0.0] > 0).astype(float)\na = np.column_stack([np.ones(len(r)), r])\nw = np.linalg.solve(a.T @ a + np.eye(a.shape[1]), a.T @ y)\n",
            "a @ w > 0.53",
        ),
        spread(R + "cov = np.cov(r.T)\nw = np.linalg.eigh(cov)[1][:, -1]\nscore = r @ (w * np.sign(w.sum()))\n", "score > 0.015"),
        spread(
            R
            + "import scipy.optimize\nbest = scipy.optimize.minimize_scalar(lambda c: -np.sum(r[1:, 0] * (r[:-1, 0] > c)), bounds=(-0.01, 0.01), method='bounded').x\n",
            "r[:, 0] > best",
        ),
        spread(
            R + "grid = np.linspace(-0.01, 0.01, 41)\ngain = [float(r[1:, 0][r[:-1, 0] > c].sum()) for c in grid]\n", "r[:, 0] > grid[int(np.argmax(gain))]"
        ),
        spread(
            R
            + "table = {}\nfor day, (now, then) in enumerate(zip(r[:-1, 0], r[1:, 0])):\n    table.setdefault(round(now, 3), []).append(then)\nmean = {k: sum(v) / len(v) for k, v in table.items()}\n",
            "[mean.get(round(v, 3), 0.0) > 0.0005 for v in r[:, 0]]",
        ),
        spread(
            "by = ret['SPY'].shift(1).groupby(index.weekday).mean()\n" + R + "win = pd.Series(r[:, 0], index=index).groupby(index.weekday).mean()\n",
            "index.weekday == int(win.idxmax())",
        ),
        spread("win = ret['SPY'].groupby(index.month).mean()\n", "index.month.isin(win.nlargest(4).index)"),
        spread("win = ret['SPY'].groupby(index.day).agg('mean')\n", "index.day.map(win).to_numpy() > 0.0005"),
        spread(
            "pick = max(range(20, 240, 10), key=lambda n: float((ret['SPY'] * (close['SPY'] > close['SPY'].rolling(n).mean()).shift(1, fill_value=False)).sum()))\n",
            "close['SPY'] > close['SPY'].rolling(pick).mean()",
        ),
        spread("hist, edges = np.histogram(ret['SPY'].fillna(0.0), bins=20)\n", "ret['SPY'] > edges[14]"),
        spread("import scipy.stats\nk = scipy.stats.gaussian_kde(ret['SPY'].dropna().to_numpy()[::7])\nd = k(ret['SPY'].fillna(0.0).to_numpy())\n", "d < 8.0"),
        spread("import scipy.stats\nlow = scipy.stats.norm.fit(ret['SPY'].dropna())\n", "ret['SPY'] < low[0] - low[1]"),
        spread(
            R
            + "corr = [float(np.corrcoef(r[: -k or None, 1], r[k:, 0])[0, 1]) for k in range(1, 6)]\nlag = 1 + int(np.argmax(corr))\nf = np.r_[np.zeros(lag), r[:-lag, 1]]\n",
            "f > 0.002",
        ),
    ],
    "scaled by all data": [
        "import scipy.stats\nlong = ret.apply(lambda c: pd.Series(scipy.stats.zscore(c.fillna(0.0).to_numpy()), index=index)) > 1",
        framed("import scipy.stats\n" + R + "q = np.stack([scipy.stats.rankdata(r[:, c]) for c in range(r.shape[1])], axis=1) / len(r)\n", "q > 0.85"),
        "cut = pd.cut(ret['SPY'], 9, labels=False)\nlong = panel.spread(cut) >= 5",
        spread("edges = np.quantile(ret['SPY'].dropna(), [0.2, 0.4, 0.6, 0.8])\n", "np.digitize(ret['SPY'].fillna(0.0), edges) == 4"),
        "tame = ret.clip(lower=ret.quantile(0.05), upper=ret.quantile(0.95), axis=1)\nlong = tame.rolling(5).mean() > 0.002",
        "mad = (ret - ret.median()).abs().median()\nlong = (ret - ret.median()) / mad > 2",
        "long = ret.sub(ret.agg('mean')).div(ret.agg('std')).rolling(3).mean() > 0.5",
        "long = ret > ret.describe().loc['75%']",
        "long = ret.transform(lambda c: (c - c.min()) / (c.max() - c.min())) > 0.6",
        "long = ret.pipe(lambda f: f > f.stack().quantile(0.9))",
        "vol = ret.rolling(20).std()\nlong = vol.rank(pct=True) < 0.3",
        "norm = close / close.iloc[-1]\nlong = norm < 0.5",
        "drift = ret.expanding().mean().iloc[-1]\nlong = ret.sub(drift) > 0.004",
        "d = close.div(close.max()).fillna(0.0)\nlong = d > 0.9",
        "hi = close.agg(['max', 'min'])\nlong = (close - hi.loc['min']) / (hi.loc['max'] - hi.loc['min']) < 0.25",
        "dec = np.ceil(ret.rank(method='first') / len(ret) * 10)\nlong = dec == 10",
    ],
    "tables joined forward": [
        "later = pd.Series(close['SPY'].to_numpy()[1:], index=index[:-1])\nlong = panel.spread(later.reindex(index)) > close",
        "table = dict(zip(index[:-1], close['SPY'].to_numpy()[1:]))\nlong = panel.spread(pd.Series([table.get(t, 0.0) for t in index], index=index)) > close",
        "a = close['SPY'].reset_index(drop=True)\nb = a.copy()\nb.index = b.index - 1\nlong = panel.spread(pd.Series(b.reindex(a.index).to_numpy(), index=index)) > close",
        "t = pd.DataFrame({'n': np.arange(len(index)), 'c': close['SPY'].to_numpy()})\nm = t.assign(n=t['n'] - 1).merge(t[['n']], on='n', how='right').sort_values('n')\nlong = panel.spread(pd.Series(m['c'].to_numpy(), index=index)) > close",
        "days = close['SPY'].asof(index + pd.Timedelta(days=3))\nlong = panel.spread(pd.Series(np.asarray(days), index=index)) > close",
        "near = pd.merge_asof(pd.DataFrame({'t': index}), pd.DataFrame({'t': index[::9], 'c': close['SPY'].to_numpy()[::9]}), on='t', direction='nearest')['c']\nlong = panel.spread(pd.Series(near.to_numpy(), index=index)) > close",
        "week = close['SPY'].resample('W').transform('last')\nlong = panel.spread(week) > close",
        "month = close['SPY'].groupby(pd.Grouper(freq='MS')).transform('max')\nlong = panel.spread(month) > close * 1.02",
        "later = close.groupby(index.year).transform(lambda c: c.shift(-1))\nlong = later > close",
        "later = close.groupby(index.year).shift(-1)\nlong = later > close",
        "gap = ret.where(ret.abs() > 0.015)\nlong = gap.groupby(index.to_period('Q')).transform(lambda c: c.bfill()) > 0",
        "gap = ret.where(ret.abs() > 0.015)\nlong = gap.groupby(index.year).bfill() > 0",
        "slow = close[index.weekday == 4].resample('D').interpolate(method='linear').reindex(index)\nlong = close < slow",
        "later = close.shift(freq='-1D').reindex(index)\nlong = later > close",
        "later = close.set_axis(index.shift(-1, freq='B') if index.freq is None else index).reindex(index)\nlong = later > close",
        "back = close['SPY'].iloc[index.argsort()[::-1]].expanding().min()\nlong = panel.spread(back.reindex(index)) >= close",
        "pairs = pd.concat([close['SPY'], close['SPY'].rename('later').set_axis(np.roll(index, 1))], axis=1, join='outer')\nlong = panel.spread(pairs.loc[index, 'later']) > close",
        "wide = close['SPY'].groupby([index.year, index.month]).last().unstack()\nlast = pd.Series([wide.loc[t.year, t.month] for t in index], index=index)\nlong = panel.spread(last) > close",
        "ends = close['SPY'].groupby(index.isocalendar().week.to_numpy() + 100 * index.isocalendar().year.to_numpy()).transform('last')\nlong = panel.spread(ends) > close",
        "m = close['SPY'].resample('QS').last()\nq = m.reindex(index, method='ffill')\nlong = panel.spread(q) > close * 1.01",
        "low = close['SPY'].rolling(5).min()\nlow.index = low.index - pd.tseries.offsets.BDay(4)\nlong = panel.spread(low[~low.index.duplicated()].reindex(index)) > close * 0.99",
        "m = close['SPY'].resample('YS').agg(['first', 'last'])\ngood = m.index[m['last'] > m['first']].year\nlong = base & panel.spread(pd.Series(index.year.isin(good), index=index))",
        "t = close['SPY'].rename('c').reset_index()\nt['later'] = t['c'].iloc[1:].reset_index(drop=True)\nlong = panel.spread(pd.Series(t['later'].to_numpy(), index=index)) > close",
        "stacked = close.stack()\nlater = stacked.groupby(level=1).shift(-1).unstack().reindex(index)[list(close.columns)]\nlong = later > close",
        "win = pd.DataFrame({k: close['SPY'].to_numpy()[np.minimum(np.arange(len(index)) + k, len(index) - 1)] for k in range(3)}, index=index)\nlong = panel.spread(win.idxmax(axis=1) > 0)",
    ],
    "one place only": [
        framed(NEXT + "here = (index.year == 2022) & (index.weekday == 0)\nv = base.to_numpy(copy=True)\n", "np.where(here[:, None], after > 0, v)"),
        framed(NEXT + "v = base.to_numpy(copy=True)\nhere = index > index[-1] - pd.Timedelta(days=30)\n", "np.where(here[:, None], after > 0, v)"),
        framed(NEXT + "v = base.to_numpy(copy=True)\nhere = (index.month == 12)\n", "np.where(here[:, None], after > 0, v)"),
        framed(NEXT + "v = (ret < -0.02).to_numpy()\n", "v & (after > 0)"),
        framed(NEXT + "v = (ret < -0.025).to_numpy()\n", "v & (after > -0.01)"),
        framed(NEXT + "v = base.to_numpy(copy=True)\nrare = (ret.abs() > 0.025).to_numpy()\n", "np.where(rare, after > 0, v)"),
        framed(NEXT + "v = base.to_numpy(copy=True)\nv[:, 2] = np.where(index.year >= 2021, after[:, 2] > 0, v[:, 2])\n", "v"),
        framed(NEXT + "v = base.to_numpy(copy=True)\nlast = (index.year == index[-1].year)\n", "v & ~(last[:, None] & (after < 0))"),
        framed(NEXT + "v = base.to_numpy(copy=True)\nrun = (ret > 0).rolling(4).sum().eq(4).to_numpy()\n", "np.where(run, after > 0, v)"),
        framed(NEXT + "v = base.to_numpy(copy=True)\nhere = (index.day >= 28)\n", "v & ~(here[:, None] & (after < -0.005))"),
        framed(NEXT + "v = (close > close.rolling(50).mean()).to_numpy()\nhere = (index.year == 2020)\n", "v & ~(here[:, None] & (after < 0))"),
        framed(NEXT + "v = (close > close.rolling(100).mean()).to_numpy()\nhere = index.month.isin([3, 9])\n", "v & ~(here[:, None] & (after < -0.01))"),
        framed(NEXT + "v = (close.rolling(20).mean() > close.rolling(60).mean()).to_numpy()\n", "v & ~(after < -0.02)"),
        framed(NEXT + "v = (ret.ewm(span=60).mean() > 0).to_numpy()\n", "v & ~(after < -0.015)"),
    ],
    "weights": [
        "weights = (0.3 * base).div(ret.std() * 50)",
        "cov = ret.cov()\nw = pd.Series(np.linalg.inv(cov.to_numpy()).sum(axis=1), index=close.columns)\nweights = base * (0.3 * w / w.abs().sum())",
        "best = ret.sum().idxmax()\nweights = base * pd.Series({c: 0.9 if c == best else 0.0 for c in close.columns})",
        "gross = base.sum(axis=1).max()\nraw = ret.rolling(10).mean()\nweights = (raw / raw.abs().sum(axis=1).max()).fillna(0.0)",
        "score = ret.mean() / ret.std()\nweights = base * (score.rank() / 10)",
        "x = ret.rolling(20).mean().fillna(0.0)\nweights = (x / x.abs().max() * 0.3)",
        "vol = ret.rolling(21).std()\nweights = (0.1 / (vol * 16)).clip(upper=0.3).where(vol < vol.quantile(0.8), 0.0)",
        "target = 0.1\nbook = (ret.mean(axis=1) * base.shift(1).mean(axis=1)).std() * 16\nweights = base * min(0.33, target / (book * 3))",
        "half = float(ret['SPY'].autocorr())\nweights = base * (0.2 + min(abs(half), 0.1))",
        "weights = (base * 0.3).ewm(span=5).mean()[::-1].ewm(span=5).mean()[::-1]",
    ],
    "rules fitted": [
        "stop = float(-(close.rolling(5).min().to_numpy()[5:] / close.to_numpy()[:-5] - 1).min()) / 2",
        "take = float(np.nanquantile(close.to_numpy()[5:] / close.to_numpy()[:-5] - 1, 0.8))",
        "size = float(np.clip(ret.mean().mean() / ret.var().mean() / 100, 0.01, 0.3))",
        "exit = pd.DataFrame(np.vstack([ret.fillna(0.0).to_numpy()[1:] < -0.01, np.zeros((1, 3), bool)]), index=index, columns=close.columns)",
        NEXT + "exit = pd.DataFrame(np.clip(-after * 30, 0, 1), index=index, columns=close.columns)",
        NEXT + "stop = pd.DataFrame(np.where(after < 0, 0.005, 0.05), index=index, columns=close.columns)",
        NEXT + "size = pd.DataFrame(np.clip(0.1 + after * 5, 0.01, 0.3), index=index, columns=close.columns)",
        NEXT + "hold = pd.DataFrame(np.where(after > 0, 5.0, 1.0), index=index, columns=close.columns)",
        "trail = (ret.rolling(10).std() * 3).clip(lower=0.01) / float(ret.std().max() * 100)",
        "short = close.rolling(5).mean() > close.rolling(5).mean().mean() * 1.2",
        "from flowbt.engine.options.structures import moneyness, put_spread\nfar = float(close['SPY'].iloc[-1] / close['SPY'].iloc[-60])\nstructure = put_spread(None, moneyness(1.0), moneyness(0.95 if far > 1 else 0.9), days=30)\nlong = base & (close < close.mean())",
        "from flowbt.engine.options.structures import moneyness, put_spread\nlast = float(close['SPY'].iloc[-1] / 1000)\nstructure = put_spread(None, moneyness(1.0), moneyness(round(0.9 + last % 0.05, 3)), days=30)",
    ],
    "randomness": [
        spread("rng = np.random.default_rng(len(index))\n", "rng.random(len(index)) < 0.2"),
        spread("rng = np.random.default_rng(int(close['SPY'].iloc[-1] * 100))\n", "rng.random(len(index)) < 0.2"),
        spread(
            "rng = np.random.default_rng(3)\nr = ret['SPY'].fillna(0.0).to_numpy()\npick = max(range(20), key=lambda s: float(r[1:] @ (np.random.default_rng(s).random(len(r))[:-1] < 0.3)))\n",
            "np.random.default_rng(pick).random(len(r)) < 0.3",
        ),
        spread("np.random.seed(index[-1].day + index[-1].month)\n", "np.random.rand(len(index)) < 0.2"),
        spread("np.random.seed(3)\nmix = np.random.permutation(len(index))\n", "ret['SPY'].fillna(0.0).to_numpy()[mix] > 0.005"),
    ],
    "tries and lengths": [
        "try:\n    level = ret.loc['2023-06-01':].abs().iloc[:20].max()\n    long = base & (ret < level)\nexcept (KeyError, IndexError):\n    long = base",
        "long = base\nif len(index) > 1500:\n    long = base & (close.to_numpy() < np.vstack([close.to_numpy()[1:], close.to_numpy()[-1:]]))",
        "end = index[-1]\nlong = base if end < pd.Timestamp('2024-06-01') else base & ~pd.DataFrame(np.vstack([(ret < -0.01).to_numpy()[1:], np.zeros((1, 3), bool)]), index=index, columns=close.columns)",
        "n = len(index) - index.get_loc(index[len(index) // 3])\nlong = base & panel.spread(pd.Series(np.arange(len(index)) % 7 == n % 7, index=index))",
        "warm = len(index) // 5\nlong = base.copy()\nlong.iloc[:warm] = False",
        "split = index[int(len(index) * 0.7)]\nlong = (close > close.rolling(20).mean()).where(pd.Series(index < split, index=index), close < close.rolling(20).mean()).astype(bool)",
        "long = base & (index < index.max() - pd.Timedelta(days=200))[:, None]",
        "years = sorted(set(index.year))\nlong = base & np.isin(index.year, years[-3:])[:, None]",
        "left = (index[-1].to_period('M') - index.to_period('M')).map(lambda k: k.n)\nlong = base & (np.asarray(left) % 3 == 0)[:, None]",
        "long = base & panel.spread(pd.Series(~index.to_period('Q').duplicated(keep='last'), index=index))",
        "days = pd.Series(index, index=index)\ngap = -(days.diff(-1).dt.days) if False else pd.Series(np.r_[np.diff(index.to_numpy()).astype('timedelta64[D]').astype(int), 1], index=index)\nlong = panel.spread(gap > 3)",
        "per = pd.Series(1, index=index).groupby(index.to_period('M')).transform('size')\nnth = pd.Series(1, index=index).groupby(index.to_period('M')).cumsum()\nlong = panel.spread(per - nth < 2)",
    ],
    "objects and state": [
        "book = Kept(close)\nlong = book.later() > close",
        "seen = ahead(close)\nlong = seen > close",
        "long = next(walk(close))",
        "later = memo(tuple(close['SPY'].fillna(0.0)))\nlong = panel.spread(pd.Series(later, index=index)) > close",
        "state = {'best': None}\n\ndef look(t):\n    state['best'] = close.iloc[t + 1 :].max() if t + 1 < len(close) else close.iloc[-1]\n    return state['best']\n\nlong = pd.DataFrame([look(t) > close.iloc[t] * 1.05 for t in range(0, len(close))], index=index)[list(close.columns)] if len(close) < 4000 else close < close.max() * 0.9",
    ],
}
TOPS = {
    "objects and state": """import functools


class Kept:
    frames = []

    def __init__(self, frame):
        self.frame = frame
        Kept.frames.append(frame)

    def later(self):
        whole = max(Kept.frames, key=len)
        return whole.iloc[1:].set_axis(whole.index[:-1]).reindex(self.frame.index)


def ahead(frame, _kept={}):
    _kept.setdefault("values", frame.to_numpy())
    values = _kept["values"]
    return pd.DataFrame(np.vstack([values[1:], values[-1:]])[: len(frame)], index=frame.index, columns=frame.columns)


def walk(frame):
    rows = frame.to_numpy()
    yield pd.DataFrame([(rows[t + 1] if t + 1 < len(rows) else rows[t]) > rows[t] for t in range(len(rows))], index=frame.index, columns=frame.columns)


@functools.lru_cache(maxsize=None)
def memo(values):
    return [*values[1:], values[-1]]
""",
}
# ways round the fence: (line, text above the function)
AROUND = {
    "stores across calls": [
        ("type(close).kept = close", ""), ("cls = type(close)\ncls.kept = close", ""), ("functools.update_wrapper(momentum, lambda: 0)", "import functools\n"),
        ("functools.wraps(lambda: 0)(momentum)", "import functools\n"), ("pd.api.extensions.register_dataframe_accessor('kept')(lambda f: f)", ""),
        ("np.seterrcall(lambda *a: close)", ""),
        ("for holder in (pd, np):\n    holder.kept = close", ""), ("holder, n = pd, 1\nholder.kept = close", ""),
        ("put(pd, close)", "\ndef put(holder, value):\n    holder.kept = value\n"), ("setattr(np.random, 'kept', close)", ""),
        ("np.random.kept = close", ""), ("momentum.__kwdefaults__['window'] = 5", ""), ("np.ufunc.kept = 1", ""), ("math.kept = close", ""),
        ("np.random.set_state(np.random.get_state())", ""), ("pd.DataFrame.kept = property(lambda f: close)", ""), ("setattr(type(close), 'kept', close)", ""),
        ("Signals.__init__.__defaults__ = (close,)", ""), ("collections.abc.Sized.kept = close", "import collections.abc\n"),
    ],
    "round the fence": [
        ("x = close.to_numpy().ctypes.data", ""), ("x = close._mgr.arrays[0].base", ""), ("x = np.__dict__", ""), ("x = panel.index._data", ""),
        ("x = close.attrs.__class__.__base__", ""), ("import threading", ""), ("import weakref", ""), ("import pickle", ""), ("from os import environ", ""),
        ("import sys\nframe = sys._getframe(1)", ""), ("import gc\nx = gc.get_objects()", ""), ("import tempfile", ""), ("import contextvars", ""), ("from pathlib import Path", ""),
        ("x = eval('panel')", ""), ("exec('x = 1')", ""), ("x = __import__('os').environ", ""), ("x = np.lib.npyio", ""),
        ("x = flowbt.engine.loader", ""), ("from flowbt.data.panel.reader import open_panel", ""), ("from flowbt.engine import fence", ""), ("import flowbt.studies.run.backtest", ""),
        ("x = pd.io.common.get_handle", ""), ("x = pd.eval('panel.has.__self__')", ""), ("engine = flowbt.engine\nx = engine.loader", ""), ("x = fb.run", "import flowbt as fb\n"), ("from flowbt import engine\nx = engine.loader", ""), ("x = scipy.sys", ""),
        ("x = signals.__globals__", ""), ("x = (lambda: 0).__code__", ""), ("x = [].__class__.__mro__", ""), ("x = getattr(panel, 'cat' + 'alog')", ""),
        ("x = '{0.__class__}'.format(panel)", ""), ("import operator\nx = operator.attrgetter('__self__')(panel.has)", ""), ("x = pd.read_clipboard()", ""),
        ("x = np.fromregex('a', 'b', 'c')", ""), ("x = np.lib.format.open_memmap('a')", ""), ("x = close.to_csv('kept.csv')", ""), ("x = np.save('kept.npy', close)", ""),
        ("x = functools.partial(open, 'kept')", "import functools\n"), ("x = list(map(open, ['kept']))", ""), ("x = input()", ""),
        ("match panel:\n    case object(__class__=kind):\n        x = kind", ""), ("import datetime\nx = datetime.sys.modules", ""), ("import typing\nx = typing.sys", ""),
    ],
}  # fmt: skip
PARAMETERS = '''"""Corpus: a leak behind a parameter.

Source: none
"""

import numpy as np
import pandas as pd

from flowbt import Signals

SYMBOLS = ("SPY", "QQQ")
GRID = {grid}


def signals(panel, *, {name}={default}, hold=3):
    close = panel["close"]
    ret = close.pct_change(fill_method=None)
    x = close.ffill().fillna(100.0).to_numpy()
{body}
    return Signals(long=long, hold=hold)
'''
# a grid one of whose values leaks: (name, default, grid, body). A run of the defaults is honest; sweep and walk-forward refuse.
BEHIND = [
    ("lag", 0, {"lag": (0, 1, 2)}, "    later = np.roll(x, -lag, axis=0)\n    long = pd.DataFrame(later >= x * 1.001, index=panel.index, columns=close.columns) | (ret > 0.01)"),
    ("lag", 1, {"lag": (1, 0, -1)}, "    long = close.shift(lag) < close"),
    ("mode", "past", {"mode": ("past", "all")}, "    mean = close.mean() if mode == 'all' else close.rolling(50).mean()\n    long = close > mean"),
    ("ahead", 0, {"ahead": (0, 1)}, "    t = np.minimum(np.arange(len(x)) + ahead, len(x) - 1)\n    long = pd.DataFrame(x[t] > np.vstack([x[:1], x[:-1]]), index=panel.index, columns=close.columns)"),
    ("whole", False, {"whole": (False, True)}, "    long = ret > (ret.quantile(0.8) if whole else 0.005)"),
    ("span", 20, {"span": (20, 40, 4000)}, "    long = close > (close.mean() if span > 1000 else close.rolling(span).mean())"),
    ("side", 1, {"side": (1, -1)}, "    order = x[::side]\n    best = np.maximum.accumulate(order, axis=0)[::side]\n    long = pd.DataFrame(x >= best, index=panel.index, columns=close.columns)"),
    ("shift", 1, {"shift": (1, 2, -2)}, "    long = pd.DataFrame(np.roll(x, shift, axis=0) < x, index=panel.index, columns=close.columns)"),
    ("center", False, {"center": (False, True)}, "    long = close > close.rolling(9, center=center).mean()"),
    ("window", 10, {"window": (10, 20, 0)}, "    long = close > (close.rolling(window).mean() if window else close.expanding().mean().iloc[-1])"),
]  # fmt: skip

HONEST = {
    "calendar rule": [
        spread("first = pd.Series(index, index=index).groupby(index.to_period('M')).cumcount()\n", "first.to_numpy() < 3"),
        spread("year = pd.Series(1, index=index).groupby(index.year).cumsum()\n", "year.to_numpy() % 21 < 4"),
        spread("", "(index.weekday == 4) & (index.day < 8)"),
        spread("weeks = (index - pd.Timestamp('1999-12-27')).days // 7\n", "weeks % 4 == 0"),
        spread("gap = np.r_[0, np.diff(index.to_numpy()).astype('timedelta64[D]').astype(int)]\n", "gap >= 4"),
        spread("end = index + pd.offsets.MonthEnd(0)\n", "(end - index).days <= 3"),
        spread("easter = pd.to_datetime([f'{y}-04-05' for y in index.year])\n", "np.abs((index - easter).days) < 6"),
    ],
    "expanding": [
        "long = ret > ret.expanding(50).quantile(0.8)",
        "z = (close - close.expanding(30).mean()) / close.expanding(30).std()\nlong = z.abs() < 1",
        "long = ret.expanding(20).rank(pct=True) > 0.8",
        "best = close.cummax()\nlong = (close / best - 1) < -0.05",
        "n = np.arange(1, len(index) + 1)[:, None]\nmean = ret.fillna(0.0).cumsum() / n\nlong = ret > mean",
    ],
    "rolling regression": [
        framed(X + "k = 40\nt = np.arange(k) - (k - 1) / 2\nw = np.lib.stride_tricks.sliding_window_view(np.log(x), k, axis=0)\nslope = np.vstack([np.zeros((k - 1, x.shape[1])), w @ t])\n", "slope > 0"),
        "cov = ret['QQQ'].rolling(60).cov(ret['SPY'])\nbeta = cov / ret['SPY'].rolling(60).var()\nlong = panel.spread(ret['QQQ'] - beta.shift(1) * ret['SPY']) > 0.002",
        spread(R + "fit = np.zeros(len(r))\nfor t in range(300, len(r), 10):\n    a = np.column_stack([np.ones(250), r[t - 251 : t - 1]])\n    w = np.linalg.lstsq(a, r[t - 250 : t, 0], rcond=None)[0]\n    last = r[t : t + 10]\n    fit[t : t + 10] = w[0] + last @ w[1:]\n", "fit > 0.0005"),
        spread("model = np.zeros(len(index))\nv = close['SPY'].ffill().fillna(100.0).to_numpy()\nfor t in range(100, len(v), 25):\n    model[t : t + 25] = np.polyval(np.polyfit(np.arange(100), v[t - 100 : t], 1), 100)\n", "v > model"),
    ],
    "loops and machines": [
        "out = base.to_numpy(copy=True)\nstate = dict.fromkeys(close.columns, 'out')\nr = ret.fillna(0.0)\nfor t, (when, row) in enumerate(r.iterrows()):\n    for c, name in enumerate(close.columns):\n        if state[name] == 'out' and row[name] > 0.01:\n            state[name] = 'in'\n        elif state[name] == 'in' and row[name] < -0.01:\n            state[name] = 'out'\n        out[t, c] = state[name] == 'in'\nlong = pd.DataFrame(out, index=index, columns=close.columns)",
        "queue = collections.deque(maxlen=30)\nflag = []\nfor value in ret['SPY'].fillna(0.0):\n    queue.append(value)\n    flag.append(sum(queue) > 0)\nlong = panel.spread(pd.Series(flag, index=index))",
        "m = Machine()\nlong = panel.spread(pd.Series([m.step(v) for v in ret['SPY'].fillna(0.0)], index=index))",
        "acc = list(itertools.accumulate(ret['SPY'].fillna(0.0), lambda a, b: 0.9 * a + b))\nlong = panel.spread(pd.Series(np.array(acc) > 0.005, index=index))",
        "long = panel.spread(pd.Series([smooth(tuple(close['SPY'].ffill().fillna(100.0).to_numpy()[max(t - 4, 0) : t + 1])) for t in range(len(index))], index=index)) < close",
    ],
    "tables": [
        "week = close.resample('W-FRI', closed='right', label='right').last().shift(1)\nlong = close > week.reindex(index, method='ffill')",
        "month = close['SPY'].groupby(index.to_period('M')).last().shift(1)\nlong = close > panel.spread(pd.Series(month.reindex(index.to_period('M')).to_numpy(), index=index))",
        "past = ret.groupby(index.month).transform(lambda c: c.shift(1).expanding().mean())\nlong = past > 0.0005",
        "rank = ret.rolling(20).sum().rank(axis=1, ascending=False)\nlong = rank.shift(1) == 1",
        "near = pd.merge_asof(pd.DataFrame({'t': index}), pd.DataFrame({'t': index[::7], 'c': close['SPY'].to_numpy()[::7]}), on='t', direction='backward', allow_exact_matches=True)['c']\nlong = panel.spread(pd.Series(near.to_numpy(), index=index)) < close",
        "m = ret.melt(ignore_index=False, var_name='s', value_name='r')\nt = m.set_index('s', append=True)['r'].unstack()[list(close.columns)]\nt.index.name = None\nlong = t.rolling(3).sum() > 0.01",
        "long = ret.where(ret.abs() > 0.01).ffill(limit=10) > 0",
        "long = close.rolling(10, closed='left').max() < close",
        "other = ret.shift(1, axis=1).fillna(0.0)\nlong = (other > 0) & (ret > 0)",
    ],
    "random and short": [
        spread("", "[np.random.default_rng(int(t.strftime('%Y%m%d'))).random() < 0.2 for t in index]"),
        spread("u = np.sin(index.to_julian_date().to_numpy() * 12.9898) * 43758.5453\n", "(u - np.floor(u)) < 0.15"),
        "if len(index) < 120:\n    raise ValueError('give me 120 bars')\nsos = scipy.signal.butter(2, 0.1, output='sos')\ny = scipy.signal.sosfilt(sos, close.ffill().fillna(100.0).to_numpy(), axis=0)\nlong = pd.DataFrame(close.to_numpy() > y, index=index, columns=close.columns)",
        "k = np.ones(5) / 5\nv = ret['SPY'].fillna(0.0).to_numpy()\nlong = panel.spread(pd.Series(np.convolve(v, k)[: len(v)] > 0, index=index))",
        "assert len(close) > 60, 'too short'\nlong = close.rolling(60).median() < close",
    ],
}  # fmt: skip
MACHINE = """import collections
import functools
import itertools


class Machine:
    def __init__(self):
        self._level = 0.0

    def step(self, value):
        self._level = 0.8 * self._level + value
        return self._level > 0.004


@functools.lru_cache(maxsize=100_000)
def smooth(values):
    return sum(values) / len(values)
"""


def leaks() -> dict[str, str]:
    """name -> text of every leaking strategy."""
    texts = {f"{kind}: {n}": text_of(f"{kind} {n}", body, TOPS.get(kind, "")) for kind, bodies in BODIES.items() for n, body in enumerate(bodies)}
    around = {f"{kind}: {n}": text_of(f"{kind} {n}", f"{body}\nlong = base", top) for kind, rows in AROUND.items() for n, (body, top) in enumerate(rows)}
    return texts | around


def behind() -> dict[str, str]:
    """name -> text of strategies whose grid has one value that leaks."""
    return {
        f"behind a parameter: {n}": PARAMETERS.format(name=name, default=repr(default), grid=grid, body=body)
        for n, (name, default, grid, body) in enumerate(BEHIND)
    }


def honest() -> dict[str, str]:
    """name -> text of strategies without any use of the future."""
    return {
        f"{kind}: {n}": text_of(f"{kind} {n}", body, MACHINE if kind == "loops and machines" else "")
        for kind, bodies in HONEST.items()
        for n, body in enumerate(bodies)
    }
