"""Scored claims on a terminal: grouped by document, sorted by verdict, one line each. Columns that do not fit are left out whole; no figure is cut."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.text import Text

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
COLUMNS = ("claim", "verdict", "effect", "q", "n", "interval", "beyond volatility", "measured", "stated")  # in the order in which they are given room
LEFT = ("claim", "verdict", "stated")
CAVEATS = (  # how a caveat of one claim reads, and what it is called where many claims have it
    (re.compile(r"Back-calculated before (?P<date>\S+), .*: (?P<names>.*)\."), "Back-calculated, so nobody had it then"),
    (re.compile(r"(?P<names>.*) is joined: .*"), "Joined from several datasets"),
    (re.compile(r"(?P<head>Lag): (?P<late>.*)\."), ""),
    (re.compile(r"(?P<head>[^:]*): (?P<names>.*)\."), ""),
)
MOST = 6  # names in a line


def print_board(board: ScoredClaims, placebos: bool, page: Path | None) -> None:
    """The findings, what they come to, what could not be scored, and where the pages are."""
    from flowbt.evidence.cutoffs import CUTOFFS

    console = Console(soft_wrap=True, highlight=False)
    title = Text("scoreboard", style="bold")
    if board.synthetic:
        title.append("  SYNTHETIC", style="bold yellow")
    if not board.whole:
        title.append("  PARTIAL: corrected by the whole register; the scoreboard is left as it is", style="yellow")
    console.print(title)
    shown = [f for f in board.findings if not f.error and (placebos or not f.placebo)]
    if len(shown) == 1:
        print_claim(console, shown[0])
    else:
        print_rows(console, shown)
    real, fake = [f for f in board.findings if not f.placebo], [f for f in board.findings if f.placebo]
    if fake:
        significant = sum(f.q is not None and f.q <= CUTOFFS.false_discovery for f in fake)
        console.print(Text(f"placebos significant after correction: {significant} of {len(fake)}"))
    if len(real) > 1:
        console.print(Text(summary(real)))
    for words in caveat_lines(shown) if len(shown) > 1 else []:
        console.print(Text(words, style="yellow"))
    given_up = f", {board.retired} of definitions given up" if board.retired else ""
    console.print(Text(f"{len(real)} claims; correction over {board.tested} tests{given_up}; {board.reused} from the cache", style="dim"))
    for line in [*board.notices, *board.problems]:
        console.print(Text(line, style="yellow" if line in board.notices else "red"))
    if page is not None:
        console.print(Text(str(page)))


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
            found, head = next((match, head) for match, head in ((form.fullmatch(caveat), head) for form, head in CAVEATS) if match)
            parts = found.groupdict()
            head = head or parts["head"]
            names = parts["late"].split("; ") if "late" in parts else re.sub(r" and \d+ more$", "", parts["names"]).split(", ")
            about.setdefault(head, {}).update(dict.fromkeys(f"{name} before {parts['date']}" if "date" in parts else name for name in names))
            heads.add(head)
        having.update(heads)
    return [f"{head} ({having[head]} of {len(findings)} claims): {_some(list(names))}" for head, names in about.items()]


def _some(names: list[str]) -> str:
    return ", ".join(names[:MOST]) + (f" and {len(names) - MOST} more" if len(names) > MOST else "")


def print_rows(console: Console, findings: Sequence[Finding]) -> None:
    """One line a claim under its document, the verdicts in their fixed order."""
    from flowbt.evidence.claims.verdict import ORDER

    rows = [(f, cells(f)) for f in findings]
    widths = {name: max([len(name), *(len(texts[name]) for _, texts in rows)]) for name in COLUMNS}
    kept = fitting(widths, console.width)
    for document in dict.fromkeys(f.document for f in findings):
        console.print(Text(document, style="bold"), Text(line({name: name for name in kept}, widths)[len(document) + 1 :], style="dim"))
        for f, texts in sorted(((f, t) for f, t in rows if f.document == document), key=lambda row: ORDER.index(row[0].verdict)):
            text = Text(line({name: texts[name] for name in kept}, widths))
            start = widths["claim"] + 1
            text.stylize(COLOURS.get(f.verdict, "dim"), start, start + widths["verdict"])
            console.print(text)


def fitting(widths: dict[str, int], width: int) -> list[str]:
    """The columns that have room, in their order: claim and verdict always."""
    kept: list[str] = []
    used = 0
    for name in COLUMNS:
        used += widths[name] + 1
        if used - 1 > width and len(kept) >= 2:
            break
        kept.append(name)
    return kept


def line(given: dict[str, str], widths: dict[str, int]) -> str:
    return " ".join(text.ljust(widths[name]) if name in LEFT else text.rjust(widths[name]) for name, text in given.items()).rstrip()


def cells(f: Finding) -> dict[str, str]:
    """The texts of a finding's line."""
    from flowbt.evidence.claims import wording

    counted = f.kind in ("arithmetic", "facts")
    return {
        "claim": f.id if f.leads else f"+ {f.id}",
        "verdict": f.verdict,
        "effect": wording.measured_text(f).split(" follow")[0].split(" as")[0] if counted else wording.effect_text(f, f.effect),
        "q": "-" if f.q is None else f"{f.q:.3f}",
        "n": f"{f.n:,} ({f.n_effective:,})" if f.n_effective else "-",
        "interval": wording.interval_text(f),
        "beyond volatility": f.beyond["answer"] if f.beyond else "-",
        "measured": "-" if counted else wording.measured_text(f),
        "stated": wording.stated_text(f),
    }


def print_claim(console: Console, f: Finding) -> None:
    """One claim in words."""
    from flowbt.evidence.claims import wording

    console.print(Text(f.title, style="bold"))
    console.print(Text(f.verdict, style=COLOURS.get(f.verdict, "dim")), Text(f.reason, style="dim"))
    console.print(Text(f.sentence))
    if f.effect is not None:
        smallest = wording.effect_text(f, f.smallest, sign=False)
        console.print(Text(f"effect {wording.effect_text(f, f.effect)}, 95% {wording.interval_text(f)}; smallest visible {smallest}"))
    for text in (wording.beyond_text(f), wording.own_date_text(f)):
        if text:
            console.print(Text(text))
    for side in f.detail.get("sides", []):
        console.print(Text(f"{side['label']}: n {side['n']}, effect {wording.effect_text(f, side['effect'])}", style="dim"))
    for check in f.detail.get("checks", []):
        state = {True: "yes", False: "NO", None: "?"}[check["holds"]]
        note = f" ({check['note']})" if check.get("note") else ""
        console.print(
            Text(f"{state:>3} {check['what']}: printed {wording.figure(check['printed'])}, found {wording.figure(check['follows'])}{note}", style="dim")
        )
    for text in [*f.stand_ins, *f.missing, *f.caveats]:
        console.print(Text(text, style="yellow"))
    if f.span:
        console.print(Text(f"{f.span[0]} to {f.span[-1]}; {', '.join(f.datasets)}", style="dim"))
