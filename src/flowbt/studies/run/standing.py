"""What a run brings to the question whether it should be believed: its rotations, what holding gave, what it leans on, what was not known then."""

from __future__ import annotations

from flowbt.data.panel.reader import PanelReader
from flowbt.engine.book import Book
from flowbt.evidence.measures import measure
from flowbt.evidence.robustness import robustness
from flowbt.results.manifest import HoldingResult, RunEvidence
from flowbt.studies.run.describe import series_of
from flowbt.studies.run.placebo import Placebos
from flowbt.studies.run.request import Benchmark, Prepared


def evidence_of(prepared: Prepared, book: Book, benchmark: Benchmark, placebos: Placebos | None) -> RunEvidence:
    """The figures `evidence.belief` asks for that do not change after the run. What was not measured is None."""
    kept: RunEvidence = {"probed": True, "caveats": caveats_of(prepared.panel), "holding": _holding(book, benchmark)}
    lean = robustness(series_of(book, None, None), book.trades, book.market.year, book.account.cash)
    kept["robustness"] = lean.to_dict()
    if placebos is not None:
        kept |= {
            "rotations": len(placebos.placebos),
            "rotation_p": placebos.timing.p_rotated,
            "rotation_sharpe": placebos.mean,
            "held_p": placebos.timing.p_held,
        }
    return kept


def caveats_of(panel: PanelReader) -> list[str]:
    """Data that were not known then as they are shown now: latest vintages, survivors, history that was calculated later."""
    declarations = {holder.name: holder.declaration for holder in panel.used.values()}
    found = [f"latest vintage of {name}" for name, one in sorted(declarations.items()) if one.vintage == "latest"]
    found += [f"survivorship-biased members of {name}" for name, one in sorted(declarations.items()) if one.survivorship]
    early = {
        f"{symbol} before {live:%Y-%m-%d} was calculated later"
        for (field, symbol), holder in panel.used.items()
        if (live := holder.declaration.live(field, symbol)) is not None and live > panel.index[0]
    }
    return [*found, *sorted(early)]


def _holding(book: Book, benchmark: Benchmark) -> HoldingResult | None:
    name = benchmark.symbol
    if name is None or benchmark.returns is None:
        return None
    held = measure(benchmark.returns, book.trades.iloc[:0], book.market.year)
    return {"name": name, "total_return": held.total_return, "sharpe": held.sharpe, "max_drawdown": held.max_drawdown}
