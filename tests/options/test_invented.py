"""Chains whose dealer gamma is known by construction (see `inventing`). `benchmarks/invented_chains.py` runs hundreds of them."""

from pathlib import Path

import numpy as np
import pytest
from tests.options.inventing import PRINTED, invent

from flowbt.data.sources.chains import read_chain
from flowbt.features.chain import gamma_profile


@pytest.mark.parametrize("printed", PRINTED)
@pytest.mark.parametrize("kind", ["index", "coin"])
@pytest.mark.parametrize("seed", [301, 302])
def test_the_truth_is_in_the_range(tmp_path: Path, kind: str, printed: str, seed: int) -> None:
    made = invent(tmp_path, seed, kind, printed)
    profile = gamma_profile(read_chain(made.path))
    assert profile.range[0] <= made.total <= profile.range[1]
    assert not profile.certain or np.sign(profile.total) == np.sign(made.total)
    if made.printed in ("true", "holes"):
        assert profile.total == pytest.approx(made.total, abs=5e-3 * made.gross)


def test_solved_volatilities_are_within_a_part_in_a_hundred_of_the_gross(tmp_path: Path) -> None:
    made = invent(tmp_path, 303, "index", "no rates")
    profile = gamma_profile(read_chain(made.path))
    assert profile.by_quotes == pytest.approx(made.total, abs=0.01 * made.gross)
