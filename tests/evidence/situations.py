"""Situations a run can be in, and the answer each must get. `docs/belief.md` shows them with their sentences."""

from dataclasses import replace

from flowbt.evidence.belief import Holding, RunFacts, WalkForwardFacts

SPY = Holding("SPY", total_return=0.9, sharpe=0.6, max_drawdown=-0.34)
GOOD = RunFacts(
    strategy="good", trades=120, sharpe=1.1, total_return=1.4, max_drawdown=-0.12, rotations=199, rotation_p=0.005, rotation_sharpe=0.2, trials=12,
    deflated=0.98, holding=SPY, walk_forward=WalkForwardFacts(0.8, 9, 2200, 90), cost_bp=3.0, break_even_bp=25.0, sharpe_double_costs=0.95,
    return_without_best=0.6, best_left_out=6, top_year="2020", top_year_share=0.3, symbols=1,
)  # fmt: skip
NAN = float("nan")
NEVER = RunFacts(
    strategy="never", sharpe=NAN, total_return=0.0, max_drawdown=0.0, trials=1, holding=SPY, cost_bp=NAN, break_even_bp=NAN, sharpe_double_costs=NAN
)  # fmt: skip


def _but(**changes):
    return replace(GOOD, **changes)


SITUATIONS = {
    "everything holds": (GOOD, "yes"),
    "everything holds, a hundred thousand trials": (_but(trials=100_000, deflated=0.96), "yes"),
    "everything holds, ten trades just suffice": (_but(trades=10), "yes"),
    "a short strategy that holding beat in nothing": (_but(holding=Holding("SPY", -0.2, -0.1, -0.5)), "yes"),
    "tomorrow's close moved one row": (_but(leak="close is read one session ahead", sharpe=10.8), "no"),
    "a leak on the demo market": (_but(leak="a stop fitted on all data", synthetic=True), "no"),
    "a leak in a losing run": (_but(leak="bfill", sharpe=-1.0, total_return=-0.5), "no"),
    "not probed": (_but(probed=False), "cannot tell"),
    "the demo market, all else good": (_but(synthetic=True), "cannot tell"),
    "the demo market, all else bad": (_but(synthetic=True, rotation_p=0.8, deflated=0.1), "cannot tell"),
    "a stand-in for the flow": (_but(stand_ins=("dix for dark_pool_net",)), "cannot tell"),
    "a stand-in, and no timing": (_but(stand_ins=("dix for dark_pool_net",), rotation_p=0.5), "no"),
    "revised figures, latest vintage": (_but(caveats=("latest vintage of DGS10",)), "cannot tell"),
    "members of today": (_but(caveats=("survivorship-biased members",)), "cannot tell"),
    "history that was calculated later": (_but(caveats=("SKEW before 2011 was back-calculated",)), "cannot tell"),
    "no trade": (_but(trades=0), "cannot tell"),
    "a rule that never holds": (NEVER, "cannot tell"),
    "one short in March 2020": (_but(trades=1, deflated=0.98, rotation_p=0.005), "cannot tell"),
    "two trades": (_but(trades=2), "cannot tell"),
    "nine trades": (_but(trades=9), "cannot tell"),
    "two trades that lost": (_but(trades=2, total_return=-0.1, sharpe=-0.4), "no"),
    "coins that are long SPY": (_but(rotation_p=0.45, deflated=0.97), "no"),
    "always long": (_but(trades=40, rotation_p=1.0, deflated=1.0), "no"),
    "the right side of a rising market, badly timed": (_but(average_exposure_p=0.5), "no"),
    "timing that may be luck": (_but(rotation_p=0.12), "cannot tell"),
    "the best of many tries": (_but(trials=50_000, deflated=0.3), "no"),
    "the best of some tries": (_but(trials=500, deflated=0.8), "cannot tell"),
    "rotations were not run": (_but(rotations=0, rotation_p=NAN), "cannot tell"),
    "no benchmark": (_but(holding=None), "cannot tell"),
    "long-biased, under its benchmark": (_but(sharpe=0.5, total_return=0.5), "no"),
    "more return than holding for more risk": (_but(sharpe=0.55, walk_forward=WalkForwardFacts(0.5, 9, 2200, 90)), "cannot tell"),
    "a benchmark that never moved": (_but(holding=Holding("CASH", 0.0, NAN, 0.0)), "cannot tell"),
    "it lost money": (_but(sharpe=-0.2, total_return=-0.1), "no"),
    "no walk-forward": (_but(walk_forward=None), "cannot tell"),
    "a walk-forward of the demo market only": (_but(walk_forward=None, walk_forwards_unlike=("data",)), "cannot tell"),
    "a walk-forward of other symbols and costs": (_but(walk_forward=None, walk_forwards_unlike=("symbols", "costs")), "cannot tell"),
    "out of sample nothing is left": (_but(walk_forward=WalkForwardFacts(-0.3, 9, 2200, 90)), "no"),
    "out of sample half is gone": (_but(walk_forward=WalkForwardFacts(0.3, 9, 2200, 90)), "cannot tell"),
    "a walk-forward that had no choice": (_but(trials=200, walk_forward=WalkForwardFacts(0.8, 9, 2200, 90, choices=1)), "cannot tell"),
    "out of sample it made three trades": (_but(walk_forward=WalkForwardFacts(0.8, 9, 2200, 3)), "cannot tell"),
    "out of sample it never traded": (_but(walk_forward=WalkForwardFacts(NAN, 9, 2200, 0)), "cannot tell"),
    "out of sample it lost in three trades": (_but(walk_forward=WalkForwardFacts(-0.3, 9, 2200, 3)), "no"),
    "run without costs": (_but(cost_bp=0.0, sharpe_double_costs=1.1), "cannot tell"),
    "run with costs of next to nothing": (_but(cost_bp=0.001), "cannot tell"),
    "twice the costs eat it": (_but(sharpe_double_costs=-0.1, break_even_bp=4.0), "no"),
    "it leans on its costs": (_but(sharpe_double_costs=0.4, break_even_bp=5.0), "cannot tell"),
    "its sign depends on the volatility model": (_but(band=(-0.3, 0.9)), "cannot tell"),
    "six trades are the whole result": (_but(return_without_best=-0.05), "no"),
    "one year made it": (_but(top_year_share=0.9), "cannot tell"),
    "one symbol made it": (_but(symbols=3, top_symbol="QQQ", top_symbol_share=1.4), "cannot tell"),
}
