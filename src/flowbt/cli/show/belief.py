"""Whether to believe a run, on the terminal: the same sentence in every command."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flowbt.cli.show.terminal import say

if TYPE_CHECKING:
    from flowbt.evidence.belief import Belief, BeliefTold

COLOURS = {"good": "green", "doubt": "yellow", "bad": "red"}


def print_belief(belief: Belief, lead: str = "") -> None:
    """The answer after `lead`, the checks with their states, and what to do next. Never green but where everything holds."""
    print_answer(belief.to_dict(), lead)
    say("  ".join(f"{check.name}: {check.state}" for check in belief.checks), dim=True)
    say(f"next: {belief.do}", dim=True)


def print_answer(belief: BeliefTold, lead: str = "") -> None:
    """The sentence alone, of `Belief.to_dict()`."""
    say(f"{lead}{belief['sentence']}", indent="  ", fg=COLOURS[belief["tone"]], bold=True)
