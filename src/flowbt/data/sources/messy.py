"""Text tables as people have them: any dialect, encoding, way of writing numbers and dates. What can be read in two ways is refused, never guessed.

The table is found by `textgrid`, its numbers are read by `numerals` and its dates by `moments`, a column at a time.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from flowbt.data.sources.base import Anomaly, Options, RawTable, Sheet, known_options, symbol_of
from flowbt.data.sources.given import factors_of, pairs_of
from flowbt.data.sources.moments import DATES, EPOCHS, Moments, forms_of, is_dated, read_moments
from flowbt.data.sources.numerals import CURRENCY, EMPTY, Numerals, are_numbers, cleaned, number, proofs, read_numbers
from flowbt.data.sources.textgrid import Grid, read_grid
from flowbt.ground.errors import SourceError
from flowbt.ground.fields import FIELDS

OPTIONS = ("time", "map", "wide", "symbol", "symbol_column", "upper", "dates", "decimal", "dash", "scale", "zone", "delimiter", "encoding", "header")
TIMES = ("date", "datetime", "timestamp", "time", "day", "datum", "trade_date", "tradedate", "asof", "as_of", "period")
CLOCKS = ("time", "hour", "uhrzeit", "zeit", "time_of_day")
SYMBOLS = ("symbol", "ticker", "sym", "instrument", "asset", "coin", "underlying", "root")
SAMPLE = 20_000  # cells of a long column that are looked at to tell what it is
_WORDS = {
    "open": ("open_price opening eröffnung eröffnungskurs eroeffnung eröffn", "ouverture apertura abertura öppning"),
    "high": ("high_price hoch höchst höchstkurs tageshoch hoechst", "plus_haut máximo maximo máxima massimo hoog"),
    "low": ("low_price tief tiefst tiefstkurs tagestief", "plus_bas mínimo minimo mínima laag"),
    "close": (
        "last price settle close_price closing schluss schlusskurs zuletzt kurs",
        "clôture cloture dernier cierre último ultimo chiusura fechamento slotkoers",
    ),
    "volume": ("vol volumen volumes volume_traded stück", "volumi"),
    "close_adjusted": ("adj_close adjusted_close close_adj bereinigter_schluss bereinigter_schlusskurs", "cierre_ajustado clôture_ajustée"),
}  # what prices are called in English and its neighbours
_ALIKE = {word: name for name, lists in _WORDS.items() for words in lists for word in words.split()}
_SYMBOL = re.compile(r"[A-Z][A-Z0-9]{0,5}([.:-][A-Z0-9]{1,6})?")
_SCALES = ((r"thousands?|[$€£]?000s?|tsd|k\$|\$k", 1e3), (r"millions?|[$€£]?mn|mio|[$€£]?mm|\$m|m\$", 1e6), (r"billions?|[$€£]?bn|mrd|\$b|b\$", 1e9))


def parse(path: Path, options: Options) -> RawTable:
    """Fields as mapped from a text table. Options: time (a column, or two as Date+Time), map ({field: column}) or wide (one field, its columns symbols),

    symbol or symbol_column, upper (symbols in capitals), dates (one of DATES), decimal ("." or ","), dash ("missing" or "zero"), scale ({field: factor}),
    zone (of times without one; default UTC), delimiter, encoding, header (its line); what is left out is found out, or refused where it has two readings.
    """
    known_options(path.name, options, OPTIONS)
    return table_of(read_grid(path, options), options)


def table_of(grid: Grid, options: Options) -> RawTable:
    """The rows of a grid that was read, by the same options."""
    sheet = Sheet(grid.path, grid.rows, grid.lines)
    wide = str(options.get("wide") or "")
    time, symbols = str(options.get("time") or time_column(grid)), str(options.get("symbol_column") or "")
    mapping = {name: name for name in number_columns(grid, (time,))} if wide else pairs_of(options, "map")
    sheet.require(*([time] if time in grid.columns else time.split("+")), *mapping.values(), *([symbols] if symbols else []))
    times = times_of(grid, time, str(options.get("dates") or ""), str(options.get("zone") or "UTC"))
    columns = list(mapping.values())
    decimal = str(options.get("decimal") or decimal_of(grid, columns))
    factors = factors_of(options, "scale")
    fields = {}
    for field, column in mapping.items():
        numbers = _numbers(sheet, grid, wide or field, column, decimal, str(options.get("dash") or ""))
        fields[field] = numbers * factors.get(wide or field, 1.0)
    upper = str(options.get("upper", "")).lower() in ("1", "true", "yes")
    if wide:
        return _by_symbol(sheet, times, fields, wide, upper)
    return sheet.long(times, _symbols(grid, symbols, upper) if symbols else symbol_of(options, grid.path), fields)


def time_column(grid: Grid) -> str:
    """The column of times, by its name or because it is the only one that holds dates. SourceError where a second one tells the time of day."""
    named = [name for wanted in TIMES for name in grid.columns if _plain(name) == wanted]
    found = named or [name for name in grid.columns if _looks_dated(grid, name)]
    dated = [name for name in found if _looks_dated(grid, name)] or found
    if not named and len(found) != 1:
        raise SourceError(grid.path.name, f"which column is the time? ({', '.join(grid.columns[:8])})", "say it with --time")
    clocks = [name for name in grid.columns if name != dated[0] and _plain(name) in CLOCKS and _is_clock(grid.rows[name])]
    if clocks and not grid.rows[dated[0]].head(50).str.contains(":").any():
        do = f"say --time '{dated[0]}+{clocks[0]}' for both, or --time '{dated[0]}'"
        raise SourceError(grid.path.name, f"columns {dated[0]!r} and {clocks[0]!r} both tell the time", do)
    return dated[0]


def symbol_column(grid: Grid) -> str:
    """The column of symbols by its name; empty where there is none."""
    return next((name for wanted in SYMBOLS for name in grid.columns if _plain(name) == wanted), "")


def number_columns(grid: Grid, others: Iterable[str]) -> list[str]:
    """Columns that hold numbers, but for `others`, dates, and the unnamed count of rows that exports begin with.

    SourceError, with the row, where a column holds numbers and words: whether it is wanted nobody can tell.
    """
    skip = {part for name in others for part in (name, *name.split("+"))}
    found = []
    for name in grid.columns:
        if name in skip or _looks_dated(grid, name) or _counts_rows(grid, name):
            continue
        cells = _sample(grid.cells(name))
        filled = ~_blank(cells)
        good = are_numbers(cells) & filled
        share = good.sum() / max(filled.sum(), 1)
        if 0.3 < share < 0.8:
            at = int(np.flatnonzero(filled & ~good)[0]) * max(1, len(grid.rows) // SAMPLE)
            there = f"column {name!r} row {grid.row_of(at)}: {grid.rows[name].iloc[at][:40]!r} is no number, and {share:.0%} of the column are"
            raise SourceError(grid.path.name, there, "mend the column, or say which ones are wanted with --map FIELD=COLUMN")
        if share >= 0.8:
            found.append(name)
    return found


def by_name(columns: Sequence[str], grid: Grid) -> dict[str, str]:
    """A field's name for each column. SourceError where two columns would have the same."""
    out: dict[str, str] = {}
    for column in columns:
        name = own_name(column)
        if name in out:
            raise SourceError(
                grid.path.name, f"columns {out[name]!r} and {column!r} would both be {name}", f"say which, for example --map '{name}={out[name]}'"
            )
        out[name] = column
    return out


def are_symbols(columns: Sequence[str]) -> bool:
    """Whether column names look like the symbols of one field: two or more of capitals, none of them a field's name."""
    return len(columns) > 1 and all(_SYMBOL.fullmatch(name) and own_name(name) not in FIELDS for name in columns)


def perhaps_symbols(grid: Grid) -> tuple[str, str]:
    """A column whose words may be symbols, and the first of them; two empty texts where there is none."""
    for name in grid.columns:
        words = [word for word in _sample(grid.cells(name)).unique().to_pylist() if word]
        if words and all(_SYMBOL.fullmatch(word) for word in words):
            return name, words[0]
    return "", ""


def decimal_of(grid: Grid, columns: Sequence[str]) -> str:
    """ "." or ",", as the numbers of these columns prove. SourceError with the row where they contradict each other, or prove nothing."""
    seen: dict[str, tuple[str, int]] = {}
    for name in columns:
        for sign, at in proofs(grid.cells(name)):
            seen.setdefault(sign, (grid.rows[name].iloc[at], grid.row_of(at)))
    if "." in seen and "," in seen:
        (a, at), (b, too) = seen["."], seen[","]
        raise SourceError(grid.path.name, f"row {at} has {a!r} and row {too} has {b!r}: is the decimal sign a point or a comma?", "say it with --decimal")
    if "." in seen or "," in seen:
        return "." if "." in seen else ","
    if grid.delimiter != "," and seen:
        cell, row = next(iter(seen.values()))
        raise SourceError(grid.path.name, f"row {row}: {cell!r} can be read in two ways", "say the decimal sign with --decimal . or --decimal ,")
    return "."


def times_of(grid: Grid, column: str, dates: str, zone: str) -> pd.Series:
    """A column as naive UTC instants (dates stay dates). SourceError with the row for what cannot be read, or can be in two ways."""
    text = _time_text(grid, column)
    form = dates or _form(grid, text)
    if form not in DATES:
        raise SourceError(grid.path.name, f"dates {form!r} is not known", f"use one of {', '.join(DATES)}")
    read = read_moments(text, form)
    if not read.good.all():
        at = int(np.flatnonzero(~read.good)[0])
        raise SourceError(grid.path.name, f"row {grid.row_of(at)}: {text[at].as_py()[:40]!r} is no {form} date", "mend the row, or say --dates")
    if not read.timed.any():
        return pd.Series(read.local.view("datetime64[ns]"), index=grid.rows.index)
    if read.aware.any() and not read.aware.all():
        at = int(np.flatnonzero(~read.aware)[0])
        raise SourceError(grid.path.name, f"row {grid.row_of(at)}: {text[at].as_py()[:40]!r} has no zone where others have one", "mend the row")
    if read.aware.all():
        return pd.Series((read.local - read.zone).view("datetime64[ns]"), index=grid.rows.index)
    return pd.Series(_localised(grid, read, zone), index=grid.rows.index)


def proved(grid: Grid, reading: Options) -> dict[str, str]:
    """What a file itself proves of its order of day and month and of its decimal sign, so that a later file need not prove it again."""
    form = "" if reading.get("dates") else _form(grid, _time_text(grid, str(reading["time"])))
    columns = list(pairs_of(reading, "map").values()) or number_columns(grid, (str(reading["time"]),))
    signs = [] if reading.get("decimal") else [sign for name in columns for sign, _ in proofs(grid.cells(name)) if sign in (".", ",")]
    return ({"dates": form} if form in ("mdy", "dmy", "ymd") else {}) | ({"decimal": signs[0]} if len(set(signs)) == 1 else {})


def unused(grid: Grid, reading: Options) -> list[str]:
    """Columns that nothing is made of."""
    taken = {*pairs_of(reading, "map").values(), str(reading.get("symbol_column", "")), str(reading["time"]), *str(reading["time"]).split("+")}
    wide = number_columns(grid, (str(reading["time"]),)) if reading.get("wide") else ()
    return [name for name in grid.columns if name not in taken and name not in wide]


def granted(grid: Grid, reading: Options) -> list[str]:
    """What is taken for granted of a file, since neither it nor `reading` (time and map included) says so; one line each, with the option that does."""
    text = _time_text(grid, str(reading["time"]))
    form = str(reading.get("dates") or _form(grid, text))
    read, first, said, out = read_moments(text, form), text[0].as_py(), bool(reading.get("dates")), []
    day = f"{pd.Timestamp(int(read.local[0])):%Y-%m-%d %H:%M}"
    if form in EPOCHS and not said:
        out.append(f"numbers as times are epochs in {form}: {first} is {day} UTC (--dates)")
    elif form == "excel" and not said:
        out.append(f"numbers as times are Excel's days: {first} is {day.removesuffix(' 00:00')} (--dates)")
    elif not re.search(r"\d{4}", first):
        out.append(f"years of two digits: {first} is {day[:10]}")
    if not read.timed.any() and (ahead := np.flatnonzero(read.zone != 0)).size:
        out.append(f"midnights of their own zone are days, such as {text[int(ahead[0])].as_py()}")
    if not reading.get("zone") and read.timed.any() and not read.aware.any():
        out.append(f"times without a zone are UTC, such as {first} (--zone)")
    columns = list(pairs_of(reading, "map").values()) or number_columns(grid, (str(reading["time"]),))
    seen = {sign: grid.rows[name].iloc[at] for name in columns for sign, at in proofs(grid.cells(name))}
    if not reading.get("decimal") and not {".", ","} & seen.keys():
        for sign, what in (("?.", "the point is the decimal sign"), ("?,", "the comma separates thousands")):
            out += [f"{what}: {seen[sign]} is {number(seen[sign], '.'):g} (--decimal)"] if sign in seen else []
    if not reading.get("dash") and any(read_numbers(grid.cells(name), ".").dashed.any() for name in columns):
        out.append("a dash is a missing value (--dash zero)")
    out += [
        f"{field} is taken as written, though its column {column!r} says {_scaled(column):g} (--scale {field}=...)" for field, column, _ in _scales(reading)
    ]
    return out


def scale_questions(reading: Options) -> list[tuple[str, str, float]]:
    """Known fields whose column says a unit of its own: field, column and the factor it speaks of."""
    return [one for one in _scales(reading) if one[0] in FIELDS]


def own_name(column: str) -> str:
    """A field's name made of a column's."""
    name = _plain(re.sub(r"[%$€£]", "", column))
    name = _ALIKE.get(name, name)
    return name if name.isidentifier() else f"field_{name}"


def _scales(reading: Options) -> list[tuple[str, str, float]]:
    given = pairs_of(reading, "scale")
    mapping = pairs_of(reading, "map")
    found = [(field, column, _scaled(column)) for field, column in mapping.items() if field not in given]
    percent = [
        (field, column, 0.01) for field, column in mapping.items() if field not in given and _percent_field(field) and re.search(r"%|\bpct\b|percent", column)
    ]
    return [one for one in found if one[2] != 1.0] + percent


def _scaled(column: str) -> float:
    """The factor a column's name speaks of, in brackets or after a comma or `in`: "Net ($mn)" is 1e6; 1 where it says none."""
    said = re.findall(r"[(\[]([^)\]]*)[)\]]|(?:,|\bin)\s+(.*)$", column.lower())
    words = " ".join(part for pair in said for part in pair)
    return next((factor for pattern, factor in _SCALES if re.search(rf"(?<![\w$])(?:{pattern})(?![\w$])", words.replace("'", ""))), 1.0)


def _percent_field(field: str) -> bool:
    return field in FIELDS and FIELDS[field].units.startswith("fraction")


def _plain(name: str) -> str:
    return re.sub(r"\W+", "_", name.strip().lower()).strip("_")


def _sample(cells: pa.Array) -> pa.Array:
    """Some cells of a long column, evenly spaced."""
    return cells.take(pa.array(np.arange(0, len(cells), max(1, len(cells) // SAMPLE))))


def _blank(cells: pa.Array) -> np.ndarray:
    return np.asarray(pc.is_in(pc.utf8_lower(cleaned(cells)), pa.array(sorted(EMPTY), type=cells.type)).to_numpy(zero_copy_only=False), dtype=bool)


def _numbers(sheet: Sheet, grid: Grid, field: str, column: str, decimal: str, dash: str) -> pd.Series:
    """A column as float64; percent signs divide by 100 where the field is a fraction. What is unreadable is a finding."""
    cells = grid.cells(column)
    read = read_numbers(cells, decimal)
    _one_unit(grid, column, cells, read)
    if read.dashed.any() and not dash and any(re.search(rf"{CURRENCY}|\(", unit) for unit in read.units):
        row = grid.row_of(int(np.flatnonzero(read.dashed)[0]))
        raise SourceError(
            grid.path.name, f"column {column!r} row {row}: a dash can be zero (as accountants write it) or missing", "say --dash zero or --dash missing"
        )
    values = np.where(read.dashed, 0.0, read.values) if dash == "zero" else read.values
    for at in np.flatnonzero(read.bad):
        sheet.findings.append(Anomaly("unreadable", f"{cells[int(at)].as_py()[:40]!r} is not readable", sheet.path.name, grid.row_of(int(at)), field=column))
    if read.percent.any() and _percent_field(field):
        values = np.where(read.percent, values / 100.0, values)
    return pd.Series(values, index=grid.rows.index)


def _one_unit(grid: Grid, column: str, cells: pa.Array, read: Numerals) -> None:
    """SourceError where some numbers of a column have a percent sign and others none, or two currencies, or M beside MM."""
    if read.percent.any() and (others := np.flatnonzero(~read.percent & ~np.isnan(read.values) & (read.values != 0.0))).size:
        row, cell = grid.row_of(int(others[0])), cells[int(others[0])].as_py()
        raise SourceError(grid.path.name, f"column {column!r} row {row}: {cell!r} has no percent sign where others have one", "mend the column")
    for signs in ((r"\$|USD", "€|EUR", "£|GBP", "¥|JPY", "CHF"), (r"(?<!M)M$", "MM$")):
        first = [min(hits) for sign in signs if (hits := [at for unit, at in read.units.items() if re.search(sign, unit.rstrip(")"))])]
        if len(first) > 1:
            a, b = (cells[at].as_py() for at in first[:2])
            raise SourceError(grid.path.name, f"column {column!r} row {grid.row_of(max(first[:2]))}: {a!r} and {b!r} are in different units", "mend the column")


def _symbols(grid: Grid, column: str, upper: bool) -> pd.Series:
    """A column of symbols. SourceError where two differ in capitals only."""
    symbols = grid.rows[column].str.upper() if upper else grid.rows[column]
    different = pd.Series(symbols.unique())
    if (same := different.str.upper().duplicated()).any():
        again = str(different[same].iloc[0])
        at = int(np.flatnonzero(symbols == again)[0])
        raise SourceError(grid.path.name, f"row {grid.row_of(at)}: {again!r} stands also in other capitals", "say --upper to make them one, or mend the file")
    return symbols


def _by_symbol(sheet: Sheet, times: pd.Series, columns: Mapping[str, pd.Series], field: str, upper: bool) -> RawTable:
    """The table of a wide file: every column a symbol's values of one field."""
    parts = [
        pd.DataFrame({"event_time": times, "symbol": name.upper() if upper else name, "row": sheet.rows, field: values}) for name, values in columns.items()
    ]
    frame = pd.concat(parts, ignore_index=True)
    return RawTable(frame[frame[field].notna()].reset_index(drop=True), tuple(sheet.findings))


def _time_text(grid: Grid, column: str) -> pa.Array:
    """The text of a column of times, or of two put together (`Date+Time`)."""
    if column in grid.columns:
        return pc.utf8_trim_whitespace(grid.cells(column))
    day, clock = (pc.utf8_trim_whitespace(grid.cells(name)) for name in column.split("+", 1))
    return pc.binary_join_element_wise(day, clock, pa.scalar(" ", type=day.type))


def _looks_dated(grid: Grid, column: str) -> bool:
    cells = grid.rows[column].head(50)
    return bool(len(cells)) and all(is_dated(cell) for cell in cells)


def _is_clock(cells: pd.Series) -> bool:
    return bool(cells.head(50).str.fullmatch(r"\d{1,2}:\d\d.*").all())


def _counts_rows(grid: Grid, column: str) -> bool:
    """Whether a column without a name counts the rows."""
    if not re.fullmatch(r"column_\d+|Unnamed: \d+|#|index", column) or not grid.rows[column].str.fullmatch(r"\d{1,15}").all():
        return False
    return bool((grid.rows[column].astype("int64").diff().iloc[1:] == 1).all())


def _form(grid: Grid, text: pa.Array) -> str:
    """How a column writes its dates; SourceError where it can be read in two ways."""
    fit = forms_of(text)
    if len(fit) == 1 or (fit and fit[0] in ("iso", "words")):
        return fit[0]
    if fit:
        read = [read_moments(text, form).local for form in fit]
        differ = np.flatnonzero(np.any([one != read[0] for one in read[1:]], axis=0))
        if not len(differ):
            return fit[0]  # 01/01 and 02/02: the same either way
        at = int(differ[0])
        names = {"mdy": "month first", "dmy": "day first", "ymd": "year first"}
        ways, do = " or ".join(names[form] for form in fit), " or ".join(f"--dates {form}" for form in fit)
        raise SourceError(grid.path.name, f"row {grid.row_of(at)}: {text[at].as_py()!r} can be {ways}", f"say it with {do}")
    best = max((read_moments(text, form).good for form in ("iso", "words", "mdy", "dmy")), key=np.sum)
    at = int(np.flatnonzero(~best)[0])
    raise SourceError(
        grid.path.name,
        f"row {grid.row_of(at)}: {text[at].as_py()[:40]!r} is no date like the others",
        "mend the row (a month or quarter needs its day), or say --dates",
    )


def _localised(grid: Grid, read: Moments, zone: str) -> np.ndarray:
    """Times without a zone as instants in UTC. SourceError with the row for a time that its zone skips or has twice."""
    try:
        times = pd.DatetimeIndex(read.local.view("datetime64[ns]")).tz_localize(zone, ambiguous="NaT", nonexistent="NaT")
    except (KeyError, ValueError, TypeError):
        raise SourceError(grid.path.name, f"zone {zone!r} is not known", "for example --zone America/New_York") from None
    if times.hasnans:
        at = int(np.flatnonzero(times.isna())[0])
        stamp = pd.Timestamp(int(read.local[at]))
        raise SourceError(grid.path.name, f"row {grid.row_of(at)}: {stamp} does not stand once on the clock of {zone}", "give it in UTC, or with its offset")
    return times.tz_convert("UTC").tz_localize(None).to_numpy().astype("datetime64[ns]")
