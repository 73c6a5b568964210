import json
import math
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner

from flowbt.cli.data.features import command
from flowbt.cli.show.chart import chart
from flowbt.ground.errors import CheckFailed, ParameterError
from flowbt.studies.features.docs import entries, entry, features_page

PAGE = Path(__file__).parents[2] / "docs" / "features.md"


@pytest.fixture(scope="module")
def datasets(tmp_path_factory):
    return tmp_path_factory.mktemp("datasets")  # nothing imported: the demo market is built in it


def run(*words):
    return CliRunner().invoke(command, list(map(str, words)), catch_exceptions=False)


def test_the_committed_page_is_current():
    assert PAGE.read_text(encoding="utf-8") == features_page(), "run `flowbt features docs --to docs/features.md`"


def test_every_feature_has_a_section_with_its_call():
    page = features_page()
    for name, one in entries().items():
        assert f"### {name}\n" in page
        assert one.call in page


def test_the_parts_of_a_named_tuple_are_listed():
    assert entry("milestone").parts == ("distance", "near", "near_below", "first_above", "held")


def test_a_feature_that_does_not_exist_names_the_nearest():
    with pytest.raises(ParameterError, match="win_streak"):
        entry("win_strek")


def test_a_page_that_is_not_current_is_said_so(tmp_path):
    with pytest.raises(CheckFailed, match="not current"):
        run("docs", "--check", "--to", tmp_path / "features.md")
    assert run("docs", "--to", tmp_path / "features.md").exit_code == 0
    assert run("docs", "--check", "--to", tmp_path / "features.md").exit_code == 0


def test_ls_says_what_the_catalog_can_feed(datasets):
    answer = json.loads(run("ls", "--json", "--family", "streaks", "--datasets", datasets).output)
    assert answer["synthetic"]
    assert {one["name"]: one["available"] for one in answer["features"]} == {"win_streak": "yes", "milestone": "yes"}


def test_show_charts_a_feature_and_names_its_span(datasets):
    text = run("show", "win_streak", "--symbols", "SPX", "--datasets", datasets).output
    assert "Sessions in a row" in text
    assert "SYNTHETIC" in text
    assert "█" in text


def test_compute_writes_one_column_per_part(datasets, tmp_path):
    out = tmp_path / "out.parquet"
    run("compute", "win_streak", "bollinger", "--symbols", "SPX,QQQ", "--to", out, "-p", "win_streak.kind=down", "--from", "2020-01-01", "--datasets", datasets)
    table = pd.read_parquet(out)
    assert list(table.columns) == ["label", "symbol", "win_streak", "bollinger.low", "bollinger.mid", "bollinger.high", "bollinger.position"]
    assert table["label"].min() >= pd.Timestamp("2020-01-01")
    assert set(table["symbol"]) == {"SPX", "QQQ"}


def test_a_parameter_must_say_its_feature_when_there_are_two(datasets, tmp_path):
    with pytest.raises(ParameterError, match=r"win_streak\.kind=down"):
        run("compute", "win_streak", "bollinger", "--to", tmp_path / "x.csv", "-p", "kind=down", "--datasets", datasets)


def test_the_chart_spans_its_values():
    lines = chart([0.0, math.nan, 10.0], width=3, height=2)
    assert [line[-3:] for line in lines] == ["  █", "▁ █"]
    assert lines[0].startswith("10")
    assert chart([math.nan]) == ["(nothing known)"]
