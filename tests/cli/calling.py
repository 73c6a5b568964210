"""One command, as a user calls it."""

import sys

from flowbt import cli


def call(capsys, *words):
    """Exit code, standard output, standard error of one command."""
    old, sys.argv = sys.argv, ["flowbt", *map(str, words)]
    try:
        cli.main()
    except SystemExit as stop:
        out = capsys.readouterr()
        return stop.code, out.out, out.err
    finally:
        sys.argv = old
    raise AssertionError("main always exits")
