"""Sweeps of one strategy: recorded once, leaf masks packed, trials walked by a fused kernel."""
