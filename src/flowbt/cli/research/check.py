"""`flowbt check`: look-ahead and warm-up of a strategy."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from flowbt.cli.options import datasets_option, demo_option, emit, json_option, parameter_option, split_parameters


@click.command(epilog="Example: flowbt check strategies/exit_liquidity.py -p hold=5")
@click.argument("path", type=click.Path(path_type=Path))
@parameter_option
@click.option("--dates", type=click.IntRange(1), default=8, show_default=True, help="Uniform dates to probe, beside signals, month ends and clock changes.")
@demo_option
@datasets_option
@json_option
def command(path: Path, parameters: tuple[str, ...], dates: int, demo: bool | None, datasets: Path, as_json: bool) -> Any:
    """Probe the decisions of the strategy PATH for use of the future; exit code 3 where they use it."""
    from flowbt.studies.catalogs import open_catalog
    from flowbt.studies.lookahead.check import check

    report = check(open_catalog(datasets, demo), path, split_parameters(parameters), dates)
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
    click.echo(
        f"{report.strategy}: {len(report.cuts)} dates, truncate, perturb and availability: " + ("no look-ahead found" if not report.leaks else "LOOK-AHEAD")
    )
    click.echo(f"decisions: {report.entries}; warm-up: " + (f"{report.warm_up} bars" if report.warm_up is not None else "longer than any history tried"))
    if not report.entries:
        click.echo("it decided nothing with these parameters: the probes had little to see")
    report.raise_if_failed()
    return 0
