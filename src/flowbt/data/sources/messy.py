"""Text tables as people have them: any dialect, encoding, way of writing numbers and dates. What can be read in two ways is refused, never guessed.

Numbers: thousands in groups of three (, . ' space _), decimal point or comma, $ and other currencies, parentheses or a trailing minus, percent signs, K M B T.
Dates: ISO, 20240131, 31-Jan-2024, Jan 31, 2024, day and month in the order the file itself proves, Excel's serial days, epochs in s, ms, us, ns.
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import clevercsv
import numpy as np
import pandas as pd
from charset_normalizer import from_bytes

from flowbt.data.sources.base import BLANK, Anomaly, Options, RawTable, Sheet, known_options, symbol_of
from flowbt.ground.errors import SourceError
from flowbt.ground.fields import FIELDS

OPTIONS = ("time", "map", "symbol", "symbol_column", "dates", "decimal", "zone", "delimiter", "encoding")
EPOCHS = ("s", "ms", "us", "ns")
DATES = ("iso", "mdy", "dmy", "words", "excel", *EPOCHS)
EMPTY = BLANK | {"—", "–", "--", "n/a", "na", "#DIV/0!", "#VALUE!", "NULL", "none", "*"}
TIMES = ("date", "datetime", "timestamp", "time", "day", "datum", "trade_date", "tradedate", "asof", "as_of", "period")
SYMBOLS = ("symbol", "ticker", "sym", "instrument", "asset", "coin", "underlying", "root")
_FACTOR = {"": 1.0, "k": 1e3, "m": 1e6, "mn": 1e6, "mm": 1e6, "mio": 1e6, "b": 1e9, "bn": 1e9, "t": 1e12}
_NUMBER = re.compile(
    r"(?P<open>\()?(?P<sign>[-+])?(?P<digits>[\d.,'_ ]*\d[\d.,'_ ]*)(?P<power>[eE][-+]?\d+)?(?P<unit>%|[A-Za-z]{1,3})?(?P<close>\))?(?P<after>-)?"
)
_CURRENCY = re.compile(r"US\$|[$€£¥]|\b(?:USD|EUR|GBP|CHF|JPY)\b")
_SPACES = str.maketrans({"\u00a0": " ", "\u202f": " ", "\u2009": " ", "−": "-", "’": "'"})
_AFTER = re.compile(r"(?i)(grand )?(total|sum|summe|source|note|average|mean|end of|disclaimer|©|copyright|generated|exported)\b")
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_MONTHS = {name: n for n, name in enumerate(("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"), start=1)}


@dataclass(frozen=True)
class Grid:
    """A text file as rows of cells. `rows`: text columns and `row`, the line each begins on; `left_out`: lines before the header and after the table."""

    path: Path
    rows: pd.DataFrame
    encoding: str
    delimiter: str
    header: int
    left_out: tuple[str, ...]

    @property
    def columns(self) -> list[str]:
        return [str(name) for name in self.rows.columns if name != "row"]


def read_grid(path: Path, options: Options) -> Grid:
    """The table in a text file. SourceError where no header, or a row of another width, is found."""
    if not path.is_file():
        raise SourceError(str(path), "is a folder" if path.is_dir() else "no such file", "check the path")
    text, encoding = _decoded(path, str(options.get("encoding") or ""))
    if not text.strip():
        raise SourceError(path.name, "is empty", "export it again")
    delimiter = str(options.get("delimiter") or _delimiter(text, path))
    if len(delimiter) != 1 or delimiter in '"\n\r':
        raise SourceError(path.name, f"delimiter {delimiter!r} is not one sign", "for example --delimiter ';' or --delimiter tab")
    lines = _lines(text, delimiter)
    width = Counter(len(cells) for _, cells in lines if len(cells) > 1).most_common(1)
    if not width:
        raise SourceError(path.name, "no columns found in it", "say how they are separated with --delimiter")
    wide = width[0][0]
    start = next((n for n, (_, cells) in enumerate(lines) if len(cells) >= wide - 1 and _is_header(cells)), None)
    if start is None:
        raise SourceError(path.name, "no line with the names of its columns", "add one as the first line")
    names = [name.strip() or f"column_{n + 1}" for n, name in enumerate(lines[start][1])]
    if again := [name for name, count in Counter(names).items() if count > 1]:
        raise SourceError(path.name, f"two columns are called {again[0]!r} (row {lines[start][0]})", "rename one of them")
    body = lines[start + 1 :]
    cut = len(body)
    while cut and not _like_data(body[cut - 1][1], len(names)):
        cut -= 1
    for row, cells in body[:cut]:
        if len(cells) != len(names) and not (len(cells) == len(names) + 1 and not cells[-1].strip()):
            raise SourceError(path.name, f"row {row} has {len(cells)} cells where the header has {len(names)}", "mend the row")
    rows = pd.DataFrame([cells[: len(names)] for _, cells in body[:cut]], columns=names, dtype="str").assign(row=[row for row, _ in body[:cut]])
    if not len(rows):
        raise SourceError(path.name, "has a header but no rows", "export it again")
    outside = [delimiter.join(cells).strip() for _, cells in (*lines[:start], *body[cut:])]
    return Grid(path, rows, encoding, delimiter, lines[start][0], tuple(line for line in outside if line.strip(delimiter + " ")))


def parse(path: Path, options: Options) -> RawTable:
    """Fields as mapped from a text table. Options: time, map ({field: column}), symbol or symbol_column, dates (one of DATES),

    decimal ("." or ","), zone (of times without one; default UTC), delimiter, encoding; what is left out is found out, or refused where it has two readings.
    """
    known_options(path.name, options, OPTIONS)
    grid = read_grid(path, options)
    sheet = Sheet(path, grid.rows)
    mapping = dict(options.get("map", {}))
    time, symbol_column = str(options.get("time") or time_column(grid)), str(options.get("symbol_column") or "")
    sheet.require(time, *mapping.values(), *([symbol_column] if symbol_column else []))
    times = times_of(grid, time, str(options.get("dates") or ""), str(options.get("zone") or "UTC"))
    decimal = str(options.get("decimal") or decimal_of(grid, list(mapping.values())))
    fields = {field: _numbers(sheet, field, column, decimal) for field, column in mapping.items()}
    symbol = grid.rows[symbol_column].str.strip() if symbol_column else symbol_of(options, path)
    return sheet.long(times, symbol, fields)


def time_column(grid: Grid) -> str:
    """The column of times, by its name or because it is the only one that holds dates."""
    named = [name for wanted in TIMES for name in grid.columns if _plain(name) == wanted]
    if named:
        return named[0]
    found = [name for name in grid.columns if _looks_dated(grid.rows[name])]
    if len(found) == 1:
        return found[0]
    raise SourceError(grid.path.name, f"which column is the time? ({', '.join(grid.columns[:8])})", "say it with --time")


def symbol_column(grid: Grid) -> str:
    """The column of symbols by its name; empty where there is none."""
    return next((name for wanted in SYMBOLS for name in grid.columns if _plain(name) == wanted), "")


def number_columns(grid: Grid, others: Iterable[str]) -> list[str]:
    """Columns that hold numbers, but for `others`."""
    skip = set(others)
    return [name for name in grid.columns if name not in skip and _all_numbers(grid.rows[name])]


def decimal_of(grid: Grid, columns: Sequence[str]) -> str:
    """ "." or ",", as the numbers of these columns prove. SourceError with the row where they contradict each other, or prove nothing."""
    seen: dict[str, tuple[str, int]] = {}
    unsure = ("", 0)
    for name in columns:
        for cell, row in zip(grid.rows[name], grid.rows["row"], strict=True):
            sign = _proves(cell)
            if sign in (".", ","):
                seen.setdefault(sign, (cell.strip(), int(row)))
            elif sign:
                unsure = unsure if unsure[0] else (cell.strip(), int(row))
    if len(seen) == 2:
        (a, at), (b, too) = seen["."], seen[","]
        raise SourceError(grid.path.name, f"row {at} has {a!r} and row {too} has {b!r}: is the decimal sign a point or a comma?", "say it with --decimal")
    if seen:
        return next(iter(seen))
    if unsure[0] and grid.delimiter != ",":
        raise SourceError(grid.path.name, f"row {unsure[1]}: {unsure[0]!r} can be read in two ways", "say the decimal sign with --decimal . or --decimal ,")
    return "."


def times_of(grid: Grid, column: str, dates: str, zone: str) -> pd.Series:
    """A column as naive UTC instants (dates stay dates). SourceError with the row for what cannot be read, or can be in two ways."""
    text = grid.rows[column].str.strip()
    form = dates or _form(grid, column, text)
    if form not in DATES:
        raise SourceError(grid.path.name, f"dates {form!r} is not known", f"use one of {', '.join(DATES)}")
    if form in EPOCHS:
        return Sheet(grid.path, grid.rows.assign(**{column: text})).epoch(column, form)
    stamps = [_stamp(cell, form) for cell in text]
    if bad := [n for n, stamp in enumerate(stamps) if stamp is None]:
        raise SourceError(grid.path.name, f"row {grid.rows['row'].iloc[bad[0]]}: {text.iloc[bad[0]][:40]!r} is no {form} date", "mend the row, or say --dates")
    series = pd.Series(stamps, index=text.index)
    whole = all(stamp == stamp.normalize() and stamp.tzinfo is None for stamp in series)
    utc = [stamp if whole else (stamp if stamp.tzinfo else stamp.tz_localize(zone)).tz_convert("UTC").tz_localize(None) for stamp in series]
    return pd.Series(pd.DatetimeIndex(utc), index=text.index).astype("datetime64[ns]")


def granted(grid: Grid, reading: Options) -> list[str]:
    """What is taken for granted of a file, since neither it nor `reading` (time and map included) says so; one line each, with the option that does."""
    text = grid.rows[str(reading["time"])].str.strip()
    form = str(reading.get("dates") or _form(grid, str(reading["time"]), text))
    first, said, out = text.iloc[0], bool(reading.get("dates")), []
    if form in EPOCHS:
        at = Sheet(grid.path, grid.rows.assign(at=text)).epoch("at", form).iloc[0]
        out += [] if said else [f"numbers as times are epochs in {form}: {first} is {at:%Y-%m-%d %H:%M} UTC (--dates)"]
    else:
        stamps = [stamp for cell in text if (stamp := _stamp(cell, form)) is not None]
        if form == "excel" and not said:
            out.append(f"numbers as times are Excel's days: {first} is {stamps[0]:%Y-%m-%d %H:%M} (--dates)".replace(" 00:00", ""))
        if not re.search(r"\d{4}", first) and form in ("mdy", "dmy", "words"):
            out.append(f"years of two digits: {first} is {stamps[0]:%Y-%m-%d}")
        if not reading.get("zone") and any(stamp != stamp.normalize() and stamp.tzinfo is None for stamp in stamps):
            out.append(f"times without a zone are UTC, such as {first} (--zone)")
    cells = [cell.strip() for column in dict(reading["map"]).values() for cell in grid.rows[column]]
    if not reading.get("decimal") and not any(_proves(cell) in (".", ",") for cell in cells) and (odd := [cell for cell in cells if "." in cell]):
        out.append(f"the point is the decimal sign: {odd[0]} is {number(odd[0], '.'):g} (--decimal)")
    return out


def _decoded(path: Path, encoding: str) -> tuple[str, str]:
    raw = path.read_bytes()
    marks = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
    guess = encoding or next((name for mark, name in marks if raw.startswith(mark)), "")
    if not guess and raw[:4000].count(0) > len(raw[:4000]) // 4:
        guess = "utf-16-le" if raw[1:2] == b"\0" else "utf-16-be"
    try:
        if guess:
            return raw.decode(guess), guess
        return raw.decode("utf-8"), "utf-8"
    except (UnicodeDecodeError, LookupError):
        if guess:
            raise SourceError(path.name, f"is not {guess}", "say its --encoding") from None
    best = from_bytes(raw, cp_isolation=["cp1252", "latin_1"]).best()
    if best is None or b"\0" in raw:
        raise SourceError(path.name, "is no text in an encoding that can be told", "say its --encoding, or export it as csv")
    return raw.decode("cp1252", errors="replace") if best.encoding == "cp1252" else str(best), best.encoding


def _delimiter(text: str, path: Path) -> str:
    counts = {sign: Counter(len(cells) for _, cells in _lines(text[:200_000], sign)) for sign in (",", ";", "\t", "|")}
    scored = {sign: max(((n, width) for width, n in count.items() if width > 1), default=(0, 0)) for sign, count in counts.items()}
    best = max(scored.values())
    fit = [sign for sign, score in scored.items() if score[0] and score[0] >= 0.8 * best[0]]
    if len(fit) == 1:
        return fit[0]
    unclear = SourceError(path.name, "how its columns are separated cannot be told", "say it with --delimiter")
    try:
        found = clevercsv.Sniffer().sniff("\n".join(text.splitlines()[:200]), delimiters=[",", ";", "\t", "|"])
    except (clevercsv.Error, IndexError):
        raise unclear from None
    if not found or found.delimiter not in fit:
        raise unclear
    return str(found.delimiter)


def _lines(text: str, delimiter: str) -> list[tuple[int, list[str]]]:
    """Rows of cells with the line each begins on; empty lines are passed over."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, skipinitialspace=True)
    out, begin = [], 1
    for cells in reader:
        if any(cell.strip() for cell in cells):
            out.append((begin, cells))
        begin = reader.line_num + 1
    return out


def _is_header(cells: Sequence[str]) -> bool:
    named = [cell for cell in cells if cell.strip()]
    return len(named) >= max(2, len(cells) - 1) and not any(_proves(cell) is not None or _dated(cell) for cell in named)


def _like_data(cells: Sequence[str], width: int) -> bool:
    """Whether a line is of the table: as wide, and its first cell is no word such as Total."""
    first = cells[0].strip() if cells else ""
    return len(cells) >= width - 1 and bool(first) and not _AFTER.match(first)


def _plain(name: str) -> str:
    return re.sub(r"\W+", "_", name.strip().lower()).strip("_")


def own_name(column: str) -> str:
    """A field's name made of a column's."""
    name = _plain(re.sub(r"[%$€£]", "", column))
    name = {"last": "close", "price": "close", "settle": "close", "vol": "volume", "adj_close": "close_adjusted"}.get(name, name)
    return name if name.isidentifier() else f"field_{name}"


def _cell(cell: str) -> str:
    return _CURRENCY.sub("", cell.strip().translate(_SPACES)).strip()


def _proves(cell: str) -> str | None:
    """What a number says of the decimal sign: "." or ",", "?" where it may be either, "" where it says nothing; None for what is no number."""
    text = _cell(cell).replace("( ", "(")
    match = _NUMBER.fullmatch(text.replace("- ", "-"))
    if not match or (match["unit"] or "").lower() not in {"%", *_FACTOR} or bool(match["open"]) != bool(match["close"]):
        return None
    digits = match["digits"].strip()
    signs = [sign for sign in digits if sign in ".,"]
    if not signs:
        return ""
    if len(set(signs)) == 2:
        return signs[-1]
    if len(signs) > 1:
        return "," if signs[0] == "." else "."
    before, _, after = digits.partition(signs[0])
    whole = before.replace(" ", "").replace("'", "")
    if len(after) == 3 and whole.isdigit() and len(whole) <= 3 and not whole.startswith("0") and not match["power"]:
        return "?" if signs[0] == "," else ""  # 1.234 is a decimal point unless other cells say otherwise
    return signs[0]


def number(cell: str, decimal: str) -> float:
    """A cell as a number (percent signs left as percent), NaN where it is none."""
    text = _cell(cell).replace("- ", "-").replace("( ", "(")
    match = _NUMBER.fullmatch(text)
    if not match or bool(match["open"]) != bool(match["close"]):
        return np.nan
    unit = (match["unit"] or "").lower()
    if unit not in {"%", *_FACTOR}:
        return np.nan
    whole, _, part = match["digits"].strip().partition(decimal)
    thousands = "." if decimal == "," else ","
    if thousands in part or decimal in part or not re.fullmatch(rf"\d*|\d{{1,3}}(([{re.escape(thousands)}' _])\d{{3}})(\2\d{{3}})*", whole):
        return np.nan
    plain = re.sub(r"\D", "", whole)
    value = float(f"{plain or 0}.{part.strip() or 0}{match['power'] or ''}") * (1.0 if unit == "%" else _FACTOR[unit])
    return -value if match["open"] or match["sign"] == "-" or match["after"] else value


def _numbers(sheet: Sheet, field: str, column: str, decimal: str) -> pd.Series:
    text = sheet.frame[column].str.strip()
    values = pd.Series([number(cell, decimal) for cell in text], index=text.index, dtype="float64")
    bad = values.isna() & ~text.isin(EMPTY) | (values.abs() == np.inf)
    for cell, row in zip(text[bad], sheet.frame["row"][bad], strict=True):
        sheet.findings.append(Anomaly("unreadable", f"{cell[:40]!r} is not readable", sheet.path.name, int(row), field=column))
    percent = text.str.contains("%", regex=False)
    if percent.any() and field in FIELDS and FIELDS[field].units.startswith("fraction"):
        values = values.where(~percent, values / 100.0)
    return values


def _all_numbers(cells: pd.Series) -> bool:
    filled = [cell for cell in cells.str.strip() if cell not in EMPTY]
    good = sum(_proves(cell) is not None for cell in filled)
    return bool(filled) and good >= 0.8 * len(filled)


def _dated(cell: str) -> bool:
    return any(_stamp(cell.strip(), form) is not None for form in ("iso", "mdy", "dmy", "words"))


def _looks_dated(cells: pd.Series) -> bool:
    return all(_dated(cell) for cell in cells.head(50))


def _form(grid: Grid, column: str, text: pd.Series) -> str:
    """How a column writes its dates; SourceError where it can be read in two ways."""
    for form in ("iso", "words"):
        if all(_stamp(cell, form) is not None for cell in text):
            return form
    if text.str.fullmatch(r"\d+(\.0*)?|\d+\.\d+").all():
        numbers = text.astype(float)
        units = {"excel": (15_000, 80_000), "s": (1e8, 5e9), "ms": (1e11, 5e12), "us": (1e14, 5e15), "ns": (1e17, 5e18)}
        found = next((name for name, (low, high) in units.items() if numbers.between(low, high).all()), "")
        if found:
            return found
    both = {form: [_stamp(cell, form) for cell in text] for form in ("mdy", "dmy")}
    fit = [form for form, stamps in both.items() if all(stamp is not None for stamp in stamps)]
    if len(fit) == 1:
        return fit[0]
    if len(fit) == 2:
        at = next((n for n, (a, b) in enumerate(zip(both["mdy"], both["dmy"], strict=True)) if a != b), None)
        if at is None:
            return "mdy"  # 01/01 and 02/02: the same either way
        cell, row = text.iloc[at], grid.rows["row"].iloc[at]
        raise SourceError(grid.path.name, f"row {row}: {cell!r} can be month first or day first", "say it with --dates mdy or --dates dmy")
    mixed = [n for n in range(len(text)) if not _dated(text.iloc[n])]
    at = mixed[0] if mixed else next(n for n, stamp in enumerate(both["mdy"]) if stamp is None)
    raise SourceError(grid.path.name, f"row {grid.rows['row'].iloc[at]}: {text.iloc[at][:40]!r} is no date like the others", "mend the row, or say --dates")


def _stamp(cell: str, form: str) -> pd.Timestamp | None:
    day, _, clock = cell.strip().replace("T", " ", 1).partition(" ") if form != "words" else (cell.strip(), "", "")
    try:
        if form == "excel":
            return pd.Timestamp("1899-12-30") + pd.Timedelta(seconds=round(float(cell) * 86400))
        if form == "iso":
            if not re.fullmatch(r"\d{4}([-/.])\d{1,2}\1\d{1,2}|(19|20)\d{6}", day):
                return None
            return pd.Timestamp(f"{_iso(day)} {clock}".strip())
        if form == "words":
            return _worded(cell)
        match = re.fullmatch(r"(\d{1,2})([/.-])(\d{1,2})\2(\d{4}|\d{2})", day)
        if not match:
            return None
        first, second, year = int(match[1]), int(match[3]), int(match[4])
        year += 0 if year > 99 else 2000 if year < 70 else 1900
        month, date = (first, second) if form == "mdy" else (second, first)
        return pd.Timestamp(f"{year:04d}-{month:02d}-{date:02d} {clock}".strip())
    except (ValueError, OverflowError):
        return None


def _iso(day: str) -> str:
    return f"{day[:4]}-{day[4:6]}-{day[6:]}" if day.isdigit() else "-".join(part.zfill(2) for part in re.split(r"[-/.]", day))


def _worded(cell: str) -> pd.Timestamp | None:
    words = re.findall(r"[A-Za-z]+|\d+", cell)
    months = [n for n, word in enumerate(words) if word[:3].lower() in _MONTHS and word.isalpha()]
    numbers = [int(word) for word in words if word.isdigit()]
    extra = [word for n, word in enumerate(words) if word.isalpha() and n not in months and word[:3].lower() not in _DAYS]
    if len(months) != 1 or len(numbers) != 2 or [word for word in extra if word.lower() not in ("st", "nd", "rd", "th")]:
        return None
    year, day = (numbers[0], numbers[1]) if numbers[0] > 31 else (numbers[1], numbers[0])
    year += 0 if year > 99 else 2000 if year < 70 else 1900
    return pd.Timestamp(year, _MONTHS[words[months[0]][:3].lower()], day)
