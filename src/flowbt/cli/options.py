"""Options that several commands share."""

from __future__ import annotations

import json
import math
import os
import re
import sys
from collections.abc import Iterable
from contextlib import redirect_stdout
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from flowbt.cli.show.terminal import say
from flowbt.ground.errors import ParameterError, printable
from flowbt.ground.files import real
from flowbt.ground.home import TIMEOUT, data_folder, project_path
from flowbt.ground.types import Function

if TYPE_CHECKING:
    from flowbt.data.catalog import Catalog
    from flowbt.data.remote import RemoteFolder

SAID, OUT = "flowbt.synthetic", "flowbt.out"
DONE = "flowbt.done"  # in a context's meta: what is done after a command that ended well
F = TypeVar("F", bound=Function)
SEED = click.IntRange(0, 2**32 - 1)


class PathName(click.Path):
    """A path that was given: an empty text would mean the current folder."""

    def __init__(self, dir_okay: bool = True) -> None:
        super().__init__(dir_okay=dir_okay, path_type=Path)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if not str(value).strip() or "\0" in str(value):
            self.fail("an empty text is no path; name the file or folder", param, ctx)
        if re.match(r"[A-Za-z][A-Za-z0-9+.-]+:/", str(value)):
            self.fail(f"{printable(value)} is an address, no path of this machine", param, ctx)
        try:
            return super().convert(Path(value).expanduser(), param, ctx)
        except RuntimeError:
            self.fail(f"{printable(value)}: there is no such home", param, ctx)


class StorePath(PathName):
    """A folder of datasets or results: a path, or an address on an object store, worked on in a copy here and published when the command is done."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if "://" not in str(value):
            return super().convert(value, param, ctx)
        from flowbt.data.remote import RemoteFolder

        folder = RemoteFolder(str(value))
        if ctx is not None:
            ctx.meta.setdefault(DONE, {})[folder.address] = partial(_publish, folder)
        return folder.fetch()


class RawName(PathName):
    """A raw file or folder: an absolute path, or an address on an object store as it is."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        return str(value) if "://" in str(value) else real(super().convert(value, param, ctx))


def _publish(folder: RemoteFolder) -> None:
    """Publish what the command changed in the copy of a folder on a store, and say so."""
    if sent := folder.publish():
        click.echo(f"published to {folder.address}: {len(sent)} objects", err=True)


class Number(click.FloatRange):
    """A number in a range, which nan is not."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        number = super().convert(value, param, ctx)
        if not math.isfinite(number):
            self.fail(f"{number} is no number of this world", param, ctx)
        return number


def datasets_option(command: F) -> F:
    """The folder new data go to; it may be made."""
    return _datasets(command)


def stored_datasets_option(command: F) -> F:
    """The folder of datasets that are there: one that is not is an error."""
    return _datasets(command, callback=lambda _context, _option, folder: data_folder(folder))


def _datasets(command: F, **more: Any) -> F:
    return click.option(
        "--datasets",
        type=StorePath(),
        default=lambda: project_path("datasets"),
        envvar="FLOWBT_DATASETS",
        show_default="datasets of the project",
        show_envvar=True,
        help="Folder of datasets, or an address such as s3://bucket/datasets.",
        **more,
    )(command)


def results_option(command: F) -> F:
    return click.option(
        "--results",
        type=StorePath(),
        default=lambda: project_path("results"),
        envvar="FLOWBT_RESULTS",
        show_default="results of the project",
        show_envvar=True,
        help="Folder of results, or an address such as s3://bucket/results.",
    )(command)


def data_of(datasets: Path, demo: bool | None) -> Catalog:
    """The catalog a command works on; `say_data` tells of the demo market."""
    from flowbt.studies.catalogs import open_catalog

    catalog = open_catalog(datasets, demo)
    if catalog.synthetic:
        why = "" if demo else f", because nothing is imported in {datasets}"
        click.get_current_context().meta[SAID] = f"SYNTHETIC: the demo market{why}. Nothing here is about a real one."
    return catalog


def say_data() -> None:
    """The first line a command prints, where it worked on the demo market."""
    if line := click.get_current_context().meta.get(SAID):
        say(line)


def json_option(command: F) -> F:
    return click.option("--json", "as_json", is_flag=True, callback=_alone, help="Print one JSON document and nothing else.")(command)


def _alone(context: click.Context, _option: click.Parameter, wanted: bool) -> bool:
    """Whatever a strategy, a claim or a library prints goes to standard error: standard output is the document's."""
    if wanted:
        context.meta[OUT] = sys.stdout
        context.with_resource(redirect_stdout(sys.stderr))
    return wanted


def timeout_option(command: F) -> F:
    return click.option(
        "--timeout",
        type=Number(0, 1e8, min_open=True),
        metavar="SECONDS",
        envvar=TIMEOUT,
        show_envvar=True,
        expose_value=False,
        callback=_limit,
        help="Stop a strategy or claim whose one call takes longer.",
    )(command)


def _limit(context: click.Context, _option: click.Parameter, seconds: float | None) -> None:
    if seconds is not None:
        before = os.environ.get(TIMEOUT)
        os.environ[TIMEOUT] = str(seconds)
        context.call_on_close(lambda: os.environ.pop(TIMEOUT) if before is None else os.environ.update({TIMEOUT: before}))


def demo_option(command: F) -> F:
    return click.option(
        "--demo/--real", "demo", default=None, help="Use the synthetic demo market, or refuse it. Default: demo only where nothing is imported."
    )(command)


def parameter_option(command: F) -> F:
    return click.option("-p", "--parameter", "parameters", multiple=True, metavar="NAME=VALUE", help="Set a parameter; may be given several times.")(command)


def cluster_option(command: F) -> F:
    words = "Run on a Dask cluster, e.g. tcp://127.0.0.1:8786, whose workers see the same files (needs the extra `cluster`)."
    return click.option("--cluster", metavar="ADDRESS", help=words)(command)


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
    context = click.get_current_context(silent=True)
    out = context.meta.get(OUT) if context else None
    click.echo(json.dumps(_clean(document), indent=1, default=str, allow_nan=False), file=out)


def _clean(value: object) -> object:
    if isinstance(value, float):
        return value if value == value and abs(value) != float("inf") else None
    if isinstance(value, dict):
        return {str(key): _clean(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_clean(one) for one in value]
    return value
