"""`flowbt completion`: the shell completion script."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from flowbt.cli import flowbt


@click.command(epilog='Example: eval "$(flowbt completion bash)"')
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def command(shell: str) -> None:
    """Print the completion script for SHELL; source it in the shell's start-up file."""
    kind = get_completion_class(shell)
    if kind is None:  # the choice above names only shells click knows
        raise click.UsageError(f"no completion for {shell}")
    click.echo(kind(flowbt, {}, "flowbt", "_FLOWBT_COMPLETE").source())
