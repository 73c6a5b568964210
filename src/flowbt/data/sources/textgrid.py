"""The table in a text file of any dialect: its encoding, delimiter, header and rows, without the lines around it.

Regular files (no blank lines, no line breaks in cells) are read by Arrow; the others row by row, so that every row keeps the line it begins on.
"""

from __future__ import annotations

import csv
import io
import re
import zipfile
import zlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import clevercsv
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv as pacsv
from charset_normalizer import from_bytes

from flowbt.data.sources.base import Options, few_columns
from flowbt.data.sources.moments import is_dated
from flowbt.data.sources.numerals import EMPTY, are_numbers, arrow
from flowbt.data.unpacking import check_packed, gunzipped
from flowbt.ground.errors import SourceError
from flowbt.ground.files import read_bytes

SPACES = "spaces"  # the delimiter of files whose columns are set apart by two spaces or more
_HEAD = 200_000  # signs looked at for the dialect
_MARKS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe\0\0", "utf-32"), (b"\0\0\xfe\xff", "utf-32"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
_AFTER = re.compile(
    r"(?i)\W*(grand |sub)?(total|totals|sum|summe|gesamt|totale|source|quelle|note|average|mean|end of|disclaimer|©|copyright|generated|exported)\b"
)
_COMMENT = ("#", "//", "%%", "--")


@dataclass(frozen=True)
class Grid:
    """A text file as rows of cells. `rows`: text columns; `lines`: the line each row begins on; `left_out`: lines before the header and after the table."""

    path: Path
    rows: pd.DataFrame
    lines: pd.Series
    encoding: str
    delimiter: str
    header: int
    left_out: tuple[str, ...]

    @property
    def columns(self) -> list[str]:
        return [str(name) for name in self.rows.columns]

    def cells(self, column: str) -> pa.Array:
        """A column's text."""
        return arrow(self.rows[column].array)

    def row_of(self, position: int) -> int:
        """The line on which the row at a position begins."""
        return int(self.lines.iloc[position])


Lines = list[tuple[int, list[str]]]


class Body(NamedTuple):
    """The rows below a header, and the line each begins on."""

    frame: pd.DataFrame
    lines: np.ndarray


def read_grid(path: Path, options: Options) -> Grid:
    """The table in a text file. SourceError where no header, or a row of another width, is found."""
    text, encoding = _decoded(path, str(options.get("encoding") or ""))
    if not text.strip():
        raise SourceError(path.name, "is empty", "export it again")
    delimiter = str(options.get("delimiter") or _delimiter(text, path))
    if delimiter != SPACES and (len(delimiter) != 1 or delimiter in '"\n\r'):
        raise SourceError(path.name, f"delimiter {delimiter!r} is not one sign", "for example --delimiter ';', --delimiter tab or --delimiter spaces")
    if delimiter == SPACES:
        text = re.sub(r"(?m)^[ \t]+", "", re.sub(r"[ \t]{2,}|\t", "\t", text))
    sign = "\t" if delimiter == SPACES else delimiter
    lines = _lines(text[:_HEAD] if len(text) > 2 * _HEAD else text, sign, path, whole=len(text) <= 2 * _HEAD)
    at = _header(lines, path, int(str(options.get("header") or 0)))
    names = _names(lines, at, path)
    first = at + 1
    while options.get("header") and first < len(lines) and not _has_data(lines[first][1]):
        first += 1  # units below a header that was named
    left_out = [*lines[:at], *lines[at + 1 : first]]
    long = len(text) > 2 * _HEAD
    body = _regular(text, sign, lines[first][0] - 1, len(names)) if long and first < len(lines) else None
    if body is None:
        lines = _lines(text, sign, path) if long else lines
        kept, after = _without_footer(lines[first:], len(names))
        left_out = [*lines[:at], *lines[at + 1 : first], *after]
        body = _frame(kept, names, path)
    rows = body.frame.set_axis(names, axis=1)
    outside = [sign.join(cells).strip() for _, cells in left_out]
    left = tuple(line for line in outside if line.strip(sign + " "))
    return Grid(path, rows, pd.Series(body.lines, index=rows.index), encoding, delimiter, lines[at][0], left)


def _decoded(path: Path, encoding: str) -> tuple[str, str]:
    raw = _unpacked(path)
    guess = encoding or next((name for mark, name in _MARKS if raw.startswith(mark)), "")
    if not guess and raw[:4000].count(0) > len(raw[:4000]) // 4:
        guess = "utf-16-le" if raw[1:2] == b"\0" else "utf-16-be"
    try:
        return raw.decode(guess or "utf-8"), guess or "utf-8"
    except (UnicodeDecodeError, LookupError):
        if guess:
            raise SourceError(path.name, f"is not {guess}", "say its --encoding") from None
    if b"\0" in raw or from_bytes(raw[:100_000], cp_isolation=["cp1252", "latin_1"]).best() is None:
        raise SourceError(path.name, "is no text in an encoding that can be told", "say its --encoding, or export it as csv")
    try:
        return raw.decode("cp1252"), "cp1252"
    except UnicodeDecodeError:
        return raw.decode("latin-1"), "latin-1"


def _unpacked(path: Path) -> bytes:
    """A file's bytes, those in it where it is gzipped, or a zip of one file. SourceError for what is no text file at all."""
    if not path.is_file():
        raise SourceError(str(path), "is a folder" if path.is_dir() else "no such file", "check the path")
    try:
        raw = read_bytes(path)
        if raw.startswith(b"\x1f\x8b"):
            return gunzipped(raw)
        if raw.startswith(b"PK\x03\x04"):
            check_packed(path)
            return _zipped(raw, path)
    except (OSError, EOFError, zlib.error, zipfile.BadZipFile, RuntimeError, NotImplementedError) as error:
        raise SourceError(path.name, f"cannot be read ({str(error)[:80] or type(error).__name__})", "download it again") from None
    if raw.startswith(b"\xd0\xcf\x11\xe0"):
        raise SourceError(path.name, "is an Excel workbook", "save the sheet as csv")
    if raw.startswith((b"PAR1", b"ARROW1")):
        raise SourceError(path.name, "is a Parquet or Feather file", "use `flowbt data import table`")
    return raw


def _zipped(raw: bytes, path: Path) -> bytes:
    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        names = [name for name in archive.namelist() if not name.endswith("/") and not name.startswith("__MACOSX")]
        if "[Content_Types].xml" in names:
            raise SourceError(path.name, "is an Excel workbook", "save the sheet as csv")
        if len(names) != 1:
            raise SourceError(path.name, f"holds {len(names)} files ({', '.join(names[:3])})", "unpack it and give them one by one")
        return archive.read(names[0])


def _delimiter(text: str, path: Path) -> str:
    head = text[:_HEAD]
    counts = {sign: Counter(_widths(head, sign)) for sign in (",", ";", "\t", "|")}
    scored = {sign: max(((n, width) for width, n in count.items() if width > 1), default=(0, 0)) for sign, count in counts.items()}
    best = max(scored.values())
    fit = [sign for sign, score in scored.items() if score[0] and score[0] >= 0.8 * best[0]]
    if len(fit) == 1:
        return fit[0]
    if not fit and re.search(r"\S {2,}\S", head):
        return SPACES
    unclear = SourceError(path.name, "how its columns are separated cannot be told", "say it with --delimiter")
    if not fit:
        raise unclear
    try:
        found = clevercsv.Sniffer().sniff("\n".join(head.splitlines()[:200]), delimiters=[",", ";", "\t", "|"])
    except (clevercsv.Error, IndexError):
        raise unclear from None
    if not found or found.delimiter not in fit:
        raise unclear
    return str(found.delimiter)


def _widths(text: str, delimiter: str) -> list[int]:
    try:
        return [len(cells) for cells in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, skipinitialspace=True) if any(cells)]
    except csv.Error:
        return []


def _lines(text: str, delimiter: str, path: Path, whole: bool = True) -> Lines:
    """Rows of cells with the line each begins on; empty lines are passed over. `whole`: the text is not cut off in the middle of a row."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, skipinitialspace=True, strict=True)
    out: Lines = []
    begin = 1
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                out.append((begin, cells))
            begin = reader.line_num + 1
    except csv.Error as error:
        if whole:
            what = "a quote is opened and not closed" if "unexpected end" in str(error) else str(error)
            raise SourceError(path.name, f"row {begin}: {what}", "mend the row") from None
    for row, cells in out if whole else ():
        swallowed = [line for cell in cells if "\n" in cell or "\r" in cell for line in cell.splitlines()[1:] if line.count(delimiter) >= len(cells) - 1]
        if any(is_dated(part) for line in swallowed for part in line.split(delimiter)):
            raise SourceError(path.name, f"row {row}: a quote is opened and swallows the rows after it", "mend the row")
    return out if whole else out[:-1]


def _header(lines: Lines, path: Path, said: int) -> int:
    """The position of the line with the names: the one above the first line that holds data. `said`: the line a person named."""
    if said:
        if (at := next((n for n, (row, _) in enumerate(lines) if row == said), None)) is None:
            raise SourceError(path.name, f"line {said} is empty or not there", "say another --header")
        return at
    width = Counter(len(cells) for _, cells in lines if len(cells) > 1).most_common(1)
    if not width:
        raise SourceError(path.name, "no columns found in it", "say how they are separated with --delimiter")
    wide = width[0][0]
    tabular = [n for n, (_, cells) in enumerate(lines) if len(cells) >= wide - 1]
    data = [n for n in tabular if _has_data(lines[n][1])][:1] if tabular else []
    heads = [n for n in tabular if n < (data[0] if data else len(lines)) and _is_header(lines[n][1], wide)]
    if not heads:  # lines with a date above the header
        heads = [n for n in tabular[: len(tabular) // 2] if _is_header(lines[n][1], wide) and not _has_data(lines[n][1])][:1]
    if not heads:
        raise SourceError(path.name, "no line with the names of its columns", "add one as the first line, or say which it is with --header")
    if len(heads) > 1:
        rows = " and ".join(str(lines[n][0]) for n in heads[:3])
        raise SourceError(path.name, f"rows {rows} can all be the names of the columns", f"say which with --header, such as --header {lines[heads[0]][0]}")
    return heads[0]


def _is_header(cells: Sequence[str], wide: int) -> bool:
    named = [cell for cell in cells if cell.strip()]
    return len(named) >= max(2, min(len(cells), wide) - 1) and not cells[0].strip().startswith(_COMMENT)


def _has_data(cells: Sequence[str]) -> bool:
    """Whether a line holds a date, or as many numbers (but for names such as 3M) as words."""
    named = [cell.strip() for cell in cells if cell.strip() and cell.strip().casefold() not in EMPTY]
    if not named or named[0].startswith(_COMMENT):
        return False
    return any(map(is_dated, named)) or 2 * sum(are_numbers(arrow([cell for cell in named if not re.fullmatch(r"\d+[A-Za-z]+", cell)]))) >= len(named)


def _names(lines: Lines, at: int, path: Path) -> list[str]:
    cells = [" ".join(cell.split()) for cell in lines[at][1]]
    widths = Counter(len(line) for _, line in lines[at + 1 :])
    most = widths.most_common(1)[0][0] if widths else len(cells)
    while len(cells) > max(most, 1) and not cells[-1]:
        cells.pop()  # a delimiter at the end of the header only
    names = [name or f"column_{n + 1}" for n, name in enumerate(cells)]
    few_columns(len(names), path)
    if again := [name for name, count in Counter(names).items() if count > 1]:
        raise SourceError(path.name, f"two columns are called {again[0]!r} (row {lines[at][0]})", "rename one of them")
    return names


def _without_footer(body: Lines, width: int) -> tuple[Lines, Lines]:
    """The rows, and the lines below the last that holds a date or is as wide as the table without being a total or a note."""
    cut = len(body)
    while cut and _is_footer(body[cut - 1][1], width):
        cut -= 1
    return body[:cut], body[cut:]


def _is_footer(cells: Sequence[str], width: int) -> bool:
    dated = any(is_dated(cell) for cell in cells[:width])
    if dated and len(cells) >= width:
        return False
    words = [cell.strip() for cell in cells if cell.strip() and cell.strip().casefold() not in EMPTY]
    numeric = are_numbers(arrow(words))
    if any(map(_AFTER.match, words)) or (words and words[0].startswith(("*", "©", *_COMMENT))):
        return True
    return not dated and bool(len(words)) and (not numeric[0] if len(cells) < width else not cells[0].strip() and bool(numeric.all()))


def _frame(lines: Lines, names: list[str], path: Path) -> Body:
    for row, cells in lines:
        if len(cells) != len(names) and not (len(cells) > len(names) and not any(cell.strip() for cell in cells[len(names) :])):
            raise SourceError(path.name, f"row {row} has {len(cells)} cells where the header has {len(names)}", "mend the row")
    if not lines:
        raise SourceError(path.name, "has a header but no rows", "export it again")
    columns = list(zip(*(cells[: len(names)] for _, cells in lines), strict=True))
    data = {n: pd.array(pa.array([cell.strip() for cell in column], type=pa.large_string()), dtype="str") for n, column in enumerate(columns)}
    return Body(pd.DataFrame(data), np.array([row for row, _ in lines]))


def _regular(text: str, delimiter: str, header: int, width: int) -> Body | None:
    """The rows below the header, read by Arrow; None where some line is not a row of its own, or of another width."""
    start = 0
    for _ in range(header):
        start = text.find("\n", start) + 1
        if not start:
            return None
    body = text[start:].rstrip("\r\n")
    if re.search(rf'(?:^|{re.escape(delimiter)}) +"', body) or "\r" in body.replace("\r\n", "\n") or "\n\n" in body or "\n\r\n" in body:
        return None
    parse = pacsv.ParseOptions(delimiter=delimiter, newlines_in_values=False, ignore_empty_lines=False)
    names = [str(n) for n in range(width)]
    convert = pacsv.ConvertOptions(column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False, quoted_strings_can_be_null=False)
    try:
        table = pacsv.read_csv(
            io.BytesIO(body.encode("utf-8")), read_options=pacsv.ReadOptions(column_names=names), parse_options=parse, convert_options=convert
        )
    except pa.ArrowInvalid:
        return None
    if len(table) != body.count("\n") + 1:
        return None
    columns = {name: pa.compute.utf8_trim_whitespace(table[name]) for name in names}
    frame = pd.DataFrame({n: pd.array(columns[name].cast(pa.large_string()), dtype="str") for n, name in enumerate(names)})
    tail = [cells.tolist() for cells in frame.tail(20).to_numpy()]
    if any(_is_footer(cells, width) for cells in tail if any(cells)) or not all(any(cells) for cells in tail):
        return None
    return Body(frame, np.arange(header + 1, header + 1 + len(frame)))
