"""Building the demo market, and writing it as ordinary datasets."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from flowbt.data.demo.coins import HOURLY_DAYS, crypto_frames
from flowbt.data.demo.crypto import draw_carry, simulate_coins, simulate_hours
from flowbt.data.demo.equity import Equities, simulate_equities
from flowbt.data.demo.market import breadth_frames, event_frame, flow_frames, macro_frames, price_frames, volatility_frame
from flowbt.data.demo.noise import Random
from flowbt.data.demo.streams import Streams, draw_streams
from flowbt.data.demo.tables import DemoTable, Frame, finish
from flowbt.data.versions import write_dataset
from flowbt.ground.clock import Clock
from flowbt.ground.errors import DatasetError
from flowbt.ground.files import locked, writing_folder

FIRST, LAST = "2012-01-03", "2025-12-31"
WAIT = 600.0  # seconds for another process that is building it; it takes about ten
DAY_ZERO = "2012-01-01"  # the 24/7 tables' first day


def build_demo(seed: int = 7, strength: float = 1.0) -> dict[str, DemoTable]:
    """The demo market's datasets by name, XNYS 2012-01-03 to 2025-12-31 and BTC, ETH around the clock. Same seed, same rows.

    `strength` scales every planted effect of `PLANTED`; with 0 there is none and every test must find nothing.
    """
    equity, crypto = generators(seed)
    frames = [*_exchange(equity, strength), *_around_the_clock(crypto, strength)]
    return {frame.name: finish(frame) for frame in frames}


def generators(seed: int) -> tuple[Random, Random]:
    """The equity side's and the crypto side's random generators of one seed."""
    equity, crypto = np.random.SeedSequence(seed).spawn(2)
    return np.random.default_rng(equity), np.random.default_rng(crypto)


def draw_equities(rng: Random, bars: int, strength: float) -> tuple[Streams, Equities]:
    """The equity side as arrays, without tables, in under a second."""
    streams = draw_streams(rng, bars)
    return streams, simulate_equities(rng, streams, strength)


def _exchange(rng: Random, strength: float) -> Iterator[Frame]:
    sessions = Clock("XNYS").labels(FIRST, LAST)
    streams, world = draw_equities(rng, len(sessions), strength)
    yield from price_frames(rng, sessions, world)
    yield volatility_frame(rng, sessions, world)
    yield from flow_frames(rng, sessions, streams, world)
    yield from macro_frames(rng, sessions, streams, world)
    yield from breadth_frames(rng, sessions, world)
    yield event_frame(rng, sessions)


def _around_the_clock(rng: Random, strength: float) -> Iterator[Frame]:
    days = pd.date_range(DAY_ZERO, LAST, freq="D", unit="ns")
    carry = draw_carry(rng, days)
    coins = simulate_coins(rng, carry, strength)
    hours = simulate_hours(rng, coins, slice(len(days) - HOURLY_DAYS, len(days)), strength)
    yield from crypto_frames(rng, days, carry, coins, hours)


def ensure_demo(root: Path, seed: int = 7, strength: float = 1.0) -> Path:
    """A folder of datasets under `root` that holds this demo market, built when it is not there yet.

    The folder's name is a hash of the arguments and of the source that makes and stores the tables; it appears whole or not at all, and processes that ask
    at the same time build it once. DatasetError where `root` cannot be written.
    """
    home = root / f"demo-{_key(seed, strength)}"
    if home.is_dir():
        return home
    try:
        root.mkdir(parents=True, exist_ok=True)
        with locked(root / ".demo.lock", f"the demo market under {root}", WAIT):
            if not home.is_dir():
                _write(home, build_demo(seed, strength))
    except OSError as error:
        raise DatasetError(
            "the demo market", f"cannot write to {root} ({error.strerror})", "choose another folder with --datasets or FLOWBT_DATASETS"
        ) from None
    return home


def _write(home: Path, tables: dict[str, DemoTable]) -> None:
    with writing_folder(home) as scratch:
        for table in tables.values():
            write_dataset(scratch, table.declaration, table.table, {"files": [], "note": "SYNTHETIC: built by flowbt, see docs/demo-market.md"})


def _key(seed: int, strength: float) -> str:
    digest = hashlib.sha256(f"{seed} {strength} {np.__version__.split('.')[0]}".encode())
    here = Path(__file__).parent
    for path in (
        *sorted(here.glob("*.py")),
        here.parent / "catalog.py",
        here.parent / "versions.py",
        here.parent / "declare.py",
        here.parents[1] / "ground" / "clock.py",
    ):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]
