"""A smile in three numbers: level, slope and curvature in standard deviations from the forward."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from flowbt.options.surface import VolSurface

REACH = 1.5  # standard deviations either side


class SmileShape(NamedTuple):
    """vol(K) = level x (1 + slope m + curve m^2), m = ln(K/F) / (level x sqrt(years)); level in points, NaN where not quoted."""

    level: float
    slope: float
    curve: float


def smile_at(surface: VolSurface, days: float) -> SmileShape:
    """Least squares over 13 strikes within 1.5 standard deviations of the forward, its level held at the surface's own."""
    level = surface.at_the_money(days)
    if not level > 0:
        return SmileShape(np.nan, np.nan, np.nan)
    years = days / 365.0
    m = np.linspace(-REACH, REACH, 13)
    strikes = surface.forward_at(years) * np.exp(m * level / 100.0 * np.sqrt(years))
    ratio = 100.0 * surface.vol(strikes, years) / level - 1.0
    slope, curve = np.linalg.lstsq(np.stack([m, m**2], axis=1), ratio, rcond=None)[0]
    return SmileShape(level, float(slope), float(curve))
