"""What every source shares: reading a provider's file as text, and turning it into a long table.

A `Sheet` is a file as read: text columns (typed ones for Parquet, Feather) and, apart from them, the row each came from. A source asks it for
dates and numbers; cells that are neither blank nor readable become findings, never silent gaps.

Row numbers are those a text editor shows (the header of a csv is row 1); for Parquet, Feather and JSON the first record is row 1.
"""

from __future__ import annotations

import csv
import gzip
import io
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from flowbt.data.unpacking import check_packed, gunzipped
from flowbt.ground.documents import parse_json
from flowbt.ground.errors import FlowbtError, SourceError, nearest
from flowbt.ground.fields import OWN
from flowbt.ground.files import read_bytes

Options = Mapping[str, object]
BLANK = {"", ".", "-", "nan", "NaN", "N/A", "NA", "null", "None", "#N/A"}
SAYS = ("retMsg", "msg", "message", "error")  # where an API puts why it refuses
MOST_COLUMNS = 10_000
TEXT = (".csv", ".txt", ".csv.gz", ".txt.gz", ".zip")
FIRST, LAST = pd.Timestamp("1700-01-01", tz="UTC"), pd.Timestamp("2200-01-01", tz="UTC")  # what is dated elsewhere is no row of a market
_WHOLE_DAY = r"\d{4}-\d{1,2}-\d{1,2}(?!\d)|\d{8}(?!\d)"
_READ_ERRORS = (
    OSError,
    EOFError,
    IndexError,
    RuntimeError,
    zlib.error,
    zipfile.BadZipFile,
    csv.Error,
    UnicodeDecodeError,
    ValueError,
    pa.ArrowException,
)


@contextmanager
def parsing(path: Path, what: str) -> Iterator[None]:
    """Inside, a file of anybody's is read as `what`. Whatever Python makes of what it holds is a SourceError; the cause stays with it."""
    try:
        yield
    except FlowbtError:
        raise
    except (*_READ_ERRORS, LookupError, TypeError, AttributeError, ArithmeticError, RecursionError, csv.Error) as error:
        reason = str(error).strip().splitlines()[0][:120] if str(error).strip() else "no more is known"
        found = f"cannot be read as {what} ({type(error).__name__}: {reason})"
        raise SourceError(path.name, found, "check the file; where it is right, report this line") from error


@dataclass(frozen=True)
class Anomaly:
    """Something a file has that it should not have. `kind` names the rule; a dataset's policy says what becomes of it."""

    kind: str
    reason: str
    file: str = ""
    row: int = 0  # 0: not about one row
    event_time: pd.Timestamp | None = None
    symbol: str = ""
    field: str = ""

    def line(self) -> str:
        """One line for people: what, where, why."""
        where = f"{self.file} row {self.row}" if self.row else self.file
        time = f"{self.event_time:%Y-%m-%d %H:%M}".removesuffix(" 00:00") if self.event_time is not None else ""
        what = " ".join(part for part in (time, self.symbol[:40], self.field) if part)
        return f"[{self.kind}] " + ": ".join(part for part in (where, what, self.reason) if part)


@dataclass(frozen=True)
class RawTable:
    """A parsed file. `frame`: event_time (naive UTC ns), symbol, row, float64 fields, and known_at where the file has it."""

    frame: pd.DataFrame
    findings: tuple[Anomaly, ...] = ()

    @property
    def fields(self) -> list[str]:
        return [name for name in self.frame.columns if name not in OWN]


@dataclass
class Sheet:
    """A file as read, and what was found wrong with it so far. `rows`: the row of the file that each came from, with the frame's index; `twice`: names that
    more than one column has. The first of them is in the frame, and whoever asks for it is told."""

    path: Path
    frame: pd.DataFrame
    rows: pd.Series
    findings: list[Anomaly] = field(default_factory=list)
    twice: frozenset[str] = frozenset()

    def require(self, *columns: str) -> Sheet:
        """SourceError for a column that is not there, or there twice."""
        missing = [name for name in columns if name not in self.frame.columns]
        if missing:
            there = ", ".join(map(str, self.frame.columns[:8]))
            raise SourceError(self.path.name, f"no column {', '.join(missing)} among {there}", "check that the file is in this source's format")
        if again := self.twice.intersection(columns):
            raise SourceError(self.path.name, f"two columns are called {min(again)!r}", "rename one of them")
        return self

    def take(self, keep: pd.Series) -> Sheet:
        return replace(self, frame=self.frame[keep], rows=self.rows[keep])

    def renamed(self, name: Callable[[str], str]) -> Sheet:
        """With other names for its columns; two that get one name are there twice."""
        names = pd.Index([name(str(column)) for column in self.frame.columns])
        twice = {*names[names.duplicated()], *map(name, self.twice)}
        return replace(self, frame=self.frame.set_axis(names, axis=1).loc[:, ~names.duplicated()], twice=frozenset(twice))

    def numbers(self, column: str) -> pd.Series:
        """A column as float64; blank is missing, anything else that is no number is a finding."""
        cells = self.require(column).frame[column]
        if pd.api.types.is_numeric_dtype(cells):
            values = cells.astype("float64")
            self._unreadable(values.abs() == np.inf, column, cells.astype("str"))
            return values.where(np.isfinite(values))
        text = cells.astype("str").str.strip()
        values = pd.to_numeric(text, errors="coerce").astype("float64")
        self._unreadable((values.isna() & ~text.isin(BLANK)) | (values.abs() == np.inf), column, text)
        return values.where(np.isfinite(values))

    def times(self, column: str, form: str | None = None) -> pd.Series:
        """A column as naive UTC instants; `form` is a strptime format (a zone in the text is honoured). Unreadable is a finding."""
        cells = self.require(column).frame[column]
        if pd.api.types.is_datetime64_any_dtype(cells):
            aware = cells.dt.tz_convert("UTC").dt.tz_localize(None) if getattr(cells.dt, "tz", None) is not None else cells
            return aware.astype("datetime64[ns]")
        text = cells.astype("str").str.strip()
        whole = text if form else text.where(text.str.match(_WHOLE_DAY))  # pandas reads 2031 and 2031-05 as first days
        stamps = pd.to_datetime(whole, format=form or "ISO8601", errors="coerce", utc=True)
        stamps = stamps.where((stamps >= FIRST) & (stamps < LAST))
        self._unreadable(stamps.isna(), column, text)
        return stamps.dt.tz_localize(None).astype("datetime64[ns]")

    def epoch(self, column: str, unit: str) -> pd.Series:
        """A column of epoch numbers as naive UTC instants."""
        per_second = {"s": 1, "ms": 1_000, "us": 1_000_000, "ns": 1_000_000_000}
        if unit not in per_second:
            raise SourceError(self.path.name, f"time unit {unit!r} is not one of {', '.join(per_second)}", "mend the option time_unit")
        numbers = self.numbers(column)
        years = 1970 + numbers / per_second[unit] / 31_556_952
        if len(far := np.flatnonzero((years < 1900) | (years > 2100))):
            at = int(far[0])
            found = f"column {column!r} row {self.rows.iloc[at]}: {numbers.iloc[at]:.0f} as {unit} is in the year {years.iloc[at]:.0f}"
            raise SourceError(self.path.name, found, "mend the option time_unit (s, ms, us or ns)")
        whole = (numbers.fillna(0) * (1_000_000 // per_second[unit] if unit != "ns" else 1e-3)).round().astype("int64")
        return pd.Series(whole.to_numpy().astype("datetime64[us]"), index=numbers.index).where(numbers.notna()).astype("datetime64[ns]")

    def note(self, kind: str, reason: str, where: pd.Series | None = None, column: str = "") -> None:
        """A finding for each True row, or one for the file."""
        if where is None:
            self.findings.append(Anomaly(kind, reason, self.path.name))
            return
        rows = self.rows.to_numpy(dtype="int64")[where.to_numpy(dtype=bool)]
        self.findings.extend(Anomaly(kind, reason, self.path.name, int(row), field=column) for row in rows)

    def long(self, times: pd.Series, symbol: str | pd.Series, fields: Mapping[str, pd.Series], known: pd.Series | None = None) -> RawTable:
        """The table of these columns. Rows without a readable time, or without any value, are left out (the latter counted)."""
        for name in fields:
            self._not_own(name)
        frame = pd.DataFrame({"event_time": times, "symbol": symbol, "row": self.rows.astype("int64"), **fields})
        if known is not None:
            frame["known_at"] = known
        frame["symbol"] = frame["symbol"].astype("str")
        return self._filled(frame, list(fields))

    def wide(self, times: pd.Series, columns: Mapping[str, str], field_name: str) -> RawTable:
        """The table of a wide file: `columns` maps a column to its symbol, all in one field."""
        self._not_own(field_name)
        if not columns:
            raise SourceError(self.path.name, "no column but that of its dates", "download it again")
        rows = self.rows.astype("int64")
        parts = [pd.DataFrame({"event_time": times, "row": rows, "symbol": symbol, field_name: self.numbers(column)}) for column, symbol in columns.items()]
        frame = pd.concat(parts, ignore_index=True)
        frame["symbol"] = frame["symbol"].astype("str")
        return RawTable(frame[frame["event_time"].notna() & frame[field_name].notna()].reset_index(drop=True), tuple(self.findings))

    def _not_own(self, field_name: str) -> None:
        if field_name in OWN:
            raise SourceError(self.path.name, f"a field called {field_name}", f"{', '.join(OWN)} are names of every table: call it otherwise")

    def _filled(self, frame: pd.DataFrame, fields: list[str]) -> RawTable:
        valued, timed = frame[fields].notna().any(axis=1), frame["event_time"].notna()
        if blank := int((timed & ~valued).sum()):
            self.note("blank", f"{blank} rows hold no value")
        return RawTable(frame[timed & valued].reset_index(drop=True), tuple(self.findings))

    def _unreadable(self, bad: pd.Series, column: str, text: pd.Series) -> None:
        rows = self.rows.to_numpy(dtype="int64")[bad.to_numpy(dtype=bool)]
        cells = text[bad].tolist()
        self.findings.extend(
            Anomaly("unreadable", f"{cell[:40]!r} is not readable", self.path.name, int(row), field=column) for cell, row in zip(cells, rows, strict=True)
        )


def read_sheet(path: Path, sep: str = ",", skip: int = 0, columns: Sequence[str] | None = None) -> Sheet:
    """A csv, txt (also gzipped), Parquet, Feather or JSON file. `skip` header lines to pass over; `columns` names for a file without header.

    SourceError for a folder, a missing, empty, truncated or unreadable file.
    """
    if path.is_dir():
        raise SourceError(str(path), "is a folder", "name the files in it, or use an import plan with a pattern")
    if not path.is_file():
        raise SourceError(str(path), "no such file", "check the path")
    if path.stat().st_size == 0:
        raise SourceError(path.name, "is empty", "download it again")
    try:
        check_packed(path)
        sheet = _read(path, sep, skip, columns)
    except _READ_ERRORS as error:
        problem = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise SourceError(path.name, f"cannot be read ({problem[:120]})", "download it again") from None
    if not len(sheet.frame):
        raise SourceError(path.name, "has a header but no rows", "download it again")
    return sheet


def _read(path: Path, sep: str, skip: int, columns: Sequence[str] | None) -> Sheet:
    name = path.name.lower()
    if name.endswith(".parquet"):
        few_columns(pq.read_metadata(path).num_columns, path)
        frame = pd.read_parquet(path)
        frame = frame if isinstance(frame.index, pd.RangeIndex) else frame.rename_axis(str(frame.index.name or "date")).reset_index()
    elif name.endswith(".feather"):
        frame = pd.read_feather(path)
    elif name.endswith((".json", ".json.gz")):
        frame = pd.DataFrame(_records(parse_json(_text(path))))
    else:
        return _read_text(path, sep, skip, columns)
    few_columns(len(frame.columns), path)
    return Sheet(path, frame, pd.Series(np.arange(1, len(frame) + 1), index=frame.index)).renamed(str)


def _read_text(path: Path, sep: str, skip: int, columns: Sequence[str] | None) -> Sheet:
    named = _header(path, sep, skip) if columns is None else list(columns)
    few_columns(len(named), path)
    frame = pd.read_csv(
        path,
        sep=sep,
        skiprows=skip,
        header=None if columns is not None else 0,
        names=list(columns) if columns is not None else None,
        dtype="str",
        keep_default_na=False,
        encoding="utf-8-sig",
        skip_blank_lines=False,
        index_col=False,
    ).fillna("")
    if len(named) == len(frame.columns):  # pandas calls the second x x.1
        frame.columns = pd.Index(named)
    first = skip + (1 if columns is not None else 2)
    rows = pd.Series(np.arange(first, first + len(frame)), index=frame.index)
    return Sheet(path, frame, rows).renamed(str.strip).take((frame != "").any(axis=1))


def _header(path: Path, sep: str, skip: int) -> list[str]:
    """The names in a text file's first row after those passed over."""
    with _opened(path) as file:
        for _ in range(skip):
            file.readline()
        return next(csv.reader(file, delimiter=sep), [])


def few_columns(count: int, path: Path) -> None:
    """SourceError for a table so wide that reading it would take for ever."""
    if count > MOST_COLUMNS:
        raise SourceError(path.name, f"{count:,} columns, where {MOST_COLUMNS:,} are the most that are read", "check how they are separated, or split the file")


def _records(document: object) -> Any:
    """The table inside a provider's answer: `{"result": {"data": [...]}}` and the like. ValueError where the answer is a refusal, in the provider's words."""
    told = document
    while isinstance(document, dict) and (inner := next((key for key in ("result", "data", "list") if key in document), None)):
        document = document[inner]
    if isinstance(told, dict) and (not document or isinstance(document, dict)):
        says = next((told[key] for key in SAYS if told.get(key)), "")
        if says and str(says).lower() not in ("ok", "success"):
            raise ValueError(f"the provider says: {says.get('message', says) if isinstance(says, dict) else says}")
    return document


def _text(path: Path) -> str:
    raw = read_bytes(path)
    return (gunzipped(raw) if path.name.endswith(".gz") else raw).decode("utf-8-sig")


def first_lines(path: Path, lines: int = 4) -> list[str]:
    """The first lines of a text file, for a source that has to tell layouts apart. SourceError as in `read_sheet`."""
    if not path.is_file():
        raise SourceError(str(path), "is a folder" if path.is_dir() else "no such file", "check the path")
    try:
        with _opened(path) as file:
            return [file.readline().rstrip("\r\n") for _ in range(lines)]
    except _READ_ERRORS as error:
        raise SourceError(path.name, f"cannot be read ({str(error)[:120] or type(error).__name__})", "download it again") from None


@contextmanager
def _opened(path: Path) -> Iterator[IO[str]]:
    """A text file, packed or not, from its beginning."""
    if path.name.endswith(".zip"):
        with zipfile.ZipFile(path) as archive, archive.open(archive.namelist()[0]) as member, io.TextIOWrapper(member, "utf-8-sig", newline="") as file:
            yield file
        return
    opener = gzip.open if path.name.endswith(".gz") else open
    with opener(path, "rt", encoding="utf-8-sig", newline="") as file:
        yield file


def known_options(asked: str, given: Iterable[str], known: Sequence[str]) -> None:
    """SourceError, with the nearest name, for the first option given that is not one of `known`."""
    if strange := [option for option in given if option not in known]:
        there = f"there are {', '.join(known)}" if known else "it has none"
        raise SourceError(asked, f"no option {strange[0]!r}", nearest(strange[0], known) or there)


def is_text(path: Path) -> bool:
    return path.name.lower().endswith(TEXT)


def symbol_of(options: Options, path: Path) -> str:
    """The symbol an import names, for a file that does not say which it is about."""
    if symbol := options.get("symbol"):
        return str(symbol)
    raise SourceError(path.name, "the file does not name its symbol", "give it with --symbol")
