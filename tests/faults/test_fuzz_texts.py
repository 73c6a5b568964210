"""Generated plans, alerts, ideas, claims, terms, constraints and options of every command: right, or one line. A few here, many in the slow suite."""

import contextlib

import click
import numpy as np
import pytest
import tomlkit
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.faults.corpus import CONSTRAINTS, PAIRS, SWEPT, TERMS, TEXTS, leaves
from tests.faults.test_fuzz import CELLS, SIZES, TAME, WORDS, one_line

from flowbt.cli.research.run import changed
from flowbt.data.ingest.plan import ImportPlan, read_plan
from flowbt.data.ingest.providers import Providers, read_providers
from flowbt.engine.loader import read_value
from flowbt.engine.types import Account, Costs
from flowbt.ground.errors import FlowbtError
from flowbt.studies.board.values import Alert, read_alerts
from flowbt.studies.ideas.file import IdeasFile, read_ideas
from flowbt.studies.score.files import load
from flowbt.studies.sweep.constraints import met
from flowbt.studies.sweep.values import values_of

READERS = {"plan": (read_plan, ImportPlan), "providers": (read_providers, Providers), "ideas": (read_ideas, IdeasFile), "alerts": (read_alerts, Alert)}
OPTIONS = [(path, one) for path, command in leaves() for one in command.params if isinstance(one, click.Option) and not one.is_flag and not one.is_eager]
TOLD = st.one_of(WORDS, st.integers(-(10**400), 10**400), st.dates(), st.datetimes()).filter(lambda value: value is not None)


def keys_in(schema):
    """Every name that a declaration knows, at whatever depth."""
    found = set(schema.get("properties", {}))
    return sorted(found.union(*(keys_in(part) for part in schema.get("$defs", {}).values())) if "$defs" in schema else found)


def documents(model):
    keys = st.one_of(st.sampled_from([*keys_in(model.model_json_schema()), "alert"]), st.text(max_size=5))
    inner = st.recursive(TOLD, lambda one: st.lists(one, max_size=3) | st.dictionaries(keys, one, max_size=5), max_leaves=12)
    return inner.filter(lambda held: isinstance(held, dict))


@pytest.mark.parametrize("most", SIZES)
@pytest.mark.parametrize("name", READERS)
def test_any_document_is_one_or_one_line(tmp_path, name, most):
    reader, model = READERS[name]

    @settings(max_examples=2 * most, **TAME)
    @given(st.one_of(documents(model).map(lambda held: tomlkit.dumps(held)), CELLS), st.data())
    def read(text, data):
        (tmp_path / "x.toml").write_bytes(text.encode("utf-8", "surrogatepass"))
        with one_line():
            assert reader(tmp_path / "x.toml") is not None

    read()


@pytest.mark.parametrize("most", SIZES)
def test_any_rule_is_one_or_one_line(most):
    columns = {"hold": np.array([2, 3]), "rise": np.array([0.0, 0.1]), "mode": np.array(["a", "b"], object)}
    words = st.sampled_from(["hold", "rise", "mode", "<", "==", "and", "or", "not", "(", ")", "+", "-", "*", "/", "%", "**", "1", "0", "'a'", "nothing", ","])

    @settings(max_examples=4 * most, **TAME)
    @given(st.one_of(st.lists(words, max_size=9).map(" ".join), CELLS, st.sampled_from(CONSTRAINTS)))
    def rule(text):
        with one_line():
            assert met(text, columns).dtype == bool

    rule()


@pytest.mark.parametrize("most", SIZES)
def test_any_value_and_term_is_one_or_one_line(most):
    texts = st.one_of(CELLS, st.sampled_from([*PAIRS, *SWEPT, *TERMS["costs"], *TERMS["account"]]), st.text(alphabet="0123456789:.,e-+[]'", max_size=12))

    @settings(max_examples=4 * most, **TAME)
    @given(texts, st.sampled_from([3, 0.5, "x", True, (1, 2), None]), st.dictionaries(st.sampled_from(["cash", "margin", "max_gross"]), TOLD, max_size=2))
    def told(text, default, terms):
        for act in (lambda: values_of("hold", text, default), lambda: read_value("hold", text, default), lambda: Account(**terms)):
            with one_line():
                assert act() is not False
        for kind in (Costs, Account):
            with one_line():
                assert changed(kind, "--terms", text) is None or text.strip()

    told()


PARTS = ("stated", "outcome", "definitions", "when", "kind", "names", "regime")
SIGNATURES = st.sampled_from(["fall=0.01", "*a", "**k", "fall", ""])
CLAIM = """from flowbt import *
DOCUMENT = Document({document})
@claim('x', {parts})
def falls(panel, {parameters}):
    return panel['close', 'SPY'] < 0
"""
PYTHON = st.one_of(
    st.sampled_from(["{'mean': 0.1}", "forward_return('SPY', 5)", "forward_return(5, 'SPY')", "forward_return('SPY', -1)", "{'fall': (0.01,)}", "()", "1 / 0"]),
    TOLD.map(repr),
)


@pytest.mark.parametrize("most", SIZES)
def test_any_claim_file_is_claims_or_one_line(tmp_path, most):
    @settings(max_examples=2 * most, **TAME)
    @given(
        st.lists(PYTHON, min_size=1, max_size=3),
        st.dictionaries(st.sampled_from(PARTS), PYTHON, max_size=3),
        SIGNATURES,
    )
    def claims(document, given_parts, parameters):
        parts = ", ".join(f"{name}={value}" for name, value in given_parts.items())
        text = CLAIM.format(document=", ".join(document), parts=parts, parameters=parameters)
        (tmp_path / "falls.py").write_bytes(text.encode("utf-8", "surrogatepass"))
        file = load(tmp_path / "falls.py")
        assert bool(file.claims) != bool(file.problem)
        assert "\n" not in file.problem

    claims()


@pytest.mark.parametrize("most", SIZES)
def test_any_option_is_taken_or_one_line(most):
    @settings(max_examples=10 * most, **TAME)
    @given(st.sampled_from(OPTIONS), st.one_of(CELLS, st.sampled_from(TEXTS)))
    def option(which, text):
        _, one = which
        context = click.Context(click.Command("x"))
        with contextlib.suppress(click.UsageError, FlowbtError):
            one.type_cast_value(context, (text,) * one.nargs if one.nargs > 1 else [text] if one.multiple else text)

    option()
