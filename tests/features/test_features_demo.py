"""Every feature that the demo market can feed has values on it, through the real panel."""

import pandas as pd
import pytest

from flowbt.data.panel.reader import open_panel
from flowbt.ground.clock import Clock
from flowbt.ground.errors import FieldError
from flowbt.studies.catalogs import open_catalog
from flowbt.studies.features.docs import entries
from flowbt.studies.features.values import available, compute


@pytest.fixture(scope="module")
def panels(tmp_path_factory):
    catalog = open_catalog(tmp_path_factory.mktemp("datasets"), demo=True)
    views = (("SPY", "QQQ"), Clock("XNYS")), (("SPX",), Clock("XNYS")), (("BTC",), Clock("24/7")), (("BTC",), Clock("24/7", "1h"))
    return catalog, [open_panel(catalog, symbols, clock) for symbols, clock in views]


@pytest.mark.parametrize("name", entries())
def test_a_feature_the_demo_can_feed_has_values_on_it(panels, name):
    catalog, views = panels
    if available(catalog, entries()[name]) != "yes":
        pytest.skip("the demo market lacks its fields")
    problems = []
    for panel in views:
        try:
            frames = compute(panel, name, {}).values()
        except FieldError as error:
            problems.append(str(error))
            continue
        bools, numbers = ([f for f in frames if isinstance(f, pd.DataFrame) and (f.dtypes == kind).all()] for kind in ("bool", "float64"))
        assert all(f.index.equals(panel.index) for f in (*bools, *numbers))
        if any(f.iloc[-250:].notna().any().any() for f in numbers) or any(f.to_numpy().any() for f in bools):
            return
        problems.append("computed, but nothing known")
    pytest.fail(f"{name}: {problems}")
