"""One line says which entry of a declaration is wrong, and how."""

import pytest
from pydantic import BaseModel, ConfigDict, Field

from flowbt.ground.documents import parse_json, read_declared, read_toml
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
