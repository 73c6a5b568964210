"""`flowbt.features` finds public names lazily; a name never means two things."""

import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

import flowbt.features as features


def test_no_name_is_a_module_or_defined_twice() -> None:
    modules = {path.stem for path in Path(features.__file__).parent.glob("*.py")}
    marked = [name for family in features.FAMILIES for name, value in vars(import_module(f"flowbt.features.{family}")).items()
              if hasattr(value, "__feature__") and value.__module__.endswith(family)]  # fmt: skip
    assert len(marked) == len(set(marked))
    assert not modules & set(marked)
    assert set(marked) <= set(dir(features))


def test_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'expected_mvoe'"):
        features.expected_mvoe  # noqa: B018


def test_one_family_is_imported_without_the_others() -> None:
    code = "import sys; from flowbt.features import gamma_sign; print(*[m for m in sys.modules if m.startswith('flowbt.features.')])"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert "flowbt.features.gamma" in loaded
    assert not {"flowbt.features.macro", "flowbt.features.breadth"} & set(loaded)
