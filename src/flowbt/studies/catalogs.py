"""Which data a study works on: the imported datasets of a folder, or the synthetic demo market. Never both at once."""

from __future__ import annotations

from pathlib import Path

from flowbt.data.catalog import Catalog
from flowbt.data.demo.build import ensure_demo
from flowbt.ground.errors import DatasetError
from flowbt.ground.home import data_folder

DEMO = ".demo"


def open_catalog(datasets: Path, demo: bool | None = None) -> Catalog:
    """The catalog of `datasets`. `demo`: True the demo market, False never it, None where nothing is imported.

    DatasetError where the folder is not there (the demo market, when asked for, makes it), or holds nothing that can be used.
    """
    if not demo:
        data_folder(datasets)
    real = Catalog((datasets,))
    if demo is False or (demo is None and (real.imported or real.spoilt)):
        if not real.imported:  # asked first: it finds out what is spoilt
            if real.spoilt:
                name, reason = next(iter(real.spoilt.items()))
                raise DatasetError(f"dataset {name}", reason, "import it again, or use --demo")
            raise DatasetError(
                f"datasets under {datasets}", "none is imported", "run `flowbt data import --plan datasets/plan.toml --root FOLDER`, or use --demo"
            )
        return real
    return Catalog((ensure_demo(datasets / DEMO),))
