"""Options that several commands share."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import TypeVar

import click

from flowbt.ground.errors import ParameterError
from flowbt.ground.types import Function

F = TypeVar("F", bound=Function)


def datasets_option(command: F) -> F:
    return click.option(
        "--datasets",
        type=click.Path(path_type=Path),
        default=Path("datasets"),
        envvar="FLOWBT_DATASETS",
        show_default=True,
        show_envvar=True,
        help="Folder of datasets.",
    )(command)


def results_option(command: F) -> F:
    return click.option(
        "--results",
        type=click.Path(path_type=Path),
        default=Path("results"),
        envvar="FLOWBT_RESULTS",
        show_default=True,
        show_envvar=True,
        help="Folder of results.",
    )(command)


def json_option(command: F) -> F:
    return click.option("--json", "as_json", is_flag=True, help="Print one JSON document and nothing else.")(command)


def demo_option(command: F) -> F:
    return click.option(
        "--demo/--real", "demo", default=None, help="Use the synthetic demo market, or refuse it. Default: demo only where nothing is imported."
    )(command)


def parameter_option(command: F) -> F:
    return click.option("-p", "--parameter", "parameters", multiple=True, metavar="NAME=VALUE", help="Set a parameter; may be given several times.")(command)


def keep_leak_option(command: F) -> F:
    return click.option("--keep-leak", is_flag=True, help="Keep a result whose decision uses the future, marked; without it: exit code 3, nothing is stored.")(
        command
    )


def span_options(command: F) -> F:
    command = click.option("--to", "end", metavar="DATE", help="Last date to trade (YYYY-MM-DD).")(command)
    return click.option("--from", "start", metavar="DATE", help="First date to trade (YYYY-MM-DD).")(command)


def split_parameters(given: Iterable[str]) -> dict[str, str]:
    """`("a=1", "b=x")` as a mapping."""
    out: dict[str, str] = {}
    for item in given:
        name, equals, value = item.partition("=")
        if not equals or not name.strip():
            raise ParameterError(f"-p {item}", "not NAME=VALUE", "for example -p hold=5")
        out[name.strip()] = value.strip()
    return out


def emit(document: object) -> None:
    """Print one JSON document; numbers that are not finite become null."""
    click.echo(json.dumps(_clean(document), indent=1, default=str, allow_nan=False))


def _clean(value: object) -> object:
    if isinstance(value, float):
        return value if value == value and abs(value) != float("inf") else None
    if isinstance(value, dict):
        return {str(key): _clean(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_clean(one) for one in value]
    return value
