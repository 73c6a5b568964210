"""How far a command has come: one bar on standard error, on a terminal only."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

if TYPE_CHECKING:
    from flowbt.ground.protocols import Step


@contextmanager
def progress(words: str, quiet: bool = False) -> Iterator[Step | None]:
    """Gives the function to call after each part: what was done, how many are, of how many. None where nothing is shown."""
    console = Console(stderr=True)
    if quiet or not console.is_terminal:
        yield None
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), TextColumn("{task.fields[detail]}", style="dim"))
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task(words, total=None, detail="")
        yield lambda what, done, total: bar.update(task, completed=done, total=total, detail=what)
