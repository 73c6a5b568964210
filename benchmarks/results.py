"""The results room's promises: listing 1,000 stored runs (or as many as are given), and the size, build and drawing of pages. Prints seconds and sizes.

The listing is measured as a whole process, beside the same process that reads every run.json instead of the small summaries.
Run: python benchmarks/results.py [runs]
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.results.records import make_record

from flowbt.ground.documents import dumps, sealed
from flowbt.results import shelf, store
from flowbt.results.belief import renew
from flowbt.results.pages import site, tearsheet
from flowbt.results.record import content_key

RUNS, BARS = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000, 3_850
FLOWBT = str(Path(sys.executable).with_name("flowbt"))
WHOLE = "import json, pathlib, sys; [json.loads(p.read_bytes()) for p in pathlib.Path(sys.argv[1]).glob('*/*/run.json')]"


def best(words: list[str], times: int = 7) -> float:
    taken = []
    for _ in range(times):
        start = time.perf_counter()
        subprocess.run(words, check=True, capture_output=True)
        taken.append(time.perf_counter() - start)
    return min(taken)


def fill(root: Path) -> None:
    """The small files of runs as they lie in a folder, no two of them alike: figures, lines, parameters, instants and what they may be believed."""
    record = make_record("first", sessions=BARS)
    rng = np.random.default_rng(1)
    for number in range(RUNS):
        p, sharpe, factor = rng.random(), rng.normal(), 1 + rng.normal() / 10
        evidence = {"probed": True, "rotations": 200, "rotation_p": p, "rotation_sharpe": sharpe / 2, "held_p": p / 2}
        manifest = {
            **record.manifest,
            "strategy": f"strategy_{number % 20}",
            "parameters": {"rally": number / 1000, "hold": number},
            "synthetic": number % 3 == 0,
        }
        made = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=97 * number)
        manifest |= {"evidence": evidence, "stand_ins": [], "synthetic": number % 3 == 0, "created": f"{made:%Y-%m-%dT%H:%M:%SZ}"}
        manifest["id"] = content_key(manifest)
        place = root / manifest["strategy"] / manifest["id"]
        place.mkdir(parents=True)
        summary = store.summary_of(replace(record, manifest=manifest))
        figures = {name: value * factor if isinstance(value, float) else value for name, value in summary["measures"].items()}
        line = np.cumprod(1 + rng.normal(0, 0.02, len(summary["spark"]))).round(4).tolist()
        (place / "run.json").write_text(dumps({**manifest, "measures": record.metrics}, indent=1))
        (place / shelf.SUMMARY).write_text(sealed({**summary, "measures": {**figures, "sharpe": sharpe}, "spark": line}))
    for number in range(20):
        renew(root, f"strategy_{number}")


def paint(pages: dict[str, Path]) -> None:
    """First paint and the time until all is drawn, in headless Chromium, from disk; a warm browser, best of five."""
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service
    from tests.results.pages.conftest import FLAGS, browser_paths

    chromium, driver = browser_paths()
    if not chromium or not driver:
        print("first paint: not measured, no Chromium with its driver here")
        return
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        options = webdriver.ChromeOptions()
        options.binary_location = chromium
        for flag in [f"--{flag.removeprefix('--')}" for flag in FLAGS.split(" --")] + [f"--user-data-dir={profile}"]:
            options.add_argument(flag)
        browser = webdriver.Chrome(options=options, service=Service(driver))
        for name, path in pages.items():
            taken = []
            for _ in range(5):
                browser.get(path.resolve().as_uri())
                while not browser.execute_script("return document.body.dataset.drawn"):
                    time.sleep(0.01)
                first = browser.execute_script("return performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? NaN")
                taken.append((first / 1e3, browser.execute_script("return performance.now()") / 1e3))
            first, drawn = (min(values) for values in zip(*taken, strict=True))
            print(f"{name}: first paint {first:.2f} s (promised 1), all drawn {drawn:.2f} s")
        browser.quit()


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "results"
        fill(root)
        ls = best([FLOWBT, "results", "ls", "--results", str(root)])
        whole = best([sys.executable, "-c", WHOLE, str(root)])
        print(f"flowbt results ls over {RUNS:,} runs: {ls:.3f} s (promised 0.6 of 5,000); reading every run.json: {whole:.3f} s; ratio {whole / ls:.2f}")
        start = time.perf_counter()
        path = site.write_index(root)
        print(f"browser page over {RUNS:,} runs: {time.perf_counter() - start:.3f} s, {path.stat().st_size / 1e6:.2f} MB (promised 1.5 of 5,000)")
        record = make_record("timed", sessions=BARS)
        tearsheet.render(record)
        start = time.perf_counter()
        text = tearsheet.render(record)
        print(
            f"tearsheet of {BARS:,} bars and {len(record.trades)} trades: {time.perf_counter() - start:.3f} s, {len(text.encode()) / 1e6:.2f} MB (promised 1.5)"
        )
        parts = json.loads(text.split('id="page-data">')[1].split("</script>")[0])
        sizes = sorted(((len(dumps(value)) / 1e3, name) for name, value in parts.items()), reverse=True)
        print("largest parts: " + ", ".join(f"{name} {size:.0f} kB" for size, name in sizes[:6]))
        paint({"tearsheet": store.save(root, record) / "tearsheet.html", f"browser page over {RUNS:,} runs": root / "index.html"})


if __name__ == "__main__":
    main()
