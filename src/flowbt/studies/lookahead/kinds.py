"""The kinds of look-ahead planted in the tests, and what catches each: `flowbt check --explain`, and the table of docs/lookahead.md."""

from __future__ import annotations

from dataclasses import dataclass

LAYERS = {
    "names": "refused when the file is loaded: an import, a call or an attribute that leads past the panel",
    "fence": "refused while it decides: the panel gives its protocol and nothing else; files, sockets and frames are shut by an audit hook",
    "syntax": "refused in the recorded graph: a call that reads later rows by its own arguments",
    "truncate": "the panel ends at a cut, and an earlier decision is another",
    "perturb": "the panel goes on differently after a cut, and an earlier decision is another",
    "fails": "without the future it cannot be decided, though it asked for something then",
}


@dataclass(frozen=True)
class LeakKind:
    """`caught`: the layers that caught its variants when the table was made (demo market), most first."""

    name: str
    example: str
    caught: tuple[str, ...]


KINDS = (
    LeakKind("shift", "close.shift(-1) > close", ("syntax", "truncate")),
    LeakKind("fill", "ret.where(big).bfill(), interpolate()", ("syntax", "truncate")),
    LeakKind("centred window", "close.rolling(11, center=True).mean()", ("syntax", "truncate")),
    LeakKind("whole sample", "close > close.mean(), quantile, rank, z-score", ("truncate",)),
    LeakKind("fitted number", "stop, size, take or hold fitted on all data", ("truncate", "syntax")),
    LeakKind("extremes ahead", "the high of the next ten sessions, idxmax", ("truncate", "perturb")),
    LeakKind("labels of bars", "resample('MS').last() known at the month's start", ("truncate",)),
    LeakKind("groups", "groupby(month or year).transform('mean')", ("truncate",)),
    LeakKind("reversed", "ewm or cumsum of the series turned round", ("truncate",)),
    LeakKind("sorting", "argsort, nlargest, the worst days of all", ("truncate",)),
    LeakKind("roll", "np.roll(values, -1), take, set_axis, a moved index", ("truncate", "perturb")),
    LeakKind("smoothing", "FFT, savgol, filtfilt, convolve(mode='same')", ("truncate",)),
    LeakKind("regression", "polyfit, lstsq, SVD on the full sample", ("truncate",)),
    LeakKind("merge", "reindex or merge_asof with nearest or backward fill", ("truncate", "syntax")),
    LeakKind("events", "dates before they were announced, outcomes before they happened", ("truncate",)),
    LeakKind("end of data", "len(panel.index), the last date, the month's last session", ("truncate",)),
    LeakKind("what there is", "stop=None, no short side, other weights by what comes", ("truncate", "perturb")),
    LeakKind("one symbol", "a peek in one column only", ("truncate", "perturb", "syntax")),
    LeakKind("one year", "a peek in one year only", ("truncate", "perturb")),
    LeakKind("hidden peek", "the next day as a filter on an honest rule", ("truncate", "perturb")),
    LeakKind("wrong day", "tomorrow's open, DIX of the day after", ("truncate",)),
    LeakKind("crash without the future", "close.loc['2023-03-01']", ("fails",)),
    LeakKind("memory", "lists, attributes and modules that keep an earlier call", ("names", "truncate", "syntax")),
    LeakKind("files", "np.load, pd.read_*, os.environ, also by getattr or in try", ("names", "fence")),
    LeakKind("round the panel", "panel.bars(), catalog, closures, frames, gc, sys.modules", ("names", "fence")),
    LeakKind("array tricks", "np.diff(append), gradient, strided views, accumulate on flipped rows", ("truncate",)),
    LeakKind("filters of scipy", "gaussian_filter1d, sosfiltfilt, splines, find_peaks, resample", ("truncate",)),
    LeakKind("fitted model", "kmeans2, pinv, eigh, a grid searched on the whole sample", ("truncate",)),
    LeakKind("scaled by all data", "zscore, qcut, winsorised or ranked over all rows", ("truncate",)),
    LeakKind("tables joined forward", "merge, asof, dicts of the next day, transform('last')", ("truncate", "syntax", "perturb")),
    LeakKind("one place only", "a peek in one month, after rare days, on one column late", ("truncate", "perturb")),
    LeakKind("weights", "normalised by the sample's volatility, covariance or best symbol", ("truncate", "perturb")),
    LeakKind("rules fitted", "stops from the next day's return, strikes from the last price", ("truncate",)),
    LeakKind("randomness", "a seed from the length, the last price, or the best of twenty", ("truncate",)),
    LeakKind("tries and lengths", "try a later date, behave when the history is short", ("truncate", "perturb")),
    LeakKind("objects and state", "class attributes, default arguments, generators, lru_cache", ("truncate",)),
    LeakKind("stores across calls", "type(frame).x = ..., holder = pd, accessors, wraps(f)(feature)", ("names", "fence")),
    LeakKind("round the fence", "._mgr, ctypes, import gc, eval, format strings, match patterns", ("names", "syntax", "fence")),
    LeakKind("callables", "generators, tee, accumulate(reversed), sorted by later values, lambdas over all rows", ("truncate",)),
    LeakKind("objects", "classes that index ahead, scalers and cached properties of all rows, exceptions that carry the last price", ("truncate",)),
    LeakKind("views", "np.unique ranks, np.add.at, Fourier shifts, padded windows, recarrays, copyto", ("truncate", "perturb")),
    LeakKind("accessors", "tail(1), factorize, cumcount(ascending=False), eval, Categorical, left labels, runs and their length", ("truncate", "perturb")),
    LeakKind("models", "neighbours, folds that train on later ones, logistic and k-means by hand, smoothed states, target codes", ("truncate",)),
    LeakKind("smoothers", "Kalman and Hodrick-Prescott smoothers, pivots, fractals at their bar, barrier labels, hindsight trades", ("truncate",)),
    LeakKind("conditions", "a peek at full length only, after a date, in exits, stops, sizes, holds, columns, seeds", ("truncate", "perturb")),
    LeakKind("tables of libraries", "np.sctypeDict.setdefault('kept', close), also by another name or getattr", ("names", "fence")),
    LeakKind("settings of libraries", "a formatter in pandas' or NumPy's options that keeps an earlier call", ("names", "fence")),
)


def table() -> list[tuple[str, str, str]]:
    """Rows of kind, example, what catches it."""
    return [(kind.name, kind.example, ", ".join(kind.caught)) for kind in KINDS]
