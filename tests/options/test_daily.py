"""Stored surfaces: the compiled price inputs against the surface they were stored from."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tests.options.test_parity_gamma import invented

from flowbt.data.sources.chains import read_chain
from flowbt.options.daily import SLICE, DaySurfaces, slices_of
from flowbt.options.market import option_market
from flowbt.options.surface import VolSurface, fit_surface


@pytest.fixture
def surface(tmp_path: Path) -> VolSurface:
    return fit_surface(option_market(read_chain(invented(tmp_path / "spx.csv"))))


def test_stored_slices_give_the_surface_back(surface: VolSurface) -> None:
    slices = slices_of(surface)
    assert slices.shape == (len(surface.years), len(SLICE))
    daily = DaySurfaces.of([None, slices, None])
    k, t = (one.ravel() for one in np.meshgrid(np.linspace(0.75, 1.3, 23), np.array([0.002, 0.038, 0.07, 0.15, 0.19, 0.27])))
    vol, rate, dividend = daily.inputs(np.ones(len(k), np.int64), k, t)
    np.testing.assert_allclose(vol, surface.vol(k * surface.spot, t), rtol=1e-12)
    np.testing.assert_allclose(np.exp((rate - dividend) * t), surface.forward_at(t) / surface.spot, rtol=1e-12)
    assert rate[0] == pytest.approx(0.05, abs=0.002)


def test_nothing_is_made_of_days_and_terms_that_are_not_there(surface: VolSurface) -> None:
    daily = DaySurfaces.of([None, slices_of(surface), None])
    assert daily.there.tolist() == [False, True, False]
    assert np.isnan(daily.inputs([0, 2], 1.0, 0.1)[0]).all()
    last = surface.years[-1]
    assert np.isnan(daily.inputs([1, 1, 1], 1.0, np.array([0.0, 1.49 * last, 1.51 * last]))[0]).tolist() == [True, False, True]


def test_a_cut_is_of_its_own_bars(surface: VolSurface) -> None:
    slices = slices_of(surface)
    daily = DaySurfaces.of([slices, None, slices[:1], slices]).cut(1, 4)
    assert daily.there.tolist() == [False, True, True]
    assert (daily.inputs([2], 1.02, 0.1)[0] == DaySurfaces.of([slices]).inputs([0], 1.02, 0.1)[0]).all()
