"""The docs site: built strictly, fetches nothing; every command in it is one that exists, and those of the guides are run."""

import html
import logging
import os
import re
import shlex
import subprocess
import sys
import warnings
from pathlib import Path

import click
import pytest

from flowbt import cli

ROOT = Path(__file__).parents[2]
GUIDES = sorted([ROOT / "docs/tutorial.md", *ROOT.glob("docs/howto/*.md")])
BLOCK = re.compile(r"^```(\w+)(?: file=(\S+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def commands(path):
    blocks = [text for kind, _, text in BLOCK.findall("\n" + path.read_text(encoding="utf-8")) if kind in ("sh", "text")]
    return [line for block in blocks for line in block.splitlines() if line.startswith("flowbt ")]


def test_the_readme_is_short_and_has_its_picture_first():
    lines = (ROOT / "README.md").read_text(encoding="utf-8").splitlines()
    assert len(lines) < 120
    assert max(map(len, lines)) <= 120
    assert lines[2].startswith("![")


@pytest.mark.parametrize("path", [*GUIDES, ROOT / "README.md"], ids=lambda path: path.stem)
def test_every_command_and_option_is_there(path):
    said = commands(path)
    assert said or path.stem == "notebook"
    for line in said:
        words, command = shlex.split(line, comments=True)[1:], cli.flowbt
        context = click.Context(command, info_name="flowbt")
        while isinstance(command, click.Group):
            command = command.get_command(context, words[0])
            assert command is not None, line
            context = click.Context(command, parent=context, info_name=words.pop(0))
        command.make_parser(context).parse_args(list(words))  # UsageError for an option that is not there


@pytest.mark.slow
def test_it_is_built_without_a_warning_and_fetches_nothing(tmp_path):
    pytest.importorskip("mkdocs", reason="no mkdocs here: pip install flowbt[docs]")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the builder's own machinery
        from mkdocs.commands.build import build
        from mkdocs.config import load_config

        build(load_config(str(ROOT / "mkdocs.yml"), strict=True, site_dir=str(tmp_path / "site")))
    logging.getLogger("mkdocs").handlers.clear()
    fetched = re.compile(r'<(?:script|img|iframe)[^>]+src="(?:https?:)?//|<link[^>]+rel="(?:stylesheet|preconnect)"[^>]+href="(?:https?:)?//')
    pages = {page.relative_to(tmp_path / "site").as_posix(): page.read_text(encoding="utf-8") for page in (tmp_path / "site").rglob("*.html")}
    assert len(pages) > 20
    assert not [name for name, text in pages.items() if fetched.search(text)]
    assert 'id="flowbt-data-import"' in pages["reference/commands.html"]
    assert html.escape("flowbt run strategies/exit_liquidity.py -p rally=0.03 -p hold=5 --from 2015-01-01") in pages["reference/commands.html"]
    assert all(f'id="flowbt.{name}"' in pages["reference/python.html"] for name in ("api.walkforward", "displays.Swept", "engine.types.Signals"))


@pytest.mark.slow
@pytest.mark.parametrize("path", GUIDES, ids=lambda path: path.stem)
def test_a_guide_works_as_written(path, tmp_path):
    """Block by block in a new project; blocks marked `text` need a provider or other machines and are only looked at above."""
    (tmp_path / "flowbt").write_text(f'#!/bin/sh\nexec "{sys.executable}" -c "from flowbt.cli import main; main()" "$@"\n')
    (tmp_path / "python").write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    for name in ("flowbt", "python"):
        (tmp_path / name).chmod(0o755)
    kept = {name: value for name, value in os.environ.items() if not name.startswith("FLOWBT_")}
    environment = {**kept, "PATH": f"{tmp_path}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT / "src"), "NO_COLOR": "1"}
    home = tmp_path / "project"
    subprocess.run([tmp_path / "flowbt", "init", home], env=environment, check=True, capture_output=True)
    said = ""
    for kind, target, text in BLOCK.findall(path.read_text(encoding="utf-8")):
        if target:
            (home / target).write_text(text, encoding="utf-8")
        elif kind == "sh" or (kind == "python" and path.stem == "notebook"):
            program = ["bash", "-euo", "pipefail", "-c", text] if kind == "sh" else [sys.executable, "-c", text]
            done = subprocess.run(program, cwd=home, env=environment, capture_output=True, text=True, check=False)
            assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
            said += done.stdout
    quoted = [line.removeprefix("> ") for line in path.read_text(encoding="utf-8").splitlines() if line.startswith("> ")]
    assert [line for line in quoted if line not in said] == []  # what a guide says that flowbt says
