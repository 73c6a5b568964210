"""The strategies as a page: `docs/strategies.md`, made from the files.

python -m flowbt.studies.gallery.docs strategies docs/strategies.md
"""

from __future__ import annotations

import sys
from pathlib import Path

from flowbt.engine.loader import Strategy, load_strategy

HEADER = """# Strategies

Made by `python -m flowbt.studies.gallery.docs strategies docs/strategies.md`; edit the files, not this page.

One file per thesis of the documents. `flowbt run strategies/` runs them all, each against rotations of its own decisions, and writes one page
that compares them; `flowbt run strategies/NAME.py` runs one. `GRID` is what a sweep looks at. Some defaults were settled while looking at
results (exit_liquidity's confirm, zone_exhaustion, structural_pivot, convergence_tilt, and several on the demo market): no ledger counts those looks.
`BTCSPOT` is spot without funding (`btc-spot-leg` of the plan). Four files cannot run on the files of the shipped plan, and say so in one line:
side_adjusted_flow, dark_pool_quality and relative_weakness trade `M01`..`M40`, single names of the demo market, whose real daily bars are sold (Norgate,
Polygon, Tiingo) as is their flow (Unusual Whales, ThetaData, Polygon); put_spread_campaign needs option premium by side.
"""


def page(folder: Path) -> str:
    """The page for every strategy of `folder`, by document. LoadError where a file cannot be loaded."""
    strategies = sorted((load_strategy(path) for path in folder.glob("*.py")), key=lambda s: (s.source == "none", s.source, s.name))
    parts, source = [HEADER], ""
    for strategy in strategies:
        if strategy.source != source:
            source = strategy.source
            parts.append(f"## {'Placebo' if source == 'none' else f'From `{source}`'}\n")
        parts.append(_entry(strategy))
    return "\n".join(parts)


def _entry(strategy: Strategy) -> str:
    rest = "\n\n".join(part for part in strategy.doc.strip().split("\n\n")[1:])
    told = " ".join(line for line in rest.splitlines() if not line.lower().startswith("source:"))
    lines = [f"### {strategy.name}", "", strategy.thesis, ""]
    if told.strip():
        lines += [" ".join(told.split()), ""]
    lines += [f"* trades {_symbols(strategy.symbols)}, {strategy.clock.name} {strategy.clock.step}; costs {_costs(strategy)}"]
    lines += [f"* parameters: {', '.join(f'`{name}={value!r}`' for name, value in strategy.parameters.items()) or 'none'}"]
    lines += [f"* grid: {'; '.join(f'`{name}` {_values(values)}' for name, values in strategy.grid.items()) or 'none'}"]
    return "\n".join([*lines, ""])


def _symbols(symbols: tuple[str, ...]) -> str:
    return ", ".join(symbols) if len(symbols) <= 4 else f"{symbols[0]} .. {symbols[-1]} ({len(symbols)} symbols)"


def _costs(strategy: Strategy) -> str:
    c = strategy.costs
    return f"{1e4 * c.fees:g} bp fees, {1e4 * c.slippage:g} bp slippage a fill, {100 * c.borrow:g}% borrow"


def _values(values: tuple[object, ...]) -> str:
    return ", ".join(str(value) for value in values)


if __name__ == "__main__":
    Path(sys.argv[2]).write_text(page(Path(sys.argv[1])), encoding="utf-8")
