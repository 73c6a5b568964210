"""What a stored version says of itself (`provenance.json`), as types. A part that a version of an older flowbt lacks is absent."""

from __future__ import annotations

from typing import TypedDict

SymbolSpan = tuple[str, str, int]
"""First event, last event, rows of a symbol that have a value; in the file a list."""
FieldSpans = dict[str, dict[str, SymbolSpan]]
"""Field -> symbol -> its span."""
Changes = dict[str, int]
"""What an import did, in rows: new, revised, equal .."""


class FileRecord(TypedDict, total=False):
    """A file the rows come from. `sha256` empty: it could not be read. `read`: hash of how it is read; `rows`: how many it gave."""

    name: str
    sha256: str
    bytes: int
    read: str
    rows: int


class FindingRecord(TypedDict, total=False):
    """What validation found in a row, and what was done. `event_time` ISO; parts that do not apply are absent."""

    kind: str
    action: str
    reason: str
    file: str
    row: int
    symbol: str
    field: str
    event_time: str


class OverlapRecord(TypedDict):
    """How a later file agrees with those before it, in one field."""

    file: str
    field: str
    common: int
    differing: int
    largest: float


class VersionLine(TypedDict):
    """A version in short. `stored`: ISO, UTC."""

    version: str
    stored: str
    rows: int
    files: list[str]
    change: Changes


class Provenance(TypedDict, total=False):
    """Where the rows come from, as an import or a reduction says it; then, once stored, the table's own figures, hashes, and the versions before."""

    files: list[FileRecord]
    overlaps: list[OverlapRecord]
    finding_counts: dict[str, int]
    findings: list[FindingRecord]
    revised: bool  # some rows replace earlier ones
    change: Changes
    reduced: dict[str, object]  # kind of raw file, and its options
    row_rules: dict[str, object]  # what of the declaration decides which rows are stored
    tolerance: dict[str, float | str]
    publication: dict[str, object]  # the rule the rows were placed by
    note: str

    clock: str
    rows: int
    span: list[str]
    fields: FieldSpans
    data_hash: str
    data_bytes: int
    stored: str
    sha256: dict[str, str]
    history: list[VersionLine]
