"""CFTC Commitments of Traders: positions of Tuesday, published on Friday at 15:30 New York.

Layouts: the CFTC's own yearly files (legacy `annual.txt`, TFF `FinFutYY.txt`), its weekly ones, which have the same columns without a header line
(`deafut.txt`, `FinFutWk.txt`, `f_disagg.txt`), the same columns of one contract, and three joined ones
(`date,spec_long,spec_short,...`; `date,ES_OI,ES_HEDGE_L,...`; `date,am_long,am_short,...`).

Which report a file without a header is, its own sums say: the positions of all groups make the reportable total, and with the small traders the open
interest. A file in which they do not, in every row, is refused.

A holiday on the Wednesday, Thursday or Friday delays the report to Monday; shutdowns delayed reports for weeks. The parser gives `known_at`
accordingly, later rather than sooner. https://www.cftc.gov/MarketReports/CommitmentsofTraders/ReleaseSchedule/index.htm
"""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pandas as pd

from flowbt.data.declare import Publication
from flowbt.data.sources.base import Options, RawTable, Sheet, first_lines, read_sheet, symbol_of
from flowbt.data.sources.cboe_index import dates
from flowbt.data.sources.given import pairs_of
from flowbt.data.sources.request import Download, Wanted
from flowbt.ground.clock import Clock
from flowbt.ground.errors import SourceError

URLS = {
    "tff": "https://www.cftc.gov/files/dea/history/fut_fin_txt_{year}.zip",
    "legacy": "https://www.cftc.gov/files/dea/history/deacot{year}.zip",
    "disaggregated": "https://www.cftc.gov/files/dea/history/fut_disagg_txt_{year}.zip",
}
OPTIONS = ("symbol", "contracts")
PULLED_BY = ("report",)  # options of a download
CONSOLIDATED = "+"  # ends the code of a contract put together of all its sizes
DATED = ("report_date_as_yyyy_mm_dd", "report_date_as_mm_dd_yyyy", "as_of_date_in_form_yyyy_mm_dd")
CONTRACTS = {
    "13874A": "SPX", "13874+": "SPX", "209742": "NDX", "20974+": "NDX", "239742": "RUT", "124603": "DJI", "12460+": "DJI", "1170E1": "VIX", "098662": "DXY",
    "042601": "ZT", "044601": "ZF", "043602": "ZN", "020601": "ZB", "133741": "BTC", "088691": "GC", "084691": "SI", "085692": "HG", "067651": "CL",
}  # fmt: skip
FIRST = ("market", "as_of_yymmdd", "report_date_as_yyyy_mm_dd", "cftc_contract_market_code", "market_code", "region_code", "commodity_code", "open_interest")
GROUPS = {  # of a weekly file, in order: each group's positions, which of them are spreads, too
    "tff": ("dealer+", "asset_mgr+", "lev_money+", "other_rept+"),
    "legacy": ("noncommercial+", "commercial"),
    "disaggregated": ("prod_merc", "swap+", "m_money+", "other_rept+"),
}
RENAMED = {"ES": "SPX", "NQ": "NDX", "RTY": "RUT", "VX": "VIX"}
SCHEDULE = Publication(
    rule="weekday",
    weekday=4,
    at="15:30",
    calendar="federal",
    waits=2,  # a holiday from the Wednesday on, days of mourning included
    delayed=(  # shutdowns: first and last day of positions concerned, day by which they were out (2025-26: CFTC release of 2025-11-18, report by report)
        ("2013-10-01", "2013-10-29", "2013-11-08"),
        ("2018-12-24", "2019-02-26", "2019-03-08"),
        ("2025-09-30", "2025-09-30", "2025-11-19"),
        ("2025-10-07", "2025-10-07", "2025-11-21"),
        ("2025-10-14", "2025-10-14", "2025-11-25"),
        ("2025-10-21", "2025-10-21", "2025-12-02"),
        ("2025-10-28", "2025-10-28", "2025-12-05"),
        ("2025-11-04", "2025-11-04", "2025-12-09"),
        ("2025-11-10", "2025-11-11", "2025-12-12"),
        ("2025-11-18", "2025-11-18", "2025-12-16"),
        ("2025-11-25", "2025-11-25", "2025-12-19"),
        ("2025-12-02", "2025-12-02", "2025-12-23"),
        ("2025-12-09", "2025-12-09", "2025-12-30"),
        ("2025-12-16", "2025-12-16", "2026-01-06"),
        ("2025-12-23", "2025-12-23", "2026-01-09"),
        ("2025-12-30", "2025-12-30", "2026-01-13"),
        ("2026-01-06", "2026-01-06", "2026-01-16"),
        ("2026-01-13", "2026-01-13", "2026-01-20"),
    ),
)


def parse(path: Path, options: Options) -> RawTable:
    """Fields cot_spec_net (non-commercial, leveraged or managed money: long less short), cot_open_interest, cot_asset_net, cot_dealer_net.

    Contracts, futures only where the file says so. Options: symbol; contracts (a mapping from contract code to symbol; default the known ones).
    Where several contracts are one symbol, each date has one of them: the consolidated one, else the one with the most open interest.
    """
    sheet = _weekly(path) or read_sheet(path)
    names = set(sheet.renamed(_plain).frame.columns)
    if {"spec_long", "spec_short"} <= names:
        return _dated(sheet, sheet.times("date"), symbol_of(options, path), {"cot_spec_net": _net(sheet, "spec_long", "spec_short")})
    if {"am_long", "am_short"} <= names:
        return _largest(sheet, symbol_of(options, path))
    if any(name in names for name in DATED):
        return _official(sheet.renamed(_plain), options)
    if any(name.endswith("_oi") for name in names):
        return _joined(sheet)
    raise SourceError(path.name, "no positions among its columns", "check that it is a CFTC file")


def _weekly(path: Path) -> Sheet | None:
    """A weekly file, its columns named by the report that its sums say it is; None for a file with a header."""
    if not path.is_file() or path.stat().st_size == 0:
        return None
    cells = next(csv.reader(first_lines(path, 1)), [])
    if len(cells) < 18 or not re.fullmatch(r"\d{4}-\d\d-\d\d", cells[2].strip()) or not cells[7].strip().isdigit():
        return None
    sheet = read_sheet(path, columns=[str(n) for n in range(len(cells))])
    for groups in GROUPS.values():
        names = [*FIRST, *[f"{group.rstrip('+')}_positions_{side}" for group in groups for side in ("long", "short", "spread")[: 3 if "+" in group else 2]]]
        if len(cells) < len(names) + 4:
            continue
        value = {name: sheet.numbers(str(n)) for n, name in enumerate([*names, "total_long", "total_short", "small_long", "small_short"]) if n >= 7}
        sheet.findings.clear()
        sums = {side: sum(value[name] for name in names[8:] if not name.endswith("short" if side == "long" else "long")) for side in ("long", "short")}
        if all((value[f"total_{side}"] == sums[side]).all() and (value["open_interest"] == sums[side] + value[f"small_{side}"]).all() for side in sums):
            return replace(sheet, frame=sheet.frame.rename(columns={str(n): name for n, name in enumerate(names)}))
    raise SourceError(path.name, "has no header, and its columns add up to the open interest of no report", "check that it is a CFTC file")


def requests(wanted: Wanted) -> list[Download]:
    """Yearly files of a report. Option report: tff (default), legacy, disaggregated."""
    report = str(wanted.options.get("report", "tff"))
    if report not in URLS:
        raise SourceError(f"report {report!r}", f"not one of {', '.join(URLS)}", "mend the option report")
    first, last = wanted.days()
    return [Download(URLS[report].format(year=year), f"{report}-{year}.zip") for year in range(first.year, last.year + 1)]


def known_at(tuesdays: pd.DatetimeIndex) -> pd.DatetimeIndex:
    """When the report on each date came out (naive UTC), by SCHEDULE."""
    return SCHEDULE.known_at(tuesdays, Clock())


def _plain(name: object) -> str:
    """A column name as the CFTC's different files have it, made alike: `Report_Date_as_YYYY-MM-DD`, `Open Interest (All)`."""
    text = str(name).lower().replace("-", "_").replace(" ", "_").replace("(", "").replace(")", "")
    return text.removesuffix("_all")


def _net(sheet: Sheet, long: str, short: str) -> pd.Series:
    return sheet.require(long, short).numbers(long) - sheet.numbers(short)


def _dated(sheet: Sheet, times: pd.Series, symbol: str | pd.Series, fields: Mapping[str, pd.Series]) -> RawTable:
    return sheet.long(times, symbol, fields, _known(times))


def _known(times: pd.Series) -> pd.Series:
    return pd.Series(known_at(pd.DatetimeIndex(times.fillna(pd.Timestamp("1990-01-02")))), index=times.index)


def _largest(sheet: Sheet, symbol: str) -> RawTable:
    """A file that mixes contracts without naming them: per date the row with the most contracts, the others reported."""
    size = sheet.numbers("am_long")
    best = size.groupby(sheet.frame["date"]).transform("max") == size
    sheet.note("rejected", "another contract of the same date, smaller", ~best)
    kept = sheet.take(best)
    return _dated(kept, kept.times("date"), symbol, {"cot_asset_net": _net(kept, "am_long", "am_short")})


def _official(sheet: Sheet, options: Options) -> RawTable:
    column, names = "cftc_contract_market_code", sheet.frame.columns
    code = sheet.require(column).frame[column].astype("str").str.strip()
    contracts = pairs_of(options, "contracts") or CONTRACTS
    sheet = sheet.take(code.isin(list(contracts)))
    if not len(sheet.frame):
        raise SourceError(sheet.path.name, f"none of the contracts {', '.join(contracts)}", "name the wanted ones with the option contracts")
    dated = next(name for name in DATED if name in names)
    sheet = _one_contract(sheet, code[sheet.frame.index], dated, "open_interest", contracts)
    times = dates(sheet, dated)
    fields = {"cot_open_interest": sheet.numbers("open_interest")}
    pairs = {
        "cot_spec_net": ("lev_money_positions", "noncommercial_positions", "m_money_positions"),
        "cot_asset_net": ("asset_mgr_positions",),
        "cot_dealer_net": ("dealer_positions",),
    }
    for field, stems in pairs.items():
        stem = next((stem for stem in stems if f"{stem}_long" in names), None)
        if stem:
            fields[field] = _net(sheet, f"{stem}_long", f"{stem}_short")
    return _dated(sheet, times, code[sheet.frame.index].map(contracts), fields)


def _one_contract(sheet: Sheet, code: pd.Series, dated: str, size: str, contracts: Mapping[str, str]) -> Sheet:
    """Per date and symbol the rows of one contract, by the rule of `parse`; the others, and each change of contract, are reported."""
    rows = pd.DataFrame({"code": code, "symbol": code.map(dict(contracts)), "date": sheet.frame[dated].astype("str").str.strip(), "size": sheet.numbers(size)})
    rows["whole"] = rows["code"].str.endswith(CONSOLIDATED)
    first = rows.sort_values(["whole", "size"], ascending=False, kind="stable").drop_duplicates(["date", "symbol"])
    chosen = rows[["date", "symbol"]].merge(first[["date", "symbol", "code"]], how="left", on=["date", "symbol"])["code"].set_axis(rows.index)
    for symbol, counted in chosen[rows["code"] != chosen].groupby(rows["symbol"]):
        others = (rows["symbol"] == symbol) & rows.index.isin(counted.index)
        sheet.note("rejected", f"another contract of {symbol} on this date; {' or '.join(sorted(counted.unique()))} counts", others)
    kept = rows[rows["code"] == chosen].sort_values("date", kind="stable")
    before = kept.groupby("symbol")["code"].shift()
    changed = kept.index[before.notna() & (before != kept["code"])]
    sheet.note("format_break", "from here another contract stands for this symbol", pd.Series(rows.index.isin(changed), index=rows.index))
    return sheet.take(rows["code"] == chosen)


def _joined(sheet: Sheet) -> RawTable:
    times = sheet.times("date")
    known = _known(times)
    parts = []
    for root in [str(name).removesuffix("_OI") for name in sheet.frame.columns if str(name).endswith("_OI")]:
        fields = {"cot_open_interest": sheet.numbers(f"{root}_OI")}
        for field, kinds in (("cot_spec_net", ("HEDGE", "MM")), ("cot_asset_net", ("ASSET",)), ("cot_dealer_net", ("DEALER",))):
            for kind in kinds:
                if f"{root}_{kind}_L" in sheet.frame.columns:
                    fields[field] = _net(sheet, f"{root}_{kind}_L", f"{root}_{kind}_S")
        parts.append(sheet.long(times, RENAMED.get(root, root), fields, known).frame)
    return RawTable(pd.concat(parts, ignore_index=True), tuple(sheet.findings))
