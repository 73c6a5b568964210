"""`flowbt init`: a project to work in."""

from __future__ import annotations

import shutil
from pathlib import Path

import click

from flowbt.cli.options import PathName
from flowbt.cli.show.terminal import say
from flowbt.ground.errors import ParameterError
from flowbt.ground.files import publish, real, scratch_folder
from flowbt.ground.starter import starter_files, starter_folder

README = """# {name}

A flowbt project. Where nothing is imported, everything runs on a synthetic market and says so.

    flowbt run strategies/exit_liquidity.py     # one strategy: answer, tearsheet
    flowbt score claims/exitliq.py              # the claims of a document, each with a verdict
    flowbt data setup                           # real data from public sources, in one command; later: flowbt data update
    flowbt board                                # the regime board of the last day
    flowbt data add my.csv                      # your own data: looked at, asked about once, brought in
    flowbt data import --plan datasets/plan.toml --root FOLDER    # a folder of providers' files
    flowbt new strategy my_idea                 # a file to start from
    flowbt check strategies/my_idea.py          # does it use the future?
    flowbt serve                                # browse the results

* `strategies/` one file per thesis, `claims/` one file per document: change them, delete them, add your own.
* `datasets/` a declaration per dataset (`dataset.toml`: units, signs, publication rule).
  Data stand beside it once imported. `datasets/plan.toml` lays out a folder of files, `datasets/providers.toml` says whom `flowbt data setup` asks.
* `datasets/exitliq_tables/structures.toml` the option structures that `flowbt ideas` follows.
* `results/` runs and pages. `notebook.ipynb` the same from Python.
* `flowbt.toml` marks this folder: commands work from any folder below it.
"""
IGNORED = "/results/\n/datasets/.*\n/datasets/**/*.parquet\n/datasets/**/provenance.json\n.ipynb_checkpoints/\n__pycache__/\n"


@click.command(epilog="Example: flowbt init my-project")
@click.argument("folder", type=PathName())
def command(folder: Path) -> None:
    """Make a project in FOLDER: strategies, claims, dataset declarations, import plan, ideas, a notebook, a README.

    The folder appears whole or not at all; one that is there must be empty, and is filled file by file.
    """

    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ParameterError(f"new project {folder}", "is there already, and not an empty folder", "choose another name")
    home = real(folder)
    try:
        home.parent.mkdir(parents=True, exist_ok=True)
        with scratch_folder(home) as scratch:
            for name, path in starter_files(starter_folder()).items():
                target = scratch / name
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, target)
            (scratch / "README.md").write_text(README.format(name=home.name), encoding="utf-8")
            (scratch / ".gitignore").write_text(IGNORED, encoding="utf-8")
            publish(scratch, home)  # not in place of a folder that is there: a shell may stand in it
    except OSError as error:
        raise ParameterError(f"new project {folder}", f"cannot be written ({error.strerror})", "choose another folder") from None
    say(f"{folder}: a project; next: {'' if home == real(Path()) else f'cd {folder} && '}flowbt run strategies/exit_liquidity.py")
