"""One name for each thing whose shape is open, so that a signature says what may be in it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

Json = dict[str, Any]
"""A JSON object: what is stored, printed or shown on a page. Its values are None, bool, int, float, str, and lists and objects of them."""
JsonView = Mapping[str, Any]
"""A JSON object that is only read."""
Context = dict[str, object]
"""What a page, a chart or a table shows, by name: built here, read by a template."""
Parameters = Mapping[str, object]
"""Values of parameters by name: whatever the author of a strategy, claim or feature declared."""
Function = Callable[..., object]
"""What a user wrote, or any function that is called by names: a strategy, a claim, a feature."""
Moment = str | date
"""A date or a time as asked for: YYYY-MM-DD with HH:MM or not, a date, or a pd.Timestamp."""
