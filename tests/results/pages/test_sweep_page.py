"""What the reader can do on a sweep's page."""

import pytest
from tests.results.sweep_files import write_sweep

from flowbt.results.pages import sweep as sweeps

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def page(chrome, tmp_path_factory):
    root = tmp_path_factory.mktemp("swept")
    return chrome.open(sweeps.write(root, write_sweep(root)[0]))


def test_the_map_follows_the_choice(page):
    page.js("const e = document.getElementById('pair'); e.value = '2'; e.dispatchEvent(new Event('change'))")
    page.until("document.getElementById('map-chart').layout.xaxis.title.text === 'hold'")
    page.js("const e = document.getElementById('metric'); e.value = 'trades'; e.dispatchEvent(new Event('change'))")
    page.until("document.getElementById('map-chart').data[0].zmin === 0")
    assert page.js("return document.getElementById('map-chart').data[0].z.length") == 3


def test_the_filter_fades_the_other_lines_and_cuts_the_table(page):
    page.js("const e = document.getElementById('find'); e.value = 'hold=5 rally<0.02'; e.dispatchEvent(new Event('input'))")
    page.until("document.getElementById('trial-count').textContent.startsWith('6 of 60')")
    holds = "return [...document.querySelectorAll('#trial-table tbody tr')].map(r => r.cells[2].textContent)"
    assert set(page.js(holds)) == {"5"}
    page.until("document.getElementById('lines-chart').data[0].x.length > document.getElementById('lines-chart').data[1].x.length")


def test_one_parameter_at_a_time(page):
    page.js("const e = document.getElementById('parameter'); e.value = 'gate'; e.dispatchEvent(new Event('change'))")
    page.until("document.getElementById('curve-chart').layout.xaxis.title.text === 'gate'")
    assert page.js("return document.getElementById('curve-chart').data[2].x") == ["<b>credit</b>".replace("<", "&lt;"), "none", "vix"]
    assert page.complaints() == []
