"""Scored claims on a terminal: grouped by document, sorted by verdict, one line each. Columns that do not fit are left out whole; no figure is cut."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from flowbt.cli.show.terminal import Column, say, show, width_of_output
from flowbt.evidence.cutoffs import CUTOFFS
from flowbt.ground.types import Json

if TYPE_CHECKING:
    from flowbt.evidence.claims.finding import Finding
    from flowbt.studies.score.score import ScoredClaims

COLOURS = {
    "replicated": "green",
    "came true": "green",
    "follows": "green",
    "as printed": "green",
    "direction only": "yellow",
    "contradicted": "red",
    "failed": "red",
    "does not follow": "red",
    "not as printed": "red",
    "error": "red",
}
COLUMNS = (
    Column("claim"), Column("verdict"), Column("effect", right=True), Column("q", right=True, drop=1), Column("n", right=True, drop=2),
    Column("interval", right=True, drop=3), Column("beyond volatility", right=True, drop=4), Column("measured", right=True, drop=5),
    Column("stated", drop=6),
)  # fmt: skip
CAVEATS = (  # how a caveat of one claim reads, and what it is called where many claims have it
    (re.compile(r"Back-calculated before (?P<date>\S+), .*: (?P<names>.*)\."), "Back-calculated, so nobody had it then"),
    (re.compile(r"(?P<names>.*) is joined: .*"), "Joined from several datasets"),
    (re.compile(r"(?P<head>Lag): (?P<late>.*)\."), ""),
    (re.compile(r"(?P<head>[^:]*): (?P<names>.*)\."), ""),
)
MOST = 6  # names in a line


def print_board(board: ScoredClaims, placebos: bool, page: Path | None) -> None:
    """The findings, what they come to, what could not be scored, and where the pages are."""

    partial = "" if board.whole else "  PARTIAL: corrected by the whole register; the scoreboard is left as it is"
    say(f"scoreboard{'  SYNTHETIC' if board.synthetic else ''}{partial}", bold=True)
    shown = [f for f in board.findings if not f.error and (placebos or not f.placebo)]
    if len(shown) == 1:
        print_claim(shown[0])
    else:
        print_rows(shown)
    real, fake = [f for f in board.findings if not f.placebo], [f for f in board.findings if f.placebo]
    if fake:
        significant = sum(f.q is not None and f.q <= CUTOFFS.false_discovery for f in fake)
        say(f"placebos significant after correction: {significant} of {len(fake)}")
    if len(real) > 1:
        say(summary(real))
    for words in caveat_lines(shown) if len(shown) > 1 else []:
        say(words, fg="yellow")
    given_up = f", {board.retired} of definitions given up" if board.retired else ""
    say(f"{len(real)} claims; correction over {board.tested} tests{given_up}; {board.reused} from the cache", dim=True)
    for line in [*board.notices, *board.problems]:
        say(line, fg="yellow" if line in board.notices else "red")
    if page is not None:
        say(str(page))


def summary(findings: Sequence[Finding]) -> str:
    """How often each verdict was reached, claims of one effect counted once."""
    from flowbt.evidence.claims.verdict import ORDER

    leads = [f for f in findings if f.leads]
    found = Counter(f.verdict for f in leads)
    words = ", ".join(f"{found[verdict]} {verdict}" for verdict in ORDER if found[verdict])
    also = len(findings) - len(leads)
    return f"{len(leads)} effects: {words}" + (f" ({also} claims more, marked +, are of one of these effects)" if also else "")


def caveat_lines(findings: Sequence[Finding]) -> list[str]:
    """What the data behind the findings should be read with: a line a kind of caveat, with what it is about and how many claims have it."""
    about: dict[str, dict[str, None]] = {}
    having: Counter[str] = Counter()
    for f in findings:
        heads = set()
        for caveat in f.caveats:
            found, head = next(((match, head) for form, head in CAVEATS if (match := form.fullmatch(caveat))), (None, caveat))
            parts = found.groupdict() if found else {"names": ""}
            head = head or parts["head"]
            names = parts["late"].split("; ") if "late" in parts else re.sub(r" and \d+ more$", "", parts["names"]).split(", ")
            about.setdefault(head, {}).update(dict.fromkeys(f"{name} before {parts['date']}" if "date" in parts else name for name in names))
            heads.add(head)
        having.update(heads)
    return [f"{head} ({having[head]} of {len(findings)} claims): {_some(list(names))}".removesuffix(": ") for head, names in about.items()]


def _some(names: list[str]) -> str:
    return ", ".join(names[:MOST]) + (f" and {len(names) - MOST} more" if len(names) > MOST else "")


def print_rows(findings: Sequence[Finding]) -> None:
    """One line a claim under its document, the verdicts in their fixed order. Into a pipe the document is a column."""
    from flowbt.evidence.claims.verdict import ORDER

    ordered = sorted(findings, key=lambda f: ORDER.index(f.verdict))
    documents = list(dict.fromkeys(f.document for f in findings))
    if width_of_output() is None:
        show((Column("document"), *COLUMNS), [(name, *(text for text, _ in cells(f))) for name in documents for f in ordered if f.document == name])
        return
    rows: list[tuple[tuple[str, Json], ...]] = []
    for name in documents:
        rows += [((name, {"bold": True}), *[("", {})] * (len(COLUMNS) - 1)), *(cells(f) for f in ordered if f.document == name)]
    show(COLUMNS, rows)


def cells(f: Finding) -> tuple[tuple[str, Json], ...]:
    """The cells of a finding's line."""
    from flowbt.evidence.claims import wording

    counted = f.kind in ("arithmetic", "facts")
    texts = (
        wording.measured_text(f).split(" follow")[0].split(" as")[0] if counted else wording.effect_text(f, f.effect),
        "-" if f.q is None else f"{f.q:.3f}",
        f"{f.n:,} ({f.n_effective:,})" if f.n_effective else "-",
        wording.interval_text(f),
        f.beyond["answer"] if f.beyond else "-",
        "-" if counted else wording.measured_text(f),
        wording.stated_text(f),
    )
    return ((f.id if f.leads else f"+ {f.id}", {}), (f.verdict, painted(f)), *((text, {}) for text in texts))


def painted(f: Finding) -> Json:
    return {"fg": COLOURS[f.verdict]} if f.verdict in COLOURS else {"dim": True}


def print_claim(f: Finding) -> None:
    """One claim in words."""
    from flowbt.evidence.claims import wording

    say(f.title, bold=True)
    say(f"{f.verdict} {f.reason}", **painted(f))
    say(f.sentence)
    if f.effect is not None:
        say(f"effect {wording.effect_text(f, f.effect)}, 95% {wording.interval_text(f)}; smallest it would have seen {wording.smallest_text(f)}")
    for text in (wording.beyond_text(f), wording.own_date_text(f)):
        if text:
            say(text)
    for side in f.detail.get("sides", []):
        say(f"{side['label']}: n {side['n']}, effect {wording.effect_text(f, side['effect'])}", dim=True)
    for check in f.detail.get("checks", []):
        state = {True: "yes", False: "NO", None: "-"}[check["holds"]]
        note = f" ({check['note']})" if check.get("note") else ""
        say(f"{state:>3} {check['what']}: printed {wording.figure(check['printed'])}, found {wording.figure(check['follows'])}{note}", dim=True)
    for text in [*f.stand_ins, *f.missing, *f.caveats]:
        say(text, fg="yellow")
    if f.span:
        say(f"{f.span[0]} to {f.span[-1]}; {', '.join(f.datasets)}", dim=True)
