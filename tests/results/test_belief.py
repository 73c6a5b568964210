"""What a stored run may be believed is worked out from what lies beside it now."""

import json
from dataclasses import fields

import pytest
from tests.results.records import make_record

from flowbt.evidence.belief import Holding
from flowbt.results import shelf, store
from flowbt.results.belief import belief_of, renew, unlike

WALK = {
    "modes": {"rolling": {"windows": 9, "measures": {"sharpe": 0.8, "bars": 2000}}},
    "parameters": {"hold": [3, 5]},
    "fixed": {"stop": 0.05},
    "created": "2026-01-01",
}
RUN = {"code_hash": "c", "symbols": ["SPY"], "from": "2012-01-03", "to": "2025-12-31", "costs": {"fees": 0.1}, "parameters": {"hold": 5, "stop": 0.05}}
SAME = {name: RUN[name] for name in ("code_hash", "symbols", "from", "to", "costs")}


def test_a_walk_forward_counts_for_the_run_it_fits():
    assert unlike({**WALK, **SAME}, RUN) == ()
    belief = belief_of(RUN, {"sharpe": 1.0}, lambda manifest: (3, 0.01), [{**WALK, **SAME}])
    assert next(check.words for check in belief.checks if check.name == "out of sample").startswith("Sharpe 0.80 over 9 windows")


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"code_hash": "d"}, "code"),
        ({"symbols": ["QQQ"]}, "symbols"),
        ({"from": "2013-01-02"}, "span"),
        ({"costs": {"fees": 0.2}}, "costs"),
        ({"synthetic": True}, "data"),
        ({"datasets": [{"hash": "x"}]}, "data"),
        ({"parameters": {"hold": [3, 10]}}, "parameters"),
        ({"fixed": {"stop": 0.1}}, "parameters"),
    ],
)
def test_a_walk_forward_of_something_else_does_not(change, word):
    assert unlike({**WALK, **SAME, **change}, RUN) == (word,)
    belief = belief_of(RUN, {"sharpe": 1.0}, lambda manifest: (3, 0.01), [{**WALK, **SAME, **change}])
    assert f"no walk-forward fits this run (the stored ones differ in {word})" in next(c.words for c in belief.checks if c.name == "out of sample")


def test_the_answer_is_renewed_beside_the_runs_and_listed(tmp_path):
    place = store.save(tmp_path, make_record(synthetic=False))
    before = shelf.listing(tmp_path).entries[0].belief
    manifest = json.loads((place / "run.json").read_text())
    same = ("code_hash", "symbols", "from", "to", "clock", "step", "decide_at", "costs", "account", "synthetic", "datasets")
    walk = {**WALK, **{name: manifest.get(name) for name in same}, "parameters": {}, "fixed": manifest["parameters"]}
    (place.parent / "walkforward-x").mkdir()
    (place.parent / "walkforward-x" / "walkforward.json").write_text(json.dumps(walk))
    renew(tmp_path, manifest["strategy"])
    now = shelf.listing(tmp_path).entries[0].belief
    state = [{c["name"]: c["state"] for c in told["checks"]}["out of sample"] for told in (before, now)]
    assert state[0] == "unknown"
    assert state[1] != "unknown"


def test_a_run_that_was_never_measured_is_not_believed():
    assert belief_of({}, {}, lambda manifest: (0, float("nan")), []).answer != "yes"


def test_holding_what_never_moved_has_no_sharpe_ratio():
    held = {"name": "VIX", "sharpe": None, "total_return": 0.0, "max_drawdown": None}
    kept = {name: value for name, value in held.items() if name in {f.name for f in fields(Holding)}}
    belief = belief_of({**RUN, "evidence": {"holding": kept}}, {"sharpe": 0.1}, lambda manifest: (1, float("nan")), [])
    assert belief.answer != "yes"
