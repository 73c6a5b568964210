"""A run in words and tables: its rules and terms, the data it read, what its trades saw and its chart shows."""

import subprocess
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from tests.studies.conftest import walk

from flowbt.data.catalog import Catalog
from flowbt.engine.types import Account, Costs, Signals, Targets
from flowbt.ground.clock import Clock
from flowbt.studies.run.backtest import backtest, prepare
from flowbt.studies.run.describe import assumptions_of, chart_of, commit, datasets_of, rules_of, versions, warnings_of
from flowbt.studies.run.request import Request
from tinydata import FIELDS, store

FLAGS = pd.DataFrame({"A": [True, False]})


def rules(decision: Signals | Targets) -> list[str]:
    return rules_of(SimpleNamespace(decision=decision))  # type: ignore[arg-type]


def test_trade_rules_are_told_in_words() -> None:
    assert rules(Signals(long=FLAGS)) == ["Trades long on signals, at the next open.", "Equal shares of equity."]
    assert rules(Targets(FLAGS * 0.5)) == ["Holds target weights, rebalanced at the next open."]
    assert rules(Signals(FLAGS, FLAGS, hold=3, stop=0.05, take=FLAGS * 0.1, trail=0.2, size=0.25)) == [
        "Trades long and short on signals, at the next open.",
        "Leaves after 3 bars.",
        "Stops out at 5.00% against the entry.",
        "Take varies by bar.",
        "Trails the best price by 20.00%.",
        "Size 25.0% of equity per position.",
    ]
    assert rules(Signals(short=FLAGS, size=FLAGS * 0.1, structure="a call"))[-2:] == ["Size varies by bar.", "Traded as an option structure: a call."]


def test_terms_are_told_in_basis_points_and_per_cent() -> None:
    terms = {"costs": Costs(0.0001, 0.00025, 0.003, funding=False), "account": Account(max_gross=2.0, margin=0.5)}
    said = assumptions_of(SimpleNamespace(panel=SimpleNamespace(clock=Clock().at("15:45")), **terms))  # type: ignore[arg-type]
    assert said[0] == "Decided at 15:45 New York of the session; filled at the next open."
    assert said[1] == "Fees 1 bp and slippage 2.5 bp of notional per fill, against the trader."
    assert said[2] == "Shorts pay 0.30% a year of their notional; funding is ignored where the market has it."
    assert said[3].startswith("Gross notional at most 2 x equity")
    assert "reaches 50% of its entry" in said[4]
    around = assumptions_of(SimpleNamespace(panel=SimpleNamespace(clock=Clock("24/7")), **terms))  # type: ignore[arg-type]
    assert around[0] == "Decided at the end of the bar; filled at the next open."


def test_trades_show_what_was_seen_at_the_bar_before_they_began_and_ended(catalog: Catalog, strategy: Path) -> None:
    run = backtest(catalog, Request(strategy, {"hold": "4"}, rotations=0))
    close, dix = run.prepared.panel["close"], run.prepared.panel["dix", "SPX"]["SPY"]
    trades, labels = run.record.trades, run.book.market.index
    assert {"SPY", "QQQ"} == set(trades["symbol"])
    for one in trades.to_dict("records"):
        entry, leave = (labels[labels.get_loc(one[f"{end}_label"]) - 1] for end in ("entry", "exit"))
        assert (one["close@entry"], one["close@exit"]) == (close.loc[entry, one["symbol"]], close.loc[leave, one["symbol"]])
        assert one["dix of SPX@exit"] == dix[leave]
    assert trades["mae"].max() <= 0 <= trades["mfe"].min()


def test_the_chart_shows_the_most_traded_symbols_first_and_the_first_features(catalog: Catalog, strategy: Path) -> None:
    strategy.write_text(strategy.read_text().replace("from flowbt import Signals", "from flowbt import Signals, features").replace(
        "    moved =", "    features.momentum(panel, window=5)\n    moved ="
    ))  # fmt: skip
    prepared = prepare(catalog, Request(strategy))
    trades = pd.DataFrame({"symbol": ["QQQ", "SPY", "QQQ", "GONE"]})
    made, market = chart_of(prepared, trades), prepared.market
    assert list(made)[:6] == [f"{side}:{name}" for name in ("QQQ", "SPY") for side in ("open", "high", "low")]
    np.testing.assert_array_equal(made["high:SPY"], market.high[:, market.symbols.index("SPY")])
    (name,) = (one for one in prepared.panel.noted if one.startswith("momentum"))
    pd.testing.assert_series_equal(made[f"{name}:QQQ"], prepared.panel.noted[name].loc[market.index, "QQQ"], check_names=False)
    assert next(iter(chart_of(prepared, trades.iloc[:0]))) == "open:SPY"


def test_each_dataset_is_told_once_with_at_most_twelve_fields(tmp_path: Path) -> None:
    labels, names = Clock().labels("2022-01-03", "2022-03-31"), [f"S{n:02d}" for n in range(15)]
    store(tmp_path, "prices", pd.concat([walk(name, labels, 1) for name in names]), fields=FIELDS, survivorship=True)
    panel = SimpleNamespace(datasets=lambda: [("close", name, Catalog((tmp_path,)).imported["prices"]) for name in [*names, "S00"]])
    (use,) = datasets_of(panel)  # type: ignore[arg-type]
    assert use["fields"] == [f"close of {name}" for name in names[:12]]
    assert use["span"] == ["2022-01-03", "2022-03-31"]
    assert use["survivorship"] == "members as of the file's date: survivorship-biased"
    assert use["lag"] == "known at the end of the bar"


def test_a_coin_by_the_hour_is_dated_by_the_hour_and_its_lack_of_funding_is_said(tmp_path: Path, strategy: Path) -> None:
    hours = Clock("24/7", "1h").labels("2024-01-01", "2024-01-20 05:00")
    store(tmp_path / "coins", "btc", walk("BTC", hours, 3), clock="24/7", frequency="1h", fields=FIELDS)
    strategy.write_text('"""Up."""\n\nfrom flowbt import Signals\n\nSYMBOLS = ("BTC",)\nCLOCK, STEP = "24/7", "1h"\n\n\n'
                        'def signals(panel):\n    return Signals(long=panel["close"].pct_change() > 0.01, hold=5)\n')  # fmt: skip
    run = backtest(Catalog((tmp_path / "coins",)), Request(strategy, rotations=0))
    manifest = run.record.manifest
    assert (manifest["from"], manifest["to"], manifest["decide_at"]) == ("2024-01-01 00:00", "2024-01-20 05:00", "end of bar")
    assert "No funding data for the traded symbols: traded as spot, shorts pay borrow only." in manifest["warnings"]
    run.prepared.panel.used["funding_rate", "BTC"] = run.prepared.panel.used["close", "BTC"]
    assert not any("No funding data" in line for line in warnings_of(run.prepared))


def test_a_file_is_dated_by_its_commit_and_marked_where_it_has_changed(tmp_path: Path) -> None:
    def git(*words: str) -> str:
        who = ["-c", "user.name=a", "-c", "user.email=a@b.c"]
        return subprocess.run(["git", *who, *words], cwd=tmp_path, capture_output=True, text=True, check=True).stdout.strip()

    path = tmp_path / "mine.py"
    path.write_text("one")
    assert commit(path) == ""
    git("init", "-q")
    git("add", "mine.py")
    git("commit", "-qm", "first")
    assert commit(path) == git("rev-parse", "--short", "HEAD")
    path.write_text("two")
    assert commit(path) == git("rev-parse", "--short", "HEAD") + "+"
    assert "numpy" in versions()


@pytest.mark.parametrize("symbols", [(), ("SPY",)])
def test_symbols_asked_for_are_traded_in_place_of_the_files(catalog: Catalog, strategy: Path, symbols: tuple[str, ...]) -> None:
    manifest = backtest(catalog, Request(strategy, symbols=symbols, rotations=0)).record.manifest
    assert manifest["symbols"] == ["SPY"] if symbols else ["SPY", "QQQ"]
