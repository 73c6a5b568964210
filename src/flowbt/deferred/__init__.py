"""Deferred evaluation: a plain pandas function, recorded once, evaluated once per distinct sub-expression."""

from flowbt.deferred.evaluate import Evaluator
from flowbt.deferred.graph import Graph, NeedsValue, Node
from flowbt.deferred.panel import DeferredPanel, QuietPanel
from flowbt.deferred.record import Deferred
from flowbt.deferred.trace import Trace, Tracer, read

__all__ = ["Deferred", "DeferredPanel", "Evaluator", "Graph", "NeedsValue", "Node", "QuietPanel", "Trace", "Tracer", "read"]
