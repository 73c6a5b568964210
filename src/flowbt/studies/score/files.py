"""Loading claim files: every function with a `__claim__` record, in the order written. A broken file is one clear line, not the end of the run."""

from __future__ import annotations

import ast
import sys
import types
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from flowbt.engine.fence import CLAIMS, Stores, check_source, guarded_builtins
from flowbt.evidence.claims.declare import Claim, Document
from flowbt.ground.errors import ClaimError, FenceError, StrategyError, nearest, printable, words_of
from flowbt.ground.files import asked_path, read_text
from flowbt.ground.guard import deciding

LOCK = "register.lock"


@dataclass(frozen=True)
class ClaimFile:
    """A loaded file, or the line that says why it cannot be."""

    path: Path
    document: Document
    claims: tuple[Claim, ...] = ()
    text: str = ""
    problem: str = ""
    leak: bool = False  # the problem is that it reaches past the panel


Work = tuple[ClaimFile, Claim]


@dataclass(frozen=True)
class Selection:
    """What was named on the command line, and the family it belongs to.

    `files`: every file of the register (the folder's, where it has a `register.lock`; else the files named). `named`: ids of the claims asked for.
    `folder`: the register's folder, None where there is none. `whole`: all of the family was named.
    """

    files: tuple[ClaimFile, ...]
    named: frozenset[str]
    folder: Path | None = None

    @property
    def whole(self) -> bool:
        return all(claim.id in self.named for file in self.files for claim in file.claims)


def select(targets: tuple[str, ...]) -> Selection:
    """Files for `PATH`, `FOLDER` or `PATH::claim`, with their family. ClaimError for a path or claim that is not there, with the nearest names."""
    files: dict[Path, ClaimFile] = {}
    named: set[str] = set()
    for target in targets:
        name, _, only = target.partition("::")
        for path in _paths(asked_path(name, f"claims of {target!r}")):
            file = files.setdefault(path, load(path))
            named |= {claim.id for claim in (_one(file, only) if only else file).claims}
    folders = {path.parent for path in files if (path.parent / LOCK).is_file()}
    if len(folders) > 1:
        found = " and ".join(sorted(map(str, folders)))
        raise ClaimError("claims of two registers", found, "score one register at a time: each is corrected by itself")
    for folder in folders:
        files = {path: files.get(path) or load(path) for path in dict.fromkeys([*_paths(folder), *files])}
    return Selection(tuple(files.values()), frozenset(named), next(iter(folders), None))


def _paths(path: Path) -> list[Path]:
    if path.is_file():
        return [path]
    if not path.is_dir():
        near = [str(p) for p in path.parent.glob("*.py") if p != path] if path.parent.is_dir() else []
        raise ClaimError(
            f"claims of {path}",
            "not a plain file" if path.exists() else "no such file or folder",
            nearest(str(path), near) or "see claims/ or `flowbt new claim NAME`",
        )
    if found := sorted(p for p in path.glob("*.py") if not p.name.startswith("_")):
        return found
    raise ClaimError(f"claims in {path}", "no .py file in it", "see `flowbt new claim NAME`")


def load(path: Path) -> ClaimFile:
    """Run a claim file and collect its claims. While it loads it reads nothing: what it kept would have no time of knowledge."""
    nameless = Document(printable(path.stem), "")
    module = types.ModuleType(f"flowbt_claims_{path.stem}")
    module.__file__ = str(path)
    text = ""
    try:
        text = read_text(asked_path(path, "claims"))
        code = _compiled(path, text)
        module.__dict__["__builtins__"] = guarded_builtins(CLAIMS)
        with deciding(str(path)):
            exec(code, module.__dict__)
    except SyntaxError as error:
        return ClaimFile(path, nameless, problem=f"{path}: syntax error on line {error.lineno} ({error.msg}); mend the file")
    except StrategyError as error:
        return ClaimFile(path, nameless, problem=str(error), leak=isinstance(error, FenceError))
    except Exception as error:
        return ClaimFile(path, nameless, problem=f"{path}{line_of_error(path)}: {type(error).__name__}: {words_of(error)}; mend the file")
    document = getattr(module, "DOCUMENT", None)
    if not isinstance(document, Document):
        return ClaimFile(path, nameless, problem=f'{path}: it has no DOCUMENT; write DOCUMENT = Document("{path.stem}", dated="YYYY-MM-DD")')
    found = [value.__claim__ for value in vars(module).values() if isinstance(getattr(value, "__claim__", None), Claim)]
    claims = list({record.name: record for record in found}.values())  # a loop variable may hold one twice
    if not claims:
        return ClaimFile(path, document, problem=f"{path}: no function in it is marked with @claim; see `flowbt new claim NAME`")
    return ClaimFile(path, document, tuple(claims), text)


@lru_cache(maxsize=64)
def _compiled(path: Path, text: str) -> types.CodeType:
    """A claim file's checked source; the probes load it anew for every claim."""
    tree = ast.parse(text, filename=str(path))
    check_source(path, tree, CLAIMS)
    code: types.CodeType = compile(Stores().visit(tree), str(path), "exec")
    return code


def line_of_error(path: Path) -> str:
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
    return ClaimFile(file.path, file.document, kept, file.text)
