"""What commands print: lines, and tables of whole columns. No number and no name is ever cut.

On a terminal lines are broken between words and a table is fitted to its width: columns of words are wrapped, then columns are left out (and named), then the
rest is set in blocks under one another. Into a pipe lines stay whole and a table is tab-separated, with all of its columns. For streams that cannot
show a sign: `signs.py`.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import click

from flowbt.ground.errors import printable
from flowbt.ground.types import Json

Cell = str | tuple[str, Json]
GAP = "  "
NARROWEST = 14  # characters a column of words is wrapped to before other columns are left out


class Column(NamedTuple):
    """A column of a table. `right`: numbers; `words`: may be broken between words; `drop`: left out where there is no room, the largest first (0: never)."""

    name: str
    right: bool = False
    words: bool = False
    drop: int = 0


class Styled(NamedTuple):
    """A text and how it is painted."""

    text: str
    style: dict[str, object]


def width_of_output() -> int | None:
    """Columns of the terminal that standard output is; None where it is none."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def paint(text: str, **style: Any) -> str:
    """`text` in a style (`click.style`), where standard output is a terminal that is to have colours."""
    return click.style(text, **style) if text and style and sys.stdout.isatty() and not os.environ.get("NO_COLOR") else text


def say(text: str = "", *, err: bool = False, indent: str = "", **style: Any) -> None:
    """Print lines; on a terminal each is broken between words, with what goes on set in by `indent`."""
    width = None if err else width_of_output()
    for line in text.split("\n"):
        for part in [line] if width is None else wrapped(line, width, indent):
            click.echo(part if err else paint(part, **style), err=err)


def wrapped(line: str, width: int, indent: str = "") -> list[str]:
    """A line as lines of at most `width` columns, broken at spaces only: a word that is longer keeps a line of its own, whole."""
    if length(line) <= width:
        return [line]
    lead = line[: len(line) - len(line.lstrip())]
    lines, now = [], lead
    for word in re.findall(r"\S+\s*", line):
        if now.strip() and length(now + word.rstrip()) > width:
            lines.append(now.rstrip())
            now = lead + indent
        now += word
    return [*lines, now.rstrip()]


def show(columns: Sequence[Column], rows: Iterable[Sequence[Cell]], *, indent: str = "") -> None:
    """Print a table. A cell is a text, or a text and its style."""
    cells = [[Styled(printable(cell), {}) if isinstance(cell, str) else Styled(printable(cell[0]), cell[1]) for cell in row] for row in rows]
    width = width_of_output()
    if width is None:
        head = ["\t".join(one.name for one in columns)] if any(one.name for one in columns) else []
        click.echo("\n".join([*head, *("\t".join(cell.text for cell in row) for row in cells)]))
        return
    lines, left_out = table_lines(columns, cells, width - len(indent))
    click.echo("\n".join((indent + line).rstrip() for line in lines))
    if left_out:
        say(f"{indent}no room here for: {', '.join(left_out)} (a wider terminal, a pipe or --json has them)", dim=True)


def table_lines(columns: Sequence[Column], rows: Sequence[Sequence[Styled]], width: int) -> tuple[list[str], list[str]]:
    """The lines of a table in `width` columns of the terminal, and the names of the table's columns that were left out."""
    shown, left_out = list(range(len(columns))), []
    natural = [max([length(one.name), *(length(row[n].text) for row in rows)]) for n, one in enumerate(columns)]
    longest = [max([length(one.name), NARROWEST, *(_longest_word(row[n].text) for row in rows)]) for n, one in enumerate(columns)]
    least = [min(natural[n], longest[n]) if one.words else natural[n] for n, one in enumerate(columns)]
    while _total([least[n] for n in shown]) > width and any(columns[n].drop for n in shown):
        worst = max(shown, key=lambda n: columns[n].drop)
        left_out.append(columns[worst].name or "the last column")
        shown.remove(worst)
    lines: list[str] = []
    for block in _blocks(shown, least, width):
        widths = _widths(block, natural, least, width)
        lines += [""] if lines else []
        if any(columns[n].name for n in block):
            lines += _row([Styled(columns[n].name, {"dim": True}) for n in block], block, columns, widths)
        for row in rows:
            lines += _row([row[n] for n in block], block, columns, widths)
    return lines, left_out[::-1]


def _blocks(shown: list[int], least: list[int], width: int) -> list[list[int]]:
    """The columns in groups that fit, each with the first column."""
    groups, now = [], shown[:1]
    for n in shown[1:]:
        if len(now) > 1 and _total([least[one] for one in [*now, n]]) > width:
            groups.append(now)
            now = shown[:1]
        now = [*now, n]
    return [*groups, now]


def _widths(block: list[int], natural: list[int], least: list[int], width: int) -> dict[int, int]:
    """The width of each column: as narrow as it may be, then wider, the narrowest first, while there is room."""
    widths = {n: least[n] for n in block}
    for _ in range(width - _total(list(widths.values()))):
        short = [n for n in block if widths[n] < natural[n]]
        if not short:
            break
        widths[min(short, key=lambda n: widths[n])] += 1
    return widths


def _total(widths: Sequence[int]) -> int:
    return sum(widths) + len(GAP) * (len(widths) - 1)


def _row(cells: list[Styled], block: list[int], columns: Sequence[Column], widths: dict[int, int]) -> list[str]:
    """A row as lines: cells of words broken, all others whole in the first line."""
    parts = [wrapped(cell.text, widths[n]) if columns[n].words else [cell.text] for cell, n in zip(cells, block, strict=True)]
    lines = []
    for at in range(max(map(len, parts))):
        texts = [_padded(part[at] if at < len(part) else "", widths[n], columns[n].right) for part, n in zip(parts, block, strict=True)]
        lines.append(GAP.join(paint(text, **cell.style) for text, cell in zip(texts, cells, strict=True)).rstrip())
    return lines


def _padded(text: str, width: int, right: bool) -> str:
    space = " " * (width - length(text))
    return space + text if right else text + space


def length(text: str) -> int:
    """Columns of a terminal that a text takes: wide signs two, combining ones none."""
    if text.isascii():
        return len(text)
    import unicodedata  # few texts need it

    return sum(0 if unicodedata.combining(c) else 1 + (unicodedata.east_asian_width(c) in "WF") for c in text)


def _longest_word(text: str) -> int:
    return max(map(length, text.split()), default=0)
