"""The versions of a dataset: what came when and from which file, going back to an earlier one, clearing what nobody needs."""

from __future__ import annotations

from pathlib import Path

from flowbt.data.catalog import Catalog
from flowbt.data.versions import CURRENT, DATA, DECLARATION, VERSIONS, Version, current, discard, line_of, open_version, point, versions_of
from flowbt.ground.errors import DatasetError, SpoiltDataset, nearest
from flowbt.ground.files import WRITING, abandoned, read_text, remove
from flowbt.studies.ingest.datasets import changing, folder_of


def import_log(catalog: Catalog, name: str) -> list[dict[str, object]]:
    """A record per version, the newest first: version, stored (UTC), rows, files, change, current, kept (whether it can be restored)."""
    folder = folder_of(catalog, name)
    there = versions_of(folder)
    now = _current(folder)
    lines = {line["version"]: line for version in there for line in (*version.provenance.get("history", []), line_of(version))}
    kept = {version.id for version in there}
    ordered = sorted(lines.values(), key=lambda line: str(line["stored"]), reverse=True)
    return [{**line, "current": line["version"] == now, "kept": line["version"] in kept} for line in ordered]


def restore(catalog: Catalog, name: str, to: str) -> Version:
    """Make an earlier version current: `to` is the beginning of its name, or `previous`. DatasetError where none or several answer, or it is spoilt."""
    folder = folder_of(catalog, name)
    with changing(folder):
        versions = versions_of(folder)
        wanted = [version for version in versions if to and version.id.startswith(to)] if to != "previous" else _before(folder, versions)
        if len(wanted) != 1:
            names = [version.id for version in versions]
            there = f"the versions kept are {', '.join(names[:6])}" if names else "no version is kept"
            raise DatasetError(f"version {to!r} of dataset {name}", there, nearest(to, names) or f"see `flowbt data log {name}`")
        chosen = open_version(folder, wanted[0].id)
        _ = chosen.file  # whole, or an error
        point(folder, chosen.id)
    return chosen


def collect(catalog: Catalog, names: tuple[str, ...], keep: int = 0) -> dict[str, list[Path]]:
    """Delete versions that are not current but for the `keep` newest of them, and what dead writers left. Name -> what was deleted."""
    deleted = {}
    for name in names or _all(catalog):
        folder = folder_of(catalog, name)
        with changing(folder):
            now = _current(folder)
            if now is None and (name in catalog.spoilt):
                continue  # which version counts cannot be told, so none is thrown away
            others = [version.id for version in versions_of(folder) if version.id != now]
            deleted[name] = discard(folder, {*others[:keep], *([now] if now else [])})
    if not names:
        deleted |= {root.name: gone for root in catalog.roots if (gone := _debris(root))}
    return deleted


def _debris(root: Path) -> list[Path]:
    """Delete what was left by first imports that were killed before there was a declaration or a version that counts, and by a demo market half built."""
    gone = [path for path in root.glob(f"{WRITING}*") if abandoned(path)]
    for home in root.glob(f"*/{VERSIONS}"):
        folder = home.parent
        if not any((folder / name).exists() for name in (DECLARATION, CURRENT, DATA)):
            with changing(folder):
                gone += discard(folder, ())
                for empty in (home, folder):
                    if not any(empty.iterdir()):
                        empty.rmdir()
    for path in gone:
        if path.parent == root:
            remove(path)
    return gone


def _before(folder: Path, versions: list[Version]) -> list[Version]:
    """The version the current one was made from; where the current one is spoilt, the newest other one."""
    try:
        now = current(folder)
    except SpoiltDataset:
        now = None
    history = now.provenance.get("history", []) if now else []
    if history:
        return [version for version in versions if version.id == history[-1]["version"]]
    spoilt = read_text(folder / "current").strip() if now is None and (folder / "current").exists() else ""
    return [version for version in versions if version.id != spoilt][:1] if now is None else []


def _current(folder: Path) -> str | None:
    try:
        now = current(folder)
        return now.id if now else None
    except SpoiltDataset:
        return None


def _all(catalog: Catalog) -> list[str]:
    assert catalog.imported is not None  # finds out what is spoilt
    return [*catalog.declared]
