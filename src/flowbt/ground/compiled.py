"""Compiled functions: numba's, kept on disk under a key that holds every source a compiled function is made of.

numba's own key holds the file a function stands in, not the files of what it calls: after an edit of a callee, or a `git pull` into an
editable install, the old machine code would run on.
"""

from __future__ import annotations

import hashlib
import re
from functools import lru_cache
from pathlib import Path
from typing import TypeVar, cast

from numba import njit
from numba.core.caching import FunctionCache

from flowbt.ground.types import Function

F = TypeVar("F", bound=Function)

COMPILES = b"flowbt.ground.compiled import"
IMPORTS = re.compile(rb"^from flowbt\.([\w.]+) import", re.MULTILINE)


def jit(function: F) -> F:
    """Compile for all runs to come, without the interpreter's lock; a division by zero gives infinity or NaN, as in numpy."""
    compiled = njit(nogil=True, error_model="numpy")(function)
    compiled._cache = SourceCache(function)
    return cast(F, compiled)


def jit_part(function: F) -> F:
    """As `jit`, for a function that only compiled ones call: without a way in from Python it compiles in half the time."""
    compiled = njit(nogil=True, error_model="numpy", no_cpython_wrapper=True, no_cfunc_wrapper=True)(function)
    compiled._cache = SourceCache(function)
    return cast(F, compiled)


def jit_sums(function: F) -> F:
    """As `jit`, for a loop that only adds up: terms may be added in any order, so that several go at once. Nothing in it may be missing."""
    compiled = njit(nogil=True, error_model="numpy", fastmath={"reassoc", "nnan", "nsz"})(function)
    compiled._cache = SourceCache(function)
    return cast(F, compiled)


class SourceCache(FunctionCache):  # type: ignore[misc]
    """numba's cache of one function; its key also holds the hash of all sources."""

    def _index_key(self, sig: object, codegen: object) -> tuple[object, ...]:
        return (*super()._index_key(sig, codegen), sources())

    def _load_overload(self, sig: object, target_context: object) -> object:
        """Nothing, and an empty index, where the one on disk names types that another version of the package had."""
        try:
            return super()._load_overload(sig, target_context)
        except (AttributeError, ImportError):
            self.flush()
            return None


@lru_cache(maxsize=1)
def sources() -> str:
    """One hash over every module of the package that compiles something, and the modules they import from it (constants, shapes)."""
    root = Path(__file__).parents[1]
    texts = {path: path.read_bytes() for path in root.rglob("*.py")}
    wanted = {path for path, text in texts.items() if COMPILES in text}
    for path in tuple(wanted):
        wanted |= {root / f"{name.decode().replace('.', '/')}.py" for name in IMPORTS.findall(texts[path])}
    digest = hashlib.sha256()
    for path in sorted(wanted & texts.keys()):
        digest.update(path.relative_to(root).as_posix().encode() + b"\0" + texts[path])
    return digest.hexdigest()
