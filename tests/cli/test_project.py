"""A project: made whole, found from below, never a mistyped data folder, and the same from a wheel in an empty environment."""

import os
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest
from tests.cli.calling import call

from flowbt.ground.errors import DatasetError
from flowbt.ground.home import project_path, root
from flowbt.ground.starter import starter_files
from flowbt.studies.catalogs import open_catalog

ROOT = Path(__file__).parents[2]


@pytest.fixture
def project(capsys, tmp_path, monkeypatch):
    monkeypatch.delenv("FLOWBT_DATASETS", raising=False)
    assert call(capsys, "init", tmp_path / "mine")[0] == 0
    return tmp_path / "mine"


def test_a_new_project_has_what_the_checkout_has_and_no_data(project):
    kept = subprocess.run(["git", "ls-files", "strategies", "claims", "datasets"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    kept = [path for path in kept if not path.startswith("claims/journal/")]  # a journal is its writer's own: a new project begins one
    made = {path.relative_to(project).as_posix() for path in project.rglob("*") if path.is_file()}
    assert made == {*kept, "flowbt.toml", "notebook.ipynb", "README.md", ".gitignore"}
    assert (project / "README.md").read_text().startswith("# mine\n")


def test_imported_data_stay_where_they_are(tmp_path):
    for name in ("datasets/flows/dataset.toml", "datasets/flows/provenance.json", "datasets/flows/1.parquet", "datasets/.demo/x/dataset.toml"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    assert set(starter_files(tmp_path)) == {"datasets/flows/dataset.toml", "notebook.ipynb"}


def test_a_folder_with_files_is_no_place_for_a_project(capsys, project):
    before = sorted(project.rglob("*"))
    code, _, err = call(capsys, "init", project)
    assert code == 2
    assert "not an empty folder" in err
    assert sorted(project.rglob("*")) == before


def test_the_folder_one_stands_in_is_filled_not_replaced(capsys, tmp_path, monkeypatch):
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    code, out, _ = call(capsys, "init", ".")
    assert (code, "cd " in out) == (0, False)
    assert Path("flowbt.toml").exists()  # relative: the shell's folder is the one that was filled


def test_the_root_is_found_from_below(project, monkeypatch):
    monkeypatch.chdir(project / "datasets" / "finra")
    assert root() == project
    assert project_path("results") == Path("../../results")
    monkeypatch.chdir(project)
    assert project_path("results") == Path("results")
    monkeypatch.chdir(project.parent)
    assert root() is None


@pytest.mark.parametrize("words", [("run", "strategies/placebo_coin.py"), ("data", "ls"), ("data", "log", "finra"), ("features", "show", "gamma_sign")])
def test_a_mistyped_data_folder_is_named_and_not_made(words, capsys, project, monkeypatch):
    monkeypatch.chdir(project)
    code, out, err = call(capsys, *words, "--datasets", "datsets")
    assert (code, out) == (1, "")
    assert err == "flowbt: datasets folder datsets: is not there; did you mean datasets?\n"
    assert not Path("datsets").exists()


def test_a_data_folder_python_names_must_be_there_too(tmp_path):
    with pytest.raises(DatasetError, match="is not there"):
        open_catalog(tmp_path / "nowhere")


@pytest.mark.parametrize("words", [("features", "ls"), ("run", "strategies/placebo_coin.py", "--no-store"), ("today", "strategies/placebo_coin.py")])
def test_the_demo_says_so_first(words, capsys, demo, monkeypatch):
    monkeypatch.chdir(ROOT)
    first = call(capsys, *words, "--datasets", demo)[1].splitlines()[0]
    assert first == f"SYNTHETIC: the demo market, because nothing is imported in {demo}. Nothing here is about a real one."
    assert call(capsys, *words, "--datasets", demo, "--demo")[1].startswith("SYNTHETIC: the demo market. ")
    assert call(capsys, *words, "--datasets", demo, "--json")[1].startswith("{")


@pytest.mark.slow
def test_the_wheel_in_an_empty_environment(tmp_path):
    """The environment has nothing but the wheel; what it depends on is lent by path, so that no network is needed once setuptools is there."""
    python = tmp_path / "env" / "bin" / "python"
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH" and not name.startswith("FLOWBT_")}
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "env"], check=True)
    subprocess.run([sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "-w", tmp_path / "wheels", ROOT], check=True)
    (wheel,) = (tmp_path / "wheels").glob("*.whl")
    subprocess.run([python, "-m", "pip", "install", "-q", "--no-deps", wheel], env=environment, check=True)
    asked = [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]
    site = subprocess.run(asked, env=environment, capture_output=True, text=True, check=True).stdout.strip()
    Path(site, "lent.pth").write_text(sysconfig.get_path("purelib"))
    commands = (
        "init mine",
        "run strategies/exit_liquidity.py",
        "score claims/",
        "board",
        "ideas",
        "check strategies/placebo_coin.py",
    )
    for command in commands:
        where = tmp_path if command.startswith("init") else tmp_path / "mine"
        done = subprocess.run([python.with_name("flowbt"), *command.split()], cwd=where, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, (command, done.stdout, done.stderr)
    assert len(list((tmp_path / "mine" / "results").rglob("tearsheet.html"))) == 1
