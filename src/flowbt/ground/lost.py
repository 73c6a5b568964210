"""Errors that are raised where nobody can catch them."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from traceback import walk_tb

from flowbt.ground.errors import printable, words_of


def lost_errors_in_a_line() -> None:
    """For a process of ours: what is raised where nobody can catch it (`__del__`) is said in one line, without a traceback."""

    def show(told: sys.UnraisableHookArgs) -> None:
        places = [(frame.f_code.co_filename, number) for frame, number in walk_tb(told.exc_traceback)]
        line = f" ({os.path.basename(places[-1][0])} line {places[-1][1]})" if places else ""
        words = printable(words_of(told.exc_value)) if told.exc_value else "without words"
        with suppress(OSError, ValueError, AttributeError):  # of the last errors at the end of a process nobody hears
            print(f"flowbt: warning: {told.exc_type.__name__}: {words}, raised where nobody can catch it{line}", file=sys.stderr)

    sys.unraisablehook = show
