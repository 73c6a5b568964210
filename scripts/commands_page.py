"""The reference of commands, for mkdocs: each command's own `--help`, so that the page says what the terminal says."""

from collections.abc import Iterator

import click

from flowbt import cli

MARK = "<!-- every command -->"


def on_page_markdown(markdown: str, **_: object) -> str:
    """Called by mkdocs for every page."""
    return markdown.replace(MARK, "\n\n".join(sections(cli.flowbt, "flowbt", None))) if MARK in markdown else markdown


def sections(command: click.Command, name: str, parent: click.Context | None) -> Iterator[str]:
    """A section for a command and each one below it."""
    context = click.Context(command, info_name=name, parent=parent, terminal_width=80, **command.context_settings)
    yield f"{'##' if parent is None or parent.parent is None else '###'} {context.command_path}\n\n```text\n{command.get_help(context)}\n```"
    if isinstance(command, click.Group):
        for below in command.list_commands(context):
            found = command.get_command(context, below)
            if found is not None:
                yield from sections(found, below, context)
