"""`flowbt new`: a strategy or claim file to start from."""

from __future__ import annotations

import keyword
import re
from pathlib import Path

import click

from flowbt.cli.options import PathName
from flowbt.cli.show.terminal import say
from flowbt.ground.errors import ParameterError
from flowbt.ground.files import write_text
from flowbt.ground.home import project_path

STRATEGY = '''"""{title}: a close near its ceiling is exhausted, and falls back. Say here in one line what should happen, and why.

Source: none
"""

from flowbt import Signals
from flowbt.features import expected_move_zone

SYMBOLS = ("SPY",)
GRID = {{"ceiling": (0.8, 0.9, 1.0), "hold": (3, 5, 10)}}


def signals(panel, *, ceiling=0.9, hold=5, stop=0.03):
    exhausted = expected_move_zone(panel, horizon=21).position >= ceiling
    return Signals(short=exhausted, hold=hold, stop=stop)
'''

CLAIM = '''"""{title}: the document and what it says."""

from flowbt import Document, claim, forward_return

DOCUMENT = Document("{name}", dated="2026-01-31")


@claim("A fall of 2% in a session is followed by a better month", stated={{"mean": 0.01}},
       outcome=forward_return("SPX", 21), definitions={{"fall": (0.015, 0.02, 0.03)}})
def fall_rebounds(panel, *, fall=0.02):
    return panel["close", "SPX"].iloc[:, 0].pct_change() <= -fall
'''


@click.group(epilog="Example: flowbt new strategy my_idea")
def command() -> None:
    """Start a strategy or a claim file."""


@command.command(epilog="Example: flowbt new strategy my_idea --dir strategies")
@click.argument("name")
@click.option(
    "--dir",
    "folder",
    type=PathName(),
    default=lambda: project_path("strategies"),
    show_default="strategies",
    help="Folder of the file.",
)
def strategy(name: str, folder: Path) -> None:
    """Write NAME.py with a strategy that runs."""
    _write(folder, name, STRATEGY)


@command.command(epilog="Example: flowbt new claim morning_report --dir claims")
@click.argument("name")
@click.option("--dir", "folder", type=PathName(), default=lambda: project_path("claims"), show_default="claims", help="Folder of the file.")
def claim(name: str, folder: Path) -> None:
    """Write NAME.py with a claim that can be scored."""
    _write(folder, name, CLAIM)


def _write(folder: Path, name: str, template: str) -> None:
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name) or keyword.iskeyword(name):
        raise ParameterError(f"name {name!r}", "not a lower-case Python name", "for example my_idea")
    path = folder / f"{name}.py"
    if path.exists() or path.is_symlink():
        raise ParameterError(f"new file {path}", "it is there already", "choose another name")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_text(path, template.format(name=name, title=name.replace("_", " ").capitalize()))
    except OSError as error:
        raise ParameterError(f"new file {path}", f"cannot be written ({error.strerror})", "choose another --dir") from None
    say(str(path))
