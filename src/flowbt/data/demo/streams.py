"""What the equity market's events are made of, as far as it does not depend on prices: flows, gamma, rates, the dollar, liquidity."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from flowbt.data.demo.names import FUNDS, MEMBERS
from flowbt.data.demo.noise import Array, Random, ar1, rolling_z, spells

FLOW_SYMBOLS = (*FUNDS, *MEMBERS, "NULL")  # columns of the per-symbol flow arrays
MEMBER_AT = slice(len(FUNDS), len(FUNDS) + len(MEMBERS))


@dataclass(frozen=True)
class Streams:
    """Arrays T, or T x FLOW_SYMBOLS. Shares are fractions of volume or premium, in [-1, 1]."""

    stress: np.ndarray
    gamma: Array
    dark_share: Array
    dark_z: Array
    side_share: Array
    call_share: Array
    put_call: Array
    yield10: Array
    yield2: Array
    dollar: Array
    fed_assets: Array
    treasury_account: Array
    reverse_repo: Array
    null_flow: Array
    null_gamma: Array
    null_ratio: Array

    @property
    def liquidity(self) -> Array:
        """Fed assets less the Treasury account and reverse repo, $bn."""
        return self.fed_assets - self.treasury_account - self.reverse_repo


def draw_streams(rng: Random, bars: int) -> Streams:
    """All streams of one demo market. Distribution bouts (about one session in eight) push funds' dark-pool flow and gamma down together."""
    bout = spells(rng, bars, 55, 8)
    shape = (bars, len(FLOW_SYMBOLS))
    dark = 0.05 * ar1(rng, shape, 0.8)
    dark[:, : len(FUNDS)] -= 0.10 * bout[:, None]
    return Streams(
        stress=spells(rng, bars, 120, 30),
        gamma=ar1(rng, (bars,), 0.9) + 0.85 - 2.0 * bout,
        dark_share=dark,
        dark_z=rolling_z(dark, 63),
        side_share=np.clip(0.10 * ar1(rng, shape, 0.7), -0.6, 0.6),
        call_share=1 / (1 + np.exp(-0.4 - 0.35 * ar1(rng, shape, 0.7))),
        put_call=np.clip(0.67 + 0.085 * ar1(rng, (bars,), 0.96), 0.35, 1.3),
        yield10=np.clip(2.7 + 1.0 * ar1(rng, (bars,), 0.998), 0.4, 8.0),
        yield2=np.clip(2.0 + 1.1 * ar1(rng, (bars,), 0.998), 0.05, 8.0),
        dollar=98.5 * np.exp(0.045 * ar1(rng, (bars,), 0.995)),
        fed_assets=6000 + 900 * ar1(rng, (bars,), 0.9985),
        treasury_account=np.clip(500 + 180 * ar1(rng, (bars,), 0.985), 20, None),
        reverse_repo=np.clip(600 + 350 * ar1(rng, (bars,), 0.995), 0, None),
        null_flow=0.05 * ar1(rng, shape, 0.8),
        null_gamma=ar1(rng, (bars,), 0.9) + 0.85,
        null_ratio=np.clip(0.67 + 0.085 * ar1(rng, (bars,), 0.96), 0.35, 1.3),
    )
