"""Features on a catalog: what of their input is there, and their values as a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import pandas as pd

from flowbt.data.catalog import Catalog
from flowbt.data.panel.reader import PanelReader, open_panel
from flowbt.ground.clock import Clock, read_date, read_end
from flowbt.ground.errors import ParameterError, StoreError
from flowbt.ground.fields import FieldKey
from flowbt.ground.files import writing
from flowbt.ground.types import Parameters
from flowbt.studies.features.docs import FeatureEntry, entry


@dataclass(frozen=True)
class Availability:
    """What a catalog has of one input of a feature. `first`, `last` are empty where it has nothing."""

    need: str
    symbols: tuple[str, ...]
    first: str
    last: str


def availability(catalog: Catalog, needs: Sequence[str]) -> list[Availability]:
    """Symbols and span that the catalog holds of each input (`field`, `field:SYMBOL` or `field:*`)."""
    out = []
    for need in needs:
        key = FieldKey.parse(need)
        symbols = [s for s in catalog.symbols(key.field) if key.matches(s)]
        spans = [dataset.spans(key.field)[s] for dataset in catalog.imported.values() for s in symbols if s in dataset.spans(key.field)]
        first = min((str(span[0]) for span in spans), default="")
        out.append(Availability(need, tuple(symbols), first[:10], max((str(span[1]) for span in spans), default="")[:10]))
    return out


def available(catalog: Catalog, one: FeatureEntry) -> str:
    """ "yes", "stand-in" or "no": whether the catalog can feed the feature for some symbol."""
    if all(item.symbols for item in availability(catalog, one.record.needs)):
        return "yes"
    return "stand-in" if any(item.symbols for item in availability(catalog, one.record.stand_ins)) else "no"


@dataclass(frozen=True)
class View:
    """For which symbols, on which clock and span a feature is computed."""

    symbols: tuple[str, ...]
    clock: Clock
    start: str | None = None
    end: str | None = None


def compute(panel: PanelReader, name: str, parameters: Parameters) -> dict[str, pd.DataFrame]:
    """A feature's frames by part; a single frame has the empty part name."""
    one = entry(name)
    answer = one.function(panel, **parameters)  # a frame, or a NamedTuple of frames (`features/declare.py`)
    parts = cast("tuple[pd.DataFrame, ...]", answer if one.parts else (answer,))
    return dict(zip(one.parts or ("",), parts, strict=True))


def compute_table(catalog: Catalog, names: Sequence[str], view: View, parameters: Mapping[str, Parameters]) -> tuple[pd.DataFrame, PanelReader]:
    """Long table: `label`, `symbol`, then a column per feature (`name` or `name.part`). All history is computed, then cut to the span.

    `parameters`: per feature. A parameter of a feature that is not asked for is refused.
    """
    for stranger in parameters.keys() - set(names):
        raise ParameterError(f"parameters of {stranger!r}", "that feature is not computed", f"the features are {', '.join(names)}")
    panel = open_panel(catalog, view.symbols, view.clock)
    columns: dict[str, pd.Series] = {}
    for name in names:
        for part, frame in compute(panel, name, parameters.get(name, {})).items():
            columns[f"{name}.{part}" if part else name] = pd.Series(frame.rename_axis(index="label", columns="symbol").stack())
    table = pd.DataFrame(columns).reset_index()
    keep = pd.Series(True, index=table.index)
    if view.start is not None:
        keep &= table["label"] >= read_date(view.start)
    if view.end is not None:
        keep &= table["label"] <= read_end(view.end)
    return table[keep].reset_index(drop=True), panel


def write_table(table: pd.DataFrame, path: Path) -> None:
    """Write Parquet or csv (by the name's end) so that a reader sees the old file or the whole new one."""
    if path.suffix not in (".parquet", ".csv"):
        raise ParameterError(f"--to {path}", "neither .parquet nor .csv", "name the file with one of these endings")
    try:
        with writing(path) as scratch:
            if path.suffix == ".csv":
                table.to_csv(scratch, index=False)
            else:
                table.to_parquet(scratch, index=False)
    except OSError as error:
        raise StoreError(f"writing {path}", error.strerror or str(error), "check the folder and its permissions") from None
