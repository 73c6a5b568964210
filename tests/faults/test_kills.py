"""A run and a dataset, killed at every flush and rename: what was there stays, what is new is whole or not there, and the same act makes it whole."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
KILLS = '''
import json, os, sys, tempfile, warnings
from pathlib import Path
import numpy as np
import pandas as pd
warnings.simplefilter("ignore")
sys.path[:0] = [{src!r}, {root!r}, {tests!r}]
from tests.results.records import make_record
from flowbt.results import shelf, store
from tinydata import FIELDS, bars, store as write, stored

record, labels = make_record(sessions=60), pd.bdate_range("2022-01-03", periods=30)

def run(root): store.save(root, record)
def check_run(root): return all(store.load(one.path).metrics == record.metrics for one in shelf.listing(root).entries)
def data(root): write(root, "prices", bars("SPY", labels, 200.0), fields=FIELDS)
def check_data(root): return float(stored(root / "prices")["close"].iloc[0]) in (100.0, 200.0)
def old(root): write(root, "prices", bars("SPY", labels, 100.0), fields=FIELDS)

def killed_at(k, how, act, root):
    """Whether the act was ended at its k-th flush or rename: by a kill, or by a full disk."""
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9
    count, kept = [0], {{name: getattr(os, name) for name in ("fsync", "replace", "rename")}}
    def wrapped(name):
        def call(*args, **rest):
            count[0] += 1
            if count[0] == k and how == "kill": os._exit(9)
            if count[0] >= k and how == "full": raise OSError(28, "No space left on device")
            return kept[name](*args, **rest)
        return call
    for name in kept: setattr(os, name, wrapped(name))
    try: act(root)
    except Exception as error: os._exit(9 if type(error).__module__.startswith("flowbt") or isinstance(error, OSError) else 8)
    except BaseException: os._exit(7)
    os._exit(9 if count[0] >= k else 0)

table = {{}}
for name, before, act, check in (("run", None, run, check_run), ("run again", run, run, check_run), ("dataset", old, data, check_data)):
    for how in ("kill", "full"):
        points = wrong = 0
        for k in range(1, 200):
            root = Path(tempfile.mkdtemp())
            if before: before(root)
            ended = killed_at(k, how, act, root)
            wrong += not check(root)
            act(root)
            wrong += not check(root) or (name != "dataset" and len(shelf.listing(root).entries) != 1)
            if not ended: break
            points += 1
        table[f"{{name}}, {{how}}"] = [points, wrong]
print(json.dumps(table))
'''


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(__import__("os"), "fork"), reason="needs fork")
def test_no_kill_and_no_full_disk_leaves_a_half():
    code = KILLS.format(src=str(ROOT / "src"), root=str(ROOT), tests=str(ROOT / "tests"))
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    table = json.loads(done.stdout)
    print(table)
    assert all(points >= 3 for points, _ in table.values()), table
    assert not any(wrong for _, wrong in table.values()), table
