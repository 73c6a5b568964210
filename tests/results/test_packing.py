"""What the browser page has of a run: small, and all of it."""

import numpy as np
from tests.results.records import make_record

from flowbt.ground.documents import sealed
from flowbt.results import shelf
from flowbt.results.packing import LETTERS, line, packed, parted
from flowbt.results.pages import site
from flowbt.results.summary import summary_of

MOST = 290  # bytes a run: 5,000 are 1.45 MB


def test_what_repeats_is_said_once_and_kinds_are_kept_apart():
    columns = packed([{"a": value, "b": number} for number, value in enumerate([1, True, 1.0, "1", None, None, 1, True, "1", 1.0])])
    assert columns["a"] == {"of": [1, True, 1.0, "1", None], "at": [0, 1, 2, 3, 4, 4, 0, 1, 3, 2]}
    assert [type(value) for value in columns["a"]["of"]] == [int, bool, float, str, type(None)]
    assert columns["b"] == list(range(10))
    assert packed([]) == {}


def test_a_line_is_within_a_4095th_of_its_range():
    values = np.cumprod(1 + np.random.default_rng(1).normal(0, 0.02, 48)).tolist()
    low, high, points = line([*values, None])
    back = [low + (high - low) * (64 * LETTERS.index(a) + LETTERS.index(b)) / 4095 for a, b in zip(points[:96:2], points[1:96:2], strict=True)]
    assert np.abs(np.array(back) - values).max() <= (high - low) / 8190 * 1.000001
    assert points[96:] == ".."
    assert line([2.0, 2.0]) == [2.0, 2.0, "AAAA"]
    assert line([None]) == []


def test_a_sentence_is_its_words_and_its_numbers():
    text = "Cannot tell: 31 trades of 1,240 rotations (p 0.35), -2.5% out of sample."
    words, figures = parted(text)
    assert figures.split() == ["31", "1,240", "0.35", "2.5"]
    assert "".join(a + b for a, b in zip(words, [*figures.split(), ""], strict=True)) == text
    assert parted("") == ([""], "")


def test_a_run_takes_few_bytes_of_the_browser_page(tmp_path):
    rng, summary, sizes = np.random.default_rng(2), summary_of(make_record("alpha", sessions=120)), []
    for number in range(60):
        name, spark = f"{number:012x}", np.cumprod(1 + rng.normal(0, 0.02, 48)).round(4).tolist()
        measures = {name: rng.normal() for name in summary["measures"]}
        (tmp_path / "alpha" / name).mkdir(parents=True)
        own = {**summary, "id": name, "created": f"2026-01-02T10:00:{number:02d}Z", "parameters": {"rally": number / 1000, "hold": number}}
        (tmp_path / "alpha" / name / shelf.SUMMARY).write_text(sealed({**own, "spark": spark, "measures": measures}))
        sizes.append(len(site.index_page(tmp_path).encode()) if number in (9, 59) else 0)
    assert 0 < sizes[59] - sizes[9] < 50 * MOST
