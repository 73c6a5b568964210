"""Deribit option chains: the public book summary (JSON) and the csv layouts met. Volatilities in percent, prices in the coin, settlement at 08:00 UTC.

`ask_iv` 999 and `bid_iv` 0 mean none. The price of the underlying is the future's of that expiry, so it is the forward; spot is the nearest
expiry's unless the file has an index price.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from flowbt.data.sources.chain_terms import completed
from flowbt.data.sources.request import Download, Wanted
from flowbt.ground.documents import parse_json
from flowbt.ground.errors import SourceError
from flowbt.ground.types import Json

URL = "https://www.deribit.com/api/v2/public/get_book_summary_by_currency?currency={coin}&kind=option"
SETTLES = pd.Timedelta(hours=8)
_NAME = r"^([A-Z]+(?:_[A-Z]+)?)-(\d{1,2}[A-Z]{3}\d{2})-(\d+(?:[.d]\d+)?)-([CP])$"
NUMBERS = ("iv", "open_interest", "volume", "bid", "ask", "forward", "index", "delta", "gamma")


def parse_summary(path: Path, text: str) -> pd.DataFrame:
    """A book summary as the chain table (see `chains`). The snapshot is the latest creation time of its rows."""
    try:
        document: Json = parse_json(text)
        raw = pd.DataFrame(document["result"])
        raw = raw[raw["instrument_name"].astype(str).str.match(_NAME)]
        stamp = pd.Timestamp(int(raw["creation_timestamp"].max()), unit="ms")
        names = {"iv": "mark_iv", "open_interest": "open_interest", "volume": "volume", "bid": "bid_price", "ask": "ask_price", "forward": "underlying_price"}
        values = {field: pd.to_numeric(raw[name], errors="coerce") for field, name in names.items() if name in raw}
        if "estimated_delivery_price" in raw:
            values["index"] = pd.to_numeric(raw["estimated_delivery_price"], errors="coerce")
    except (ValueError, KeyError, TypeError) as error:
        raise SourceError(
            path.name, f"not Deribit's book summary ({error})"[:140], "it needs result with instrument_name, mark_iv, creation_timestamp"
        ) from None
    return deribit_table(raw["instrument_name"], values, stamp.as_unit("ns"), path)


def deribit_table(name: pd.Series, values: dict[str, pd.Series], as_of: Any, path: Path, spot: float | None = None) -> pd.DataFrame:
    """The chain table from instrument names and columns as Deribit has them (percent, coin)."""
    parts = name.astype(str).str.strip().str.upper().str.extract(_NAME)
    if parts[0].isna().any():
        bad = name[parts[0].isna()].iloc[0]
        raise SourceError(path.name, f"instrument {bad!r}", "expected names such as BTC-27DEC24-100000-C")
    frame = pd.DataFrame({one: values.get(one, np.nan) for one in NUMBERS}, index=name.index)
    expiry = pd.to_datetime(parts[1].str.title(), format="%d%b%y").astype("datetime64[ns]") + SETTLES
    frame = frame.assign(symbol=parts[0], root=parts[0], expiry=expiry, strike=parts[2].str.replace("d", ".").astype(float), call=parts[3] == "C", as_of=as_of)
    iv = frame["iv"] / 100.0
    forward = frame["forward"].where(frame["forward"] > 0)
    coin = np.where(parts[0].str.contains("_"), 1.0, forward)  # a linear option is quoted in dollars already
    frame = frame.assign(iv=iv.where((iv > 0) & (iv < 9.99)), forward=forward, bid=frame["bid"] * coin, ask=frame["ask"] * coin)
    return completed(frame.assign(spot=_spot(frame, spot, path)), multiplier=1.0).reset_index(drop=True)


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
