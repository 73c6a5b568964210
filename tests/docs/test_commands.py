"""Every command that README, docs and `--help` show is run, as it is written: here, by the guides' own tests, or by the test that is named for it."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import click
import pytest

from flowbt import cli

ROOT = Path(__file__).parents[2]
MAIN = [sys.executable, "-c", "from flowbt.cli import main; main()"]
BLOCK = re.compile(r"^```\w*\n(.*?)^```$", re.MULTILINE | re.DOTALL)
ELSEWHERE = {  # what needs a provider, a server, files that are sold or other machines, or is run whole there
    r"--cluster|s3://": "tests/studies/test_on_a_cluster.py",
    r"flowbt data (setup|update)": "tests/data/update/test_update.py",
    r"flowbt data pull": "tests/data/pull/test_download.py",
    r"flowbt data import --plan": "tests/data/ingest/test_real.py",
    r"flowbt daily": "tests/studies/desk/test_daily.py",
    r"flowbt serve": "tests/results/test_serve.py",
    r"flowbt gex": "tests/cli/test_gex.py",
    r"flowbt reduce": "tests/data/raw/test_reduce.py",
    r"flowbt init|flowbt score claims/$": "tests/cli/test_project.py",
    r"flowbt run strategies/$": "tests/studies/gallery/test_gallery.py",
    r"flowbt features docs": "tests/features/test_feature_docs.py",
    r" \| |NAME|FILE": "tests/cli/test_every_command.py",  # a form, no command
}
OTHERWISE = {  # smaller, on days that the demo market has, and no name twice
    "--random 5000": "--random 20",
    "hold=3:21:1": "hold=3:4:1",
    "--resume": "",
    "stop=0.01:0.1:0.001": "stop=0.04:0.06:0.01",
    "2026-04-08": "2025-06-30",
    "2026-04-07": "2025-06-27",
    "my_idea --dir": "my_second --dir",
    "morning_report --dir": "evening_report --dir",
    "check squeezemetrics": "check my-flows",
    "rm cboe-volatility": "rm pct_above_200d",
}

ALERTS = """
[[alert]]
name = "calm"
when = "vix < 20"
"""


def documented():
    """Command -> where it stands. The guides are run by tests/docs/test_site.py."""
    found = {}
    guides = {ROOT / "docs/tutorial.md", *ROOT.glob("docs/howto/*.md")}
    for path in [ROOT / "README.md", *sorted(set(ROOT.glob("docs/*.md")) - guides)]:
        for line in "\n".join(BLOCK.findall(path.read_text(encoding="utf-8"))).splitlines():
            if line.startswith("flowbt "):
                found.setdefault(plain(line), path.name)
    for path, text in helps(cli.flowbt, "flowbt", None):
        for line in text.partition("Example")[2].splitlines():
            if said := re.search(r"flowbt .*", line):
                found.setdefault(plain(said[0]), f"{path} --help")
    return found


def plain(line):
    """The command of a line: without the remark behind it."""
    return re.split(r"\s{3,}|\s+#|\s+\(|\)\"| >> ", line)[0].strip()


def helps(command, name, parent):
    context = click.Context(command, info_name=name, parent=parent, terminal_width=300, max_content_width=300)
    yield context.command_path, command.get_help(context)
    for below in command.list_commands(context) if isinstance(command, click.Group) else ():
        yield from helps(command.get_command(context, below), below, context)


def elsewhere(line):
    return next((path for pattern, path in ELSEWHERE.items() if re.search(pattern, line)), "")


def test_what_is_run_elsewhere_is_run_there():
    assert len(documented()) > 70
    assert [path for path in ELSEWHERE.values() if not (ROOT / path).is_file()] == []
    unused = [pattern for pattern in ELSEWHERE if not any(re.search(pattern, line) for line in documented())]
    assert unused == []


class Projects:
    """Two projects that were just made: `home` on the demo market, with runs and a sweep; `own` with data of its own."""

    def __init__(self, folder):
        kept = {name: value for name, value in os.environ.items() if not name.startswith("FLOWBT_")}
        self.environment = {**kept, "PYTHONPATH": str(ROOT / "src"), "NO_COLOR": "1"}
        self.home, self.own = folder / "home", folder / "own"
        for project in (self.home, self.own):
            self.run(f"flowbt init {project}", folder)
        for line in (
            "run strategies/exit_liquidity.py",
            "run strategies/placebo_coin.py",
            "sweep strategies/placebo_coin.py -p hold=3,5 -p salt=0 -p chance=0.1",
        ):
            self.run(f"flowbt {line}", self.home)
        days = [f"2024-01-{day:02}" for day in (2, 3, 4, 5, 8, 9, 10, 11, 12)]
        for name, column in {"my-flows": "flow", "flows": "Net", "february": "Net", "pct_above_200d": "pct_above_200d"}.items():
            rows = [f"{day},{'US' if name == column else 'SPY'},{5 * int(day[-2:])}\n" for day in days]
            (self.own / f"{name}.csv").write_text(f"Date,ticker,{column}\n{''.join(rows)}")
        (self.own / "SPY.csv").write_text("Date,Open,High,Low,Close,Adj Close,Volume\n2024-01-02,10,11,9,10,10,100\n2024-01-03,10,11,9,10,10,100\n")
        for words in ("my-flows.csv", "my-flows.csv --replace", "pct_above_200d.csv"):
            self.run(f"flowbt data add {words} --publication close --yes", self.own)
        (self.home / "alerts.toml").write_text(ALERTS)
        (self.home / "my_ideas.toml").write_bytes((self.home / "datasets/exitliq_tables/structures.toml").read_bytes())

    def run(self, line, where):
        """What the command said where it failed, else nothing."""
        done = subprocess.run([*MAIN, *shlex.split(line)[1:]], cwd=where, env=self.environment, capture_output=True, text=True, check=False)
        return "" if done.returncode == 0 else f"{line}: {done.returncode}\n{done.stdout[-300:]}{done.stderr[-900:]}"

    def meant(self, line):
        """The command with the names of what is there in place of a reader's."""
        runs = {name: next((self.home / "results" / name).glob("*/run.json")).parent.name for name in ("placebo_coin", "exit_liquidity")}
        sweep = next((self.home / "results/placebo_coin").glob("sweep-*")).name
        there = {"1f2e3d": runs["placebo_coin"][:6], "sweep-90ab": sweep, "baseline new": f"{runs['exit_liquidity']} {runs['exit_liquidity']}"}
        for mark, own in {**OTHERWISE, **there}.items():
            line = line.replace(mark, own)
        return f"{line} --publication close --yes" if "data add" in line and "--publication" not in line else line


@pytest.mark.slow
def test_every_command_works_as_written(tmp_path):
    """In the order of the documents; what takes away comes last."""
    projects = Projects(tmp_path)
    lines = [projects.meant(line) for line in documented() if not elsewhere(line)]
    lines.sort(key=lambda line: bool(re.search(r"(results|data) (rm|gc|restore)", line)))
    failed = [projects.run(line, projects.own if "flowbt data" in line else projects.home) for line in lines]
    said = "\n".join(filter(None, failed))
    assert said == ""
