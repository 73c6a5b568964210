"""Cboe put/call ratios: the archive files, a joined history, and a scrape of the daily page. Cboe exchange volume only.

Archive: a disclaimer line, a product line `, PRODUCT: TOTAL,,EXCHANGE: Cboe,`, then `DATE,CALLS,PUTS,TOTAL,P/C Ratio`; also met with
a cleaned header. Joined: `date,equity_pc_ratio,total_pc_ratio,index_pc_ratio`. Scrape: `Fecha,TOTAL_PUT_CALL_RATIO,...`, in which
cells lost digits (1.11 became 11.0, 1.10 became 1.0, 1.22 became 4.22): those values are rejected, each one listed. Daily statistics since 2019-10-07:
a JSON file a session, named by it, with `{"ratios": [{"name": "EQUITY PUT/CALL RATIO", "value": "0.63"}, ...]}`.
"""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd

from flowbt.data.sources.base import Options, RawTable, Sheet, first_lines, read_sheet
from flowbt.data.sources.cboe_index import dates
from flowbt.data.sources.request import Download, Wanted
from flowbt.ground.clock import Clock
from flowbt.ground.errors import SourceError
from flowbt.ground.fields import US
from flowbt.ground.files import read_text

OPTIONS = ("product",)
PULLED_BY = ("files",)  # options of a download
DAILY = "https://cdn.cboe.com/data/us/options/market_statistics/daily/{day}_daily_options"
URL = "https://cdn.cboe.com/resources/options/volume_and_call_put_ratios/{product}pc.csv"
KINDS = ("equity", "total", "index")
LOST_DIGITS = (11.0, 4.22, 1.0)


def parse(path: Path, options: Options) -> RawTable:
    """Fields put_call_equity, put_call_total, put_call_index of the symbol US. Option product: which one an archive file without a product line has."""
    if path.name.endswith(".json"):
        return _daily(path)
    lines = first_lines(path)
    header = next((n for n, line in enumerate(lines) if line.lower().startswith(("date,", "fecha,"))), None)
    if header is None:
        raise SourceError(path.name, f"no header with a date among its first lines ({lines[0][:40]!r})", "check that it is a Cboe put/call file")
    sheet = read_sheet(path, skip=header)
    if "equity_pc_ratio" in sheet.frame.columns:
        return _joined(sheet)
    if "TOTAL_PUT_CALL_RATIO" in sheet.frame.columns:
        return _scrape(sheet)
    return _archive(sheet, _product(lines[:header], options, path))


def requests(wanted: Wanted) -> list[Download]:
    """The archives (to 2019-10-04) of the symbols total, equity and index, or of those named; with the option files=daily the statistics of each session."""
    if wanted.options.get("files") == "daily":
        days = [f"{day:%Y-%m-%d}" for day in Clock().labels(*wanted.days())]
        return [Download(DAILY.format(day=day), f"{day}_daily_options.json", fixed=True, maybe=True) for day in days]
    return [Download(URL.format(product=kind), f"{kind}pc.csv", fixed=True) for kind in wanted.symbols or KINDS]


def _daily(path: Path) -> RawTable:
    """The ratios of one session; a ratio that is not there is missing."""
    try:
        day = pd.Timestamp(path.name[:10])
        rows = json.loads(read_text(path, "utf-8-sig"))["ratios"]
        ratios = {str(row["name"]).strip().upper(): str(row["value"]) for row in rows}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise SourceError(path.name, f"not the daily statistics ({type(error).__name__}: {error})"[:140], "download it again") from None
    values = {f"put_call_{kind}": [ratios.get(f"{kind.upper()} PUT/CALL RATIO", "")] for kind in KINDS}
    sheet = Sheet(path, pd.DataFrame(values), pd.Series([1]))
    return sheet.long(pd.Series([day]).astype("datetime64[ns]"), US, {name: sheet.numbers(name) for name in values})


def _joined(sheet: Sheet) -> RawTable:
    sheet.require("date", *(f"{kind}_pc_ratio" for kind in KINDS))
    return sheet.long(sheet.times("date"), US, {f"put_call_{kind}": sheet.numbers(f"{kind}_pc_ratio") for kind in KINDS})


def _scrape(sheet: Sheet) -> RawTable:
    sheet.require("Fecha", *(f"{kind.upper()}_PUT_CALL_RATIO" for kind in KINDS))
    fields: dict[str, pd.Series] = {}
    for kind in KINDS:
        column = f"{kind.upper()}_PUT_CALL_RATIO"
        values = sheet.numbers(column)
        lost = values.isin(LOST_DIGITS)
        sheet.note("rejected", "a value the scrape is known to write when it lost digits", lost, f"put_call_{kind}")
        fields[f"put_call_{kind}"] = values.mask(lost)
    return sheet.long(sheet.times("Fecha"), US, fields)


def _archive(sheet: Sheet, kind: str) -> RawTable:
    names = {str(name).strip().upper(): str(name) for name in sheet.frame.columns}
    puts, calls, total = (names.get(name) or names.get(name.rstrip("S"), name) for name in ("PUTS", "CALLS", "TOTAL"))
    ratio = names.get("P/C RATIO") or names.get("RATIO", "P/C Ratio")
    sheet.require(names.get("DATE", "DATE"), puts, calls, total, ratio)
    values, p, c = sheet.numbers(ratio), sheet.numbers(puts), sheet.numbers(calls)
    sheet.note("arithmetic", "the ratio is not puts over calls", (p / c - values).abs() > 0.006, f"put_call_{kind}")
    sheet.note("arithmetic", "the total is not puts plus calls", (p + c - sheet.numbers(total)).abs() > 0.5, f"put_call_{kind}")
    return sheet.long(dates(sheet, names["DATE"]), US, {f"put_call_{kind}": values})


def _product(preamble: list[str], options: Options, path: Path) -> str:
    for kind in KINDS:
        if any(f"PRODUCT: {kind.upper()}" in line.upper() for line in preamble) or options.get("product") == kind:
            return kind
    raise SourceError(path.name, "the file does not say which product it is", "give product = total, equity or index")
