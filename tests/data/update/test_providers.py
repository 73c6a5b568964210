"""`providers.toml`: what is shipped is whole, and mistakes are one line."""

import pandas as pd
import pytest
from tests.data.update.conftest import PROVIDERS

from flowbt.data.ingest.providers import ProviderPull, read_providers
from flowbt.ground.errors import DatasetError

PULL = '[[provider]]\nname = "X"\nterms = "none"\n[[provider.pull]]\ndataset = "x"\nset = "core"\n'


def test_every_shipped_pull_has_a_declared_dataset():
    found = read_providers(PROVIDERS)
    names = {one.dataset for provider in found.provider for one in provider.pull}
    assert all((PROVIDERS.parent / name / "dataset.toml").is_file() for name in names)
    assert all(provider.terms for provider in found.provider)
    assert all(one.brings and one.why for one in found.closed)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (PULL + 'source = "fred"\nsymbol = "x"', "symbol: Extra inputs"),
        (PULL, r"\w+: \w+: it needs either source or reduce"),
        (PULL + 'source = "fred"\nstart = "last week"', "not a date in ISO order.*90 days"),
        (PULL.replace("core", "other"), "Input should be 'core' or 'crypto'"),
        ("[[provider]", "is not TOML"),
    ],
)
def test_mistakes_are_one_line(tmp_path, text, problem):
    (tmp_path / "p.toml").write_text(text)
    with pytest.raises(DatasetError, match=problem):
        read_providers(tmp_path / "p.toml")


def test_addresses_of_days_months_and_the_present():
    days = pd.DatetimeIndex(["2026-01-30", "2026-02-02"])
    pull = ProviderPull(dataset="x", set="core", source="table", symbols=("A", "B"), url="https://h.test/{symbol}/{symbol}-{day}.zip", checksum=True)
    assert [one.file for one in pull.downloads(days)] == ["A-2026-01-30.zip", "A-2026-02-02.zip", "B-2026-01-30.zip", "B-2026-02-02.zip"]
    assert pull.downloads(days)[0].checksum == "https://h.test/A/A-2026-01-30.zip.CHECKSUM"
    assert len(pull.model_copy(update={"url": "https://h.test/{symbol}-{month}.csv"}).downloads(days)) == 4
    present = pull.model_copy(update={"url": "https://h.test/now?of={symbol}", "symbols": ("_A",)})
    assert [(one.url, one.file) for one in present.downloads(days)] == [("https://h.test/now?of=_A", "A_2026-02-02.json")]
