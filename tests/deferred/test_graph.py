"""Nodes are interned by structure, and what behaves differently is kept apart."""

import math
import operator
from dataclasses import dataclass

import pytest

from flowbt.deferred.graph import Graph, NeedsValue, nodes_in, substitute


def test_the_same_operation_is_the_same_node():
    graph = Graph()
    a, b = graph.parameter("a"), graph.parameter("b")
    one = graph.node(operator.add, a, b)
    assert graph.node(operator.add, a, b) is one
    assert graph.parameter("a") is a
    assert len(graph.nodes) == 3
    assert one.parameters == ("a", "b")
    assert graph.node(operator.add, b, a) is not one


@pytest.mark.parametrize(("left", "right"), [(1, 1.0), (1, True), (0.0, -0.0), ((1,), [1]), ("1", b"1"), (slice(1), slice(2)), ({"a": 1}, {"a": 2}), (2, 3)])
def test_values_that_behave_differently_are_not_confused(left, right):
    graph = Graph()
    assert graph.node(operator.neg, left) is not graph.node(operator.neg, right)


@pytest.mark.parametrize("value", [1, 2.5, math.nan, True, None, "x", (1, 2), [1, 2], {"a": [1]}, slice(1, None), int])
def test_equal_values_are_one_node(value):
    again = math.nan if value != value else value.copy() if isinstance(value, (list, dict)) else value
    graph = Graph()
    assert graph.node(operator.neg, value) is graph.node(operator.neg, again)


def test_numbers_and_texts_are_told_apart_by_value_and_other_objects_by_which_they_are():
    graph = Graph()
    for one, again in ((int("100000"), int("100000")), ("".join(["lo", "ng"]), "".join(["lo", "ng"])), (bytes([1, 2, 3]), bytes([1, 2, 3]))):
        assert one is not again
        assert graph.node(operator.neg, one) is graph.node(operator.neg, again)
    assert graph.node(operator.neg, {1}) is not graph.node(operator.neg, {1})


def test_a_bound_method_is_one_operation_and_two_objects_are_two():
    graph, one, two = Graph(), [1], [1]
    assert graph.node(one.index, 1) is graph.node(one.index, 1)
    assert graph.node(one.index, 1) is not graph.node(two.index, 1)


def test_nodes_are_found_and_replaced_wherever_they_stand():
    graph = Graph()
    a, b = graph.parameter("a"), graph.parameter("b")
    value = (a, [b, 1], {"x": a}, slice(b, None, 2))
    assert list(nodes_in(value)) == [a, b, a, b]
    assert substitute(value, lambda node: node.args[0]) == ("a", ["b", 1], {"x": "a"}, slice("b", None, 2))


def test_numbers_rise_from_the_leaves_to_the_root():
    graph = Graph()
    root = graph.node(operator.neg, graph.node(operator.neg, graph.parameter("a")))
    assert all(child.number < node.number for node in graph.nodes for child in node.children)
    assert root.instance({"a": 3, "b": 4}) == (root.number, 3)
    assert not issubclass(NeedsValue, Exception)  # no strategy's own `try` may swallow it


@dataclass(frozen=True)
class Leg:
    strike: object
    side: str = "call"


def test_what_a_dataclass_holds_is_found_and_made_anew_and_a_class_is_only_itself():
    graph = Graph()
    a = graph.parameter("a")
    assert list(nodes_in([Leg(a), Leg, Leg(1.0), 3])) == [a]
    plain = Leg(1.0)
    assert substitute((Leg(a), plain, Leg), lambda node: 7) == (Leg(7), plain, Leg)
    assert substitute(plain, lambda node: 7) is plain
    assert graph.node(operator.neg, Leg(a)).parameters == ("a",)
    assert graph.node(operator.neg, Leg).children == ()
