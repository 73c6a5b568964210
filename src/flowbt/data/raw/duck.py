"""DuckDB over one raw file: bounded memory, columns by their usual names, times of any unit, errors that name the file."""

from __future__ import annotations

import gzip
import shutil
import tempfile
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pandas as pd

from flowbt.data.unpacking import check_packed
from flowbt.ground.errors import SourceError
from flowbt.ground.files import real

TEXT = (".csv", ".csv.gz", ".csv.zst", ".txt", ".txt.gz", ".tsv")
NULLS = ("", "None", "null", "NaN", "nan", "NULL")
_UNITS = ((1e17, "ns"), (1e14, "us"), (1e11, "ms"))  # an epoch number above this, in the 2000s, has this unit
_TO_US = {"ns": "// 1000", "us": "", "ms": "* 1000", "s": "* 1000000"}


@dataclass(frozen=True)
class Limits:
    """What one reduction may use: threads, and megabytes before DuckDB spills to disk."""

    threads: int = 2
    memory_mb: int = 1000


@dataclass(frozen=True)
class Table:
    """A raw file in an open connection: the SQL that reads it, and its columns (all text for csv)."""

    connection: duckdb.DuckDBPyConnection
    path: Path
    sql: str
    columns: tuple[str, ...]

    def column(self, aliases: Sequence[str], needed: bool = True) -> str:
        """The quoted name of the first of `aliases` the file has (upper or lower case); empty when none and it is not needed."""
        lower = {name.lower(): name for name in self.columns}
        for alias in aliases:
            if alias.lower() in lower:
                return identifier(lower[alias.lower()])
        if needed:
            raise SourceError(self.path.name, f"no column {' or '.join(aliases)} among {', '.join(self.columns[:10])}", "check that the file is of this kind")
        return ""

    def number(self, aliases: Sequence[str], needed: bool = True) -> str:
        """SQL of a column as DOUBLE; NULL when the file has none and it is not needed."""
        name = self.column(aliases, needed)
        return f"CAST({name} AS DOUBLE)" if name else "CAST(NULL AS DOUBLE)"

    def micros(self, aliases: Sequence[str]) -> str:
        """SQL of a time column as microseconds since 1970 UTC: an epoch number of any unit, a timestamp, or ISO text (UTC where no zone)."""
        name = self.column(aliases)
        row = self.query(f"SELECT typeof({name}) AS kind, CAST({name} AS VARCHAR) AS word FROM {self.sql} WHERE {name} IS NOT NULL LIMIT 1")
        if row.empty:
            raise SourceError(self.path.name, f"column {name} is empty", "the file holds no rows")
        kind, word = str(row["kind"].iloc[0]), str(row["word"].iloc[0])
        if kind.startswith("TIMESTAMP"):
            return f"epoch_us({name})"
        try:
            size = float(word)
        except ValueError:
            return f"epoch_us(CAST({name} AS TIMESTAMPTZ))"
        unit = next((unit for limit, unit in _UNITS if size > limit), "s")
        whole = f"CAST({name} AS BIGINT)" if unit != "s" else f"CAST({name} AS DOUBLE)"
        return f"CAST({whole} {_TO_US[unit]} AS BIGINT)"

    def query(self, sql: str) -> pd.DataFrame:
        """The answer as a frame; a file that cannot be read to its end is a SourceError."""
        try:
            answer: pd.DataFrame = self.connection.execute(sql).df()
            return answer
        except (duckdb.Error, OSError, UnicodeDecodeError) as error:
            raise _broken(self.path, error) from None


@contextmanager
def open_table(path: Path, limits: Limits, names: Sequence[str] = (), prepared: pd.DataFrame | None = None, numbers: Sequence[str] = ()) -> Iterator[Table]:
    """A csv (also gzipped, zstd, or one alone in a zip) or Parquet file. `names`: columns of a csv without header. `prepared`: rows
    already read from it, in place of the file. `numbers`: columns of a csv to read as such at once, which halves the time."""
    if prepared is None and not path.is_file():
        raise SourceError(str(path), "is a folder" if path.is_dir() else "no such file", "check the path")
    if prepared is None and not path.stat().st_size:
        raise SourceError(path.name, "the file is empty", "get it again")
    with tempfile.TemporaryDirectory(prefix="flowbt-raw-") as scratch:
        connection = duckdb.connect(config={"threads": limits.threads, "memory_limit": f"{limits.memory_mb}MB", "temp_directory": scratch})
        try:
            connection.execute("SET TimeZone = 'UTC'; SET preserve_insertion_order = false; SET enable_progress_bar = false")
            if prepared is not None:
                connection.register("prepared", prepared)
                yield Table(connection, path, "prepared", tuple(map(str, prepared.columns)))
                return
            file = plainly_named(unzipped(path, Path(scratch)), Path(scratch))
            first = Table(connection, path, "", ()).query(f"SELECT * FROM {scan(file, names)} LIMIT 1")
            yield Table(connection, path, scan(file, names, _types(first, numbers)), tuple(map(str, first.columns)))
        finally:
            connection.close()


def _types(first: pd.DataFrame, numbers: Sequence[str]) -> dict[str, str]:
    """Types to read columns by: DOUBLE for `numbers`, BIGINT for any other whose first cell is an epoch."""
    found = {str(name): "DOUBLE" for name in first.columns if str(name).lower() in {one.lower() for one in numbers}}
    cells = {} if first.empty else {str(name): str(cell) for name, cell in first.iloc[0].items()}
    return found | {name: "BIGINT" for name, cell in cells.items() if name not in found and cell.isdigit() and 9 < len(cell) < 20}


def identifier(name: str) -> str:
    """A column's name in SQL, whatever it holds."""
    return '"' + name.replace('"', '""') + '"'


def literal(value: str | Sequence[str] | Mapping[str, str]) -> str:
    """A text, a list of texts or a mapping between texts in SQL, whatever they hold. With `identifier` the only way from a file or an option into SQL."""
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{literal(key)}: {literal(one)}" for key, one in value.items()) + "}"
    return "[" + ", ".join(map(literal, value)) + "]"


def plainly_named(path: Path, scratch: Path) -> Path:
    """The file under a name that DuckDB does not take for a pattern of names."""
    link = scratch / ("input" + "".join(suffix for suffix in path.suffixes if suffix.isascii() and suffix[1:].isalnum()))
    link.symlink_to(real(path))
    return link


def scan(path: Path, names: Sequence[str] = (), types: Mapping[str, str] | None = None) -> str:
    """The SQL table function that reads a file; csv cells stay text but for those of `types`."""
    file = literal(str(path))
    if path.name.endswith(".parquet"):
        return f"read_parquet({file})"
    if not path.name.endswith(TEXT):
        raise SourceError(path.name, "neither csv nor Parquet", f"its name ends in none of {', '.join(TEXT)}, .zip, .parquet")
    header = f"header=false, names={literal(names)}" if names else "header=true"
    typed = f", types={literal(types)}" if types else ""
    return f"read_csv({file}, all_varchar=true, {header}, nullstr={literal(NULLS)}, ignore_errors=false{typed})"


def unzipped(path: Path, scratch: Path) -> Path:
    """The only file of a zip archive, unpacked to `scratch`; any other file as it is."""
    try:
        check_packed(path)
        if path.suffix != ".zip":
            return path
        with zipfile.ZipFile(path) as archive:
            members = [name for name in archive.namelist() if not name.endswith("/")]
            if len(members) != 1:
                raise SourceError(path.name, f"{len(members)} files in the archive", "give archives of one file")
            target = scratch / Path(members[0]).name
            with archive.open(members[0]) as source, target.open("wb") as out:
                shutil.copyfileobj(source, out, 1 << 20)
            return target
    except (zipfile.BadZipFile, OSError, EOFError) as error:
        raise _broken(path, error) from None


def first_line(path: Path) -> list[str]:
    """The cells of the first line of a csv (gzipped or zipped too), for layouts that come with and without header."""
    if not path.is_file() or not path.stat().st_size:
        raise SourceError(path.name, "the file is empty" if path.is_file() else "no such file", "get it again")
    try:
        if path.suffix == ".zip":
            with zipfile.ZipFile(path) as archive, archive.open(archive.namelist()[0]) as member:
                line = member.readline()
        else:
            with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
                line = file.readline()
        return line.decode("utf-8-sig").strip().split(",")
    except (zipfile.BadZipFile, OSError, EOFError, IndexError, UnicodeDecodeError) as error:
        raise _broken(path, error) from None


def labels(micros: pd.Series) -> pd.Series:
    """Microseconds since 1970 as naive UTC instants, datetime64[ns]."""
    return pd.Series(micros.to_numpy("int64").astype("datetime64[us]").astype("datetime64[ns]"), index=micros.index)


def total(parts: Sequence[pd.DataFrame], rules: Mapping[str, str]) -> pd.DataFrame:
    """Parts of the same labels put together: per column "sum", "last" (by part order), "max" or "min"."""
    together = pd.concat(parts, ignore_index=True)
    return together.groupby(["event_time", "symbol"], as_index=False).agg(dict(rules))


def _broken(path: Path, error: Exception) -> SourceError:
    lines = [line.strip() for line in str(error).splitlines() if line.strip() and not line.startswith("Original Line")]
    reason = " ".join(lines[:2])[:240] or type(error).__name__
    return SourceError(path.name, f"cannot be read ({reason})", "the file is cut off or not of this kind; get it again")
