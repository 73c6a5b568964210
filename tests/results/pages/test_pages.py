"""Every kind of page in a real browser: quiet, offline, drawn, within its size, in both themes and two widths."""

import json

import pytest
from tests.results.pages.test_journal_page import scores
from tests.results.records import make_record
from tests.results.sweep_files import write_sweep
from tests.results.test_gallery_page import entry, made

from flowbt.results import store
from flowbt.results.pages import compare as compare_page
from flowbt.results.pages import gallery, site
from flowbt.results.pages import journal as journal_page
from flowbt.results.pages import sweep as sweeps
from flowbt.results.pages.base import typeset
from flowbt.studies.compare.compare import compare

pytestmark = pytest.mark.browser
KINDS = ("tearsheet", "hostile", "idle", "browser", "compare", "sweep", "gallery", "journal")
HOSTILE = "</script><script>document.title='stolen'</script>"
FACTS = """
return {
  charts: [...document.querySelectorAll('main > section .chart')].map(c => [c.id, c.querySelectorAll('.main-svg').length]),
  spill: document.documentElement.scrollWidth - innerWidth,
  anchors: [...document.querySelectorAll('a[href^="#"]')].filter(a => !document.querySelector(a.hash)).map(a => a.hash),
  files: [...document.querySelectorAll('a[href]')].map(a => a.getAttribute('href')).filter(href => !href.startsWith('#')),
  unnamed: [...document.querySelectorAll('button, select, input')].filter(e => !(e.textContent.trim() || e.ariaLabel || e.closest('label'))).length,
  inline: document.querySelectorAll('script:not([src]):not([type])').length,
  text: document.body.textContent, title: document.title, paper: getComputedStyle(document.body).backgroundColor,
}"""


@pytest.fixture(scope="session")
def pages(tmp_path_factory):
    root = tmp_path_factory.mktemp("pages") / "results"
    first, second = (store.save(root, make_record("exit", seed=seed, sessions=300)) for seed in (1, 2))
    changes = {"thesis": HOSTILE, "parameters": {HOSTILE: HOSTILE}, "rules": [HOSTILE], "symbols": [HOSTILE], "benchmark": HOSTILE}
    third = store.save(root, make_record(HOSTILE, seed=3, sessions=300, **changes))
    record = make_record("idle", seed=4, sessions=90)
    still = record.returns.assign(strategy=0.0, value=100_000.0).drop(columns=["benchmark", "placebo", "regime:gamma sign"])
    idle = store.save(root, type(record)(record.manifest, still, record.orders.iloc[:0], record.trades.iloc[:0], record.prices, record.measures))
    site.write_index(root)
    return {
        **{kind: place / "tearsheet.html" for kind, place in (("tearsheet", first), ("hostile", third), ("idle", idle))},
        "browser": root / "index.html",
        "sweep": sweeps.write(root, write_sweep(root, name=HOSTILE)[0]),
        "gallery": gallery.write(root, made(entry(HOSTILE, adjusted=0.01), entry("quiet"), entry("gone", sharpe=None, error=HOSTILE))),
        "journal": journal_page.write(root / "desk", scores(HOSTILE)),
        "compare": compare_page.write(root, compare(root, [first.name, second.name, third.name]).to_dict()),
    }


@pytest.fixture(
    scope="session", params=[(kind, dark) for kind in KINDS for dark in (False, True)], ids=lambda p: f"{p[0]}-{'dark phone' if p[1] else 'light laptop'}"
)
def visit(request, chrome, pages):
    """What a page is like: light on a laptop, dark on a phone."""
    kind, dark = request.param
    page = chrome.open(pages[kind], dark=dark, width=380 if dark else 1280)
    return {**page.js(FACTS), "kind": kind, "path": pages[kind], "asked": page.requests(), "complaints": page.complaints()}


def test_no_complaint_and_no_request_beyond_its_own_files(visit, pages):
    assert visit["complaints"] == []
    assert visit["asked"]
    assert [url for url in visit["asked"] if not url.startswith((pages["browser"].parent.resolve().as_uri(), "data:"))] == []


def test_every_chart_is_drawn(visit):
    assert all(count > 0 for _, count in visit["charts"]), visit["charts"]
    assert len(visit["charts"]) >= {"tearsheet": 7, "hostile": 7, "idle": 2, "browser": 0, "compare": 2, "sweep": 4, "gallery": 1, "journal": 0}[visit["kind"]]


def test_size_edges_links_and_names(visit):
    assert visit["path"].stat().st_size < 1_500_000
    assert visit["spill"] <= 0
    assert visit["anchors"] == []
    assert [href for href in visit["files"] if not (visit["path"].parent / href).is_file()] == []
    assert visit["unnamed"] == 0


def test_hostile_text_is_harmless(visit):
    assert visit["inline"] == 1  # the theme line of the base page, and nothing else
    assert visit["title"] != "stolen"
    if visit["kind"] in ("hostile", "browser", "compare", "sweep", "gallery", "journal"):
        assert HOSTILE in visit["text"]


@pytest.mark.parametrize(
    "text", ["loses -21.5% a year, -$4", "2020-03-16 to 2020-04-01", "-.5 and (-3)", "sweep-90ab, fall-back, -x", "p 0.03-0.07", "close.shift(-1)", ""]
)
def test_the_browser_sets_words_as_the_page_does(chrome, pages, text):
    assert chrome.open(pages["browser"]).js(f"return fb.typeset({json.dumps(text)})") == typeset(text)
    assert "-2" not in typeset(text)
    assert ("sweep-90ab" in typeset(text)) == ("sweep-90ab" in text)


def test_charts_are_printed_light_and_come_back(chrome, pages):
    page = chrome.open(pages["gallery"], dark=True)
    ink = "return document.getElementById('forest-chart').layout.font.color"
    dark = page.js(ink)
    page.js("dispatchEvent(new Event('beforeprint'))")
    assert page.js(ink) != dark
    page.js("dispatchEvent(new Event('afterprint'))")
    assert page.js(ink) == dark
    assert page.js("return document.documentElement.dataset.theme ?? null") is None


def test_the_theme_follows_the_system_and_the_reader(chrome, pages):
    paper = "return getComputedStyle(document.body).backgroundColor"
    light = chrome.open(pages["browser"]).js(paper)
    dark = chrome.open(pages["browser"], dark=True).js(paper)
    assert light != dark
    chrome.js("document.getElementById('theme').click()")
    assert chrome.js(paper) == light
    chrome.js("localStorage.clear()")
