"""The demo market: a seeded, synthetic market with effects of known size and streams without any. See docs/demo-market.md."""
