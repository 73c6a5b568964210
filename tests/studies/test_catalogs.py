"""Which data a study works on: what is imported, or the demo market; never both, and never one for the other unnoticed."""

from pathlib import Path

import pytest
from tests.studies.conftest import walk

from flowbt.data.catalog import Catalog
from flowbt.ground.clock import Clock
from flowbt.ground.errors import DatasetError
from flowbt.studies import catalogs
from flowbt.studies.catalogs import DEMO, open_catalog
from tinydata import FIELDS, store


@pytest.fixture
def demo(monkeypatch: pytest.MonkeyPatch) -> None:
    """A demo market of one dataset, in place of the whole one, which takes seconds."""

    def made(folder: Path) -> Path:
        store(folder, "made-up", walk("SPY", Clock().labels("2024-01-02", "2024-02-01"), 1), fields=FIELDS, synthetic=True)
        return folder

    monkeypatch.setattr(catalogs, "ensure_demo", made)


def opened(root: Path, asked: bool | None) -> tuple[list[str], tuple[Path, ...]]:
    catalog = open_catalog(root, asked)
    return list(catalog.imported), catalog.roots


def test_where_nothing_is_imported_the_demo_market_is_worked_on_unless_it_is_refused(tmp_path: Path, demo: None) -> None:
    for root, asked in ((tmp_path, None), (tmp_path / "new", True)):
        assert opened(root, asked) == (["made-up"], (root / DEMO,))
    with pytest.raises(DatasetError, match="none is imported; run `flowbt data import"):
        open_catalog(tmp_path, False)
    for asked in (None, False):
        with pytest.raises(DatasetError):
            open_catalog(tmp_path / "nowhere", asked)


def test_what_is_imported_is_worked_on_unless_the_demo_market_is_asked_for(catalog: Catalog, demo: None) -> None:
    (root,) = catalog.roots
    assert opened(root, None) == opened(root, False) == (["dix", "prices"], (root,))
    assert opened(root, True) == (["made-up"], (root / DEMO,))
    (root / "dix" / "current").write_text("gone")
    assert opened(root, None)[0] == ["prices"]
    (root / "prices" / "current").write_text("gone")
    for asked in (None, False):  # what is spoilt is not worked round by another market
        with pytest.raises(DatasetError, match=r"dataset dix: .*import it again, or use --demo"):
            open_catalog(root, asked)
