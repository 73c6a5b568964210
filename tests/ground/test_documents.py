"""One line says which entry of a declaration is wrong, and how."""

import random

import pytest
from pydantic import BaseModel, ConfigDict, Field
from tests.faults.tampered import harms

from flowbt.ground.documents import keep, kept, parse_json, read_declared, read_toml
from flowbt.ground.errors import DatasetError


class Row(BaseModel):
    model_config = ConfigDict(extra="forbid")
    id: str = ""
    size: float = Field(gt=0)
    kinds: tuple[float | str, ...] = ()


class Sheet(BaseModel):
    row: tuple[Row, ...]


def said(tmp_path, text):
    (tmp_path / "sheet.toml").write_text(text)
    with pytest.raises(DatasetError) as error:
        read_declared(tmp_path / "sheet.toml", Sheet, "sheet", DatasetError, "give one", "mend it")
    return str(error.value).removeprefix(f"sheet {tmp_path / 'sheet.toml'}: ")


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("[[row]]\nid = 'a'\nsize = 1\n[[row]]\nid = 'b'\nsize = 0", "b: size: Input should be greater than 0; mend it"),
        ("[[row]]\nsize = 1\n[[row]]\nsize = 'x'", "row 2: size: Input should be a valid number, unable to parse string as a number; mend it"),
        ("[[row]]\nsiez = 1", "row 1: siez: Extra inputs are not permitted; mend it"),  # not that size is missing
        ("[[row]]\nid = 'a'\nsize = 1\nkinds = [1, [2]]", "a: kinds 2: Input should be a valid number; mend it"),
        ("row = 3", "row: Input should be a valid tuple; mend it"),
        ("", "row: Field required; mend it"),
        ("[[row", "is not TOML"),
    ],
)
def test_the_entry_is_named(tmp_path, text, line):
    assert said(tmp_path, text).startswith(line)


def test_a_file_that_cannot_be_read_or_is_nested_too_deeply(tmp_path):
    with pytest.raises(DatasetError, match=r"sheet .*none\.toml: cannot be read \(No such file or directory\); give one"):
        read_declared(tmp_path / "none.toml", Sheet, "sheet", DatasetError, "give one", "mend it")
    (tmp_path / "deep.toml").write_text("a = " + "[" * 5000)
    with pytest.raises(ValueError, match="nested too deeply"):
        read_toml(tmp_path / "deep.toml")
    with pytest.raises(ValueError, match="nested too deeply"):
        parse_json("[" * 200000)


def test_what_a_call_keeps_for_the_next_is_as_it_was_or_unknown(tmp_path):
    path, told = tmp_path / "kept.json", {"time": "2026-01-02", "done": True, "outcomes": [{"dataset": "a", "rows": 3}]}
    assert kept(path) == {}
    keep(path, told)
    assert kept(path) == told
    whole, dice = path.read_bytes(), random.Random(3)
    for _ in range(300):
        _, data = harms(whole, path, dice)
        path.write_bytes(data)
        assert kept(path) == (told if data == whole else {})
    for text in (b"[]", b"{}", b"null", whole.replace(b'"rows": 3', b'"rows": 4'), b'{"seal": 5}'):
        path.write_bytes(text)
        assert kept(path) == {}
