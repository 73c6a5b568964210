"""The error tree: drawn as it is, one line each, with exit codes."""

import inspect

import pytest

from flowbt.ground import errors
from flowbt.ground.errors import FlowbtError, nearest


def test_every_error_is_in_the_drawing():
    kinds = [name for name, kind in vars(errors).items() if inspect.isclass(kind) and issubclass(kind, FlowbtError)]
    assert all(name in errors.__doc__ for name in kinds)


def test_an_error_is_one_line_of_three_parts():
    line = str(FlowbtError("field 'x'", "no dataset\nhas it", "import one"))
    assert line == "field 'x': no dataset has it; import one"


@pytest.mark.parametrize(("kind", "code"), [("ParameterError", 2), ("CheckFailed", 3), ("FieldError", 1)])
def test_exit_codes(kind, code):
    assert getattr(errors, kind)("asked").exit_code == code


def test_nearest_suggests_only_what_is_close():
    assert nearest("rallly", ["rally", "hold"]) == "did you mean rally?"
    assert nearest("zzz", ["rally", "hold"]) == ""
