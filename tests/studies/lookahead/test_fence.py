"""What a decision is given: the protocol, rows of events by when they were known, and nothing that an earlier call left."""

import ast
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from tests.panels import TinyPanel
from tests.studies.lookahead.corpus import text_of

from flowbt.data.panel.views import Quiet, Shown, fenced
from flowbt.engine.fence import CLAIMS, check_source, guarded_builtins
from flowbt.engine.loader import again, load_strategy
from flowbt.ground.errors import FenceError, LoadError
from flowbt.studies.lookahead.parts import first_difference, parts_of

INDEX = pd.bdate_range("2024-01-01", periods=20)
CLOSE = pd.DataFrame({"SPY": np.arange(20.0) + 100}, index=INDEX)
DAYS = pd.DataFrame({"event_time": INDEX[[2, 10, 18]], "known_at": INDEX[[0, 4, 12]], "value": [1.0, 2.0, 3.0]})


@pytest.fixture
def panel():
    return TinyPanel({"close": CLOSE}, events={"CPI": DAYS})


@pytest.mark.parametrize("name", ["data", "bars", "catalog", "known_at", "stand_ins"])
def test_the_fence_gives_the_protocol_only(panel, name):
    with pytest.raises(FenceError, match=f"panel.{name}"):
        getattr(fenced(panel), name)
    with pytest.raises(FenceError):
        type(fenced(panel))()


def test_events_are_those_announced_and_their_values_those_that_happened(panel):
    early = Shown(Quiet(panel), 9).events("CPI")
    assert list(early["event_time"]) == list(INDEX[[2, 10]])
    assert early["value"].tolist()[0] == 1.0
    assert np.isnan(early["value"].tolist()[1])
    assert len(fenced(panel).events("CPI")) == 3


def test_a_panel_that_ends_shows_its_first_labels_and_another_future_the_same_ones(panel):
    ended, other = Shown(Quiet(panel), 9), Shown(Quiet(panel), 15, 9, lambda values, kept, _: np.r_[values[:kept], -values[kept:]])
    pd.testing.assert_frame_equal(ended["close"], CLOSE.iloc[:9], check_freq=False)
    pd.testing.assert_frame_equal(other["close"].iloc[:9], CLOSE.iloc[:9], check_freq=False)
    assert (other["close"].iloc[9:] < 0).all(axis=None)


def test_a_view_chooses_among_stand_ins_as_the_panel_under_it(panel):
    pd.testing.assert_frame_equal(Shown(Quiet(panel), 5).either("nope", "close"), CLOSE.iloc[:5], check_freq=False)


def test_a_strategy_made_anew_has_forgotten(tmp_path, panel):
    path = tmp_path / "s.py"
    path.write_text(text_of("memory", "SEEN.append(len(close))\nlong = base & (len(SEEN) > 1)", "SEEN = []\n", '("SPY",)'))
    strategy = load_strategy(path)
    assert not strategy.decide(panel, {}).long.any(axis=None)
    assert strategy.decide(panel, {}).long.any(axis=None)
    assert not again(strategy).decide(panel, {}).long.any(axis=None)


@pytest.mark.parametrize(
    "line",
    [
        "np.kept = close",
        "x = panel.has.__self__",
        "pd.io.common.os.getcwd()",
        "flowbt.panel('SPY')",
        "alias = np\nalias.kept = 1",
        "setattr(np, 'kept', 1)",
        "np.sctypeDict.update(kept=1)",
        "pd.set_option('display.float_format', lambda x: close)",
    ],
)
def test_names_that_lead_past_the_panel_are_refused_with_their_line(tmp_path, line):
    path = tmp_path / "s.py"
    path.write_text(text_of("names", f"{line}\nlong = base"))
    with pytest.raises(FenceError, match=r"line \d+ (stores into|reaches for)") as refused:
        load_strategy(path)
    assert refused.value.exit_code == 3


@pytest.mark.parametrize(
    "line",
    [
        "getattr(np, 'sctype' + 'Dict').update(kept=1)",
        "getattr(np, 'ran' + 'dom').seed(1)",
        *(f"held = [np.mean][0]\n{how}" for how in ("held.kept = 1", "held.__doc__ += 'x'", "x = held.kept = 1", "held.kept, x = 1, 2")),
        *(f"held = [np.mean][0]\n{how}" for how in ("for held.kept in (1, 2): pass", "held.kept: int = 1", "[0 for held.kept in (1,)]")),
        *(f"held = [np.mean][0]\n{how}" for how in ("(*held.kept, x) = 1, 2", "del held.__doc__")),
    ],
)
def test_what_only_shows_while_it_decides_is_refused_then(tmp_path, panel, line):
    path = tmp_path / "s.py"
    path.write_text(text_of("names", f"{line}\nlong = base"))
    with pytest.raises(FenceError, match=r"stores \.|reaches for"):
        load_strategy(path).decide(panel, {})
    assert not hasattr(np.mean, "kept")


@pytest.mark.parametrize(
    "line", ["held = [np][0]", "f(np)", "f(*np)", "(held := np)", "{'a': np.random}", "x = np if 1 else 2", "a = b, c = np, pd", "hold: object = pd", "np < np"]
)
def test_a_module_is_no_value(line):
    text = f"import numpy as np\nimport pandas as pd\nalias = np.random\nhasattr(np, 'nan'), alias.default_rng, np.mean, [pd.DataFrame]\n{line}"
    with pytest.raises(FenceError, match=r"line 5 hands on the module (np|pd|np.random): what one call keeps"):
        checked(text)


@pytest.mark.parametrize(("line", "kind"), [("import os", FenceError), ("import pandsa", LoadError), ("from flowbt.data.catalog import Catalog", FenceError)])
def test_what_is_imported_past_the_panel_is_a_leak_and_what_is_not_installed_is_none(tmp_path, line, kind):
    path = tmp_path / "s.py"
    path.write_text(text_of("names", "long = base", line))
    with pytest.raises(kind, match=r"line \d+ imports") as refused:
        load_strategy(path)
    assert refused.value.exit_code == (3 if kind is FenceError else 1)


@pytest.mark.parametrize(
    ("name", "left", "right"), [("stop", 0.05, None), ("stop", 0.05, 0.06), ("long", CLOSE > 100, CLOSE > 101), ("legs", ("a", 1), ("a", 2))]
)
def test_every_part_of_a_decision_is_compared(name, left, right):
    assert first_difference(parts_of({name: left}, 20), parts_of({name: left}, 20), 20) is None
    found = first_difference(parts_of({name: left}, 20), parts_of({name: right}, 20), 20)
    assert found is not None
    assert name in found.part


def test_rounding_noise_and_missing_signals_are_no_difference():
    noisy = CLOSE * (1 + 1e-12)
    assert first_difference(parts_of(CLOSE, 20), parts_of(noisy, 20), 20) is None
    flags = (CLOSE > 105).astype(object).where(CLOSE > 100)
    assert first_difference(parts_of(CLOSE > 105, 20), parts_of(flags, 20), 20) is None


def checked(text, *file):
    check_source(Path("s.py"), ast.parse(text), *file)


@pytest.mark.parametrize(
    "text",
    [
        "import numpy.linalg as la\nla.norm(1)",
        "import scipy.stats\nscipy.stats.norm",
        "import flowbt\nflowbt.Signals, flowbt.features.gamma_sign, flowbt.engine.gates.hard_block",
        "import flowbt.features.levels as levels\nlevels.anything",
        "from flowbt.engine.options.structures import long_call",
        "from flowbt import Signals, features",
        "from __future__ import annotations\n__doc__, __name__",
        '"""Its docstring may say obj._name."""',
        "exit = 1\nexit + 1",
        "kept = {}\nkept['a.b'] = 1\nbox = kept\nbox['c'] = 2",
        "import pandas as pd\npd.set_option('display.width', 3)\npd.options.display.width = 3",
        "class Held:\n    def keep(self):\n        self._x = 1\n        return self._x",
        "box.__own = 1",
        "point._replace(a=1)",
        "match x:\n    case Point(a=1): ...",
        "wraps(f)(g)\nsetattr(box, 'a', 1)",
    ],
)
def test_what_a_strategy_has_a_use_for_is_left_alone(text):
    checked(text)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("1\nvars()", r"line 2 calls vars\(\)"),
        ("__builtins__", "names __builtins__"),
        ("x = '{0._x}'", "has the text '{0._x}'"),
        ("match x:\n    case Point(a=1, _x=1): ...", r"reaches for \._x"),
        ("import numpy as np\nnp.x[0] = 1", "line 2 stores into np"),
        ("import numpy as np\nwraps(f)(np.mean)", "stores into np"),
        ("import numpy as np\nalias = np.fft\nalias.kept = 1", "stores into alias"),
        ("import pandas as pd\npd.set_option('display.x', f)", "stores into pd"),
        ("import pandas as pd\npd.optionless.x = f", "stores into pd"),
        ("class Held:\n    def keep(self):\n        return self.__dict__", r"reaches for \.__dict__"),
        ("box.__own", r"reaches for \.__own"),
        ("x.mro", r"reaches for \.mro"),
        ("x.read_table", r"calls read_table\(\)"),
        ("x.to_csv", r"calls to_csv\(\)"),
        ("import flowbt\nflowbt.data", r"reaches for flowbt\.data"),
        ("import flowbt\nflowbt.engine.loader", r"reaches for flowbt\.engine\.loader"),
        ("import flowbt.engine.loader", r"imports flowbt\.engine\.loader"),
        ("import numpy.ctypeslib", r"imports numpy\.ctypeslib"),
        ("from flowbt import Signals, run", "imports run of flowbt"),
        ("from numpy import *", r"imports \* of numpy"),
        ("import numpy as np\nnp.sctypeDict", r"reaches for np\.sctypeDict: what one call keeps"),
        ("from numpy import sctypeDict", "imports sctypeDict of numpy"),
        ("from . import x", r"imports \.; it may use"),
        ("from pathlib import Path", "imports pathlib"),
        ("pd.read_csv", "calls read_csv"),
        ("globals()", "calls globals"),
    ],
)
def test_each_way_past_the_panel_is_refused_by_its_name(text, found):
    with pytest.raises(FenceError, match=f"strategy s.py: .*{found}"):
        checked(text)


def test_a_claim_reads_its_documents_own_tables():
    checked("from pathlib import Path\nglobals()\npd.read_csv", CLAIMS)
    with pytest.raises(FenceError, match="line 1 calls open"):
        checked("open('x')", CLAIMS)
    assert "globals" in guarded_builtins(CLAIMS)
    assert not {"globals", "open"} & guarded_builtins().keys()
    assert {"__import__", "len"} <= guarded_builtins().keys()


def test_its_own_objects_hold_what_they_are_given_in_every_form(tmp_path, panel):
    stores = "box.a, box.b = 1, 2\nx = box.c = 3\nbox.c += 4\nfor box.d in (5, 6): pass\nbox.e: int = 7\ndel box.a"
    kept = "(box.b, box.c, box.d, box.e, hasattr(box, 'a')) == (2, 7, 6, 7, False)"
    path = tmp_path / "s.py"
    path.write_text(text_of("own", f"class Box:\n    kept = 1\nbox = Box()\n{stores}\nlong = base & ({kept})"))
    assert load_strategy(path).decide(panel, {}).long.any(axis=None)


def test_what_a_file_may_ask_of_objects_and_keep_in_them(capsys):
    own = guarded_builtins()
    box = SimpleNamespace(_a=1, b=2)
    assert (own["hasattr"](box, "b"), own["hasattr"](box, "_a"), own["hasattr"](box, "c")) == (True, False, False)
    assert (own["getattr"](box, "b"), own["getattr"](box, "c", 7), own["getattr"](np, "pi")) == (2, 7, np.pi)
    own["setattr"](box, "c", [1])
    own["setattr"](pd.options.display, "width", pd.options.display.width)
    for name, value in (("_d", 1), ("os", 1)):
        with pytest.raises(FenceError, match=f"stores .{name}"):
            own["setattr"](box, name, value)
    for held, name, value in ((np.add, "kept", 1), (np, "kept", 1), (ast.AST, "kept", 1), (pd.options.display, "width", [1])):
        with pytest.raises(FenceError, match=f"stores .{name}: what one call keeps"):
            own["setattr"](held, name, value)
    own["print"]("a", 1, sep="-")
    guarded_builtins(silent=True)["print"]("unheard")
    assert capsys.readouterr().err == "a-1\n"
