"""What a new project begins with. The build of the wheel runs this file too, so it imports the standard library only.

A checkout has these files at its top; the wheel carries copies in `flowbt/project/`. Imported data never are among them.
"""

from __future__ import annotations

from pathlib import Path

PATTERNS = ("flowbt.toml", "strategies/*.py", "claims/*.py", "claims/register.lock", "datasets/*.toml", "datasets/*/dataset.toml", "datasets/exitliq_tables/*")
NOTEBOOK = "docs/example.ipynb"  # `notebook.ipynb` of a new project


def starter_files(top: Path) -> dict[str, Path]:
    """Path in a new project -> file under `top`, sorted."""
    found = {path.relative_to(top).as_posix(): path for pattern in PATTERNS for path in top.glob(pattern) if path.is_file()}
    found["notebook.ipynb"] = top / NOTEBOOK
    return dict(sorted(found.items()))


def starter_folder() -> Path:
    """Where they lie: in the wheel's `flowbt/project/`, else at the top of the checkout."""
    package = Path(__file__).resolve().parents[1]
    packed = package / "project"
    return packed if packed.is_dir() else package.parents[1]
