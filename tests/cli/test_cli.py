"""The command line from outside: exit codes, one line per expected error, JSON and nothing else, nothing half-written."""

import json
import re
import subprocess
import sys
from pathlib import Path

import click
import pytest
from tests.cli.calling import call

from flowbt import cli

ROOT = Path(__file__).parents[2]
LINE = "import sys; sys.path.insert(0, 'src'); from flowbt.cli import main; main()"


@pytest.mark.parametrize("name", cli.COMMANDS)
def test_every_command_has_help_with_an_example(name):
    command = cli.flowbt.get_command(click.Context(cli.flowbt), name)
    texts = [command, *getattr(command, "commands", {}).values()]
    assert all(one.help and one.epilog and "flowbt" in one.epilog for one in texts)


def test_the_list_of_commands_is_the_folder():
    modules = {f"flowbt.cli.{path.parent.name}.{path.stem}" for path in (ROOT / "src/flowbt/cli").glob("*/*.py")}
    assert set(cli.COMMANDS) == set(cli.MODULES)
    assert set(cli.MODULES.values()) <= modules


BAD = {
    "unknown command": (("runn",), 2, "did you mean run?"),
    "no such option": (("run", "strategies/exit_liquidity.py", "--cost", "x"), 2, "see flowbt run --help"),
    "no argument": (("run",), 2, "Missing argument 'PATH'"),
    "no such file": (("run", "strategies/exit_liquidty.py"), 1, "did you mean strategies/exit_liquidity.py?"),
    "a bare name": (("run", "exit_liquidity"), 1, "did you mean strategies/exit_liquidity.py?"),
    "unknown parameter": (("run", "strategies/exit_liquidity.py", "-p", "raly=0.1"), 2, "did you mean rally?"),
    "not a value": (("run", "strategies/exit_liquidity.py", "-p", "hold=abc"), 2, "its default is"),
    "no equals": (("run", "strategies/exit_liquidity.py", "-p", "hold"), 2, "not NAME=VALUE"),
    "unknown cost": (("run", "strategies/exit_liquidity.py", "--costs", "fee=0.1"), 2, "did you mean fees?"),
    "empty span": (("run", "strategies/exit_liquidity.py", "--from", "2040-01-01"), 1, "choose at least two bars inside it"),
    "not a date": (("run", "strategies/exit_liquidity.py", "--from", "soon"), 1, "write YYYY-MM-DD"),
    "bad decision time": (("run", "strategies/exit_liquidity.py", "--decide-at", "26:00"), 2, "not HH:MM"),
    "unknown benchmark": (("run", "strategies/exit_liquidity.py", "--benchmark", "SPYY"), 1, "did you mean SPY"),
    "nothing imported": (("run", "strategies/exit_liquidity.py", "--real"), 1, "none is imported"),
    "unknown run": (("results", "show", "nothing"), 1, "nothing"),
    "weekend": (("run", "strategies/exit_liquidity.py", "--from", "2020-06-06", "--to", "2020-06-07"), 1, "0 bar(s) of the"),
    "a keyword": (("new", "strategy", "class"), 2, "not a lower-case Python name"),
    "bad name": (("new", "strategy", "Bad-Name"), 2, "not a lower-case Python name"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_one_clear_line(case, capsys, demo, tmp_path, monkeypatch):
    words, code, message = BAD[case]
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("FLOWBT_DATASETS", str(demo))
    monkeypatch.setenv("FLOWBT_RESULTS", str(tmp_path / "results"))
    found, out, err = call(capsys, *words)
    assert (found, out) == (code, "")
    assert message in err
    assert len(err.strip().splitlines()) == 1
    assert not list((tmp_path / "results").glob("*/*"))


def test_a_run_prints_its_summary_and_stores_a_tearsheet(capsys, demo, tmp_path, monkeypatch):
    monkeypatch.chdir(ROOT)
    code, out, _ = call(capsys, "run", "strategies/exit_liquidity.py", "--datasets", demo, "--results", tmp_path)
    assert code == 0
    assert "SYNTHETIC" in out
    assert "Sharpe" in out
    assert len(list(tmp_path.glob("exit_liquidity/*/tearsheet.html"))) == 1


def test_json_is_one_document_and_the_same_run_the_same_key(capsys, demo, tmp_path, monkeypatch):
    monkeypatch.chdir(ROOT)
    words = ("run", "strategies/placebo_coin.py", "--datasets", demo, "--results", tmp_path, "--json")
    first, second = (json.loads(call(capsys, *words)[1]) for _ in range(2))
    assert first["id"] == second["id"]
    assert first["measures"] == second["measures"]
    assert first["synthetic"] is True


def test_a_read_only_results_folder_is_one_line(capsys, demo, tmp_path, monkeypatch):
    monkeypatch.chdir(ROOT)
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")  # stands for a folder that cannot be written: root may write into read-only ones
    code, _, err = call(capsys, "run", "strategies/placebo_coin.py", "--datasets", demo, "--results", blocked / "results")
    assert code == 1
    assert len(err.strip().splitlines()) == 1


def test_new_strategy_runs_and_is_not_overwritten(capsys, demo, tmp_path):
    assert call(capsys, "new", "strategy", "my_idea", "--dir", tmp_path)[0] == 0
    assert call(capsys, "run", tmp_path / "my_idea.py", "--datasets", demo, "--no-store")[0] == 0
    code, _, err = call(capsys, "new", "strategy", "my_idea", "--dir", tmp_path)
    assert code == 2
    assert "there already" in err


def test_completion_names_the_commands(capsys):
    code, out, _ = call(capsys, "completion", "bash")
    assert code == 0
    assert "_FLOWBT_COMPLETE" in out


INTERRUPTED = '''"""A strategy during which somebody presses Ctrl-C: what Python raises then."""

SYMBOLS = ("SPY",)


def signals(panel):
    raise KeyboardInterrupt
'''


def test_interrupted_in_the_middle_leaves_nothing_and_exits_130(demo, tmp_path):
    (tmp_path / "stopped.py").write_text(INTERRUPTED)
    command = [sys.executable, "-c", LINE, "run", str(tmp_path / "stopped.py"), "--datasets", str(demo), "--results", str(tmp_path / "results")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 130, done.stderr
    assert "interrupted" in done.stderr
    assert not list((tmp_path / "results").glob("**/*"))


HEEDED = """
import signal
from flowbt.cli.ending import Ending

class Thing:
    def __del__(self):
        signal.raise_signal(signal.SIGINT)

Ending().heed()
try:
    {first}
except KeyboardInterrupt:
    signal.raise_signal(signal.SIGINT)
"""


@pytest.mark.parametrize("first", ["signal.raise_signal(signal.SIGINT)", "Thing(); signal.pause()"])
def test_a_second_interrupt_ends_it_at_once_and_one_that_was_lost_comes_again(first):
    done = subprocess.run([sys.executable, "-c", HEEDED.format(first=first)], cwd=ROOT, capture_output=True, text=True, check=False, timeout=100)
    assert done.returncode == 130, done.stderr
    assert re.fullmatch(r"flowbt: ended at once; nothing was half-written;.*\n", done.stderr)


def test_a_reader_that_goes_away_is_no_error(demo):
    command = f'{sys.executable} -c "{LINE}" features ls --datasets {demo} | head -1; exit ${{PIPESTATUS[0]}}'
    assert subprocess.run(["bash", "-c", command], cwd=ROOT, capture_output=True).returncode == 0
