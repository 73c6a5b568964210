"""What a stored run may be believed is worked out from what lies beside it now."""

import html
import json
from itertools import zip_longest

import numpy as np
import pytest
from tests.cli.calling import call
from tests.results.records import make_record

from flowbt.ground.documents import sealed
from flowbt.results import ledger, shelf, store
from flowbt.results.belief import belief_of, renew, trials_under, unlike
from flowbt.results.pages import compare as compare_page
from flowbt.results.pages import site
from flowbt.studies.compare.compare import compare

WALK = {
    "modes": {"rolling": {"windows": 9, "measures": {"sharpe": 0.8, "bars": 2000, "trades": 90}}},
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


def test_of_several_walk_forwards_the_middle_one_counts():
    """Windows tried until one looked well: the newest alone was heard."""
    walks = [{**WALK, **SAME, "modes": {"rolling": {"windows": 9, "measures": {"sharpe": one, "bars": 2000, "trades": 90}}}} for one in (0.9, -0.2, 0.1, None)]
    said = [next(c for c in belief_of(RUN, {"sharpe": 1.0}, lambda _: (3, 0.01), walks[:n]).checks if c.name == "out of sample") for n in (1, 2, 3, 4)]
    assert [check.state for check in said] == ["holds", "fails", "doubt", "fails"]
    assert "the middle one of 3 walk-forwards" in said[2].words


@pytest.mark.parametrize(("choices", "state"), [(1, "doubt"), (39, "doubt"), (40, "holds"), (None, "holds")])
def test_a_walk_forward_over_what_was_chosen_already_is_in_sample(choices, state):
    walk = {**WALK, **SAME, "trials": choices}
    (found,) = (c for c in belief_of(RUN, {"sharpe": 1.0}, lambda _: (200, 0.01), [walk]).checks if c.name == "out of sample")
    assert found.state == state
    assert (f"chose among {choices} of the 200 trials" in found.words) == (state == "doubt")


def test_trials_outlive_their_ledger(tmp_path):
    """With the ledger removed the best of a search was the only trial ever run; what its sweep was told still stands beside it."""
    folder = tmp_path / "results" / "one" / "sweep-a"
    folder.mkdir(parents=True)
    (folder / "luck.json").write_text(sealed({"ledger": {"trials": 500}, "sharpe_variance": 0.01}))
    (folder / "sweep.json").write_text(sealed({"synthetic": False}))
    count = trials_under(tmp_path / "results")
    assert count({"strategy": "one"}) == (500, 0.01)
    assert count({"strategy": "one", "synthetic": True})[0] == count({"strategy": "two"})[0] == 0


def stored_search(root, name, trials, told, entered):
    """A stored sweep, and its trials in the ledger or not."""
    folder = root / "one" / name
    folder.mkdir(parents=True)
    (folder / "luck.json").write_text(sealed({"ledger": {"trials": told}, "sharpe_variance": 0.01}))
    (folder / "sweep.json").write_text(sealed({"synthetic": False, "trials": trials}))
    if entered:
        keys = np.arange(trials, dtype=np.uint64) + np.uint64(ord(name[-1]) << 20)
        ledger.add(ledger.folder_of(root, {"strategy": "one"}), f"{name}-000000", keys, np.linspace(-0.1, 0.1, trials))


def test_with_a_part_of_the_ledger_gone_what_was_told_then_counts_beside_what_is_left(tmp_path):
    """A search after the ledger was removed counted itself alone, or the larger of the two."""
    root = tmp_path / "results"
    stored_search(root, "sweep-a", 300, 350, entered=False)
    stored_search(root, "sweep-b", 200, 550, entered=False)
    assert trials_under(root)({"strategy": "one"})[0] == 550
    stored_search(root, "sweep-c", 100, 100, entered=True)
    assert trials_under(root)({"strategy": "one"})[0] == 650
    stored_search(root, "sweep-d", 100, 200, entered=True)
    assert trials_under(root)({"strategy": "one"})[0] == 750


def test_stored_runs_are_trials_whatever_became_of_the_ledger(tmp_path):
    root = tmp_path / "results"
    for decision in (1, 2, 2):
        store.save(root, make_record(synthetic=False, decision=f"{decision:016x}", seed=decision))
    manifest = make_record(synthetic=False, decision=f"{3:016x}").manifest
    assert trials_under(root)(manifest)[0] == 2
    ledger.add_run(root, {**manifest, "decision": f"{1:016x}"}, 0.1)
    assert trials_under(root)(manifest)[0] == 2
    ledger.add_run(root, manifest, 0.1)
    assert trials_under(root)(manifest)[0] == 3


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
    belief = belief_of({**RUN, "evidence": {"holding": held}}, {"sharpe": 0.1}, lambda manifest: (1, float("nan")), [])
    assert belief.answer != "yes"


def runs(tmp_path, **changes):
    place = store.save(tmp_path, make_record(synthetic=False, **changes))
    return place, json.loads((place / "run.json").read_text())


def told(root):
    return shelf.listing(root).entries[0].belief


def test_another_walk_forward_of_the_same_code_gives_no_tile(tmp_path):
    """A synthetic walk-forward of 0.80 on other parameters, symbols, costs and span once said "holds up" on a real run."""
    place, manifest = runs(tmp_path)
    walk = {**WALK, "code_hash": manifest["code_hash"], "synthetic": True, "symbols": ["QQQ"], "costs": {"fees": 0.0}, "from": "2000-01-03"}
    (place.parent / "walkforward-x").mkdir()
    (place.parent / "walkforward-x" / "walkforward.json").write_text(json.dumps(walk))
    renew(tmp_path, manifest["strategy"])
    words = next(check["words"] for check in told(tmp_path)["checks"] if check["name"] == "out of sample")
    assert "no walk-forward fits this run" in words
    assert "0.80" not in words


def test_a_later_search_moves_the_answer_of_a_stored_run(tmp_path):
    """Verdicts once froze when they were stored: a run of Sharpe 0.53 showed 92%, a better one 53%."""
    _, manifest = runs(tmp_path, evidence={"probed": True, "rotations": 199, "rotation_p": 0.005})
    before = next(check["words"] for check in told(tmp_path)["checks"] if check["name"] == "luck")
    ledger.add(ledger.folder_of(tmp_path, manifest), "sweep", np.arange(5000, dtype=np.uint64), np.random.default_rng(1).normal(0, 0.2, 5000))
    renew(tmp_path, manifest["strategy"])
    after = next(check["words"] for check in told(tmp_path)["checks"] if check["name"] == "luck")
    assert "5,000 trials" not in before
    assert "5,000 trials" in after


HELD = {"name": "SPY", "total_return": 9.0, "sharpe": 3.0, "max_drawdown": -0.2}
KEPT = {"probed": True, "rotations": 199, "rotation_p": 0.005, "rotation_sharpe": 0.1}
STORED = {
    "a leak": {"look_ahead": "close.shift(-1)", "evidence": KEPT},
    "not probed": {"evidence": {**KEPT, "probed": False}},
    "a stand-in": {"stand_ins": [{"asked": "dark_pool_net", "used": "dix of SPX"}], "evidence": KEPT},
    "latest vintage": {"stand_ins": [], "evidence": {**KEPT, "caveats": ["latest vintage of DGS10"]}},
    "no better than chance": {"stand_ins": [], "evidence": {**KEPT, "rotation_p": 0.5}},
    "average exposure": {"stand_ins": [], "evidence": {**KEPT, "held_p": 0.4}},
    "no rotations": {"stand_ins": [], "evidence": {"probed": True}},
    "under its benchmark": {"stand_ins": [], "evidence": {**KEPT, "holding": HELD}},
}


@pytest.mark.parametrize("situation", STORED)
def test_terminal_list_page_and_comparison_say_the_same_sentence(situation, tmp_path, capsys):
    """98% stood in the browser and 36% in the gallery under one label."""
    place, manifest = runs(tmp_path, **STORED[situation])
    sentence = told(tmp_path)["sentence"]
    shown = html.escape(sentence).replace("&#x27;", "&#39;")
    beside = compare(tmp_path, [manifest["id"], manifest["id"]])
    assert [run["belief"]["sentence"] for run in beside.runs] == [sentence, sentence]
    assert shown in compare_page.write(tmp_path, beside.to_dict()).read_text()
    listed = json.loads(site.index_page(tmp_path).split('id="page-data">')[1].split("</script>")[0])["runs"]
    (words, *_), (figures, *_) = listed["words"], listed["figures"]
    assert sentence == "".join(map("".join, zip_longest(words, figures.split(), fillvalue="")))
    assert shown in (place / "tearsheet.html").read_text()
    assert sentence in call(capsys, "results", "show", manifest["id"], "--results", tmp_path)[1].splitlines()
    assert sentence in call(capsys, "results", "ls", "--results", tmp_path)[1]


def test_one_rotation_is_no_test_and_a_leak_is_never_green():
    """The placebo tile was one rotation; a `shift(-1)` strategy had "100% unlikely to be luck" in green."""
    leaking = belief_of(
        {**RUN, "look_ahead": "shift(-1)", "evidence": {"probed": True, "rotations": 199, "rotation_p": 0.005}}, {"sharpe": 9.0}, none_tried, []
    )
    assert leaking.sentence.startswith("No: it uses the future (shift(-1))")
    assert leaking.tone == "bad"
    alone = belief_of({**RUN, "evidence": {"probed": True}}, {"sharpe": 1.0, "trades": 90}, none_tried, [])
    assert next(check.state for check in alone.checks if check.name == "luck") == "unknown"


def test_a_long_biased_run_under_its_benchmark_is_told_so():
    """Nothing was compared with holding: under its benchmark all was green."""
    held = {"name": "SPY", "total_return": 2.0, "sharpe": 0.9, "max_drawdown": -0.2}
    manifest = {**RUN, "evidence": {"probed": True, "rotations": 199, "rotation_p": 0.005, "held_p": 0.01, "holding": held}}
    belief = belief_of(manifest, {"sharpe": 0.6, "total_return": 1.0, "trades": 90, "bars": 3000, "skew": 0.0, "kurtosis": 3.0}, none_tried, [])
    assert belief.sentence.startswith("No: holding SPY did better: Sharpe 0.60 and +100.0% against 0.90 and +200.0% for holding SPY")


def none_tried(manifest):
    return 1, float("nan")
