"""The regime board on a small invented catalog: what it reads, when that was known, what is stale, what is missing."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from tests.tinydata import store, table_file

from flowbt.cli.research.board import command
from flowbt.data.catalog import Catalog
from flowbt.ground.clock import Clock
from flowbt.ground.errors import RangeError, SpoiltDataset
from flowbt.studies.board.board import Board, board
from flowbt.studies.board.document import document

LABELS = Clock().labels("2023-06-01", "2024-12-31")
ASOF = "2024-10-09"


def _close(seed: int, start: float, drift: float) -> np.ndarray:
    return start * np.exp(np.cumsum(np.random.default_rng(seed).normal(drift, 0.01, len(LABELS))))


def _series(symbol: str, field: str, values: object, until: str = "2024-12-31") -> pd.DataFrame:
    table = pd.DataFrame({"event_time": LABELS, "symbol": symbol, field: values})
    return table[table["event_time"] <= until]


def _write(root: Path, spx: np.ndarray) -> Path:
    price = {"publication": {"rule": "close"}, "fields": {"close": {"max_age": "5D"}}}
    store(root, "prices", pd.concat([_series("SPX", "close", spx), _series("DXY", "close", 99.0, until="2024-08-30")]), **price)
    wave = 100 * np.abs(np.sin(np.arange(len(LABELS)) / 40))
    store(root, "vol", pd.concat([_series("VIX", "close", 15 + wave / 10), _series("VVIX", "close", 90 + wave / 10)]), **price)
    late = {"publication": {"rule": "session", "days": 1, "at": "09:00"}, "fields": {"gex": {}, "dix": {}}}
    squeeze = _series("SPX", "gex", np.where(LABELS < "2024-09-02", 2e9, -1e9)).assign(dix=0.45 + 0.01 * np.sin(np.arange(len(LABELS))))
    store(root, "squeeze", squeeze, **late)
    rates = pd.concat(
        [
            _series("DGS10", "value", 4 + np.arange(len(LABELS)) / 400),
            _series("DTWEXBGS", "value", 120 - np.arange(len(LABELS)) / 50),
            _series("ISM_PMI", "value", 52.0, until="2024-01-31"),
        ]
    )
    store(root, "rates", rates, publication={"rule": "session", "days": 1, "at": "16:15"}, fields={"value": {"max_age": "10D"}})
    return root


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _write(tmp_path_factory.mktemp("board") / "datasets", _close(1, 4500.0, 0.0005))


@pytest.fixture(scope="module")
def one(folder: Path) -> Board:
    return board(Catalog((folder,)), ASOF)


def _reading(one: Board, name: str) -> tuple[float, str, pd.Timestamp]:
    found = next(r for r in one.readings if r.name == name)
    return found.value, found.text, found.known_at


def test_nothing_was_known_after_the_decision(one: Board) -> None:
    dated = [reading for reading in one.readings if reading.fields]  # a calendar rests on no field
    known = [x.known_at for x in (*one.zones, *dated, *one.gates, *one.ballots, *one.checklist)]
    assert len(known) > 20
    assert all(t < one.decision_time == pd.Timestamp("2024-10-09 22:30") for t in known)


def test_each_value_has_its_own_date(one: Board) -> None:
    assert _reading(one, "VIX")[2] == pd.Timestamp("2024-10-09 20:00")
    assert _reading(one, "gamma sign")[1:] == ("short gamma (moves are amplified)", pd.Timestamp("2024-10-09 13:00"))  # of the 8th
    assert _reading(one, "10-year yield")[2] == pd.Timestamp("2024-10-09 20:15")


def test_zone_is_the_feature_by_hand(one: Board, folder: Path) -> None:
    close = pd.Series(_close(1, 4500.0, 0.0005), LABELS)[:ASOF]
    vix = pd.Series(15 + 10 * np.abs(np.sin(np.arange(len(LABELS)) / 40)), LABELS)[:ASOF]
    mid = close.iloc[-6:-1].mean()
    row = one.zones[0]
    assert (row.symbol, row.volatility, row.mid) == ("SPX", "VIX", pytest.approx(mid))
    assert row.high == pytest.approx(mid * (1 + vix.iloc[-2] / 100 * np.sqrt(5 / 252)))


def test_stale_dollar_is_replaced_and_named(one: Board) -> None:
    regime = next(r for r in one.readings if r.name == "rate regime")
    assert regime.text == "sell America: dollar down, yields up"
    assert regime.stand_ins == ("value of DTWEXBGS in place of close of DXY",)
    gap = next(g for g in one.gaps if g.name == "dollar index (DXY)")
    assert "from 2023-06-01 to 2024-08-30" in gap.found


def test_a_count_of_sessions_on_stale_data_is_missing_and_not_zero(one: Board) -> None:
    gaps = {gap.name: gap.found for gap in one.gaps}
    assert gaps["ISM manufacturing regime"] == "value of ISM_PMI is there from 2023-06-01 to 2024-01-31"
    assert not {"ISM manufacturing", "ISM manufacturing regime"} & {r.name for r in one.readings}


def test_a_date_after_all_data_is_one_line(folder: Path) -> None:
    with pytest.raises(RangeError, match="no symbol has prices then; SPX ends 2024-12-31; ask for an earlier date"):
        board(Catalog((folder,)), "2025-06-02")


def test_what_is_missing_says_what_would_bring_it(one: Board) -> None:
    gaps = {gap.name: gap for gap in one.gaps}
    assert "option prints" in gaps["net premium by side"].do
    assert "option chains" in gaps["nearest positive gamma"].do
    assert gaps["input: ISM"].found.startswith("value of ISM_PMI is there")
    assert not set(gaps) & {r.name for r in one.readings}


def test_counts_are_the_votes(one: Board) -> None:
    votes = [ballot.vote for ballot in one.ballots]
    assert one.counts["bullish"] == votes.count(1)
    assert one.counts["bearish"] == votes.count(-1)
    assert one.counts["tilt"] == sum(votes)
    assert {b.name: b.vote for b in one.ballots}["dealer gamma"] == -1


def test_later_prices_change_nothing(one: Board, tmp_path: Path) -> None:
    spx = _close(1, 4500.0, 0.0005)
    spx[LABELS > ASOF] *= 3
    later = board(Catalog((_write(tmp_path / "datasets", spx),)), ASOF)
    assert json.dumps({**document(later), "gaps": []}) == json.dumps({**document(one), "gaps": []})
    assert [gap.name for gap in later.gaps] == [gap.name for gap in one.gaps]


def test_a_weekend_shows_the_session_before(folder: Path) -> None:
    assert board(Catalog((folder,)), "2024-10-13").session == pd.Timestamp("2024-10-11")
    assert board(Catalog((folder,))).session == LABELS[-1]


@pytest.mark.parametrize(("asof", "session"), [("2024-10-09T15:00", "2024-10-08"), ("2024-10-09T22:30", "2024-10-09"), ("2024-10-10T01:00", "2024-10-09")])
def test_the_board_of_an_instant_is_one_that_was_decided_by_then(folder, asof, session):
    one = board(Catalog((folder,)), asof)
    assert one.session == pd.Timestamp(session)
    assert one.decision_time <= pd.Timestamp(asof)


def test_a_date_before_all_data_is_one_line(folder: Path) -> None:
    with pytest.raises(RangeError, match="SPX starts 2023-06-01; ask for a later date"):
        board(Catalog((folder,)), "1999-01-04")


def test_command_prints_the_sections(folder: Path) -> None:
    shown = CliRunner().invoke(command, ["--asof", ASOF, "--datasets", str(folder)], env={"COLUMNS": "200"}, catch_exceptions=False).output
    for words in ("regime board of 2024-10-09", "dealer gamma", "convergence on SPX", "what would bring it", "2024-10-09 13:00"):
        assert words in shown


def test_json_is_one_document_with_dates(folder: Path) -> None:
    text = CliRunner().invoke(command, ["--asof", ASOF, "--datasets", str(folder), "--json"], catch_exceptions=False).stdout
    shown = json.loads(text)
    assert (shown["session"], shown["decision_time"]) == (ASOF, "2024-10-09T22:30Z")
    assert all(reading["known_at"].endswith("Z") for reading in shown["readings"] if reading["fields"])


def test_page_needs_no_other_file(folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "pages" / "board.html"
    CliRunner().invoke(command, ["--asof", ASOF, "--datasets", str(folder), "--html", str(path)], catch_exceptions=False)
    text = path.read_text("utf-8")
    assert "Regime board of 2024-10-09" in text
    assert "src=" not in text
    assert 'rel="stylesheet"' not in text


def test_not_a_date_is_refused(folder: Path) -> None:
    with pytest.raises(RangeError, match="not a date or a time; write YYYY-MM-DD"):
        CliRunner().invoke(command, ["--asof", "someday", "--datasets", str(folder)], catch_exceptions=False)


def test_a_spoilt_dataset_is_no_gap(tmp_path):
    catalog = Catalog((_write(tmp_path, _close(1, 4000.0, 0.0004)),))
    table_file(tmp_path / "squeeze").write_bytes(b"x")
    with pytest.raises(SpoiltDataset, match="dataset squeeze"):
        board(catalog, ASOF)


def test_the_range_of_gamma_and_a_sign_that_is_not_certain_are_shown(tmp_path: Path) -> None:
    tables = {name: _series("SPX", name, value) for name, value in {"close": 4500.0, "gex": 1e9, "gex_low": -2e9, "gex_high": 4e9}.items()}
    for name, table in tables.items():
        store(tmp_path, name.replace("_", "-"), table, fields={name: {}})
    shown = {one.name: one.text for one in board(Catalog((tmp_path,)), ASOF).readings}
    assert shown["gamma, lower end of its range"] == "-$2.00bn"
    assert shown["gamma, upper end of its range"] == "+$4.00bn"
    assert shown["gamma sign"] == "no certain sign"
