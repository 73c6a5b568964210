"""`flowbt data` as it is typed."""

import json
import subprocess
import sys

import pytest
from click.testing import CliRunner

from flowbt.cli.data.data import command
from tinydata import stored, table_file

ONE = '[[dataset]]\nname = "bars"\nfiles = [{ path = "a.csv", options = { symbol = "A" } }]\n'


def run(*words):
    result = CliRunner().invoke(command, [str(word) for word in words])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def test_import_list_show_check_remove(tmp_path, declare, put, plan):
    root = declare().parent
    put("a.csv")
    assert "imported" in run("import", "--plan", plan(ONE), "--root", tmp_path / "raw", "--datasets", root).output
    assert json.loads(run("ls", "--datasets", root, "--json").output)["datasets"][0]["rows"] == 3
    assert "known at 18:00 New York" in run("show", "bars", "--datasets", root).output.replace("known      ", "")
    assert "3 rows as recorded, 0 findings" in run("check", "--datasets", root).output
    assert "current, versions, checked.json deleted" in run("rm", "bars", "--yes", "--datasets", root).output
    assert "declared, not imported" in run("ls", "--datasets", root).output


def test_a_refused_dataset_makes_exit_code_1_and_prints_one_table(tmp_path, declare, put, plan):
    root = declare().parent
    put("a.csv", "date,open,high,low,close,volume\n2024-01-02,10,12,9,0,5\n")
    result = run("import", "--plan", plan(ONE), "--root", tmp_path / "raw", "--datasets", root)
    assert result.exit_code == 1
    assert result.output.count("\n") == 3


def test_check_names_a_table_that_was_changed_behind_its_record(tmp_path, declare, put, plan):
    from flowbt.ground.errors import CheckFailed

    folder = declare()
    put("a.csv")
    run("import", "--plan", plan(ONE), "--root", tmp_path / "raw", "--datasets", folder.parent)
    import pandas as pd

    pd.read_parquet(table_file(folder)).assign(close=1.0).to_parquet(table_file(folder))
    with pytest.raises(CheckFailed, match=r"bytes where .* were stored|is not the file that was stored"):
        run("check", "bars", "--datasets", folder.parent)


def test_generic_import_with_a_mapping_on_the_command_line(tmp_path, put):
    path = put("flows.csv", "Date,ticker,Net\n2024-01-02,SPY,5\n2024-01-02,NA,-7\n")
    words = ["--name", "flows", "--time", "Date", "--symbol-column", "ticker", "--map", "dark_pool_net=Net", "--publication", "session 18:00"]
    run("import", "table", path, *words, "--datasets", tmp_path / "d")
    record = json.loads(run("show", "flows", "--datasets", tmp_path / "d", "--json").output)
    assert record["fields"] == {"dark_pool_net": {"NA": ["2024-01-02", "2024-01-02", 1], "SPY": ["2024-01-02", "2024-01-02", 1]}}


def test_wide_import_with_a_mapping_file(tmp_path, put):
    path, mapping = put("w.csv", "Date,AA,BB\n2024-01-02,1,2\n"), put("m.toml", 'time = "Date"\nwide = "member_close"\n')
    run("import", "table", path, "--name", "w", "--mapping", mapping, "--publication", "close", "--datasets", tmp_path / "d")
    assert json.loads(run("ls", "--json", "--datasets", tmp_path / "d").output)["datasets"][0]["symbols"] == 2


def test_a_plan_without_a_root_is_a_usage_error(plan):
    assert run("import", "--plan", plan(ONE)).exit_code == 2
    assert run("import").exit_code == 2


def test_an_expected_error_is_one_line_on_stderr(tmp_path):
    words = [
        sys.executable,
        "-c",
        "from flowbt.cli import main; main()",
        "data",
        "import",
        "yahoo",
        str(tmp_path / "none.csv"),
        "--publication",
        "close",
        "--symbol",
        "A",
    ]
    result = subprocess.run([*words, "--datasets", str(tmp_path)], capture_output=True, text=True, check=False)
    assert (result.returncode, result.stdout, result.stderr.count("\n")) == (1, "", 1)
    assert "no such file" in result.stderr


@pytest.mark.parametrize("name", sorted(command.commands))
def test_every_subcommand_has_help_and_an_example(name):
    text = run(name, "--help").output
    assert "Example" in text
    assert command.commands[name].help


def test_a_truncated_table_is_imported_again(tmp_path, declare, put, plan):
    folder = declare()
    put("a.csv")
    words = ("import", "--plan", plan(ONE), "--root", tmp_path / "raw", "--datasets", folder.parent)
    run(*words)
    whole = stored(folder)
    path = table_file(folder)
    path.write_bytes(path.read_bytes()[:100])
    run(*words)
    assert stored(folder).equals(whole)
