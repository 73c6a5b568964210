"""`flowbt check`: look-ahead and warm-up of a strategy."""

from __future__ import annotations

from pathlib import Path

import click

from flowbt.cli.options import PathName, data_of, datasets_option, demo_option, emit, json_option, parameter_option, say_data, split_parameters, timeout_option
from flowbt.cli.show.terminal import Column, say, show
from flowbt.studies.lookahead.kinds import LAYERS, table


@click.command(epilog="Example: flowbt check strategies/exit_liquidity.py -p hold=5")
@click.argument("path", type=PathName(), required=False)
@parameter_option
@click.option("--dates", type=click.IntRange(1), default=8, show_default=True, help="Uniform dates to probe, beside signals, month ends and clock changes.")
@click.option("--explain", is_flag=True, help="Print which kinds of look-ahead are planted in the tests, and what catches each.")
@demo_option
@datasets_option
@timeout_option
@json_option
def command(path: Path | None, parameters: tuple[str, ...], dates: int, explain: bool, demo: bool | None, datasets: Path, as_json: bool) -> object:
    """Probe the decisions of the strategy PATH for use of the future; exit code 3 where they use it.

    Every run, sweep and walk-forward does the first part of it; here the join in time is made anew too, and the warm-up is measured.
    """
    if explain:
        return _explain(as_json)
    if path is None:
        raise click.UsageError("name a strategy file, or give --explain")
    from flowbt.studies.lookahead.check import check

    report = check(data_of(datasets, demo), path, split_parameters(parameters), dates)
    if as_json:
        emit(
            {
                "strategy": report.strategy,
                "parameters": report.parameters,
                "cuts": [f"{cut:%Y-%m-%d %H:%M}" for cut in report.cuts],
                "leaks": [str(leak) for leak in report.leaks],
                "warm_up_bars": report.warm_up,
                "decisions": report.entries,
            }
        )
        return 3 if report.leaks else 0
    say_data()
    found = "LOOK-AHEAD" if report.leaks else "no look-ahead found"
    say(f"{report.strategy}: the probe of a run, and {len(report.cuts)} dates read anew (truncate, perturb, delay): {found}")
    say(f"decisions: {report.entries}; warm-up: " + (f"{report.warm_up} bars" if report.warm_up is not None else "longer than any history tried"))
    if not report.entries:
        say("it decided nothing with these parameters: the probes had little to see")
    report.raise_if_failed()
    return 0


def _explain(as_json: bool) -> int:

    if as_json:
        emit({"layers": LAYERS, "kinds": [{"kind": kind, "example": example, "caught_by": caught.split(", ")} for kind, example, caught in table()]})
        return 0
    show((Column("layer"), Column("", words=True)), list(LAYERS.items()))
    say()
    show((Column("kind", words=True), Column("caught by", words=True), Column("example", words=True)), [(kind, caught, code) for kind, code, caught in table()])
    return 0
