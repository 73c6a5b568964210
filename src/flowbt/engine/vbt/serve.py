"""The other process of `aside.py`: with this module it has imported what it needs of vectorbt, before there is anything to compare."""

from __future__ import annotations

import pickle
import sys
from typing import BinaryIO

import flowbt.engine.vbt.book  # noqa: F401  what takes long
from flowbt.engine.vbt.reconcile import reconcile


def serve(books: BinaryIO | None = None, answers: BinaryIO | None = None) -> None:
    """Compare the books that come in, one after another, until there are no more, or two that do not agree."""
    books, answers = books or sys.stdin.buffer, answers or sys.stdout.buffer
    while True:
        try:
            book = pickle.load(books)
        except EOFError:
            return
        pickle.dump(reconcile(book), answers)
        answers.flush()
