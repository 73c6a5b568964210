"""Every declared dataset on disk, and the plan over them. A file added here adds its tests."""

from pathlib import Path

import pandas as pd
import pytest

from flowbt.data.declare import read_declaration
from flowbt.data.ingest.plan import read_plan
from flowbt.data.ingest.validate import DEFAULTS
from flowbt.data.sources import NAMES
from flowbt.ground.errors import DatasetError
from flowbt.ground.fields import FIELDS

DATASETS = Path(__file__).parents[3] / "datasets"
FOLDERS = sorted(path.parent for path in DATASETS.glob("*/dataset.toml"))
PLAN = read_plan(DATASETS / "plan.toml")


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_a_declaration_cites_its_schedule_and_uses_the_vocabulary(folder):
    declaration = read_declaration(folder)
    assert declaration.source in NAMES
    assert declaration.schedule
    assert declaration.licence
    assert set(declaration.fields) <= set(FIELDS)
    assert all(rule.units for rule in declaration.fields.values())
    assert set(declaration.policy) <= set(DEFAULTS)


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_nothing_is_known_before_it_happened(folder):
    declaration = read_declaration(folder)
    if declaration.publication.rule == "column":
        pytest.skip("the file says when")
    first = {"week": "2024-01-02", "month": "2024-01-01"}.get(declaration.frequency, "2024-01-02")
    events = pd.date_range(first, periods=60, freq={"month": "MS", "1h": "h", "8h": "8h"}.get(declaration.frequency, "D"), unit="ns")
    known = declaration.publication.known_at(events, declaration.calendar)
    assert (known >= events).all()


def test_the_plan_names_declared_datasets_once():
    names = [dataset.name for dataset in PLAN.dataset]
    assert len(set(names)) == len(names)
    assert set(names) <= {folder.name for folder in FOLDERS}


@pytest.mark.parametrize("entry", ['start = "01/02/2024"', 'end = "2024-02-30"', 'start = "2024-01-02 10:00"', 'drop = { "VIX:1/2/2024" = "why" }'])
def test_dates_of_a_plan_are_iso_or_refused_when_it_is_read(tmp_path, entry):
    path = tmp_path / "plan.toml"
    path.write_text(f'[[dataset]]\nname = "x"\nfiles = [{{ path = "a.csv", {entry} }}]\n')
    with pytest.raises(DatasetError, match=r"x: files 1: (start|end|drop).*date '.*YYYY-MM-DD"):
        read_plan(path)
