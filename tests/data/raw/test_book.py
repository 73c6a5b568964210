import gzip
import json

import numpy as np
import pytest

from flowbt.data.raw.book import book
from flowbt.data.raw.duck import Limits
from flowbt.data.raw.perps import PerpRules
from flowbt.ground.errors import SourceError

LIMITS = Limits(threads=1, memory_mb=300)
RULES = PerpRules(symbol="BTC")
START = 1723161600_000_000_000  # ns, a full hour


def line(seconds, body):
    return f"{START + int(seconds * 1e9)} {json.dumps(body, separators=(',', ':'))}\n"


def ticker(bid, ask):
    return {"stream": "btcusdt@bookTicker", "data": {"e": "bookTicker", "u": 1, "s": "BTCUSDT", "b": str(bid), "B": "1", "a": str(ask), "A": "1"}}


def update(number, bids=(), asks=()):
    def levels(side):
        return [[str(p), str(q)] for p, q in side]

    return {"stream": "btcusdt@depth", "data": {"e": "depthUpdate", "s": "BTCUSDT", "U": number, "u": number, "b": levels(bids), "a": levels(asks)}}


def snapshot(number, bids, asks):
    return {"lastUpdateId": number, "bids": [[str(p), str(q)] for p, q in bids], "asks": [[str(p), str(q)] for p, q in asks]}


def write(tmp_path, lines):
    path = tmp_path / "btcusdt_20240809.gz"
    path.write_bytes(gzip.compress("".join(lines).encode()))
    return path


def test_the_spread_is_a_mean_over_time(tmp_path):
    lines = [line(0, ticker(99, 101)), line(1, ticker(99.5, 100.5)), line(4, ticker(1, 2)), line(500, ticker(1, 2))]
    table = book(write(tmp_path, lines), RULES, LIMITS)  # 200 bp for 1 s, 100 bp for 3 s, then a gap that does not count
    assert table["spread_bps"].tolist() == pytest.approx([(200 * 1 + 100 * 3) / 4])


def test_depth_is_within_one_percent_and_follows_the_changes(tmp_path):
    lines = [line(0, update(5, [(99.9, 1000)])), line(0.5, snapshot(10, [(99.9, 1), (98, 50)], [(100.1, 2), (102, 50)]))]
    lines += [line(1.2, update(9, [(99.9, 777)])), line(1.5, update(11, [(99.8, 3)])), line(2.5, update(12, [(99.8, 0)], [(100.1, 4)])), line(3.5, update(13))]
    table = book(write(tmp_path, [*lines, line(3.6, update(14, [(97, 1)]))]), RULES, LIMITS)
    first, second, third = 99.9 + 200.2, 99.9 + 200.2 + 3 * 99.8, 99.9 + 400.4
    assert table["depth_1pct_usd"].tolist() == pytest.approx([np.mean([first, second, third])])


def test_the_replay_equals_a_book_of_dictionaries(tmp_path):
    rng = np.random.default_rng(3)
    lines = [line(0.1, snapshot(1, [(100 - k / 10, 5) for k in range(1, 20)], [(100 + k / 10, 5) for k in range(1, 20)]))]
    books = {1: {round(100 - k / 10, 1): 5.0 for k in range(1, 20)}, -1: {round(100 + k / 10, 1): 5.0 for k in range(1, 20)}}
    depths, due = [], 1
    for number in range(2, 400):
        seconds = 0.1 + number * 0.05
        if seconds >= due:
            due = int(seconds) + 1
            bids, asks = ({p: q for p, q in books[s].items() if q > 0} for s in (1, -1))
            mid = (max(bids) + min(asks)) / 2
            depths.append(sum(p * q for p, q in bids.items() if p >= mid * 0.99) + sum(p * q for p, q in asks.items() if p <= mid * 1.01))
        side, step, size = rng.choice([1, -1]), rng.integers(1, 30), float(rng.choice([0, 1.5, 8]))
        price = round(100 - side * step / 10, 1)
        books[side][price] = size if step > 1 else 5.0
        lines.append(line(seconds, update(number, **{"bids" if side == 1 else "asks": [(price, books[side][price])]})))
    assert book(write(tmp_path, lines), RULES, LIMITS)["depth_1pct_usd"].tolist() == pytest.approx([np.mean(depths)])


def test_a_stream_of_trades_only_is_refused(tmp_path):
    with pytest.raises(SourceError, match="neither tickers nor a snapshot"):
        book(write(tmp_path, [line(0, {"data": {"e": "trade", "p": "1"}})]), RULES, LIMITS)


@pytest.mark.real
def test_the_recorded_stream_has_a_tick_of_spread():
    from tests.data.raw.real import RAW

    path = RAW / "crypto" / "book" / "nkaz001__hftbacktest" / "usdm_btcusdt_20240808.gz"
    row = book(path, PerpRules(), LIMITS).iloc[0]
    assert row["symbol"] == "BTC"
    assert 1e4 * 0.1 / 61_800 < row["spread_bps"] < 2 * 1e4 * 0.1 / 61_800
    assert row["depth_1pct_usd"] == pytest.approx(317_655_936.18, rel=1e-6)  # a book of dictionaries gives this
