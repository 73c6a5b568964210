"""Files are whole or not there, whoever writes at the same time and however it ends."""

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest

from flowbt.ground.files import WRITING, abandoned, read_bytes, read_text, real, remove, temporary_of, write_json, write_text, writing, writing_folder


def test_a_failed_write_leaves_the_old_file_and_no_rest(tmp_path):
    write_text(tmp_path / "a.txt", "old")
    with suppress(RuntimeError), writing(tmp_path / "a.txt") as scratch:
        scratch.write_text("new")
        raise RuntimeError
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]
    assert (tmp_path / "a.txt").read_text() == "old"


def test_threads_that_write_the_same_file_do_not_mix(tmp_path):
    path = tmp_path / "marks.json"
    documents = [{"note": str(k) * 20_000} for k in range(40)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda document: write_json(path, document), documents))
    assert json.loads(path.read_text()) in documents
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_and_its_folder_are_flushed_before_and_after_the_rename(tmp_path, monkeypatch):
    calls = []
    fsync, replace = os.fsync, os.replace
    monkeypatch.setattr(os, "fsync", lambda handle: (calls.append("fsync"), fsync(handle)))
    monkeypatch.setattr(os, "replace", lambda old, new: (calls.append("rename"), replace(old, new)))
    write_text(tmp_path / "a.txt", "new")
    assert calls == ["fsync", "rename", "fsync"]
    with writing_folder(tmp_path / "folder") as scratch:
        (scratch / "b.txt").write_text("in it")
    assert calls[3:] == ["fsync", "fsync", "rename", "fsync"]  # the file, the folder's list of names, then the list it is in


def test_a_folder_appears_whole_or_not_at_all(tmp_path):
    with suppress(RuntimeError), writing_folder(tmp_path / "run") as scratch:
        (scratch / "half.txt").write_text("half")
        raise RuntimeError
    assert not list(tmp_path.iterdir())
    with writing_folder(tmp_path / "run") as scratch:
        (scratch / "whole.txt").write_text("whole")
    assert (tmp_path / "run" / "whole.txt").read_text() == "whole"


def test_what_a_dead_writer_left_is_known_from_what_a_living_one_writes(tmp_path):
    code = "from pathlib import Path; from flowbt.ground.files import temporary_of; print(temporary_of(Path('x.parquet')))"
    dead = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()
    living = temporary_of(tmp_path / "x.parquet")
    assert abandoned(tmp_path / dead)
    assert not abandoned(living)
    assert not abandoned(tmp_path / "x.parquet")
    assert not abandoned(tmp_path / f"{WRITING}x.parquet")
    assert living.suffix != ".parquet"  # a pattern of an ending never finds it


def test_a_link_in_a_circle_is_a_path_like_any_other(tmp_path):
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "there").symlink_to(tmp_path / "folder")
    assert real(tmp_path / "loop" / "x") == tmp_path / "loop" / "x"
    assert real(tmp_path / "there" / "x") == tmp_path / "folder" / "x"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes here")
def test_a_pipe_and_a_device_are_refused_and_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for path, found in ((tmp_path / "pipe", "not a plain file"), ("/dev/zero", "not a plain file"), (tmp_path, "Is a directory")):
        with pytest.raises(OSError, match=found):
            read_bytes(path)
    (tmp_path / "x").write_bytes("é\r\n\rb".encode())
    assert read_text(tmp_path / "x") == "é\n\nb"


def test_two_that_remove_the_same_folder_do_not_trip_each_other(tmp_path):
    for name in range(300):
        (tmp_path / "gone" / str(name % 10)).mkdir(parents=True, exist_ok=True)
        (tmp_path / "gone" / str(name % 10) / str(name)).write_text("")
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(remove, [tmp_path / "gone"] * 4))
    remove(tmp_path / "gone")
    assert list(tmp_path.iterdir()) == []
