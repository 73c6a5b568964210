"""A table of text columns."""

from __future__ import annotations

import click


def print_table(columns: tuple[str, ...], rows: list[list[str]]) -> None:
    """Aligned columns; numbers to the right. Nothing is cut off, so that a pipe gets all of it."""
    widths = [max(len(str(row[n])) for row in [list(columns), *rows]) for n in range(len(columns))]
    right = [all(str(row[n]).replace(",", "").isdigit() or not row[n] for row in rows) for n in range(len(columns))]
    for row in [list(columns), *rows]:
        cells = [str(cell).rjust(width) if side else str(cell).ljust(width) for cell, width, side in zip(row, widths, right, strict=True)]
        click.echo("  ".join(cells).rstrip())
