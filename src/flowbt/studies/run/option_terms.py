"""What a run of option structures rests on: the volatility model, the result at both ends of its error, and where the money came from."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from flowbt.engine.book import Book
from flowbt.engine.options.structures import declared
from flowbt.engine.simulate import bars_of
from flowbt.engine.types import Array, Signals
from flowbt.options.model import SmileModel
from flowbt.results.manifest import BandEnd, OptionTermsUsed
from flowbt.studies.run.carry import carry_terms
from flowbt.studies.run.request import Prepared


def option_terms_of(prepared: Prepared, book: Book) -> OptionTermsUsed | None:
    """None for a run without option structures. Walks the run twice more, at the ends of the model's error."""
    decision = prepared.decision
    if not isinstance(decision, Signals) or decision.structure is None:
        return None
    from flowbt.engine.options.run import value_of

    market = prepared.market
    structure = declared(decision.structure, market.clock.always, market.symbols)
    greeks = {} if book.greeks is None else {str(part): float(total) for part, total in book.greeks.sum().items()}
    model = structure.model.skew
    priced = {name: int((book.trades["priced_by"] == name).sum()) for name in ("surface", "model", "both")}
    stored = {name: int(one.there.sum()) for name, one in zip(market.symbols, market.surfaces, strict=False) if one is not None and one.there.any()}
    catalog, clock = prepared.panel.catalog, market.clock
    stated = None not in (structure.model.rate, structure.model.dividend)
    carry = {} if stated else {name: carry_terms(catalog, name, clock, market.index).words for name in market.symbols}
    plain: OptionTermsUsed = {"model": "", "band": [], "greeks": greeks, "priced_by": priced, "surfaces": stored, "carry": carry}
    if not isinstance(model, SmileModel):
        return plain
    band = []
    for shift in (-1.0, 0.0, 1.0):
        value = book.value.to_numpy()
        if shift:
            moved = replace(decision, structure=replace(structure, model=replace(structure.model, skew=model.end(shift))))
            value = value_of(market, bars_of(market, prepared.costs), moved, prepared.costs, prepared.account)
        band.append(_end(shift, value, book))
    return {**plain, "model": str(model), "band": band}


def _end(shift: float, value: Array, book: Book) -> BandEnd:
    """Sharpe ratio and total return of a path of values, on the book's account and clock."""
    before = np.concatenate([[book.account.cash], value[:-1]])
    returns = np.divide(value, before, out=np.ones_like(before), where=before > 0.0) - 1.0
    spread = float(returns.std(ddof=1)) if len(returns) > 1 else 0.0
    sharpe = float(returns.mean() / spread * np.sqrt(book.market.year)) if spread > 0 else 0.0
    return {"shift": shift, "sharpe": sharpe, "total_return": float(value[-1] / book.account.cash - 1.0)}


def words_of(terms: OptionTermsUsed) -> list[str]:
    """Lines for a page's assumptions."""
    unless = " where no surface of the day is stored"
    lines = [
        f"Options are priced by the {terms['model']}{unless}."
        if terms["model"]
        else f"Options are priced at the volatility given, taken as at the money{unless}."
    ]
    priced, days = terms["priced_by"], sum(terms["surfaces"].values())
    both = f", {priced['both']} in part" if priced["both"] else ""
    where = f"chains stored for {days:,} bars" if days else "no chain of what is traded is stored"
    lines.append(f"{priced['surface']} of {sum(priced.values())} structures were opened at the surface of the day{both}, the others as said above ({where}).")
    if terms["carry"]:
        stands = " Cash of the account earns none." if any("interest of" in one for one in terms["carry"].values()) else ""
        lines.append(f"Without a surface: {'; '.join(f'{name}: {one}' for name, one in terms['carry'].items())}.{stands}")
    if terms["band"]:
        low, middle, high = terms["band"]
        ends = f"Sharpe {low['sharpe']:.2f} and {high['sharpe']:.2f}, total return {low['total_return']:+.1%} and {high['total_return']:+.1%}"
        lines.append(f"With volatilities one error lower and higher: {ends} (as run {middle['sharpe']:.2f}, {middle['total_return']:+.1%}).")
    if terms["greeks"]:
        lines.append("Result by part: " + ", ".join(f"{part} {cash:+,.0f}" for part, cash in terms["greeks"].items()) + ".")
    return lines


def warning_of(terms: OptionTermsUsed) -> str:
    """A line where the sign of the result depends on how the options are priced, else nothing."""
    sharpes = [end["sharpe"] for end in terms["band"]]
    if not sharpes or not min(sharpes) <= 0.0 < max(sharpes):
        return ""
    return f"THE SIGN OF THE RESULT DEPENDS ON HOW ITS OPTIONS ARE PRICED: Sharpe {min(sharpes):.2f} to {max(sharpes):.2f} within the volatility model's error."
