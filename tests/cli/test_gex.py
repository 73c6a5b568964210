"""`flowbt gex` on invented chain files."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from tests.features import chainfiles as files

from flowbt.cli.data.gex import command
from flowbt.ground.errors import SourceError


def test_prints_the_sign_assumption_and_the_levels(tmp_path: Path) -> None:
    shown = CliRunner().invoke(command, [str(files.quote_table(tmp_path / "spx.csv"))], catch_exceptions=False).output
    for words in ("dealers long calls, short puts", "gamma $ per 1%", "zero gamma", "nearest positive strike", "<- spot", "2 expired"):
        assert words in shown


def test_json_is_one_document(tmp_path: Path) -> None:
    document = json.loads(CliRunner().invoke(command, [str(files.quote_table(tmp_path / "spx.csv")), "--json"]).stdout)
    profile = document["profiles"][0]
    assert profile["gex"] == pytest.approx(sum(profile["by_strike"].values()))
    assert profile["units"] == "$ per 1% move"


def test_a_broken_file_is_named_and_the_others_go_on(tmp_path: Path) -> None:
    broken = tmp_path / "broken.csv"
    broken.write_text("a,b\n1,2\n", "utf-8")
    done = CliRunner().invoke(command, [str(broken), str(files.delayed_json(tmp_path / "a.json")), "--json"])
    assert done.exit_code == 0
    document = json.loads(done.stdout)
    assert len(document["profiles"]) == 1
    assert document["failed"][0].startswith("broken.csv: no column")
    with pytest.raises(SourceError, match="no column"):
        CliRunner().invoke(command, [str(broken)], catch_exceptions=False)


def test_snapshots_of_one_file_are_profiled_apart(tmp_path: Path) -> None:
    path = files.deribit_hourly(tmp_path / "btc.csv")
    path.write_text(path.read_text("utf-8").replace(",0.0\n", ",40.0\n"), "utf-8")
    document = json.loads(CliRunner().invoke(command, [str(path), "--spot", "90000", "--multiplier", "1", "--json"]).stdout)
    assert [one["as_of"] for one in document["profiles"]] == ["2026-01-23T01:00Z", "2026-01-23T02:00Z"]


def test_the_surface_and_its_arbitrage_are_said(tmp_path: Path) -> None:
    from tests.options.test_parity_gamma import invented

    path = str(invented(tmp_path / "spx.csv"))
    assert "surface: 2 expiries off by 0." in CliRunner().invoke(command, [path], catch_exceptions=False).output
    surface = json.loads(CliRunner().invoke(command, [path, "--json"]).stdout)["profiles"][0]["surface"]
    assert surface["expiries"] == 2
    assert 10 < surface["at_the_money_30d"] < 16
    thin = CliRunner().invoke(command, [str(files.quote_table(tmp_path / "thin.csv"))], catch_exceptions=False).output
    assert "surface: none, no expiry has enough strikes" in thin
