"""The demo market: a seeded, synthetic market with effects of known size and streams without any. See docs/demo-market.md."""

from flowbt.data.demo.build import build_demo, draw_equities, ensure_demo
from flowbt.data.demo.planted import NULL_STREAMS, PLANTED, Effect
from flowbt.data.demo.series import PlantedSeries, planted_series
from flowbt.data.demo.tables import DemoTable

__all__ = ["NULL_STREAMS", "PLANTED", "DemoTable", "Effect", "PlantedSeries", "build_demo", "draw_equities", "ensure_demo", "planted_series"]
