"""The journal's chain: nothing is changed, put in, taken out or entered twice unseen."""

import json
from pathlib import Path

import pytest

from flowbt.ground.errors import JournalError
from flowbt.studies.desk.chain import FILE, append, read


def bodies(*values):
    return lambda there: [{"value": value} for value in values]


def test_entries_follow_one_another(tmp_path):
    append(tmp_path, "test", bodies(1, 2))
    append(tmp_path, "test", bodies(3))
    entries = read(tmp_path)
    assert [entry.body["value"] for entry in entries] == [1, 2, 3]
    assert [entry.before for entry in entries[1:]] == [entry.hash for entry in entries[:-1]]


@pytest.mark.parametrize("how", ["change", "take out", "put in", "swap"])
def test_whatever_is_done_to_a_line_shows(tmp_path, how):
    append(tmp_path, "test", bodies(1, 2, 3))
    lines = (tmp_path / FILE).read_text().splitlines()
    if how == "change":
        lines[1] = lines[1].replace('"value":2', '"value":9')
    if how == "take out":
        del lines[1]
    if how == "put in":
        lines.insert(1, lines[1])
    if how == "swap":
        lines[1], lines[2] = lines[2], lines[1]
    (tmp_path / FILE).write_text("\n".join(lines) + "\n")
    with pytest.raises(JournalError, match=r"line [23]: .*; restore the file from a copy: it was changed"):
        read(tmp_path)


@pytest.mark.parametrize("left", [b'{"n": 1, "ti', b"", b"\x00\x00"])
def test_what_a_killed_writer_left_is_cut_off_by_the_next(tmp_path, left):
    append(tmp_path, "test", bodies(1))
    with (tmp_path / FILE).open("ab") as file:
        file.write(left)
    assert len(read(tmp_path)) == 1
    append(tmp_path, "test", bodies(2))
    assert [entry.body["value"] for entry in read(tmp_path)] == [1, 2]


def test_a_body_is_kept_as_plain_json(tmp_path):
    append(tmp_path, "test", lambda there: [{"of": len(there), "words": "é", "none": None}])
    assert json.loads((tmp_path / FILE).read_text())["body"] == {"of": 0, "words": "é", "none": None}


def test_no_entry_is_made_on_a_broken_chain(tmp_path):
    append(tmp_path, "test", bodies(1, 2))
    text = (tmp_path / FILE).read_text().replace('"value":1', '"value":7')
    (tmp_path / FILE).write_text(text)
    with pytest.raises(JournalError, match="line 1"):
        append(tmp_path, "test", bodies(3))
    assert (tmp_path / FILE).read_text() == text


def test_the_register_of_the_four_documents_is_whole():
    entries = read(Path(__file__).parents[3] / "claims" / "journal")
    forecasts = [one for one in entries if one.kind == "forecast"]
    assert {one.body["document"] for one in forecasts} == {"blowoff", "exitliq", "spx7000"}
    assert all(one.body["late"] and one.time >= "2026-11-21" for one in forecasts)
    assert not any(one.body["after"] for one in entries if one.kind == "settlement")
