"""What the reader can do on a tearsheet."""

import pytest
from tests.results.records import make_record

from flowbt.results import store

pytestmark = pytest.mark.browser
ROWS = "return [...document.querySelectorAll('#trade-table tbody tr')].map(r => [...r.cells].map(c => c.textContent))"


@pytest.fixture(scope="module")
def record():
    return make_record("exit", seed=1, sessions=400)


@pytest.fixture(scope="module")
def opened(chrome, record, tmp_path_factory):
    return chrome.open(store.save(tmp_path_factory.mktemp("one"), record) / "tearsheet.html")


@pytest.fixture
def page(opened, record):
    """The same page for every test, with its choices as at first."""
    for where, value, event in (("trade-side", "", "change"), ("trade-text", "", "input"), ("shade", "", "change")):
        set_value(opened, where, value, event)
    opened.js("document.querySelector('input[name=scale][value=linear]').click()")
    opened.until("document.getElementById('equity-chart').layout.yaxis.type === 'linear'")
    opened.until(f"document.getElementById('trade-count').textContent.startsWith('{len(record.trades)} of')")
    return opened


def set_value(page, where, value, event="change"):
    page.js(f"const e = document.getElementById('{where}'); e.value = arguments[0]; e.dispatchEvent(new Event('{event}'))", value)


def test_tables_and_charts_read_the_same_object(page, record):
    shown = page.js("return Object.fromEntries([...document.querySelectorAll('[data-measure]')].map(r => [r.dataset.measure, r.cells[1].textContent]))")
    assert shown["sharpe"] == f"{record.measures.sharpe:.2f}".replace("-", "−")
    last = page.js("const t = document.getElementById('equity-chart').data.find(t => t.name === 'Strategy'); return t.y.at(-1)")
    assert last - 1 == pytest.approx(record.measures.total_return, abs=2e-5)
    deepest = page.js("const t = document.getElementById('underwater-chart').data.find(t => t.name === 'Strategy'); return Math.min(...t.y)")
    assert deepest == pytest.approx(record.measures.max_drawdown, abs=1e-5)


def test_filtering_trades_filters_table_and_chart(page, record):
    set_value(page, "trade-side", "long")
    longs = record.trades[record.trades["side"] == "long"]
    assert f"{len(longs)} of {len(record.trades)}" in page.js("return document.getElementById('trade-count').textContent")
    assert {row[2] for row in page.js(ROWS)} == {"long"}
    marks = "return document.getElementById('trades-chart').data.filter(t => t.mode === 'markers' && t.marker.size === 9).flatMap(t => t.x).length"
    assert page.js(marks) == (longs["symbol"] == "AAA").sum()


def test_a_rule_in_the_filter_box_compares_a_column(page, record):
    set_value(page, "trade-text", "pnl>500 AAA", "input")
    wanted = record.trades[(record.trades["pnl"] > 500) & (record.trades["symbol"] == "AAA")]
    page.until(f"document.getElementById('trade-count').textContent.startsWith('{len(wanted)} of')")
    assert len(page.js(ROWS)) == min(len(wanted), 25)


def test_sorting_by_return_and_back(page, record):
    button = "[...document.querySelectorAll('#trade-table th button')].find(b => b.textContent === 'return')"
    page.js(f"{button}.click()")
    best = max(record.trades["return"])
    at = page.js(f"return {button}.closest('th').cellIndex")
    assert page.js(ROWS)[0][at] == f"{best:.2%}"
    assert page.js(f"return {button}.closest('th').getAttribute('aria-sort')") == "descending"
    page.js(f"{button}.click()")
    assert page.js(ROWS)[0][at] == f"{min(record.trades['return']):.2%}".replace("-", "−")


def test_scale_and_shading_are_the_readers_choice(page):
    page.js("document.querySelector('input[name=scale][value=log]').click()")
    page.until("document.getElementById('equity-chart').layout.yaxis.type === 'log'")
    before = page.js("return document.getElementById('equity-chart').data.length")
    set_value(page, "shade", "gamma sign")
    page.until(f"document.getElementById('equity-chart').data.length === {before + 2}")
    assert "of the time" in page.js("return document.getElementById('shade-key').textContent")


def test_same_volatility_scales_the_other_lines_only(page):
    page.js("document.querySelector('input[name=scale][value=matched]').click()")
    page.until("document.getElementById('equity-chart').layout.yaxis.type === 'log'")
    find = "document.getElementById('equity-chart').data.find(t => t.name.startsWith(arguments[0]))"
    spread = f"const y = {find}.y; return y.slice(1).map((v, i) => v / y[i] - 1)"
    own, bench = (page.js(spread, name) for name in ("Strategy", "Benchmark"))
    size = lambda r: sum(x * x for x in r) / len(r)  # noqa: E731
    assert size(bench) == pytest.approx(size(own), rel=0.05)


def test_choosing_a_trade_rings_it_on_the_chart(page):
    page.js("document.querySelector('#trade-table tbody tr').click()")
    page.until("document.getElementById('trades-chart').data.some(t => t.marker && t.marker.size === 20)")
    assert page.js("return document.querySelectorAll('#trade-table tr.chosen').length") == 1


def test_static_tables_sort_by_their_heads(page):
    years = "return [...document.querySelectorAll('#calendar table.sortable tbody tr')].map(r => r.cells[1].textContent)"
    page.js("document.querySelectorAll('#calendar table.sortable th button')[1].click()")
    shown = [float(text.replace("−", "-")) for text in page.js(years)]
    assert shown == sorted(shown, reverse=True)


def test_zooming_one_chart_zooms_the_others(page):
    page.js("Plotly.relayout('equity-chart', {'xaxis.range[0]': '2020-01-01', 'xaxis.range[1]': '2020-06-01'})")
    page.until("document.getElementById('underwater-chart').layout.xaxis.range[0].startsWith('2020-01-01')")
    assert page.js("return document.getElementById('exposure-chart').layout.xaxis.range[1]").startswith("2020-06-01")
