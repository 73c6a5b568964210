"""`flowbt serve`: browse results on a local page."""

from __future__ import annotations

from pathlib import Path

import click

from flowbt.cli.options import results_option
from flowbt.cli.show.terminal import say


@click.command(epilog="Example: flowbt serve --port 8700")
@click.option("--port", type=click.IntRange(0, 65535), default=8642, show_default=True, help="Port on the loopback address; 0 takes a free one.")
@click.option("--open/--no-open", "open_page", default=False, help="Open the page in the browser.")
@results_option
def command(port: int, open_page: bool, results: Path) -> None:
    """Browse runs, sweeps and scores on a page that only this machine can reach. Ctrl-C stops it."""
    from flowbt.results.pages.compare import render
    from flowbt.results.serve import make_server
    from flowbt.studies.compare.compare import compare

    with make_server(results, port, lambda names: render(compare(results, names).to_dict(), depth=0)) as server:
        address = f"http://127.0.0.1:{server.server_address[1]}/"
        say(f"{address}  ({results}; Ctrl-C stops)")
        if open_page:
            click.launch(address)
        try:
            server.serve_forever(poll_interval=0.2)
        except KeyboardInterrupt:
            say("stopped", err=True)
