"""Compiled templates are kept for the next process, and the page is the same."""

from jinja2 import Environment
from tests.results.records import make_record

from flowbt.ground.home import CACHE
from flowbt.results.pages import base, tearsheet


def test_a_kept_template_is_not_compiled_again(tmp_path, monkeypatch):
    monkeypatch.setenv(CACHE, str(tmp_path))
    record = make_record(sessions=120)
    base._environment.cache_clear()
    first = tearsheet.render(record)
    assert len(list((tmp_path / "templates").iterdir())) > 1
    base._environment.cache_clear()
    monkeypatch.setattr(Environment, "compile", None)
    assert tearsheet.render(record) == first


def test_a_template_compiled_with_other_options_is_another(tmp_path, monkeypatch):
    monkeypatch.setenv(CACHE, str(tmp_path))
    bucket = type("Bucket", (), {"key": "a", "checksum": "b"})
    name = base.KeptTemplates()._name(bucket)
    monkeypatch.setitem(base._OPTIONS, "autoescape", False)
    assert base.KeptTemplates()._name(bucket) != name
