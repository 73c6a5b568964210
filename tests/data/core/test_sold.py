"""An error about data that only a vendor has says which, and who sells them."""

import tomllib
from pathlib import Path

import pytest

from flowbt.data.catalog import Catalog
from flowbt.data.sold import SOLD
from flowbt.ground.errors import FieldError
from flowbt.ground.fields import FIELDS

PROVIDERS = Path(__file__).parents[3] / "datasets" / "providers.toml"


@pytest.mark.parametrize(
    ("field", "symbol", "words"),
    [("calls_bought", "SPY", "sold .*ThetaData"), ("dark_pool_net", "SPY", "sold .*Polygon"), ("close", "M07", "demo market .* sold .*Norgate")],
)
def test_what_is_sold_is_named_with_its_seller(field, symbol, words, tmp_path):
    with pytest.raises(FieldError, match=words):
        raise Catalog((tmp_path,)).missing(field, symbol)


def test_the_fields_are_known_and_their_sellers_those_of_the_list_of_providers():
    assert set(SOLD) <= set(FIELDS)
    closed = " ".join(one["name"] for one in tomllib.loads(PROVIDERS.read_text(encoding="utf-8"))["closed"])
    sellers = {word.strip() for words in SOLD.values() for word in words[words.index("(") + 1 : words.index(")")].split(",")}
    assert all(seller.removeprefix("resellers of ") in closed for seller in sellers)
