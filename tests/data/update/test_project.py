"""From an empty project: setup, run, today, board, daily twice, a provider that is down."""

import json
import re

import pytest
from tests.cli.calling import call
from tests.data.update.conftest import TODAY

from flowbt.studies.ingest import update as updating

STRATEGY = '''"""Calm: buys VIX when dark pools buy.

Source: none
"""

from flowbt import Signals

SYMBOLS = ("VIX",)


def signals(panel, *, level=0.4, hold=3):
    return Signals(long=(panel["dix", "SPX"] > level) & (panel["close"].pct_change() >= 0.0), hold=hold)
'''


@pytest.fixture
def project(made, tmp_path, monkeypatch):
    """The project of a first setup on TODAY's evening; the clock of downloads stands there."""
    (tmp_path / "flowbt.toml").write_text("")
    (tmp_path / "strategies").mkdir()
    (tmp_path / "strategies" / "calm.py").write_text(STRATEGY)
    (tmp_path / "claims").mkdir()
    monkeypatch.chdir(tmp_path)
    record = json.loads((tmp_path / "datasets" / updating.RECORD).read_text())
    assert record["time"] == f"{TODAY:%Y-%m-%dT%H:%M:%SZ}"
    return tmp_path


def test_from_setup_to_a_day_that_is_done(project, capsys):
    code, out, _ = call(capsys, "run", "strategies/calm.py", "--real", "--json")
    assert (code, json.loads(out)["synthetic"]) == (0, False)
    code, out, _ = call(capsys, "today", "--real", "--json")
    (said,) = json.loads(out)["strategies"]
    assert (code, said["label"][:10], said["belief"]["same_code"]) == (0, "2026-11-18", True)
    code, out, _ = call(capsys, "board", "--real", "--symbols", "VIX", "--json")
    assert (code, json.loads(out)["session"]) == (0, "2026-11-18")
    code, out, _ = call(capsys, "daily", "--real", "--no-update", "--claims", "none", "--site", "site")
    assert (code, bool(re.search(r"2026-11-18: .*1 strategies decided, 2 entered, 0 settled", out))) == (0, True)
    assert (project / "site" / "desk" / "2026-11-18" / "today.html").is_file()
    code, out, _ = call(capsys, "daily", "--real", "--no-update", "--claims", "none", "--site", "site")
    assert (code, out.strip()) == (0, "2026-11-18: done before, nothing to do")
