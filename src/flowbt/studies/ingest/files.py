"""Importing files without a plan: the command line names source, files and mapping, and for a new dataset its publication rule."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from flowbt.data.declare import Dataset, field_name, parse_declaration, read_declaration
from flowbt.data.ingest.plan import PlanDataset, PlanFile
from flowbt.data.sources import basis_of, read, source
from flowbt.data.versions import dataset_name
from flowbt.ground.documents import read_toml
from flowbt.ground.errors import DatasetError, ParameterError, SourceError
from flowbt.ground.fields import FIELDS
from flowbt.ground.files import real
from flowbt.ground.types import Json
from flowbt.studies.ingest.arrival import Arrival
from flowbt.studies.ingest.ingest import ImportOutcome, import_dataset


@dataclass(frozen=True)
class FileImport:
    """An import of files without a plan. `publication` (a rule as text) and what follows count only where the dataset is not declared yet."""

    name: str
    source: str
    options: Json
    publication: str | None = None
    clock: str = "XNYS"
    frequency: str = "session"
    max_age: str = ""
    symbol_from: str = ""  # an expression whose first group is the symbol in a file's name


def import_files(asked: FileImport, files: Sequence[Path], root: Path, arrival: Arrival | None = None) -> ImportOutcome:
    """Import files of one source as one dataset, into what it holds. Raises FlowbtError when it is refused, or when nothing says when rows became known."""
    paths = [path for file in files for path in _expanded(file, asked.source)]
    entries = tuple(PlanFile(path=str(real(path)), source=asked.source, symbol_from=asked.symbol_from, options=asked.options) for path in paths)
    dataset_name(asked.name)
    folder = root / asked.name
    declaration = read_declaration(folder) if (folder / "dataset.toml").exists() else _declaration(asked, paths[0])
    return import_dataset(PlanDataset(name=asked.name, files=entries), Path("/"), declaration, root, arrival)


def read_options(path: Path) -> dict[str, object]:
    """Source options in a TOML file; DatasetError when it cannot be read."""
    try:
        return read_toml(path)
    except (OSError, ValueError) as error:
        raise DatasetError(f"mapping {path}", f"cannot be used ({error})", "give a TOML file of source options") from None


def _expanded(file: Path, name: str) -> list[Path]:
    """A file, or the files of a folder where the source says how they are called."""
    pattern = getattr(source(name), "PATTERN", "")
    if not file.is_dir() or not pattern:
        return [file]
    found = sorted(file.glob(pattern))
    if not found:
        raise SourceError(str(file), f"holds no file like {pattern}", "check the folder")
    return found


def _declaration(asked: FileImport, first: Path) -> Dataset:
    """A declaration for a dataset that has none, its fields those of the first file."""
    if not asked.publication:
        do = f"give --publication (such as close, or 'session 18:00'), or write {asked.name}/dataset.toml"
        raise DatasetError(f"dataset {asked.name}", "nothing says when its rows became known", do)
    try:
        for name in asked.options.get("map", ()):
            field_name(name)
    except ValueError as error:
        raise DatasetError(f"dataset {asked.name}", str(error), "name it so in --map") from None
    table = read(asked.source, first, {"symbol": "?", **asked.options} if asked.symbol_from else asked.options)
    rules = {name: {"units": FIELDS[name].units if name in FIELDS else "", **({"max_age": asked.max_age} if asked.max_age else {})} for name in table.fields}
    raw = {"title": f"{asked.name} ({asked.source})", "source": asked.source, "clock": asked.clock, "frequency": asked.frequency}
    raw["basis"] = basis_of(asked.source, asked.options)
    return parse_declaration(asked.name, {**raw, "publication": publication_rule(asked.publication), "fields": rules})


def publication_rule(text: str) -> dict[str, object]:
    """A publication rule from words: `close`, `session [DAYS] HH:MM`, `after DELAY`, `weekday N HH:MM`, `month N HH:MM`, `column`."""
    rule, *words = text.split() or [""]
    numbers = [int(word) for word in words if word.isdigit()]
    times = [word for word in words if re.fullmatch(r"([01]?\d|2[0-3]):[0-5]\d", word)]
    number_of = {"session": "days", "weekday": "weekday", "month": "business_day"}
    shapes = {"close": (0, 0), "column": (0, 0), "session": (1, 1), "weekday": (1, 1), "month": (1, 1)}
    if rule == "after" and len(words) == 1:
        return {"rule": rule, "delay": words[0]}
    most = shapes.get(rule)
    if most is None or len(numbers) > most[0] or len(times) > most[1] or len(numbers) + len(times) != len(words):
        raise ParameterError(f"--publication {text!r}", "not a rule", "for example close, 'session 18:00', 'session 1 09:00', 'after 1h', 'month 1 10:00'")
    out: Json = {"rule": rule}
    if numbers:
        out[number_of[rule]] = numbers[0]
    if times:
        out["at"] = times[0].zfill(5)
    return out
