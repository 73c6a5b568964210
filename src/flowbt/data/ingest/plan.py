"""The import plan: which files of a folder make which dataset.

    [[dataset]]
    name = "russell"                              # datasets/russell/dataset.toml declares it
    overlap = { close = 0.02 }                    # largest difference where files overlap; "0.1%" for a relative one
    files = [                                     # first file first: it counts where two have a value
      { path = "index/RUT_1987.csv.gz", options = { symbol = "RUT" } },
      { path = "index/RUT_2016.csv", source = "broker", options = { symbol = "RUT" } },
    ]

`path` may be a pattern (`finra/CNMSshvol*.txt`); `symbol_from` is an expression whose first group is the symbol in the file's name.
`check = true` compares a file without using it; `start`, `end`, `fields`, `drop` say what is kept of it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, field_validator

from flowbt.data.sources import NAMES
from flowbt.ground.clock import read_date
from flowbt.ground.documents import read_declared
from flowbt.ground.errors import DatasetError, RangeError, SourceError, nearest


class PlanFile(BaseModel):
    """One file, or a pattern of files, and how it is read."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    path: str
    source: str = ""
    symbol_from: str = ""
    check: bool = False
    start: str = ""
    end: str = ""
    fields: tuple[str, ...] = ()
    drop: dict[str, str] = Field(default_factory=dict)
    options: dict[str, object] = Field(default_factory=dict)

    @field_validator("source")
    @classmethod
    def _known(cls, value: str) -> str:
        if value and value not in NAMES:
            raise ValueError(f"no source {value!r}; {nearest(value, NAMES) or 'see docs/data.md'}")
        return value

    @field_validator("start", "end")
    @classmethod
    def _date(cls, value: str) -> str:
        return _iso(value) if value else value

    @field_validator("drop")
    @classmethod
    def _spans(cls, value: dict[str, str]) -> dict[str, str]:
        for span in value:
            first, mark, last = span.rpartition(":")[2].partition("..")
            _iso(first)
            if mark:
                _iso(last)
        return value

    def keep(self) -> dict[str, object]:
        return {"start": self.start, "end": self.end, "fields": self.fields, "drop": self.drop}


def _iso(text: str) -> str:
    """The text of a day; ValueError, as pydantic wants it, for one that is not YYYY-MM-DD."""
    try:
        if read_date(text) == read_date(text).normalize():
            return text
    except RangeError as error:
        raise ValueError(str(error)) from None
    raise ValueError(f"date {text!r}: has a time of day; write YYYY-MM-DD")


class PlanDataset(BaseModel):
    """A dataset of the plan."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    overlap: dict[str, float | str] = Field(default_factory=dict)
    files: tuple[PlanFile, ...] = Field(min_length=1)


class ImportPlan(BaseModel):
    """An import plan."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    dataset: tuple[PlanDataset, ...]

    @field_validator("dataset")
    @classmethod
    def _distinct(cls, value: tuple[PlanDataset, ...]) -> tuple[PlanDataset, ...]:
        names = [dataset.name for dataset in value]
        if twice := next((name for name in names if names.count(name) > 1), ""):
            raise ValueError(f"{twice} is there twice: give each dataset one entry with all its files")
        return value


@dataclass(frozen=True)
class PlannedFile:
    """A file that is there, with its options complete."""

    path: Path
    source: str
    options: dict[str, object]
    entry: PlanFile


def read_plan(path: Path) -> ImportPlan:
    """The plan in a TOML file; DatasetError says what is wrong in it."""
    absent, do = "give the path of a plan, such as datasets/plan.toml", "mend the plan (see docs/data.md)"
    return read_declared(path, ImportPlan, "import plan", DatasetError, absent, do)


def inputs(dataset: PlanDataset, root: Path, source: str) -> list[PlannedFile]:
    """The files of a dataset under `root`, patterns expanded and sorted. SourceError when one is not there."""
    found = []
    for file in dataset.files:
        paths = sorted(root.glob(file.path)) if any(sign in file.path for sign in "*?[") else [root / file.path]
        if not paths:
            raise SourceError(str(root / file.path), "no file answers to this pattern", "check --root")
        for path in paths:
            found.append(PlannedFile(path, file.source or source, _options(file, path), file))
    return found


def _options(file: PlanFile, path: Path) -> dict[str, object]:
    if not file.symbol_from:
        return file.options
    match = re.search(file.symbol_from, path.name)
    if not match or not match.groups():
        raise SourceError(path.name, f"symbol_from {file.symbol_from!r} finds no symbol in it", "mend the plan")
    return {**file.options, "symbol": match.group(1)}
