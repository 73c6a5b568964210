"""Every error flowbt expects, as one tree.

FlowbtError                     exit 1, one line: what was asked, what was found, what to do
├── DataError
│   ├── DatasetError            no such dataset, or its declaration cannot be used
│   │   └── SpoiltDataset       what is stored is not what was imported: never passed over for another dataset
│   ├── FieldError              no dataset holds the field (or not for that symbol)
│   ├── SourceError             a provider's file that is not in the provider's format
│   ├── RefusedImport           rows that break a rule whose policy is "refuse"
│   └── PullError               a download that did not succeed
├── StrategyError
│   ├── LoadError               a strategy file that cannot be loaded
│   ├── ParameterError          an unknown or unusable parameter (exit 2)
│   └── SignalError             a strategy that returned the wrong thing
│       └── LookAheadError      a decision that uses the future (exit 3)
│           └── FenceError      a file that reaches past its panel while deciding: files, sockets, the interpreter (exit 3)
├── EngineError
│   └── ReconciliationError     the two books of a run differ
├── StudyError
│   ├── RangeError              an empty or impossible span of dates
│   ├── ClaimError              a claim that cannot be scored
│   ├── JournalError            a journal that is not whole, or that cannot be written
│   └── CheckFailed             a check that ran and failed (exit 3)
├── Busy                        another process is writing the same thing
└── ResultsError
    ├── RunNotFound             no stored result answers to the name
    └── StoreError              the results folder cannot be read or written

Anything else is a defect of flowbt and keeps its traceback.
"""

from __future__ import annotations

import difflib
import os
import sys
from collections.abc import Iterable
from contextlib import suppress


class FlowbtError(Exception):
    """An expected error. `asked` is what was wanted, `found` what is there, `do` what helps."""

    exit_code = 1

    def __init__(self, asked: str, found: str = "", do: str = "") -> None:
        self.asked, self.found, self.do = asked, found, do
        super().__init__(asked, found, do)

    def __str__(self) -> str:
        line = f"{self.asked}: {self.found}" if self.found else self.asked
        return printable(" ".join((f"{line}; {self.do}" if self.do else line).split()))


class DataError(FlowbtError): ...


class DatasetError(DataError): ...


class SpoiltDataset(DatasetError): ...


class FieldError(DataError): ...


class SourceError(DataError): ...


class RefusedImport(DataError): ...


class PullError(DataError): ...


class StrategyError(FlowbtError): ...


class LoadError(StrategyError): ...


class ParameterError(StrategyError):
    exit_code = 2


class SignalError(StrategyError): ...


class LookAheadError(SignalError):
    exit_code = 3


class FenceError(LookAheadError): ...


class EngineError(FlowbtError): ...


class ReconciliationError(EngineError): ...


class StudyError(FlowbtError): ...


class RangeError(StudyError): ...


class ClaimError(StudyError): ...


class JournalError(StudyError): ...


class CheckFailed(StudyError):
    exit_code = 3


class Busy(FlowbtError): ...


class ResultsError(FlowbtError): ...


class RunNotFound(ResultsError): ...


class StoreError(ResultsError): ...


def printable(text: object) -> str:
    """Text from anywhere without signs that drive a terminal or turn its line around: they are shown as escapes."""
    plain = str(text)
    return plain if plain.isprintable() else "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in plain)


def words_of(error: BaseException) -> str:
    """What an error of anybody's code says, on one line; nothing where it cannot be asked (its `__str__` is code, too)."""
    try:
        text = str(error)
    except Exception:
        return ""
    return " ".join(text[:1000].split())


def lost_errors_in_a_line() -> None:
    """For a process of ours: what is raised where nobody can catch it (`__del__`) is said in one line, without a traceback."""

    def show(told: sys.UnraisableHookArgs) -> None:
        from traceback import walk_tb

        places = [(frame.f_code.co_filename, number) for frame, number in walk_tb(told.exc_traceback)]
        line = f" ({os.path.basename(places[-1][0])} line {places[-1][1]})" if places else ""
        words = printable(words_of(told.exc_value)) if told.exc_value else "without words"
        with suppress(OSError, ValueError, AttributeError):  # of the last errors at the end of a process nobody hears
            print(f"flowbt: warning: {told.exc_type.__name__}: {words}, raised where nobody can catch it{line}", file=sys.stderr)

    sys.unraisablehook = show


def check_seed(seed: object) -> None:
    """ParameterError for what no generator of random numbers takes."""
    if isinstance(seed, bool) or not isinstance(seed, int) or not 0 <= seed < 2**32:
        raise ParameterError(f"seed {seed!r}", "no whole number from 0 to 4294967295", "for example --seed 7")


def nearest(name: str, known: Iterable[str], n: int = 3) -> str:
    """`did you mean a or b?` for the known names closest to `name`; empty when none is close."""

    close = difflib.get_close_matches(name, sorted(known), n=n, cutoff=0.6)
    return f"did you mean {' or '.join(close)}?" if close else ""
