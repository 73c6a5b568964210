"""Generated files, declarations and options: a table or one line, never another error. A few here, many in the slow suite."""

import contextlib
import json
import warnings

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flowbt.data.declare import parse_declaration
from flowbt.data.sources import NAMES, source
from flowbt.ground.errors import FlowbtError
from flowbt.studies.ingest.arrival import instant_of

TAME = {"deadline": None, "derandomize": True, "suppress_health_check": list(HealthCheck)}
SIZES = [pytest.param(12, id="few"), pytest.param(1500, id="many", marks=pytest.mark.slow)]
NUMBERS = st.one_of(st.sampled_from(["", "nan", "inf", "1e400", "-0", "1,5", "1.234,5", "(3)", "5%", "٣"]), st.floats().map(str), st.integers().map(str))
DATES = st.sampled_from(
    ["2024-01-02", "20240102", "0001-01-01", "9999-12-31", "2024-02-30", "1704153600000", "1704153600", "01/02/2024", "2024-01-02T25:00", "NaT"]
)
CELLS = st.one_of(NUMBERS, DATES, st.sampled_from(["SPY", '"', "\0", "=1+1", "a\nb", "é", "\ufeff"]), st.text(max_size=6))
HEADS = st.one_of(
    st.sampled_from(["date", "Date", "time", "timestamp", "symbol", "open", "high", "low", "close", "volume", "value", "price", "dix", "gex"]), CELLS
)
WORDS = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), CELLS, st.lists(CELLS, max_size=2), st.dictionaries(CELLS, CELLS, max_size=2))
KEYS = ("title", "source", "clock", "frequency", "vintage", "priority", "basis", "splice", "live_from", "publication", "policy", "fields", "reading", "nothing")
PUBLICATION = ("rule", "days", "at", "zone", "delay", "weekday", "business_day", "ahead", "delayed", "waits", "calendar", "nothing")
FIELD = ("units", "sign", "min", "max", "max_age", "combine", "coverage", "zero", "nothing")


@contextlib.contextmanager
def one_line():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            yield
        except FlowbtError as error:
            assert "\n" not in str(error)  # noqa: PT017


def delimited(head, rows, sign, end):
    return end.join(sign.join(cells) for cells in (head, *rows)).encode("utf-8", "surrogatepass")


TABLES = st.builds(
    delimited, st.lists(HEADS, max_size=7), st.lists(st.lists(CELLS, max_size=7), max_size=5), st.sampled_from(",;\t|"), st.sampled_from(["\n", "\r\n", "\r"])
)
FILES = st.one_of(TABLES, st.binary(max_size=60), st.recursive(WORDS, lambda one: st.lists(one, max_size=3) | st.dictionaries(CELLS, one, max_size=3)).map(
    lambda held: json.dumps(held).encode()
))  # fmt: skip


@pytest.mark.parametrize("most", SIZES)
@pytest.mark.parametrize("name", NAMES)
def test_any_file_of_any_source_is_a_table_or_one_line(tmp_path, name, most):
    @settings(max_examples=most // 4, **TAME)
    @given(FILES, st.sampled_from(["x.csv", "x.json", "x.txt", "SPY.parquet", "x.xlsx", "x.csv.gz", "x.zip"]))
    def read(data, called):
        (tmp_path / called).write_bytes(data)
        with one_line():
            assert source(name).parse(tmp_path / called, {}).frame is not None

    read()


@pytest.mark.parametrize("most", SIZES)
def test_any_declaration_is_one_or_one_line(most):
    good = {"title": "t", "source": "table", "publication": {"rule": "close"}, "fields": {"x": {}}}
    inner = {
        "publication": st.dictionaries(st.sampled_from(PUBLICATION), WORDS, max_size=4),
        "fields": st.dictionaries(CELLS, st.dictionaries(st.sampled_from(FIELD), WORDS, max_size=4), max_size=2),
    }

    @settings(max_examples=4 * most, **TAME)
    @given(st.dictionaries(st.sampled_from(KEYS), WORDS, max_size=3), st.fixed_dictionaries({}, optional=inner))
    def declare(plain, nested):
        with one_line():
            assert parse_declaration("x", {**good, **plain, **nested}).name == "x"

    declare()


@pytest.mark.parametrize("most", SIZES)
def test_any_time_is_one_or_one_line(most):
    @settings(max_examples=4 * most, **TAME)
    @given(st.one_of(CELLS, st.datetimes().map(str), st.text(alphabet="0123456789-:T+ Z.", max_size=30)))
    def told(text):
        with one_line():
            assert instant_of(text).tzinfo is None

    told()
