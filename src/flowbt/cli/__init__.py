"""The command line. Each command is a module with a click `command`; it is imported only when it is called."""

from __future__ import annotations

import atexit
import codecs
import gc
import importlib
import os
import signal
import sys
import warnings
from typing import Any

import click

from flowbt.cli.ending import Ending, Stopped
from flowbt.cli.show.signs import plain_signs
from flowbt.ground.errors import FlowbtError, lost_errors_in_a_line, nearest, printable

COMMANDS = {
    "init": "Make a project: strategies, claims, declarations, notebook.",
    "run": "Backtest a strategy and write its tearsheet.",
    "sweep": "Sweep a strategy's parameters, and say how much of the best is luck.",
    "walkforward": "Choose parameters on the past, trade them on what follows.",
    "check": "Look for look-ahead in a strategy, and measure its warm-up.",
    "score": "Score the claims of documents.",
    "compare": "Compare stored runs.",
    "results": "List, show, tag and remove stored results.",
    "serve": "Browse results on a local page.",
    "board": "The regime board of a day.",
    "today": "What the strategies say for the next open, and why.",
    "follow": "Enter today's decisions in the journal.",
    "daily": "Update, board, today, follow, settle, export: the day in one line.",
    "journal": "Check and score the journal of decisions.",
    "ideas": "Option structures of a report, followed to their expiry.",
    "data": "Import, list and check datasets.",
    "reduce": "Turn raw prints, chains and trades into fields.",
    "gex": "Dealer gamma from an option chain file.",
    "features": "List, show and compute features.",
    "new": "Start a strategy or a claim file.",
    "completion": "Print the shell completion script.",
}
_ROOMS = {
    "research": ("run", "sweep", "walkforward", "check", "score", "board", "ideas"),
    "results": ("results", "compare", "serve"),
    "data": ("data", "reduce", "gex", "features"),
    "desk": ("today", "follow", "journal", "daily"),
    "project": ("init", "new", "completion"),
}
MODULES = {name: f"flowbt.cli.{room}.{name}" for room, names in _ROOMS.items() for name in names}


class Commands(click.Group):
    """A group that knows the names and help lines of its commands without importing them."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = importlib.import_module(MODULES[cmd_name]).command
        return command

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            ctx.fail(f"no command {args[0]!r}; {nearest(args[0], COMMANDS)}".rstrip("; "))
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
    epilog="Example: flowbt run strategies/exit_liquidity.py -p rally=0.03",
)
@click.version_option(package_name="flowbt", prog_name="flowbt")
def flowbt() -> None:
    """Test what market commentary claims: backtests, sweeps and scores on point-in-time flow data.

    Where no dataset is imported, everything runs on a synthetic demo market, and says so.
    """


@flowbt.result_callback()
@click.pass_context
def done(context: click.Context, code: object) -> object:
    """After any command that ended well: what it left to be done, such as publishing a folder on a store (`options.DONE`)."""
    for finish in context.meta.get("flowbt.done", {}).values():
        finish()
    return code


def _seldom_collect() -> None:
    """Look for circles of garbage after 200,000 objects, not 700, and not at the end: a third of a command's start and end went to looking at what its
    imports had made, in which there are none."""
    gc.set_threshold(200_000)
    atexit.register(_freeze)


def _freeze() -> None:
    if "_duckdb" not in sys.modules:  # it tells, in 48 lines, of every object of its own that is left
        gc.freeze()


def main() -> None:
    """Run a command. Exit codes: 0 ok, 1 error, 2 usage, 3 a check failed, 130 interrupted, 143 and 129 ended by SIGTERM and SIGHUP."""
    silent = _is_null(1)
    codecs.register_error("flowbt", plain_signs)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # a terminal that cannot show a sign gets another, never a traceback
            stream.reconfigure(errors="flowbt")
    warnings.formatwarning = _one_line
    lost_errors_in_a_line()
    ending = Ending()
    ending.heed()
    _seldom_collect()
    try:
        code = flowbt.main(prog_name="flowbt", standalone_mode=False)
    except FlowbtError as error:
        _say(f"flowbt: {error}")
        sys.exit(error.exit_code)
    except (click.exceptions.Abort, KeyboardInterrupt) as error:
        stop, ending.told = error if isinstance(error, KeyboardInterrupt) else error.__cause__, True
        _say("flowbt: interrupted; nothing was half-written")
        sys.exit(128 + (stop.number if isinstance(stop, Stopped) else signal.SIGINT))
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        sys.exit(error.exit_code)
    except click.UsageError as error:
        where = error.ctx.command_path if error.ctx else "flowbt"
        _say(f"flowbt: {error.format_message().rstrip('.')}; see {where} --help")
        sys.exit(error.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        os._exit(0)
    except OSError as error:  # what the system refuses, wherever no act knew a better line
        _say(f"flowbt: {_refused(error)}")
        sys.exit(1)
    except MemoryError:
        _say("flowbt: memory: there is not enough of it for this; ask for less, or use a larger machine")
        sys.exit(1)
    except Exception:
        import traceback  # of a defect alone

        traceback.print_exc()
        _say("flowbt: this is a defect of flowbt, not of your input; please report it with the lines above and what you typed")
        sys.exit(1)
    except SystemExit:
        # the reader of a pipe (head) has gone: not an error, though click and rich (which then turns to the null device) exit with 1
        gone = "PacifyFlush" in type(sys.stdout).__name__ or (not silent and _is_null(1))
        if gone:
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
            os._exit(0)
        raise
    sys.exit(code if isinstance(code, int) else 0)


def _one_line(message: Warning | str, category: type[Warning], filename: str, lineno: int, line: str | None = None) -> str:
    return f"flowbt: warning: {printable(' '.join(str(message).split()))} ({category.__name__}, {os.path.basename(filename)} line {lineno})\n"


def _refused(error: OSError) -> str:
    """An error of the operating system in one line."""
    found = error.strerror or type(error).__name__
    return f"{error.filename or 'a file'}: {found[:1].lower()}{found[1:]}; check the path, its permissions and the free space"


def _is_null(descriptor: int) -> bool:
    """Whether a descriptor leads to the null device."""
    try:
        return os.fstat(descriptor).st_rdev == os.stat(os.devnull).st_rdev
    except OSError:
        return False


def _say(line: str) -> None:
    click.echo(printable(line), err=True)
