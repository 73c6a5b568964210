"""The second mode equals `vectorbt.Portfolio.from_signals` on thousands of random cases, run by vectorbt as wide batches."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from tests.engine import cases

from flowbt.engine.types import Account, Costs, Market, Signals
from flowbt.engine.vbt.kernel import add, hit, near, resolve, sort_by
from flowbt.engine.vbt.mode import Fills, simulate_and_exits, simulate_as_vectorbt
from flowbt.engine.vbt.reconcile import reconcile
from flowbt.ground.errors import EngineError, SignalError

BARS, CASES = 40, 180  # per batch; the symbols of a case share its cash


def batch(seed, size_type):
    """Random cases of one width, as arrays cases x bars x symbols."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(1, 5))
    shape = (CASES, BARS, n)
    markets = [cases.market(rng, BARS, n, vol=rng.choice([0.02, 0.08]), missing=0.05 * rng.integers(2)) for _ in range(CASES)]
    # vectorbt marks a position before the first close with that later close; ours with the open
    markets = [replace(m, close=np.vstack([np.nan_to_num(m.close[:1], nan=100.0), m.close[1:]])) for m in markets]
    kind = rng.integers(0, 3, (CASES, 1, 1))  # long, short, both
    long, short = (rng.random(shape) < 0.2) & (kind != 1), (rng.random(shape) < 0.2) & (kind != 0)
    if size_type == "percent":  # vectorbt refuses reversals in percent
        long, short = long & (kind == 0), short & (kind == 1)
    leave = rng.random(shape) < 0.1

    def levels(share):
        some = rng.random((CASES, 1, 1)) < share
        return np.where(some & (rng.random(shape) < 0.9), rng.uniform(0.005, 0.1, shape), np.nan)

    stop, take = levels(0.7), levels(0.5)
    trails = rng.random((CASES, 1, 1)) < 0.5
    size = {"amount": rng.choice([10.0, 300.0, np.inf]), "value": rng.uniform(100, 6e4, shape), "percent": rng.uniform(0.1, 1.0, shape)}[size_type]
    size = np.where((size_type != "amount") & (rng.random(shape) < 0.05), np.nan, size)  # where a size is missing nothing is ordered
    hold = np.where(rng.random((CASES, 1, 1)) < 0.5, rng.integers(1, 9, (CASES, 1, 1)), np.nan)
    costs = Costs(fees=rng.choice([0.0, 0.002]), slippage=rng.choice([0.0, 0.003]))
    return markets, long, short, leave, stop, take, trails, np.broadcast_to(size, shape), hold, costs


def ours(k, drawn, fills, price_is_open=False):
    markets, long, short, leave, stop, take, trails, size, hold, costs = drawn
    m: Market = markets[k]
    trail = {"trail": cases.frame(m, stop[k])} if trails[k] else {"stop": cases.frame(m, stop[k])}
    amount = None if np.isinf(size[k]).all() else cases.frame(m, size[k])
    held = None if np.isnan(hold[k]).all() else float(hold[k].ravel()[0])
    frames = {"long": long[k], "short": short[k], "exit": leave[k], "take": take[k]}
    signals = Signals(**{name: cases.frame(m, a) for name, a in frames.items()}, **trail, size=amount, hold=held)
    price = cases.frame(m, m.open) if price_is_open else None
    return simulate_and_exits(m, signals, costs, Account(), replace(fills, price=price))


SETUPS = [(s, p, f) for s in ("amount", "value", "percent") for p in (False, True) for f in (False, True)]


@pytest.mark.parametrize("engine", ["rust", pytest.param("numba", marks=pytest.mark.slow)])
@pytest.mark.parametrize("setup", range(len(SETUPS)))
def test_equals_from_signals(setup, engine):
    import vectorbt as vbt

    size_type, price_is_open, sells_first = SETUPS[setup]
    drawn = batch(setup, size_type)
    markets, long, short, _, stop, take, trails, size, _, costs = drawn
    books = [ours(k, drawn, Fills(size_type, sells_first=sells_first), price_is_open) for k in range(CASES)]

    def wide(arrays):
        return np.hstack(list(arrays))

    n = long.shape[2]
    fields = {name: wide(getattr(m, name) for m in markets) for name in ("open", "high", "low", "close")}
    portfolio = vbt.Portfolio.from_signals(
        **fields, entries=wide(long), exits=wide(e for _, e in books), short_entries=wide(short), short_exits=wide(e for _, e in books),
        price=fields["open"] if price_is_open else None, size=wide(size), size_type=size_type, fees=costs.fees, slippage=costs.slippage,
        sl_stop=wide(stop), sl_trail=np.repeat(trails.ravel(), n)[None, :], tp_stop=wide(take), init_cash=100_000.0, cash_sharing=True,
        group_by=np.repeat(np.arange(CASES), n), call_seq="auto" if sells_first else "default", engine=engine, freq="1D",
    )  # fmt: skip
    value = np.column_stack([book.value for book, _ in books])
    np.testing.assert_allclose(value, portfolio.value().to_numpy(), rtol=1e-9)
    total = sum(len(book.orders) - (book.orders["reason"].eq("opposite") & book.orders["reason"].shift(-1).eq("entry")).sum() for book, _ in books)
    assert total > CASES * 2
    flows = np.column_stack([np.bincount(b.orders["bar"], b.orders["fees"], BARS) for b, _ in books])
    fees = np.zeros((BARS, CASES))
    records = portfolio.orders.values
    np.add.at(fees, (records["idx"], records["col"] // n), records["fees"])
    np.testing.assert_allclose(flows, fees, rtol=1e-9, atol=1e-7)


def test_the_batches_hold_two_thousand_cases_or_more_and_every_reason():
    assert len(SETUPS) * CASES >= 2000
    seen = set()
    for size_type in ("amount", "value"):
        drawn = batch(0, size_type)
        for k in range(40):
            seen |= set(ours(k, drawn, Fills(size_type))[0].orders["reason"])
    assert seen == {"entry", "signal", "opposite", "hold", "stop", "take", "trail"}


def test_what_vectorbt_cannot_do_is_refused():
    m = cases.market(np.random.default_rng(0), bars=10, symbols=2)
    yes = cases.frame(m, np.ones(m.close.shape, bool))
    with pytest.raises(SignalError, match="vectorbt has one stop"):
        simulate_as_vectorbt(m, Signals(long=yes, stop=0.1, trail=0.1))
    with pytest.raises(SignalError, match="partial exits"):
        simulate_as_vectorbt(m, Signals(long=yes, exit=yes * 0.5))
    flip = cases.frame(m, (np.arange(20) % 2 == 0).reshape(10, 2) ^ (np.arange(10) % 2 == 0)[:, None])
    with pytest.raises(EngineError, match="a reversal sized in percent"):
        simulate_as_vectorbt(m, Signals(long=flip, short=~flip, size=0.5), fills=Fills("percent"))


def test_the_second_mode_has_a_vectorbt_book_too():
    rng = np.random.default_rng(1)
    m = cases.market(rng, bars=200)
    yes, no = (cases.frame(m, rng.random(m.close.shape) < 0.1) for _ in range(2))
    book = simulate_as_vectorbt(m, Signals(long=yes, short=no, hold=5, size=20_000.0), Costs(fees=0.001, slippage=0.01), fills=Fills("value"))
    moved = np.where(book.orders["side"] == "buy", 0.01 / 1.01, 0.01 / 0.99)  # of the price paid
    np.testing.assert_allclose(book.orders["slippage"], book.orders["notional"] * moved, rtol=1e-9)
    np.testing.assert_allclose(book.orders["fees"], book.orders["notional"] * 0.001, rtol=1e-9)
    assert reconcile(book) < 1e-9
    assert book.orders["bar"].iloc[0] == np.flatnonzero((yes | no).any(axis=1))[0]


def test_sums_that_nearly_cancel_are_vectorbts():
    from vectorbt.utils.math_ import add_nb, is_close_nb

    values = [one * sign for one in (0.0, 9e-13, 1e-12, 1.1e-12, 1.0, 1 + 0.9e-9, 1 + 1.1e-9, 1e6, 1e6 + 0.9e-3, np.inf, np.nan) for sign in (1.0, -1.0)]
    for a, b in product(values, repeat=2):
        assert near(a, b) is bool(is_close_nb(a, b))
        np.testing.assert_equal(add(a, b), add_nb(a, b))


def test_a_level_fills_at_itself_or_at_an_open_beyond_it():
    for level, down, opened, filled in (
        (9, 1, 10, 9),
        (9, 1, 9, 9),
        (9, 1, 8.5, 8.5),
        (8, 1, 10, 8),
        (7.9, 1, 10, np.nan),
        (11, -1, 10, 11),
        (11, -1, 11.5, 11.5),
    ):
        np.testing.assert_equal(hit(float(level), float(down), float(opened), 8.0, 12.0), filled)
    np.testing.assert_equal([hit(12.0, -1.0, 10.0, 8.0, 12.0), hit(12.1, -1.0, 10.0, 8.0, 12.0)], [12.0, np.nan])


def test_an_entry_and_its_exit_cancel_each_other_and_so_do_both_entries():
    """Long, short, closing: enters long, leaves long, enters short, leaves short."""
    said = {given: "".join("LlSs"[k] for k, one in enumerate(resolve(*given)) if one) for given in product([False, True], repeat=3)}
    asked = {"".join(name for name, one in zip("LSx", given, strict=True) if one): told for given, told in said.items()}
    assert asked == {"": "", "L": "L", "S": "S", "LS": "", "x": "ls", "Lx": "s", "Sx": "l", "LSx": ""}


def test_orders_that_are_worth_the_same_keep_their_turn_and_missing_ones_are_last():
    worth = np.array([2.0, np.nan, 1.0, 2.0, 1.0, np.nan, 2.0])
    turn = np.arange(len(worth))
    sort_by(sorted_worth := worth.copy(), turn)
    assert turn.tolist() == np.argsort(worth, kind="stable").tolist() == [2, 4, 0, 3, 6, 1, 5]
    np.testing.assert_array_equal(sorted_worth, worth[turn])


@pytest.mark.parametrize("price", [0.0, -1.0, np.inf])
def test_prices_that_nothing_can_fill_at_are_refused(price):
    m = cases.market(np.random.default_rng(0), bars=10, symbols=2)
    yes, asked = cases.frame(m, np.ones(m.close.shape, bool)), cases.frame(m, m.close.copy())
    asked.iloc[7] = price
    with pytest.raises(EngineError, match="zero, negative or infinite"):
        simulate_as_vectorbt(m, Signals(long=yes), fills=Fills(price=asked))
