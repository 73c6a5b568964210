"""What the reader can do on the browser page, from disk and served."""

import json
import threading

import pytest
from tests.results.records import make_record

from flowbt.results import shelf, store
from flowbt.results.pages import site
from flowbt.results.pages.compare import render
from flowbt.results.serve import make_server
from flowbt.studies.compare.compare import compare

pytestmark = pytest.mark.browser
NAMES = "return [...document.querySelectorAll('#run-table tbody tr')].map(r => r.cells[1].querySelector('a').textContent)"


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    root = tmp_path_factory.mktemp("browse") / "results"
    for name, seed in (("alpha", 1), ("beta", 2), ("gamma", 3)):
        store.save(root, make_record(name, seed=seed, sessions=120, synthetic=name != "beta"))
    shelf.mark(root, "gamma", lambda *_: (["short"], "only in <b>crashes</b>"))
    site.write_index(root)
    return root


@pytest.fixture
def served(root):
    with make_server(root, 0, lambda names: render(compare(root, names).to_dict(), depth=0)) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}/"
        server.shutdown()
        thread.join()


def test_search_sort_and_filter(chrome, root):
    page = chrome.open(root / "index.html")
    page.js("const e = document.getElementById('find'); e.value = 'crashes'; e.dispatchEvent(new Event('input'))")
    page.until("document.getElementById('run-count').textContent === '1 of 3 runs'")
    assert page.js(NAMES) == ["gamma"]
    page.js("const e = document.getElementById('find'); e.value = ''; e.dispatchEvent(new Event('input'))")
    page.js("const e = document.getElementById('kind'); e.value = 'real'; e.dispatchEvent(new Event('change'))")
    assert page.js(NAMES) == ["beta"]
    page.js("const e = document.getElementById('kind'); e.value = ''; e.dispatchEvent(new Event('change'))")
    page.js("[...document.querySelectorAll('#run-table th button')].find(b => b.textContent === 'Sharpe').click()")
    by_sharpe = sorted(shelf.listing(root).entries, key=lambda entry: -entry.summary["measures"]["sharpe"])
    assert page.js(NAMES) == [entry.strategy for entry in by_sharpe]
    assert page.js("return document.querySelectorAll('#run-table svg.spark path').length") == 3


def test_comparing_by_ticking_from_disk(chrome, root):
    page = chrome.open(root / "index.html")
    assert page.js("return document.getElementById('compare').disabled")
    page.js("[...document.querySelectorAll('#run-table input')].slice(0, 2).forEach(box => box.click()); document.getElementById('compare').click()")
    page.until("document.querySelector('#side-chart .main-svg') !== null")
    assert page.js("return document.querySelectorAll('#side-table thead th').length") == 3
    assert page.js("return document.getElementById('side-command').textContent").startswith("flowbt compare ")
    assert page.complaints() == []


def test_comparing_by_ticking_when_served(chrome, served):
    page = chrome.open(served)
    page.js("[...document.querySelectorAll('#run-table input')].forEach(box => box.click()); document.getElementById('compare').click()")
    page.until("document.body.className === 'compare' && document.body.dataset.drawn === 'true'")
    assert "Comparison of 3 runs" in page.js("return document.querySelector('h1').textContent")
    page.js("document.querySelector('.runs a').click()")
    page.until("document.body.className === 'tearsheet' && document.body.dataset.drawn === 'true'")
    assert page.complaints() == []


def test_tags_and_note_are_saved_when_served(chrome, served, root):
    page = chrome.open(served)
    page.js("document.querySelector('#run-table button.quiet').click()")
    name = page.js(NAMES)[0]
    for where, text in (("marks-tags", "x <y>"), ("marks-note", "<img src=x>")):
        page.js("document.getElementById(arguments[0]).value = arguments[1]", where, text)
    page.js("document.querySelector('#marks button').click()")
    page.until("document.querySelector('#run-table').textContent.includes('<img src=x>')")
    assert shelf.find(root, name).tags == ("<y>", "x")
    assert page.js("return document.querySelectorAll('main img').length") == 0


def test_running_work_is_shown_and_goes_away(chrome, served, root):
    state = root / "alpha" / "sweep" / "progress.json"
    state.parent.mkdir(exist_ok=True)
    state.write_text(json.dumps({"title": "sweep of alpha", "done": 40, "total": 100, "words": "best Sharpe 0.4"}))
    page = chrome.open(served)
    page.until("document.getElementById('progress').textContent.includes('40 of 100, best Sharpe 0.4')")
    state.write_text(json.dumps({"title": "sweep of alpha", "done": 100, "total": 100}))
    page.until("document.getElementById('running').hidden")
