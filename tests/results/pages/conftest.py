"""A headless Chromium for the page tests, and pages made from invented runs. Skipped, with the reason, where there is none."""

import shutil
import tempfile
import time
from pathlib import Path

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.service import Service

REASON = "no Chromium with its driver here: the page tests are skipped; apt-get install chromium chromium-driver brings it"
FLAGS = (
    (
        "--headless=new --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync "
        "--disable-dev-shm-usage --hide-scrollbars --window-size=1280,900 --host-resolver-rules=MAP*~NOTFOUND,EXCLUDE127.0.0.1"
    )
    .replace("MAP*~", "MAP * ~")
    .replace(",EXCLUDE", ", EXCLUDE ")
)


def browser_paths():
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    return chromium, shutil.which("chromedriver")


def pytest_terminal_summary(terminalreporter):
    if not all(browser_paths()):
        terminalreporter.write_line(REASON)


@pytest.fixture(scope="session")
def chrome():
    chromium, driver = browser_paths()
    if not chromium or not driver:
        pytest.skip(REASON)
    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    for flag in FLAGS.split(" --"):
        options.add_argument(flag if flag.startswith("--") else f"--{flag}")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        options.add_argument(f"--user-data-dir={profile}")
        made = webdriver.Chrome(options=options, service=Service(driver))
        yield Page(made)
        made.quit()


class Page:
    """The open page: waits for its charts, and tells what it asked for and complained about."""

    def __init__(self, driver):
        self.driver = driver

    def open(self, where, *, dark=False, width=1280):
        theme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [theme]})
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600})
        self.driver.get_log("performance")
        self.driver.get_log("browser")
        self.driver.get(where.resolve().as_uri() if isinstance(where, Path) else where)
        self.until("document.body?.dataset.drawn === 'true'")
        return self

    def until(self, condition, seconds=120):  # as long as a busy machine may take: a page that is ready is seen at once
        limit = time.monotonic() + seconds
        while not self.js(f"return {condition}"):
            assert time.monotonic() < limit, f"never true: {condition}; {self.complaints()}"
            time.sleep(0.05)

    def js(self, code, *values):
        return self.driver.execute_script(code, *values)

    def complaints(self):
        return [entry["message"] for entry in self.driver.get_log("browser") if entry["level"] in ("SEVERE", "WARNING")]

    def requests(self):
        """Addresses the page asked for since it was opened."""
        import json

        events = [json.loads(entry["message"])["message"] for entry in self.driver.get_log("performance")]
        asked = [event["params"]["request"]["url"] for event in events if event["method"] == "Network.requestWillBeSent"]
        return [address for address in asked if not address.startswith("chrome://")]  # the browser's own first page
