"""The leaks of `corpus.py`, `styles.py` and `disguises.py` that are an event, and the honest rules, as claims: one file a kind, one claim a leak."""

from __future__ import annotations

import re

from tests.studies.lookahead import corpus, disguises, styles

HEAD = '''"""Corpus: {kind} in claims."""

import collections
import itertools
import math

import numpy as np
import pandas as pd
import scipy.signal

import flowbt
from flowbt import Document, claim, forward_return
from flowbt.evidence.claims.declare import Data
from flowbt.features import days_to_event, expected_move_zone, momentum
{top}

DOCUMENT = Document("planted", dated="2024-06-28")
DATA = Data(symbols=("SPY", "QQQ", "IWM"))
'''
CLAIM = """

@claim("{name}", outcome=forward_return(None, 5), direction="up", data=DATA)
def {name}(panel, *, level=0.0):
    close = panel["close"]
    index = panel.index
    ret = close.pct_change(fill_method=None)
    base = ret > level
    long = base
{body}
    return long
"""
TOPS = {**styles.TOPS, **disguises.TOPS}
HONEST_TOPS = {"loops and machines": styles.MACHINE, **dict.fromkeys(disguises.TOPPED, disguises.HONEST_TOP)}
RULES = r"^(weights|exit|stop|take|hold|size|trail|short|structure)\b"


def file_of(kind: str, bodies: dict[int, str], top: str = "") -> str:
    claims = "".join(
        CLAIM.format(name=f"{re.sub('[^a-z]+', '_', kind)}_{n}", body="".join(f"    {line}\n" for line in body.strip("\n").splitlines()))
        for n, body in bodies.items()
        if re.search(r"\blong\b", body) and not re.search(RULES, body, re.MULTILINE)
    )
    return HEAD.format(kind=kind, top=top) + claims if claims else ""


def files() -> dict[str, str]:
    """kind -> text of a claim file in which every claim leaks."""
    made = {kind: file_of(kind, dict(enumerate(bodies)), TOPS.get(kind, "")) for kind, bodies in {**corpus.SHIFTS, **styles.BODIES, **disguises.BODIES}.items()}
    return {kind: text for kind, text in made.items() if text}


def honest() -> dict[str, str]:
    """kind -> text of a claim file in which none does."""
    calendar = [f"long = panel.spread(pd.Series(np.asarray({e}), index=index)).astype(bool)" for e in corpus.CALENDAR]
    trailing = [f"long = {e}" for e in corpus.TRAILING]
    kinds = {"calendar": calendar, "trailing": trailing, "loops": corpus.LOOPS, **styles.HONEST, **disguises.HONEST}
    made = {kind: file_of(kind, dict(enumerate(bodies)), HONEST_TOPS.get(kind, "")) for kind, bodies in kinds.items()}
    return {kind: text for kind, text in made.items() if text}
