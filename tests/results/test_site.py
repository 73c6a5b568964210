"""The browser page, announced pages, and the static site."""

import json
import re

import pytest
from tests.results.records import make_record

from flowbt.cli.results.results import command
from flowbt.ground.errors import StoreError
from flowbt.results import shelf, store
from flowbt.results.pages import site


@pytest.fixture
def filled(tmp_path):
    root = tmp_path / "results"
    store.save(root, make_record(sessions=60))
    page = root / "dull" / "sweeps" / "s1" / "sweep.html"
    page.parent.mkdir(parents=True)
    page.write_text("<p>sweep</p>")
    site.announce(page, "sweep", "Sweep of <dull>", "64 trials")
    return root


def run(*args):
    return command.main([str(arg) for arg in args], standalone_mode=False)


def test_announced_pages_are_listed_and_escaped(filled):
    (notice,) = site.notices(filled)
    assert (notice["kind"], notice["href"]) == ("sweep", "dull/sweeps/s1/sweep.html")
    assert "Sweep of &lt;dull&gt;" in site.index_page(filled)


def test_a_notice_without_its_page_is_skipped(filled):
    (filled / "dull" / "sweeps" / "s1" / "sweep.html").unlink()
    (filled / "dull" / "page.json").write_text("{")
    assert site.notices(filled) == []


@pytest.mark.parametrize(("old", "new"), [("sweep.html", "../s1/sweep.html"), ('"kind"', '"kine"'), ("64 trials", "65 trials"), ('"sweep"', "3")])
def test_a_notice_that_is_not_what_was_stored_is_skipped(filled, old, new):
    path = filled / "dull" / "sweeps" / "s1" / "page.json"
    text = path.read_text()
    path.write_text(text.replace(old, new))
    assert site.notices(filled) == []
    path.write_text(re.sub(r',\s*"seal": "\w+"', "", text).replace(old, new))  # one stored before there were seals
    assert "</html>" in site.index_page(filled)


def test_progress_is_reported_and_read(tmp_path):
    site.report(tmp_path / "_gallery", "21 strategies", 3, 21, "exit_liquidity")
    (tmp_path / "x" / "sweep-1").mkdir(parents=True)
    (tmp_path / "x" / "sweep-1" / "progress.json").write_text(
        json.dumps({"strategy": "x", "done": 1, "total": 9, "rate": 1234.5, "best": {"hold": 5, "sharpe": 0.4}})
    )
    found = {state["title"]: state for state in site.running_work(tmp_path)}
    assert (found["21 strategies"]["done"], found["21 strategies"]["state"]) == (3, "running")
    assert found["sweep of x"]["words"] == "1,234 a second, best Sharpe 0.40 at hold=5"


def test_the_static_site_holds_every_page_and_its_links_resolve(filled, tmp_path):
    assert site.export(filled, tmp_path / "site") == 3
    for page in (tmp_path / "site").rglob("*.html"):
        for link in re.findall(r'(?:href|src)="([^"#][^"]*)"', page.read_text()):
            assert link.startswith("data:") or (page.parent / link).exists(), (page, link)


def test_an_export_is_repeatable_and_never_overwrites_other_folders(filled, tmp_path):
    site.export(filled, tmp_path / "site")
    assert site.export(filled, tmp_path / "site") == 3
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("dear")
    with pytest.raises(StoreError, match="no earlier export"):
        site.export(filled, tmp_path / "mine")
    with pytest.raises(StoreError, match="inside the results folder"):
        site.export(filled, filled / "site")


def test_commands_refresh_the_page_and_print_json(filled, capsys):
    run("tag", "dull", "kept", "--results", filled)
    run("note", "dull", "a note", "--results", filled)
    assert "a note" in (filled / "index.html").read_text()
    capsys.readouterr()
    run("ls", "--json", "--results", filled)
    (entry,) = json.loads(capsys.readouterr().out)["runs"]
    assert (entry["tags"], entry["note"]) == (["kept"], "a note")
    run("rm", "dull", "--yes", "--results", filled)
    assert site.shelf.listing(filled).entries == []


def test_names_cannot_drive_the_terminal(tmp_path, capsys):
    store.save(tmp_path, make_record("\x1b[31mred", sessions=60))
    run("ls", "--results", tmp_path)
    assert "\x1b" not in capsys.readouterr().out


def test_show_names_what_the_run_rests_on(filled, capsys):
    run("show", "dull", "--results", filled)
    out = capsys.readouterr().out
    assert "dix for dark_pool_net" in out
    assert "SYNTHETIC" in out
    assert "tearsheet.html" in out


def test_a_run_removed_meanwhile_is_left_out_of_the_site(tmp_path, monkeypatch):
    root = tmp_path / "results"
    kept, gone = (store.save(root, make_record(name, sessions=60)) for name in ("one", "two"))
    listed = [*site._files(root, ".html", whole=False)]
    shelf.remove(shelf.find(root, "two"))
    monkeypatch.setattr(site, "_files", lambda *_, **__: iter(listed))
    assert site.export(root, tmp_path / "site") == 2
    assert [path.parent.name for path in (tmp_path / "site").rglob("tearsheet.html")] == [kept.name]
    assert not gone.exists()
