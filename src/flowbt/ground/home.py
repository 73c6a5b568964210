"""The project around the working folder: the nearest folder, here or above, that holds `flowbt.toml`."""

from __future__ import annotations

import os
from pathlib import Path

from flowbt.ground.errors import DatasetError, nearest

MARKER = "flowbt.toml"
CACHE = "FLOWBT_CACHE"  # in the environment
TIMEOUT = "FLOWBT_TIMEOUT"  # seconds that one call of a file may take; unset: no limit. In the environment, so that workers keep to it too


def root() -> Path | None:
    """The project's root, absolute; None outside of a project."""
    here = Path.cwd()
    return next((folder for folder in (here, *here.parents) if (folder / MARKER).is_file()), None)


def project_path(name: str) -> Path:
    """A file or folder of the project, as a path from the working folder; outside of a project the one of this name here."""
    home = root()
    return Path(name) if home is None else Path(os.path.relpath(home / name))


def cache_folder() -> Path:
    """What can be made again: FLOWBT_CACHE, or ~/.cache/flowbt where it is not set. RuntimeError where there is no home."""
    return Path(os.environ.get(CACHE) or Path.home() / ".cache" / "flowbt")


def data_folder(folder: Path) -> Path:
    """`folder`, which must be there unless it is the project's own. DatasetError with the nearest name where it is not."""
    if folder.is_dir() or folder == project_path("datasets"):
        return folder
    beside = [path.name for path in folder.parent.iterdir() if path.is_dir()] if folder.parent.is_dir() else []
    raise DatasetError(f"datasets folder {folder}", "is not there", nearest(folder.name, beside) or "give the folder that holds them, or leave --datasets out")
