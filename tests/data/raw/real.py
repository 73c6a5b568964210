"""Where the real files are, for tests marked `real`."""

from pathlib import Path

import pytest

RAW = Path(__file__).resolve().parents[4] / "shared" / "data" / "raw"

if not RAW.is_dir():
    pytest.skip("needs ../shared/data/raw", allow_module_level=True)
