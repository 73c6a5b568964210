"""The catalog: folders of datasets, each a declaration and an immutable version of its table.

A dataset's declaration is read live; its table is the current version of its folder (see `versions.py`): event_time, known_at, symbol, then the
fields, sorted by symbol, known_at, event_time. A reader keeps the version it opened, whatever is imported meanwhile.

A folder with a declaration only is declared but not imported: it is what an error can name as the thing to bring.
"""

from __future__ import annotations

import re
import stat
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd

from flowbt.data.declare import Dataset, Publication, read_declaration
from flowbt.data.provenance import Provenance, SymbolSpan
from flowbt.data.sold import sold
from flowbt.data.versions import DECLARATION, MEND, NAME, Version, current, held_by
from flowbt.ground.clock import HOURS_PER_BAR, HOURS_PER_ROW, Clock
from flowbt.ground.documents import dumps
from flowbt.ground.errors import DatasetError, FieldError, FlowbtError, SpoiltDataset, nearest
from flowbt.ground.fields import FIELDS, FOLDED, PRICES
from flowbt.ground.files import hash_text

REACH = pd.Timedelta(days=10)  # prices as traded that end earlier than this before the folded ones do not speak for the present


@dataclass(frozen=True)
class Imported:
    """A dataset on disk: its declaration and the version that was current when the catalog was opened."""

    declaration: Dataset
    version: Version

    @property
    def provenance(self) -> Provenance:
        return self.version.provenance

    @property
    def name(self) -> str:
        return self.declaration.name

    @property
    def hash(self) -> str:
        return str(self.provenance["data_hash"])

    @property
    def rules(self) -> str:
        """Sixteen hex digits of all in its declaration that changes what is read of the same table: an edited rule is other data."""
        told = self.declaration.model_dump(mode="json", exclude={"title", "source", "licence", "url", "schedule", "note", "reading", "policy"})
        return hash_text(dumps(told, sort_keys=True))[:16]

    def spans(self, field_name: str) -> dict[str, SymbolSpan]:
        """symbol -> (first event, last event, rows) for one field."""
        return dict(self.provenance["fields"].get(field_name, {}))

    def column(self, name: str) -> np.ndarray:
        """One column, all rows, as a numpy array."""
        return np.asarray(self.version.table([name])[name].to_numpy())

    def known_at(self, event: np.ndarray, stored: np.ndarray) -> np.ndarray:
        """When each row became public, by the declaration as it stands now (`event`, `stored`: event_time and known_at of the rows, datetime64[ns]).

        Rows were placed by the rule at import, which the provenance keeps; where the rule has been edited since they are placed anew. A revision
        keeps its own instant, unless the rule puts it later. DatasetError where the edited rule cannot place them.
        """
        rule, before = self.declaration.publication, self.provenance.get("publication")
        if rule.rule == "column" and (before is None or before.get("rule") == "column"):
            return stored
        if before is not None and Publication.model_validate(before) == rule and self.provenance.get("clock", self.declaration.clock) == self.declaration.clock:
            return stored
        asked = f"dataset {self.name}"
        if rule.rule == "column":
            raise DatasetError(asked, "its publication rule is now 'column', and its rows were placed by another", "import it again, naming the column")
        codes, times = pd.factorize(event)
        known = rule.known_at(pd.DatetimeIndex(times), self.declaration.calendar).to_numpy().astype("datetime64[ns]")[codes]
        if before is not None and before.get("rule") != "column":
            old = Publication.model_validate(before).known_at(pd.DatetimeIndex(times), self.declaration.calendar).to_numpy()[codes]
            known = np.where(stored > old, np.maximum(stored, known), known)
        if len(early := np.flatnonzero(self.declaration.too_early(event, known))):
            raise DatasetError(asked, self.declaration.early_words(event[early[0]], known[early[0]]), "mend its publication rule")
        return known

    def read(self, columns: Iterable[str], symbols: Iterable[str] | None = None) -> pd.DataFrame:
        """Columns of the table, all rows or those of some symbols."""
        frame: pd.DataFrame = self.version.table(columns, symbols).to_pandas()
        return frame


@dataclass(frozen=True)
class Catalog:
    """All datasets under some roots. `problems` lists folders that cannot be used, with the reason."""

    roots: tuple[Path, ...]
    problems: list[str] = field(default_factory=list)
    spoilt: dict[str, str] = field(default_factory=dict)  # name -> why its imported data cannot be used
    undeclared: dict[str, str] = field(default_factory=dict)  # name -> why its dataset.toml cannot be used

    @cached_property
    def declared(self) -> dict[str, Dataset]:
        found: dict[str, Dataset] = {}
        for folder in self._folders():
            try:
                found[folder.name] = read_declaration(folder)
            except FlowbtError as error:
                self.problems.append(str(error))
                self.undeclared[folder.name] = error.found
        return found

    @cached_property
    def imported(self) -> dict[str, Imported]:
        found: dict[str, Imported] = {}
        for folder in self._folders():
            declaration = self.declared.get(folder.name)
            try:
                version = current(folder)
            except SpoiltDataset as error:
                self._spoil(folder.name, error)
                continue
            if version and declaration:
                with suppress(OSError):  # held from here on; where it cannot be opened, reading it says why
                    _ = version.handle
                found[folder.name] = Imported(declaration, version)
            elif version:  # there is data, but nothing says how it is to be read
                found_here = f"its dataset.toml cannot be used: {self.undeclared.get(folder.name, '')}"
                self._spoil(folder.name, SpoiltDataset(f"dataset {folder.name}", found_here, "mend it"))
            elif not folder.exists():
                self._spoil(
                    folder.name, SpoiltDataset(f"dataset {folder.name}", f"{folder} is a link to what is not there", "bring it back, or remove the link")
                )
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
        """Whether some dataset holds a field (of a symbol). SpoiltDataset where one that can no longer be read may."""
        self._need_whole(field_name, symbol)
        if symbol is not None:
            return (field_name, symbol) in self._holders
        return any(name == field_name for name, _ in self._holders)

    def symbols(self, field_name: str, prefix: str = "") -> list[str]:
        """The symbols some dataset has the field for, those that begin with `prefix`."""
        self._need_whole(field_name, None)
        return sorted(symbol for name, symbol in self._holders if name == field_name and symbol.startswith(prefix))

    def holder(self, field_name: str, symbol: str, clock: Clock) -> Imported:
        """The dataset that answers first for a field and symbol (see `holders`)."""
        return self.holders(field_name, symbol, clock)[0]

    def holders(self, field_name: str, symbol: str, clock: Clock, basis: str = "") -> list[Imported]:
        """The datasets that answer for a field and symbol, in order: the frequency nearest to the clock's, then the lowest priority number.

        Prices are of one basis: `basis`, or as traded or adjusted for splits where such data reach as far as those with dividends folded in, else the latter.
        Empty only where `basis` is asked for and no dataset has it.
        """
        self._need_whole(field_name, symbol)
        candidates = self._holders.get((field_name, symbol))
        if not candidates:
            raise self.missing(field_name, symbol)
        if len(candidates) == 1 and not basis:
            return candidates.copy()
        bar = HOURS_PER_BAR[clock.step]

        def distance(dataset: Imported) -> tuple[int, int, str]:
            hours = HOURS_PER_ROW.get(dataset.declaration.frequency, 24)
            return (0 if hours == bar else 1 if hours < bar else 2, dataset.declaration.priority, dataset.name)

        ordered = sorted(candidates, key=distance)
        if field_name not in PRICES:
            return ordered
        if basis:
            return [one for one in ordered if one.declaration.basis == basis]
        folded = [one for one in ordered if one.declaration.basis == FOLDED]
        traded = [one for one in ordered if one.declaration.basis != FOLDED]
        if not folded or not traded:
            return ordered
        ends = [max(pd.Timestamp(one.spans(field_name)[symbol][1]) for one in some) for some in (traded, folded)]
        return traded if ends[0] >= ends[1] - REACH else folded

    def missing(self, field_name: str, symbol: str | None = None) -> FieldError:
        """The error for a field nothing holds: what holds it for others, what would bring it, or which names are near."""
        asked = f"field {field_name!r}" + (f" of {symbol}" if symbol else "")
        others = self.symbols(field_name)
        own = sorted({name for name, one in self._holders if one == symbol and name not in FIELDS})
        if field_name in PRICES and own:
            do = f"if one of them is it: `flowbt data add FILE --replace --map {field_name}=COLUMN`"
            return FieldError(asked, f"the catalog has {', '.join(own[:8])}{' ...' if len(own) > 8 else ''} for {symbol}", do)
        would = [name for name, dataset in self.declared.items() if field_name in dataset.fields and name not in self.imported]
        named = [name for name in would if symbol and re.search(rf"\b{re.escape(symbol)}\b", self.declared[name].title)]
        if not named and (words := sold(field_name, symbol)) and not (others and symbol and nearest(symbol, others)):
            return FieldError(asked, "no dataset here has it", words)
        if not named and others and symbol:
            shown = ", ".join(others[:8]) + (" ..." if len(others) > 8 else "")
            return FieldError(asked, f"the catalog has it for {shown}", nearest(symbol, others) or "import a dataset that holds it (`flowbt data ls`)")
        if bring := named or would:
            return FieldError(asked, f"declared in {', '.join(bring[:5])}, not imported", f"run `flowbt data import` for {bring[0]} (see docs/data.md)")
        known = {name for name, _ in self._holders}
        where = ", ".join(str(root) for root in self.roots)
        return FieldError(asked, f"no dataset under {where} has it", nearest(field_name, known) or "see `flowbt data ls` and `flowbt data import --help`")

    def _spoil(self, name: str, error: SpoiltDataset) -> None:
        self.spoilt[name] = error.found
        self.problems.append(str(error))

    @cached_property
    def _lost(self) -> dict[str, dict[str, set[str]]]:
        """Of each spoilt dataset the fields it holds, and their symbols; no symbols where nobody can tell."""
        assert self.imported is not None  # finds out what is spoilt
        out = {}
        for folder in self._folders():
            if folder.name in self.spoilt:
                declared = self.declared.get(folder.name)
                out[folder.name] = held_by(folder) or {key: set() for key in (declared.fields if declared else ())}
        return out

    def _need_whole(self, field_name: str, symbol: str | None) -> None:
        """SpoiltDataset where a dataset that cannot be read may hold the field: another one must not speak in its place unnoticed."""
        for name, held in self._lost.items():
            if not held or (field_name in held and (symbol is None or not held[field_name] or symbol in held[field_name])):
                do = "mend it, or " if name in self.undeclared else ""
                raise SpoiltDataset(
                    f"dataset {name}, which {'holds' if held else 'may hold'} {field_name}", self.spoilt[name], f"{do}{MEND}, or `flowbt data rm {name}`"
                )

    def _folders(self) -> list[Path]:
        return sorted(path for root in self.roots if root.is_dir() for path in root.iterdir() if _declared(path))


def _declared(folder: Path) -> bool:
    """Whether a folder is a dataset's: it has a declaration, or is called like one and cannot be looked into, or is a link to what is not there."""
    try:
        return stat.S_ISREG((folder / DECLARATION).stat().st_mode)
    except FileNotFoundError:
        return folder.is_symlink() and not folder.exists()
    except NotADirectoryError:
        return False
    except OSError:  # shut, or a link in a circle: what another dataset says in its place nobody would notice
        return bool(NAME.fullmatch(folder.name))
