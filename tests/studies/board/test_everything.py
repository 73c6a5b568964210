"""The board over everything: flow of every name, coins, rhythm, conflicts, documents of the day, changes, alerts."""

import json
import math
import re
import sys

import numpy as np
import pandas as pd
import pytest
from tests.tinydata import FIELDS, bars, store

from flowbt.data.catalog import Catalog
from flowbt.data.demo.build import ensure_demo
from flowbt.features.checklist import CHECKLIST
from flowbt.features.ranges import range_strength
from flowbt.ground.clock import Clock
from flowbt.ground.errors import DatasetError, ParameterError
from flowbt.studies.board.board import board
from flowbt.studies.board.conflicts import said
from flowbt.studies.board.rhythm import overdue
from flowbt.studies.board.values import Alert, BoardChange, alert_name, board_names, changes, fired, read_alerts, send, sound, standing, values_of

LABELS = Clock().labels("2023-06-01", "2024-12-31")
SIDES = ("calls_bought", "calls_sold", "puts_bought", "puts_sold", "premium_unknown")
ASOF = pd.Timestamp("2024-10-09")


def flow_rows(symbol, cb, cs, pb, ps, unknown=0.0):
    values = dict(zip(SIDES, (cb, cs, pb, ps, unknown), strict=True))
    return pd.DataFrame({"event_time": LABELS, "symbol": symbol, **{name: float(value) for name, value in values.items()}})


@pytest.fixture
def root(tmp_path):
    store(tmp_path, "prices", pd.concat([bars("SPX", LABELS, 4000.0), bars("HYG", LABELS, 80.0)]), fields=FIELDS)
    flows = pd.concat([flow_rows("XOM", 9, 1, 1, 3), flow_rows("AAPL", 50, 60, 10, 5, 5), flow_rows("ZZZ", 1, 1, 1, 1)])
    store(tmp_path, "flows", flows, publication={"rule": "session", "at": "18:00"}, fields={name: {"units": "$"} for name in SIDES})
    dark = pd.DataFrame({"event_time": LABELS, "symbol": "AAPL", "dark_pool_net": -2.0, "dark_pool_volume": 20.0})
    store(tmp_path, "dark", dark, publication={"rule": "session", "at": "18:00"}, fields={"dark_pool_net": {}, "dark_pool_volume": {}})
    (tmp_path / "sectors.toml").write_text('"Energy" = ["XOM"]\n"Tech" = ["AAPL"]\n')
    return tmp_path


def test_flow_is_that_of_every_name(root):
    flow = board(Catalog((root,)), ASOF).flow
    assert [one.symbol for one in flow.names] == ["AAPL", "XOM", "ZZZ"]
    assert (flow.premium, flow.net, flow.dark_net, flow.dark_volume) == (148.0, -15.0 + 10.0 + 0.0, -2.0, 20.0)
    assert [(row.sector, row.net, round(row.share, 4)) for row in flow.sectors] == [
        ("Tech", -15.0, round(130 / 148, 4)), ("Energy", 10.0, round(14 / 148, 4)), ("no sector", 0.0, round(4 / 148, 4))
    ]  # fmt: skip
    apple = flow.names[0]
    assert (apple.naive, apple.flip, apple.confidence, apple.days, apple.dark_days) == (110 / 15, True, "high", -130.0, -130.0)
    assert (flow.flips, [one.symbol for one in flow.campaigns]) == (pytest.approx(1 / 3), ["AAPL", "XOM"])


def test_a_market_without_flow_says_so(tmp_path):
    store(tmp_path, "prices", bars("SPX", LABELS, 4000.0), fields=FIELDS)
    one = board(Catalog((tmp_path,)), ASOF)
    assert one.flow is None
    assert "flow of the market" in {gap.name for gap in one.gaps}


def test_the_demo_has_flow_and_coins(tmp_path_factory):
    one = board(Catalog((ensure_demo(tmp_path_factory.mktemp("demo")),)))
    assert len(one.flow.names) > 40
    found = {reading.name: reading.value for reading in one.coins if reading.section == "BTC"}
    assert {"funding", "open interest", "longs liquidated", "depth within 1%", "monthly expiry"} <= set(found)
    assert all(reading.known_at is None or reading.known_at < one.decision_time for reading in one.coins)


def test_a_range_is_of_one_window_everywhere(root):
    one = board(Catalog((root,)), ASOF, ("SPX", "HYG"))
    (row,) = [row for row in one.zones if row.symbol == "HYG"]
    (check,) = [item for item in one.checklist if item.name.startswith("HYG")]
    assert check.value == row.range_strength
    assert range_strength.__wrapped__.__kwdefaults__["window"] == 10
    assert any("HYG" in item.name for item in CHECKLIST)


@pytest.mark.parametrize(
    ("frequency", "publication", "event", "due"),
    [
        ("month", {"rule": "month", "business_day": 1, "at": "10:00"}, "2024-08-01", "2024-09-01"),
        ("month", {"rule": "month", "business_day": 1, "at": "10:00"}, "2024-09-01", None),
        ("session", {"rule": "session", "days": 1, "at": "16:15"}, "2024-10-04", "2024-10-07"),
        ("session", {"rule": "session", "days": 1, "at": "16:15"}, "2024-10-07", None),
        ("week", {"rule": "weekday", "weekday": 4, "at": "15:30"}, "2024-09-24", "2024-10-01"),
        ("irregular", {"rule": "after", "delay": "0h"}, "2024-01-01", None),
    ],
)
def test_what_should_have_been_published_by_now(tmp_path, frequency, publication, event, due):
    table = pd.DataFrame({"event_time": pd.DatetimeIndex([event]), "symbol": "X", "value": 1.0})
    store(tmp_path, "x", table, frequency=frequency, publication=publication, fields={"value": {"max_age": "90D"}})
    found = overdue(Catalog((tmp_path,)).imported["x"], pd.Timestamp(event), ASOF + pd.Timedelta(hours=22))
    assert found == (None if due is None else pd.Timestamp(due))


def test_a_late_month_is_marked(root):
    ism = pd.DataFrame({"event_time": pd.date_range("2023-06-01", "2024-06-01", freq="MS"), "symbol": "ISM_PMI", "value": 51.0})
    store(root, "ism", ism, frequency="month", publication={"rule": "month", "at": "10:00"}, fields={"value": {"max_age": "400D"}})
    (line,) = [one for one in board(Catalog((root,)), ASOF).readings if one.name == "ISM manufacturing"]
    assert line.late == ("value of ISM_PMI is of 2024-06-01, 2024-09-01 was due",)


def test_sources_that_contradict_each_other_are_named(root):
    for name, value, priority in (("one", 4.0, 1), ("two", 4.5, 2), ("three", 4.01, 3)):
        rates = pd.DataFrame({"event_time": LABELS, "symbol": "DGS10", "value": value})
        store(root, name, rates, priority=priority, publication={"rule": "session", "at": "18:00"}, fields={"value": {}})
    (found,) = [one for one in board(Catalog((root,)), ASOF).conflicts if one.what == "value of DGS10"]
    assert (found.first, found.second, found.second_value, found.words, found.event) == ("one", "two", 4.5, "11.1% apart", "2024-10-09")


def test_signs_of_the_same_thing_by_other_rules(root):
    for name, gex in (("squeezemetrics", 2.7e9), ("chains-gamma", -1e9)):
        table = pd.DataFrame({"event_time": LABELS, "symbol": "SPX", "gex": gex})
        store(root, name, table, splice="never", publication={"rule": "session", "at": "18:00"}, fields={"gex": {}})
    found = [one.words for one in board(Catalog((root,)), ASOF).conflicts if one.what.startswith("dealer gamma")]
    assert found == ["of opposite sign"]


def test_what_a_document_says_of_the_day_stands_beside(root):
    row = '[[said]]\ndocument = "note"\non = "2024-10-09"\nwhat = "{}"\nsaid = {}\n'
    (root / "said.toml").write_text(row.format("SPX close", 4341) + row.format("gamma sign", -1) + row.format("SPX close", 9).replace("10-09", "10-10"))
    catalog = Catalog((root,))
    found = said(catalog, ASOF, values_of(board(catalog, ASOF)))
    assert [(one.what, one.agrees) for one in found] == [("SPX close", True), ("gamma sign", False)]
    assert math.isnan(found[1].here)
    (root / "said.toml").write_text('[[said]]\non = "2024-10-09"\n')
    with pytest.raises(DatasetError, match=r"said 1: document: Field required; each .*said.* has document"):
        said(catalog, ASOF, {})


def test_changes_turned_signs_first():
    found = changes({"a": 1.0, "b": -1.0, "c": 5.0, "d": 2.0, "e": 1.001}, {"a": 2.0, "b": 1.0, "gone": 1.0, "d": 2.0, "e": 1.0})
    assert [one.name for one in found] == ["b", "c", "gone", "a"]
    assert (found[0].turned, found[3]) == (True, BoardChange("a", 2.0, 1.0))


ALERT = '[[alert]]\nname = "calm"\nwhen = "vix < 18 and was_vix >= 18"\ncool_down = 3\nto = ["terminal", "file", "command"]\ncommand = {}\n'


def test_an_alert_fires_once_in_its_cool_down(tmp_path):
    out = tmp_path / "out.txt"
    command = [sys.executable, "-c", f"import sys; open({str(out)!r}, 'a').write(sys.stdin.read())"]
    (tmp_path / "alerts.toml").write_text(ALERT.format(json.dumps(command)))
    rules, _ = read_alerts(tmp_path / "alerts.toml")
    when = [day for day in LABELS[:6] if (found := fired(rules, {"VIX": 17.0}, {"VIX": 19.0}, day, tmp_path)) and send(found, tmp_path) == []]
    assert when == [LABELS[0], LABELS[3]]
    assert (tmp_path / "alerts.log").read_text() == out.read_text()
    assert out.read_text().startswith(f"{LABELS[0]:%Y-%m-%d}  calm: vix < 18 and was_vix >= 18 (vix 17, was_vix 19)")
    assert fired(rules, {"VIX": math.nan}, {"VIX": 19.0}, LABELS[5], tmp_path) == []
    shown = [standing(rules, {"VIX": vix}, {"VIX": 19.0}, LABELS[day], tmp_path) for vix, day in ((17.0, 3), (19.0, 3), (17.0, 4))]
    assert [len(lines) for lines in shown] == [1, 0, 0]


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (("vix < 18 and was_vix >= 18", "__import__('os')"), "not allowed in it"),
        (("vix < 18", "vx < 18"), "no parameter 'vx'; did you mean vix"),
        (('when = "vix < 18 and was_vix >= 18"', "when = 5"), "alert 'calm': when: Input should be a valid string"),
        (('"command"]', '"mail"]'), "alert 'calm': to 3: Input should be 'terminal', 'file' or 'command'"),
        (('["terminal", "file", "command"]', '"file"'), "alert 'calm': to: Input should be a valid tuple"),
        (('command = ["true"]', ""), 'to has "command", and there is no command'),
        (('command = ["true"]', 'command = "true"'), "alert 'calm': command: Input should be a valid tuple"),
        (("cool_down = 3", "cool_down = -1"), "alert 'calm': cool_down: Input should be greater"),
        (("cool_down", "cooldown"), "cooldown: Extra inputs are not permitted; each .*alert.* has name, when"),
        (('name = "calm"', 'name = "other"'), "alert 'other': another has that name"),
    ],
)
def test_a_rule_that_is_none_is_one_line_and_stops_no_other(tmp_path, change, problem):
    other = '[[alert]]\nname = "other"\nwhen = "vix < 20"\n'
    (tmp_path / "alerts.toml").write_text(other + ALERT.format('["true"]').replace(*change))
    good, wrong = sound(*read_alerts(tmp_path / "alerts.toml"), {"VIX": 17.0}, {"VIX": 19.0})
    assert ([one.name for one in good], len(wrong)) == (["other"], 1)
    assert re.search(problem, wrong[0]), wrong


@pytest.mark.parametrize("text", ["[[alert]\n", '[[alerts]]\nname = "a"\nwhen = "vix < 20"\n', 'alert = "vix < 20"\n', "\xff"])
def test_a_file_without_rules_is_refused(tmp_path, text):
    (tmp_path / "alerts.toml").write_bytes(text.encode("latin-1"))
    with pytest.raises(ParameterError, match=r"each .*alert.* has name, when"):
        read_alerts(tmp_path / "alerts.toml")


def test_what_is_not_there_today_is_missing(tmp_path):
    rules = [Alert(name=name, when=when) for name, when in (("wrong", "vx < 18"), ("gone", "vvix > 80 and btc_funding > 0"), ("right", "vix < 18"))]
    good, wrong = sound(rules, [], {"VIX": 17.0}, {})
    assert ([one.name for one in good], len(wrong)) == (["gone", "right"], 1)
    assert "alert 'wrong'" in wrong[0]
    assert len(wrong[0]) < 600  # not every name of the board
    assert [one.name for one, _ in fired(good, {"VIX": 17.0}, {}, LABELS[0], tmp_path)] == ["right"]


def test_every_value_of_a_board_has_a_name_that_rules_may_use(root):
    found = {alert_name(name) for name in values_of(board(Catalog((root,)), ASOF))}
    assert {name for name in found - board_names() if not name.endswith(("_net_premium", "_dark_pool_net", "_share_of_premium"))} == set()


def test_a_command_that_fails_is_named(tmp_path):
    (tmp_path / "alerts.toml").write_text(ALERT.format('["/no/such/program"]'))
    found = fired(read_alerts(tmp_path / "alerts.toml")[0], {"VIX": 17.0}, {"VIX": 19.0}, LABELS[0], tmp_path)
    assert "cannot be run" in send(found, tmp_path)[0]


def test_what_a_command_says_is_nobodys(tmp_path):
    for says, problem in (("sys.stdout.buffer.write(bytes(range(256)) * 100)", []), ("sys.exit(3)", ["alert 'a': its command ended with 3"])):
        alert = Alert(name="a", when="vix < 18", to=("command",), command=(sys.executable, "-c", f"import sys; {says}"))
        assert send([(alert, "line")], tmp_path) == problem
    nul = Alert(name="a", when="vix < 18", to=("command",), command=("a\0b",))
    assert send([(nul, "line")], tmp_path) == ["alert 'a': its command cannot be run (embedded null byte)"]


def test_names_of_values_are_words():
    assert [alert_name(name) for name in ("VIX less realised (21)", "200-day", "SPX close")] == ["vix_less_realised_21", "v_200_day", "spx_close"]


def test_the_command_prints_and_writes_all_of_it(root, tmp_path, capsys):
    from tests.cli.calling import call

    (root / "said.toml").write_text('[[said]]\ndocument = "note"\non = "2024-10-09"\nwhat = "SPX close"\nsaid = 1\n')
    (tmp_path / "alerts.toml").write_text('[[alert]]\nname = "up"\nwhen = "spx_close > was_spx_close"\n')
    words = ["--datasets", root, "--results", tmp_path / "results", "--asof", "2024-10-09", "--since", "2024-10-01", "--html", tmp_path / "b.html"]
    code, out, _ = call(capsys, "board", *words, "--alerts", tmp_path / "alerts.toml")
    assert code == 0
    assert all(text in out for text in ("flow of 3 names", "note: SPX close", "changed most", "ALERT 2024-10-09  up"))
    page = (tmp_path / "b.html").read_text()
    assert all(text in page for text in ("Flow of 3 names", "What documents of the day say", "Changes since the last board"))
    found = json.loads(call(capsys, "board", *words, "--json")[1])
    assert (found["flow"]["premium"], found["said"][0]["agrees"], np.sign(len(found["changes"]))) == (148.0, False, 1)
