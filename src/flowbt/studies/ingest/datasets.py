"""Looking after datasets: list them, show one, check one against its own record, remove one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pandas as pd

from flowbt.data.catalog import Catalog, Imported
from flowbt.data.declare import Dataset
from flowbt.data.provenance import FindingRecord
from flowbt.data.sources.base import Anomaly
from flowbt.data.versions import CHECKED, CURRENT, DATA, DECLARATION, MEND, PROVENANCE, VERSIONS, describe, writing_alone
from flowbt.ground.errors import CheckFailed, DatasetError, SpoiltDataset, nearest
from flowbt.ground.files import remove as delete
from flowbt.ground.types import Json


def listing(catalog: Catalog) -> list[Json]:
    """One record per declared dataset, imported ones first: name, title, imported, rows, span, fields, symbols (their number), findings, known."""
    records = [_record(declaration, catalog.imported.get(name)) for name, declaration in catalog.declared.items()]
    return sorted(records, key=lambda record: not record["imported"])


def details(catalog: Catalog, name: str) -> Json:
    """Everything about one dataset: its declaration in words, files, spans per field and symbol, overlaps, counts of findings."""
    declaration = _declared(catalog, name)
    rules = {key: rule.model_dump(exclude_defaults=True) for key, rule in declaration.fields.items()}
    record = {**_record(declaration, catalog.imported.get(name)), "declared_fields": rules}
    record |= declaration.model_dump(exclude={"name", "title", "publication", "policy", "fields"})
    if imported := catalog.imported.get(name):
        kept = ("files", "overlaps", "finding_counts", "fields", "data_hash")
        record |= {key: value for key, value in imported.provenance.items() if key in kept}
    return record


def check(catalog: Catalog, name: str) -> Json:
    """The findings of a dataset's import, as records with a `line` for people. CheckFailed when the stored table is not what its record says."""
    _declared(catalog, name)
    if name not in catalog.imported:
        if name in catalog.spoilt:
            raise CheckFailed(f"dataset {name}", catalog.spoilt[name], MEND)
        raise DatasetError(f"dataset {name}", "declared, not imported", "run `flowbt data import`")
    imported = catalog.imported[name]
    for problem in _problems(imported):
        raise CheckFailed(f"dataset {name}", problem, f"import it again, or go back with `flowbt data restore {name}`")
    findings = [{**finding, "line": _line(finding)} for finding in imported.provenance.get("findings", [])]
    return {"name": name, "rows": imported.provenance["rows"], "data_hash": imported.hash, "findings": findings}


def remove(catalog: Catalog, name: str, declaration_too: bool = False) -> list[Path]:
    """Delete the data of a dataset, all its versions (and, if asked, its declaration). Returns what was deleted."""
    folder = folder_of(catalog, name)
    parts = (CURRENT, VERSIONS, CHECKED, PROVENANCE, DATA, *([DECLARATION] if declaration_too else []))
    with changing(folder):
        deleted = [folder / part for part in parts if (folder / part).exists()]
        for path in deleted:  # the pointer first: without it nothing counts as imported
            delete(path)
        if declaration_too and not any(folder.iterdir()):
            folder.rmdir()
    return deleted


def folder_of(catalog: Catalog, name: str) -> Path:
    """The folder of a dataset, which need not have a declaration that can be read; DatasetError where there is none."""
    found = [root / name for root in catalog.roots if name and Path(name).name == name and (root / name / DECLARATION).is_file()]
    if not found:
        _declared(catalog, name)
    return found[0]


@contextmanager
def changing(folder: Path) -> Iterator[None]:
    """Alone with a dataset's folder; what the system refuses is a DatasetError."""
    try:
        with writing_alone(folder.parent, folder.name):
            yield
    except OSError as error:
        raise DatasetError(f"dataset {folder.name}", f"cannot change {folder} ({error.strerror})", "check its permissions") from None


def _record(declaration: Dataset, imported: Imported | None) -> dict[str, object]:
    record: dict[str, object] = {"name": declaration.name, "title": declaration.title, "imported": imported is not None}
    record["known"] = declaration.publication.words()
    if imported is None:
        return {**record, "fields": {}, "declared": list(declaration.fields)}
    provenance = imported.provenance
    symbols = {symbol for spans in provenance["fields"].values() for symbol in spans}
    counted = sum(provenance.get("finding_counts", {}).values())
    held = {"rows": provenance["rows"], "span": provenance["span"], "symbols": len(symbols), "fields": sorted(provenance["fields"])}
    return {**record, **held, "findings": counted}


def _declared(catalog: Catalog, name: str) -> Dataset:
    if name not in catalog.declared:
        raise DatasetError(f"dataset {name!r}", "not declared here", nearest(name, catalog.declared) or "see `flowbt data ls`")
    return catalog.declared[name]


def _problems(imported: Imported) -> list[str]:
    """What of a stored table does not agree with its record."""
    found = []
    try:
        table = imported.version.frame()
    except SpoiltDataset as error:
        return [error.found]
    if describe(table)["data_hash"] != imported.hash:
        found.append("data.parquet is not the table its provenance describes")
    if table[["event_time", "known_at"]].isna().any().any():
        found.append("rows without event or publication time")
    order = ["symbol", "known_at", "event_time"]
    if not table[order].equals(table[order].sort_values(order, kind="stable")):
        found.append("the rows are not sorted by symbol, publication and event time")
    return found


def _line(record: FindingRecord) -> str:
    time = pd.Timestamp(record["event_time"]) if "event_time" in record else None
    finding = Anomaly(record["kind"], record["reason"], record.get("file", ""), record.get("row", 0), time, record.get("symbol", ""), record.get("field", ""))
    return f"{finding.line()} ({record['action']})"
