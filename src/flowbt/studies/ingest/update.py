"""Real data from their providers: everything at first (`setup`), then what is new since (`update`).

1. `datasets/providers.toml` says whom to ask for what (`data/ingest/providers.py`); a dataset that is not declared gets the declaration a project begins with.
2. Each pull asks from a few days before the last row it brought, or for all that the source has; files come by `data/ingest/download.py`, which goes on where
   it stopped, and are imported into what is there: rows appended, changed ones kept as revisions.
3. One that fails does not stop the others: partial success is success with a list. A host that gives no answer is given up for the whole call, so that a
   provider that is down costs minutes.
4. What became of each is kept in `.update.json` beside the datasets, for the pages.

One at a time: a second call waits a minute for the lock.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd

from flowbt.data.catalog import Catalog
from flowbt.data.declare import read_declaration
from flowbt.data.ingest.download import Manners, Patience, Pulled, pull, ready
from flowbt.data.ingest.providers import SETS, Provider, ProviderPull, Providers, read_providers
from flowbt.data.raw.duck import Limits
from flowbt.data.sources import calendars
from flowbt.data.sources.online import PULLED_BY
from flowbt.data.sources.request import Download, Wanted
from flowbt.ground.clock import Clock
from flowbt.ground.documents import keep, kept
from flowbt.ground.errors import FlowbtError, ParameterError, PullError, SourceError
from flowbt.ground.files import locked, read_text, write_text
from flowbt.ground.protocols import Step
from flowbt.ground.starter import starter_folder
from flowbt.ground.types import Json
from flowbt.studies.ingest.arrival import Arrival
from flowbt.studies.ingest.files import FileImport, import_files
from flowbt.studies.ingest.ingest import ImportOutcome
from flowbt.studies.ingest.kinds import kind_of
from flowbt.studies.ingest.pull import Into, PullResult, run_pull
from flowbt.studies.ingest.reduce import reduce_one

DECLARED, RECORD, RAW = "providers.toml", ".update.json", ".raw"
AGAIN = pd.Timedelta(days=5)  # asked for again before the last row: late and revised rows
Status = Literal["imported", "merged", "unchanged", "partial", "failed", "skipped"]


@dataclass(frozen=True)
class UpdateRequest:
    """What is asked for. `sets`: core, crypto. `today`: the day up to which (the clock's UTC day)."""

    datasets: Path
    providers: Path | None = None
    sets: tuple[str, ...] = SETS
    only: tuple[str, ...] = ()
    today: pd.Timestamp = field(default_factory=lambda: pd.Timestamp.now("UTC").tz_localize(None))


@dataclass(frozen=True)
class PullOutcome:
    """What became of one pull. partial: some of its files failed, the rest came in; `problem`: one line where something failed or was skipped; `asked`: when
    the call that made it began (ISO, UTC)."""

    provider: str
    dataset: str
    status: Status
    files: int = 0
    rows: int = 0
    change: dict[str, int] = field(default_factory=dict)
    problem: str = ""
    asked: str = ""


@dataclass(frozen=True)
class Errand:
    """A pull on its way: how its provider is asked, and who is told of each file."""

    asked: UpdateRequest
    provider: Provider
    pull: ProviderPull
    manners: Manners
    step: Step | None = None

    @property
    def folder(self) -> Path:
        """Where the files of a pull lie: by dataset, source and symbols, so that pulls into one dataset keep their files apart."""
        one = self.pull
        named = "-".join([one.dataset, one.source or one.reduce, *[str(one.options[key]) for key in ("symbol", "files") if key in one.options]])
        return self.asked.datasets / RAW / named.replace(":", "_")

    def files(self, requests: Sequence[Download]) -> list[Pulled]:
        """Download what is named into the folder."""
        return pull(requests, self.folder, self.manners, self.step)

    def there(self, files: Sequence[Pulled]) -> list[Path]:
        """Those that are there, fetched now or before."""
        return [self.folder / file.file for file in files if file.status in ("fetched", "unchanged")]


@dataclass(frozen=True)
class Updated:
    """All pulls of a call, in their order."""

    outcomes: tuple[PullOutcome, ...]

    @property
    def failed(self) -> list[PullOutcome]:
        return [one for one in self.outcomes if one.status in ("failed", "partial")]

    @property
    def changed(self) -> list[PullOutcome]:
        return [one for one in self.outcomes if one.status in ("imported", "merged") or (one.status == "partial" and one.change)]


def update(asked: UpdateRequest, progress: Step | None = None) -> Updated:
    """Bring the datasets of the providers up to date, from nothing too. ParameterError for a set or dataset that is none, PullError where nothing can be
    downloaded here at all, Busy where another is at it."""
    ready()
    asked.datasets.mkdir(parents=True, exist_ok=True)
    with locked(asked.datasets / ".locks" / ".update.lock", f"update of {asked.datasets}", 60.0):
        chosen, patience = _chosen(asked, declared_providers(asked)), Patience()
        again = {(provider.name, one.dataset) for provider, one in chosen}
        earlier = [one for one in _of_today(asked) if (one["provider"], one["dataset"]) not in again]
        outcomes: list[PullOutcome] = []
        for n, (provider, one) in enumerate(chosen):
            if progress:
                progress(f"{one.dataset} of {provider.name}", n, len(chosen))
            manners = Manners(provider.pause, provider.tries, provider.timeout, provider.longest_wait, provider.base_url, patience)
            made = _tried(Errand(asked, provider, one, manners, _within(progress, one, n, len(chosen))))
            outcomes.append(replace(made, asked=f"{asked.today:%Y-%m-%dT%H:%M:%SZ}"))
            _record(asked, [*earlier, *map(asdict, outcomes)], done=len(outcomes) == len(chosen))
        if progress:
            progress("", len(chosen), len(chosen))
    return Updated(tuple(outcomes))


def declared_providers(asked: UpdateRequest) -> Providers:
    """The file named, the project's, or the one a project begins with (which is put into the project)."""
    if asked.providers is not None:
        return read_providers(asked.providers)
    own = asked.datasets / DECLARED
    if not own.is_file():
        starter = starter_folder() / "datasets" / DECLARED
        _chosen(asked, read_providers(starter))  # what is asked amiss is refused before anything is written
        write_text(own, read_text(starter))
    return read_providers(own)


def last_update(datasets: Path) -> Json | None:
    """What became of the last update and of earlier ones of its UTC day (`time`, `done`, `outcomes`); None where there was none."""
    return kept(datasets / RECORD) or None


def came_today(asked: UpdateRequest) -> tuple[int, tuple[str, ...]]:
    """By the record of `asked.today`'s UTC day: how many of the pulls asked for came whole, and the datasets of the others: failed, not asked for yet, or asked
    before something that has come out since (in the morning, of a session that closed in the evening)."""
    asked.datasets.mkdir(parents=True, exist_ok=True)
    chosen = Counter((provider.name, one.dataset) for provider, one in _chosen(asked, declared_providers(asked)))
    good = [one for one in _of_today(asked) if one["status"] not in ("failed", "partial") and not _outdated(asked, one)]
    there = Counter((one["provider"], one["dataset"]) for one in good)
    left = tuple(dict.fromkeys(pull[1] for pull, count in chosen.items() if there[pull] < count))
    came = [one for one in good if (one["provider"], one["dataset"]) in chosen and one["dataset"] not in left and one["status"] != "skipped"]
    return len(came), left


def _of_today(asked: UpdateRequest) -> list[dict[str, object]]:
    last = last_update(asked.datasets) or {}
    return list(last["outcomes"]) if str(last.get("time", ""))[:10] == f"{asked.today:%Y-%m-%d}" else []


def _outdated(asked: UpdateRequest, one: Json) -> bool:
    """Whether more of a pull's dataset has come out since it was asked for; of one that is not declared nobody knows."""
    try:
        when = pd.Timestamp(str(one["asked"])).tz_localize(None)
        return read_declaration(asked.datasets / one["dataset"]).out_between(when, asked.today)
    except (KeyError, ValueError, FlowbtError):
        return bool(one["status"] != "skipped")


def _chosen(asked: UpdateRequest, found: Providers) -> list[tuple[Provider, ProviderPull]]:
    whole = [(provider, one) for provider in found.provider for one in provider.pull]
    for name in asked.sets:
        if name not in SETS:
            raise ParameterError(f"set {name!r}", f"not one of {', '.join(SETS)}", "name one of them, or all")
    for name in asked.only:
        if name not in {one.dataset for _, one in whole}:
            raise ParameterError(f"dataset {name!r}", "no provider is declared for it", "see datasets/providers.toml")
    return [(provider, one) for provider, one in whole if one.set in asked.sets and (not asked.only or one.dataset in asked.only)]


def _within(progress: Step | None, one: ProviderPull, done: int, total: int) -> Step | None:
    """The files of a pull, told as parts of the whole."""
    return None if progress is None else lambda what, n, of: progress(f"{one.dataset}: {what} ({n} of {of})", done, total)


def _tried(errand: Errand) -> PullOutcome:
    provider, one = errand.provider, errand.pull
    try:
        _declare(errand.asked.datasets, one.dataset)
        return _outcome(provider, one, _way(one)(errand))
    except PullError as error:
        missing = "not installed" in error.found and one.source in PULLED_BY
        return PullOutcome(provider.name, one.dataset, "skipped" if missing else "failed", problem=str(error))
    except FlowbtError as error:
        return PullOutcome(provider.name, one.dataset, "failed", problem=str(error))


def _way(one: ProviderPull) -> Callable[[Errand], PullResult]:
    return _reduced if one.reduce else _calendar if one.source == "calendars" else _by_address if one.url else _by_source


def _outcome(provider: Provider, one: ProviderPull, result: PullResult) -> PullOutcome:
    bad = [file for file in result.files if file.status == "failed"]
    got, found = sum(file.status in ("fetched", "unchanged") for file in result.files), result.imported
    told: Json = {"files": got, "rows": found.rows if found else 0, "change": found.change if found else {}}
    problem = bad[0].problem + (f" ({len(bad) - 1} more files failed)" if len(bad) > 1 else "") if bad else ""
    if bad:
        return PullOutcome(provider.name, one.dataset, "partial" if got else "failed", **told, problem=problem)
    if found is None:
        return PullOutcome(provider.name, one.dataset, "unchanged", **told)
    return PullOutcome(provider.name, one.dataset, "failed" if found.status == "refused" else found.status, **told, problem=found.problem)


def _by_source(errand: Errand) -> PullResult:
    """The source names the addresses and reads the files."""
    asked, one = errand.asked, errand.pull
    start = _start(asked, one)
    wanted = Wanted(one.symbols, start, f"{max(_last(asked, one), pd.Timestamp(start)):%Y-%m-%d}" if start else "", one.options)
    return run_pull(one.source, wanted, Into(errand.folder, asked.datasets, one.dataset, options=one.options, asked=asked.today), errand.manners, errand.step)


def _by_address(errand: Errand) -> PullResult:
    """The pull names its addresses, the source reads the files."""
    asked, one = errand.asked, errand.pull
    files = errand.files(one.downloads(_days(asked, one)))
    there = errand.there(files)
    arrival = Arrival(over_by=asked.today)
    return PullResult(files, import_files(FileImport(one.dataset, one.source, one.options), there, asked.datasets, arrival) if there else None)


def _calendar(errand: Errand) -> PullResult:
    """Calendars do not say when a date was announced: a table of what was first seen when is imported."""
    files, found = [], []
    for file in errand.files(calendars.requests(Wanted())):
        try:
            found += [event for path in errand.there([file]) for event in calendars.read_calendar(path)]
            files.append(file)
        except SourceError as error:
            files.append(Pulled(file.file, file.url, "failed", problem=str(error)))
    if not found:
        return PullResult(files)
    table = calendars.seen(found, errand.folder / calendars.TABLE, errand.asked.today.floor("s"))
    return PullResult(files, import_files(FileImport(errand.pull.dataset, "events", {}), [table], errand.asked.datasets))


def _reduced(errand: Errand) -> PullResult:
    """Raw files: each is reduced once, to a csv beside it, and these are imported."""
    asked, one = errand.asked, errand.pull
    files = errand.files(one.downloads(_days(asked, one)))
    home = errand.folder / "reduced"
    home.mkdir(exist_ok=True)
    options = kind_of(one.reduce).set({name: str(value) for name, value in one.options.items()})
    tables, broken = [], []
    for file in (file for file in files if file.status in ("fetched", "unchanged")):
        made = home / f"{file.file}.{file.sha256[:12]}.csv"
        if not made.is_file():
            found = reduce_one(errand.folder / file.file, one.reduce, options, Limits(1, 500))
            if found.table is None:
                broken.append(Pulled(file.file, file.url, "failed", problem=found.problem))
                continue
            write_text(made, found.table.to_csv(index=False))
        tables.append(made)
    kept = [file for file in files if file.file not in {bad.file for bad in broken}]
    return PullResult([*kept, *broken], _import_tables(asked, one, tables) if tables else None)


def _import_tables(asked: UpdateRequest, one: ProviderPull, tables: Sequence[Path]) -> ImportOutcome:
    columns = list(pd.read_csv(tables[0], nrows=0).columns)
    fields = {name: name for name in columns if name not in ("event_time", "known_at", "symbol")}
    known = {"known": "known_at"} if "known_at" in columns else {}
    return import_files(FileImport(one.dataset, "table", {"time": "event_time", "symbol_column": "symbol", "map": fields, **known}), tables, asked.datasets)


def _days(asked: UpdateRequest, one: ProviderPull) -> pd.DatetimeIndex:
    """The days a pull by address is asked for: today where it takes no span."""
    start = _start(asked, one)
    return Clock(one.calendar).labels(start, max(_last(asked, one), pd.Timestamp(start))) if start else pd.DatetimeIndex([asked.today.normalize()])


def _last(asked: UpdateRequest, one: ProviderPull) -> pd.Timestamp:
    """The last day to ask for: today, or the day before where nobody can have today's row yet."""
    today = asked.today.normalize()
    early = read_declaration(asked.datasets / one.dataset).too_early(np.array([today.to_datetime64()]), np.array([asked.today.to_datetime64()]))
    return today - pd.Timedelta(days=int(early[0]))


def _start(asked: UpdateRequest, one: ProviderPull) -> str:
    """The first day to ask for: a few days before the last row of what the pull brings; where nothing is there, its own; empty where it takes no span."""
    if not one.start:
        return ""
    catalog = Catalog((asked.datasets,))
    there = catalog.imported.get(one.dataset)
    symbol = str(one.options.get("symbol", ""))
    spans = [span for held in there.provenance["fields"].values() for name, span in held.items() if symbol in ("", name)] if there else []
    first = one.first_day(asked.today)
    last = max((pd.Timestamp(span[1]) for span in spans), default=None)
    return first if last is None else max(first, f"{min(last, asked.today).normalize() - AGAIN:%Y-%m-%d}")


def _declare(datasets: Path, name: str) -> None:
    """Where the dataset is not declared: the declaration that a project begins with. PullError where there is none."""
    target, own = datasets / name / "dataset.toml", starter_folder() / "datasets" / name / "dataset.toml"
    if target.is_file():
        return
    if not own.is_file():
        raise PullError(f"dataset {name}", "it is not declared", f"write {target}")
    target.parent.mkdir(parents=True, exist_ok=True)
    write_text(target, read_text(own))


def _record(asked: UpdateRequest, outcomes: Sequence[dict[str, object]], done: bool) -> None:
    """What became of every pull of the day: those of this call, after those an earlier call of the day asked for and this one did not."""
    keep(asked.datasets / RECORD, {"time": f"{asked.today:%Y-%m-%dT%H:%M:%SZ}", "done": done, "outcomes": list(outcomes)})
