"""Deribit option chains: the public book summary (JSON) and the csv layouts met. Volatilities in percent, prices in the coin, settlement at 08:00 UTC.

`ask_iv` 999 and `bid_iv` 0 mean none. The price of the underlying is the future's of that expiry, so it is the forward; spot is the nearest
expiry's unless the file has an index price.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from flowbt.data.sources.chain_terms import completed, numbers
from flowbt.data.sources.request import Download, Wanted
from flowbt.ground.documents import parse_json
from flowbt.ground.errors import SourceError
from flowbt.ground.types import Json

URL = "https://www.deribit.com/api/v2/public/get_book_summary_by_currency?currency={coin}&kind=option"
SETTLES = pd.Timedelta(hours=8)
_NAME = r"^([A-Z]+(?:_[A-Z]+)?)-(\d{1,2}[A-Z]{3}\d{2})-(\d+(?:[.d]\d+)?)-([CP])$"
_FUTURE = r"^[A-Z]+(?:_[A-Z]+)?-(?:PERPETUAL|\d{1,2}[A-Z]{3}\d{2})$"
SCATTERED = 0.02  # of the rows: more than these apart from the others, and the file is broken
ONE_FUTURE = 0.03  # how far prices of one future may be apart within a snapshot
NUMBERS = ("iv", "open_interest", "volume", "bid", "ask", "forward", "index", "delta", "gamma")


def parse_summary(path: Path, text: str) -> pd.DataFrame:
    """A book summary as the chain table (see `chains`). The snapshot is the latest creation time of its rows."""
    try:
        document: Json = parse_json(text)
        raw = _options(pd.DataFrame(document["result"]), path)
        stamp = pd.Timestamp(int(raw["creation_timestamp"].max()), unit="ms").as_unit("ns")
        names = {"iv": "mark_iv", "open_interest": "open_interest", "volume": "volume", "bid": "bid_price", "ask": "ask_price", "forward": "underlying_price"}
        values = {field: numbers(raw[name]) for field, name in names.items() if name in raw}
        if "estimated_delivery_price" in raw:
            values["index"] = numbers(raw["estimated_delivery_price"])
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise SourceError(
            path.name, f"not Deribit's book summary ({error})"[:140], "it needs result with instrument_name, mark_iv, creation_timestamp"
        ) from None
    return deribit_table(raw["instrument_name"], values, stamp, path)


def _options(raw: pd.DataFrame, path: Path) -> pd.DataFrame:
    """The rows of options, without futures. SourceError where there are none, or a row names neither."""
    names = raw["instrument_name"].astype(str).str.strip().str.upper()
    options, others = names.str.match(_NAME), names.str.match(_FUTURE)
    unread = names[~options & ~others]
    if not options.any() or len(unread):
        found = f"instrument {unread.iloc[0]!r}, and {len(unread) - 1:,} more such" if len(unread) else "no options"
        raise SourceError(path.name, found, "expected names such as BTC-27DEC24-100000-C: download it again")
    return raw[options]


def deribit_table(name: pd.Series, values: dict[str, pd.Series], as_of: Any, path: Path, spot: float | None = None) -> pd.DataFrame:
    """The chain table from instrument names and columns as Deribit has them (percent, coin)."""
    parts = name.astype(str).str.strip().str.upper().str.extract(_NAME)
    if parts[0].isna().any():
        bad = name[parts[0].isna()].iloc[0]
        raise SourceError(path.name, f"instrument {bad!r}", "expected names such as BTC-27DEC24-100000-C")
    frame = pd.DataFrame({one: values.get(one, np.nan) for one in NUMBERS}, index=name.index)
    try:
        expiry = pd.to_datetime(parts[1].str.title(), format="%d%b%y").astype("datetime64[ns]") + SETTLES
    except ValueError as error:
        raise SourceError(path.name, f"expiry in an instrument's name: {error}".split(".")[0][:120], "download it again") from None
    frame = frame.assign(symbol=parts[0], root=parts[0], expiry=expiry, strike=parts[2].str.replace("d", ".").astype(float), call=parts[3] == "C", as_of=as_of)
    iv = frame["iv"] / 100.0
    forward = frame["forward"].where(frame["forward"] > 0)
    frame = frame.assign(iv=iv.where((iv > 0) & (iv < 9.99)), forward=forward)
    frame = frame.assign(spot=_spot(frame, spot, path))
    _refuse_scattered(frame, path)
    # a linear option is quoted in dollars already; where its future has no price a coin is worth spot, and parity gives the forward
    coin = np.where(parts[0].str.contains("_"), 1.0, forward.fillna(frame["spot"]))
    return completed(frame.assign(bid=frame["bid"] * coin, ask=frame["ask"] * coin), multiplier=1.0).reset_index(drop=True)


def _refuse_scattered(frame: pd.DataFrame, path: Path) -> None:
    """SourceError where the options of one expiry have prices of the underlying that are of different things."""
    by = frame.groupby(["as_of", "expiry"], dropna=False)["forward"]
    off = (frame["forward"] / by.transform("median") - 1.0).abs() > ONE_FUTURE
    if off.mean() > SCATTERED:
        low, high = frame["forward"][off].min(), frame["forward"][off].max()
        raise SourceError(path.name, f"prices of the underlying from {low:,.10g} to {high:,.10g} within one expiry", "download it again")


def _spot(frame: pd.DataFrame, given: float | None, path: Path) -> Any:
    if given is not None:
        return given
    if (frame["index"] > 0).any():
        return frame.groupby(["as_of", "symbol"])["index"].transform("median")
    if not (frame["forward"] > 0).any():
        raise SourceError(path.name, "does not give the underlying's price", "give it with --spot 95000")
    near = frame[frame["forward"] > 0].sort_values("expiry", kind="stable").groupby(["as_of", "symbol"])["forward"].first()
    return pd.MultiIndex.from_frame(frame[["as_of", "symbol"]]).map(near.to_dict()).to_numpy(dtype=float)


def requests(wanted: Wanted) -> list[Download]:
    """The book summary of each coin as of now, one file a day (the last of a day stays)."""
    day = f"{pd.Timestamp.now('UTC'):%Y-%m-%d}"
    return [Download(URL.format(coin=coin), f"{coin}_{day}.json") for coin in wanted.named("BTC")]
