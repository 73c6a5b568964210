"""Tables and lines on terminals: nothing is cut, whatever the width; into a pipe everything, tab-separated; plain signs where a stream has no others."""

import codecs

import click
import pytest

from flowbt.cli.show.signs import plain_signs
from flowbt.cli.show.terminal import Column, Styled, length, show, table_lines, wrapped
from flowbt.ground.errors import printable

COLUMNS = (Column("run"), Column("Sharpe", right=True), Column("made", drop=2), Column("words", words=True, drop=1), Column("trades", right=True))
ROWS = [["short-gamma-amplifier", "−1.07", "2026-01-02 03:04", "holding SPY did better over all of the bars", "1,199"], ["b", "10.00", "", "", "7"]]


def lines_of(width):
    return table_lines(COLUMNS, [[Styled(cell, {}) for cell in row] for row in ROWS], width)


@pytest.mark.parametrize("width", [20, 30, 40, 60, 80, 100, 160])
def test_cells_are_whole_at_every_width(width):
    lines, left_out = lines_of(width)
    whole = [ROWS[0][0], "−1.07", "1,199", "10.00"]
    assert all(any(text in line for line in lines) for text in whole)
    assert max(map(length, lines)) <= max(width, 2 + len("short-gamma-amplifier") + 6)
    assert not any("…" in line for line in lines)
    assert len(lines) > 3 or "words" in left_out or width >= 100


def test_columns_that_are_left_out_are_named_the_least_first():
    assert lines_of(160)[1] == []
    assert lines_of(60)[1] == ["made"]
    assert lines_of(40)[1] == ["words", "made"]


def test_what_does_not_fit_stands_in_blocks_with_the_first_column_again():
    lines, _ = lines_of(30)
    assert sum("short-gamma-amplifier" in line for line in lines) == 2
    assert lines[0].split() == ["run", "Sharpe"]
    assert any(line.split() == ["run", "trades"] for line in lines)


def test_a_pipe_gets_every_column_between_tabs(capsys):
    show(COLUMNS, ROWS)
    found = [line.split("\t") for line in capsys.readouterr().out.splitlines()]
    assert found == [[one.name for one in COLUMNS], *ROWS]


def test_words_are_broken_between_words_only():
    path = "/a/path/that/is/longer/than/the/line/is/wide.html"
    assert wrapped(f"  Page: {path} and more", 30, "  ") == ["  Page:", f"    {path}", "    and more"]
    assert wrapped("short", 30) == ["short"]


def test_what_would_drive_the_terminal_is_shown():
    assert printable("\x1b[31mred\n") == "\\x1b[31mred\\n"
    assert click.unstyle(printable("größe 中")) == "größe 中"
    assert length("中a\u0301") == 3


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "cp437"])
def test_no_sign_becomes_a_question_mark(encoding):
    codecs.register_error("flowbt-test", plain_signs)
    text = "−1.07 – 12 … ▁▂█ größe ŵ 中 “x” ≥ 3".encode(encoding, errors="flowbt-test").decode(encoding)
    assert "?" not in text
    assert text.startswith("-1.07")
