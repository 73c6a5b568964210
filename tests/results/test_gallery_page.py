"""The page of many strategies: order kept, tones honest, gaps shown, text escaped."""

from flowbt.results.pages import gallery, site


def entry(name, sharpe=0.5, adjusted=0.2, **changes):
    measures = (
        {} if sharpe is None else {"sharpe": sharpe, "sharpe_low": sharpe - 0.5, "sharpe_high": sharpe + 0.5, "cagr": 0.01, "max_drawdown": -0.1, "trades": 12}
    )
    filled = {"strategy": name, "thesis": "a thesis", "source": "", "file": "", "folder": "", "start": "2012-01-03", "end": "2025-12-31", "measures": measures}
    return {
        **filled,
        "placebo": 0.0,
        "placebo_low": -0.4,
        "placebo_high": 0.4,
        "adjusted": adjusted,
        "stand_ins": [],
        "error": "",
        "finding": "words",
        **changes,
    }


def made(*entries, synthetic=True):
    return {"entries": list(entries), "synthetic": synthetic, "placebos": 99, "seed": 7, "created": "2026-02-03T04:05:06Z", "command": "flowbt run strategies/"}


def test_tones_follow_the_corrected_p_and_the_market_without_effects():
    rows = gallery.context(
        made(entry("a", adjusted=0.01), entry("b"), entry("c", adjusted=0.01, null_adjusted=0.02), entry("d", sharpe=None, error="no data"))
    )["rows"]
    assert [row["tone"] for row in rows] == ["doubt", "doubt", "bad", "none"]
    assert [row["beats"] for row in rows] == [True, False, False, False]


def test_a_strategy_without_a_run_keeps_its_row_and_its_reason(tmp_path):
    text = gallery.write(tmp_path, made(entry("a"), entry("b", sharpe=None, error="field vpin: no dataset holds it"))).read_text()
    assert "field vpin: no dataset holds it" in text
    assert gallery.context(made(entry("b", sharpe=float("nan"))))["data"]["sharpe"] == [None]


def test_the_page_is_listed_and_escaped(tmp_path):
    path = gallery.write(tmp_path, made(entry("<script>x</script>", adjusted=0.01, folder="a/0123456789ab")))
    assert "<script>x" not in path.read_text()
    assert 'href="../../a/0123456789ab/tearsheet.html"' in path.read_text()
    (notice,) = site.notices(tmp_path)
    assert notice["words"] == "1 of 1 beat their placebos"


def test_the_real_gallery_has_what_the_page_reads():
    from flowbt.studies.gallery.gallery import Gallery, GalleryRow

    real = Gallery((GalleryRow("a", measures={"sharpe": 0.4, "trades": 3}, adjusted=0.03),), True, 99, 7, "2026-02-03T04:05:06Z", "")
    assert gallery.context(real.to_dict())["beating"] == ["a"]
