"""Loading claim files: every function with a `__claim__` record, in the order written. A broken file is one clear line, not the end of the run."""

from __future__ import annotations

import hashlib
import sys
import types
from dataclasses import dataclass, field
from pathlib import Path

from flowbt.evidence.claims.declare import Claim, Document
from flowbt.ground.errors import ClaimError, nearest


@dataclass(frozen=True)
class ClaimFile:
    """A loaded file, or the line that says why it cannot be."""

    path: Path
    document: Document
    claims: tuple[Claim, ...] = ()
    text_hash: str = ""
    problem: str = ""


@dataclass(frozen=True)
class Selection:
    """The files of a run; `only` names the one claim asked for, if any."""

    files: tuple[ClaimFile, ...]
    only: str = field(default="")


def select(targets: tuple[str, ...]) -> Selection:
    """Files for `PATH`, `FOLDER` or `PATH::claim`. ClaimError for a path or claim that is not there, with the nearest names."""
    files: list[ClaimFile] = []
    only = ""
    for target in targets:
        name, _, only_here = target.partition("::")
        path = Path(name)
        if path.is_dir():
            found = sorted(p for p in path.glob("*.py") if not p.name.startswith("_"))
            if not found:
                raise ClaimError(f"claims in {path}", "no .py file in it", "see `flowbt new claim NAME`")
            files += [load(p) for p in found]
        elif path.is_file():
            loaded = load(path)
            files.append(_one(loaded, only_here) if only_here else loaded)
            only = only_here
        else:
            near = [str(p) for p in path.parent.glob("*.py")] if path.parent.is_dir() else []
            raise ClaimError(f"claims of {path}", "no such file or folder", nearest(str(path), near) or "see claims/ or `flowbt new claim NAME`")
    return Selection(tuple(files), only)


def load(path: Path) -> ClaimFile:
    """Run a claim file and collect its claims."""
    nameless = Document(path.stem, "")
    module = types.ModuleType(f"flowbt_claims_{path.stem}")
    module.__file__ = str(path)
    text = ""
    try:
        text = path.read_text(encoding="utf-8")
        exec(compile(text, str(path), "exec"), module.__dict__)
    except SyntaxError as error:
        return ClaimFile(path, nameless, problem=f"{path}: syntax error on line {error.lineno} ({error.msg}); mend the file")
    except Exception as error:
        return ClaimFile(path, nameless, problem=f"{path}{line_of(path)}: {type(error).__name__}: {error}; mend the file")
    document = getattr(module, "DOCUMENT", None)
    if not isinstance(document, Document):
        return ClaimFile(path, nameless, problem=f'{path}: it has no DOCUMENT; write DOCUMENT = Document("{path.stem}", dated="YYYY-MM-DD")')
    found = [value.__claim__ for value in vars(module).values() if isinstance(getattr(value, "__claim__", None), Claim)]
    claims = list({record.name: record for record in found}.values())  # a loop variable may hold one twice
    if not claims:
        return ClaimFile(path, document, problem=f"{path}: no function in it is marked with @claim; see `flowbt new claim NAME`")
    return ClaimFile(path, document, tuple(claims), hashlib.sha256(text.encode()).hexdigest()[:16])


def line_of(path: Path) -> str:
    """` line N` of the innermost frame of the current error that lies in the file."""
    trace, line = sys.exc_info()[2], ""
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == str(path):
            line = f" line {trace.tb_lineno}"
        trace = trace.tb_next
    return line


def _one(file: ClaimFile, name: str) -> ClaimFile:
    if file.problem:
        return file
    wanted = name.replace("-", "_")
    kept = tuple(c for c in file.claims if c.name == wanted)
    if not kept:
        known = [c.id for c in file.claims]
        raise ClaimError(f"claim {name!r} of {file.path}", f"it has {len(known)} claims", nearest(name, known) or f"they are {', '.join(known[:6])} ...")
    return ClaimFile(file.path, file.document, kept, file.text_hash)
