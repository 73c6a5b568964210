from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.special import ndtr

from flowbt.evidence.claims import forecasts as fc
from flowbt.evidence.claims.declare import Claim, Document
from flowbt.evidence.claims.finding import Finding
from flowbt.evidence.claims.verdict import decide
from flowbt.evidence.claims.wording import sentence
from flowbt.ground.clock import Clock
from flowbt.ground.errors import ClaimError, FieldError

LABELS = pd.bdate_range("2020-01-01", periods=700)
FLAT = 100 + np.tile([0.0, 1.0, 0.0, -1.0], 175)


class Prices:
    """One symbol X; after 2022-06-01 it falls to 80 and comes back to 105."""

    clock = Clock()

    def __init__(self):
        close = pd.Series(FLAT, index=LABELS)
        start = LABELS.searchsorted(pd.Timestamp("2022-06-01"))
        close.iloc[start:] = 100.0
        close.iloc[start + 5 : start + 10] = 80.0
        close.iloc[start + 10 :] = 105.0
        self.close = close

    def has(self, field, symbol):
        return field == "close"

    def __getitem__(self, key):
        return pd.DataFrame({"X": self.close})


def settle(bets, by="2022-07-29", made="2022-06-01"):
    claim = Claim("bet", "bet", lambda panel: None, fc.dated(made, by))
    document, given = Document("d", made), bets if isinstance(bets, list) else [bets]
    finding = Finding.of(claim, document, "", **fc.forecast(claim, given, Prices()))
    return replace(finding, verdict=decide(finding)[0])


@pytest.mark.parametrize(
    ("bet", "verdict"),
    [
        (fc.touches("X", 82, spot=100), "came true"),
        (fc.touches("X", 820, spot=1000), "came true"),  # relative to the stated spot
        (fc.touches("X", 79, spot=100), "failed"),
        (fc.first_of("X", 90, 104, spot=100), "came true"),
        (fc.first_of("X", 70, 104, spot=100), "failed"),
        (fc.ends_above("X", 0.04), "came true"),
        (fc.ends_above("X", 0.06), "failed"),
        (fc.falls("X", 0.15, 3), "came true"),
        (fc.falls("X", 0.25, 3), "failed"),
        (fc.pays("X", [("call", 100.0, 1)], spot=100), "came true"),
        (fc.pays("X", [("put", 100.0, 1), ("put", 90.0, -1)], spot=100), "failed"),
        (fc.pays("X", [("call", 110.0, 1)], spot=100), "failed"),
        (fc.pays("X", [("put", 110.0, 1), ("put", 90.0, -1)], spot=100), "failed"),  # worth 5, as against 10 paid for it
        (fc.pays("X", [("put", 110.0, -1), ("put", 90.0, 1)], spot=100), "came true"),
        (fc.pays("X", [("call", 1000.0, 1)], spot=1000), "came true"),
    ],
)
def test_bets_are_settled(bet, verdict):
    assert settle(bet).verdict == verdict


def test_open_until_its_date_unless_touched_before():
    assert settle(fc.ends_above("X"), by="2030-01-01").verdict == "pending"
    assert settle(fc.touches("X", 82, spot=100), by="2030-01-01").verdict == "came true"


def test_all_bets_of_a_forecast_must_come_true():
    assert settle([fc.ends_above("X", 0.01), fc.ends_above("X", 0.2)]).verdict == "failed"
    assert "no" in sentence(settle([fc.ends_above("X", 0.2)]))


def test_chance_is_the_share_of_earlier_windows():
    assert settle(fc.touches("X", 100.9, spot=100)).detail["chance"] == pytest.approx(0.75, abs=0.01)  # not from the top, 101
    assert settle(fc.touches("X", 103, spot=100)).detail["chance"] == 0.0


def test_a_date_the_data_do_not_cover_is_missing_data():
    with pytest.raises(FieldError, match="do not cover that date"):
        settle(fc.ends_above("X"), made="2031-01-02", by="2032-01-02")


def test_a_level_at_the_price_is_one_it_may_fall_to():
    bet = fc.touches("X", 100, spot=100)
    assert bet.down == 0.0
    assert np.isnan(bet.up)


def test_a_single_session_of_long_ago_does_not_cover_the_date():
    panel = Prices()
    panel.close = panel.close.iloc[:1]
    with pytest.raises(FieldError, match="do not cover that date"):
        fc._made(fc.ends_above("X"), fc.dated("2020-02-03", "2020-03-02"), panel)
    assert fc._made(fc.ends_above("X"), fc.dated("2020-01-03", "2020-03-02"), panel)[1] == 0


def test_model_price_is_that_of_black_scholes():
    found = settle(fc.pays("X", [("call", 100.0, 1)], spot=100)).detail["bets"][0]["cost"]
    sigma = np.log(pd.Series(FLAT)).diff().iloc[-63:].std() * np.sqrt(252)
    bars = np.busday_count("2022-06-01", "2022-07-29")
    assert found == pytest.approx(2 * ndtr(sigma * np.sqrt(bars / 252) / 2) - 1, rel=1e-12)  # at the money
    put = settle(fc.pays("X", [("put", 100.0, 1)], spot=100)).detail["bets"][0]["cost"]
    assert put == pytest.approx(found, rel=1e-9)  # parity, without interest


def test_a_stated_volatility_is_a_year_of_the_clock_s_bars():
    panel, bet = Prices(), fc.pays("X", [("call", 100.0, 1)], spot=100, volatility="V")
    panel.clock = Clock("24/7")
    cost = fc._cost(bet, panel, panel.close, 100, 30)
    assert cost == pytest.approx(2 * ndtr(panel.close.iloc[100] / 100 * np.sqrt(30 / 365) / 2) - 1, rel=1e-12)


def test_a_model_price_knows_nothing_after_its_day():
    prices, start = Prices().close, int(LABELS.searchsorted(pd.Timestamp("2022-06-01")))
    costs = []
    for later in (1.0, 1.5):
        panel = Prices()
        panel.close = prices.where(np.arange(len(prices)) <= start, prices * later)
        costs.append(fc._cost(fc.pays("X", [("call", 100.0, 1)], spot=100), panel, panel.close, start, 40))
    assert costs[0] == costs[1] > 0.0


def test_what_is_seen_of_a_bet_is_told_with_its_move_label_and_chance():
    found = settle([fc.ends_above("X", 0.04), fc.touches("X", 82, spot=100)], by="2022-06-10")
    first, second = found.detail["bets"]
    assert (first["true"], first["when"], first["seen_to"], first["move"]) == (False, "2022-06-10", "2022-06-10", pytest.approx(-0.2))
    assert (second["true"], second["when"]) == (True, "2022-06-08")
    assert (found.detail["true"], found.measured, found.span) == (False, first["move"], ["2022-06-01", "2022-06-10"])
    assert [(row["name"], row["measured"]) for row in found.figures] == [("mean", first["move"]), ("mean of bet 2", second["move"])]
    assert fc.together([{"true": True}, {"true": None}]) is None
    assert fc.together([{"true": None}, {"true": False}]) is False
    assert fc.together([{"true": True}]) is True
    for wrong in (0.0, 1.0, -0.5):
        with pytest.raises(ClaimError, match="not between 0 and 1"):
            fc.dated("2024-01-01", "2024-02-01", wrong)
    assert fc.dated("2024-01-01", "2024-02-01", 0.5).probability == 0.5


def test_bars_to_the_date_are_sessions_where_there_are_data_and_weekdays_beyond():
    close, start = Prices().close, int(LABELS.searchsorted(pd.Timestamp("2022-06-01")))
    assert fc._bars(close, start, "2022-06-11") == 7
    assert fc._bars(close, start, "2022-06-01") == fc._bars(close, start, "2021-01-01") == 0
    assert fc._bars(close, len(close) - 1, f"{LABELS[-1] + pd.Timedelta(days=14):%Y-%m-%d}") == 10


def test_the_rate_is_of_windows_up_to_the_date_made_or_asked_and_of_what_is_left_of_the_bet():
    panel, when = Prices(), fc.dated("2022-06-01", "2022-06-29")
    start, bet = int(LABELS.searchsorted(pd.Timestamp("2022-06-01"))), fc.ends_above("X", 0.04)
    found = fc.rate([bet], when, panel)
    assert found.windows == (start + 1 - 20) / 20
    later = LABELS[start + 12]  # it stands at 105: no more than 4% up from 100 is left of the bet
    asked = fc.rate([bet], when, panel, later)
    assert asked.windows == (start + 13 - 8) / 8
    close = panel.close.iloc[: start + 13]
    moves = (close.shift(-8) / close - 1).dropna()
    assert asked.share == (moves > 1.04 / 1.05 - 1).mean()
    assert fc.rate([bet], when, panel, pd.Timestamp("2022-06-29")) is None
    assert fc.rate([bet], when, panel, pd.Timestamp("2022-01-03")) == found  # never before it was made


@pytest.mark.parametrize(
    ("bet", "settled"),
    [
        (fc.falls("X", 0.25, 3), True),
        (fc.falls("X", 0.26, 3), False),
        (fc.touches("X", 75, spot=100), True),
        (fc.touches("X", 74, spot=100), False),
        (fc.touches("X", 105, spot=100), True),
        (fc.ends_above("X", 105 / 100 - 1), False),
        (fc.first_of("X", 75, 105, spot=100), True),
    ],
)
def test_a_level_that_is_just_reached_is_reached(bet, settled):
    panel = Prices()
    panel.close = panel.close.replace(80.0, 75.0)
    assert fc.resolve(bet, fc.dated("2022-06-01", "2022-07-29"), panel)["true"] is settled


def test_what_legs_cost_is_of_the_spot_they_were_bought_at_also_when_asked_later():
    panel, when = Prices(), fc.dated("2022-06-01", "2022-06-29")
    start = int(LABELS.searchsorted(pd.Timestamp("2022-06-01")))
    walk = 100 * np.exp(np.cumsum(np.random.default_rng(2).normal(0, 0.02, len(LABELS))))
    panel.close = pd.Series(walk * np.where(np.arange(len(LABELS)) > start, 1.4, 1.0), LABELS)
    bet, at = fc.pays("X", [("call", 120.0, 1)], spot=100), start + 12
    cost, moved = fc._cost(bet, panel, panel.close, start, 20), panel.close.iloc[at] / panel.close.iloc[start] - 1
    close = panel.close.iloc[: at + 1]
    ends = (close.shift(-8) / close).dropna()
    assert fc.rate([bet], when, panel, LABELS[at]).share == (np.maximum(0, ends - 1.2 / (1 + moved)) > cost / (1 + moved)).mean()
