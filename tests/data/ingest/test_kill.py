"""An append killed at every flush and rename: the old rows or the new ones, never neither."""

import subprocess
import sys

import pytest
from click.testing import CliRunner

from flowbt.cli.data.data import command
from flowbt.data.catalog import Catalog

KILLED = """
import os, sys
count = 0
def deadly(call):
    def made(*args):
        global count
        count += 1
        if count == int(sys.argv[1]):
            os._exit(9)
        return call(*args)
    return made
os.fsync, os.replace = deadly(os.fsync), deadly(os.replace)
from flowbt.cli.data.data import command
command(sys.argv[2:], standalone_mode=False)
"""


@pytest.mark.slow
def test_an_append_killed_anywhere_leaves_old_or_new(tmp_path):
    base = ["--name", "x", "--symbol", "S", "--publication", "close", "--datasets", str(tmp_path / "d")]
    for name, text in (("a.csv", "Date,X\n2024-01-02,1\n"), ("b.csv", "Date,X\n2024-01-03,2\n")):
        (tmp_path / name).write_text(text)
    assert CliRunner().invoke(command, ["add", str(tmp_path / "a.csv"), *base]).exit_code == 0
    for n in range(1, 40):
        done = subprocess.run([sys.executable, "-c", KILLED, str(n), "add", str(tmp_path / "b.csv"), *base], capture_output=True)
        rows = Catalog((tmp_path / "d",)).imported["x"].column("x").tolist()
        assert rows in ([1.0], [1.0, 2.0])
        if done.returncode == 0:
            break
        CliRunner().invoke(command, ["restore", "x", "--to", "previous", "--datasets", str(tmp_path / "d")])
    assert n > 8
