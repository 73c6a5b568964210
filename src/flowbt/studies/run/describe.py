"""A run in words and tables: its manifest, its series, its trades with the feature values at entry and exit."""

from __future__ import annotations

import subprocess
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, cast

import numpy as np
import pandas as pd

from flowbt.data.panel.caveats import caveats, stale_words
from flowbt.data.panel.reader import PanelReader
from flowbt.engine.book import Book
from flowbt.engine.loader import Strategy
from flowbt.engine.sweep.fingerprint import fingerprint
from flowbt.engine.types import Account, Costs, Signals
from flowbt.evidence.measures import Measures
from flowbt.ground.fields import FieldKey
from flowbt.ground.files import read_text, real
from flowbt.ground.types import Json
from flowbt.results.manifest import DatasetUse, Manifest, StudyHead
from flowbt.results.record import RunRecord, content_key
from flowbt.studies.run.excursions import excursions
from flowbt.studies.run.market import bars_on
from flowbt.studies.run.regimes import regimes_of
from flowbt.studies.run.request import Benchmark, Prepared, Request

PACKAGES = ("flowbt", "vectorbt", "pandas", "numpy", "numba", "pyarrow", "arch")
MOST_COLUMNS = 40  # feature columns kept per trade
MOST_CHARTED, CHARTED_FEATURES = 12, 4  # symbols and features on the price chart


def record_of(request: Request, prepared: Prepared, book: Book, placebo: Book | None, benchmark: Benchmark, measures: Measures) -> RunRecord:
    """Everything a stored run keeps."""
    manifest = manifest_of(request, prepared, benchmark)
    series = series_of(book, benchmark.returns, placebo)
    for name, states in regimes_of(prepared.panel, book.market.index).items():
        series[f"regime:{name}"] = states
    trades = with_features(book, prepared.panel)
    if len(trades) and not (isinstance(prepared.decision, Signals) and prepared.decision.structure is not None):
        trades = pd.concat([trades, excursions(trades, book.market)], axis=1)  # a structure's price is not that of the bars
    market = prepared.market  # with option structures the book has a column per contract; the charts show what they are written on
    prices = bars_on(prepared.panel, market.index).close
    manifest["id"] = content_key(manifest)
    return RunRecord(manifest, series, book.orders, trades, prices, measures, chart_of(prepared, trades))


def chart_of(prepared: Prepared, trades: pd.DataFrame) -> pd.DataFrame:
    """What the price chart shows beside the close: open, high and low of the most traded symbols, and the strategy's own first features there."""
    market = prepared.market
    counts = trades["symbol"].value_counts() if len(trades) else pd.Series(dtype=int)
    symbols = [name for name in dict.fromkeys([*counts.index, *market.symbols]) if name in market.symbols][:MOST_CHARTED]
    columns = {f"{side}:{name}": getattr(market, side)[:, market.symbols.index(name)] for name in symbols for side in ("open", "high", "low")}
    frames = [(name, one) for name, one in prepared.panel.noted.items() if isinstance(one, pd.DataFrame) and one.index.equals(prepared.panel.index)]
    for feature, frame in frames[:CHARTED_FEATURES]:
        columns |= {f"{feature}:{name}": frame[name].reindex(market.index).to_numpy(float) for name in symbols if name in frame}
    return pd.DataFrame(columns, index=market.index)


def series_of(book: Book, benchmark: pd.Series | None, placebo: Book | None) -> pd.DataFrame:
    series = pd.DataFrame({"value": book.value, "strategy": book.returns, "exposure": book.exposure["net"], "gross": book.exposure["gross"]})
    series["turnover"] = book.exposure["turnover"]
    for name in ("fees", "slippage", "borrow", "funding"):
        series[name] = book.flows[name]
    if book.greeks is not None:
        series = series.join(book.greeks.add_prefix("greek:"))
    if benchmark is not None:
        series["benchmark"] = benchmark
    if placebo is not None:
        series["placebo"] = placebo.returns
    return series


def head_of(strategy: Strategy, panel: PanelReader, labels: pd.DatetimeIndex, terms: tuple[Costs, Account], command: str) -> StudyHead:
    """What a run, a sweep and a walk-forward say of themselves alike."""
    stamp = "%Y-%m-%d" if panel.clock.step == "1d" else "%Y-%m-%d %H:%M"
    costs, account = terms
    return {
        "strategy": strategy.name,
        "thesis": strategy.thesis,
        "source": strategy.source,
        "file": str(strategy.path),
        "code_hash": strategy.code_hash,
        "shape": strategy.shape,
        "symbols": list(strategy.symbols),
        "clock": panel.clock.name,
        "step": panel.clock.step,
        "from": labels[0].strftime(stamp),
        "to": labels[-1].strftime(stamp),
        "decide_at": "end of bar" if panel.clock.always else f"{panel.clock.decide_at} New York",
        "synthetic": panel.catalog.synthetic,
        "datasets": datasets_of(panel),
        "stand_ins": [asdict(one) for one in panel.stand_ins],
        "costs": {"fees": costs.fees, "slippage": costs.slippage, "borrow": costs.borrow, "funding": costs.funding},
        "account": {"cash": account.cash, "margin": account.margin, "max_gross": account.max_gross},
        "versions": versions(),
        "commit": commit(strategy.path),
        "command": command,
        "created": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
    }


def manifest_of(request: Request, prepared: Prepared, benchmark: Benchmark) -> Manifest:
    terms = prepared.costs, prepared.account
    made: dict[str, object] = {
        **head_of(prepared.strategy, prepared.panel, prepared.market.index, terms, request.command),
        "decision": f"{fingerprint(prepared.decision, prepared.market):016x}",
        "parameters": prepared.parameters,
        "rules": rules_of(prepared),
        "assumptions": assumptions_of(prepared),
        "seed": request.seed,
        "rotations": request.rotations,
        "benchmark": benchmark.symbol,
        "key": {"benchmark": benchmark.data},
        "code": read_text(prepared.strategy.path),
        "evidence": {},
        "warnings": warnings_of(prepared),
    }
    return cast(Manifest, made)


def datasets_of(panel: PanelReader) -> list[DatasetUse]:
    """Each dataset that was read: its hash, the fields used, its publication rule in words."""
    uses: dict[str, DatasetUse] = {}
    for field, symbol, holder in sorted(panel.datasets(), key=lambda one: one[:2]):
        declaration = holder.declaration
        use = uses.setdefault(
            holder.name,
            {
                "name": holder.name,
                "hash": holder.hash,
                "rules": holder.rules,
                "span": [str(one)[:10] for one in holder.provenance["span"]],
                "fields": [],
                "vintage": declaration.vintage,
                "synthetic": declaration.synthetic,
                "survivorship": "members as of the file's date: survivorship-biased" if declaration.survivorship else "",
                "lag": declaration.publication.words(),
            },
        )
        label = FieldKey(field, symbol).words
        if len(use["fields"]) < 12 and label not in use["fields"]:
            use["fields"].append(label)
    return list(uses.values())


def rules_of(prepared: Prepared) -> list[str]:
    """The trade rules in words."""
    decision = prepared.decision
    lines = []
    if isinstance(decision, Signals):
        sides = [side for side in ("long", "short") if getattr(decision, side) is not None]
        lines.append(f"Trades {' and '.join(sides)} on signals, at the next open.")
        for name, words in (
            ("hold", "Leaves after {} bars."),
            ("stop", "Stops out at {:.2%} against the entry."),
            ("take", "Takes profit at {:.2%}."),
            ("trail", "Trails the best price by {:.2%}."),
        ):
            value = getattr(decision, name)
            if value is not None:
                lines.append(words.format(value) if isinstance(value, (int, float)) else f"{name.capitalize()} varies by bar.")
        size = decision.size
        number = f"Size {size:.1%} of equity per position." if isinstance(size, (int, float)) else "Size varies by bar."
        lines.append("Equal shares of equity." if size is None else number)
        if decision.structure is not None:
            lines.append(f"Traded as an option structure: {decision.structure}.")
    else:
        lines.append("Holds target weights, rebalanced at the next open.")
    return lines


def assumptions_of(prepared: Prepared) -> list[str]:
    costs, account = prepared.costs, prepared.account
    moment = "the end of the bar" if prepared.panel.clock.always else f"{prepared.panel.clock.decide_at} New York of the session"
    return [
        f"Decided at {moment}; filled at the next open.",
        f"Fees {costs.fees * 1e4:g} bp and slippage {costs.slippage * 1e4:g} bp of notional per fill, against the trader.",
        f"Shorts pay {costs.borrow:.2%} a year of their notional; funding is {'applied' if costs.funding else 'ignored'} where the market has it.",
        f"Gross notional at most {account.max_gross:g} x equity; entries of one bar share it in proportion.",
        f"A short whose loss reaches {account.margin:.0%} of its entry notional is liquidated.",
        "Within a bar a stop counts before a take; a gap through a level fills at the open.",
        "Positions open at the end are marked at the last close and do not count in the win rate.",
    ]


def warnings_of(prepared: Prepared) -> list[str]:
    panel = prepared.panel
    lines = []
    if panel.catalog.synthetic:
        lines.append("SYNTHETIC: made by the demo market with planted effects. It says nothing about real markets.")
    lines += [f"Left out: {problem}." for problem in panel.catalog.problems]
    lines += caveats(panel, labels=prepared.market.index)
    lines += stale_words(bars_on(panel, prepared.market.index).stale)
    if panel.clock.always and not any(field == "funding_rate" for field, _ in panel.used):
        lines.append("No funding data for the traded symbols: traded as spot, shorts pay borrow only.")
    return lines


def with_features(book: Book, panel: PanelReader) -> pd.DataFrame:
    """The trades with what the strategy saw at the decisions that opened and closed them, one column per number."""
    trades, labels = book.trades.copy(), book.market.index
    if trades.empty:
        return trades
    # what is filled was decided a bar before
    entry, leave = (labels[labels.get_indexer(pd.DatetimeIndex(trades[f"{end}_label"])) - 1] for end in ("entry", "exit"))
    for name, frame in list(features_and_fields(panel).items())[:MOST_COLUMNS]:
        for moment, when in (("entry", entry), ("exit", leave)):
            trades[f"{name}@{moment}"] = _look_up(frame, when, trades["symbol"])
    return trades


def features_and_fields(panel: PanelReader) -> Json:
    """Feature results, then raw fields as frames of the traded symbols, then single series of others; all on the panel's index."""
    results = {name: result for name, result in panel.noted.items() if isinstance(result, (pd.DataFrame, pd.Series)) and result.index.equals(panel.index)}
    return results | panel.touched()


def _look_up(table: Any, when: pd.DatetimeIndex, symbols: pd.Series) -> np.ndarray:
    """Each trade's value: its own symbol's column, or for a `field of SYMBOL` series the same for all."""
    if isinstance(table, pd.Series):
        return np.asarray(table.reindex(when))
    rows, columns = table.index.get_indexer(when), table.columns.get_indexer(pd.Index(symbols))
    values = pd.Series(table.to_numpy()[rows, np.maximum(columns, 0)])
    return np.asarray(values.where(columns >= 0))


def versions() -> dict[str, str]:
    found = {}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def commit(path: Path) -> str:
    """The commit the strategy file is at, with `+` where it has changes; empty outside a repository."""
    folder = real(path).parent
    try:
        head, dirty = (_git(folder, *words) for words in (("rev-parse", "--short", "HEAD"), ("status", "--porcelain", "--", str(real(path)))))
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return head.stdout.decode("ascii", "replace").strip() + ("+" if dirty.stdout.strip() else "") if head.returncode == 0 else ""


def _git(folder: Path, *words: str) -> subprocess.CompletedProcess[bytes]:
    """Ask git; no program that a folder's own settings name is begun to watch its files."""
    return subprocess.run(["git", "-c", "core.fsmonitor=false", *words], cwd=folder, capture_output=True, timeout=5, check=False)
