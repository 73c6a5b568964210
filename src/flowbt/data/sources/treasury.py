"""US Treasury auction results: `auction_date,security_type,security_term,...,bid_to_cover_ratio,high_yield,...[,tail_bp]`.

Symbols are the term at first issue: a reopening of `9-Year 10-Month` is the 10-Year. Inflation-protected and floating-rate issues are
`10-Year TIPS`, `2-Year FRN`; where the file has no column that says so they are told apart by maturity and issue dates (nominal 5- to
30-year issues mature in February, May, August or November). Rows without a result are announcements and left out.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from flowbt.data.sources.base import Options, RawTable, Sheet, read_sheet
from flowbt.data.sources.request import Download, Wanted

OPTIONS: tuple[str, ...] = ()
URL = (
    "https://api.fiscaldata.treasury.gov/services/api/fiscal_service/v1/accounting/od/auctions_query"
    "?filter=auction_date:gte:{year}-01-01,auction_date:lte:{year}-12-31&sort=auction_date&page[size]=2000"
)
TERMS = (2, 3, 5, 7, 10, 20, 30)


def parse(path: Path, options: Options) -> RawTable:
    """Fields bid_to_cover (ratio) and, where the file has it, auction_tail_bp (high yield less the average or median yield, bp)."""
    sheet = read_sheet(path).require("auction_date", "security_type", "security_term", "bid_to_cover_ratio", "high_yield", "issue_date", "maturity_date")
    fields = {"bid_to_cover": sheet.numbers("bid_to_cover_ratio")}
    if "tail_bp" in sheet.frame.columns:
        fields["auction_tail_bp"] = sheet.numbers("tail_bp")
    elif "avg_med_yield" in sheet.frame.columns:
        fields["auction_tail_bp"] = (sheet.numbers("high_yield") - sheet.numbers("avg_med_yield")) * 100
    return sheet.long(sheet.times("auction_date"), symbols(sheet), fields)


def requests(wanted: Wanted) -> list[Download]:
    """Years of auctions."""
    first, last = wanted.days()
    return [Download(URL.format(year=year), f"auctions-{year}.json") for year in range(first.year, last.year + 1)]


def symbols(sheet: Sheet) -> pd.Series:
    """The symbol of each row, by the rules of this page."""
    frame = sheet.frame
    term = frame["security_term"].astype("str").str.strip().map(first_term)
    issue, maturity = sheet.times("issue_date"), sheet.times("maturity_date")
    note = frame["security_type"].astype("str").isin(["Note", "Bond", "TIPS"])
    if "inflation_index_security" in frame.columns:
        tips = frame["inflation_index_security"] == "Yes"
        floating = frame["floating_rate"] == "Yes" if "floating_rate" in frame.columns else pd.Series(False, index=frame.index)
    else:
        quarterly = maturity.dt.month.isin([2, 5, 8, 11]) | ((term == "5-Year") & (maturity.dt.day != 15))
        tips = note & term.isin(["5-Year", "10-Year", "20-Year", "30-Year"]) & ~quarterly
        tips |= note & (term == "30-Year") & (issue.dt.day >= 23) & (issue.dt.year >= 2010)
        tips &= issue.dt.year >= 1997
        floating = note & (term == "2-Year") & sheet.numbers("high_yield").isna() & sheet.numbers("bid_to_cover_ratio").notna() & (issue.dt.year >= 2014)
    return (term + " TIPS").where(tips, (term + " FRN").where(floating, term))


def first_term(term: str) -> str:
    """`9-Year 10-Month` as `10-Year`; a term that is no reopening of a standard issue stays as it is."""
    parts = term.split()
    if len(parts) != 2 or not parts[0].endswith("-Year") or not parts[1].endswith("-Month"):
        return term
    months = int(parts[0].split("-")[0]) * 12 + int(parts[1].split("-")[0])
    return next((f"{years}-Year" for years in TERMS if 0 <= years * 12 - months <= 9 or months - years * 12 == 2 < years), term)
