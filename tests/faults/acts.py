"""Every command that writes, and what is there before it."""

from __future__ import annotations

from dataclasses import dataclass

FADE = "strategies/fade.py"
SWEEP = ("sweep", FADE, "--top", "2")
BARE = ("--tearsheets", "0")
WALK = ("walkforward", FADE, "--train", "100", "--test", "60", "--mode", "rolling")
ADD = ("data", "add", "files/a.csv", "--name", "x", "--symbol", "S", "--publication", "close")
APPEND = ("data", "add", "files/b.csv", "--name", "x", "--symbol", "S", "--known-at", "2024-02-01T00:00")
SCORE = ("score", "claims", "--resamples", "100")
REDUCE = ("reduce", "dark-prints", "files/prints.csv", "--to", "dark", "--workers", "1")
RUN = ("run", FADE)
FOLLOW = ("follow", "strategies")
Words = tuple[str, ...]


@dataclass(frozen=True)
class Act:
    """A command, the commands before it, and whether doing it again is an error (what it removes is gone).

    `halted`: the last of those before was killed at this call.
    """

    words: Words
    before: tuple[Words, ...] = ()
    once: bool = False
    halted: int = 0


ACTS = {
    "run": Act(RUN),
    "run again": Act(RUN, (RUN,)),
    "sweep": Act(SWEEP),
    "sweep again": Act((*SWEEP, *BARE), ((*SWEEP, *BARE),)),
    "sweep --resume": Act((*SWEEP, *BARE, "--resume"), ((*SWEEP, *BARE),), halted=20),
    "walkforward": Act(WALK),
    "walkforward again": Act(WALK, (WALK,)),
    "score": Act(SCORE),
    "score again": Act((*SCORE, "--fresh"), (SCORE,)),
    "score --lock": Act(("score", "claims", "--lock")),
    "gallery": Act(("run", "strategies")),
    "follow": Act(FOLLOW),
    "follow on": Act((*FOLLOW, "--asof", "2023-06-29"), (FOLLOW,)),
    "daily": Act(("daily", "--no-update")),
    "data add": Act(ADD),
    "data append": Act(APPEND, (ADD,)),
    "data import": Act(("data", "import", "table", "files/a.csv", "--name", "m", "--symbol", "S", "--time", "Date", "--map", "x=X", "--publication", "close")),
    "data restore": Act(("data", "restore", "x", "--to", "previous"), (ADD, APPEND), once=True),
    "data gc": Act(("data", "gc"), (ADD, APPEND)),
    "data rm": Act(("data", "rm", "x", "--yes"), (ADD, APPEND)),
    "reduce": Act(REDUCE),
    "results rm": Act(("results", "rm", "fade", "--yes"), (RUN,), once=True),
    "results tag": Act(("results", "tag", "fade", "kept"), (RUN,)),
    "results gc": Act(("results", "gc"), (SWEEP,), halted=20),
    "results export": Act(("results", "export", "site"), (RUN,)),
    "compare --html": Act(("compare", "fade", "fade", "--html"), (RUN,)),
    "board --html": Act(("board", "--html", "board.html", "--symbols", "SPY")),
    "features compute": Act(("features", "compute", "win_streak", "--symbols", "SPY", "--to", "out.parquet")),
    "new strategy": Act(("new", "strategy", "mine"), once=True),
    "init": Act(("init", "project"), once=True),
}
