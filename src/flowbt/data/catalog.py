"""The catalog: folders of datasets, each a declaration, a Parquet table and its provenance.

    <root>/<name>/dataset.toml      by hand
    <root>/<name>/data.parquet      event_time, known_at, symbol, then the fields; sorted by symbol, known_at, event_time
    <root>/<name>/provenance.json   file hashes, rows, spans, findings

A folder with a declaration only is declared but not imported: it is what an error can name as the thing to bring.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import tomlkit

from flowbt.data.declare import Dataset, read_declaration
from flowbt.ground.clock import HOURS_PER_BAR, Clock
from flowbt.ground.errors import DatasetError, FieldError, FlowbtError, nearest

KEYS = ["event_time", "known_at", "symbol"]


@dataclass(frozen=True)
class Imported:
    """A dataset on disk: its declaration and its provenance."""

    declaration: Dataset
    folder: Path
    provenance: dict[str, Any]

    @property
    def name(self) -> str:
        return self.declaration.name

    @property
    def hash(self) -> str:
        return str(self.provenance["data_hash"])

    def spans(self, field_name: str) -> dict[str, list[Any]]:
        """symbol -> [first event, last event, rows] for one field."""
        return dict(self.provenance["fields"].get(field_name, {}))

    def column(self, name: str) -> np.ndarray:
        """One column, all rows, as a numpy array."""
        return np.asarray(self._parquet([name], None)[name].to_numpy())

    def symbol_codes(self) -> tuple[np.ndarray, list[str]]:
        """The symbol column as codes into a list of names."""
        symbols = self._parquet(["symbol"], None)["symbol"].combine_chunks()
        symbols = symbols if isinstance(symbols, pa.DictionaryArray) else symbols.dictionary_encode()
        return np.asarray(symbols.indices.to_numpy()), [str(name) for name in symbols.dictionary.to_pylist()]

    def read(self, columns: Iterable[str], symbols: Iterable[str] | None = None) -> pd.DataFrame:
        """Columns of the table, all rows or those of some symbols."""
        frame: pd.DataFrame = self._parquet(list(columns), symbols).to_pandas()
        return frame

    def _parquet(self, columns: list[str], symbols: Iterable[str] | None) -> pa.Table:
        chosen = None if symbols is None else [("symbol", "in", list(symbols))]
        try:
            return pq.read_table(self.folder / "data.parquet", columns=columns, filters=chosen)
        except (OSError, pa.ArrowInvalid) as error:
            problem = str(error).splitlines()[0]
            raise DatasetError(f"dataset {self.name}", f"data.parquet cannot be read ({problem})", f"import it again or `flowbt data rm {self.name}`") from None


@dataclass(frozen=True)
class Catalog:
    """All datasets under some roots. `problems` lists folders that cannot be used, with the reason."""

    roots: tuple[Path, ...]
    problems: list[str] = field(default_factory=list)
    spoilt: dict[str, str] = field(default_factory=dict)  # name -> why its imported data cannot be used

    @cached_property
    def declared(self) -> dict[str, Dataset]:
        found: dict[str, Dataset] = {}
        for folder in self._folders():
            try:
                found[folder.name] = read_declaration(folder)
            except FlowbtError as error:
                self.problems.append(str(error))
        return found

    @cached_property
    def imported(self) -> dict[str, Imported]:
        found: dict[str, Imported] = {}
        for folder in self._folders():
            declaration = self.declared.get(folder.name)
            if declaration is None or not (folder / "data.parquet").exists():
                continue
            try:
                provenance = json.loads((folder / "provenance.json").read_text(encoding="utf-8"))
                size = (folder / "data.parquet").stat().st_size
                if provenance["data_bytes"] != size:
                    self._broken(folder.name, f"data.parquet has {size:,} bytes where its provenance says {provenance['data_bytes']:,}")
                    continue
                found[folder.name] = Imported(declaration, folder, {**provenance, "data_hash": provenance["data_hash"]})
            except (OSError, ValueError, KeyError) as error:
                self._broken(folder.name, f"provenance.json cannot be used ({type(error).__name__})")
        return found

    @cached_property
    def synthetic(self) -> bool:
        return any(dataset.declaration.synthetic for dataset in self.imported.values())

    @cached_property
    def _holders(self) -> dict[tuple[str, str], list[Imported]]:
        table: dict[tuple[str, str], list[Imported]] = {}
        for dataset in self.imported.values():
            for name, symbols in dataset.provenance["fields"].items():
                for symbol in symbols:
                    table.setdefault((name, symbol), []).append(dataset)
        return table

    def has(self, field_name: str, symbol: str | None = None) -> bool:
        if symbol is not None:
            return (field_name, symbol) in self._holders
        return any(name == field_name for name, _ in self._holders)

    def symbols(self, field_name: str, prefix: str = "") -> list[str]:
        return sorted(symbol for name, symbol in self._holders if name == field_name and symbol.startswith(prefix))

    def holder(self, field_name: str, symbol: str, clock: Clock) -> Imported:
        """The dataset that answers for a field and symbol: the frequency nearest to the clock's, then the lowest priority number."""
        candidates = self._holders.get((field_name, symbol))
        if not candidates:
            raise self.missing(field_name, symbol)
        bar = HOURS_PER_BAR[clock.step]

        def distance(dataset: Imported) -> tuple[int, int, str]:
            hours = HOURS_PER_BAR.get(dataset.declaration.frequency, 24)
            return (0 if hours == bar else 1 if hours < bar else 2, dataset.declaration.priority, dataset.name)

        return min(candidates, key=distance)

    def missing(self, field_name: str, symbol: str | None = None) -> FieldError:
        """The error for a field nothing holds: what holds it for others, what would bring it, or which names are near."""
        asked = f"field {field_name!r}" + (f" of {symbol}" if symbol else "")
        others = self.symbols(field_name)
        if others and symbol:
            shown = ", ".join(others[:8]) + (" ..." if len(others) > 8 else "")
            return FieldError(asked, f"the catalog has it for {shown}", nearest(symbol, others) or "import a dataset that holds it (`flowbt data ls`)")
        spoilt = [name for name, dataset in self.declared.items() if field_name in dataset.fields and name in self.spoilt]
        if spoilt:
            return FieldError(asked, f"dataset {spoilt[0]}: {self.spoilt[spoilt[0]]}", "import it again")
        would = [name for name, dataset in self.declared.items() if field_name in dataset.fields and name not in self.imported]
        if would:
            return FieldError(asked, f"declared in {', '.join(would[:5])}, not imported", f"run `flowbt data import` for {would[0]} (see docs/data.md)")
        known = {name for name, _ in self._holders}
        where = ", ".join(str(root) for root in self.roots)
        return FieldError(asked, f"no dataset under {where} has it", nearest(field_name, known) or "see `flowbt data ls` and `flowbt data import --help`")

    def _broken(self, name: str, reason: str) -> None:
        self.spoilt[name] = reason
        self.problems.append(f"dataset {name}: {reason}; import it again")

    def _folders(self) -> list[Path]:
        return sorted(path for root in self.roots if root.is_dir() for path in root.iterdir() if (path / "dataset.toml").is_file())


def write_dataset(root: Path, declaration: Dataset, table: pd.DataFrame, provenance: dict[str, Any]) -> Path:
    """Store a table under `root/<name>/` so that a reader sees either the old files or the new ones.

    `table` has KEYS and the declared fields; it is sorted here. `provenance` is completed with rows, span, fields, data hash.
    The declaration itself is written only where the folder has none.
    """
    table = table.sort_values(["symbol", "known_at", "event_time"], kind="stable", ignore_index=True)
    complete = {**provenance, **describe(table)}
    folder = root / declaration.name
    try:
        folder.mkdir(parents=True, exist_ok=True)
        scratch = Path(tempfile.mkdtemp(prefix=".writing-", dir=folder))
        try:
            arrow = pa.Table.from_pandas(table, preserve_index=False)
            arrow = arrow.set_column(arrow.schema.get_field_index("symbol"), "symbol", arrow["symbol"].cast(pa.string()).dictionary_encode())
            pq.write_table(arrow, scratch / "data.parquet", compression="zstd")
            complete["data_bytes"] = (scratch / "data.parquet").stat().st_size
            (scratch / "provenance.json").write_text(json.dumps(complete, indent=1, sort_keys=True), encoding="utf-8")
            if not (folder / "dataset.toml").exists():
                (scratch / "dataset.toml").write_text(declaration_toml(declaration), encoding="utf-8")
            # a reader that finds the new data beside the old provenance sees by its size that they do not belong together
            for name in ("data.parquet", "provenance.json", "dataset.toml"):
                if (scratch / name).exists():
                    os.replace(scratch / name, folder / name)
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
    except OSError as error:
        raise DatasetError(
            f"dataset {declaration.name}", f"cannot write to {folder} ({error.strerror})", "choose another folder with --datasets or FLOWBT_DATASETS"
        ) from None
    return folder


def describe(table: pd.DataFrame) -> dict[str, Any]:
    """Rows, span, content hash and, per field and symbol, [first, last, rows] of the values that are there."""
    spans: dict[str, dict[str, list[Any]]] = {}
    for name in table.columns.difference(KEYS):
        there = table.loc[table[name].notna(), ["symbol", "event_time"]]
        grouped = there.groupby("symbol", observed=True)["event_time"].agg(["min", "max", "size"])
        spans[name] = {str(row[0]): [_stamp(row[1]), _stamp(row[2]), int(row[3])] for row in grouped.itertuples()}
    digest = hashlib.sha256(pd.util.hash_pandas_object(table, index=False).to_numpy().tobytes())
    digest.update(",".join(map(str, table.columns)).encode())
    times = table["event_time"]
    span = [_stamp(times.min()), _stamp(times.max())] if len(table) else []
    return {"rows": len(table), "span": span, "fields": spans, "data_hash": digest.hexdigest()[:16]}


def _stamp(time: pd.Timestamp) -> str:
    return time.strftime("%Y-%m-%d") if time == time.normalize() else time.strftime("%Y-%m-%dT%H:%M:%S")


def declaration_toml(declaration: Dataset) -> str:
    """The declaration as TOML text; what has its default is left out."""
    return tomlkit.dumps(declaration.model_dump(exclude={"name"}, exclude_defaults=True))
